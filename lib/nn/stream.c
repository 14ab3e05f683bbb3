#include "nn/stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/size.h"
#include "nn/pages.h"
#include "nn/stream_impl.h"

#define MAX_STAGES 16

/* A layer of the chain: a convolution with what follows it at each pixel, or a pooling. */
struct stage {
    bool pool;
    bool pairs;   /* two rows of output are made at once: one multiplication in three is saved */
    int channels; /* of the result */
    int kh, kw, stride;
    float *weights, *bias, *slope; /* slope NULL: none. A ReLU has slopes of 0 */
};

struct fc_stream {
    int in_channels;
    struct stage chain[MAX_STAGES];
    int nchain;
    struct stage heads[FC_MAX_INPUTS];
    int nheads, head_channels;
    const fc_stream_kernel *kernel;
};

/* The newest rows of a layer's result: row y of channel c at row[(y % depth) * channels + c]. */
struct ring {
    float *data;
    float **row;
    int channels, depth;
    int w, h; /* of the map in this run */
    int next; /* first row not made yet */
};

struct fc_stream_session {
    const fc_stream *net;
    struct ring ring[MAX_STAGES + 1]; /* [0]: the input; [i + 1]: chain[i]'s result */
    float *head_data;
    float **head_row;
    const float **under; /* pointers for one convolution row or pair */
    float *scratch;
    size_t width; /* in floats, that the buffers have room for */
    int lanes;    /* floats in a pixel: 1, or FC_STREAM_BATCH */
    fc_stream_source *source;
    void *ctx;
};

static const fc_stream_kernel *best_kernel(void)
{
#ifdef __x86_64__
    if (fc_cpu_has(FC_ISA_AVX512))
        return &fc_stream_kernel_avx512;
    if (fc_cpu_has(FC_ISA_AVX2))
        return &fc_stream_kernel_avx2;
#endif
    return &fc_stream_kernel_base;
}

static void stage_clear(struct stage *s)
{
    free(s->weights);
    free(s->bias);
    free(s->slope);
}

void fc_stream_free(fc_stream *s)
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
        n = fc_stream_tile(channels - o, most);
        for (size_t t = 0; t < taps; t++)
            for (int i = 0; i < n; i++)
                *to++ = from[(size_t)(o + i) * taps + t];
    }
}

/* The same for [out][in][3][kw], each column of three turned into the four factors of F(2,3). */
static void pack_pairs(float *to, const float *from, int channels, int in, int kw, int most)
{
    for (int o = 0, n; o < channels; o += n) {
        n = fc_stream_tile(channels - o, most);
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

/* A convolution, or a dense layer as a convolution as large as its input. */
static fc_status load_conv(struct stage *st, const fc_node *n, const fc_node *in, const fc_weights *w,
                           const fc_stream_kernel *kernel, fc_error *err)
{
    const bool dense = n->op == FC_OP_LINEAR;
    const size_t channels = (size_t)n->c;
    const float *from;
    float *turned = NULL;
    fc_status s;

    if (dense ? in->h < 1 || in->w < 1
              : n->groups != 1 || n->sh != 1 || n->sw != 1 || n->pt || n->pl || n->pb || n->pr)
        return fc_fail(err, FC_EUNSUPPORTED, "stream engine: %s has stride, padding, groups or no fixed size",
                       n->weight);
    *st = (struct stage){
        .channels = n->c, .kh = dense ? in->h : n->kh, .kw = dense ? in->w : n->kw, .stride = 1};
    st->pairs = st->kh == 3 && (in->h == 0 || in->h > 3);
    const size_t taps = (size_t)in->c * (size_t)st->kh * (size_t)st->kw;
    st->weights = malloc(channels * taps * 2 * sizeof *from); /* pairs take 4/3 */
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
    if (st->pairs)
        pack_pairs(st->weights, from, n->c, in->c, st->kw, kernel->pair_channels);
    else
        pack_rows(st->weights, from, n->c, taps, kernel->row_channels);
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

static fc_status compile(fc_stream *net, const fc_graph *g, const fc_weights *w, fc_error *err)
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
            s = load_conv(st, n, in, w, net->kernel, err);
            if (!s && (st->kh != 1 || st->kw != 1))
                s = fc_fail(err, FC_EUNSUPPORTED, "stream engine: output %s looks at more than a pixel",
                            n->weight);
            net->head_channels += n->c;
            continue;
        }
        if (n->nin != 1 || n->in[0] != end || net->nheads || net->nchain == MAX_STAGES)
            return fc_fail(err, FC_EUNSUPPORTED, "stream engine: node %d is not part of a chain", i);
        if (layer) {
            s = load_conv(&net->chain[net->nchain++], n, in, w, net->kernel, err);
        } else if ((n->op == FC_OP_PRELU || n->op == FC_OP_RELU) && last && !last->pool && !last->slope) {
            s = load_slope(last, n, w, err);
        } else if (n->op == FC_OP_MAXPOOL && n->kh == n->kw && n->sh == n->sw && n->ceil_mode) {
            net->chain[net->nchain++] =
                (struct stage){.pool = true, .channels = n->c, .kh = n->kh, .kw = n->kw, .stride = n->sh};
        } else {
            return fc_fail(err, FC_EUNSUPPORTED, "stream engine: cannot run node %d", i);
        }
        end = i;
    }
    if (!s && (!net->nheads || !net->nchain))
        s = fc_fail(err, FC_EUNSUPPORTED, "stream engine: the graph has no convolution as its output");
    return s;
}

fc_status fc_stream_compile(fc_stream **out, const fc_graph *g, const fc_weights *w, fc_error *err)
{
    fc_stream *net = calloc(1, sizeof *net);
    fc_status s;

    *out = NULL;
    if (!net)
        return fc_fail_nomem(err, sizeof *net);
    net->kernel = best_kernel();
    s = compile(net, g, w, err);
    if (s) {
        fc_stream_free(net);
        return s;
    }
    *out = net;
    return FC_OK;
}

static void ring_clear(struct ring *r)
{
    free(r->data);
    free(r->row);
    r->data = NULL;
    r->row = NULL;
}

void fc_stream_session_free(fc_stream_session *s)
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

fc_status fc_stream_session_new(fc_stream_session **out, const fc_stream *net, fc_error *err)
{
    fc_stream_session *s = calloc(1, sizeof *s);
    int most = 1, widest = 1;

    *out = NULL;
    if (!s)
        return fc_fail_nomem(err, sizeof *s);
    s->net = net;
    for (int i = 0; i <= net->nchain; i++) {
        const struct stage *next = i < net->nchain ? &net->chain[i] : NULL;
        int channels = i ? net->chain[i - 1].channels : net->in_channels;
        int depth = !next ? 1 : next->pairs ? 4 : next->kh;
        /* rows that go in two at a time run one ahead of a reader that takes them singly */
        if (i && net->chain[i - 1].pairs)
            depth = (depth + 1 + !(next && next->pairs)) / 2 * 2;
        s->ring[i].channels = channels;
        s->ring[i].depth = depth;
        if (channels * depth > most)
            most = channels * depth;
        if (next && channels * 4 * next->kw > widest)
            widest = channels * 4 * next->kw;
    }
    s->under = malloc((size_t)most * sizeof *s->under);
    s->scratch = aligned_alloc(64, (size_t)(widest * net->kernel->pair_floats + 15) / 16 * 64);
    if (!s->under || !s->scratch) {
        fc_stream_session_free(s);
        return fc_fail_nomem(err, (size_t)(widest * net->kernel->pair_floats) * sizeof *s->scratch);
    }
    *out = s;
    return FC_OK;
}

/* n rows of width floats with slack, zero at first so that the slack never holds a NaN. */
static fc_status rows_alloc(float **data, float ***row, size_t n, size_t width, fc_error *err)
{
    size_t stride = (width + FC_STREAM_SLACK + 15) / 16 * 16, bytes;

    if (!fc_mul(n * sizeof(float), stride, &bytes))
        return fc_fail_nomem(err, (size_t)-1);
    *data = fc_zeroed(bytes);
    *row = malloc(n * sizeof **row);
    if (!*data || !*row)
        return fc_fail_nomem(err, bytes);
    for (size_t i = 0; i < n; i++)
        (*row)[i] = *data + i * stride;
    return FC_OK;
}

/* Room for rows of w floats. */
static fc_status reserve(fc_stream_session *s, size_t w, fc_error *err)
{
    const fc_stream *net = s->net;
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
        st = rows_alloc(&s->head_data, &s->head_row, (size_t)net->head_channels, w, err);
    if (!st)
        s->width = w;
    return st;
}

static float **ring_row(const struct ring *r, int y)
{
    return r->row + (size_t)(y % r->depth) * (size_t)r->channels;
}

/* Row y of the result, and row y + 1 too where the stage works in pairs. */
static void conv_rows(fc_stream_session *s, const struct stage *st, const struct ring *in, int y,
                      float *const *out, float *const *out2, int n)
{
    const int rows = out2 ? 4 : st->kh;
    int at = 0;
    for (int c = 0; c < in->channels; c++)
        for (int k = 0; k < rows; k++) {
            int from = y + k < in->h ? y + k : in->h - 1; /* a pair's second row may lie below the result */
            s->under[at++] = ring_row(in, from)[c];
        }
    fc_stream_conv p = {.rows = s->under,
                        .nrows = at,
                        .kw = st->kw,
                        .step = s->lanes,
                        .weights = st->weights,
                        .bias = st->bias,
                        .slope = st->slope,
                        .out = out,
                        .out2 = out2,
                        .scratch = s->scratch,
                        .channels = st->channels,
                        .n = n * s->lanes};
    if (out2)
        s->net->kernel->pair(&p);
    else
        s->net->kernel->row(&p);
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

static void pool_row(const struct stage *st, const struct ring *in, int y, float *const *out, int n,
                     int lanes)
{
    const int y0 = y * st->stride, y1 = y0 + st->kh < in->h ? y0 + st->kh : in->h;

    for (int c = 0; c < st->channels; c++) {
        int x = 0;
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

/* Makes rows of ring i until row y is there. */
static void draw(fc_stream_session *s, int i, int y)
{
    struct ring *r = &s->ring[i];
    while (r->next <= y) {
        float **out = ring_row(r, r->next);
        if (i == 0) {
            s->source(s->ctx, r->next++, out);
            continue;
        }
        const struct stage *st = &s->net->chain[i - 1];
        const struct ring *in = &s->ring[i - 1];
        const int made = st->pairs ? 2 : 1;
        int last = (r->next + made - 1) * st->stride + st->kh - 1;
        draw(s, i - 1, last < in->h ? last : in->h - 1);
        if (st->pool)
            pool_row(st, in, r->next, out, r->w, s->lanes);
        else
            conv_rows(s, st, in, r->next, out, made == 2 ? ring_row(r, r->next + 1) : NULL, r->w);
        r->next += made;
    }
}

static int pooled(int n, int k, int stride)
{
    return n < k ? (n > 0) : (n - k + stride - 1) / stride + 1;
}

static fc_status run(fc_stream_session *s, int lanes, int w, int h, fc_stream_source *source,
                     fc_stream_sink *sink, void *ctx, fc_error *err)
{
    const fc_stream *net = s->net;
    const struct ring *end = &s->ring[net->nchain];
    size_t width;
    fc_status st;

    if (!fc_mul((size_t)w, (size_t)lanes, &width))
        return fc_fail_nomem(err, (size_t)-1);
    for (int i = 0; i <= net->nchain; i++) {
        struct ring *r = &s->ring[i];
        if (i) {
            const struct stage *g = &net->chain[i - 1];
            w = g->pool ? pooled(w, g->kw, g->stride) : w - g->kw + 1;
            h = g->pool ? pooled(h, g->kh, g->stride) : h - g->kh + 1;
        }
        if (w < 1 || h < 1)
            return FC_OK;
        r->w = w;
        r->h = h;
        r->next = 0;
    }
    st = reserve(s, width, err);
    s->lanes = lanes;
    s->source = source;
    s->ctx = ctx;
    for (int y = 0; !st && y < end->h; y++) {
        float **out = s->head_row;
        draw(s, net->nchain, y);
        for (int i = 0; i < net->nheads; i++) {
            conv_rows(s, &net->heads[i], end, y, out, NULL, end->w);
            out += net->heads[i].channels;
        }
        st = sink(ctx, y, (const float *const *)s->head_row, end->w, err);
    }
    return st;
}

fc_status fc_stream_run(fc_stream_session *s, int w, int h, fc_stream_source *source, fc_stream_sink *sink,
                        void *ctx, fc_error *err)
{
    return run(s, 1, w, h, source, sink, ctx, err);
}

fc_status fc_stream_run_batch(fc_stream_session *s, int w, int h, fc_stream_source *source,
                              fc_stream_sink *sink, void *ctx, fc_error *err)
{
    return run(s, FC_STREAM_BATCH, w, h, source, sink, ctx, err);
}
