/*
 * oneDNN's convolutions, and nhwc.h for the rest. Maps lie in memory as [h][w][c], the one order for which
 * oneDNN 2.6 has fast convolutions on SSE4.1, AVX2, AVX-512 and AMX alike.
 *
 * native_step.c compiles a network's steps, native_batch.c says which of them several inputs go through together and lays out memory,
 * native_facts.c says what they are; here they run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/error.h"
#include "engines/native_impl.h"
#include "engines/onednn.h"

#define CONV_ARGS 5

typedef struct run_op {
    fc_nhwc_fn *fn;
    bool many; /* it takes several inputs at once */
    fc_nhwc_op map;
    dnnl_primitive_t conv;
    dnnl_exec_arg_t arg[CONV_ARGS];
} run_op;

typedef struct session {
    fc_session base;
    dnnl_stream_t stream;
    uint8_t *arena;
    size_t arena_size, input_size;
    run_op *op; /* [batch][nops]; a step that takes several inputs at once is the first one's */
    int nops, batch, together;
} session;

/* ---- net -------------------------------------------------------------------------------------------- */

static void net_free(fc_net *base)
{
    native_net *n = (native_net *)base;

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
    for (int i = 0; i < 2; i++) {
        const native_layout *l = i ? &n->batch : &n->one;
        free(l->op);
        free(l->output);
    }
    free(n->conv);
    free(n->op);
    free(n);
}

/* Each convolution of few pixels fetches the weights of the next one. */
static void fetch_ahead(native_net *n)
{
    const void *next = NULL;

    for (int i = n->nops - 1; i >= 0; i--)
        if (n->op[i].map.next) {
            n->op[i].map.next = next ? next : n->op[i].map.weights;
            next = n->op[i].map.weights;
        }
}

static fc_status compile_steps(native_compiler *c)
{
    native_net *n = c->n;
    fc_plan *p = &c->plan;
    int batch, together;
    fc_status s;

    n->op = calloc((size_t)p->nsteps, sizeof *n->op);
    n->conv = calloc((size_t)p->nsteps, sizeof *n->conv);
    if (!n->op || !n->conv)
        return fc_fail_nomem(c->err, (size_t)p->nsteps * sizeof *n->op);
    n->nops = p->nsteps;
    n->noutputs = p->noutputs;
    for (int i = 0; i < p->nsteps; i++) {
        if ((s = fc_native_compile_step(c, &p->step[i], &n->op[i])))
            return s;
        fc_native_tell_step(c, &p->step[i], &n->op[i]);
    }
    fetch_ahead(n);
    s = fc_native_lay_out(&n->one, c, 1, 0);
    n->batch.batch = 1;
    batch = fc_native_batch(n, &together);
    return s || batch == 1 ? s : fc_native_lay_out(&n->batch, c, batch, together);
}

/* Whether there are convolutions for this CPU, oneDNN's or our own; what oneDNN has for others is some hundred times
 * slower. */
static bool has_kernels(void)
{
    return fc_cpu_has(FC_ISA_BASE);
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
    native_compiler c = {.g = g, .bf16 = opt->precision == FC_PRECISION_BF16, .err = err};
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
    threads = fc_onednn_one_thread();
    d = fc_onednn_hold();
    if (!d)
        d = dnnl_engine_create(&c.n->engine, dnnl_cpu, 0);
    if (d)
        s = fc_onednn_failed(err, d, "engine");
    else
        s = fc_plan_make(&c.plan, g, c.bf16, err);
    if (!s)
        s = compile_steps(&c);
    fc_onednn_threads_back(threads);
    fc_plan_clear(&c.plan);
    fc_fold_clear(&c.fold);
    if (s) {
        net_free(&c.n->base);
        return s;
    }
    fc_net_begin(&c.n->base, &fc_engine_native,
                 opt->precision == FC_PRECISION_BF16 ? FC_PRECISION_BF16 : FC_PRECISION_FP32, NULL,
                 has_kernels() ? fc_isa_name(fc_native_isa(c.n)) : NULL);
    *out = &c.n->base;
    return FC_OK;
}

/* ---- session ---------------------------------------------------------------------------------------- */

static void session_free(fc_session *base)
{
    session *s = (session *)base;

    for (int i = 0; i < s->batch * s->nops; i++)
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

/* Where the place is for input number of the session; NULL: nowhere. */
static uint8_t *at_place(const session *s, native_place p, int number)
{
    return p.at < 0 ? NULL : s->arena + p.at + (size_t)number * p.each;
}

static dnnl_status_t bind_conv(run_op *r, const native_op *o, const session *s, const native_places *p,
                               int number, dnnl_engine_t engine)
{
    const struct {
        int arg;
        dnnl_query_t query;
        uint8_t *at;
    } own[] = {
        {DNNL_ARG_SRC, dnnl_query_src_md, at_place(s, p->src[0], number)},
        {DNNL_ARG_DST, dnnl_query_dst_md, at_place(s, p->dst, number)},
        {DNNL_ARG_SCRATCHPAD, dnnl_query_scratchpad_md, p->scratch >= 0 ? s->arena + p->scratch : NULL}};

    r->conv = o->conv->conv;
    r->arg[0] = (dnnl_exec_arg_t){DNNL_ARG_WEIGHTS, o->weights};
    r->arg[1] = (dnnl_exec_arg_t){DNNL_ARG_BIAS, o->bias};
    for (int i = 0; i < 3; i++) {
        const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(o->conv->pd, own[i].query, 0);
        dnnl_status_t d = dnnl_memory_create(&r->arg[2 + i].memory, md, engine, own[i].at);
        r->arg[2 + i].arg = own[i].arg;
        if (d)
            return d;
    }
    return dnnl_success;
}

static void bind_map(run_op *r, const native_op *o, const session *s, const native_places *p, int number)
{
    r->fn = o->fn;
    r->many = o->many;
    r->map = o->map;
    r->map.src[0] = p->src[0].at < 0 ? (const void *)(s->base.input + (size_t)number * s->base.floats)
                                     : at_place(s, p->src[0], number);
    r->map.src[1] = at_place(s, p->src[1], number);
    r->map.dst = at_place(s, p->dst, number);
    r->map.src_step = p->src[0].each;
    r->map.dst_step = p->dst.each;
    r->map.scratch = p->scratch >= 0 ? s->arena + p->scratch : NULL;
}

static fc_status make_session(fc_session **out, const native_net *n, const native_layout *l, fc_error *err)
{
    const size_t most = (size_t)l->batch;
    session *s = calloc(1, sizeof *s);
    dnnl_status_t d;
    fc_status r;

    *out = NULL;
    if (!s)
        return fc_fail_nomem(err, sizeof *s);
    s->base.engine = n->base.engine;
    s->arena_size = l->arena;
    s->input_size = most * n->input;
    s->base.floats = n->input / sizeof(float);
    s->base.outputs = n->noutputs;
    s->op = calloc(most * (size_t)n->nops, sizeof *s->op);
    s->base.output = calloc(most * (size_t)n->noutputs, sizeof *s->base.output);
    s->arena = fc_pages_new(l->arena);
    s->base.input = fc_pages_new(s->input_size);
    if (!s->op || !s->base.output || !s->arena || !s->base.input) {
        r = fc_fail_nomem(err, l->arena);
        goto fail;
    }
    s->nops = n->nops;
    s->batch = l->batch;
    s->together = l->together;
    if ((d = dnnl_stream_create(&s->stream, n->engine, dnnl_stream_default_flags))) {
        r = fc_onednn_failed(err, d, "stream");
        goto fail;
    }
    for (int i = 0; i < l->batch * n->nops; i++) {
        const int number = i / n->nops, k = i % n->nops;
        if (!n->op[k].conv)
            bind_map(&s->op[i], &n->op[k], s, &l->op[k], number);
        else if ((d = bind_conv(&s->op[i], &n->op[k], s, &l->op[k], number, n->engine))) {
            r = fc_onednn_failed(err, d, "memory");
            goto fail;
        }
    }
    for (int i = 0; i < l->batch * n->noutputs; i++)
        s->base.output[i] = (const float *)at_place(s, l->output[i % n->noutputs], i / n->noutputs);
    *out = &s->base;
    return FC_OK;
fail:
    session_free(&s->base);
    return r;
}

static fc_status session_new(fc_session **out, const fc_net *base, fc_error *err)
{
    const native_net *n = (const native_net *)base;

    return make_session(out, n, &n->one, err);
}

static fc_status session_new_batch(fc_session **out, const fc_net *base, fc_error *err)
{
    const native_net *n = (const native_net *)base;

    return make_session(out, n, n->batch.batch > 1 ? &n->batch : &n->one, err);
}

static dnnl_status_t run_step(session *s, run_op *o)
{
    if (!o->fn)
        return dnnl_primitive_execute(o->conv, s->stream, CONV_ARGS, o->arg);
    o->fn(&o->map);
    return dnnl_success;
}

/* A step for inputs first to end. */
static dnnl_status_t run_for(session *s, int step, int first, int end)
{
    dnnl_status_t d = dnnl_success;

    for (int i = first; i < end && !d; i++)
        d = run_step(s, &s->op[i * s->nops + step]);
    return d;
}

/* For all n inputs. */
static dnnl_status_t run_together(session *s, int step, int n)
{
    run_op *o = &s->op[step];

    if (!o->many)
        return run_for(s, step, 0, n);
    o->map.count = n;
    o->fn(&o->map);
    return dnnl_success;
}

/* What a step took is added to ms, where that is not NULL. */
typedef struct stopwatch {
    double *ms, then;
} stopwatch;

static dnnl_status_t stop(const session *s, stopwatch *w, int step, dnnl_status_t d)
{
    if (!w->ms || d)
        return d;
    d = dnnl_stream_wait(s->stream);
    const double now = fc_now_ms();
    w->ms[step] += now - w->then;
    w->then = now;
    return d;
}

static fc_status run_timed(fc_session *base, int n, double *ms, fc_error *err)
{
    session *s = (session *)base;
    dnnl_status_t d = dnnl_success;
    int threads = fc_onednn_one_thread();
    stopwatch w = {ms, ms ? fc_now_ms() : 0};

    for (int i = 0; i < n; i++)
        for (int k = 0; k < s->together && !d; k++)
            d = stop(s, &w, k, run_for(s, k, i, i + 1));
    for (int k = s->together; k < s->nops && !d; k++)
        d = stop(s, &w, k, run_together(s, k, n));
    if (!d)
        d = dnnl_stream_wait(s->stream);
    fc_onednn_threads_back(threads);
    return d ? fc_onednn_failed(err, d, "run") : FC_OK;
}

static fc_status run_batch(fc_session *base, int n, fc_error *err)
{
    return run_timed(base, n, NULL, err);
}

static fc_status run(fc_session *base, fc_error *err)
{
    return run_batch(base, 1, err);
}

/* ---- what ran ----------------------------------------------------------------------------------------- */

static int batch_of(const fc_net *base)
{
    return ((const native_net *)base)->batch.batch;
}

static int layers(const fc_net *base)
{
    return ((const native_net *)base)->nops;
}

static void layer(const fc_net *base, int i, fc_layer_facts *out)
{
    *out = ((const native_net *)base)->op[i].facts;
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
    .batch = batch_of,
    .session_new_batch = session_new_batch,
    .run_batch = run_batch,
    .layers = layers,
    .layer = layer,
    .run_timed = run_timed,
};
