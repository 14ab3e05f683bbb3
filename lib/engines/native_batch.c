/* Several inputs through a network at a time: how many, which steps they take together, and where everything of theirs lies. */
#include <stdlib.h>

#include "base/error.h"
#include "engines/native_impl.h"
#include "kernels/conv_amx.h"

/* More weights than numbers that they are multiplied with: they are waited for. */
static bool is_heavy(const native_op *o)
{
    return o->facts.weights >= o->facts.maps;
}

/* Whoever's kernel it is: of each architecture there are others. */
static bool is_dense(const native_net *n, const native_op *o)
{
    return o->facts.flops > 0 && o->fn != n->kernels->depthwise;
}

/* Together from behind the last layer on that is not heavy; and only where the heavy ones have more weights than all maps together
 * have numbers. InceptionResnetV1 is such a network; MobileFaceNet is far from it, and fetching the maps of eight faces takes what
 * fetching its weights once saves. */
int fc_native_batch(const native_net *n, int *together)
{
    double weights = 0, maps = 0;

    *together = 0;
    for (int i = 0; i < n->nops; i++) {
        const native_op *o = &n->op[i];
        maps += o->facts.maps;
        if (!is_dense(n, o))
            continue;
        weights += is_heavy(o) ? o->facts.weights : 0;
        if (!is_heavy(o))
            *together = i + 1;
    }
    return weights >= maps && *together < n->nops ? FC_NET_BATCH : 1;
}

static native_place place_of(const fc_plan *p, int value)
{
    if (value < 0)
        return (native_place){.at = -1};
    return (native_place){(ptrdiff_t)p->value[value].offset, p->value[value].each};
}

/* Tiles want their scratch for all inputs; the other steps use it for one after the other. */
static size_t scratch_for(const native_op *o, size_t alone, int batch)
{
    fc_nhwc_op map = o->map;

    if (o->fn != fc_conv_amx)
        return alone;
    map.count = batch;
    return fc_conv_amx_scratch(&map);
}

fc_status fc_native_lay_out(native_layout *l, native_compiler *c, int batch, int together)
{
    const native_net *n = c->n;
    fc_plan *p = &c->plan;
    fc_status s;

    *l = (native_layout){.batch = batch, .together = together};
    l->op = calloc((size_t)n->nops, sizeof *l->op);
    l->output = calloc((size_t)n->noutputs, sizeof *l->output);
    if (!l->op || !l->output)
        return fc_fail_nomem(c->err, (size_t)n->nops * sizeof *l->op);
    for (int i = together; i < n->nops; i++)
        p->step[i].scratch = scratch_for(&n->op[i], p->step[i].scratch, batch);
    if ((s = fc_plan_layout(p, batch, together, c->err)))
        return s;
    for (int i = 0; i < n->nops; i++) {
        const fc_step *st = &p->step[i];
        l->op[i] = (native_places){.src = {place_of(p, st->src[0]), place_of(p, st->src[1])},
                                   .dst = place_of(p, st->dst),
                                   .scratch = st->scratch ? (ptrdiff_t)st->scratch_offset : -1};
    }
    for (int i = 0; i < n->noutputs; i++)
        l->output[i] = place_of(p, p->output[i]);
    l->arena = p->arena;
    return FC_OK;
}
