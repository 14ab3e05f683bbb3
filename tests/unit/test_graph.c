/* Descriptions of networks: shapes, and the first fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "nn/graph.h"

static void shape(const fc_graph *g, int x, int c, int h, int w)
{
    const fc_node *n;
    assert_true(x >= 0 && x < fc_graph_count(g));
    n = fc_graph_node(g, x);
    if (n->c != c || n->h != h || n->w != w)
        fail_msg("node %d is %dx%dx%d, want %dx%dx%d", x, n->c, n->h, n->w, c, h, w);
}

static void shapes(void **state)
{
    (void)state;
    fc_graph *g = fc_graph_new();
    int x = fc_graph_input(g, 3, 13, 10), y;

    shape(g, x, 3, 13, 10);
    y = fc_graph_conv(g, x, "w", NULL, (fc_conv){.out = 8});
    shape(g, y, 8, 13, 10);
    shape(g, fc_graph_conv(g, y, "w", "b", (fc_conv){.out = 4, .kh = 3, .kw = 3}), 4, 11, 8);
    shape(g, fc_graph_conv(g, y, "w", "b", (fc_conv){.out = 4, .kh = 3, .kw = 3, .stride = 2, .pad_end = 1}),
          4, 6, 5);
    shape(g, fc_graph_conv(g, y, "w", "b", (fc_conv){.out = 4, .kh = 1, .kw = 7, .pad_w = 3, .groups = 4}), 4,
          13, 10);
    shape(g, fc_graph_conv(g, y, "w", "b", (fc_conv){.out = 4, .kh = 13, .kw = 10}), 4, 1, 1);
    shape(g, fc_graph_maxpool(g, y, 2, 2, false), 8, 6, 5);
    shape(g, fc_graph_maxpool(g, y, 2, 2, true), 8, 7, 5);
    shape(g, fc_graph_maxpool(g, y, 3, 2, true), 8, 6, 5);
    shape(g, fc_graph_maxpool(g, y, 2, 3, true), 8, 5, 4);
    shape(g, fc_graph_maxpool(g, y, 1, 3, true), 8, 5, 4);
    shape(g, fc_graph_maxpool(g, y, 1, 5, true), 8, 3, 2); /* a third window of 10 would begin outside */
    shape(g, fc_graph_avgpool(g, y), 8, 1, 1);
    shape(g, fc_graph_meanpool(g, y, 2, 2), 8, 6, 5);
    shape(g, fc_graph_pad(g, y, 9, 15, 10), 9, 15, 10);
    shape(g, fc_graph_affine(g, y, "affine"), 8, 13, 10);
    shape(g, fc_graph_linear(g, y, 5, "w", "b", FC_FLATTEN_WHC), 5, 1, 1);
    shape(g, fc_graph_concat(g, 3, (int[]){x, y, y}), 19, 13, 10);
    shape(g, fc_graph_add(g, y, fc_graph_relu(g, y), 0.5f), 8, 13, 10);
    shape(g, fc_graph_softmax(g, fc_graph_prelu(g, fc_graph_batchnorm(g, y, "bn", 1e-3f), "p")), 8, 13, 10);
    shape(g, fc_graph_l2norm(g, y), 8, 13, 10);
    fc_graph_output(g, y);
    fc_graph_output(g, x);
    assert_int_equal(fc_graph_check(g, NULL), FC_OK);
    assert_int_equal(fc_graph_outputs(g), 2);
    assert_int_equal(fc_graph_output_at(g, 0), y);
    assert_int_equal(fc_graph_output_at(g, 1), x);
    fc_graph_free(g);
    fc_graph_free(NULL);
}

static void any_size(void **state)
{
    (void)state;
    fc_graph *g = fc_graph_new();
    int x = fc_graph_input(g, 3, 0, 0);
    x = fc_graph_conv(g, x, "w", NULL, (fc_conv){.out = 8, .kh = 3, .kw = 3});
    shape(g, x, 8, 0, 0);
    x = fc_graph_maxpool(g, x, 3, 2, true);
    shape(g, x, 8, 0, 0);
    shape(g, fc_graph_avgpool(g, x), 8, 1, 1);
    fc_graph_output(g, x);
    assert_int_equal(fc_graph_check(g, NULL), FC_OK);
    assert_int_equal(fc_graph_linear(g, x, 5, "w", NULL, FC_FLATTEN_CHW), -1);
    assert_int_equal(fc_graph_check(g, NULL), FC_EMODEL);
    fc_graph_free(g);
}

typedef int build(fc_graph *g, int x); /* x: 6x8x8 */

static const char *const long_name =
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678"
    "9012345678901234567";

static int no_value(fc_graph *g, int x)
{
    return fc_graph_relu(g, x + 1);
}
static int second_input(fc_graph *g, int x)
{
    (void)x;
    return fc_graph_input(g, 3, 8, 8);
}
static int kernel_too_large(fc_graph *g, int x)
{
    return fc_graph_conv(g, x, "w", NULL, (fc_conv){.out = 4, .kh = 9, .kw = 1});
}
static int negative_kernel(fc_graph *g, int x)
{
    return fc_graph_conv(g, x, "w", NULL, (fc_conv){.out = 4, .kh = -3, .kw = 3});
}
static int negative_stride(fc_graph *g, int x)
{
    return fc_graph_conv(g, x, "w", NULL, (fc_conv){.out = 4, .stride = -1});
}
static int too_much_padding(fc_graph *g, int x)
{
    return fc_graph_conv(g, x, "w", NULL, (fc_conv){.out = 4, .kh = 3, .kw = 3, .pad_h = 3});
}
static int negative_padding(fc_graph *g, int x)
{
    return fc_graph_conv(g, x, "w", NULL, (fc_conv){.out = 4, .kh = 3, .kw = 3, .pad_w = -1});
}
static int no_channels(fc_graph *g, int x)
{
    return fc_graph_conv(g, x, "w", NULL, (fc_conv){.out = 0});
}
static int too_many_channels(fc_graph *g, int x)
{
    return fc_graph_conv(g, x, "w", NULL, (fc_conv){.out = 1 << 30});
}
static int odd_groups(fc_graph *g, int x)
{
    return fc_graph_conv(g, x, "w", NULL, (fc_conv){.out = 4, .groups = 4});
}
static int odd_output_groups(fc_graph *g, int x)
{
    return fc_graph_conv(g, x, "w", NULL, (fc_conv){.out = 4, .groups = 3});
}
static int no_weights(fc_graph *g, int x)
{
    return fc_graph_conv(g, x, NULL, NULL, (fc_conv){.out = 4});
}
static int empty_name(fc_graph *g, int x)
{
    return fc_graph_prelu(g, x, "");
}
static int name_too_long(fc_graph *g, int x)
{
    return fc_graph_conv(g, x, "w", long_name, (fc_conv){.out = 4});
}
static int prefix_too_long(fc_graph *g, int x)
{
    return fc_graph_batchnorm(g, x, long_name + 10, 1e-3f);
}
static int negative_epsilon(fc_graph *g, int x)
{
    return fc_graph_batchnorm(g, x, "bn", -1);
}
static int pool_too_large(fc_graph *g, int x)
{
    return fc_graph_maxpool(g, x, 9, 2, true);
}
static int pool_of_nothing(fc_graph *g, int x)
{
    return fc_graph_maxpool(g, x, 0, 1, false);
}
static int uneven_sum(fc_graph *g, int x)
{
    return fc_graph_add(g, x, fc_graph_avgpool(g, x), 1);
}
static int uneven_concat(fc_graph *g, int x)
{
    return fc_graph_concat(g, 2, (int[]){x, fc_graph_avgpool(g, x)});
}
static int empty_concat(fc_graph *g, int x)
{
    return fc_graph_concat(g, 0, &x);
}
static int long_concat(fc_graph *g, int x)
{
    return fc_graph_concat(g, 5, (int[]){x, x, x, x, x});
}
static int linear_to_nothing(fc_graph *g, int x)
{
    return fc_graph_linear(g, x, 0, "w", NULL, FC_FLATTEN_CHW);
}

static void faults(void **state)
{
    (void)state;
    static build *const cases[] = {
        no_value,          second_input,     kernel_too_large,  negative_kernel,   negative_stride,
        too_much_padding,  negative_padding, no_channels,       too_many_channels, odd_groups,
        odd_output_groups, no_weights,       empty_name,        name_too_long,     prefix_too_long,
        negative_epsilon,  pool_too_large,   pool_of_nothing,   uneven_sum,        uneven_concat,
        empty_concat,      long_concat,      linear_to_nothing,
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fc_graph *g = fc_graph_new();
        fc_error err = {0}, later = {0};
        int x = fc_graph_input(g, 6, 8, 8);
        if (cases[i](g, x) != -1)
            fail_msg("case %zu is let in", i);
        fc_graph_output(g, x);
        assert_int_equal(fc_graph_check(g, &err), FC_EMODEL);
        assert_non_null(strstr(err.message, "graph node"));
        /* what follows says nothing new */
        assert_int_equal(fc_graph_relu(g, -1), -1);
        fc_graph_output(g, -1);
        fc_graph_maxpool(g, x, -1, 0, false);
        assert_int_equal(fc_graph_check(g, &later), FC_EMODEL);
        assert_string_equal(err.message, later.message);
        fc_graph_free(g);
    }
}

static void bad_inputs(void **state)
{
    (void)state;
    static const int size[][3] = {{0, 8, 8}, {3, -1, 8}, {3, 8, 0}, {3, 70000, 8}, {65536, 65536, 65536}};
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        fc_graph *g = fc_graph_new();
        assert_int_equal(fc_graph_input(g, size[i][0], size[i][1], size[i][2]), -1);
        assert_int_equal(fc_graph_check(g, NULL), FC_EMODEL);
        fc_graph_free(g);
    }
    fc_graph *g = fc_graph_new();
    fc_error err;
    fc_graph_input(g, 3, 8, 8);
    assert_int_equal(fc_graph_check(g, &err), FC_EMODEL);
    assert_non_null(strstr(err.message, "output"));
    fc_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes),
        cmocka_unit_test(any_size),
        cmocka_unit_test(faults),
        cmocka_unit_test(bad_inputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
