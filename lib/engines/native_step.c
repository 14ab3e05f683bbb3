/* The steps of a network, compiled: who does each, and its weights in the order that it wants. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "engines/native_impl.h"
#include "engines/onednn.h"
#include "kernels/conv_amx.h"
#include "kernels/conv_neon.h"

/* ---- convolutions ----------------------------------------------------------------------------------- */

/* The primitive for a shape, from those already made where there is one. Room for it is there. */
static fc_status find_conv(native_compiler *c, const fc_onednn_conv **out, const fc_onednn_shape *p,
                           const char *name)
{
    native_net *n = c->n;
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
    return s ? fc_onednn_failed(c->err, s, name) : FC_OK;
}

static fc_status pack_weights(native_compiler *c, native_op *o, const float *from, const char *name)
{
    dnnl_status_t d;
    void *to;
    fc_status s = fc_fold_take(&c->fold, &to, fc_onednn_conv_weights(o->conv), 1);

    if (s)
        return s;
    d = fc_onednn_conv_pack(&o->weights, o->conv, c->n->engine, from, to);
    return d ? fc_onednn_failed(c->err, d, name) : FC_OK;
}

/* Convolutions of few pixels, which nhwc.h does: oneDNN waits for their weights. */
static bool has_few_pixels(const native_compiler *c, const fc_step *st, const fc_nhwc_op *m)
{
    return c->n->kernels->conv && fc_graph_node(c->g, st->node)->groups == 1 && m->in == FC_ELEM_F32 &&
           m->out == FC_ELEM_F32 && fc_nhwc_few(m);
}

/* weights: [c][n][kh][kw] */
static fc_status pack_panels(native_compiler *c, fc_nhwc_op *m, const float *weights)
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
static bool is_tiled(const native_compiler *c, const fc_step *st, const fc_nhwc_op *m)
{
    return c->n->kernels->tiles && fc_graph_node(c->g, st->node)->groups == 1 && m->in == FC_ELEM_F32 &&
           m->out == FC_ELEM_F32 && fc_nhwc_tiled(m);
}

static fc_status pack_winograd(native_compiler *c, fc_step *st, fc_nhwc_op *m, const float *weights)
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
static bool is_for_tiles(const native_compiler *c, const fc_step *st, const fc_nhwc_op *m)
{
    return fc_graph_node(c->g, st->node)->groups == 1 && fc_onednn_has_tiles() && fc_conv_amx_fit(m);
}

static fc_status pack_tiles(native_compiler *c, fc_step *st, fc_nhwc_op *m, const float *weights)
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

/* All dense convolutions of arm64, for which oneDNN makes no code. */
static bool is_for_neon(const native_compiler *c, const fc_step *st)
{
    return fc_graph_node(c->g, st->node)->groups == 1 && fc_cpu_has(FC_ISA_NEON);
}

static fc_status pack_neon(native_compiler *c, fc_nhwc_op *m, const float *weights)
{
    void *to, *zeros;
    fc_status s;

    if ((s = fc_fold_take(&c->fold, &to, fc_conv_neon_weights(m), sizeof(float))) ||
        (s = fc_fold_take(&c->fold, &zeros, m->n, sizeof(float))))
        return s;
    fc_conv_neon_pack(m, weights, to);
    m->weights = to;
    m->zeros = zeros;
    return FC_OK;
}

/* A convolution of our own; *own: it is one. */
static fc_status compile_own_conv(native_compiler *c, fc_step *st, native_op *o, fc_nhwc_op *m,
                                  const float *weights, bool *own)
{
    const fc_nhwc_kernels *k = c->n->kernels;
    fc_status s;

    o->fn = is_for_tiles(c, st, m)     ? fc_conv_amx
            : is_tiled(c, st, m)       ? k->tiles
            : is_for_neon(c, st)       ? fc_conv_neon
            : has_few_pixels(c, st, m) ? k->conv
                                       : NULL;
    *own = o->fn;
    if (!*own)
        return FC_OK;
    o->many = o->fn == fc_conv_amx || o->fn == k->conv;
    s = fc_fold_slopes(&c->fold, &m->post, st->post);
    if (!s)
        s = o->fn == fc_conv_amx    ? pack_tiles(c, st, m, weights)
            : o->fn == k->tiles     ? pack_winograd(c, st, m, weights)
            : o->fn == fc_conv_neon ? pack_neon(c, m, weights)
                                    : pack_panels(c, m, weights);
    o->map = *m;
    return s;
}

static fc_status compile_conv(native_compiler *c, fc_step *st, native_op *o)
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
        return fc_onednn_failed(c->err, d, n->weight);
    st->scratch =
        dnnl_memory_desc_get_size(dnnl_primitive_desc_query_md(o->conv->pd, dnnl_query_scratchpad_md, 0));
    return FC_OK;
}

/* ---- other layers ----------------------------------------------------------------------------------- */

/* A depthwise convolution whose weights are all the same. */
static fc_status compile_means(native_compiler *c, fc_step *st, fc_nhwc_op *m)
{
    const size_t n = (size_t)(m->kh * m->kw) * fc_fold_padded(m->c);
    void *to;
    fc_status s;

    if ((s = fc_fold_batchnorm(&c->fold, m->c, "", -1, 1)) || (s = fc_fold_shift(&c->fold, &m->bias, m->c)) ||
        (s = fc_fold_take(&c->fold, &to, n, sizeof(float))))
        return s;
    for (size_t i = 0; i < n; i++)
        ((float *)to)[i] = 1 / (float)(m->kh * m->kw);
    m->weights = to;
    st->scratch = fc_nhwc_scratch(m);
    return FC_OK;
}

static fc_status compile_depthwise(native_compiler *c, fc_step *st, fc_nhwc_op *m)
{
    const fc_node *n = fc_graph_node(c->g, st->node);
    const size_t taps = (size_t)n->kh * (size_t)n->kw;
    const float *from;
    void *to;
    fc_status s;

    if (n->op == FC_OP_AVGPOOL)
        return compile_means(c, st, m);
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

static fc_status compile_linear(native_compiler *c, const fc_step *st, fc_nhwc_op *m)
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

static fc_status compile_affine(native_compiler *c, const fc_step *st, fc_nhwc_op *m)
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
    case FC_STEP_PAD:
        return fc_nhwc_pad;
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

fc_status fc_native_compile_step(native_compiler *c, fc_step *st, native_op *o)
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
    if (st->kind == FC_STEP_PAD)
        m->n = (size_t)value[st->src[0]].c;
    if (st->kind == FC_STEP_ADD)
        m->alpha = n->alpha;
    if ((s = fc_fold_slopes(&c->fold, &m->pre, st->pre)) ||
        (s = fc_fold_slopes(&c->fold, &m->post, st->post)))
        return s;
    switch (st->kind) {
    case FC_STEP_DEPTHWISE:
        return compile_depthwise(c, st, m);
    case FC_STEP_LINEAR:
        o->many = true;
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
