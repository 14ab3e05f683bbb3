/*
 * The engine against the plain definition of each layer: layers one by one, and random graphs, where the engine folds,
 * works in place and shares memory in many ways.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <malloc.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "made_up.h"
#include "nets/nets.h"
#include "base/cpu.h"
#include "engines/engine.h"
#include "engines/engine_names.h"
#include "nn/rowwise.h"

/* ---- allocations, watched --------------------------------------------------------------------------- */

/* oneDNN keeps the arguments of a call in a small table on the heap; anything larger would be a map. */
#define LARGE 1024

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define WATCHES_ALLOCATIONS 1
#define EXPORT              __attribute__((visibility("default")))
static _Thread_local long large;

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);

static void note(size_t n)
{
    large += n >= LARGE;
}
EXPORT void *malloc(size_t n)
{
    note(n);
    return __libc_malloc(n);
}
EXPORT void *calloc(size_t n, size_t size)
{
    note(n * size);
    return __libc_calloc(n, size);
}
EXPORT void *realloc(void *p, size_t n)
{
    note(n);
    return __libc_realloc(p, n);
}
EXPORT void *memalign(size_t align, size_t n)
{
    note(n);
    return __libc_memalign(align, n);
}
EXPORT void *aligned_alloc(size_t align, size_t n)
{
    return memalign(align, n);
}
EXPORT int posix_memalign(void **p, size_t align, size_t n)
{
    *p = memalign(align, n);
    return *p ? 0 : 12;
}
#endif

/* ---- the definition --------------------------------------------------------------------------------- */

typedef struct reference {
    const fc_graph *g;
    const fc_weights *w;
    double **value; /* [nodes] -> [c][h][w] */
} reference;

static size_t elements(const fc_node *n)
{
    return (size_t)n->c * (size_t)n->h * (size_t)n->w;
}

static const float *tensor(const reference *r, const char *name, const char *suffix)
{
    char full[128];
    snprintf(full, sizeof full, "%s%s", name, suffix);
    const fc_tensor *t = fc_weights_find(r->w, full);
    assert_non_null(t);
    return t->data;
}

static double at(const double *v, const fc_node *n, int c, int y, int x)
{
    return y < 0 || x < 0 || y >= n->h || x >= n->w
               ? 0
               : v[((size_t)c * (size_t)n->h + (size_t)y) * (size_t)n->w + (size_t)x];
}

static double conv_at(const fc_node *n, const fc_node *in, const double *v, const float *w, int o, int oy,
                      int ox)
{
    int each = in->c / n->groups, first = o / (n->c / n->groups) * each;
    double sum = 0;
    for (int i = 0; i < each; i++)
        for (int ky = 0; ky < n->kh; ky++)
            for (int kx = 0; kx < n->kw; kx++)
                sum += at(v, in, first + i, oy * n->sh - n->pt + ky, ox * n->sw - n->pl + kx) *
                       w[((o * each + i) * n->kh + ky) * n->kw + kx];
    return sum;
}

static double pool_at(const fc_node *n, const fc_node *in, const double *v, int c, int oy, int ox)
{
    double most = -INFINITY;
    for (int y = oy * n->sh; y < oy * n->sh + n->kh && y < in->h; y++)
        for (int x = ox * n->sw; x < ox * n->sw + n->kw && x < in->w; x++)
            most = fmax(most, at(v, in, c, y, x));
    return most;
}

static double mean_at(const fc_node *n, const fc_node *in, const double *v, int c, int oy, int ox)
{
    double sum = 0;
    for (int y = 0; y < n->kh; y++)
        for (int x = 0; x < n->kw; x++)
            sum += at(v, in, c, oy * n->sh + y, ox * n->sw + x);
    return sum / (n->kh * n->kw);
}

static void linear(const reference *r, const fc_node *n, double *out)
{
    const fc_node *in = fc_graph_node(r->g, n->in[0]);
    const double *v = r->value[n->in[0]];
    const float *w = tensor(r, n->weight, "");
    for (int o = 0; o < n->c; o++) {
        out[o] = *n->bias ? tensor(r, n->bias, "")[o] : 0;
        if (n->flatten == FC_FLATTEN_CHW)
            for (size_t i = 0; i < elements(in); i++)
                out[o] += v[i] * *w++;
        else
            for (int x = 0; x < in->w; x++)
                for (int y = 0; y < in->h; y++)
                    for (int c = 0; c < in->c; c++)
                        out[o] += at(v, in, c, y, x) * *w++;
    }
}

static void concat(const reference *r, const fc_node *n, double *out)
{
    for (int j = 0; j < n->nin; j++) {
        size_t count = elements(fc_graph_node(r->g, n->in[j]));
        memcpy(out, r->value[n->in[j]], count * sizeof *out);
        out += count;
    }
}

static void softmax(const fc_node *n, const double *v, double *out)
{
    size_t pixels = (size_t)n->h * (size_t)n->w;
    for (size_t i = 0; i < pixels; i++) {
        double sum = 0;
        for (int c = 0; c < n->c; c++)
            sum += exp(v[(size_t)c * pixels + i]);
        for (int c = 0; c < n->c; c++)
            out[(size_t)c * pixels + i] = exp(v[(size_t)c * pixels + i]) / sum;
    }
}

static void evaluate(const reference *r, int i)
{
    const fc_node *n = fc_graph_node(r->g, i), *in = n->nin ? fc_graph_node(r->g, n->in[0]) : NULL;
    const double *v = n->nin ? r->value[n->in[0]] : NULL, *v1 = n->nin > 1 ? r->value[n->in[1]] : NULL;
    double *out = r->value[i], sum = 0;
    const size_t count = elements(n), pixels = (size_t)n->h * (size_t)n->w;

    switch (n->op) {
    case FC_OP_INPUT:
        return;
    case FC_OP_LINEAR:
        linear(r, n, out);
        return;
    case FC_OP_CONCAT:
        concat(r, n, out);
        return;
    case FC_OP_SOFTMAX:
        softmax(n, v, out);
        return;
    case FC_OP_AVGPOOL:
        if (n->kh)
            break;
        for (int c = 0; c < n->c; c++) {
            out[c] = 0;
            for (size_t k = 0; k < (size_t)in->h * (size_t)in->w; k++)
                out[c] += v[(size_t)c * (size_t)in->h * (size_t)in->w + k] / ((double)in->h * in->w);
        }
        return;
    case FC_OP_L2NORM:
        for (size_t k = 0; k < count; k++)
            sum += v[k] * v[k];
        for (size_t k = 0; k < count; k++)
            out[k] = v[k] / sqrt(sum);
        return;
    default:
        break;
    }
    for (size_t k = 0; k < count; k++) {
        int c = (int)(k / pixels), y = (int)(k % pixels) / n->w, x = (int)(k % pixels) % n->w;
        if (n->op == FC_OP_CONV)
            out[k] = conv_at(n, in, v, tensor(r, n->weight, ""), c, y, x) +
                     (*n->bias ? tensor(r, n->bias, "")[c] : 0);
        else if (n->op == FC_OP_PRELU)
            out[k] = v[k] < 0 ? v[k] * tensor(r, n->weight, "")[c] : v[k];
        else if (n->op == FC_OP_RELU)
            out[k] = v[k] < 0 ? 0 : v[k];
        else if (n->op == FC_OP_MAXPOOL)
            out[k] = pool_at(n, in, v, c, y, x);
        else if (n->op == FC_OP_AVGPOOL)
            out[k] = mean_at(n, in, v, c, y, x);
        else if (n->op == FC_OP_PAD)
            out[k] = c < in->c ? at(v, in, c, y, x) : 0;
        else if (n->op == FC_OP_BATCHNORM && n->bare)
            out[k] = v[k] * tensor(r, n->weight, ".weight")[c] + tensor(r, n->weight, ".bias")[c];
        else if (n->op == FC_OP_ADD)
            out[k] = v[k] + n->alpha * v1[k];
        else
            out[k] = (v[k] - tensor(r, n->weight, ".running_mean")[c]) /
                         sqrt(tensor(r, n->weight, ".running_var")[c] + (double)n->alpha) *
                         tensor(r, n->weight, ".weight")[c] +
                     tensor(r, n->weight, ".bias")[c];
    }
}

static void reference_new(reference *r, const fc_graph *g, const fc_weights *w, const float *input)
{
    int n = fc_graph_count(g);
    *r = (reference){g, w, calloc((size_t)n, sizeof *r->value)};
    assert_non_null(r->value);
    for (int i = 0; i < n; i++) {
        r->value[i] = calloc(elements(fc_graph_node(g, i)), sizeof **r->value);
        assert_non_null(r->value[i]);
        if (i == 0)
            for (size_t k = 0; k < elements(fc_graph_node(g, 0)); k++)
                r->value[0][k] = input[k];
        evaluate(r, i);
    }
}

static void reference_free(reference *r)
{
    for (int i = 0; i < fc_graph_count(r->g); i++)
        free(r->value[i]);
    free(r->value);
}

/* ---- comparing -------------------------------------------------------------------------------------- */

static uint64_t seed = 1;

/* xorshift64* (Vigna 2016), 0 <= x < n */
static int below(int n)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (int)((seed * 2685821657736338717u) >> 33) % n;
}

static void fill(float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        v[i] = (float)below(2001) / 1000 - 1;
}

/* What each kind of difference may be, as a part of the length of the output. */
static double allowed(fc_precision p)
{
    return p == FC_PRECISION_FP32 ? 2e-5 : 0.04;
}

static void compare_output(const fc_graph *g, const reference *r, const fc_session *s, int i, fc_precision p)
{
    const int node = fc_graph_output_at(g, i);
    const size_t n = elements(fc_graph_node(g, node));
    const double *want = r->value[node];
    const float *got = fc_session_output(s, i);
    double length = 0, off = 0;

    for (size_t k = 0; k < n; k++) {
        length += want[k] * want[k];
        off += (got[k] - want[k]) * (got[k] - want[k]);
    }
    if (sqrt(off) <= allowed(p) * sqrt(length) + 1e-6)
        return;
    for (int k = 0; k < fc_graph_count(g); k++) {
        const fc_node *x = fc_graph_node(g, k);
        print_message(
            "%d: op %d of %d %d, %dx%dx%d, kernel %dx%d/%d, padding %d %d %d %d, groups %d, alpha %g\n", k,
            x->op, x->in[0], x->in[1], x->c, x->h, x->w, x->kh, x->kw, x->sh, x->pt, x->pl, x->pb, x->pr,
            x->groups, (double)x->alpha);
    }
    fail_msg("output %d (node %d) is off by %g of %g", i, node, sqrt(off), sqrt(length));
}

/* The outputs of a run, one behind the other: of input number. Returns how many floats that are. */
static size_t take_outputs(float *to, const fc_graph *g, const fc_session *s, int number)
{
    size_t n = 0;

    for (int i = 0; i < fc_graph_outputs(g); i++) {
        const size_t each = elements(fc_graph_node(g, fc_graph_output_at(g, i)));
        if (to)
            memcpy(to + n, fc_session_output_of(s, number, i), each * sizeof *to);
        n += each;
    }
    return n;
}

/* Several inputs at a time, any number of them, each at any place, have the bits that each has alone. */
static void same_in_batches(const fc_graph *g, const fc_net *net, fc_session *one)
{
    const int batch = fc_net_batch(net), counts[] = {batch, 1, 2, batch - 1, 3 < batch ? 3 : batch};
    const size_t in = elements(fc_graph_node(g, 0)), out = take_outputs(NULL, g, one, 0);
    float *inputs = malloc((size_t)batch * in * sizeof *inputs);
    float *alone = malloc((size_t)batch * out * sizeof *alone), *got = malloc(out * sizeof *got);
    fc_session *s;

    if (batch == 1)
        goto out;
    assert_true(inputs && alone && got);
    assert_int_equal(fc_session_new_batch(&s, net, NULL), FC_OK);
    for (int i = 0; i < batch; i++) {
        fill(inputs + (size_t)i * in, in);
        memcpy(fc_session_input(one), inputs + (size_t)i * in, in * sizeof *inputs);
        assert_int_equal(fc_session_run(one, NULL), FC_OK);
        take_outputs(alone + (size_t)i * out, g, one, 0);
    }
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        for (int i = 0; i < counts[k]; i++)
            memcpy(fc_session_input_of(s, i), inputs + ((size_t)i + k) % (size_t)batch * in,
                   in * sizeof *inputs);
        assert_int_equal(fc_session_run_batch(s, counts[k], NULL), FC_OK);
        for (int i = 0; i < counts[k]; i++) {
            take_outputs(got, g, s, i);
            assert_memory_equal(got, alone + ((size_t)i + k) % (size_t)batch * out, out * sizeof *got);
        }
    }
    fc_session_free(s);
out:
    free(inputs);
    free(alone);
    free(got);
}

static void compare(const fc_graph *g, const fc_weights *w, fc_precision p)
{
    fc_error err = {0};
    fc_session *s = NULL;
    fc_net *net = NULL;
    reference r;

    if (fc_net_compile(&net, g, w, &(fc_engine_options){.engine = getenv("FC_ENGINE"), .precision = p},
                       &err) ||
        fc_session_new(&s, net, &err))
        fail_msg("%s", err.message);
    assert_int_equal(fc_net_precision(net), p);
    assert_int_equal((uintptr_t)fc_session_input(s) % 64, 0);
    for (int round = 0; round < 2; round++) { /* the second with what the first left behind */
        fill(fc_session_input(s), elements(fc_graph_node(g, 0)));
        reference_new(&r, g, w, fc_session_input(s));
        if (fc_session_run(s, &err))
            fail_msg("%s", err.message);
        for (int i = 0; i < fc_graph_outputs(g); i++)
            compare_output(g, &r, s, i, p);
        reference_free(&r);
    }
    same_in_batches(g, net, s);
    fc_session_free(s);
    fc_net_free(net);
}

/* Slopes below and above zero. */
static void vary_slopes(fc_weights *w)
{
    for (size_t i = 0; i < fc_weights_count(w); i++) {
        const fc_tensor *t = fc_weights_at(w, i);
        if (strncmp(t->name, "mixed", 5) == 0)
            for (size_t k = 0; k < t->count; k++)
                ((float *)t->data)[k] = (float)below(2001) / 1000 - 1;
    }
}

static void check(fc_graph *g)
{
    fc_error err = {0};
    fc_weights *w = NULL;

    if (fc_graph_check(g, &err) || made_up_weights(&w, g, &err))
        fail_msg("%s", err.message);
    vary_slopes(w);
    compare(g, w, FC_PRECISION_FP32);
    if (fc_cpu_has_bf16())
        compare(g, w, FC_PRECISION_BF16);
    fc_weights_free(w);
    fc_graph_free(g);
}

/* ---- layers ----------------------------------------------------------------------------------------- */

typedef int layer(fc_graph *g, int x);

static void check_layer(int c, int h, int w, layer *f)
{
    fc_graph *g = fc_graph_new();
    fc_graph_output(g, f(g, fc_graph_input(g, c, h, w)));
    check(g);
}

static void check_conv(int c, int h, int w, fc_conv p)
{
    fc_graph *g = fc_graph_new();
    fc_graph_output(g, fc_graph_conv(g, fc_graph_input(g, c, h, w), "c.w", below(2) ? "c.bias" : NULL, p));
    check(g);
}

static void convolutions(void **state)
{
    (void)state;
    check_conv(3, 11, 13, (fc_conv){.out = 28, .kh = 3, .kw = 3});
    check_conv(3, 12, 12, (fc_conv){.out = 16, .kh = 3, .kw = 3, .stride = 2, .pad_end = 1});
    check_conv(16, 9, 7, (fc_conv){.out = 32});
    check_conv(28, 11, 11, (fc_conv){.out = 48, .kh = 3, .kw = 3});
    check_conv(5, 6, 9, (fc_conv){.out = 7, .kh = 2, .kw = 3, .pad_h = 1, .pad_w = 2});
    check_conv(48, 4, 4, (fc_conv){.out = 64, .kh = 2, .kw = 2});
    check_conv(32, 8, 8, (fc_conv){.out = 16, .kh = 1, .kw = 7, .pad_w = 3});
    check_conv(32, 8, 8, (fc_conv){.out = 16, .kh = 7, .kw = 1, .pad_h = 3});
    check_conv(64, 17, 17, (fc_conv){.out = 80, .stride = 2});
    check_conv(8, 10, 10, (fc_conv){.out = 12, .kh = 3, .kw = 3, .pad_h = 1, .pad_w = 1, .groups = 2});
    check_conv(32, 7, 5, (fc_conv){.out = 64, .kh = 3, .kw = 3, .pad_h = 1, .pad_w = 1, .groups = 2});
    check_conv(16, 1, 1, (fc_conv){.out = 16, .kh = 3, .kw = 3, .pad_h = 1, .pad_w = 1});
    check_conv(1, 5, 5, (fc_conv){.out = 1, .kh = 3, .kw = 3, .stride = 3});
    check_conv(20, 6, 5, (fc_conv){.out = 33, .kh = 6, .kw = 5}); /* as large as its input */
    check_conv(17, 1, 1, (fc_conv){.out = 6});
}

static int few_pixels(fc_graph *g, int x) /* all that a kernel for small maps does, one after another */
{
    int y;

    x = fc_graph_conv(g, x, "a.w", "a.bias", (fc_conv){.out = 64});
    y = fc_graph_relu(g, fc_graph_conv(g, x, "b.w", "b.bias", (fc_conv){.out = 32, .kw = 3, .pad_w = 1}));
    y = fc_graph_relu(g, fc_graph_conv(g, y, "c.w", NULL, (fc_conv){.out = 96, .kh = 7, .pad_h = 3}));
    y = fc_graph_conv(g, y, "d.w", "d.bias", (fc_conv){.out = 64});
    x = fc_graph_relu(g, fc_graph_add(g, x, y, 0.17f));
    y = fc_graph_conv(g, fc_graph_relu(g, fc_graph_conv(g, x, "e.w", NULL, (fc_conv){.out = 32})), "f.w",
                      NULL, (fc_conv){.out = 64});
    return fc_graph_add(g, y, x, -0.5f);
}

static int shrinking(fc_graph *g,
                     int x) /* the sum of what is left of a map on two ways, zeros where one has less */
{
    const int c = fc_graph_node(g, x)->c, h = fc_graph_node(g, x)->h / 2, w = fc_graph_node(g, x)->w / 2;
    int y = fc_graph_affine(
        g, fc_graph_conv(g, x, "a.w", "a.bias", (fc_conv){.out = c + 9, .kh = 3, .kw = 3, .stride = 2}), "b");

    y = fc_graph_pad(g, y, c + 9, h, w);
    x = fc_graph_pad(g, fc_graph_meanpool(g, x, 2, 2), c + 9, h, w);
    return fc_graph_affine(g, fc_graph_relu(g, fc_graph_add(g, y, x, 1)), "c");
}

static int means(fc_graph *g, int x)
{
    return fc_graph_meanpool(g, x, 3, 1);
}

static void shrinking_maps(void **state)
{
    (void)state;
    check_layer(32, 35, 35, shrinking);
    check_layer(7, 8, 8, shrinking);
    check_layer(64, 4, 6, shrinking);
    check_layer(5, 6, 9, means);
    check_layer(40, 3, 3, means);
}

static void small_maps(void **state)
{
    static const int sizes[][2] = {{8, 8}, {3, 3}, {4, 16}, {9, 1}};
    static const fc_conv strided = {.out = 64, .kh = 3, .kw = 3, .stride = 2};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        check_layer(18, sizes[i][0], sizes[i][1], few_pixels);
    check_conv(33, 17, 17, strided);
    check_conv(48, 8, 8, strided);
    check_conv(7, 15, 16, (fc_conv){.out = 32, .kh = 3, .kw = 3, .stride = 2, .pad_h = 1, .pad_w = 1});
}

static int tiles(fc_graph *g, int x) /* 3x3 of stride 1, which a kernel in tiles does */
{
    const fc_conv same = {.out = 40, .kh = 3, .kw = 3, .pad_h = 1, .pad_w = 1};
    int y = x = fc_graph_conv(g, x, "a.w", "a.bias", same);

    y = fc_graph_relu(g, fc_graph_conv(g, y, "b.w", NULL, same));
    y = fc_graph_conv(g, y, "c.w", "c.bias", same);
    x = fc_graph_relu(g, fc_graph_add(g, x, y, 0.25f));
    return fc_graph_conv(g, x, "d.w", "d.bias", (fc_conv){.out = 17, .kh = 3, .kw = 3});
}

static void in_tiles(void **state)
{
    static const int sizes[][2] = {{8, 8}, {9, 9}, {6, 13}, {23, 7}, {21, 22}};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        check_layer(18, sizes[i][0], sizes[i][1], tiles);
        check_layer(32, sizes[i][0], sizes[i][1], tiles);
    }
    check_conv(200, 17, 17,
               (fc_conv){.out = 70, .kh = 3, .kw = 3, .pad_h = 1, .pad_w = 1}); /* several groups */
    check_conv(16, 9, 40, (fc_conv){.out = 16, .kh = 3, .kw = 3, .pad_h = 2, .pad_w = 2});
}

static void depthwise(void **state)
{
    (void)state;
    static const int channels[] = {2, 5, 16, 24, 33, 64};
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++) {
        int c = channels[i];
        check_conv(c, 14, 14, (fc_conv){.out = c, .kh = 3, .kw = 3, .pad_h = 1, .pad_w = 1, .groups = c});
        check_conv(c, 14, 14, (fc_conv){.out = c, .kh = 3, .kw = 3, .stride = 2, .pad_end = 1, .groups = c});
        check_conv(c, 7, 7, (fc_conv){.out = c, .kh = 3, .kw = 3, .pad_h = 1, .pad_w = 1, .groups = c});
        check_conv(c, 5, 23, (fc_conv){.out = c, .kh = 3, .kw = 3, .pad_h = 1, .pad_w = 1, .groups = c});
        check_conv(c, 9, 16, (fc_conv){.out = c, .kh = 3, .kw = 3, .pad_h = 2, .pad_w = 2, .groups = c});
        check_conv(c, 9, 33,
                   (fc_conv){.out = c, .kh = 3, .kw = 3, .stride = 2, .pad_h = 1, .pad_w = 1, .groups = c});
        check_conv(c, 11, 10, (fc_conv){.out = c, .kh = 3, .kw = 3, .stride = 3, .groups = c});
        check_conv(c, 7, 7, (fc_conv){.out = c, .kh = 7, .kw = 7, .groups = c});
        check_conv(c, 6, 8, (fc_conv){.out = c, .kh = 5, .kw = 2, .pad_h = 2, .pad_w = 1, .groups = c});
        check_conv(c, 1, 1, (fc_conv){.out = c, .kh = 3, .kw = 3, .pad_h = 1, .pad_w = 1, .groups = c});
    }
    check_conv(6, 8, 8, (fc_conv){.out = 12, .kh = 3, .kw = 3, .groups = 6}); /* two outputs for each input */
}

static int dw3(fc_graph *g, int x, const char *weight)
{
    int c = fc_graph_node(g, x)->c;
    return fc_graph_conv(g, x, weight, NULL,
                         (fc_conv){.out = c, .kh = 3, .kw = 3, .pad_h = 1, .pad_w = 1, .groups = c});
}

static int prelu_dw_bn_prelu(fc_graph *g, int x)
{
    x = fc_graph_prelu(g, fc_graph_conv(g, x, "a.w", "a.bias", (fc_conv){.out = 24}), "mixed1");
    return fc_graph_prelu(g, fc_graph_batchnorm(g, dw3(g, x, "d.w"), "bn", 1e-3f), "mixed2");
}
static int relu_dw_relu(fc_graph *g, int x)
{
    return fc_graph_relu(g, dw3(g, fc_graph_relu(g, x), "d.w"));
}
static int conv_prelu_pool(fc_graph *g, int x)
{
    x = fc_graph_prelu(g, fc_graph_conv(g, x, "a.w", "a.bias", (fc_conv){.out = 28}), "mixed");
    return fc_graph_maxpool(g, x, 3, 2, true);
}
static int conv_slope_pool(fc_graph *g, int x)
{
    x = fc_graph_prelu(g, fc_graph_conv(g, x, "a.w", "a.bias", (fc_conv){.out = 28}), "p.weight");
    return fc_graph_maxpool(g, x, 2, 2, true);
}
static int pool_prelu(fc_graph *g, int x)
{
    return fc_graph_prelu(g, fc_graph_maxpool(g, x, 3, 2, false), "mixed");
}
static int prelu_pool_prelu(fc_graph *g, int x)
{
    x = fc_graph_prelu(g, fc_graph_conv(g, x, "a.w", NULL, (fc_conv){.out = 5}), "p.weight");
    return fc_graph_prelu(g, fc_graph_maxpool(g, x, 2, 1, false), "mixed");
}
static int pool_1x1(fc_graph *g, int x)
{
    return fc_graph_maxpool(g, x, 1, 3, true);
}
static int conv_prelu(fc_graph *g, int x)
{
    return fc_graph_prelu(g, fc_graph_conv(g, x, "a.w", "a.bias", (fc_conv){.out = 19}), "mixed");
}
static int conv_bn_relu(fc_graph *g, int x)
{
    x = fc_graph_conv(g, x, "a.w", NULL, (fc_conv){.out = 16, .kh = 3, .kw = 3});
    return fc_graph_relu(g, fc_graph_batchnorm(g, x, "bn", 1e-3f));
}
static int pointwise_twice(fc_graph *g, int x)
{
    x = fc_graph_conv(g, x, "a.w", "a.bias", (fc_conv){.out = 21});
    x = fc_graph_conv(g, fc_graph_batchnorm(g, x, "a.bn", 1e-3f), "b.w", "b.bias", (fc_conv){.out = 7});
    return fc_graph_relu(g, fc_graph_batchnorm(g, x, "b.bn", 1e-3f));
}
static int pointwise_chain(fc_graph *g, int x) /* a sum in the middle, and what it adds is read again */
{
    int a = fc_graph_relu(g, fc_graph_conv(g, x, "a.w", "a.bias", (fc_conv){.out = 16}));
    int b = fc_graph_conv(g, a, "b.w", NULL, (fc_conv){.out = 24}), c = b;
    c = fc_graph_conv(g, c, "c.w", "c.bias", (fc_conv){.out = 24});
    c = fc_graph_conv(g, c, "d.w", "d.bias", (fc_conv){.out = 24});
    c = fc_graph_conv(g, c, "e.w", "e.bias", (fc_conv){.out = 24});
    c = fc_graph_add(g, b, c, 0.5f);
    return fc_graph_conv(g, c, "f.w", "f.bias", (fc_conv){.out = 5});
}
static int conv_relu_bn(fc_graph *g, int x)
{
    x = fc_graph_relu(g, fc_graph_conv(g, x, "a.w", "a.bias", (fc_conv){.out = 16}));
    return fc_graph_batchnorm(g, x, "bn", 0.1f);
}
static int bn_alone(fc_graph *g, int x)
{
    return fc_graph_batchnorm(g, x, "bn", 1e-3f);
}
static int prelu_alone(fc_graph *g, int x)
{
    return fc_graph_prelu(g, x, "mixed");
}
static int input_only(fc_graph *g, int x)
{
    (void)g;
    return x;
}
static int average(fc_graph *g, int x)
{
    return fc_graph_avgpool(g, x);
}
static int average_l2(fc_graph *g, int x)
{
    return fc_graph_l2norm(g, fc_graph_avgpool(g, x));
}
static int map_l2(fc_graph *g, int x)
{
    return fc_graph_l2norm(g, x);
}
static int map_softmax(fc_graph *g, int x)
{
    return fc_graph_softmax(g, fc_graph_conv(g, x, "a.w", "a.bias", (fc_conv){.out = 2}));
}
static int softmax_of_softmax(fc_graph *g, int x)
{
    return fc_graph_softmax(g, fc_graph_softmax(g, x));
}
static int dense_chw(fc_graph *g, int x)
{
    return fc_graph_linear(g, x, 10, "l.w", "l.bias", FC_FLATTEN_CHW);
}
static int dense_whc(fc_graph *g, int x)
{
    return fc_graph_linear(g, x, 10, "l.w", NULL, FC_FLATTEN_WHC);
}
static int dense_chain(fc_graph *g, int x)
{
    x = fc_graph_linear(g, x, 33, "l.w", "l.bias", FC_FLATTEN_WHC);
    x = fc_graph_prelu(g, fc_graph_batchnorm(g, x, "bn", 1e-3f), "mixed");
    x = fc_graph_relu(g, fc_graph_linear(g, x, 18, "m.w", "m.bias", FC_FLATTEN_CHW));
    return fc_graph_softmax(g, fc_graph_linear(g, x, 3, "n.w", NULL, FC_FLATTEN_CHW));
}

static void layers(void **state)
{
    (void)state;
    static layer *const all[] = {
        prelu_dw_bn_prelu, relu_dw_relu,    conv_prelu_pool, conv_slope_pool, pool_prelu,
        prelu_pool_prelu,  pool_1x1,        conv_prelu,      conv_bn_relu,    conv_relu_bn,
        pointwise_twice,   pointwise_chain, bn_alone,        prelu_alone,     input_only,
        average,           average_l2,      map_l2,          map_softmax,     softmax_of_softmax,
        dense_chw,         dense_whc,       dense_chain,
    };
    static const int sizes[][3] = {{3, 9, 8}, {16, 14, 14}, {18, 5, 7}, {35, 3, 3}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
            check_layer(sizes[k][0], sizes[k][1], sizes[k][2], all[i]);
}

/* ---- sums and concatenations ------------------------------------------------------------------------ */

static int conv1(fc_graph *g, int x, const char *name)
{
    return fc_graph_conv(g, x, name, NULL, (fc_conv){.out = 16});
}

static int residual_second(fc_graph *g, int x)
{
    x = conv1(g, x, "a.w");
    return fc_graph_relu(g, fc_graph_add(g, x, conv1(g, conv1(g, x, "b.w"), "c.w"), 0.17f));
}
static int residual_first(fc_graph *g, int x)
{
    x = conv1(g, x, "a.w");
    return fc_graph_add(g, conv1(g, conv1(g, x, "b.w"), "c.w"), x, -0.5f);
}
static int residual_norm(fc_graph *g, int x)
{
    x = conv1(g, x, "a.w");
    return fc_graph_add(g, x, fc_graph_batchnorm(g, conv1(g, conv1(g, x, "b.w"), "c.w"), "bn", 1e-3f), 0.3f);
}
static int residual_direct(fc_graph *g, int x) /* the convolution reads what it is added to */
{
    x = conv1(g, x, "a.w");
    return fc_graph_add(g, x, conv1(g, x, "b.w"), 1);
}
static int sum_of_convs(fc_graph *g, int x)
{
    return fc_graph_relu(g, fc_graph_add(g, conv1(g, x, "a.w"), conv1(g, x, "b.w"), 2));
}
static int sum_with_itself(fc_graph *g, int x)
{
    x = conv1(g, x, "a.w");
    return fc_graph_add(g, x, x, 0.25f);
}
static int sum_read_later(fc_graph *g, int x) /* x is still wanted after the sum */
{
    int a = conv1(g, x, "a.w"), s = fc_graph_add(g, a, conv1(g, conv1(g, a, "b.w"), "c.w"), 1);
    return fc_graph_add(g, conv1(g, a, "d.w"), s, 1);
}
static int sums_crossed(fc_graph *g, int x) /* two waiting convolutions read each other's sums' maps */
{
    int a = conv1(g, x, "a.w"), b = fc_graph_relu(g, conv1(g, a, "b.w"));
    int c = conv1(g, a, "c.w"), d = conv1(g, b, "d.w");
    int e = fc_graph_add(g, b, c, 1), f = fc_graph_add(g, a, d, 1);
    return fc_graph_add(g, e, f, 1);
}
static int sum_of_vectors(fc_graph *g, int x)
{
    int a = fc_graph_avgpool(g, x), b = fc_graph_maxpool(g, x, fc_graph_node(g, x)->h, 1, false);
    return fc_graph_add(g, a, fc_graph_avgpool(g, b), 0.5f);
}
static int concat_mixed(fc_graph *g, int x)
{
    int a = fc_graph_relu(g, conv1(g, x, "a.w")),
        p = fc_graph_maxpool(g, fc_graph_prelu(g, a, "mixed"), 1, 1, false);
    return conv1(g, fc_graph_concat(g, 4, (int[]){p, conv1(g, x, "b.w"), x, x}), "c.w");
}
static int concat_pool(fc_graph *g, int x)
{
    int p = fc_graph_maxpool(g, x, 2, 1, false),
        c = fc_graph_conv(g, x, "a.w", NULL, (fc_conv){.out = 9, .kh = 2, .kw = 2});
    return fc_graph_concat(g, 2, (int[]){c, p});
}
static int concat_of_concats(fc_graph *g, int x)
{
    int a = fc_graph_concat(g, 2, (int[]){conv1(g, x, "a.w"), x}), b = fc_graph_concat(g, 1, (int[]){x});
    return fc_graph_concat(g, 3, (int[]){a, b, fc_graph_maxpool(g, x, 1, 1, false)});
}
static int concat_of_vectors(fc_graph *g, int x)
{
    return fc_graph_concat(
        g, 2, (int[]){fc_graph_avgpool(g, x), fc_graph_linear(g, x, 3, "l.w", NULL, FC_FLATTEN_CHW)});
}

static void joins(void **state)
{
    (void)state;
    static layer *const all[] = {
        residual_second, residual_first,    residual_norm,     residual_direct, sum_of_convs,
        sum_with_itself, sum_read_later,    sums_crossed,      sum_of_vectors,  concat_mixed,
        concat_pool,     concat_of_concats, concat_of_vectors,
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        check_layer(16, 9, 9, all[i]);
        check_layer(5, 3, 3, all[i]);
    }
}

/* ---- random graphs ---------------------------------------------------------------------------------- */

/* A node of the same map size as x, x included; with the same channels too where same is set. */
static int companion(const fc_graph *g, int x, bool same)
{
    const fc_node *n = fc_graph_node(g, x);
    int found = x, seen = 0;
    for (int i = 0; i < fc_graph_count(g); i++) {
        const fc_node *m = fc_graph_node(g, i);
        if (m->h == n->h && m->w == n->w && (!same || m->c == n->c) && below(++seen) == 0)
            found = i;
    }
    return found;
}

static int random_conv(fc_graph *g, int x, const char *name)
{
    const fc_node *n = fc_graph_node(g, x);
    fc_conv p = {
        .out = 1 + below(3) * 8 + below(9), .kh = 1 + below(3), .kw = 1 + below(3), .stride = 1 + below(2)};
    char bias[32];

    if (below(2)) { /* keeps the size, so that sums and concatenations find partners */
        p.kh = p.kw = below(2) ? 3 : 1;
        p.pad_h = p.pad_w = p.kh / 2;
        p.stride = 1;
        p.out = 16;
    }
    p.kh = p.kh > n->h ? n->h : p.kh;
    p.kw = p.kw > n->w ? n->w : p.kw;
    p.pad_h = p.pad_h < p.kh ? p.pad_h : 0;
    p.pad_w = p.pad_w < p.kw ? p.pad_w : 0;
    if (below(4) == 0)
        p.out = p.groups = n->c;
    snprintf(bias, sizeof bias, "%s.bias", name);
    return fc_graph_conv(g, x, name, below(2) ? bias : NULL, p);
}

static void random_node(fc_graph *g, int number)
{
    int count = fc_graph_count(g), x = below(3) ? count - 1 - below(count < 3 ? count : 3) : below(count), y;
    const fc_node *n = fc_graph_node(g, x);
    char name[16], mixed[24];

    snprintf(name, sizeof name, "n%d", number);
    snprintf(mixed, sizeof mixed, "mixed%d", number);
    switch (below(12)) {
    case 0:
    case 1:
    case 2:
        random_conv(g, x, name);
        break;
    case 3:
        fc_graph_prelu(g, x, below(2) ? mixed : name);
        break;
    case 4:
        fc_graph_relu(g, x);
        break;
    case 5:
        if (n->h > 2 && n->w > 2)
            fc_graph_maxpool(g, x, 1 + below(3), 1 + below(2), below(2));
        break;
    case 6:
    case 7:
    case 8:
        y = fc_graph_conv(g, x, name, NULL, (fc_conv){.out = n->c});
        if (below(2))
            y = fc_graph_batchnorm(g, y, mixed + 5, 1e-3f);
        x = companion(g, y, true);
        y = below(2) ? fc_graph_add(g, x, y, 0.5f) : fc_graph_add(g, y, x, 0.5f);
        if (below(2))
            fc_graph_relu(g, y);
        break;
    case 9:
        if (n->c < 100)
            fc_graph_concat(g, 3, (int[]){companion(g, x, false), x, companion(g, x, false)});
        break;
    case 10:
        fc_graph_batchnorm(g, x, name, 1e-3f);
        break;
    case 11:
        if (below(3) == 0)
            fc_graph_linear(g, x, 1 + below(40), name, NULL, below(2) ? FC_FLATTEN_CHW : FC_FLATTEN_WHC);
        else
            fc_graph_avgpool(g, x);
        break;
    }
}

static void random_graphs(void **state)
{
    (void)state;
    for (int round = 0; round < 150; round++) {
        fc_graph *g = fc_graph_new();
        int nodes = 3 + below(14), outputs = 1 + below(3);
        seed = (uint64_t)(round + 1) * 0x9e3779b97f4a7c15u;
        fc_graph_input(g, below(2) ? 16 : 1 + below(20), 4 + below(12), 4 + below(12));
        for (int i = 0; i < nodes; i++)
            random_node(g, i);
        fc_graph_output(g, fc_graph_count(g) - 1);
        for (int i = 1; i < outputs; i++)
            fc_graph_output(g, below(fc_graph_count(g)));
        check(g);
    }
}

/* ---- nets ------------------------------------------------------------------------------------------- */

static void rnet_onet(void **state)
{
    (void)state;
    check(fc_net_rnet());
    check(fc_net_onet());
}

/* ---- R-Net and O-Net, several candidates at once --------------------------------------------------------- */

enum { SIDE = 48, HEADS = 16 };

typedef struct batch {
    int side, lanes, planes;
    float in[FC_ROWWISE_BATCH][3 * SIDE * SIDE];
    float out[FC_ROWWISE_BATCH][HEADS];
} batch;

static void batch_row(void *ctx, int y, float *const *plane)
{
    const batch *b = ctx;
    for (int c = 0; c < 3; c++)
        for (int x = 0; x < b->side; x++)
            for (int l = 0; l < b->lanes; l++)
                plane[c][x * b->lanes + l] = b->in[l][(c * b->side + y) * b->side + x];
}

static fc_status batch_result(void *ctx, int y, const float *const *plane, int n, fc_error *err)
{
    batch *b = ctx;
    (void)err;
    assert_int_equal(y, 0);
    assert_int_equal(n, 1);
    for (int p = 0; p < b->planes; p++)
        for (int l = 0; l < b->lanes; l++)
            b->out[l][p] = plane[p][l];
    return FC_OK;
}

/* out: logits, which the row-wise kernels leave where the graph has a softmax, and the other outputs behind each other. */
static void compare_lane(const fc_graph *g, const reference *r, const float *out)
{
    for (int i = 0; i < fc_graph_outputs(g); i++) {
        int node = fc_graph_output_at(g, i);
        double length = 0, off = 0;
        if (fc_graph_node(g, node)->op == FC_OP_SOFTMAX)
            node = fc_graph_node(g, node)->in[0];
        for (size_t k = 0; k < elements(fc_graph_node(g, node)); k++, out++) {
            length += r->value[node][k] * r->value[node][k];
            off += (*out - r->value[node][k]) * (*out - r->value[node][k]);
        }
        assert_true(sqrt(off) <= 2e-5 * sqrt(length));
    }
}

static void check_batch(fc_graph *g, int side, int planes)
{
    static batch b, other;
    const size_t n = 3 * (size_t)side * (size_t)side;
    fc_rowwise_session *s;
    fc_weights *w;
    fc_rowwise *net;

    assert_int_equal(made_up_weights(&w, g, NULL), FC_OK);
    assert_int_equal(fc_rowwise_compile(&net, g, w, true, NULL), FC_OK);
    assert_int_equal(fc_rowwise_session_new(&s, net, NULL), FC_OK);
    b.side = side;
    b.planes = planes;
    b.lanes = fc_rowwise_batch(net);
    assert_in_range(b.lanes, 1, FC_ROWWISE_BATCH);
    for (int l = 0; l < b.lanes; l++)
        fill(b.in[l], n);
    other = b;
    assert_int_equal(fc_rowwise_run_batch(s, b.lanes, side, side, batch_row, batch_result, &b, NULL), FC_OK);
    for (int l = 0; l < b.lanes; l++) {
        reference r;
        reference_new(&r, g, w, b.in[l]);
        compare_lane(g, &r, b.out[l]);
        reference_free(&r);
    }
    /* What a candidate gives does not depend on the others. */
    for (int l = 1; l < b.lanes; l++)
        fill(other.in[l], n);
    assert_int_equal(fc_rowwise_run_batch(s, b.lanes, side, side, batch_row, batch_result, &other, NULL),
                     FC_OK);
    assert_memory_equal(other.out[0], b.out[0], (size_t)planes * sizeof(float));
    assert_memory_not_equal(other.out[1], b.out[1], (size_t)planes * sizeof(float));
    /* Nor on how many there are: fewer may take a shorter vector. */
    for (int few = b.lanes; few > 0; few--) {
        other = b;
        memset(other.out, 0, sizeof other.out);
        other.lanes = fc_rowwise_lanes(net, few);
        assert_in_range(other.lanes, few, b.lanes);
        assert_int_equal(fc_rowwise_run_batch(s, few, side, side, batch_row, batch_result, &other, NULL),
                         FC_OK);
        for (int l = 0; l < few; l++)
            assert_memory_equal(other.out[l], b.out[l], (size_t)planes * sizeof(float));
    }
    if (fc_cpu_has(FC_ISA_AVX512))
        assert_int_equal(fc_rowwise_lanes(net, 8), 8);
    fc_rowwise_session_free(s);
    fc_rowwise_free(net);
    fc_weights_free(w);
    fc_graph_free(g);
}

static void batches(void **state)
{
    (void)state;
    check_batch(fc_net_rnet(), 24, 6);
    check_batch(fc_net_onet(), 48, 16);
}

/* ---- sessions --------------------------------------------------------------------------------------- */

typedef struct job {
    const fc_net *net;
    float first;
    float out[3][192];
    bool failed;
} job;

static void *work(void *arg)
{
    job *j = arg;
    fc_session *s;
    if (fc_session_new(&s, j->net, NULL)) {
        j->failed = true;
        return NULL;
    }
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 3 * 112 * 112; i++)
            fc_session_input(s)[i] = j->first + (float)((i * 7 + round) % 255) / 128 - 1;
        j->failed |= fc_session_run(s, NULL) != FC_OK;
        memcpy(j->out[round], fc_session_output(s, 0), sizeof j->out[round]);
    }
    fc_session_free(s);
    return NULL;
}

static void same_bits(fc_precision p)
{
    static job alone, together[2];
    fc_graph *g = fc_net_mobilefacenet();
    fc_weights *w;
    fc_net *net;
    pthread_t thread[2];

    assert_int_equal(made_up_weights(&w, g, NULL), FC_OK);
    assert_int_equal(
        fc_net_compile(&net, g, w, &(fc_engine_options){.engine = getenv("FC_ENGINE"), .precision = p}, NULL),
        FC_OK);
    alone.net = together[0].net = together[1].net = net;
    together[1].first = 0.5f;
    work(&alone);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, work, &together[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    assert_false(alone.failed || together[0].failed || together[1].failed);
    assert_memory_equal(alone.out, together[0].out, sizeof alone.out);
    assert_memory_not_equal(alone.out, together[1].out, sizeof alone.out);
    fc_net_free(net);
    fc_weights_free(w);
    fc_graph_free(g);
}

static void threads_same_bits(void **state)
{
    (void)state;
    same_bits(FC_PRECISION_FP32);
    if (fc_cpu_has_bf16())
        same_bits(FC_PRECISION_BF16);
}

/* Nets made while another thread makes nets of another precision: oneDNN 2.6 mixed up the two. */
typedef struct maker {
    fc_graph *(*graph)(void);
    fc_precision precision;
    int output, values, rounds;
    float first[192];
    bool failed, differed;
} maker;

static void make_and_run(maker *m, fc_graph *g, const fc_weights *w, int round)
{
    fc_net *net = NULL;
    fc_session *s = NULL;

    m->failed |= fc_net_compile(&net, g, w, &(fc_engine_options){.precision = m->precision}, NULL) ||
                 fc_session_new(&s, net, NULL);
    if (!m->failed) {
        const fc_node *input = fc_graph_node(g, 0);
        for (int i = 0; i < input->c * input->h * input->w; i++)
            fc_session_input(s)[i] = (float)(i * 7 % 255) / 128 - 1;
        m->failed |= fc_session_run(s, NULL) != FC_OK;
        const float *out = fc_session_output(s, m->output);
        const size_t n = (size_t)m->values * sizeof *out;
        if (round == 0)
            memcpy(m->first, out, n);
        m->differed |= memcmp(m->first, out, n) != 0;
    }
    fc_session_free(s);
    fc_net_free(net);
}

static void *make_nets(void *arg)
{
    maker *m = arg;
    fc_graph *g = m->graph();
    fc_weights *w = NULL;

    m->failed |= made_up_weights(&w, g, NULL) != FC_OK;
    for (int round = 0; !m->failed && round < m->rounds; round++)
        make_and_run(m, g, w, round);
    fc_weights_free(w);
    fc_graph_free(g);
    return NULL;
}

static void two_precisions_at_once(void **state)
{
    (void)state;
    if (getenv("FC_ENGINE") || !fc_cpu_has_bf16())
        return; /* our engine's; without bfloat16 unit.engine-AVX512_CORE_BF16 is skipped */
    maker alone[] = {{fc_net_mobilefacenet, FC_PRECISION_BF16, 0, 192, 1, {0}, false, false},
                     {fc_net_onet, FC_PRECISION_FP32, 2, 10, 1, {0}, false, false}};
    maker together[2];
    pthread_t thread[2];

    for (int i = 0; i < 2; i++) {
        make_nets(&alone[i]);
        together[i] = alone[i];
        together[i].rounds = i ? 300 : 30;
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, make_nets, &together[i]), 0);
    for (int i = 0; i < 2; i++) {
        pthread_join(thread[i], NULL);
        assert_false(together[i].failed || together[i].differed);
        assert_memory_equal(together[i].first, alone[i].first, sizeof alone[i].first);
    }
}

/* All networks, each in both precisions. */
static void several_inputs(void **state)
{
    static const char *const names[] = {"rnet", "onet", "mobilefacenet", "dlib_face", "inception_resnet_v1"};
    (void)state;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        fc_graph *g = fc_net_by_name(names[i]);
        fc_weights *w;
        assert_non_null(g);
        assert_int_equal(made_up_weights(&w, g, NULL), FC_OK);
        for (fc_precision p = FC_PRECISION_FP32; p <= FC_PRECISION_BF16; p++) {
            fc_net *net;
            fc_session *one;
            if (p == FC_PRECISION_BF16 && !fc_cpu_has_bf16())
                continue;
            assert_int_equal(fc_net_compile(&net, g, w, &(fc_engine_options){.precision = p}, NULL), FC_OK);
            assert_int_equal(fc_session_new(&one, net, NULL), FC_OK);
            assert_int_equal(fc_net_batch(net) > 1, strcmp(names[i], "mobilefacenet") != 0);
            same_in_batches(g, net, one);
            fc_session_free(one);
            fc_net_free(net);
        }
        fc_weights_free(w);
        fc_graph_free(g);
    }
}

static int thread_count(void)
{
    DIR *d = opendir("/proc/self/task");
    int n = 0;
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

/* After the first run no map is allocated, the heap does not grow, and no thread is started. */
static void quiet_run(void **state)
{
    (void)state;
    fc_graph *g = fc_net_mobilefacenet();
    fc_weights *w;
    fc_net *net;
    fc_session *s;
    int threads = thread_count();

    assert_int_equal(made_up_weights(&w, g, NULL), FC_OK);
    for (fc_precision p = FC_PRECISION_FP32; p <= FC_PRECISION_BF16; p++) {
        if (p == FC_PRECISION_BF16 && !fc_cpu_has_bf16())
            continue;
        assert_int_equal(fc_net_compile(&net, g, w, &(fc_engine_options){.precision = p}, NULL), FC_OK);
        assert_int_equal(fc_session_new(&s, net, NULL), FC_OK);
        memset(fc_session_input(s), 0, 3 * 112 * 112 * sizeof(float));
        assert_int_equal(fc_session_run(s, NULL), FC_OK);
#ifdef WATCHES_ALLOCATIONS
        struct mallinfo2 before = mallinfo2();
        large = 0;
        assert_int_equal(fc_session_run(s, NULL), FC_OK);
        assert_int_equal(large, 0);
        assert_int_equal(mallinfo2().uordblks, before.uordblks);
#endif
        fc_session_free(s);
        fc_net_free(net);
    }
    assert_int_equal(thread_count(), threads);
    fc_weights_free(w);
    fc_graph_free(g);
}

/* ---- refusals --------------------------------------------------------------------------------------- */

static void refused(const fc_graph *g, const fc_weights *w, fc_engine_options o, fc_status want,
                    const char *word)
{
    fc_error err = {0};
    fc_net *net = (fc_net *)&err;
    if (fc_net_compile(&net, g, w, &o, &err) != want || !strstr(err.message, word))
        fail_msg("'%s', want %s and '%s'", err.message, fc_status_name(want), word);
    assert_null(net);
}

static void refusals(void **state)
{
    (void)state;
    fc_graph *g = fc_net_rnet(), *any = fc_net_pnet(), *empty = fc_graph_new();
    fc_weights *w, *none, *short_of;
    fc_net *net;

    assert_int_equal(made_up_weights(&w, g, NULL), FC_OK);
    assert_int_equal(fc_weights_new(&none, "none", NULL), FC_OK);
    assert_int_equal(fc_weights_new(&short_of, "too few", NULL), FC_OK);
    for (size_t i = 0; i < fc_weights_count(w); i++) {
        const fc_tensor *t = fc_weights_at(w, i);
        size_t dim = strcmp(t->name, "prelu2.weight") ? t->count : t->count - 1;
        assert_int_equal(fc_weights_add(short_of, t->name, t->dtype, 1, &dim, t->data, NULL), FC_OK);
    }
    refused(g, w, (fc_engine_options){.engine = "abacus"}, FC_EUSAGE, "abacus");
    refused(g, w, (fc_engine_options){.engine = FC_ENGINE_OPENCV}, FC_EUNSUPPORTED, FC_ENGINE_OPENCV);
    refused(g, w, (fc_engine_options){.device = "cuda"}, FC_EUSAGE, "cuda");
    refused(any, w, (fc_engine_options){0}, FC_EUNSUPPORTED, "fixed size");
    refused(empty, w, (fc_engine_options){0}, FC_EMODEL, "output");
    refused(g, none, (fc_engine_options){0}, FC_EMODEL, "conv1.");
    refused(g, short_of, (fc_engine_options){0}, FC_EMODEL, "prelu2.weight");
    if (!fc_cpu_has_bf16())
        refused(g, w, (fc_engine_options){.precision = FC_PRECISION_BF16}, FC_EUNSUPPORTED, "bfloat16");
    assert_int_equal(fc_net_compile(&net, g, w, NULL, NULL), FC_OK);
    assert_int_equal(fc_net_precision(net), FC_PRECISION_FP32);
    assert_int_equal(strncmp(fc_net_engine(net), "onednn ", 7), 0);
    assert_non_null(strstr(fc_net_engine(net), "fp32"));
    fc_net_free(net);
    assert_int_equal(
        fc_net_compile(&net, g, w, &(fc_engine_options){.engine = "onednn", .device = "cpu"}, NULL), FC_OK);
    fc_net_free(net);
    fc_net_free(NULL);
    fc_session_free(NULL);
    fc_weights_free(short_of);
    fc_weights_free(none);
    fc_weights_free(w);
    fc_graph_free(empty);
    fc_graph_free(any);
    fc_graph_free(g);
}

static void the_table(void **state)
{
    static const char *const names[] = {FC_ENGINE_CHOICES};
    const size_t n = sizeof names / sizeof *names;
    fc_engine_facts f;
    fc_error err;
    (void)state;

    for (size_t i = 0; i < n; i++) {
        assert_string_equal(fc_engine_name(i), names[i]);
        if (fc_engine_available(names[i], &err)) {
            assert_int_equal(err.status, FC_EUNSUPPORTED);
            continue;
        }
        assert_int_equal(fc_engine_describe(&f, names[i], NULL), FC_OK);
        assert_string_equal(f.engine, names[i]);
        assert_in_range(f.version[0], '0', '9');
        assert_string_equal(f.device, "cpu");
    }
    assert_null(fc_engine_name(n));
    assert_int_equal(fc_engine_available("abacus", &err), FC_EUSAGE);
    assert_non_null(strstr(err.message, "abacus"));
    assert_int_equal(fc_engine_describe(&f, "abacus", NULL), FC_EUSAGE);
    assert_true(fc_engine_wants_files(FC_ENGINE_OPENCV));
    assert_false(fc_engine_wants_files(FC_ENGINE_ONEDNN));
    assert_false(fc_engine_wants_files("abacus"));
    if (fc_cpu_has(FC_ISA_BASE))
        assert_string_equal(fc_engine_best(), FC_ENGINE_ONEDNN);

    f = (fc_engine_facts){
        .engine = "e", .version = "1.2", .precision = FC_PRECISION_BF16, .device = "cuda:1", .isa = NULL};
    char text[FC_ENGINE_TEXT];
    fc_engine_text(text, &f);
    assert_string_equal(text, "e 1.2 bf16 cuda:1");
    strcpy(f.device, "cpu");
    fc_engine_text(text, &f);
    assert_string_equal(text, "e 1.2 bf16");
}

/* What R-Net's steps are is known: the sums add up to the network's, and no kernel is beyond this CPU's. */
static void what_runs(void **state)
{
    fc_graph *g = fc_net_rnet();
    fc_weights *w;
    fc_net *net;
    fc_session *s;
    double ms[64] = {0}, flops = 0;
    int products = 0;
    (void)state;

    assert_int_equal(made_up_weights(&w, g, NULL), FC_OK);
    assert_int_equal(fc_net_compile(&net, g, w, NULL, NULL), FC_OK);
    const fc_engine_facts *f = fc_net_facts(net);
    assert_string_equal(f->engine, FC_ENGINE_ONEDNN);
    assert_string_equal(f->device, "cpu");
    assert_int_equal(f->precision, FC_PRECISION_FP32);
    assert_int_equal(f->isa != NULL, fc_cpu_has(FC_ISA_BASE));
    const int n = fc_net_layers(net);
    assert_in_range(n, 5, 64);
    for (int i = 0; i < n; i++) {
        fc_layer_facts l;
        fc_isa isa;
        fc_net_layer(net, i, &l);
        assert_true(*l.step && *l.kernel && l.oc > 0 && l.oh > 0 && l.ow > 0);
        if (fc_isa_of_kernel(l.kernel, &isa) && isa > FC_ISA_BASE)
            assert_true(fc_cpu_has(isa));
        flops += l.flops;
        products += l.flops > 0;
    }
    /* conv1, conv2, conv3, dense4, dense5_1, dense5_2 */
    assert_int_equal(products, 6);
    assert_true(flops ==
                2.0 * (22 * 22 * 28 * 27 + 9 * 9 * 48 * 252 + 3 * 3 * 64 * 192 + 128 * 576 + 6 * 128));
    assert_int_equal(fc_session_new(&s, net, NULL), FC_OK);
    memset(fc_session_input(s), 0, 3 * 24 * 24 * sizeof(float));
    assert_int_equal(fc_session_run(s, NULL), FC_OK);
    const float score = fc_session_output(s, 0)[1];
    assert_int_equal(fc_session_run_timed(s, 1, ms, NULL), FC_OK);
    assert_true(fc_session_output(s, 0)[1] == score);
    for (int i = 0; i < 64; i++)
        assert_true(i < n ? ms[i] >= 0 : ms[i] == 0);
    fc_session_free(s);
    fc_net_free(net);
    fc_weights_free(w);
    fc_graph_free(g);
}

/* FC_ENGINE names the engine under test; only the default one is asked what it allocates and refuses. */
int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(convolutions),
                                       cmocka_unit_test(shrinking_maps),
                                       cmocka_unit_test(small_maps),
                                       cmocka_unit_test(in_tiles),
                                       cmocka_unit_test(depthwise),
                                       cmocka_unit_test(layers),
                                       cmocka_unit_test(joins),
                                       cmocka_unit_test(random_graphs),
                                       cmocka_unit_test(rnet_onet),
                                       cmocka_unit_test(batches),
                                       cmocka_unit_test(two_precisions_at_once),
                                       cmocka_unit_test(threads_same_bits)};
    const struct CMUnitTest default_tests[] = {cmocka_unit_test(several_inputs), cmocka_unit_test(quiet_run),
                                               cmocka_unit_test(refusals), cmocka_unit_test(the_table),
                                               cmocka_unit_test(what_runs)};
    int failed;
    /* oneDNN's store of what it made hides what making does. It is read once. */
    setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "0", 1);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    return getenv("FC_ENGINE") ? failed : failed + cmocka_run_group_tests(default_tests, NULL, NULL);
}
