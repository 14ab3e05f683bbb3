/*
 * oneDNN's convolutions, and nhwc.h for the rest. Maps lie in memory as [h][w][c], the one order for which
 * oneDNN 2.6 has fast convolutions on SSE4.1, AVX2, AVX-512 and AMX alike.
 *
 * oneDNN built on OpenMP takes as many threads as OpenMP offers to the thread that calls it, both when a primitive is
 * made and when it runs. A session belongs to one thread and stays on it.
 */
#include <ctype.h>
#include <omp.h>
#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/error.h"
#include "engines/engine_impl.h"
#include "nn/fold.h"
#include "kernels/conv_amx.h"
#include "engines/onednn_conv.h"
#include "nn/arena.h"
#include "nn/plan.h"

#define CONV_ARGS 5

/* A step, compiled. */
typedef struct op {
    fc_nhwc_fn *fn;        /* NULL: oneDNN's convolution */
    fc_nhwc_op map;        /* its pointers to maps are set in a session */
    ptrdiff_t src[2], dst; /* bytes into the arena; -1: the caller's input */
    const fc_onednn_conv *conv;
    dnnl_memory_t weights, bias;
    ptrdiff_t scratch; /* bytes into the arena; -1: none */
    fc_layer_facts facts;
} op;

typedef struct net {
    fc_net base;
    dnnl_engine_t engine;
    const fc_nhwc_kernels *kernels;
    fc_arena weights;
    fc_onednn_conv *conv; /* that differ */
    int nconvs;
    op *op;
    int nops;
    size_t *output; /* [noutputs] bytes into the arena */
    int noutputs;
    size_t arena, input; /* bytes */
} net;

typedef struct run_op {
    fc_nhwc_fn *fn;
    fc_nhwc_op map;
    dnnl_primitive_t conv;
    dnnl_exec_arg_t arg[CONV_ARGS];
} run_op;

typedef struct session {
    fc_session base;
    dnnl_stream_t stream;
    uint8_t *arena;
    size_t arena_size, input_size;
    run_op *op;
    int nops;
} session;

static int one_thread(void)
{
    int before = omp_get_max_threads();
    if (before != 1)
        omp_set_num_threads(1);
    return before;
}

static void threads_back(int before)
{
    if (before != 1)
        omp_set_num_threads(before);
}

static fc_status failed(fc_error *err, dnnl_status_t s, const char *what)
{
    if (s == dnnl_out_of_memory)
        return fc_fail(err, FC_ENOMEM, "oneDNN: %s: out of memory", what);
    return fc_fail(err, FC_EENGINE, "oneDNN: %s: %s", what, dnnl_status2str(s));
}

static dnnl_status_t held_status;

static void hold(void)
{
    static const dnnl_cpu_isa_t isa[] = {[FC_ISA_SSE41] = dnnl_cpu_isa_sse41,
                                         [FC_ISA_AVX2] = dnnl_cpu_isa_avx2,
                                         [FC_ISA_AVX512] = dnnl_cpu_isa_avx512_core,
                                         [FC_ISA_AVX512_VNNI] = dnnl_cpu_isa_avx512_core_vnni,
                                         [FC_ISA_AVX512_BF16] = dnnl_cpu_isa_avx512_core_bf16};
    if (fc_cpu_held() < FC_ISA_AMX)
        held_status = dnnl_set_max_cpu_isa(isa[fc_cpu_held()]);
}

/* Before anything else is asked of oneDNN: it uses what our own kernels may use. */
static dnnl_status_t hold_onednn(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, hold);
    return held_status;
}

/* The CPU has the level, and oneDNN, which its caller may have held by its own means, uses it. */
static bool has_isa(fc_isa level, dnnl_cpu_isa_t isa)
{
    return fc_cpu_has(level) && !hold_onednn() && (dnnl_get_effective_cpu_isa() & isa) == isa;
}

static bool has_tiles(void)
{
    return has_isa(FC_ISA_AMX, dnnl_cpu_isa_avx512_core_amx);
}

/* What the compiler of one net carries along. */
typedef struct compiler {
    net *n;
    const fc_graph *g;
    fc_folder fold;
    fc_plan plan;
    bool bf16;
    fc_error *err;
} compiler;

/* ---- convolutions ----------------------------------------------------------------------------------- */

/* The primitive for a shape, from those already made where there is one. Room for it is there. */
static fc_status find_conv(compiler *c, const fc_onednn_conv **out, const fc_onednn_shape *p,
                           const char *name)
{
    net *n = c->n;
    fc_onednn_conv *q;
    dnnl_status_t s;

    for (int i = 0; i < n->nconvs; i++)
        if (memcmp(&n->conv[i].shape, p, sizeof *p) == 0) {
            *out = &n->conv[i];
            return FC_OK;
        }
    q = &n->conv[n->nconvs++];
    memcpy(&q->shape, p, sizeof *p);
    *out = q;
    s = fc_onednn_conv_make(q, n->engine);
    return s ? failed(c->err, s, name) : FC_OK;
}

static fc_status pack_weights(compiler *c, op *o, const float *from, const char *name)
{
    dnnl_status_t d;
    void *to;
    fc_status s = fc_fold_take(&c->fold, &to, fc_onednn_conv_weights(o->conv), 1);

    if (s)
        return s;
    d = fc_onednn_conv_pack(&o->weights, o->conv, c->n->engine, from, to);
    return d ? failed(c->err, d, name) : FC_OK;
}

/* Convolutions of few pixels, which nhwc.h does: oneDNN waits for their weights. */
static bool has_few_pixels(const compiler *c, const fc_step *st, const fc_nhwc_op *m)
{
    return c->n->kernels->conv && fc_graph_node(c->g, st->node)->groups == 1 && m->in == FC_ELEM_F32 &&
           m->out == FC_ELEM_F32 && fc_nhwc_few(m);
}

/* weights: [c][n][kh][kw] */
static fc_status pack_panels(compiler *c, fc_nhwc_op *m, const float *weights)
{
    const size_t taps = (size_t)m->kh * (size_t)m->kw;
    void *to, *zeros;
    float *w;
    fc_status s;

    if ((s = fc_fold_take(&c->fold, &to, (size_t)m->c * m->n * taps, sizeof *w)) ||
        (s = fc_fold_take(&c->fold, &zeros, m->n, sizeof *w)))
        return s;
    w = to;
    for (size_t o = 0; o < (size_t)m->c; o += FC_NHWC_PANEL)
        for (size_t t = 0; t < taps; t++)
            for (size_t i = 0; i < m->n; i++)
                for (size_t k = o; k < o + FC_NHWC_PANEL; k++)
                    *w++ = weights[(k * m->n + i) * taps + t];
    m->weights = m->next = to;
    m->zeros = zeros;
    return FC_OK;
}

/* 3x3 convolutions that take a third of the products in Winograd's tiles. */
static bool is_tiled(const compiler *c, const fc_step *st, const fc_nhwc_op *m)
{
    return c->n->kernels->tiles && fc_graph_node(c->g, st->node)->groups == 1 && m->in == FC_ELEM_F32 &&
           m->out == FC_ELEM_F32 && fc_nhwc_tiled(m);
}

static fc_status pack_winograd(compiler *c, fc_step *st, fc_nhwc_op *m, const float *weights)
{
    const int lanes = c->n->kernels->lanes;
    void *to, *zeros;
    fc_status s;

    if ((s = fc_fold_take(&c->fold, &to, fc_nhwc_tiles_weights(m, lanes), sizeof(float))) ||
        (s = fc_fold_take(&c->fold, &zeros, m->n, sizeof(float))))
        return s;
    fc_nhwc_tiles_pack(m, lanes, weights, to);
    m->weights = to;
    m->zeros = zeros;
    st->scratch = fc_nhwc_tiles_scratch(m, lanes);
    return FC_OK;
}

/* Convolutions for matrix tiles, where oneDNN would use them, too. */
static bool is_for_tiles(const compiler *c, const fc_step *st, const fc_nhwc_op *m)
{
    return fc_graph_node(c->g, st->node)->groups == 1 && has_tiles() && fc_conv_amx_fit(m);
}

static fc_status pack_tiles(compiler *c, fc_step *st, fc_nhwc_op *m, const float *weights)
{
    void *to;
    fc_status s = fc_fold_take(&c->fold, &to, fc_conv_amx_weights(m), sizeof(uint16_t));

    if (s)
        return s;
    fc_conv_amx_pack(m, weights, to);
    m->weights = to;
    st->scratch = fc_conv_amx_scratch(m);
    return FC_OK;
}

/* A convolution of our own; *own: it is one. */
static fc_status compile_own_conv(compiler *c, fc_step *st, op *o, fc_nhwc_op *m, const float *weights,
                                  bool *own)
{
    const fc_nhwc_kernels *k = c->n->kernels;
    fc_status s;

    o->fn = is_for_tiles(c, st, m)     ? fc_conv_amx
            : is_tiled(c, st, m)       ? k->tiles
            : has_few_pixels(c, st, m) ? k->conv
                                       : NULL;
    *own = o->fn;
    if (!*own)
        return FC_OK;
    s = fc_fold_slopes(&c->fold, &m->post, st->post);
    if (!s)
        s = o->fn == fc_conv_amx ? pack_tiles(c, st, m, weights)
            : o->fn == k->tiles  ? pack_winograd(c, st, m, weights)
                                 : pack_panels(c, m, weights);
    o->map = *m;
    return s;
}

static fc_status compile_conv(compiler *c, fc_step *st, op *o)
{
    const fc_node *n = fc_graph_node(c->g, st->node);
    const fc_value *in = &c->plan.value[st->src[0]], *out = &c->plan.value[st->dst];
    const size_t each = (size_t)(in->c / n->groups) * (size_t)n->kh * (size_t)n->kw;
    const float *weights, *bias = NULL;
    float *merged = NULL;
    fc_nhwc_op m = {.in = in->elem, .out = out->elem, .src_ld = {in->ld}, .dst_ld = out->ld, .c = n->c};
    dnnl_memory_desc_t md;
    dnnl_status_t d;
    fc_onednn_shape p;
    bool own = false;
    fc_status s;

    m.h = in->h, m.w = in->w, m.oh = out->h, m.ow = out->w, m.n = (size_t)in->c;
    m.kh = n->kh, m.kw = n->kw, m.sh = n->sh, m.sw = n->sw, m.pt = n->pt, m.pl = n->pl;
    m.alpha = st->sum;
    memset(&p, 0, sizeof p); /* its padding is compared, too */
    p.ic = in->c, p.oc = n->c, p.h = in->h, p.w = in->w, p.oh = out->h, p.ow = out->w;
    p.kh = n->kh, p.kw = n->kw, p.sh = n->sh, p.sw = n->sw;
    p.pt = n->pt, p.pl = n->pl, p.pb = n->pb, p.pr = n->pr, p.groups = n->groups;
    p.sum = st->sum, p.relu = st->post >= 0, p.in = in->elem, p.out = out->elem;
    if (st->inner >= 0) {
        s = fc_fold_merged(&c->fold, &merged, st, in->c);
        weights = merged;
    } else {
        s = fc_fold_batchnorm(&c->fold, n->c, n->bias, st->batchnorm, st->scale);
        if (!s)
            s = fc_fold_weights(&c->fold, &weights, n, each);
    }
    if (!s)
        s = fc_fold_shift(&c->fold, &bias, n->c);
    m.bias = bias;
    if (!s)
        s = compile_own_conv(c, st, o, &m, weights, &own);
    if (s || own) {
        free(merged);
        return s;
    }
    if (!s)
        s = find_conv(c, &o->conv, &p, n->weight);
    if (!s)
        s = pack_weights(c, o, weights, n->weight);
    free(merged);
    if (s)
        return s;
    if ((d = dnnl_memory_desc_init_by_tag(&md, 1, (dnnl_dims_t){n->c}, dnnl_f32, dnnl_a)) ||
        (d = dnnl_memory_create(&o->bias, &md, c->n->engine, (void *)bias)))
        return failed(c->err, d, n->weight);
    st->scratch =
        dnnl_memory_desc_get_size(dnnl_primitive_desc_query_md(o->conv->pd, dnnl_query_scratchpad_md, 0));
    return FC_OK;
}

/* ---- other layers ----------------------------------------------------------------------------------- */

static fc_status compile_depthwise(compiler *c, fc_step *st, fc_nhwc_op *m)
{
    const fc_node *n = fc_graph_node(c->g, st->node);
    const size_t taps = (size_t)n->kh * (size_t)n->kw;
    const float *from;
    void *to;
    fc_status s;

    if ((s = fc_fold_batchnorm(&c->fold, n->c, n->bias, st->batchnorm, 1)) ||
        (s = fc_fold_weights(&c->fold, &from, n, taps)) || (s = fc_fold_shift(&c->fold, &m->bias, n->c)) ||
        (s = fc_fold_take(&c->fold, &to, taps * fc_fold_padded(n->c), sizeof(float))))
        return s;
    for (int i = 0; i < n->c; i++)
        for (size_t t = 0; t < taps; t++)
            ((float *)to)[t * fc_fold_padded(n->c) + (size_t)i] = from[(size_t)i * taps + t];
    m->weights = to;
    st->scratch = fc_nhwc_scratch(m);
    return FC_OK;
}

/* Row by row from the file's order of the flattened input to [h][w][c]. */
static void reorder_row(float *to, const float *from, const fc_value *in, fc_flatten order)
{
    const size_t h = (size_t)in->h, w = (size_t)in->w, ch = (size_t)in->c;

    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++)
            for (size_t i = 0; i < ch; i++)
                *to++ = order == FC_FLATTEN_CHW ? from[(i * h + y) * w + x] : from[(x * h + y) * ch + i];
}

static fc_status compile_linear(compiler *c, const fc_step *st, fc_nhwc_op *m)
{
    const fc_node *n = fc_graph_node(c->g, st->node);
    const fc_value *in = &c->plan.value[st->src[0]];
    const size_t each = (size_t)in->c * (size_t)in->h * (size_t)in->w;
    const float *from;
    float *row = NULL;
    void *to;
    fc_status s;

    if ((s = fc_fold_batchnorm(&c->fold, n->c, n->bias, st->batchnorm, 1)) ||
        (s = fc_fold_weights(&c->fold, &from, n, each)) || (s = fc_fold_shift(&c->fold, &m->bias, n->c)))
        return s;
    m->n = each;
    m->weight_elem = c->bf16 ? FC_ELEM_BF16 : FC_ELEM_F32;
    s = fc_fold_take(&c->fold, &to, (size_t)n->c * each, fc_elem_size(m->weight_elem));
    if (s)
        return s;
    row = malloc(each * sizeof *row);
    if (!row)
        return fc_fail_nomem(c->err, each * sizeof *row);
    for (int o = 0; o < n->c; o++) {
        reorder_row(row, from + (size_t)o * each, in, n->op == FC_OP_LINEAR ? n->flatten : FC_FLATTEN_CHW);
        c->n->kernels->copy(
            &(fc_nhwc_op){.src = {row},
                          .dst = (uint8_t *)to + (size_t)o * each * fc_elem_size(m->weight_elem),
                          .in = FC_ELEM_F32,
                          .out = m->weight_elem,
                          .c = (int)each,
                          .n = 1});
    }
    free(row);
    m->weights = to;
    return FC_OK;
}

static fc_status compile_affine(compiler *c, const fc_step *st, fc_nhwc_op *m)
{
    void *to;
    int channels = fc_graph_node(c->g, st->node)->c;
    fc_status s;

    if ((s = fc_fold_batchnorm(&c->fold, channels, "", st->node, 1)) ||
        (s = fc_fold_shift(&c->fold, &m->bias, channels)) ||
        (s = fc_fold_take(&c->fold, &to, fc_fold_padded(channels), sizeof(float))))
        return s;
    memcpy(to, c->fold.factor, (size_t)channels * sizeof(float));
    m->weights = to;
    return FC_OK;
}

/* PReLU with slopes >= 0 never falls, so it can follow the pooling, where there is less of it. */
static void pool_before_prelu(fc_nhwc_op *m)
{
    if (!m->pre || m->post)
        return;
    for (int i = 0; i < m->c; i++)
        if (!(m->pre[i] >= 0))
            return;
    m->post = m->pre;
    m->pre = NULL;
}

static fc_nhwc_fn *function_of(const fc_nhwc_kernels *k, fc_step_kind kind)
{
    switch (kind) {
    case FC_STEP_INPUT:
        return k->input;
    case FC_STEP_DEPTHWISE:
        return k->depthwise;
    case FC_STEP_LINEAR:
        return k->linear;
    case FC_STEP_PRELU:
        return k->prelu;
    case FC_STEP_AFFINE:
        return k->affine;
    case FC_STEP_ADD:
        return k->add;
    case FC_STEP_COPY:
        return k->copy;
    case FC_STEP_MAXPOOL:
        return k->maxpool;
    case FC_STEP_AVGPOOL:
        return k->avgpool;
    case FC_STEP_OUTPUT:
        return k->output;
    case FC_STEP_SOFTMAX:
        return fc_nhwc_softmax;
    case FC_STEP_L2NORM:
        return fc_nhwc_l2norm;
    case FC_STEP_CONV:
        break;
    }
    return NULL;
}

static fc_status compile_step(compiler *c, fc_step *st, op *o)
{
    const fc_value *value = c->plan.value, *out = &value[st->dst];
    const fc_node *n = st->node >= 0 ? fc_graph_node(c->g, st->node) : NULL;
    fc_nhwc_op *m = &o->map;
    fc_status s;

    if (st->kind == FC_STEP_CONV)
        return compile_conv(c, st, o);
    o->fn = function_of(c->n->kernels, st->kind);
    *m = (fc_nhwc_op){.out = out->elem, .dst_ld = out->ld, .c = out->c, .oh = out->h, .ow = out->w};
    for (int i = 0; i < 2 && st->src[i] >= 0; i++)
        m->src_ld[i] = value[st->src[i]].ld;
    if (st->src[0] >= 0) {
        m->in = value[st->src[0]].elem;
        m->h = value[st->src[0]].h;
        m->w = value[st->src[0]].w;
    } else {
        m->h = out->h;
        m->w = out->w;
    }
    m->n = (size_t)m->h * (size_t)m->w;
    if (st->kind == FC_STEP_DEPTHWISE || st->kind == FC_STEP_MAXPOOL) {
        m->kh = n->kh, m->kw = n->kw, m->sh = n->sh, m->sw = n->sw, m->pt = n->pt, m->pl = n->pl;
    }
    if (st->kind == FC_STEP_ADD)
        m->alpha = n->alpha;
    if ((s = fc_fold_slopes(&c->fold, &m->pre, st->pre)) ||
        (s = fc_fold_slopes(&c->fold, &m->post, st->post)))
        return s;
    switch (st->kind) {
    case FC_STEP_DEPTHWISE:
        return compile_depthwise(c, st, m);
    case FC_STEP_LINEAR:
        return compile_linear(c, st, m);
    case FC_STEP_AFFINE:
        return compile_affine(c, st, m);
    case FC_STEP_MAXPOOL:
        pool_before_prelu(m);
        return FC_OK;
    default:
        return FC_OK;
    }
}

/* ---- net -------------------------------------------------------------------------------------------- */

static void net_free(fc_net *base)
{
    net *n = (net *)base;

    for (int i = 0; i < n->nops; i++) {
        if (n->op[i].weights)
            dnnl_memory_destroy(n->op[i].weights);
        if (n->op[i].bias)
            dnnl_memory_destroy(n->op[i].bias);
    }
    for (int i = 0; i < n->nconvs; i++)
        fc_onednn_conv_clear(&n->conv[i]);
    if (n->engine)
        dnnl_engine_destroy(n->engine);
    fc_arena_clear(&n->weights);
    free(n->conv);
    free(n->op);
    free(n->output);
    free(n);
}

/* Each convolution of few pixels fetches the weights of the next one. */
static void fetch_ahead(net *n)
{
    const void *next = NULL;

    for (int i = n->nops - 1; i >= 0; i--)
        if (n->op[i].map.next) {
            n->op[i].map.next = next ? next : n->op[i].map.weights;
            next = n->op[i].map.weights;
        }
}

/* ---- what a step is --------------------------------------------------------------------------------- */

static const char *const step_names[] = {
    [FC_STEP_INPUT] = "input",     [FC_STEP_CONV] = "conv",       [FC_STEP_DEPTHWISE] = "depthwise",
    [FC_STEP_LINEAR] = "linear",   [FC_STEP_PRELU] = "prelu",     [FC_STEP_AFFINE] = "affine",
    [FC_STEP_ADD] = "add",         [FC_STEP_COPY] = "copy",       [FC_STEP_MAXPOOL] = "maxpool",
    [FC_STEP_AVGPOOL] = "avgpool", [FC_STEP_SOFTMAX] = "softmax", [FC_STEP_L2NORM] = "l2norm",
    [FC_STEP_OUTPUT] = "output"};

/* Numbers that one of the result is a sum of; 0 where it is no sum of products. */
static double terms(const fc_step *st, const fc_node *n, const fc_value *in)
{
    switch (st->kind) {
    case FC_STEP_CONV:
        return (double)in->c / n->groups * n->kh * n->kw;
    case FC_STEP_DEPTHWISE:
        return (double)n->kh * n->kw;
    case FC_STEP_LINEAR:
        return (double)in->c * in->h * in->w;
    default:
        return 0;
    }
}

static void name_kernel(char *to, size_t size, const net *n, const fc_step *st, const op *o)
{
    const bool plain = st->kind == FC_STEP_SOFTMAX || st->kind == FC_STEP_L2NORM;
    const char *info;

    if (o->conv)
        snprintf(to, size, "%s",
                 dnnl_primitive_desc_query(o->conv->pd, dnnl_query_impl_info_str, 0, (void *)&info) ? "?"
                                                                                                    : info);
    else if (o->fn == fc_conv_amx)
        snprintf(to, size, "conv_amx:%s", fc_isa_name(FC_ISA_AMX));
    else
        snprintf(to, size, "nhwc%s:%s",
                 o->fn != n->kernels->tiles                            ? ""
                 : fc_nhwc_tiles_of(&o->map, n->kernels->lanes).m == 3 ? " f33"
                                                                       : " f43",
                 fc_isa_name(plain ? FC_ISA_SSE41 : fc_nhwc_isa(n->kernels)));
    for (; *to; to++)
        *to = (char)tolower((unsigned char)*to);
}

/* Bytes of a map. */
static double map_bytes(const fc_value *v)
{
    return (double)v->c * v->h * v->w * (double)fc_elem_size(v->elem);
}

/* Bytes of count weights, as the step has them. */
static double weight_bytes(const fc_step *st, const op *o, const fc_value *in, double count)
{
    if (o->fn == fc_conv_amx)
        return (double)(fc_conv_amx_weights(&o->map) * sizeof(uint16_t));
    if (st->kind == FC_STEP_DEPTHWISE)
        return count * sizeof(float);
    return count * (double)fc_elem_size(st->kind == FC_STEP_LINEAR ? o->map.weight_elem : in->elem);
}

static void tell_step(const compiler *c, const fc_step *st, op *o)
{
    const fc_value *out = &c->plan.value[st->dst], *in = st->src[0] >= 0 ? &c->plan.value[st->src[0]] : out;
    const fc_node *n = st->node >= 0 ? fc_graph_node(c->g, st->node) : NULL;
    const double each = terms(st, n, in);
    fc_layer_facts *f = &o->facts;

    *f = (fc_layer_facts){.c = in->c, .h = in->h, .w = in->w, .oc = out->c, .oh = out->h, .ow = out->w};
    snprintf(f->step, sizeof f->step, "%s", step_names[st->kind]);
    if (each > 0 || st->kind == FC_STEP_MAXPOOL) {
        const bool whole = st->kind == FC_STEP_LINEAR;
        f->kh = whole ? in->h : n->kh;
        f->kw = whole ? in->w : n->kw;
        f->stride = whole ? 1 : n->sh;
        f->flops = 2 * each * out->c * out->h * out->w;
        f->weights = weight_bytes(st, o, in, each * out->c);
    }
    f->maps = map_bytes(in) + map_bytes(out) + (st->src[1] >= 0 ? map_bytes(&c->plan.value[st->src[1]]) : 0);
    name_kernel(f->kernel, sizeof f->kernel, c->n, st, o);
}

/* Of the kernels of all steps. */
static fc_isa highest_isa(const net *n)
{
    fc_isa highest = FC_ISA_SSE41, isa;

    for (int i = 0; i < n->nops; i++)
        if (fc_isa_of_kernel(n->op[i].facts.kernel, &isa) && isa > highest)
            highest = isa;
    return highest;
}

static fc_status compile_steps(compiler *c)
{
    net *n = c->n;
    fc_plan *p = &c->plan;
    fc_status s;

    n->op = calloc((size_t)p->nsteps, sizeof *n->op);
    n->conv = calloc((size_t)p->nsteps, sizeof *n->conv);
    n->output = calloc((size_t)p->noutputs, sizeof *n->output);
    if (!n->op || !n->conv || !n->output)
        return fc_fail_nomem(c->err, (size_t)p->nsteps * sizeof *n->op);
    n->nops = p->nsteps;
    n->noutputs = p->noutputs;
    for (int i = 0; i < p->nsteps; i++) {
        if ((s = compile_step(c, &p->step[i], &n->op[i])))
            return s;
        tell_step(c, &p->step[i], &n->op[i]);
    }
    fetch_ahead(n);
    s = fc_plan_layout(p, c->err);
    if (s)
        return s;
    for (int i = 0; i < p->nsteps; i++) {
        const fc_step *st = &p->step[i];
        op *o = &n->op[i];
        for (int k = 0; k < 2; k++)
            o->src[k] = st->src[k] >= 0 ? (ptrdiff_t)p->value[st->src[k]].offset : -1;
        o->dst = (ptrdiff_t)p->value[st->dst].offset;
        o->scratch = st->scratch ? (ptrdiff_t)st->scratch_offset : -1;
    }
    for (int i = 0; i < p->noutputs; i++)
        n->output[i] = p->value[p->output[i]].offset;
    n->arena = p->arena;
    return FC_OK;
}

bool fc_cpu_has_bf16(void)
{
    return has_isa(FC_ISA_AVX512_BF16, dnnl_cpu_isa_avx512_core_bf16);
}

bool fc_cpu_bf16_pays(void)
{
    if (!fc_cpu_has_bf16())
        return false;
#ifdef __x86_64__
    /* Without AMX the convolutions of MobileFaceNet ran at 115 GFLOP/s in bfloat16, at 200 in float32. */
    return has_tiles() || !__builtin_cpu_is("intel");
#else
    return true;
#endif
}

/* Whether oneDNN makes code for this CPU; what it has for others is some hundred times slower. */
static bool has_kernels(void)
{
    return fc_cpu_has(FC_ISA_SSE41);
}

static fc_status available(fc_error *err)
{
    (void)err;
    return FC_OK; /* it is linked */
}

static void describe(fc_engine_facts *f)
{
    const dnnl_version_t *v = dnnl_version();

    snprintf(f->version, sizeof f->version, "%d.%d.%d", v->major, v->minor, v->patch);
}

static fc_status compile(fc_net **out, const fc_graph *g, const fc_weights *w, const fc_engine_options *opt,
                         fc_error *err)
{
    const fc_node *input = fc_graph_node(g, 0);
    compiler c = {.g = g, .bf16 = opt->precision == FC_PRECISION_BF16, .err = err};
    dnnl_status_t d;
    int threads;
    fc_status s;

    if (opt->device && strcmp(opt->device, "cpu") != 0)
        return fc_fail(err, FC_EUSAGE, "device '%s': engine '" FC_ENGINE_ONEDNN "' runs on cpu", opt->device);
    if (c.bf16 && !fc_cpu_has_bf16())
        return fc_fail(err, FC_EUNSUPPORTED, "this CPU has no bfloat16");
    if (input->h == 0)
        return fc_fail(err, FC_EUNSUPPORTED, "engine '" FC_ENGINE_ONEDNN "' wants a graph of a fixed size");
    c.n = calloc(1, sizeof *c.n);
    if (!c.n)
        return fc_fail_nomem(err, sizeof *c.n);
    c.fold = (fc_folder){.g = g, .w = w, .arena = &c.n->weights, .err = err};
    c.n->kernels = fc_nhwc_kernels_for(c.bf16);
    c.n->input = (size_t)input->c * (size_t)input->h * (size_t)input->w * sizeof(float);
    threads = one_thread();
    d = hold_onednn();
    if (!d)
        d = dnnl_engine_create(&c.n->engine, dnnl_cpu, 0);
    if (d)
        s = failed(err, d, "engine");
    else
        s = fc_plan_make(&c.plan, g, c.bf16, err);
    if (!s)
        s = compile_steps(&c);
    threads_back(threads);
    fc_plan_clear(&c.plan);
    fc_fold_clear(&c.fold);
    if (s) {
        net_free(&c.n->base);
        return s;
    }
    fc_net_begin(&c.n->base, &fc_engine_native,
                 opt->precision == FC_PRECISION_BF16 ? FC_PRECISION_BF16 : FC_PRECISION_FP32, NULL,
                 has_kernels() ? fc_isa_name(highest_isa(c.n)) : NULL);
    *out = &c.n->base;
    return FC_OK;
}

/* ---- session ---------------------------------------------------------------------------------------- */

static void session_free(fc_session *base)
{
    session *s = (session *)base;

    for (int i = 0; i < s->nops; i++)
        for (int k = 0; k < CONV_ARGS; k++)
            if (s->op[i].conv && s->op[i].arg[k].memory && s->op[i].arg[k].arg != DNNL_ARG_WEIGHTS &&
                s->op[i].arg[k].arg != DNNL_ARG_BIAS)
                dnnl_memory_destroy(s->op[i].arg[k].memory);
    if (s->stream)
        dnnl_stream_destroy(s->stream);
    fc_pages_free(s->arena, s->arena_size);
    fc_pages_free(s->base.input, s->input_size);
    free(s->base.output);
    free(s->op);
    free(s);
}

static dnnl_status_t bind_conv(run_op *r, const op *o, uint8_t *arena, dnnl_engine_t engine)
{
    const struct {
        int arg;
        dnnl_query_t query;
        uint8_t *at;
    } own[] = {{DNNL_ARG_SRC, dnnl_query_src_md, arena + o->src[0]},
               {DNNL_ARG_DST, dnnl_query_dst_md, arena + o->dst},
               {DNNL_ARG_SCRATCHPAD, dnnl_query_scratchpad_md, o->scratch >= 0 ? arena + o->scratch : NULL}};

    r->conv = o->conv->conv;
    r->arg[0] = (dnnl_exec_arg_t){DNNL_ARG_WEIGHTS, o->weights};
    r->arg[1] = (dnnl_exec_arg_t){DNNL_ARG_BIAS, o->bias};
    for (int i = 0; i < 3; i++) {
        const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(o->conv->pd, own[i].query, 0);
        dnnl_status_t s = dnnl_memory_create(&r->arg[2 + i].memory, md, engine, own[i].at);
        r->arg[2 + i].arg = own[i].arg;
        if (s)
            return s;
    }
    return dnnl_success;
}

static fc_status session_new(fc_session **out, const fc_net *base, fc_error *err)
{
    const net *n = (const net *)base;
    session *s = calloc(1, sizeof *s);
    dnnl_status_t d;
    fc_status r;

    *out = NULL;
    if (!s)
        return fc_fail_nomem(err, sizeof *s);
    s->base.engine = n->base.engine;
    s->arena_size = n->arena;
    s->input_size = n->input;
    s->op = calloc((size_t)n->nops, sizeof *s->op);
    s->base.output = calloc((size_t)n->noutputs, sizeof *s->base.output);
    s->arena = fc_pages_new(n->arena);
    s->base.input = fc_pages_new(n->input);
    if (!s->op || !s->base.output || !s->arena || !s->base.input) {
        r = fc_fail_nomem(err, n->arena);
        goto fail;
    }
    s->nops = n->nops;
    if ((d = dnnl_stream_create(&s->stream, n->engine, dnnl_stream_default_flags))) {
        r = failed(err, d, "stream");
        goto fail;
    }
    for (int i = 0; i < n->nops; i++) {
        const op *o = &n->op[i];
        run_op *q = &s->op[i];
        if (o->conv) {
            if ((d = bind_conv(q, o, s->arena, n->engine))) {
                r = failed(err, d, "memory");
                goto fail;
            }
            continue;
        }
        q->fn = o->fn;
        q->map = o->map;
        q->map.src[0] = o->src[0] < 0 ? (const uint8_t *)s->base.input : s->arena + o->src[0];
        if (o->src[1] >= 0)
            q->map.src[1] = s->arena + o->src[1];
        q->map.dst = s->arena + o->dst;
        if (o->scratch >= 0)
            q->map.scratch = s->arena + o->scratch;
    }
    for (int i = 0; i < n->noutputs; i++)
        s->base.output[i] = (const float *)(s->arena + n->output[i]);
    *out = &s->base;
    return FC_OK;
fail:
    session_free(&s->base);
    return r;
}

static dnnl_status_t run_step(session *s, run_op *o)
{
    if (!o->fn)
        return dnnl_primitive_execute(o->conv, s->stream, CONV_ARGS, o->arg);
    o->fn(&o->map);
    return dnnl_success;
}

static fc_status run(fc_session *base, fc_error *err)
{
    session *s = (session *)base;
    dnnl_status_t d = dnnl_success;
    int threads = one_thread();

    for (int i = 0; i < s->nops && !d; i++)
        d = run_step(s, &s->op[i]);
    if (!d)
        d = dnnl_stream_wait(s->stream);
    threads_back(threads);
    return d ? failed(err, d, "run") : FC_OK;
}

static fc_status run_timed(fc_session *base, double *ms, fc_error *err)
{
    session *s = (session *)base;
    dnnl_status_t d = dnnl_success;
    int threads = one_thread();
    double then = fc_now_ms();

    for (int i = 0; i < s->nops && !d; i++) {
        d = run_step(s, &s->op[i]);
        if (!d)
            d = dnnl_stream_wait(s->stream);
        const double now = fc_now_ms();
        ms[i] += now - then;
        then = now;
    }
    threads_back(threads);
    return d ? failed(err, d, "run") : FC_OK;
}

/* ---- what ran ----------------------------------------------------------------------------------------- */

static int layers(const fc_net *base)
{
    return ((const net *)base)->nops;
}

static void layer(const fc_net *base, int i, fc_layer_facts *out)
{
    *out = ((const net *)base)->op[i].facts;
}

const fc_engine fc_engine_native = {
    .available = available,
    .suits = has_kernels,
    .describe = describe,
    .compile = compile,
    .net_free = net_free,
    .session_new = session_new,
    .session_free = session_free,
    .run = run,
    .layers = layers,
    .layer = layer,
    .run_timed = run_timed,
};
