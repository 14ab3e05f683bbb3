#include "models/arch.h"

#include <stdio.h>

#include "base/error.h"
#include "nets/nets.h"

/* FC_EMISSING: not in that size. */
static fc_status has(const fc_weights *w, const char *name, size_t count, fc_error *err)
{
    const float *data;
    const fc_status s = fc_weights_f32(w, name, count, &data, err);

    return s && s != FC_ENOMEM ? FC_EMISSING : s;
}

static fc_status has_batchnorm(const fc_weights *w, const fc_node *n, fc_error *err)
{
    static const char *const part[] = {"weight", "bias", "running_mean", "running_var"};
    char name[sizeof((fc_node *)0)->weight + 16];
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < (n->bare ? 2 : sizeof part / sizeof *part); i++) {
        snprintf(name, sizeof name, "%s.%s", n->weight, part[i]);
        s = has(w, name, (size_t)n->c, err);
    }
    return s;
}

/* Graphs are written in this program: their sizes are small and positive. */
static fc_status has_node(const fc_weights *w, const fc_graph *g, const fc_node *n, fc_error *err)
{
    const fc_node *x = n->nin ? fc_graph_node(g, n->in[0]) : NULL;
    size_t c = (size_t)n->c, count = c;

    if (!*n->weight)
        return FC_OK;
    if (n->op == FC_OP_BATCHNORM)
        return has_batchnorm(w, n, err);
    if (n->op == FC_OP_CONV)
        count = c * (size_t)(x->c / n->groups) * (size_t)n->kh * (size_t)n->kw;
    else if (n->op == FC_OP_LINEAR)
        count = c * (size_t)x->c * (size_t)x->h * (size_t)x->w;
    const fc_status s = has(w, n->weight, count, err);
    return s || !*n->bias ? s : has(w, n->bias, c, err);
}

/* FC_EMISSING: a tensor is not there in its size. */
static fc_status fits(const fc_weights *w, const char *arch, fc_error *err)
{
    fc_graph *g = fc_net_by_name(arch);
    fc_status s = g ? fc_graph_check(g, err) : fc_fail_nomem(err, sizeof(fc_node));

    for (int i = 0; !s && i < fc_graph_count(g); i++)
        s = has_node(w, g, fc_graph_node(g, i), err);
    fc_graph_free(g);
    return s;
}

fc_status fc_arch_of(const char **out, const fc_weights *w, fc_error *err)
{
    fc_status s = FC_EMISSING;

    *out = NULL;
    for (size_t i = 0; s == FC_EMISSING && fc_net_name(i); i++)
        if (!(s = fits(w, fc_net_name(i), err)))
            *out = fc_net_name(i);
    return s == FC_EMISSING ? FC_OK : s;
}
