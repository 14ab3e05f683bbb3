#include <stdlib.h>

#include "base/error.h"
#include "base/random.h"
#include "cluster/graph.h"

/* ---- components ---- */

static uint32_t root_of(uint32_t *up, uint32_t i)
{
    while (up[i] != i) {
        up[i] = up[up[i]];
        i = up[i];
    }
    return i;
}

void fc_group_components(uint32_t *group, const fc_link_graph *g)
{
    for (size_t i = 0; i < g->n; i++)
        group[i] = (uint32_t)i;
    for (size_t i = 0; i < g->n; i++)
        for (uint64_t e = g->first[i]; e < g->first[i + 1]; e++) {
            const uint32_t a = root_of(group, (uint32_t)i), b = root_of(group, g->edge[e].to);
            if (a < b)
                group[b] = a;
            else
                group[a] = b;
        }
    for (size_t i = 0; i < g->n; i++)
        group[i] = root_of(group, (uint32_t)i);
}

/* ---- Chinese whispers ---- */

/* Sums by group, of the face at hand. */
struct votes {
    double *sum; /* [n], 0 but for those heard */
    uint32_t *heard;
    size_t n;
};

/* What the face's links speak most for; of equals the lowest, and the face's own before others. */
static uint32_t loudest(struct votes *v, const fc_link_graph *g, const uint32_t *group, size_t face)
{
    uint32_t best = group[face];

    v->n = 0;
    for (uint64_t e = g->first[face]; e < g->first[face + 1]; e++) {
        const uint32_t of = group[g->edge[e].to];
        if (v->sum[of] <= 0)
            v->heard[v->n++] = of;
        v->sum[of] += (double)g->edge[e].similarity;
    }
    for (size_t i = 0; i < v->n; i++) {
        const uint32_t of = v->heard[i];
        if (v->sum[of] > v->sum[best] || (v->sum[of] >= v->sum[best] && best != group[face] && of < best))
            best = of;
    }
    for (size_t i = 0; i < v->n; i++)
        v->sum[v->heard[i]] = 0;
    return best;
}

fc_status fc_group_whispers(uint32_t *group, const fc_link_graph *g, uint64_t seed, fc_error *err)
{
    struct votes v = {.sum = calloc(g->n + 1, sizeof *v.sum), .heard = malloc((g->n + 1) * sizeof *v.heard)};
    size_t *order = malloc((g->n + 1) * sizeof *order);
    const bool room = v.sum && v.heard && order;
    bool changed = room;

    for (size_t i = 0; room && i < g->n; i++) {
        group[i] = (uint32_t)i;
        order[i] = i;
    }
    for (int round = 0; changed && round < FC_CLUSTER_ROUNDS; round++) {
        changed = false;
        fc_shuffle(order, g->n, fc_random(&seed));
        for (size_t i = 0; i < g->n; i++) {
            const uint32_t to = loudest(&v, g, group, order[i]);
            changed |= to != group[order[i]];
            group[order[i]] = to;
        }
    }
    free(order);
    free(v.heard);
    free(v.sum);
    return room ? FC_OK : fc_fail_nomem(err, (g->n + 1) * sizeof *order);
}
