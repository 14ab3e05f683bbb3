#include <math.h>
#include <stdlib.h>

#include "base/codec.h"
#include "base/error.h"
#include "cluster/graph.h"

struct sized {
    uint32_t group, first;
    size_t size;
};

static int by_size(const void *a, const void *b)
{
    const struct sized *x = a, *y = b;

    if (x->size != y->size)
        return x->size > y->size ? -1 : 1;
    return (x->first > y->first) - (x->first < y->first);
}

/* The groups that are large enough get numbers, by falling size. */
static fc_status number(fc_clusters *c, size_t least, fc_error *err)
{
    struct sized *s = calloc(c->n + 1, sizeof *s);
    uint32_t *to = calloc(c->n + 1, sizeof *to);
    size_t n = 0;

    if (!s || !to) {
        free(s);
        free(to);
        return fc_fail_nomem(err, (c->n + 1) * sizeof *s);
    }
    for (size_t i = c->n; i-- > 0;) {
        struct sized *x = &s[c->of[i]];
        *x = (struct sized){c->of[i], (uint32_t)i, x->size + 1};
    }
    for (size_t i = 0; i < c->n; i++)
        if (s[i].size >= least)
            s[n++] = s[i];
    qsort(s, n, sizeof *s, by_size);
    c->count = n;
    c->size = calloc(n + 1, sizeof *c->size);
    for (size_t i = 0; c->size && i < n; i++) {
        to[s[i].group] = (uint32_t)(i + 1);
        c->size[i] = s[i].size;
    }
    for (size_t i = 0; i < c->n; i++) {
        c->of[i] = to[c->of[i]];
        c->alone += !c->of[i];
    }
    free(s);
    free(to);
    return c->size ? FC_OK : fc_fail_nomem(err, (n + 1) * sizeof *c->size);
}

static fc_status group(fc_clusters *out, const fc_links *l, const fc_cluster_options *opt, fc_error *err)
{
    fc_link_graph g;
    fc_status s = fc_links_check(l, err);

    if (s)
        return s;
    s = fc_link_graph_make(&g, l, err);
    out->of = s ? NULL : malloc((out->n + 1) * sizeof *out->of);
    if (!s && !out->of)
        s = fc_fail_nomem(err, (out->n + 1) * sizeof *out->of);
    if (!s) {
        out->links = g.first[g.n] / 2;
        if (opt->way == FC_CLUSTER_COMPONENTS)
            fc_group_components(out->of, &g);
        else
            s = fc_group_whispers(out->of, &g, opt->seed, err);
    }
    fc_link_graph_clear(&g);
    return s ? s : number(out, opt->least ? opt->least : 2, err);
}

static fc_status check(size_t n, size_t dim, const fc_cluster_options *opt, fc_error *err)
{
    if (!(opt->threshold >= -1 && opt->threshold <= 1))
        return fc_fail(err, FC_EUSAGE, "a threshold of %g: want -1 to 1", opt->threshold);
    if (opt->links > FC_CLUSTER_MOST_LINKS)
        return fc_fail(err, FC_EUSAGE, "%zu links: want 1 to %d", opt->links, FC_CLUSTER_MOST_LINKS);
    if (dim < 1 || dim > FC_MAX_DIM || n > FC_TABLE_MAX_ROWS)
        return fc_fail(err, FC_ELIMIT, "%zu faces of %zu numbers: at most %u of %d", n, dim,
                       FC_TABLE_MAX_ROWS, FC_MAX_DIM);
    return FC_OK;
}

fc_status fc_cluster(fc_clusters *out, const float *v, size_t n, size_t dim, const fc_cluster_options *opt,
                     fc_error *err)
{
    fc_links l;
    fc_status s = check(n, dim, opt, err);

    *out = (fc_clusters){.n = n};
    if (s)
        return s;
    fc_links_key key = {.n = n,
                        .dim = dim,
                        .k = opt->links ? opt->links : FC_CLUSTER_LINKS,
                        .block = FC_LINKS_BLOCK,
                        .threshold = opt->threshold};
    if (opt->state) {
        char hex[FC_SHA256_HEX];
        fc_sha256_hex(hex, v, n * dim * sizeof *v);
        fc_sha256_parse(key.faces, hex);
    }
    s = fc_links_open(&l, &key, opt->state, err);
    if (s)
        return s;
    s = fc_links_find(&l, v, opt, &out->resumed, err);
    if (!s)
        s = group(out, &l, opt, err);
    fc_links_close(&l);
    if (s)
        fc_clusters_clear(out);
    return s;
}

void fc_clusters_clear(fc_clusters *c)
{
    free(c->of);
    free(c->size);
    *c = (fc_clusters){0};
}
