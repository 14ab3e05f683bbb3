#include "eval/allpairs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/grow.h"
#include "base/threads.h"
#include "base/size.h"
#include "eval/allpairs_impl.h"

enum {
    BLOCK = 128, /* rows of an item of work; they stay in the second-level cache */
    MAX_TILE = 8 * 48
};
#define MAX_VECTORS ((size_t)1 << 25) /* BLOCK times that fits a 32-bit count */

static const struct isa {
    const char *name;
    const fc_allpairs_kernel *kernel;
} base = {"base", &fc_allpairs_kernel_base};

static struct isa best_isa(void)
{
#ifdef __x86_64__
    if (fc_cpu_has(FC_ISA_AVX512))
        return (struct isa){"avx512", &fc_allpairs_kernel_avx512};
    if (fc_cpu_has(FC_ISA_AVX2))
        return (struct isa){"avx2", &fc_allpairs_kernel_avx2};
#elif defined __aarch64__
    if (fc_cpu_has(FC_ISA_NEON))
        return (struct isa){"neon", &fc_allpairs_kernel_neon};
#endif
    return base;
}

const char *fc_all_pairs_isa(void)
{
    return best_isa().name;
}

/* ---- the sorted, packed set ---- */

struct order {
    uint32_t label, index;
};

struct work {
    const fc_allpairs_kernel *k;
    const fc_vectors *set;
    struct order *order; /* [n]: by label, then index, so that genuine pairs lie along the diagonal */
    float *panels;       /* [panels][dim][columns], in that order; columns behind the last are zero */
    float *zero;         /* [dim]: rows behind the last */
    size_t npanels;
    size_t next; /* row to be read */

    /* counting: one of each a worker */
    uint32_t *hist;          /* [workers][2][FC_SCORE_BINS] */
    fc_pair_counts *partial; /* [workers] */

    /* finding */
    bool find;
    float genuine_below, impostor_from;
    size_t max;
    fc_found_pairs *found;
};

struct block {
    size_t row;
    fc_found_pairs found;
};

static int by_label(const void *a, const void *b)
{
    const struct order *x = a, *y = b;
    if (x->label != y->label)
        return x->label < y->label ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static void work_clear(struct work *w)
{
    free(w->zero);
    free(w->panels);
    free(w->order);
}

static fc_status work_init(struct work *w, const fc_vectors *set, fc_error *err)
{
    size_t values, bytes;

    *w = (struct work){.set = set, .k = best_isa().kernel};
    if (set->n < 2)
        return fc_fail(err, FC_EDATA, "pairs want two vectors or more, there are %zu", set->n);
    if (set->n > MAX_VECTORS)
        return fc_fail(err, FC_ELIMIT, "%zu vectors: more than %zu", set->n, MAX_VECTORS);
    const size_t columns = (size_t)w->k->columns;
    w->npanels = (set->n + columns - 1) / columns;
    if (!fc_mul(w->npanels * columns, set->dim, &values) || !fc_mul(values, sizeof(float), &bytes))
        return fc_fail_nomem(err, SIZE_MAX);
    w->order = malloc(set->n * sizeof *w->order);
    w->panels = calloc(values ? values : 1, sizeof(float));
    w->zero = calloc(set->dim ? set->dim : 1, sizeof(float));
    if (!w->order || !w->panels || !w->zero) {
        work_clear(w);
        return fc_fail_nomem(err, bytes);
    }
    for (size_t i = 0; i < set->n; i++)
        w->order[i] = (struct order){set->label[i], (uint32_t)i};
    qsort(w->order, set->n, sizeof *w->order, by_label);
    for (size_t i = 0; i < set->n; i++) {
        const float *from = set->v + w->order[i].index * set->dim;
        float *to = w->panels + i / columns * columns * set->dim + i % columns;
        for (size_t k = 0; k < set->dim; k++) {
            if (!isfinite(from[k])) {
                fc_status s = fc_fail(err, FC_EDATA, "vector %u is not finite", w->order[i].index);
                work_clear(w);
                return s;
            }
            to[k * columns] = from[k];
        }
    }
    return FC_OK;
}

/* ---- one tile ---- */

static fc_status add_found(fc_found_pairs *f, fc_found_pair p, fc_error *err)
{
    fc_status s = fc_grow(&f->pair, f->n + 1, &f->cap, sizeof *f->pair, err);

    if (!s)
        f->pair[f->n++] = p;
    return s;
}

static size_t bin_of(float score)
{
    float x = floorf(score * (float)FC_BINS_PER_UNIT);

    if (x < -(float)FC_BINS_PER_UNIT)
        return 0;
    return x > (float)FC_BINS_PER_UNIT ? FC_SCORE_BINS - 1 : (size_t)(x + (float)FC_BINS_PER_UNIT);
}

/* Row i with column j, score by score: where the tile has genuine pairs, the diagonal or the end, or finds. */
static fc_status take_scores(const struct work *w, int worker, size_t i, size_t j, const float *score,
                             fc_found_pairs *found, fc_error *err)
{
    const size_t n = w->set->n, columns = (size_t)w->k->columns;

    for (size_t r = 0; r < (size_t)w->k->rows && i + r < n; r++)
        for (size_t c = j > i + r ? 0 : i + r + 1 - j; c < columns && j + c < n; c++) {
            const struct order *a = &w->order[i + r], *b = &w->order[j + c];
            bool genuine = a->label == b->label;
            float s = score[r * columns + c];
            if (!w->find) {
                fc_pair_counts *p = &w->partial[worker];
                (genuine ? p->genuine : p->impostor)[bin_of(s)]++;
            } else if (genuine ? s < w->genuine_below : s >= w->impostor_from) {
                uint32_t low = a->index < b->index ? a->index : b->index;
                fc_status st =
                    found->n < w->max
                        ? add_found(found, (fc_found_pair){low, a->index ^ b->index ^ low, s}, err)
                        : fc_fail(err, FC_ELIMIT, "more than %zu pairs beyond the threshold", w->max);
                if (st)
                    return st;
            }
        }
    return FC_OK;
}

static fc_status do_tile(const struct work *w, int worker, size_t i, size_t panel, fc_found_pairs *found,
                         fc_error *err)
{
    const size_t n = w->set->n, rows = (size_t)w->k->rows, columns = (size_t)w->k->columns,
                 j = panel * columns;
    const float *row[8];
    float score[MAX_TILE] __attribute__((aligned(64)));

    for (size_t r = 0; r < rows; r++)
        row[r] = i + r < n ? w->set->v + w->order[i + r].index * w->set->dim : w->zero;
    w->k->tile(row, w->panels + panel * columns * w->set->dim, w->set->dim, score);
    bool impostors = i + rows <= n && j + columns <= n && w->order[i + rows - 1].label < w->order[j].label;
    if (impostors && w->find && w->k->greatest(score, rows * columns) < w->impostor_from)
        return FC_OK;
    if (impostors && !w->find) {
        uint32_t *hist = w->hist + (size_t)worker * 2 * FC_SCORE_BINS;
        w->k->count(score, rows * columns, (uint32_t *[]){hist, hist + FC_SCORE_BINS});
        return FC_OK;
    }
    return take_scores(w, worker, i, j, score, found, err);
}

/* ---- items of work ---- */

static fc_status read_block(void *ctx, void **item, fc_error *err)
{
    struct work *w = ctx;
    struct block *b;

    if (w->next >= w->set->n)
        return FC_END;
    if (!(b = calloc(1, sizeof *b)))
        return fc_fail_nomem(err, sizeof *b);
    b->row = w->next;
    w->next += BLOCK;
    *item = b;
    return FC_OK;
}

static fc_status work_block(void *ctx, int worker, void *item, fc_error *err)
{
    struct work *w = ctx;
    struct block *b = item;
    const size_t rows = (size_t)w->k->rows;
    size_t end = b->row + BLOCK < w->set->n ? b->row + BLOCK : w->set->n;
    fc_status s;

    /* A panel stays in the first-level cache while all rows pass. */
    for (size_t panel = b->row / (size_t)w->k->columns; panel < w->npanels; panel++)
        for (size_t i = b->row; i < end; i += rows)
            if ((panel + 1) * (size_t)w->k->columns > i + 1 &&
                (s = do_tile(w, worker, i, panel, &b->found, err)))
                return s;
    if (!w->find) {
        uint32_t *hist = w->hist + (size_t)worker * 2 * FC_SCORE_BINS;
        for (size_t k = 0; k < FC_SCORE_BINS; k++)
            w->partial[worker].impostor[k] += (uint64_t)hist[k] + hist[k + FC_SCORE_BINS];
        memset(hist, 0, 2 * FC_SCORE_BINS * sizeof *hist);
    }
    return FC_OK;
}

static void drop_block(void *ctx, void *item)
{
    struct block *b = item;

    (void)ctx;
    fc_found_pairs_clear(&b->found);
    free(b);
}

static fc_status write_block(void *ctx, void *item, fc_error *err)
{
    struct work *w = ctx;
    struct block *b = item;
    fc_status s = FC_OK;

    for (size_t k = 0; !s && k < b->found.n; k++)
        s = w->found->n < w->max
                ? add_found(w->found, b->found.pair[k], err)
                : fc_fail(err, FC_ELIMIT, "more than %zu pairs beyond the threshold", w->max);
    drop_block(ctx, item);
    return s;
}

static const fc_pipeline blocks = {
    .read = read_block, .work = work_block, .write = write_block, .drop = drop_block};

/* ---- counting ---- */

void fc_pair_counts_clear(fc_pair_counts *c)
{
    free(c->impostor);
    free(c->genuine);
    *c = (fc_pair_counts){0};
}

static fc_status counts_new(fc_pair_counts *c, fc_error *err)
{
    *c = (fc_pair_counts){.genuine = calloc(FC_SCORE_BINS, sizeof *c->genuine),
                          .impostor = calloc(FC_SCORE_BINS, sizeof *c->impostor)};
    if (c->genuine && c->impostor)
        return FC_OK;
    fc_pair_counts_clear(c);
    return fc_fail_nomem(err, 2 * FC_SCORE_BINS * sizeof *c->genuine);
}

fc_status fc_all_pairs_count(fc_pair_counts *out, const fc_vectors *set, int workers, fc_error *err)
{
    struct work w;
    fc_status s;

    *out = (fc_pair_counts){0};
    if (workers < 1)
        workers = 1;
    if ((s = work_init(&w, set, err)))
        return s;
    if (!(w.hist = calloc((size_t)workers, 2 * FC_SCORE_BINS * sizeof *w.hist)) ||
        !(w.partial = calloc((size_t)workers, sizeof *w.partial))) {
        s = fc_fail_nomem(err, (size_t)workers * 2 * FC_SCORE_BINS * sizeof *w.hist);
        goto out;
    }
    for (int i = 0; i < workers; i++)
        if ((s = counts_new(&w.partial[i], err)))
            goto out;
    if ((s = counts_new(out, err)) || (s = fc_pipeline_run(&blocks, &w, workers, err)))
        goto out;
    for (size_t k = 0; k < FC_SCORE_BINS; k++) {
        for (int i = 0; i < workers; i++) {
            out->genuine[k] += w.partial[i].genuine[k];
            out->impostor[k] += w.partial[i].impostor[k];
        }
        out->ngenuine += out->genuine[k];
        out->nimpostor += out->impostor[k];
    }
out:
    if (s)
        fc_pair_counts_clear(out);
    for (int i = 0; w.partial && i < workers; i++)
        fc_pair_counts_clear(&w.partial[i]);
    free(w.partial);
    free(w.hist);
    work_clear(&w);
    return s;
}

fc_status fc_pair_counts_roc(fc_roc *out, const fc_pair_counts *c, fc_error *err)
{
    double *edge = malloc(FC_SCORE_BINS * sizeof *edge);

    if (!edge)
        return fc_fail_nomem(err, FC_SCORE_BINS * sizeof *edge);
    for (size_t i = 0; i < FC_SCORE_BINS; i++)
        edge[i] = -1 + (double)i / FC_BINS_PER_UNIT;
    fc_status s = fc_roc_from_counts(out, edge, c->genuine, c->impostor, FC_SCORE_BINS, err);
    free(edge);
    return s;
}

/* ---- finding ---- */

void fc_found_pairs_clear(fc_found_pairs *p)
{
    free(p->pair);
    *p = (fc_found_pairs){0};
}

static int by_indices(const void *a, const void *b)
{
    const fc_found_pair *x = a, *y = b;
    if (x->a != y->a)
        return x->a < y->a ? -1 : 1;
    return (x->b > y->b) - (x->b < y->b);
}

fc_status fc_all_pairs_find(fc_found_pairs *out, const fc_vectors *set, float genuine_below,
                            float impostor_from, size_t max, int workers, fc_error *err)
{
    struct work w;
    fc_status s;

    *out = (fc_found_pairs){0};
    if ((s = work_init(&w, set, err)))
        return s;
    w.find = true;
    w.genuine_below = genuine_below;
    w.impostor_from = impostor_from;
    w.max = max;
    w.found = out;
    s = fc_pipeline_run(&blocks, &w, workers, err);
    if (s)
        fc_found_pairs_clear(out);
    else if (out->n)
        qsort(out->pair, out->n, sizeof *out->pair, by_indices);
    work_clear(&w);
    return s;
}
