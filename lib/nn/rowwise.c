#include "nn/rowwise.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/size.h"
#include "nn/arena.h"
#include "kernels/rowwise_impl.h"
#include "kernels/winograd.h"

#define MAX_STAGES 16

/* A layer of the chain: a convolution with what follows it at each pixel, or a pooling. */
struct stage {
    bool pool;
    int rows;     /* of output that are made at once; 1 for a pooling. See fc_rowwise_kernel's conv */
    int block;    /* output channels of the kernel's blocks, at most */
    int channels; /* of the result */
    int kh, kw, stride;
    float *weights, *bias, *slope; /* slope NULL: none. A ReLU has slopes of 0 */
};

struct fc_rowwise {
    int in_channels;
    struct stage chain[MAX_STAGES];
    int nchain;
    struct stage heads[FC_MAX_INPUTS];
    int nheads, head_channels;
    bool wide; /* pixels are always vectors: of a batch, or of strips of one picture */
    const fc_rowwise_kernel *kernel,
        *half; /* half: for half as many floats a vector, the same weights; NULL: none */
};

/* The newest rows of a layer's result: row y of channel c at row[(y % depth) * channels + c]. */
struct ring {
    float *data;
    float **row;
    int channels, depth;
    int w, h; /* of the map in this run, or of a strip of it */
    int next; /* first row not made yet */
    int all;  /* columns of the whole map */
    int step; /* columns from a strip to the next */
};

struct fc_rowwise_session {
    const fc_rowwise *net;
    const fc_rowwise_kernel *kernel;  /* the net's, or its half, in this run */
    struct ring ring[MAX_STAGES + 1]; /* [0]: the input; [i + 1]: chain[i]'s result */
    float *head_data;
    float **head_row;
    const float **under; /* pointers for one convolution row or pair */
    float *scratch;
    size_t width; /* in floats, that the buffers have room for */
    int lanes;    /* floats in a pixel: 1, or those of a batch or of strips */
    int strip;    /* columns of the result that a strip makes; 0: the picture is not cut */
    bool first;   /* of the outputs, only that one is made */
    int y;        /* row of the result */
    fc_rowwise_source *source;
    fc_rowwise_sink *sink;
    void *ctx;
    double *ms; /* NULL: nothing is measured */
};

static const fc_rowwise_kernel *best_kernel(void)
{
#ifdef __x86_64__
    if (fc_cpu_has(FC_ISA_AVX512))
        return &fc_rowwise_kernel_avx512;
    if (fc_cpu_has(FC_ISA_AVX2))
        return &fc_rowwise_kernel_avx2;
#elif defined __aarch64__
    if (fc_cpu_has(FC_ISA_NEON))
        return &fc_rowwise_kernel_neon;
#endif
    return &fc_rowwise_kernel_base;
}

/* Half a vector takes half the time, or less, where a whole one is two operations, or keeps a CPU to one a cycle. */
static const fc_rowwise_kernel *half_of(const fc_rowwise_kernel *k)
{
#ifdef __x86_64__
    if (k == &fc_rowwise_kernel_avx512)
        return &fc_rowwise_kernel_avx512vl;
#else
    (void)k;
#endif
    return NULL;
}

fc_isa fc_rowwise_isa(const fc_rowwise *s)
{
#ifdef __x86_64__
    if (s->kernel == &fc_rowwise_kernel_avx512)
        return FC_ISA_AVX512;
    if (s->kernel == &fc_rowwise_kernel_avx2)
        return FC_ISA_AVX2;
#elif defined __aarch64__
    if (s->kernel == &fc_rowwise_kernel_neon)
        return FC_ISA_NEON;
#else
    (void)s;
#endif
    return FC_ISA_BASE;
}

static void stage_clear(struct stage *s)
{
    free(s->weights);
    free(s->bias);
    free(s->slope);
}

void fc_rowwise_free(fc_rowwise *s)
{
    if (!s)
        return;
    for (int i = 0; i < s->nchain; i++)
        stage_clear(&s->chain[i]);
    for (int i = 0; i < s->nheads; i++)
        stage_clear(&s->heads[i]);
    free(s);
}

/* Reorders [out][taps] into tiles of at most most output channels. */
static void pack_rows(float *to, const float *from, int channels, size_t taps, int most)
{
    for (int o = 0, n; o < channels; o += n) {
        n = fc_rowwise_tile(channels - o, most);
        for (size_t t = 0; t < taps; t++)
            for (int i = 0; i < n; i++)
                *to++ = from[(size_t)(o + i) * taps + t];
    }
}

/* The same for [out][in][3][kw], each column of three turned into the four factors of F(2,3). */
static void pack_pairs(float *to, const float *from, int channels, int in, int kw, int most)
{
    for (int o = 0, n; o < channels; o += n) {
        n = fc_rowwise_tile(channels - o, most);
        for (int c = 0; c < in; c++)
            for (int k = 0; k < kw; k++, to += 4 * n)
                for (int i = 0; i < n; i++) {
                    const float *g = from + ((size_t)(o + i) * (size_t)in + (size_t)c) * 3 * (size_t)kw + k;
                    float g0 = g[0], g1 = g[kw], g2 = g[2 * kw];
                    to[i] = g0;
                    to[n + i] = (g0 + g1 + g2) / 2;
                    to[2 * n + i] = (g0 - g1 + g2) / 2;
                    to[3 * n + i] = g2;
                }
    }
}

/* The same for [out][in][3][3], each turned into its (m + 2)^2 factors. */
static void pack_tiles(float *to, const float *from, int channels, int in, int m, int most)
{
    const int side = m + 2;

    for (int o = 0, n; o < channels; o += n, to += side * side * in * n) {
        n = fc_rowwise_tile(channels - o, most);
        for (int c = 0; c < in; c++)
            for (int i = 0; i < n; i++)
                fc_winograd_weights(to + c * n + i, in * n,
                                    from + ((size_t)(o + i) * (size_t)in + (size_t)c) * 9, m);
    }
}

/* A dense layer's weights [out][w][h][c], for an input flattened in that order, as [out][c][h][w]. */
static float *unflatten(const float *from, int out, int c, int h, int w)
{
    const size_t taps = (size_t)c * (size_t)h * (size_t)w;
    float *to = malloc((size_t)out * taps * sizeof *to), *p = to;

    for (int o = 0; to && o < out; o++, from += taps)
        for (int k = 0; k < c; k++)
            for (int y = 0; y < h; y++)
                for (int x = 0; x < w; x++)
                    *p++ = from[((size_t)x * (size_t)h + (size_t)y) * (size_t)c + (size_t)k];
    return to;
}

/* Rows of output to make at once: see fc_rowwise_kernel. in: the layer's input, 0 x 0 where any size comes. */
static int rows_at_once(const struct stage *st, const fc_node *in, bool wide)
{
    if (st->kh != 3 || (in->h > 0 && in->h <= 3))
        return 1;
    if (!wide || st->kw != 3)
        return 2;
    return in->h && fc_winograd_products(in->h - 2, 3) < fc_winograd_products(in->h - 2, 4) ? 3 : 4;
}

static int block_of(const struct stage *st, const fc_node *in, const fc_rowwise *net)
{
    if (st->rows > 2 && in->c == FC_ROWWISE_FEW)
        return 1;
    return net->wide && st->rows == 1 && st->kw == in->w ? FC_ROWWISE_DENSE : net->kernel->block[st->rows];
}

/* Floats of packed weights for each of the plain ones, at most: (4 + 2)^2 for 3^2. */
#define PACKED 4

/* A convolution, or a dense layer as a convolution as large as its input. */
static fc_status load_conv(struct stage *st, const fc_node *n, const fc_node *in, const fc_weights *w,
                           const fc_rowwise *net, fc_error *err)
{

    const bool dense = n->op == FC_OP_LINEAR;
    const size_t channels = (size_t)n->c;
    const float *from;
    float *turned = NULL;
    fc_status s;

    if (dense ? in->h < 1 || in->w < 1
              : n->groups != 1 || n->sh != 1 || n->sw != 1 || n->pt || n->pl || n->pb || n->pr)
        return fc_fail(err, FC_EUNSUPPORTED, "rowwise: %s has stride, padding, groups or no fixed size",
                       n->weight);
    *st = (struct stage){
        .channels = n->c, .kh = dense ? in->h : n->kh, .kw = dense ? in->w : n->kw, .stride = 1};
    st->rows = rows_at_once(st, in, net->wide);
    st->block = block_of(st, in, net);
    const size_t taps = (size_t)in->c * (size_t)st->kh * (size_t)st->kw;
    st->weights = malloc(channels * taps * PACKED * sizeof *from);
    st->bias = calloc(channels, sizeof *from);
    if (!st->weights || !st->bias)
        return fc_fail_nomem(err, channels * taps * sizeof *from);
    s = fc_weights_f32(w, n->weight, channels * taps, &from, err);
    if (s)
        return s;
    if (dense && n->flatten == FC_FLATTEN_WHC) {
        from = turned = unflatten(from, n->c, in->c, in->h, in->w);
        if (!turned)
            return fc_fail_nomem(err, channels * taps * sizeof *from);
    }
    if (st->rows == 1)
        pack_rows(st->weights, from, n->c, taps, st->block);
    else if (st->rows == 2)
        pack_pairs(st->weights, from, n->c, in->c, st->kw, st->block);
    else
        pack_tiles(st->weights, from, n->c, in->c, st->rows, st->block);
    free(turned);
    if (*n->bias) {
        s = fc_weights_f32(w, n->bias, channels, &from, err);
        if (s)
            return s;
        memcpy(st->bias, from, channels * sizeof *from);
    }
    return FC_OK;
}

static fc_status load_slope(struct stage *st, const fc_node *n, const fc_weights *w, fc_error *err)
{
    size_t channels = (size_t)n->c;
    const float *from;

    st->slope = calloc(channels, sizeof *st->slope);
    if (!st->slope)
        return fc_fail_nomem(err, channels * sizeof *st->slope);
    if (n->op == FC_OP_PRELU) {
        fc_status s = fc_weights_f32(w, n->weight, channels, &from, err);
        if (s)
            return s;
        memcpy(st->slope, from, channels * sizeof *from);
    }
    return FC_OK;
}

static bool is_output(const fc_graph *g, int node)
{
    for (int i = 0; i < fc_graph_outputs(g); i++) {
        int at = fc_graph_output_at(g, i);
        if (at == node || (fc_graph_node(g, at)->op == FC_OP_SOFTMAX && fc_graph_node(g, at)->in[0] == node))
            return true;
    }
    return false;
}

static fc_status compile(fc_rowwise *net, const fc_graph *g, const fc_weights *w, fc_error *err)
{
    int end = -1; /* the chain's newest value */
    fc_status s = fc_graph_check(g, err);

    for (int i = 0; !s && i < fc_graph_count(g); i++) {
        const fc_node *n = fc_graph_node(g, i), *in = end < 0 ? NULL : fc_graph_node(g, end);
        struct stage *last = net->nchain ? &net->chain[net->nchain - 1] : NULL;
        const bool layer = n->op == FC_OP_CONV || n->op == FC_OP_LINEAR;
        if (n->op == FC_OP_SOFTMAX && is_output(g, n->in[0]))
            continue;
        if (n->op == FC_OP_INPUT && end < 0) {
            net->in_channels = n->c;
            end = i;
            continue;
        }
        if (layer && n->in[0] == end && is_output(g, i) && net->nheads < FC_MAX_INPUTS) {
            struct stage *st = &net->heads[net->nheads++];
            s = load_conv(st, n, in, w, net, err);
            if (!s && (st->kh != 1 || st->kw != 1))
                s = fc_fail(err, FC_EUNSUPPORTED, "rowwise: output %s looks at more than a pixel", n->weight);
            net->head_channels += n->c;
            continue;
        }
        if (n->nin != 1 || n->in[0] != end || net->nheads || net->nchain == MAX_STAGES)
            return fc_fail(err, FC_EUNSUPPORTED, "rowwise: node %d is not part of a chain", i);
        if (layer) {
            s = load_conv(&net->chain[net->nchain++], n, in, w, net, err);
        } else if ((n->op == FC_OP_PRELU || n->op == FC_OP_RELU) && last && !last->pool && !last->slope) {
            s = load_slope(last, n, w, err);
        } else if (n->op == FC_OP_MAXPOOL && n->kh == n->kw && n->sh == n->sw && n->ceil_mode) {
            net->chain[net->nchain++] = (struct stage){
                .pool = true, .rows = 1, .channels = n->c, .kh = n->kh, .kw = n->kw, .stride = n->sh};
        } else {
            return fc_fail(err, FC_EUNSUPPORTED, "rowwise: cannot run node %d", i);
        }
        end = i;
    }
    if (!s && (!net->nheads || !net->nchain))
        s = fc_fail(err, FC_EUNSUPPORTED, "rowwise: the graph has no convolution as its output");
    return s;
}

fc_status fc_rowwise_compile(fc_rowwise **out, const fc_graph *g, const fc_weights *w, bool wide,
                             fc_error *err)
{
    fc_rowwise *net = calloc(1, sizeof *net);
    fc_status s;

    *out = NULL;
    if (!net)
        return fc_fail_nomem(err, sizeof *net);
    net->kernel = best_kernel();
    net->half = wide ? half_of(net->kernel) : NULL;
    net->wide = wide;
    s = compile(net, g, w, err);
    if (s) {
        fc_rowwise_free(net);
        return s;
    }
    *out = net;
    return FC_OK;
}

int fc_rowwise_batch(const fc_rowwise *s)
{
    return s->wide ? s->kernel->lanes : FC_ROWWISE_BATCH;
}

int fc_rowwise_lanes(const fc_rowwise *s, int n)
{
    return s->half && n <= s->half->lanes ? s->half->lanes : fc_rowwise_batch(s);
}

static void ring_clear(struct ring *r)
{
    free(r->data);
    free(r->row);
    r->data = NULL;
    r->row = NULL;
}

void fc_rowwise_session_free(fc_rowwise_session *s)
{
    if (!s)
        return;
    for (int i = 0; i <= s->net->nchain; i++)
        ring_clear(&s->ring[i]);
    free(s->head_data);
    free(s->head_row);
    free(s->under);
    free(s->scratch);
    free(s);
}

/* Whether ring i is a pooling that goes along with the convolution before it: P-Net's first one, of strips. */
static bool pools_along(const fc_rowwise *net, int i)
{
    const struct stage *st = i > 1 ? &net->chain[i - 1] : NULL, *conv = i > 1 ? &net->chain[i - 2] : NULL;
    const int c = i > 2 ? net->chain[i - 3].channels : net->in_channels;

    return st && st->pool && st->kw == 2 && st->stride == 2 && !conv->pool && conv->rows == 4 &&
           conv->kw == 3 && c == FC_ROWWISE_FEW;
}

/* What a kernel wants for a stage whose input has so many channels. */
static int scratch_floats(const struct stage *st, int channels, const fc_rowwise_kernel *kernel)
{
    const int rows = st->rows + 2;

    if (st->rows == 1)
        return 0;
    return st->rows == 2 ? channels * rows * st->kw * kernel->pair_floats
                         : channels * rows * rows * kernel->tile_floats;
}

const fc_rowwise *fc_rowwise_of(const fc_rowwise_session *s)
{
    return s->net;
}

fc_status fc_rowwise_session_new(fc_rowwise_session **out, const fc_rowwise *net, fc_error *err)
{
    fc_rowwise_session *s = calloc(1, sizeof *s);
    int most = 1, widest = 1, scratch;

    *out = NULL;
    if (!s)
        return fc_fail_nomem(err, sizeof *s);
    s->net = net;
    for (int i = 0; i <= net->nchain; i++) {
        const struct stage *next = i < net->nchain ? &net->chain[i] : NULL;
        int channels = i ? net->chain[i - 1].channels : net->in_channels;
        int depth = next ? next->rows + next->kh - 1 : 1;
        /* what goes in several rows at a time may run ahead of its reader by all of them but one */
        s->ring[i].channels = channels;
        s->ring[i].depth = depth + (pools_along(net, i) ? 1 : i ? net->chain[i - 1].rows - 1 : 0);
        if (channels * depth > most)
            most = channels * depth;
        scratch = next ? scratch_floats(next, channels, net->kernel) : 0;
        if (scratch > widest)
            widest = scratch;
    }
    s->under = malloc((size_t)most * sizeof *s->under);
    s->scratch = aligned_alloc(64, (size_t)(widest + 15) / 16 * 64);
    if (!s->under || !s->scratch) {
        fc_rowwise_session_free(s);
        return fc_fail_nomem(err, (size_t)widest * sizeof *s->scratch);
    }
    *out = s;
    return FC_OK;
}

/* n rows of width floats with slack, zero at first so that the slack never holds a NaN. */
static fc_status rows_alloc(float **data, float ***row, size_t n, size_t width, fc_error *err)
{
    size_t stride = (width + FC_ROWWISE_SLACK + 15) / 16 * 16, bytes;

    if (!fc_mul(n * sizeof(float), stride, &bytes))
        return fc_fail_nomem(err, SIZE_MAX);
    *data = fc_zeroed(bytes);
    *row = malloc(n * sizeof **row);
    if (!*data || !*row)
        return fc_fail_nomem(err, bytes);
    for (size_t i = 0; i < n; i++)
        (*row)[i] = *data + i * stride;
    return FC_OK;
}

/* Room for rows of w floats. */
static fc_status reserve(fc_rowwise_session *s, size_t w, fc_error *err)
{
    const fc_rowwise *net = s->net;
    fc_status st = FC_OK;

    if (w <= s->width)
        return FC_OK;
    s->width = 0;
    for (int i = 0; !st && i <= net->nchain; i++) {
        struct ring *r = &s->ring[i];
        ring_clear(r);
        st = rows_alloc(&r->data, &r->row, (size_t)(r->channels * r->depth), w, err);
    }
    free(s->head_data);
    free(s->head_row);
    s->head_data = NULL;
    s->head_row = NULL;
    if (!st)
        st = rows_alloc(&s->head_data, &s->head_row, (size_t)(2 * net->head_channels + net->in_channels), w,
                        err);
    if (!st)
        s->width = w;
    return st;
}

static float **ring_row(const struct ring *r, int y)
{
    return r->row + (size_t)(y % r->depth) * (size_t)r->channels;
}

/* Rows of a convolution's result. */
struct made_rows {
    int y; /* the first; those below it that the stage makes with it come along */
    float *const *out[FC_ROWWISE_MOST]; /* each */
    int from, n;                        /* pixels */
    int pool_to;                        /* as fc_rowwise_conv has it; 0: nothing is pooled */
    float *const *pooled[2];
};

static void conv_rows(fc_rowwise_session *s, const struct stage *st, const struct ring *in,
                      const struct made_rows *m)
{
    const int rows = st->rows + st->kh - 1;
    int at = 0;
    for (int c = 0; c < in->channels; c++)
        for (int k = 0; k < rows; k++) {
            int row = m->y + k < in->h ? m->y + k : in->h - 1; /* the last rows may lie below the result */
            s->under[at++] = ring_row(in, row)[c];
        }
    fc_rowwise_conv p = {.rows = s->under,
                         .nrows = at,
                         .kw = st->kw,
                         .step = s->lanes,
                         .weights = st->weights,
                         .bias = st->bias,
                         .slope = st->slope,
                         .scratch = s->scratch,
                         .channels = st->channels,
                         .block = st->block,
                         .from = m->from * s->lanes,
                         .n = m->n * s->lanes,
                         .pool_to = m->pool_to,
                         .pooled = {m->pooled[0], m->pooled[1]}};
    for (int i = 0; i < st->rows; i++)
        p.out[i] = m->out[i];
    s->kernel->conv[st->rows](&p);
}

/* The largest of two rows of pairs, one float a pixel: what P-Net spends its pooling on. */
static void pool_pairs(float *restrict to, const float *restrict a, const float *restrict b, int n)
{
    for (int x = 0; x < n; x++) {
        float p = a[2 * x] > a[2 * x + 1] ? a[2 * x] : a[2 * x + 1];
        float q = b[2 * x] > b[2 * x + 1] ? b[2 * x] : b[2 * x + 1];
        to[x] = p > q ? p : q;
    }
}

static void max_into(float *restrict to, const float *restrict from, int n)
{
    for (int i = 0; i < n; i++)
        to[i] = from[i] > to[i] ? from[i] : to[i];
}

/* Row y of a pooling, its pixels from from on. */
static void pool_row(const fc_rowwise_kernel *kernel, const struct stage *st, const struct ring *in, int y,
                     float *const *out, int from, int n, int lanes)
{
    const int y0 = y * st->stride, y1 = y0 + st->kh < in->h ? y0 + st->kh : in->h;

    for (int c = 0; c < st->channels; c++) {
        int x = from;
        if (lanes == kernel->lanes && y1 - y0 <= FC_ROWWISE_MOST) {
            fc_rowwise_pool p = {
                .nrows = y1 - y0, .side = st->kw, .stride = st->stride, .out = out[c] + from * lanes};
            for (int i = 0; i < p.nrows; i++)
                p.rows[i] = ring_row(in, y0 + i)[c] + from * st->stride * lanes;
            x = (in->w - st->kw) / st->stride + 1;
            kernel->pool(&p, x - from);
        }
        if (lanes == 1 && st->kw == 2 && st->stride == 2 && y1 - y0 == 2) {
            x = in->w / 2;
            pool_pairs(out[c], ring_row(in, y0)[c], ring_row(in, y0 + 1)[c], x);
        }
        for (; x < n; x++) {
            const int x0 = x * st->stride, x1 = x0 + st->kw < in->w ? x0 + st->kw : in->w;
            float *to = out[c] + x * lanes;
            memcpy(to, ring_row(in, y0)[c] + x0 * lanes, (size_t)lanes * sizeof *to);
            for (int yy = y0; yy < y1; yy++)
                for (int xx = x0; xx < x1; xx++)
                    max_into(to, ring_row(in, yy)[c] + xx * lanes, lanes);
        }
    }
}

/* Row y of the input. Strips are parts of one row; beyond the picture they are zero. */
static void input_row(fc_rowwise_session *s, int y, float **to)
{
    const struct ring *r = &s->ring[0];
    float **whole = s->head_row; /* not in use before the first row of the result, nor after one */
    const int end = (s->lanes - 1) * r->step + r->w + 3;

    if (!s->strip) {
        s->source(s->ctx, y, to);
        return;
    }
    s->source(s->ctx, y, whole);
    for (int c = 0; c < r->channels; c++) {
        for (int x = r->all; x < end; x++)
            whole[c][x] = 0;
        s->kernel->spread(to[c], whole[c], r->step, r->w);
    }
}

/* A pooling's last window may lie half outside: the map's last column stands for those behind it, which a strip makes
 * of zeros. */
static void repeat_last_column(const fc_rowwise_session *s, const struct ring *r, float *const *row)
{
    for (int l = 0; l < s->lanes; l++) {
        const int n = r->all - l * r->step;
        if (n > 0 && n < r->w)
            for (int c = 0; c < r->channels; c++)
                for (int x = n; x < r->w; x++)
                    row[c][x * s->lanes + l] = row[c][(n - 1) * s->lanes + l];
    }
}

/* Tiles reach behind the end of a row of their input, and what they find there is in the rounding of the outputs beside it:
 * it is zero, not what a wider picture left. made: the stage that made the row, whose own tiles may reach further than it;
 * NULL for the input. next: the stage that reads it. */
static void clear_behind(const fc_rowwise_session *s, const struct ring *r, const struct stage *made,
                         const struct stage *next, float *const *row)
{
    const int tile = made && made->rows > 2 ? made->rows : 1;
    const int from = (r->w + tile - 1) / tile * tile, to = r->w + next->rows - 1;

    for (int c = 0; from < to && c < r->channels; c++)
        memset(row[c] + from * s->lanes, 0, (size_t)((to - from) * s->lanes) * sizeof **row);
}

/* When a step that is measured began; it ends where end_step is called with that. */
static double begin_step(const fc_rowwise_session *s)
{
    return s->ms ? fc_now_ms() : 0;
}

static void end_step(fc_rowwise_session *s, int step, double began)
{
    if (s->ms)
        s->ms[step] += fc_now_ms() - began;
}

/* Columns of a map before the first strip's end, in whole tiles: repeat_last_column wants that end. */
static int columns_before_ends(const fc_rowwise_session *s, const struct ring *r)
{
    int before = r->w;
    for (int l = 0; l < s->lanes; l++) {
        const int n = r->all - l * r->step;
        if (n > 0 && n <= before)
            before = n - 1;
    }
    return before / 4 * 4;
}

/* Two rows of ring i, a pooling, with four of the convolution before it, of which only those are kept that lie at an end of
 * the map. */
static void draw_along(fc_rowwise_session *s, int i)
{
    struct ring *r = &s->ring[i], *map = &s->ring[i - 1];
    const struct ring *in = &s->ring[i - 2];
    const struct stage *pool = &s->net->chain[i - 1], *conv = &s->net->chain[i - 2];
    const struct stage *next = i < s->net->nchain && s->net->chain[i].rows > 2 ? &s->net->chain[i] : NULL;
    struct made_rows m = {
        .y = map->next, .n = map->w, .pooled = {ring_row(r, r->next), ring_row(r, r->next + 1)}};

    if (m.y + 4 <= map->h)
        m.pool_to = columns_before_ends(s, map);
    for (int k = 0; k < 4; k++)
        m.out[k] = ring_row(map, m.y + k);
    double began = begin_step(s);
    conv_rows(s, conv, in, &m);
    end_step(s, i - 1, began);
    began = begin_step(s);
    for (int k = 0; k < 4; k++)
        repeat_last_column(s, map, m.out[k]);
    for (int k = 0; k < 2 && r->next + k < r->h; k++) {
        pool_row(s->kernel, pool, map, r->next + k, m.pooled[k], m.pool_to / 2, r->w, s->lanes);
        if (next)
            clear_behind(s, r, pool, next, m.pooled[k]);
    }
    end_step(s, i, began);
    map->next += 4;
    r->next += 2;
}

/* Makes rows of ring i until row y is there. */
static void draw(fc_rowwise_session *s, int i, int y)
{
    struct ring *r = &s->ring[i];
    const bool tiles = i < s->net->nchain && s->net->chain[i].rows > 2;
    const struct stage *next = tiles ? &s->net->chain[i] : NULL;
    while (r->next <= y) {
        struct made_rows m = {.y = r->next, .out = {ring_row(r, r->next)}, .n = r->w};
        if (i == 0) {
            const double began = begin_step(s);
            input_row(s, r->next, ring_row(r, r->next));
            if (next)
                clear_behind(s, r, NULL, next, m.out[0]);
            end_step(s, 0, began);
            r->next++;
            continue;
        }
        const struct stage *st = &s->net->chain[i - 1];
        const struct ring *in = &s->ring[i - 1];
        if (s->strip && pools_along(s->net, i)) {
            const int under = in->next + 5;
            draw(s, i - 2, under < s->ring[i - 2].h ? under : s->ring[i - 2].h - 1);
            draw_along(s, i);
            continue;
        }
        int last = (r->next + st->rows - 1) * st->stride + st->kh - 1;
        draw(s, i - 1, last < in->h ? last : in->h - 1);
        for (int k = 1; k < st->rows; k++)
            m.out[k] = ring_row(r, r->next + k);
        const double began = begin_step(s);
        if (st->pool)
            pool_row(s->kernel, st, in, r->next, m.out[0], 0, r->w, s->lanes);
        else
            conv_rows(s, st, in, &m);
        for (int k = 0; s->strip && i < s->net->nchain && s->net->chain[i].pool && k < st->rows; k++)
            repeat_last_column(s, r, m.out[k]);
        for (int k = 0; next && k < st->rows; k++)
            clear_behind(s, r, st, next, m.out[k]);
        end_step(s, i, began);
        r->next += st->rows;
    }
}

static int pooled(int n, int k, int stride)
{
    return n < k ? (n > 0) : (n - k + stride - 1) / stride + 1;
}

/* Sizes of all maps; false where there is no output. */
static bool set_sizes(fc_rowwise_session *s, int w, int h)
{
    for (int i = 0; i <= s->net->nchain; i++) {
        struct ring *r = &s->ring[i];
        if (i) {
            const struct stage *g = &s->net->chain[i - 1];
            w = g->pool ? pooled(w, g->kw, g->stride) : w - g->kw + 1;
            h = g->pool ? pooled(h, g->kh, g->stride) : h - g->kh + 1;
        }
        if (w < 1 || h < 1)
            return false;
        r->w = r->all = w;
        r->h = h;
        r->next = 0;
    }
    return true;
}

/* Cuts the picture: a strip makes strip columns of the result, a lane has a strip. */
static void cut(fc_rowwise_session *s)
{
    const int columns = s->ring[s->net->nchain].all;
    int w = s->strip = (columns + s->lanes - 1) / s->lanes, step = w;

    for (int i = s->net->nchain; i >= 0; i--) {
        s->ring[i].w = w;
        s->ring[i].step = step;
        if (i) {
            const struct stage *g = &s->net->chain[i - 1];
            w = (w - 1) * g->stride + g->kw;
            step *= g->stride;
        }
    }
}

/* A row of outputs to the sink. Of strips: as one row of the picture. */
static fc_status deliver(fc_rowwise_session *s, int y, fc_error *err)
{
    const struct ring *end = &s->ring[s->net->nchain];
    const int channels = s->first ? s->net->heads[0].channels : s->net->head_channels;
    float **row = s->head_row;

    if (s->strip) {
        row += s->net->head_channels;
        for (int c = 0; c < channels; c++)
            s->kernel->gather(row[c], s->head_row[c], s->strip);
    }
    return s->sink(s->ctx, y, (const float *const *)row, end->all, err);
}

/* Outputs from..to - 1, of pixels x to n - 1 of row y. */
static void make_outputs(fc_rowwise_session *s, int from, int to, int y, int x, int n)
{
    const fc_rowwise *net = s->net;
    float *const *out = s->head_row;

    for (int i = 0; i < to; out += net->heads[i++].channels) {
        if (i < from)
            continue;
        const struct made_rows m = {.y = y, .out = {out}, .from = x, .n = n};
        const double began = begin_step(s);
        conv_rows(s, &net->heads[i], &s->ring[net->nchain], &m);
        end_step(s, 1 + net->nchain + i, began);
    }
}

/* Where pixel x of a row is in its strip, and which lane has that. */
static int lane_of(const fc_rowwise_session *s, int x, int *at)
{
    *at = s->strip ? x % s->strip : x;
    return s->strip ? x / s->strip : 0;
}

void fc_rowwise_others(fc_rowwise_session *s, int x, float *to)
{
    int at;
    const int lane = lane_of(s, x, &at);

    make_outputs(s, 1, s->net->nheads, s->y, at, at + 1);
    for (int c = s->net->heads[0].channels; c < s->net->head_channels; c++)
        *to++ = s->head_row[c][at * s->lanes + lane];
}

void fc_rowwise_window(const fc_rowwise_session *s, int x, float *to, int step)
{
    const struct stage *last = &s->net->chain[s->net->nchain - 1];
    const struct ring *in = &s->ring[s->net->nchain - 1];
    int at;
    const int lane = lane_of(s, x, &at);

    for (int c = 0; c < in->channels; c++)
        for (int k = 0; k < last->kh; k++) {
            const float *from = ring_row(in, s->y + k)[c] + at * s->lanes + lane;
            for (int j = 0; j < last->kw; j++, to += step)
                *to = from[j * s->lanes];
        }
}

static fc_status run(fc_rowwise_session *s, int lanes, bool strips, int w, int h, fc_error *err)
{
    const fc_rowwise *net = s->net;
    const struct ring *end = &s->ring[net->nchain];
    size_t width;
    fc_status st;

    if (!set_sizes(s, w, h))
        return FC_OK;
    s->lanes = lanes;
    s->kernel = net->half && lanes == net->half->lanes ? net->half : net->kernel;
    s->strip = 0;
    if (strips)
        cut(s);
    if (!fc_mul((size_t)s->ring[0].w, (size_t)lanes, &width))
        return fc_fail_nomem(err, SIZE_MAX);
    st = reserve(s, width > (size_t)w ? width : (size_t)w, err);
    for (s->y = 0; !st && s->y < end->h; s->y++) {
        draw(s, net->nchain, s->y);
        make_outputs(s, 0, s->first ? 1 : net->nheads, s->y, 0, end->w);
        st = deliver(s, s->y, err);
    }
    return st;
}

static fc_status run_picture(fc_rowwise_session *s, bool first, int w, int h, fc_rowwise_source *source,
                             fc_rowwise_sink *sink, void *ctx, fc_error *err)
{
    s->source = source;
    s->sink = sink;
    s->ctx = ctx;
    s->first = first;
    return run(s, s->net->wide ? s->net->kernel->lanes : 1, s->net->wide, w, h, err);
}

fc_status fc_rowwise_run(fc_rowwise_session *s, int w, int h, fc_rowwise_source *source,
                         fc_rowwise_sink *sink, void *ctx, fc_error *err)
{
    return run_picture(s, false, w, h, source, sink, ctx, err);
}

fc_status fc_rowwise_run_first(fc_rowwise_session *s, int w, int h, fc_rowwise_source *source,
                               fc_rowwise_sink *sink, void *ctx, fc_error *err)
{
    return run_picture(s, true, w, h, source, sink, ctx, err);
}

fc_status fc_rowwise_run_batch(fc_rowwise_session *s, int n, int w, int h, fc_rowwise_source *source,
                               fc_rowwise_sink *sink, void *ctx, fc_error *err)
{
    s->source = source;
    s->sink = sink;
    s->ctx = ctx;
    s->first = false;
    return run(s, fc_rowwise_lanes(s->net, n), false, w, h, err);
}

void fc_rowwise_spread(const fc_rowwise_session *s, float *to, const float *from, int step, int n)
{
    s->kernel->spread(to, from, step, n);
}

/* ---- what runs ----------------------------------------------------------------------------------------- */

int fc_rowwise_layers(const fc_rowwise *s)
{
    return 1 + s->nchain + s->nheads;
}

static void set_shape(fc_layer_facts *f, const struct stage *st, int c, int w, int h)
{
    *f = (fc_layer_facts){
        .c = c, .w = w, .h = h, .oc = st->channels, .kw = st->kw, .kh = st->kh, .stride = st->stride};
    f->ow = st->pool ? pooled(w, st->kw, st->stride) : w - st->kw + 1;
    f->oh = st->pool ? pooled(h, st->kh, st->stride) : h - st->kh + 1;
    if (!st->pool)
        f->weights = (double)sizeof(float) * st->kw * st->kh * c * st->channels;
    f->flops = f->weights / sizeof(float) * 2 * f->ow * f->oh;
}

void fc_rowwise_layer(const fc_rowwise *s, int i, int w, int h, fc_layer_facts *out)
{
    static const char *const ways[] = {"", "", " f23", " f33",
                                       " f43"}; /* by rows at once: Winograd's tiles */
    const char *step = "input";
    int rows = 1;
    char isa[24];

    *out = (fc_layer_facts){.c = s->in_channels,
                            .w = w,
                            .h = h,
                            .oc = s->in_channels,
                            .ow = w,
                            .oh = h,
                            .maps = (double)sizeof(float) * s->in_channels * w * h};
    for (int k = 1; k <= i; k++) {
        const struct stage *st = k <= s->nchain ? &s->chain[k - 1] : &s->heads[k - 1 - s->nchain];
        if (k > s->nchain && k < i)
            continue; /* outputs have one input, the chain's end */
        set_shape(out, st, out->oc, out->ow, out->oh);
        step = st->pool ? "maxpool" : st->kw == w && st->kh == h ? "linear" : "conv";
        rows = st->pool ? 1 : st->rows;
    }
    snprintf(isa, sizeof isa, "%s", fc_isa_name(fc_rowwise_isa(s)));
    for (char *c = isa; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    snprintf(out->step, sizeof out->step, "%s", step);
    snprintf(out->kernel, sizeof out->kernel, "rowwise%s:%s", ways[rows], isa);
}

void fc_rowwise_measure(fc_rowwise_session *s, double *ms)
{
    s->ms = ms;
}
