/* The bound of P-Net's logit, with the weights that facecheck has and with made-up ones, against P-Net. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/area.h"
#include "detect/mtcnn_pnet_bound.h"
#include "nets/nets.h"

#define OUTPUTS 6 /* of P-Net: logits of "no face" and "face", regression */

static uint32_t seed;

static float noise(void)
{
    seed = seed * 1664525u + 1013904223u;
    return (float)(seed >> 8) / 8388608.0f - 1.0f;
}

/* Where the tests' files are. */
static const char *in_tests(char path[4096], const char *name)
{
    snprintf(path, 4096, "%s/%s", getenv("FC_TESTS"), name);
    return path;
}

/* P-Net's weights; with another number than 0 slopes (of up to 1.5) and what counts in the logits are made up. */
static fc_weights *weights_of(uint32_t number)
{
    char path[4096];
    fc_weights *from, *w;

    seed = number;
    assert_int_equal(fc_weights_open(&from, in_tests(path, "../models/mtcnn-pnet.safetensors"), NULL), FC_OK);
    assert_int_equal(fc_weights_new(&w, "made up", NULL), FC_OK);
    for (size_t i = 0; i < fc_weights_count(from); i++) {
        const fc_tensor *t = fc_weights_at(from, i);
        float *v = malloc(t->count * sizeof *v);
        memcpy(v, t->data, t->count * sizeof *v);
        if (number && (!strcmp(t->name, "prelu3.weight") || !strncmp(t->name, "conv4_1", 7)))
            for (size_t k = 0; k < t->count; k++)
                v[k] = 1.5f * noise();
        assert_int_equal(fc_weights_add(w, t->name, FC_F32, t->rank, t->dim, v, NULL), FC_OK);
        free(v);
    }
    fc_weights_free(from);
    return w;
}

struct run {
    fc_area area;
    float *out; /* [rows][n][OUTPUTS], P-Net's */
    int n, rows;
    /* of the bound's */
    const fc_rowwise_session *bound;
    fc_rowwise_session *rest;
    float window[FC_PNET_WINDOW_C * FC_PNET_WINDOW_SIDE * FC_PNET_WINDOW_SIDE * FC_ROWWISE_BATCH];
    const float *of[FC_ROWWISE_BATCH]; /* P-Net's outputs of each that waits */
    int waiting, lanes, seen;
    double under, off,
        scale; /* how far a bound is below the logit, how far outputs are off, the largest of them */
    long cells, passed, faces;
};

static void source(void *ctx, int y, float *const *planes)
{
    fc_area_row(&((struct run *)ctx)->area, y, planes);
}

static fc_status exact(void *ctx, int y, const float *const *planes, int n, fc_error *err)
{
    struct run *r = ctx;
    (void)err;
    r->n = n;
    r->rows = y + 1;
    for (int x = 0; x < n; x++)
        for (int k = 0; k < OUTPUTS; k++)
            r->out[(y * n + x) * OUTPUTS + k] = planes[k][x];
    return FC_OK;
}

static void windows(void *ctx, int y, float *const *planes)
{
    const struct run *r = ctx;
    const int n = FC_PNET_WINDOW_SIDE * r->lanes;
    for (int c = 0; c < FC_PNET_WINDOW_C; c++)
        memcpy(planes[c], r->window + (c * FC_PNET_WINDOW_SIDE + y) * n, (size_t)n * sizeof(float));
}

static fc_status outputs(void *ctx, int y, const float *const *planes, int n, fc_error *err)
{
    struct run *r = ctx;
    (void)err;
    assert_true(y == 0 && n == 1);
    for (int i = 0; i < r->waiting; i++)
        for (int k = 0; k < OUTPUTS; k++) {
            r->off = fmax(r->off, fabs((double)planes[k][i] - (double)r->of[i][k]));
            r->scale = fmax(r->scale, fabs((double)r->of[i][k]));
        }
    return FC_OK;
}

static void look_closer(struct run *r)
{
    assert_int_equal(fc_rowwise_run_batch(r->rest, r->lanes, FC_PNET_WINDOW_SIDE, FC_PNET_WINDOW_SIDE,
                                          windows, outputs, r, NULL),
                     FC_OK);
    r->waiting = 0;
}

static fc_status bounds(void *ctx, int y, const float *const *planes, int n, fc_error *err)
{
    struct run *r = ctx;
    (void)err;
    assert_int_equal(n, r->n);
    assert_int_equal(y, r->seen++);
    for (int x = 0; x < n; x++) {
        const float *out = r->out + (y * n + x) * OUTPUTS, ahead = out[1] - out[0];
        const double turns = log(0.6 / 0.4);
        r->under = fmax(r->under, (double)ahead - (double)planes[0][x]);
        r->cells++;
        r->passed += (double)planes[0][x] >= turns - FC_PNET_BOUND_MARGIN;
        r->faces += (double)ahead >= turns;
        fc_rowwise_window(r->bound, x, r->window + r->waiting, r->lanes);
        r->of[r->waiting] = out;
        if (++r->waiting == r->lanes)
            look_closer(r);
    }
    return FC_OK;
}

/* All cells of a photo at w x h; adds to what r has. */
static void look(struct run *r, const fc_weights *w, const fc_image *img, int width, int height)
{
    fc_graph *g = fc_net_pnet();
    fc_rowwise *net, *bound, *rest;
    fc_rowwise_session *s, *bs;

    r->out = malloc((size_t)(width * height) * OUTPUTS * sizeof *r->out);
    r->seen = 0;
    assert_int_equal(fc_area_begin(&r->area, img->rgb, img->stride, img->w, img->h, width, height, NULL),
                     FC_OK);
    assert_int_equal(fc_rowwise_compile(&net, g, w, false, NULL), FC_OK);
    assert_int_equal(fc_rowwise_session_new(&s, net, NULL), FC_OK);
    assert_int_equal(fc_rowwise_run(s, width, height, source, exact, r, NULL), FC_OK);
    assert_int_equal(fc_pnet_bound_compile(&bound, &rest, w, NULL), FC_OK);
    assert_int_equal(fc_rowwise_session_new(&bs, bound, NULL), FC_OK);
    assert_int_equal(fc_rowwise_session_new(&r->rest, rest, NULL), FC_OK);
    r->bound = bs;
    r->lanes = fc_rowwise_batch(rest);
    assert_int_equal(fc_rowwise_run(bs, width, height, source, bounds, r, NULL), FC_OK);
    look_closer(r);
    assert_true(r->seen == r->rows && r->rows > 0);
    fc_rowwise_session_free(r->rest);
    fc_rowwise_session_free(bs);
    fc_rowwise_session_free(s);
    fc_rowwise_free(rest);
    fc_rowwise_free(bound);
    fc_rowwise_free(net);
    fc_graph_free(g);
    free(r->out);
}

static void look_at_photo(struct run *r, uint32_t number)
{
    const int sizes[][2] = {{301, 299}, {150, 152}, {77, 64}};
    char path[4096];
    fc_weights *w = weights_of(number);
    fc_image img = {0};

    assert_int_equal(fc_image_load(&img, in_tests(path, "data/photos/grace_hopper_512x512.jpg"), NULL, NULL),
                     FC_OK);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        look(r, w, &img, sizes[i][0], sizes[i][1]);
    fc_area_clear(&r->area);
    fc_image_clear(&img);
    fc_weights_free(w);
}

static void test_bound(void **state)
{
    (void)state;
    static struct run r;

    look_at_photo(&r, 0);
    assert_true(r.under < FC_PNET_BOUND_MARGIN / 10);
    assert_true(r.off < 1e-4 * r.scale);
    /* it lets through what it must, and not much more */
    assert_true(r.faces > 20 && r.passed >= r.faces);
    assert_true(r.passed < r.cells / 10);
}

/* Signs and slopes of any kind. */
static void test_other_weights(void **state)
{
    (void)state;
    for (uint32_t number = 1; number <= 5; number++) {
        static struct run r;
        memset(&r, 0, sizeof r);
        look_at_photo(&r, number);
        assert_true(r.under < 1e-4 * r.scale);
        assert_true(r.off < 1e-4 * r.scale && r.scale > 5);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    fc_rowwise *bound, *rest;
    fc_weights *w;
    fc_error err = {0};

    assert_int_equal(fc_weights_new(&w, "made up", NULL), FC_OK);
    assert_int_equal(fc_pnet_bound_compile(&bound, &rest, w, &err), FC_EMODEL);
    assert_null(bound);
    assert_null(rest);
    assert_non_null(strstr(err.message, "conv3.weight"));
    fc_weights_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_other_weights),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
