/* libtorch, through the module facecheck-torch.so: opened when it is asked for, because libtorch alone costs
 * some 0.4 s and 160 MB. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/module.h"
#include "base/size.h"
#include "engines/engine_impl.h"
#include "engines/torch_c.h"
#include "engines/torch_module.h"

typedef struct net {
    fc_net base;
    fc_torch_net *torch;
    int noutputs;
} net;

typedef struct session {
    fc_session base;
    fc_torch_session *torch;
} session;

#ifdef FC_HAVE_TORCH
#define ABSENT NULL
#else
#define ABSENT "this build has no torch engine: it was made without libtorch"
#endif
static fc_module module = FC_MODULE("torch", ABSENT);

static fc_status need_module(fc_error *err)
{
    fc_error why;
    const fc_status s = fc_module_need(&module, &why);

    return s ? fc_fail(err, s, "engine '" FC_ENGINE_TORCH "': %s", why.message) : FC_OK;
}

static const fc_torch_api *of_module(void)
{
    return module.table;
}

fc_status fc_torch_module(const fc_torch_api **out, fc_error *err)
{
    const fc_status s = need_module(err);

    *out = s ? NULL : of_module();
    return s;
}

static bool is_there(void)
{
    return need_module(NULL) == FC_OK;
}

static void describe(fc_engine_facts *f)
{
    snprintf(f->version, sizeof f->version, "%s", of_module()->libtorch);
}

/* In oneDNN's names. */
static const char *isa_name(void)
{
    const char *isa = of_module()->isa();

    if (!strcmp(isa, "AVX2"))
        return fc_isa_name(FC_ISA_AVX2);
    return !strcmp(isa, "AVX512") ? fc_isa_name(FC_ISA_AVX512) : NULL;
}

static const char *device_of(const fc_engine_options *opt)
{
    return opt->device ? opt->device : "cpu";
}

static fc_status check_options(const fc_engine_options *opt, fc_error *err)
{
    fc_status s = need_module(err);

    if (!s)
        s = of_module()->find_device(device_of(opt), err);
    if (!s && opt->precision == FC_PRECISION_BF16 && strcmp(device_of(opt), "cpu") == 0 && !fc_cpu_has_bf16())
        s = fc_fail(err, FC_EUNSUPPORTED, "this CPU has no bfloat16");
    return s;
}

static fc_status net_new(net **out, const fc_engine_options *opt, int noutputs, fc_error *err)
{
    const bool bf16 = opt->precision == FC_PRECISION_BF16, cpu = strcmp(device_of(opt), "cpu") == 0;
    net *n = calloc(1, sizeof *n);

    *out = n;
    if (!n)
        return fc_fail_nomem(err, sizeof *n);
    fc_net_begin(&n->base, &fc_engine_torch, bf16 ? FC_PRECISION_BF16 : FC_PRECISION_FP32, device_of(opt),
                 cpu ? isa_name() : NULL);
    n->noutputs = noutputs;
    return FC_OK;
}

static void net_free(fc_net *base)
{
    net *n = (net *)base;

    if (n->torch)
        of_module()->net_free(n->torch);
    free(n);
}

/* ---- graphs ------------------------------------------------------------------------------------------ */

fc_status fc_torch_find_params(fc_torch_layer *l, const fc_graph *g, const fc_weights *w, fc_error *err)
{
    static const char *const suffix[] = {"weight", "bias", "running_mean", "running_var"};
    const fc_node *n = l->node, *in = fc_graph_node(g, n->in[0]);
    const size_t c = (size_t)n->c;
    size_t each = 1, count;
    fc_status s = FC_OK;

    switch (n->op) {
    case FC_OP_CONV:
        each = (size_t)(in->c / n->groups) * (size_t)n->kh * (size_t)n->kw;
        break;
    case FC_OP_LINEAR:
        each = (size_t)in->c * (size_t)in->h * (size_t)in->w;
        break;
    case FC_OP_PRELU:
        break;
    case FC_OP_BATCHNORM:
        for (int i = 0; i < (n->bare ? 2 : 4) && !s; i++) {
            char name[128];
            snprintf(name, sizeof name, "%s.%s", n->weight, suffix[i]);
            s = fc_weights_f32(w, name, c, &l->param[i], err);
        }
        return s;
    default:
        return FC_OK;
    }
    if (!fc_mul(c, each, &count))
        return fc_fail(err, FC_EMODEL, "%s: too large", n->weight);
    s = fc_weights_f32(w, n->weight, count, &l->param[0], err);
    if (!s && *n->bias)
        s = fc_weights_f32(w, n->bias, c, &l->param[1], err);
    return s;
}

static fc_status compile(fc_net **out, const fc_graph *g, const fc_weights *w, const fc_engine_options *opt,
                         fc_error *err)
{
    const int n = fc_graph_count(g), noutputs = fc_graph_outputs(g);
    fc_torch_layer *layer = NULL;
    int *output = NULL;
    net *made = NULL;
    fc_status s;

    if (fc_graph_node(g, 0)->h == 0)
        return fc_fail(err, FC_EUNSUPPORTED, "engine '" FC_ENGINE_TORCH "' wants a graph of a fixed size");
    s = check_options(opt, err);
    if (s)
        return s;
    layer = calloc((size_t)n, sizeof *layer);
    output = calloc((size_t)noutputs, sizeof *output);
    if (!layer || !output) {
        s = fc_fail_nomem(err, (size_t)n * sizeof *layer);
        goto out;
    }
    for (int i = 0; i < n && !s; i++) {
        layer[i].node = fc_graph_node(g, i);
        s = fc_torch_find_params(&layer[i], g, w, err);
    }
    for (int i = 0; i < noutputs; i++)
        output[i] = fc_graph_output_at(g, i);
    if (!s)
        s = net_new(&made, opt, noutputs, err);
    if (!s)
        s = of_module()->compile(&made->torch, layer, n, output, noutputs,
                                 made->base.facts.precision == FC_PRECISION_BF16, device_of(opt), err);
    if (!s) {
        *out = &made->base;
        made = NULL;
    }
out:
    if (made)
        net_free(&made->base);
    free(output);
    free(layer);
    return s;
}

/* ---- TorchScript ------------------------------------------------------------------------------------- */

static fc_status load_torchscript(fc_net **out, int *dim, const void *bytes, size_t size, const char *name,
                                  const int chw[3], const fc_engine_options *opt, fc_error *err)
{
    fc_error why;
    net *n;
    fc_status s = check_options(opt, &why);

    if (s)
        return fc_fail(err, s, "%s: %s", name, why.message);
    s = net_new(&n, opt, 1, err);
    if (s)
        return s;
    s = of_module()->load(&n->torch, dim, bytes, size, name, chw, device_of(opt), err);
    if (s)
        net_free(&n->base);
    else
        *out = &n->base;
    return s;
}

/* ---- sessions ---------------------------------------------------------------------------------------- */

static void session_free(fc_session *base)
{
    session *s = (session *)base;

    if (s->torch)
        of_module()->session_free(s->torch);
    free(s->base.output);
    free(s);
}

static fc_status session_new(fc_session **out, const fc_net *base, fc_error *err)
{
    const net *n = (const net *)base;
    session *s = calloc(1, sizeof *s);
    fc_status st;

    *out = NULL;
    if (!s)
        return fc_fail_nomem(err, sizeof *s);
    s->base.engine = base->engine;
    s->base.output = calloc((size_t)n->noutputs, sizeof *s->base.output);
    st = s->base.output ? of_module()->session_new(&s->torch, &s->base.input, n->torch, err)
                        : fc_fail_nomem(err, (size_t)n->noutputs * sizeof *s->base.output);
    if (st)
        session_free(&s->base);
    else
        *out = &s->base;
    return st;
}

static fc_status run(fc_session *base, fc_error *err)
{
    return of_module()->run(((session *)base)->torch, base->output, err);
}

const fc_engine fc_engine_torch = {
    .available = need_module,
    .suits = is_there,
    .describe = describe,
    .compile = compile,
    .load = {[FC_PROGRAM_TORCHSCRIPT] = load_torchscript},
    .net_free = net_free,
    .session_new = session_new,
    .session_free = session_free,
    .run = run,
};
