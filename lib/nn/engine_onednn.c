/*
 * oneDNN's convolutions, and map_ops.h for the rest. Maps lie in memory as [h][w][c], the one order for which
 * oneDNN 2.6 has fast convolutions on SSE4.1, AVX2, AVX-512 and AMX alike.
 *
 * oneDNN built on OpenMP takes as many threads as OpenMP offers to the thread that calls it, both when a primitive is
 * made and when it runs. A session belongs to one thread and stays on it.
 */
#include <math.h>
#include <omp.h>
#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "nn/engine_impl.h"
#include "nn/map_tiles.h"
#include "nn/pages.h"
#include "nn/plan.h"

#define CONV_ARGS 5

/* What oneDNN builds code for; all that differ in nothing here share one primitive. Compared as bytes. */
typedef struct shape {
    dnnl_dim_t ic, oc, h, w, oh, ow, kh, kw, sh, sw, pt, pl, pb, pr, groups;
    float sum;
    int relu;
    fc_elem in, out;
} shape;

typedef struct primitive {
    shape shape;
    dnnl_primitive_desc_t pd;
    dnnl_primitive_t conv, pack; /* pack: of the weights */
    dnnl_memory_desc_t plain;    /* weights as the file has them */
} primitive;

/* A step, compiled. */
typedef struct op {
    fc_map_fn *fn;         /* NULL: oneDNN's convolution */
    fc_map_op map;         /* its pointers to maps are set in a session */
    ptrdiff_t src[2], dst; /* bytes into the arena; -1: the caller's input */
    const primitive *conv;
    dnnl_memory_t weights, bias;
    ptrdiff_t scratch; /* bytes into the arena; -1: none */
} op;

typedef struct net {
    fc_net base;
    dnnl_engine_t engine;
    const fc_map_kernels *kernels;
    fc_pool pool; /* weights */
    primitive *primitive;
    int nprimitives;
    op *op;
    int nops;
    size_t *output; /* [noutputs] bytes into the arena */
    int noutputs;
    size_t arena, input; /* bytes */
} net;

typedef struct run_op {
    fc_map_fn *fn;
    fc_map_op map;
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

static bool has_isa(dnnl_cpu_isa_t isa)
{
    return (dnnl_get_effective_cpu_isa() & isa) == isa;
}

/* ---- parameters ------------------------------------------------------------------------------------- */

/* What the compiler of one net carries along. */
typedef struct compiler {
    net *n;
    const fc_graph *g;
    const fc_weights *w;
    fc_plan plan;
    bool bf16;
    fc_error *err;
    float *factor, *shift; /* of the layer at hand, by output channel */
    int channels;          /* room in both */
    float *scaled;         /* weights of the layer at hand times factor */
    size_t scaled_room;
} compiler;

static fc_status take(compiler *c, void **out, size_t count, size_t size)
{
    size_t bytes;

    *out = fc_mul(count, size, &bytes) ? fc_pool_take(&c->n->pool, bytes) : NULL;
    return *out ? FC_OK : fc_fail_nomem(c->err, count);
}

static size_t padded(int channels)
{
    return ((size_t)channels + FC_MAP_PAD - 1) / FC_MAP_PAD * FC_MAP_PAD;
}

/* The padded slopes of an activation; NULL where there is none. */
static fc_status slopes(compiler *c, const float **out, int activation)
{
    const fc_node *n;
    const float *from;
    void *to;
    fc_status s;

    *out = NULL;
    if (activation < 0)
        return FC_OK;
    n = fc_graph_node(c->g, activation);
    s = take(c, &to, padded(n->c), sizeof(float));
    if (s)
        return s;
    *out = to;
    if (n->op == FC_OP_RELU)
        return FC_OK;
    s = fc_weights_f32(c->w, n->weight, (size_t)n->c, &from, c->err);
    if (!s)
        memcpy(to, from, (size_t)n->c * sizeof(float));
    return s;
}

/* A batch norm as y = factor x + shift, times scale, after the layer's own bias; in double, once. */
static fc_status fold(compiler *c, int channels, const char *bias, int batchnorm, float scale)
{
    static const char *const suffix[] = {"weight", "bias", "running_mean", "running_var"};
    const float *b = NULL, *bn[4] = {0};
    const fc_node *n = NULL;
    fc_status s;

    if (channels > c->channels) {
        free(c->factor);
        free(c->shift);
        c->factor = calloc((size_t)channels, sizeof(float));
        c->shift = calloc((size_t)channels, sizeof(float));
        c->channels = channels;
        if (!c->factor || !c->shift)
            return fc_fail_nomem(c->err, (size_t)channels * sizeof(float));
    }
    if (*bias) {
        s = fc_weights_f32(c->w, bias, (size_t)channels, &b, c->err);
        if (s)
            return s;
    }
    if (batchnorm >= 0) {
        n = fc_graph_node(c->g, batchnorm);
        for (int i = 0; i < 4; i++) {
            char name[128];
            snprintf(name, sizeof name, "%s.%s", n->weight, suffix[i]);
            s = fc_weights_f32(c->w, name, (size_t)channels, &bn[i], c->err);
            if (s)
                return s;
        }
    }
    for (int i = 0; i < channels; i++) {
        double f = 1, t = b ? b[i] : 0;
        if (n) {
            f = bn[0][i] / sqrt((double)bn[3][i] + n->alpha);
            t = (t - bn[2][i]) * f + bn[1][i];
        }
        c->factor[i] = (float)(f * scale);
        c->shift[i] = (float)(t * scale);
    }
    return FC_OK;
}

/* The node's weights, each output channel times its factor. [channels][each] */
static fc_status scaled_weights(compiler *c, const float **out, const fc_node *n, size_t each)
{
    size_t count;
    const float *from;
    fc_status s;

    *out = NULL;
    if (!fc_mul((size_t)n->c, each, &count) || count > SIZE_MAX / sizeof(float))
        return fc_fail(c->err, FC_EMODEL, "%s: too large", n->weight);
    s = fc_weights_f32(c->w, n->weight, count, &from, c->err);
    if (s)
        return s;
    bool same = true;
    for (int i = 0; i < n->c && same; i++)
        same = c->factor[i] == 1;
    if (same) {
        *out = from;
        return FC_OK;
    }
    if (count > c->scaled_room) {
        free(c->scaled);
        c->scaled_room = 0;
        c->scaled = malloc(count * sizeof(float));
        if (!c->scaled)
            return fc_fail_nomem(c->err, count * sizeof(float));
        c->scaled_room = count;
    }
    *out = c->scaled;
    for (int o = 0; o < n->c; o++) {
        float *restrict to = c->scaled + (size_t)o * each;
        const float factor = c->factor[o];
        for (size_t i = 0; i < each; i++)
            to[i] = *from++ * factor;
    }
    return FC_OK;
}

static fc_status padded_shift(compiler *c, const float **out, int channels)
{
    void *to;
    fc_status s = take(c, &to, padded(channels), sizeof(float));

    if (!s)
        memcpy(to, c->shift, (size_t)channels * sizeof(float));
    *out = to;
    return s;
}

/* ---- convolutions ----------------------------------------------------------------------------------- */

static dnnl_data_type_t data_type(fc_elem e)
{
    return e == FC_ELEM_F32 ? dnnl_f32 : dnnl_bf16;
}

static dnnl_status_t map_desc(dnnl_memory_desc_t *d, dnnl_dim_t c, dnnl_dim_t h, dnnl_dim_t w, fc_elem e)
{
    return dnnl_memory_desc_init_by_tag(d, 4, (dnnl_dims_t){1, c, h, w}, data_type(e), dnnl_nhwc);
}

static dnnl_status_t weights_desc(dnnl_memory_desc_t *d, const shape *p, fc_elem e, bool packed)
{
    if (p->groups == 1)
        return dnnl_memory_desc_init_by_tag(d, 4, (dnnl_dims_t){p->oc, p->ic, p->kh, p->kw}, data_type(e),
                                            packed ? dnnl_format_tag_any : dnnl_oihw);
    return dnnl_memory_desc_init_by_tag(
        d, 5, (dnnl_dims_t){p->groups, p->oc / p->groups, p->ic / p->groups, p->kh, p->kw}, data_type(e),
        packed ? dnnl_format_tag_any : dnnl_goihw);
}

static dnnl_status_t make_pd(dnnl_primitive_desc_t *pd, const shape *p, dnnl_engine_t engine)
{
    dnnl_memory_desc_t src, weights, bias, dst;
    dnnl_convolution_desc_t desc;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_post_ops_t ops = NULL;
    dnnl_status_t s;

    if ((s = map_desc(&src, p->ic, p->h, p->w, p->in)) || (s = map_desc(&dst, p->oc, p->oh, p->ow, p->out)) ||
        (s = weights_desc(&weights, p, p->in, true)) ||
        (s = dnnl_memory_desc_init_by_tag(&bias, 1, (dnnl_dims_t){p->oc}, dnnl_f32, dnnl_a)) ||
        (s = dnnl_convolution_forward_desc_init(&desc, dnnl_forward_inference, dnnl_convolution_direct, &src,
                                                &weights, &bias, &dst, (dnnl_dims_t){p->sh, p->sw},
                                                (dnnl_dims_t){p->pt, p->pl}, (dnnl_dims_t){p->pb, p->pr})) ||
        (s = dnnl_primitive_attr_create(&attr)) ||
        (s = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user)) ||
        (s = dnnl_post_ops_create(&ops)) || (p->sum != 0 && (s = dnnl_post_ops_append_sum(ops, p->sum))) ||
        (p->relu && (s = dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_relu, 0, 0))) ||
        (s = dnnl_primitive_attr_set_post_ops(attr, ops)))
        goto out;
    s = dnnl_primitive_desc_create(pd, &desc, attr, engine, NULL);
out:
    if (ops)
        dnnl_post_ops_destroy(ops);
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    return s;
}

static dnnl_status_t make_pack(primitive *p, dnnl_engine_t engine)
{
    dnnl_primitive_desc_t pd;
    dnnl_status_t s = weights_desc(&p->plain, &p->shape, FC_ELEM_F32, false);

    if (s)
        return s;
    s = dnnl_reorder_primitive_desc_create(
        &pd, &p->plain, engine, dnnl_primitive_desc_query_md(p->pd, dnnl_query_weights_md, 0), engine, NULL);
    if (s)
        return s;
    s = dnnl_primitive_create(&p->pack, pd);
    dnnl_primitive_desc_destroy(pd);
    return s;
}

/* oneDNN 2.6 plans the blocks of a convolution in a static variable (brg_blocking_t::last_ic_block_size): nets of
 * different precisions made at the same time spoil each other's, and what comes out of them is wrong without an
 * error. */
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;

static dnnl_status_t make_primitive(primitive *p, dnnl_engine_t engine)
{
    dnnl_status_t s;

    pthread_mutex_lock(&making);
    s = make_pd(&p->pd, &p->shape, engine);
    if (!s)
        s = dnnl_primitive_create(&p->conv, p->pd);
    if (!s)
        s = make_pack(p, engine);
    pthread_mutex_unlock(&making);
    return s;
}

/* The primitive for a shape, from those already made where there is one. Room for it is there. */
static fc_status find_primitive(compiler *c, const primitive **out, const shape *p, const char *name)
{
    net *n = c->n;
    primitive *q;
    dnnl_status_t s;

    for (int i = 0; i < n->nprimitives; i++)
        if (memcmp(&n->primitive[i].shape, p, sizeof *p) == 0) {
            *out = &n->primitive[i];
            return FC_OK;
        }
    q = &n->primitive[n->nprimitives++];
    memcpy(&q->shape, p, sizeof *p);
    *out = q;
    s = make_primitive(q, n->engine);
    return s ? failed(c->err, s, name) : FC_OK;
}

static fc_status pack_weights(compiler *c, op *o, const float *from, const char *name)
{
    const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(o->conv->pd, dnnl_query_weights_md, 0);
    dnnl_engine_t engine = c->n->engine;
    dnnl_memory_t plain = NULL;
    dnnl_stream_t stream = NULL;
    dnnl_status_t s;
    void *to;
    fc_status r = take(c, &to, dnnl_memory_desc_get_size(md), 1);

    if (r)
        return r;
    if ((s = dnnl_memory_create(&o->weights, md, engine, to)) ||
        (s = dnnl_memory_create(&plain, &o->conv->plain, engine, (void *)from)) ||
        (s = dnnl_stream_create(&stream, engine, dnnl_stream_default_flags)))
        goto out;
    dnnl_exec_arg_t arg[] = {{DNNL_ARG_FROM, plain}, {DNNL_ARG_TO, o->weights}};
    if (!(s = dnnl_primitive_execute(o->conv->pack, stream, 2, arg)))
        s = dnnl_stream_wait(stream);
out:
    if (stream)
        dnnl_stream_destroy(stream);
    if (plain)
        dnnl_memory_destroy(plain);
    return s ? failed(c->err, s, name) : FC_OK;
}

/* The weights of two 1x1 convolutions in a row, and in c->shift what both add: [o][i] = sum of [o][k] [k][i]. */
static fc_status merged_weights(compiler *c, float **out, const fc_step *st, int from)
{
    const fc_node *inner = fc_graph_node(c->g, st->inner), *n = fc_graph_node(c->g, st->node);
    const size_t middle = (size_t)inner->c, in = (size_t)from;
    const float *w;
    float *first = malloc((middle * in + middle) * sizeof *first), *shift = first + middle * in;
    float *product = calloc((size_t)n->c * in, sizeof *product);
    fc_status s;

    *out = NULL;
    if (!first || !product) {
        s = fc_fail_nomem(c->err, (size_t)n->c * in * sizeof *product);
        goto out;
    }
    if ((s = fold(c, inner->c, inner->bias, st->inner_norm, 1)) || (s = scaled_weights(c, &w, inner, in)))
        goto out;
    memcpy(first, w, middle * in * sizeof *first);
    memcpy(shift, c->shift, middle * sizeof *shift);
    if ((s = fold(c, n->c, n->bias, st->batchnorm, st->scale)) || (s = scaled_weights(c, &w, n, middle)))
        goto out;
    for (size_t o = 0; o < (size_t)n->c; o++)
        for (size_t k = 0; k < middle; k++, w++) {
            float *restrict row = product + o * in;
            c->shift[o] += *w * shift[k];
            for (size_t i = 0; i < in; i++)
                row[i] += *w * first[k * in + i];
        }
    *out = product;
    product = NULL;
out:
    free(product);
    free(first);
    return s;
}

/* Convolutions of few pixels, which map_ops.h does: oneDNN waits for their weights. */
static bool has_few_pixels(const compiler *c, const fc_step *st, const fc_map_op *m)
{
    return c->n->kernels->conv && fc_graph_node(c->g, st->node)->groups == 1 && m->in == FC_ELEM_F32 &&
           m->out == FC_ELEM_F32 && fc_map_few(m);
}

/* weights: [c][n][kh][kw] */
static fc_status pack_panels(compiler *c, fc_map_op *m, const float *weights)
{
    const size_t taps = (size_t)m->kh * (size_t)m->kw;
    void *to, *zeros;
    float *w;
    fc_status s;

    if ((s = take(c, &to, (size_t)m->c * m->n * taps, sizeof *w)) || (s = take(c, &zeros, m->n, sizeof *w)))
        return s;
    w = to;
    for (size_t o = 0; o < (size_t)m->c; o += FC_MAP_PANEL)
        for (size_t t = 0; t < taps; t++)
            for (size_t i = 0; i < m->n; i++)
                for (size_t k = o; k < o + FC_MAP_PANEL; k++)
                    *w++ = weights[(k * m->n + i) * taps + t];
    m->weights = m->next = to;
    m->zeros = zeros;
    return FC_OK;
}

/* Convolutions for matrix tiles, where oneDNN would use them, too: ONEDNN_MAX_CPU_ISA counts. */
static bool is_for_tiles(const compiler *c, const fc_step *st, const fc_map_op *m)
{
    return fc_graph_node(c->g, st->node)->groups == 1 && has_isa(dnnl_cpu_isa_avx512_core_amx) &&
           fc_map_tiles_fit(m);
}

static fc_status pack_tiles(compiler *c, fc_step *st, fc_map_op *m, const float *weights)
{
    void *to;
    fc_status s = take(c, &to, fc_map_tiles_weights(m), sizeof(uint16_t));

    if (s)
        return s;
    fc_map_tiles_pack(m, weights, to);
    m->weights = to;
    st->scratch = fc_map_tiles_scratch(m);
    return FC_OK;
}

/* A convolution of our own. */
static fc_status compile_own_conv(compiler *c, fc_step *st, op *o, fc_map_op *m, const float *weights,
                                  bool tiles)
{
    fc_status s = slopes(c, &m->post, st->post);

    if (!s)
        s = tiles ? pack_tiles(c, st, m, weights) : pack_panels(c, m, weights);
    o->fn = tiles ? fc_map_tiles : c->n->kernels->conv;
    o->map = *m;
    return s;
}

static fc_status compile_conv(compiler *c, fc_step *st, op *o)
{
    const fc_node *n = fc_graph_node(c->g, st->node);
    const fc_value *in = &c->plan.value[st->src[0]], *out = &c->plan.value[st->dst];
    const size_t each = (size_t)(in->c / n->groups) * (size_t)n->kh * (size_t)n->kw;
    const float *weights, *bias;
    float *merged = NULL;
    fc_map_op m = {.in = in->elem, .out = out->elem, .src_ld = {in->ld}, .dst_ld = out->ld, .c = n->c};
    dnnl_memory_desc_t md;
    dnnl_status_t d;
    shape p;
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
        s = merged_weights(c, &merged, st, in->c);
        weights = merged;
    } else {
        s = fold(c, n->c, n->bias, st->batchnorm, st->scale);
        if (!s)
            s = scaled_weights(c, &weights, n, each);
    }
    if (!s)
        s = padded_shift(c, &bias, n->c);
    const bool tiles = is_for_tiles(c, st, &m);
    if (!s && (tiles || has_few_pixels(c, st, &m))) {
        m.bias = bias;
        s = compile_own_conv(c, st, o, &m, weights, tiles);
        free(merged);
        return s;
    }
    if (!s)
        s = find_primitive(c, &o->conv, &p, n->weight);
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

static fc_status compile_depthwise(compiler *c, fc_step *st, fc_map_op *m)
{
    const fc_node *n = fc_graph_node(c->g, st->node);
    const size_t taps = (size_t)n->kh * (size_t)n->kw;
    const float *from;
    void *to;
    fc_status s;

    if ((s = fold(c, n->c, n->bias, st->batchnorm, 1)) || (s = scaled_weights(c, &from, n, taps)) ||
        (s = padded_shift(c, &m->bias, n->c)) || (s = take(c, &to, taps * padded(n->c), sizeof(float))))
        return s;
    for (int i = 0; i < n->c; i++)
        for (size_t t = 0; t < taps; t++)
            ((float *)to)[t * padded(n->c) + (size_t)i] = from[(size_t)i * taps + t];
    m->weights = to;
    st->scratch = fc_map_scratch(m);
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

static fc_status compile_linear(compiler *c, const fc_step *st, fc_map_op *m)
{
    const fc_node *n = fc_graph_node(c->g, st->node);
    const fc_value *in = &c->plan.value[st->src[0]];
    const size_t each = (size_t)in->c * (size_t)in->h * (size_t)in->w;
    const float *from;
    float *row = NULL;
    void *to;
    fc_status s;

    if ((s = fold(c, n->c, n->bias, st->batchnorm, 1)) || (s = scaled_weights(c, &from, n, each)) ||
        (s = padded_shift(c, &m->bias, n->c)))
        return s;
    m->n = each;
    m->weight_elem = c->bf16 ? FC_ELEM_BF16 : FC_ELEM_F32;
    s = take(c, &to, (size_t)n->c * each, fc_elem_size(m->weight_elem));
    if (s)
        return s;
    row = malloc(each * sizeof *row);
    if (!row)
        return fc_fail_nomem(c->err, each * sizeof *row);
    for (int o = 0; o < n->c; o++) {
        reorder_row(row, from + (size_t)o * each, in, n->op == FC_OP_LINEAR ? n->flatten : FC_FLATTEN_CHW);
        c->n->kernels->copy(
            &(fc_map_op){.src = {row},
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

static fc_status compile_affine(compiler *c, const fc_step *st, fc_map_op *m)
{
    void *to;
    int channels = fc_graph_node(c->g, st->node)->c;
    fc_status s;

    if ((s = fold(c, channels, "", st->node, 1)) || (s = padded_shift(c, &m->bias, channels)) ||
        (s = take(c, &to, padded(channels), sizeof(float))))
        return s;
    memcpy(to, c->factor, (size_t)channels * sizeof(float));
    m->weights = to;
    return FC_OK;
}

/* PReLU with slopes >= 0 never falls, so it can follow the pooling, where there is less of it. */
static void pool_before_prelu(fc_map_op *m)
{
    if (!m->pre || m->post)
        return;
    for (int i = 0; i < m->c; i++)
        if (!(m->pre[i] >= 0))
            return;
    m->post = m->pre;
    m->pre = NULL;
}

static fc_map_fn *function_of(const fc_map_kernels *k, fc_step_kind kind)
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
        return fc_map_softmax;
    case FC_STEP_L2NORM:
        return fc_map_l2norm;
    case FC_STEP_CONV:
        break;
    }
    return NULL;
}

static fc_status compile_step(compiler *c, fc_step *st, op *o)
{
    const fc_value *value = c->plan.value, *out = &value[st->dst];
    const fc_node *n = st->node >= 0 ? fc_graph_node(c->g, st->node) : NULL;
    fc_map_op *m = &o->map;
    fc_status s;

    if (st->kind == FC_STEP_CONV)
        return compile_conv(c, st, o);
    o->fn = function_of(c->n->kernels, st->kind);
    *m = (fc_map_op){.out = out->elem, .dst_ld = out->ld, .c = out->c, .oh = out->h, .ow = out->w};
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
    if ((s = slopes(c, &m->pre, st->pre)) || (s = slopes(c, &m->post, st->post)))
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
    for (int i = 0; i < n->nprimitives; i++) {
        if (n->primitive[i].conv)
            dnnl_primitive_destroy(n->primitive[i].conv);
        if (n->primitive[i].pack)
            dnnl_primitive_destroy(n->primitive[i].pack);
        if (n->primitive[i].pd)
            dnnl_primitive_desc_destroy(n->primitive[i].pd);
    }
    if (n->engine)
        dnnl_engine_destroy(n->engine);
    fc_pool_clear(&n->pool);
    free(n->primitive);
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

static fc_status compile_steps(compiler *c)
{
    net *n = c->n;
    fc_plan *p = &c->plan;
    fc_status s;

    n->op = calloc((size_t)p->nsteps, sizeof *n->op);
    n->primitive = calloc((size_t)p->nsteps, sizeof *n->primitive);
    n->output = calloc((size_t)p->noutputs, sizeof *n->output);
    if (!n->op || !n->primitive || !n->output)
        return fc_fail_nomem(c->err, (size_t)p->nsteps * sizeof *n->op);
    n->nops = p->nsteps;
    n->noutputs = p->noutputs;
    for (int i = 0; i < p->nsteps; i++)
        if ((s = compile_step(c, &p->step[i], &n->op[i])))
            return s;
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
    return fc_map_kernels_for(true) && has_isa(dnnl_cpu_isa_avx512_core_bf16);
}

bool fc_cpu_bf16_pays(void)
{
    if (!fc_cpu_has_bf16())
        return false;
#ifdef __x86_64__
    /* Without AMX the convolutions of MobileFaceNet ran at 115 GFLOP/s in bfloat16, at 200 in float32. */
    return has_isa(dnnl_cpu_isa_avx512_core_amx) || !__builtin_cpu_is("intel");
#else
    return true;
#endif
}

bool fc_onednn_has_kernels(void)
{
#if defined __x86_64__ || defined __i386__
    return __builtin_cpu_supports("sse4.1");
#else
    return false;
#endif
}

static void describe(net *n, bool bf16)
{
    const dnnl_version_t *v = dnnl_version();

    n->base.precision = bf16 ? FC_PRECISION_BF16 : FC_PRECISION_FP32;
    snprintf(n->base.description, sizeof n->base.description, "onednn %d.%d.%d %s%s", v->major, v->minor,
             v->patch, bf16 ? "bf16" : "fp32", fc_onednn_has_kernels() ? "" : " (not made for this CPU)");
}

static fc_status compile(fc_net **out, const fc_graph *g, const fc_weights *w, const fc_engine_options *opt,
                         fc_error *err)
{
    const fc_node *input = fc_graph_node(g, 0);
    compiler c = {.g = g, .w = w, .bf16 = opt->precision == FC_PRECISION_BF16, .err = err};
    dnnl_status_t d;
    int threads;
    fc_status s;

    if (opt->device && strcmp(opt->device, "cpu") != 0)
        return fc_fail(err, FC_EUSAGE, "device '%s': engine 'onednn' runs on cpu", opt->device);
    if (c.bf16 && !fc_cpu_has_bf16())
        return fc_fail(err, FC_EUNSUPPORTED, "this CPU has no bfloat16");
    if (input->h == 0)
        return fc_fail(err, FC_EUNSUPPORTED, "engine 'onednn' wants a graph of a fixed size");
    c.n = calloc(1, sizeof *c.n);
    if (!c.n)
        return fc_fail_nomem(err, sizeof *c.n);
    c.n->base.engine = &fc_engine_onednn;
    c.n->kernels = fc_map_kernels_for(c.bf16);
    c.n->input = (size_t)input->c * (size_t)input->h * (size_t)input->w * sizeof(float);
    describe(c.n, c.bf16);
    threads = one_thread();
    d = dnnl_engine_create(&c.n->engine, dnnl_cpu, 0);
    if (d)
        s = failed(err, d, "engine");
    else
        s = fc_plan_make(&c.plan, g, c.bf16, err);
    if (!s)
        s = compile_steps(&c);
    threads_back(threads);
    fc_plan_clear(&c.plan);
    free(c.factor);
    free(c.shift);
    free(c.scaled);
    if (s)
        net_free(&c.n->base);
    else
        *out = &c.n->base;
    return s;
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

static fc_status run(fc_session *base, fc_error *err)
{
    session *s = (session *)base;
    dnnl_status_t d = dnnl_success;
    int threads = one_thread();

    for (int i = 0; i < s->nops && !d; i++) {
        run_op *o = &s->op[i];
        if (o->fn)
            o->fn(&o->map);
        else
            d = dnnl_primitive_execute(o->conv, s->stream, CONV_ARGS, o->arg);
    }
    if (!d)
        d = dnnl_stream_wait(s->stream);
    threads_back(threads);
    return d ? failed(err, d, "run") : FC_OK;
}

const fc_engine fc_engine_onednn = {"onednn", compile, net_free, session_new, session_free, run};
