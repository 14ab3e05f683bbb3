#include "cluster/links.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/threads.h"
#include "match/search.h"
#include "match/similarity.h"

enum {
    QUERIES = 256, /* faces that are looked for together */
    ROUND = 64     /* such groups between two reports of progress */
};

struct finding {
    fc_links *l;
    const float *v;
    fc_table *block;
    size_t first, rows; /* the block's faces */
    size_t *self;       /* [rows]: i */
    size_t at;          /* the round's first face */
    pthread_mutex_t lock;
    fc_status status; /* under lock: the first failure of any thread */
    fc_error error;
};

/* ---- a block ---- */

static fc_status put_face(struct finding *f, size_t row, float *unit, fc_error *err)
{
    const size_t dim = (size_t)f->l->key.dim, face = f->first + row;
    const float *v = f->v + face * dim;
    const double length = sqrt(fc_dot(v, v, dim));

    if (!(length > 1e-30) || !isfinite(length))
        return fc_fail(err, FC_EUSAGE, "face %zu: a vector without a direction (all zero, or not numbers)",
                       face);
    for (size_t i = 0; i < dim; i++)
        unit[i] = (float)((double)v[i] / length);
    return fc_table_put(f->block, row, &(fc_table_row){unit, (int64_t)face, 0}, err);
}

static fc_status make_block(struct finding *f, fc_error *err)
{
    const fc_table_size size = {.rows = f->rows, .dim = (size_t)f->l->key.dim, .subjects = 1};
    float *unit = malloc(size.dim * sizeof *unit);
    fc_status s = unit ? fc_table_new(&f->block, &size, err) : fc_fail_nomem(err, size.dim * sizeof *unit);

    if (!s)
        s = fc_table_put_subject(f->block, 0, "", 0, f->rows, err);
    for (size_t i = 0; !s && i < f->rows; i++)
        s = put_face(f, i, unit, err);
    free(unit);
    return s;
}

/* ---- its faces, among the links ---- */

static bool is_before(const fc_link *a, const fc_link *b)
{
    return a->similarity > b->similarity || (a->similarity >= b->similarity && a->to < b->to);
}

/* Puts a link where it belongs, unless it is there already, as from a block that was not done to its end, or there are k
 * better ones. */
static void put_link(fc_link *list, size_t k, fc_link new)
{
    size_t at = 0;

    while (at < k && list[at].to != UINT32_MAX && is_before(&list[at], &new))
        at++;
    if (at == k || list[at].to == new.to)
        return;
    memmove(list + at + 1, list + at, (k - at - 1) * sizeof *list);
    list[at] = new;
}

static fc_status search(struct finding *f, size_t first, size_t n, fc_hit *hits, size_t *found, size_t *leave,
                        fc_error *err)
{
    const size_t k = (size_t)f->l->key.k, dim = (size_t)f->l->key.dim;
    const fc_search_options opt = {
        .k = k, .rows = true, .group = f->self, .leave = leave, .sure = 1, .least = f->l->key.threshold};

    for (size_t i = 0; i < n; i++)
        leave[i] = first + i >= f->first && first + i < f->first + f->rows ? first + i - f->first : SIZE_MAX;
    const fc_status s = fc_search(f->block, f->v + first * dim, n, &opt, hits, found, err);
    for (size_t i = 0; !s && i < n; i++)
        for (size_t j = 0; j < found[i]; j++) {
            const fc_hit *h = &hits[i * k + j];
            if (h->score >= f->l->key.threshold)
                put_link(f->l->link + (first + i) * k, k,
                         (fc_link){(uint32_t)(f->first + h->row), (float)h->score});
        }
    return s;
}

/* One group of a round. */
static void search_group(void *ctx, size_t i)
{
    struct finding *f = ctx;
    const size_t first = f->at + i * QUERIES, k = (size_t)f->l->key.k, left = (size_t)f->l->key.n - first;
    const size_t n = left < QUERIES ? left : QUERIES;
    fc_hit *hits = malloc(n * k * sizeof *hits);
    size_t *found = malloc(2 * n * sizeof *found);
    fc_error err;
    const fc_status s = hits && found ? search(f, first, n, hits, found, found + n, &err)
                                      : fc_fail_nomem(&err, n * k * sizeof *hits);

    if (s) {
        pthread_mutex_lock(&f->lock);
        if (!f->status) {
            f->status = s;
            f->error = err;
        }
        pthread_mutex_unlock(&f->lock);
    }
    free(found);
    free(hits);
}

static fc_status search_block(struct finding *f, const fc_cluster_options *opt, size_t blocks, size_t block,
                              fc_error *err)
{
    const size_t n = (size_t)f->l->key.n;
    fc_status s = FC_OK;

    for (f->at = 0; !s && f->at < n; f->at += (size_t)ROUND * QUERIES) {
        const size_t groups = (n - f->at + QUERIES - 1) / QUERIES;
        s = fc_each(groups < ROUND ? groups : ROUND, fc_jobs(opt->jobs), search_group, f, err);
        if (!s && f->status) {
            if (err)
                *err = f->error;
            s = f->status;
        }
        if (!s && opt->progress)
            opt->progress(opt->ctx,
                          block * n +
                              (f->at + (size_t)ROUND * QUERIES < n ? f->at + (size_t)ROUND * QUERIES : n),
                          blocks * n);
    }
    return s;
}

fc_status fc_links_find(fc_links *l, const float *v, const fc_cluster_options *opt, size_t *resumed,
                        fc_error *err)
{
    const size_t n = (size_t)l->key.n, block = (size_t)l->key.block, blocks = (n + block - 1) / block;
    struct finding f = {.l = l, .v = v, .lock = PTHREAD_MUTEX_INITIALIZER};
    fc_status s = FC_OK;

    *resumed = 0;
    if (*l->blocks_done > blocks)
        return fc_fail(err, FC_ECORRUPT, "%s: damaged: more blocks than there are",
                       l->path ? l->path : "links");
    f.self = malloc(block * sizeof *f.self);
    if (!f.self)
        return fc_fail_nomem(err, block * sizeof *f.self);
    for (size_t i = 0; i < block; i++)
        f.self[i] = i;
    *resumed = *l->blocks_done * block < n ? (size_t)*l->blocks_done * block : n;
    for (size_t b = (size_t)*l->blocks_done; !s && b < blocks; b++) {
        f.first = b * block;
        f.rows = n - f.first < block ? n - f.first : block;
        s = make_block(&f, err);
        if (!s)
            s = search_block(&f, opt, blocks, b, err);
        if (!s)
            s = fc_links_keep(l, b + 1, err);
        fc_table_free(f.block);
        f.block = NULL;
    }
    free(f.self);
    return s;
}
