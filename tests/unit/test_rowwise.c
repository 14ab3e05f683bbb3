/* The row-by-row network engine against the plain definition of each layer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "nets/nets.h"
#include "detect/mtcnn_pnet_coarse.h"
#include "detect/mtcnn_rnet_coarse.h"
#include "nn/rowwise.h"
#include "kernels/rowwise_impl.h"

static uint32_t seed = 1;

static float noise(void)
{
    seed = seed * 1664525u + 1013904223u;
    return (float)(seed >> 8) / 8388608.0f - 1.0f;
}

/* Numbers up to most. */
static float *add_numbers(fc_weights *w, const char *name, int rank, const size_t *dim, float most)
{
    size_t n = 1;
    for (int i = 0; i < rank; i++)
        n *= dim[i];
    float *v = malloc(n * sizeof *v);
    for (size_t i = 0; i < n; i++)
        v[i] = most * noise();
    assert_int_equal(fc_weights_add(w, name, FC_F32, rank, dim, v, NULL), FC_OK);
    return v;
}

static float *add_tensor(fc_weights *w, const char *name, int rank, const size_t *dim)
{
    return add_numbers(w, name, rank, dim, 1);
}

struct map {
    int c, h, w;
    float *v;
};

static struct map map_new(int c, int h, int w)
{
    return (struct map){c, h, w, calloc((size_t)(c * h * w), sizeof(float))};
}

static float at(const struct map *m, int c, int y, int x)
{
    return m->v[((size_t)c * (size_t)m->h + (size_t)y) * (size_t)m->w + (size_t)x];
}

static struct map conv(const struct map *in, int out, int k, const float *w, const float *bias,
                       const float *slope)
{
    struct map m = map_new(out, in->h - k + 1, in->w - k + 1);
    float *to = m.v;
    for (int o = 0; o < out; o++)
        for (int y = 0; y < m.h; y++)
            for (int x = 0; x < m.w; x++) {
                double sum = bias[o];
                for (int c = 0; c < in->c; c++)
                    for (int i = 0; i < k * k; i++)
                        sum +=
                            (double)w[(o * in->c + c) * k * k + i] * (double)at(in, c, y + i / k, x + i % k);
                *to++ = (float)(slope && sum < 0 ? sum * slope[o] : sum);
            }
    return m;
}

static struct map pool(const struct map *in, int k, int stride)
{
    struct map m = map_new(in->c, (int)ceil((in->h - k) / (double)stride) + 1,
                           (int)ceil((in->w - k) / (double)stride) + 1);
    float *to = m.v;
    for (int c = 0; c < m.c; c++)
        for (int y = 0; y < m.h; y++)
            for (int x = 0; x < m.w; x++) {
                float most = -INFINITY;
                for (int i = 0; i < k * k; i++) {
                    int yy = y * stride + i / k, xx = x * stride + i % k;
                    if (yy < in->h && xx < in->w)
                        most = fmaxf(most, at(in, c, yy, xx));
                }
                *to++ = most;
            }
    return m;
}

struct test {
    struct map in, out[2];
    int rows;
    double worst, most; /* difference, and value */
};

static void source(void *ctx, int y, float *const *planes)
{
    struct test *t = ctx;
    for (int c = 0; c < t->in.c; c++)
        for (int x = 0; x < t->in.w; x++)
            planes[c][x] = at(&t->in, c, y, x);
}

static fc_status sink(void *ctx, int y, const float *const *planes, int n, fc_error *err)
{
    struct test *t = ctx;
    (void)err;
    assert_int_equal(y, t->rows);
    assert_int_equal(n, t->out[0].w);
    for (int h = 0, p = 0; h < 2; h++)
        for (int c = 0; c < t->out[h].c; c++, p++)
            for (int x = 0; x < n; x++) {
                t->worst = fmax(t->worst, fabs((double)planes[p][x] - (double)at(&t->out[h], c, y, x)));
                t->most = fmax(t->most, fabs((double)planes[p][x]));
            }
    t->rows++;
    return FC_OK;
}

/* What a run gives, as it comes. */
struct record {
    int w;
    size_t n;
    float v[1 << 16];
};

static void any_source(void *ctx, int y, float *const *planes)
{
    const struct record *r = ctx;
    for (int c = 0; c < 3; c++)
        for (int x = 0; x < r->w; x++)
            planes[c][x] = sinf((float)(c + 7 * x + 31 * y));
}

static fc_status record_sink(void *ctx, int y, const float *const *planes, int n, fc_error *err)
{
    struct record *r = ctx;
    (void)y, (void)err;
    for (int p = 0; p < 11; p++, r->n += (size_t)n) {
        assert_true(r->n + (size_t)n <= sizeof r->v / sizeof *r->v);
        memcpy(r->v + r->n, planes[p], (size_t)n * sizeof *r->v);
    }
    return FC_OK;
}

/* A picture gives the same bits whatever its session has seen before. */
static void check_history(const fc_rowwise *net, fc_rowwise_session *used)
{
    static struct record first, later;

    for (int w = 30; w < 160; w += 7) {
        fc_rowwise_session *fresh;
        first = (struct record){.w = w};
        later = (struct record){.w = w};
        assert_int_equal(fc_rowwise_session_new(&fresh, net, NULL), FC_OK);
        assert_int_equal(fc_rowwise_run(fresh, w, 40, any_source, record_sink, &first, NULL), FC_OK);
        assert_int_equal(fc_rowwise_run(used, w, 40, any_source, record_sink, &later, NULL), FC_OK);
        assert_true(first.n > 0);
        assert_memory_equal(first.v, later.v, first.n * sizeof *first.v);
        fc_rowwise_session_free(fresh);
    }
}

/* A chain like P-Net's with pooling k, stride at several sizes: odd and even, narrower and wider than a tile.
 */
static void check_chain(int k, int stride, bool wide)
{
    const int sizes[][2] = {{12, 12}, {13, 12},  {14, 40},  {47, 14}, {48, 25},
                            {61, 31}, {131, 22}, {132, 13}, {200, 13}};
    fc_weights *w;
    fc_graph *g = fc_graph_new();
    fc_rowwise *net;
    fc_rowwise_session *s;
    fc_error err;

    assert_int_equal(fc_weights_new(&w, "made up", NULL), FC_OK);
    float *w1 = add_tensor(w, "c1.w", 4, (size_t[]){10, 3, 3, 3}),
          *b1 = add_tensor(w, "c1.b", 1, (size_t[]){10});
    float *p1 =
        add_numbers(w, "p1", 1, (size_t[]){10}, 1.5f); /* PReLU's slopes: some below -1, some above 1 */
    float *w2 = add_tensor(w, "c2.w", 4, (size_t[]){17, 10, 3, 3}),
          *b2 = add_tensor(w, "c2.b", 1, (size_t[]){17});
    float *w3 = add_tensor(w, "c3.w", 4, (size_t[]){5, 17, 2, 2}),
          *b3 = add_tensor(w, "c3.b", 1, (size_t[]){5});
    float *w4 = add_tensor(w, "h1.w", 4, (size_t[]){2, 5, 1, 1}),
          *b4 = add_tensor(w, "h1.b", 1, (size_t[]){2});
    float *w5 = add_tensor(w, "h2.w", 4, (size_t[]){9, 5, 1, 1}),
          *b5 = add_tensor(w, "h2.b", 1, (size_t[]){9});
    float zero[17] = {0};

    int x = fc_graph_input(g, 3, 0, 0);
    x = fc_graph_conv(g, x, "c1.w", "c1.b", (fc_conv){.out = 10, .kh = 3, .kw = 3});
    x = fc_graph_prelu(g, x, "p1");
    x = fc_graph_maxpool(g, x, k, stride, true);
    x = fc_graph_conv(g, x, "c2.w", "c2.b", (fc_conv){.out = 17, .kh = 3, .kw = 3});
    x = fc_graph_relu(g, x);
    x = fc_graph_conv(g, x, "c3.w", "c3.b", (fc_conv){.out = 5, .kh = 2, .kw = 2});
    fc_graph_output(g, fc_graph_softmax(g, fc_graph_conv(g, x, "h1.w", "h1.b", (fc_conv){.out = 2})));
    fc_graph_output(g, fc_graph_conv(g, x, "h2.w", "h2.b", (fc_conv){.out = 9}));
    if (fc_rowwise_compile(&net, g, w, wide, &err))
        fail_msg("%s", err.message);
    assert_int_equal(fc_rowwise_session_new(&s, net, &err), FC_OK);

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct test t = {.in = map_new(3, sizes[i][1], sizes[i][0])};
        for (int j = 0; j < 3 * t.in.h * t.in.w; j++)
            t.in.v[j] = noise();
        struct map m1 = conv(&t.in, 10, 3, w1, b1, p1), m2 = pool(&m1, k, stride);
        struct map m3 = conv(&m2, 17, 3, w2, b2, zero), m4 = conv(&m3, 5, 2, w3, b3, NULL);
        t.out[0] = conv(&m4, 2, 1, w4, b4, NULL);
        t.out[1] = conv(&m4, 9, 1, w5, b5, NULL);
        assert_int_equal(fc_rowwise_run(s, t.in.w, t.in.h, source, sink, &t, &err), FC_OK);
        assert_int_equal(t.rows, t.out[0].h);
        assert_true(t.rows > 0);
        assert_true(t.worst < (wide ? 3e-6 * t.most : 2e-4));
        free(t.in.v), free(m1.v), free(m2.v), free(m3.v), free(m4.v), free(t.out[0].v), free(t.out[1].v);
    }
    check_history(net, s); /* which has seen a wider picture */
    fc_rowwise_session_free(s);
    fc_rowwise_free(net);
    fc_graph_free(g);
    fc_weights_free(w);
    free(w1), free(b1), free(p1), free(w2), free(b2), free(w3), free(b3), free(w4), free(b4), free(w5),
        free(b5);
}

static void test_pool_2_2(void **state)
{
    (void)state;
    check_chain(2, 2, false);
    check_chain(2, 2, true);
}

static void test_pool_3_2(void **state)
{
    (void)state;
    check_chain(3, 2, false);
    check_chain(3, 2, true);
}

/* Every kernel that this CPU can run gives what the portable one gives, one row at a time and two. */
static void test_kernels_agree(void **state)
{
    (void)state;
    enum { IN = 5, OUT = 11, N = 101, STRIDE = 320, TAPS = IN * 4 * 3 };
    static float rows[IN * 4][STRIDE], out[3][2][OUT][STRIDE], scratch[TAPS * 64], plain[OUT * TAPS];
    float bias[OUT], slope[OUT];
    const float *row[IN * 4];
    const fc_rowwise_kernel *kernels[3] = {&fc_rowwise_kernel_base};
    int n = 1;

#ifdef __x86_64__
    if (fc_cpu_has(FC_ISA_AVX2))
        kernels[n++] = &fc_rowwise_kernel_avx2;
    if (fc_cpu_has(FC_ISA_AVX512))
        kernels[n++] = &fc_rowwise_kernel_avx512;
#elif defined __aarch64__
    kernels[n++] = &fc_rowwise_kernel_neon;
#endif
    for (int i = 0; i < IN * 4; i++) {
        row[i] = rows[i];
        for (int x = 0; x < STRIDE; x++)
            rows[i][x] = noise();
    }
    for (int i = 0; i < OUT; i++) {
        bias[i] = noise();
        slope[i] = noise();
    }
    for (int i = 0; i < OUT * TAPS; i++)
        plain[i] = noise();
    for (int made = 1; made <= 2; made++)
        for (int k = 0; k < n; k++) {
            float *o[2][OUT], packed[OUT * TAPS], *to = packed;
            for (int c = 0, m; c < OUT; c += m) {
                m = fc_rowwise_tile(OUT - c, kernels[k]->block[made]);
                for (int t = 0; t < TAPS; t++)
                    for (int i = 0; i < m; i++)
                        *to++ = plain[(c + i) * TAPS + t];
            }
            for (int i = 0; i < 2 * OUT; i++)
                o[i / OUT][i % OUT] = out[k][i / OUT][i % OUT];
            kernels[k]->conv[made](&(fc_rowwise_conv){.rows = row,
                                                      .nrows = IN * 4,
                                                      .kw = 3,
                                                      .step = 1,
                                                      .weights = packed,
                                                      .bias = bias,
                                                      .slope = slope,
                                                      .out = {o[0], o[1]},
                                                      .scratch = scratch,
                                                      .channels = OUT,
                                                      .block = kernels[k]->block[made],
                                                      .n = N});
            for (int i = 0; i < made * OUT; i++)
                for (int x = 0; x < N; x++)
                    assert_true(fabsf(o[i / OUT][i % OUT][x] - out[0][i / OUT][i % OUT][x]) < 1e-4f);
        }
    assert_true(fabsf(out[0][0][0][0]) > 1e-6f);
}

/* ---- 16 pictures at once --------------------------------------------------------------------------------- */

struct batch {
    int w, h, rows;
    const float *in; /* [picture][channel][h][w] */
    float got[16][6], alone[6];
};

static void batch_source(void *ctx, int y, float *const *planes)
{
    struct batch *b = ctx;
    for (int c = 0; c < 3; c++)
        for (int x = 0; x < b->w; x++)
            for (int i = 0; i < FC_ROWWISE_BATCH; i++)
                planes[c][x * FC_ROWWISE_BATCH + i] = b->in[((i * 3 + c) * b->h + y) * b->w + x];
}

static fc_status batch_sink(void *ctx, int y, const float *const *planes, int n, fc_error *err)
{
    struct batch *b = ctx;
    (void)y, (void)err;
    assert_int_equal(n, 1);
    b->rows++;
    for (int p = 0; p < 6; p++)
        for (int i = 0; i < FC_ROWWISE_BATCH; i++)
            b->got[i][p] = planes[p][i];
    return FC_OK;
}

static void one_source(void *ctx, int y, float *const *planes)
{
    struct batch *b = ctx;
    for (int c = 0; c < 3; c++)
        memcpy(planes[c], b->in + (c * b->h + y) * b->w, (size_t)b->w * sizeof(float));
}

static fc_status one_sink(void *ctx, int y, const float *const *planes, int n, fc_error *err)
{
    struct batch *b = ctx;
    (void)y, (void)n, (void)err;
    for (int p = 0; p < 6; p++)
        b->alone[p] = planes[p][0];
    return FC_OK;
}

struct made_tensor {
    const char *name;
    int rank;
    size_t dim[4];
};

/* A network's weights, made up: those of layers grow with spread, and are the less the more of them go into a sum. */
static fc_weights *make_weights(const struct made_tensor *tensor, size_t n, float spread)
{
    fc_weights *w;

    assert_int_equal(fc_weights_new(&w, "made up", NULL), FC_OK);
    for (size_t i = 0; i < n; i++) {
        const struct made_tensor *t = &tensor[i];
        size_t count = 1;
        for (int k = 0; k < t->rank; k++)
            count *= t->dim[k];
        float *v = malloc(count * sizeof *v),
              scale = t->rank > 1 ? spread / sqrtf((float)(count / t->dim[0])) : 0.3f;
        for (size_t k = 0; k < count; k++)
            v[k] = noise() * scale;
        assert_int_equal(fc_weights_add(w, t->name, FC_F32, t->rank, t->dim, v, NULL), FC_OK);
        free(v);
    }
    return w;
}

static fc_weights *pnet_weights(void)
{
    static const struct made_tensor tensors[] = {{"conv1.weight", 4, {10, 3, 3, 3}},
                                                 {"conv1.bias", 1, {10}},
                                                 {"prelu1.weight", 1, {10}},
                                                 {"conv2.weight", 4, {16, 10, 3, 3}},
                                                 {"conv2.bias", 1, {16}},
                                                 {"prelu2.weight", 1, {16}},
                                                 {"conv3.weight", 4, {32, 16, 3, 3}},
                                                 {"conv3.bias", 1, {32}},
                                                 {"prelu3.weight", 1, {32}},
                                                 {"conv4_1.weight", 4, {2, 32, 1, 1}},
                                                 {"conv4_1.bias", 1, {2}},
                                                 {"conv4_2.weight", 4, {4, 32, 1, 1}},
                                                 {"conv4_2.bias", 1, {4}}};

    return make_weights(tensors, sizeof tensors / sizeof *tensors, 2);
}

static void test_batch(void **state)
{
    (void)state;
    const int sizes[][2] = {{12, 12}, {11, 12}, {12, 11}, {11, 11}};
    fc_weights *w = pnet_weights();
    fc_graph *g = fc_net_pnet();
    fc_rowwise *net;
    fc_rowwise_session *s;

    assert_int_equal(fc_rowwise_compile(&net, g, w, false, NULL), FC_OK);
    assert_int_equal(fc_rowwise_session_new(&s, net, NULL), FC_OK);
    for (size_t k = 0; k < 4; k++) {
        struct batch b = {.w = sizes[k][0], .h = sizes[k][1]};
        const size_t n = 3 * (size_t)(b.w * b.h);
        float *in = malloc(FC_ROWWISE_BATCH * n * sizeof *in);
        for (size_t i = 0; i < FC_ROWWISE_BATCH * n; i++)
            in[i] = noise();
        b.in = in;
        assert_int_equal(
            fc_rowwise_run_batch(s, FC_ROWWISE_BATCH, b.w, b.h, batch_source, batch_sink, &b, NULL), FC_OK);
        assert_int_equal(b.rows, 1);
        for (int i = 0; i < FC_ROWWISE_BATCH; i++, b.in += n) {
            assert_int_equal(fc_rowwise_run(s, b.w, b.h, one_source, one_sink, &b, NULL), FC_OK);
            for (int p = 0; p < 6; p++)
                assert_true(fabsf(b.got[i][p] - b.alone[p]) < 1e-5f);
        }
        free(in);
    }
    fc_rowwise_session_free(s);
    fc_rowwise_free(net);
    fc_graph_free(g);
    fc_weights_free(w);
}

/* Pictures whose rows lie side by side, of which the session makes rows of a batch. */
struct side_by_side {
    const fc_rowwise_session *s;
    const float *in; /* [lane][channel][y][12] */
    int lanes, w;
};

static void spreading_source(void *ctx, int y, float *const *planes)
{
    const struct side_by_side *b = ctx;

    for (int c = 0; c < 3; c++) {
        const float *from = b->in + (c * 12 + y) * 12;
        fc_rowwise_spread(b->s, planes[c], from, 3 * 12 * 12, b->w);
        for (int x = 0; x < b->w; x++)
            for (int l = 0; l < b->lanes; l++)
                assert_true(planes[c][x * b->lanes + l] == from[l * 3 * 12 * 12 + x]);
    }
}

static fc_status no_sink(void *ctx, int y, const float *const *planes, int n, fc_error *err)
{
    (void)ctx, (void)y, (void)planes, (void)n, (void)err;
    return FC_OK;
}

static void test_spread(void **state)
{
    (void)state;
    static float in[FC_ROWWISE_BATCH * 3 * 12 * 12 + 3];
    fc_weights *w = pnet_weights();
    fc_graph *g = fc_net_pnet();
    fc_rowwise *net;
    fc_rowwise_session *s;

    assert_int_equal(fc_rowwise_compile(&net, g, w, true, NULL), FC_OK);
    assert_int_equal(fc_rowwise_session_new(&s, net, NULL), FC_OK);
    for (size_t i = 0; i < sizeof in / sizeof *in; i++)
        in[i] = (float)i;
    for (int n = 1; n <= fc_rowwise_batch(net); n *= 2)
        for (int width = 11; width <= 12; width++) {
            struct side_by_side b = {.s = s, .in = in, .lanes = fc_rowwise_lanes(net, n), .w = width};
            assert_int_equal(fc_rowwise_run_batch(s, n, width, 12, spreading_source, no_sink, &b, NULL),
                             FC_OK);
        }
    fc_rowwise_session_free(s);
    fc_rowwise_free(net);
    fc_graph_free(g);
    fc_weights_free(w);
}

/* ---- outputs that are asked for --------------------------------------------------------------------------------- */

struct asked {
    struct test *t;
    fc_rowwise_session *s;
    float *all; /* [rows][n][6] */
    int n, asked;
};

static void asked_source(void *ctx, int y, float *const *planes)
{
    source(((struct asked *)ctx)->t, y, planes);
}

static fc_status all_sink(void *ctx, int y, const float *const *planes, int n, fc_error *err)
{
    struct asked *a = ctx;
    (void)err;
    a->n = n;
    for (int x = 0; x < n; x++)
        for (int p = 0; p < 6; p++)
            a->all[(y * n + x) * 6 + p] = planes[p][x];
    return FC_OK;
}

static fc_status asking_sink(void *ctx, int y, const float *const *planes, int n, fc_error *err)
{
    struct asked *a = ctx;
    float others[4];
    (void)err;

    assert_int_equal(n, a->n);
    for (int x = 0; x < n; x++) {
        const float *want = a->all + (y * n + x) * 6;
        assert_true(planes[0][x] == want[0] && planes[1][x] == want[1]);
        if ((x + y) % 3)
            continue;
        fc_rowwise_others(a->s, x, others);
        assert_memory_equal(others, want + 2, sizeof others);
        a->asked++;
    }
    return FC_OK;
}

/* They are what they are where all are made, bit by bit. */
static void test_others(void **state)
{
    (void)state;
    const int sizes[][2] = {{12, 12}, {47, 14}, {77, 76}, {300, 23}};
    fc_weights *w = pnet_weights();
    fc_graph *g = fc_net_pnet();

    for (int wide = 0; wide < 2; wide++) {
        fc_rowwise *net;
        fc_rowwise_session *s;
        assert_int_equal(fc_rowwise_compile(&net, g, w, wide, NULL), FC_OK);
        assert_int_equal(fc_rowwise_session_new(&s, net, NULL), FC_OK);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            struct test t = {.in = map_new(3, sizes[i][1], sizes[i][0])};
            struct asked a = {.t = &t, .s = s, .all = calloc((size_t)(6 * t.in.w * t.in.h), sizeof(float))};
            for (int j = 0; j < 3 * t.in.h * t.in.w; j++)
                t.in.v[j] = noise();
            assert_int_equal(fc_rowwise_run(s, t.in.w, t.in.h, asked_source, all_sink, &a, NULL), FC_OK);
            assert_int_equal(fc_rowwise_run_first(s, t.in.w, t.in.h, asked_source, asking_sink, &a, NULL),
                             FC_OK);
            assert_true(a.asked > 0);
            free(t.in.v);
            free(a.all);
        }
        fc_rowwise_session_free(s);
        fc_rowwise_free(net);
    }
    fc_graph_free(g);
    fc_weights_free(w);
}

/* ---- P-Net, coarsely --------------------------------------------------------------------------------------------- */

struct looked_at {
    struct test *t;
    const fc_pnet_coarse_session *s;
    float *ahead; /* [rows][n] of the row engine */
    int n, rows, seen;
    double worst, spread;
};

static void coarse_source(void *ctx, int y, float *const *planes)
{
    source(((struct looked_at *)ctx)->t, y, planes);
}

static fc_status ahead_sink(void *ctx, int y, const float *const *planes, int n, fc_error *err)
{
    struct looked_at *c = ctx;
    (void)err;
    c->n = n;
    c->rows = y + 1;
    for (int x = 0; x < n; x++)
        c->ahead[y * n + x] = planes[1][x] - planes[0][x];
    return FC_OK;
}

static fc_status coarse_sink(void *ctx, int y, const float *ahead, int n, fc_error *err)
{
    struct looked_at *c = ctx;
    (void)err;
    assert_int_equal(n, c->n);
    assert_int_equal(y, c->seen++);
    for (int x = 0; x < n; x++) {
        c->worst = fmax(c->worst, fabs((double)ahead[x] - (double)c->ahead[y * n + x]));
        c->spread = fmax(c->spread, fabs((double)ahead[x]));
    }
    for (int k = 0; k < 12 && 2 * y + k < c->t->in.h;
         k++) /* the pixels that the row's cells see are still there */
        assert_memory_equal(fc_pnet_coarse_pixels(c->s, 2 * y + k, 1),
                            c->t->in.v + (c->t->in.h + 2 * y + k) * c->t->in.w,
                            (size_t)c->t->in.w * sizeof(float));
    return FC_OK;
}

static void test_pnet_coarse(void **state)
{
    (void)state;
    const int sizes[][2] = {{12, 12}, {13, 15}, {47, 14}, {76, 75}, {77, 76}, {300, 23}, {20, 40}, {11, 50}};
    seed = 1; /* the same numbers, whatever the tests before took */
    fc_weights *w = pnet_weights();
    fc_graph *g = fc_net_pnet();
    fc_rowwise *net;
    fc_rowwise_session *s;
    fc_pnet_coarse *coarse;
    fc_pnet_coarse_session *ss;

    assert_int_equal(fc_pnet_coarse_possible(), fc_cpu_has(FC_ISA_AMX) || fc_cpu_has(FC_ISA_AVX512_VNNI));
    if (!fc_pnet_coarse_possible()) {
        assert_int_equal(fc_pnet_coarse_compile(&coarse, w, NULL), FC_EUNSUPPORTED);
        fc_graph_free(g);
        fc_weights_free(w);
        return;
    }
    assert_int_equal(fc_rowwise_compile(&net, g, w, false, NULL), FC_OK);
    assert_int_equal(fc_rowwise_session_new(&s, net, NULL), FC_OK);
    assert_int_equal(fc_pnet_coarse_compile(&coarse, w, NULL), FC_OK);
    assert_int_equal(fc_pnet_coarse_session_new(&ss, coarse, NULL), FC_OK);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct test t = {.in = map_new(3, sizes[i][1], sizes[i][0])};
        struct looked_at c = {.t = &t, .s = ss, .ahead = calloc((size_t)(t.in.w * t.in.h), sizeof(float))};
        for (int j = 0; j < 3 * t.in.h * t.in.w; j++)
            t.in.v[j] = noise();
        assert_int_equal(fc_rowwise_run(s, t.in.w, t.in.h, coarse_source, ahead_sink, &c, NULL), FC_OK);
        assert_int_equal(fc_pnet_coarse_run(ss, t.in.w, t.in.h, coarse_source, coarse_sink, &c, NULL), FC_OK);
        if (sizes[i][0] >= 12)
            assert_true(c.seen == c.rows && c.rows > 0 && c.spread > 0);
        assert_true(c.worst < (fc_cpu_has(FC_ISA_AMX) ? 0.05 : 0.002) * fmax(c.spread, 1));
        free(t.in.v);
        free(c.ahead);
    }
    fc_pnet_coarse_session_free(ss);
    fc_pnet_coarse_free(coarse);
    fc_rowwise_session_free(s);
    fc_rowwise_free(net);
    fc_graph_free(g);
    fc_weights_free(w);
}

/* ---- R-Net, coarsely -------------------------------------------------------------------------------------------- */

struct crop {
    const float *in; /* the same crop for all places of a batch */
    float ahead;
};

static void crop_source(void *ctx, int y, float *const *planes)
{
    const struct crop *c = ctx;
    for (int k = 0; k < 3; k++)
        memcpy(planes[k], c->in + (k * 24 + y) * 24, 24 * sizeof(float));
}

static fc_status crop_sink(void *ctx, int y, const float *const *planes, int n, fc_error *err)
{
    (void)y, (void)err;
    assert_int_equal(n, 1);
    ((struct crop *)ctx)->ahead = planes[1][0] - planes[0][0];
    return FC_OK;
}

/* The level whose coarse R-Net is to run; FC_ISA_BASE: there is none. */
static fc_isa best_of_rnet(void)
{
    static const fc_isa levels[] = {FC_ISA_AMX, FC_ISA_AVX512_VNNI, FC_ISA_AVX2_VNNI, FC_ISA_NEON_DOT};

    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (fc_cpu_has(levels[i]))
            return levels[i];
    return FC_ISA_BASE;
}

/* R-Net with made-up weights on made-up crops, against the row engine. */
static void test_rnet_coarse(void **state)
{
    (void)state;
    static const struct made_tensor tensors[] = {{"conv1.weight", 4, {28, 3, 3, 3}},
                                                 {"conv1.bias", 1, {28}},
                                                 {"prelu1.weight", 1, {28}},
                                                 {"conv2.weight", 4, {48, 28, 3, 3}},
                                                 {"conv2.bias", 1, {48}},
                                                 {"prelu2.weight", 1, {48}},
                                                 {"conv3.weight", 4, {64, 48, 2, 2}},
                                                 {"conv3.bias", 1, {64}},
                                                 {"prelu3.weight", 1, {64}},
                                                 {"dense4.weight", 2, {128, 576}},
                                                 {"dense4.bias", 1, {128}},
                                                 {"prelu4.weight", 1, {128}},
                                                 {"dense5_1.weight", 2, {2, 128}},
                                                 {"dense5_1.bias", 1, {2}},
                                                 {"dense5_2.weight", 2, {4, 128}},
                                                 {"dense5_2.bias", 1, {4}}};
    fc_weights *w;
    fc_graph *g = fc_net_rnet();
    fc_rowwise *net;
    fc_rowwise_session *s;
    fc_rnet_coarse *coarse;
    enum { CROPS = FC_RNET_COARSE_BATCH };
    static float in[CROPS][FC_RNET_COARSE_CROP];
    float want[CROPS], all[CROPS], some[CROPS] = {0};
    double spread = 0, worst = 0;

    seed = 1; /* the same numbers at every level, whatever the tests before took */
    w = make_weights(tensors, sizeof tensors / sizeof *tensors, 3);
    assert_int_equal(fc_rnet_coarse_possible(), best_of_rnet() != FC_ISA_BASE);
    if (!fc_rnet_coarse_possible()) {
        assert_int_equal(fc_rnet_coarse_compile(&coarse, w, NULL), FC_EUNSUPPORTED);
        fc_graph_free(g);
        fc_weights_free(w);
        return;
    }
    assert_int_equal(fc_rowwise_compile(&net, g, w, false, NULL), FC_OK);
    assert_int_equal(fc_rowwise_session_new(&s, net, NULL), FC_OK);
    assert_int_equal(fc_rnet_coarse_compile(&coarse, w, NULL), FC_OK);
    assert_int_equal(fc_rnet_coarse_isa(coarse), best_of_rnet());
    for (int k = 0; k < CROPS; k++) {
        struct crop c = {.in = in[k]};
        for (int i = 0; i < FC_RNET_COARSE_CROP; i++)
            in[k][i] = noise();
        assert_int_equal(fc_rowwise_run(s, 24, 24, crop_source, crop_sink, &c, NULL), FC_OK);
        want[k] = c.ahead;
    }
    fc_rnet_coarse_run(coarse, (const float(*)[FC_RNET_COARSE_CROP])in, CROPS, all);
    for (int k = 0; k < CROPS; k++) {
        worst = fmax(worst, fabs((double)all[k] - (double)want[k]));
        spread = fmax(spread, fabs((double)want[k]));
    }
    /* A crop's figure does not depend on its neighbours. */
    fc_rnet_coarse_run(coarse, (const float(*)[FC_RNET_COARSE_CROP])in + 3, 5, some);
    assert_memory_equal(some, all + 3, 5 * sizeof *some);
    assert_true(some[5] == 0);
    assert_true(spread > 1);
    assert_true(worst < (fc_cpu_has(FC_ISA_AMX) ? 0.03 : 0.06) * spread);
    fc_rnet_coarse_free(coarse);
    fc_rowwise_session_free(s);
    fc_rowwise_free(net);
    fc_graph_free(g);
    fc_weights_free(w);
}

static void test_refusals(void **state)
{
    (void)state;
    fc_weights *w;
    fc_rowwise *net;
    fc_error err;
    assert_int_equal(fc_weights_new(&w, "made up", NULL), FC_OK);
    free(add_tensor(w, "c.w", 4, (size_t[]){4, 3, 3, 3}));
    for (int what = 0; what < 3; what++) {
        fc_graph *g = fc_graph_new();
        int x = fc_graph_input(g, 3, 0, 0);
        fc_conv p = {
            .out = 4, .kh = 3, .kw = 3, .pad_h = what == 0, .pad_w = what == 0, .stride = what == 1 ? 2 : 1};
        x = fc_graph_conv(g, x, what == 2 ? "missing" : "c.w", NULL, p);
        fc_graph_output(g, fc_graph_conv(g, x, "c.w", NULL, (fc_conv){.out = 2}));
        assert_true(fc_rowwise_compile(&net, g, w, false, &err) != FC_OK);
        assert_null(net);
        fc_graph_free(g);
    }
    fc_weights_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pool_2_2),      cmocka_unit_test(test_pool_3_2),
        cmocka_unit_test(test_kernels_agree), cmocka_unit_test(test_batch),
        cmocka_unit_test(test_spread),        cmocka_unit_test(test_pnet_coarse),
        cmocka_unit_test(test_rnet_coarse),   cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
