#include "models/arch.h"

#include <stdio.h>

#include "nets/nets.h"

static bool has(const fc_weights *w, const char *name, size_t count)
{
    const float *data;
    return fc_weights_f32(w, name, count, &data, NULL) == FC_OK;
}

static bool has_batchnorm(const fc_weights *w, const char *prefix, size_t count)
{
    static const char *const part[] = {"weight", "bias", "running_mean", "running_var"};
    char name[sizeof((fc_node *)0)->weight + 16];

    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        snprintf(name, sizeof name, "%s.%s", prefix, part[i]);
        if (!has(w, name, count))
            return false;
    }
    return true;
}

/* Graphs are written in this program: their sizes are small and positive. */
static bool has_node(const fc_weights *w, const fc_graph *g, const fc_node *n)
{
    const fc_node *x = n->nin ? fc_graph_node(g, n->in[0]) : NULL;
    size_t c = (size_t)n->c, count = c;

    if (!*n->weight)
        return true;
    if (n->op == FC_OP_BATCHNORM)
        return has_batchnorm(w, n->weight, c);
    if (n->op == FC_OP_CONV)
        count = c * (size_t)(x->c / n->groups) * (size_t)n->kh * (size_t)n->kw;
    else if (n->op == FC_OP_LINEAR)
        count = c * (size_t)x->c * (size_t)x->h * (size_t)x->w;
    return has(w, n->weight, count) && (!*n->bias || has(w, n->bias, c));
}

static bool fits(const fc_weights *w, const char *arch)
{
    fc_graph *g = fc_net_by_name(arch);
    bool ok = g && fc_graph_check(g, NULL) == FC_OK;

    for (int i = 0; ok && i < fc_graph_count(g); i++)
        ok = has_node(w, g, fc_graph_node(g, i));
    fc_graph_free(g);
    return ok;
}

const char *fc_arch_of(const fc_weights *w)
{
    const char *arch;

    for (size_t i = 0; (arch = fc_net_name(i)); i++)
        if (fits(w, arch))
            return arch;
    return NULL;
}
