/* What a compiled step is: its shape, its kernel, and what it takes at least. */
#include <ctype.h>
#include <stdio.h>

#include "base/cpu.h"
#include "engines/native_impl.h"
#include "kernels/conv_amx.h"
#include "kernels/conv_neon.h"

static const char *const step_names[] = {
    [FC_STEP_INPUT] = "input",     [FC_STEP_CONV] = "conv",       [FC_STEP_DEPTHWISE] = "depthwise",
    [FC_STEP_LINEAR] = "linear",   [FC_STEP_PRELU] = "prelu",     [FC_STEP_AFFINE] = "affine",
    [FC_STEP_ADD] = "add",         [FC_STEP_COPY] = "copy",       [FC_STEP_MAXPOOL] = "maxpool",
    [FC_STEP_AVGPOOL] = "avgpool", [FC_STEP_SOFTMAX] = "softmax", [FC_STEP_L2NORM] = "l2norm",
    [FC_STEP_PAD] = "pad",         [FC_STEP_OUTPUT] = "output"};

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

static void name_kernel(char *to, size_t size, const native_net *n, const fc_step *st, const native_op *o)
{
    const bool plain = st->kind == FC_STEP_SOFTMAX || st->kind == FC_STEP_L2NORM || st->kind == FC_STEP_PAD;
    const char *info;

    if (o->conv)
        snprintf(to, size, "%s",
                 dnnl_primitive_desc_query(o->conv->pd, dnnl_query_impl_info_str, 0, (void *)&info) ? "?"
                                                                                                    : info);
    else if (o->fn == fc_conv_neon)
        snprintf(to, size, "conv_neon:%s", fc_isa_name(FC_ISA_NEON));
    else if (o->fn == fc_conv_amx)
        snprintf(to, size, "conv_amx:%s", fc_isa_name(FC_ISA_AMX));
    else
        snprintf(to, size, "nhwc%s:%s",
                 o->fn != n->kernels->tiles                            ? ""
                 : fc_nhwc_tiles_of(&o->map, n->kernels->lanes).m == 3 ? " f33"
                                                                       : " f43",
                 fc_isa_name(plain ? FC_ISA_BASE : fc_nhwc_isa(n->kernels)));
    for (; *to; to++)
        *to = (char)tolower((unsigned char)*to);
}

/* Bytes of a map. */
static double map_bytes(const fc_value *v)
{
    return (double)v->c * v->h * v->w * (double)fc_elem_size(v->elem);
}

/* Bytes of count weights, as the step has them. */
static double weight_bytes(const fc_step *st, const native_op *o, const fc_value *in, double count)
{
    if (o->fn == fc_conv_amx)
        return (double)(fc_conv_amx_weights(&o->map) * sizeof(uint16_t));
    if (st->kind == FC_STEP_DEPTHWISE)
        return count * sizeof(float);
    return count * (double)fc_elem_size(st->kind == FC_STEP_LINEAR ? o->map.weight_elem : in->elem);
}

void fc_native_tell_step(const native_compiler *c, const fc_step *st, native_op *o)
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

fc_isa fc_native_isa(const native_net *n)
{
    fc_isa highest = FC_ISA_BASE, isa;

    for (int i = 0; i < n->nops; i++)
        if (fc_isa_of_kernel(n->op[i].facts.kernel, &isa) && isa > highest)
            highest = isa;
    return highest;
}
