#include "cluster/graph.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/size.h"

static const fc_link *list_of(const fc_links *l, size_t i)
{
    return l->link + i * (size_t)l->key.k;
}

static bool has(const fc_links *l, size_t i, uint32_t to)
{
    const fc_link *list = list_of(l, i);

    for (size_t j = 0; j < l->key.k && list[j].to != UINT32_MAX; j++)
        if (list[j].to == to)
            return true;
    return false;
}

/* Of a pair that is in both lists, the one of the first face counts. */
static bool counts(const fc_links *l, size_t i, uint32_t to)
{
    return i < to || !has(l, to, (uint32_t)i);
}

/* Calls for each pair once. */
static void each_pair(fc_link_graph *g, const fc_links *l,
                      void (*take)(fc_link_graph *g, uint32_t a, fc_link b))
{
    for (size_t i = 0; i < g->n; i++) {
        const fc_link *list = list_of(l, i);
        for (size_t j = 0; j < l->key.k && list[j].to != UINT32_MAX; j++)
            if (counts(l, i, list[j].to))
                take(g, (uint32_t)i, list[j]);
    }
}

static void count(fc_link_graph *g, uint32_t a, fc_link b)
{
    g->first[a]++;
    g->first[b.to]++;
}

/* first[i] is where the next edge of i goes. */
static void put(fc_link_graph *g, uint32_t a, fc_link b)
{
    g->edge[g->first[a]++] = b;
    g->edge[g->first[b.to]++] = (fc_link){a, b.similarity};
}

fc_status fc_link_graph_make(fc_link_graph *g, const fc_links *l, fc_error *err)
{
    uint64_t sum = 0;
    size_t bytes;

    *g = (fc_link_graph){.n = (size_t)l->key.n};
    g->first = calloc(g->n + 1, sizeof *g->first);
    if (!g->first)
        return fc_fail_nomem(err, (g->n + 1) * sizeof *g->first);
    each_pair(g, l, count);
    for (size_t i = 0; i <= g->n; i++) {
        const uint64_t own = g->first[i];
        g->first[i] = sum;
        sum += own;
    }
    if (!fc_mul((size_t)sum, sizeof *g->edge, &bytes) || !(g->edge = malloc(bytes + 1)))
        return fc_fail_nomem(err, bytes);
    each_pair(g, l, put);
    for (size_t i = g->n; i > 0; i--)
        g->first[i] = g->first[i - 1];
    g->first[0] = 0;
    return FC_OK;
}

void fc_link_graph_clear(fc_link_graph *g)
{
    free(g->first);
    free(g->edge);
    *g = (fc_link_graph){0};
}
