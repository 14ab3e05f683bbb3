#include "made_up.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t fnv1a(const char *s)
{
    uint32_t h = 2166136261u;
    for (; *s; s++)
        h = (h ^ (uint8_t)*s) * 16777619u;
    return h;
}

static double uniform(uint32_t i, uint32_t seed)
{
    uint32_t x = i * 2654435761u + seed;
    x ^= x >> 16;
    x *= 0x85ebca6bu;
    x ^= x >> 13;
    x *= 0xc2b2ae35u;
    x ^= x >> 16;
    return (x >> 8) / 16777216.0;
}

static bool ends_in(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

static fc_status tensor(fc_weights *w, const char *name, int rank, const size_t *dim, fc_error *err)
{
    size_t n = 1, fan_in = 1;
    for (int i = 0; i < rank; i++) {
        n *= dim[i];
        fan_in *= i ? dim[i] : 1;
    }
    float *v = malloc(n * sizeof *v);
    if (!v)
        return FC_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        double u = uniform((uint32_t)i, fnv1a(name));
        if (ends_in(name, "running_var") || (rank == 1 && ends_in(name, ".weight")))
            v[i] = (float)(0.8 + 0.4 * u);
        else if (ends_in(name, "running_mean") || ends_in(name, ".bias"))
            v[i] = (float)(0.2 * (u - 0.5));
        else
            v[i] = (float)((u - 0.5) * 2 * sqrt(3.0 / (double)fan_in));
    }
    fc_status s = fc_weights_add(w, name, FC_F32, rank, dim, v, err);
    free(v);
    return s;
}

static fc_status vector(fc_weights *w, const char *prefix, const char *suffix, int n, fc_error *err)
{
    char name[128];
    snprintf(name, sizeof name, "%s%s", prefix, suffix);
    return tensor(w, name, 1, (size_t[]){(size_t)n}, err);
}

static fc_status node_weights(fc_weights *w, const fc_graph *g, const fc_node *n, fc_error *err)
{
    static const char *const parts[] = {".weight", ".bias", ".running_mean", ".running_var"};
    const fc_node *in = n->nin ? fc_graph_node(g, n->in[0]) : n;
    fc_status s = FC_OK;

    if (n->op == FC_OP_CONV)
        s = tensor(w, n->weight, 4,
                   (size_t[]){(size_t)n->c, (size_t)(in->c / n->groups), (size_t)n->kh, (size_t)n->kw}, err);
    else if (n->op == FC_OP_LINEAR)
        s = tensor(w, n->weight, 2, (size_t[]){(size_t)n->c, (size_t)(in->c * in->h * in->w)}, err);
    else if (n->op == FC_OP_PRELU)
        s = vector(w, n->weight, "", n->c, err);
    else if (n->op == FC_OP_BATCHNORM)
        for (int i = 0; i < (n->bare ? 2 : 4) && !s; i++)
            s = vector(w, n->weight, parts[i], n->c, err);
    if (!s && *n->bias)
        s = vector(w, n->bias, "", n->c, err);
    return s;
}

fc_status made_up_weights(fc_weights **out, const fc_graph *g, fc_error *err)
{
    fc_status s = fc_weights_new(out, "made up", err);

    for (int i = 0; i < fc_graph_count(g) && !s; i++)
        s = node_weights(*out, g, fc_graph_node(g, i), err);
    if (s) {
        fc_weights_free(*out);
        *out = NULL;
    }
    return s;
}
