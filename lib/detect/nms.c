#include "detect/nms.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/grow.h"
#include "detect/nms_impl.h"

void fc_proposals_clear(fc_proposals *c)
{
    free(c->at);
    *c = (fc_proposals){0};
}

fc_status fc_proposals_add(fc_proposals *c, const fc_proposal *one, fc_error *err)
{
    fc_status s = fc_grow(&c->at, c->n + 1, &c->cap, sizeof *c->at, err);

    if (!s)
        c->at[c->n++] = *one;
    return s;
}

void fc_nms_scratch_clear(fc_nms_scratch *s)
{
    free(s->sorted);
    free(s->area);
    free(s->gone);
    free(s->corner);
    free(s->head);
    free(s->next);
    free(s->older);
    *s = (fc_nms_scratch){0};
}

static fc_status reserve(fc_nms_scratch *s, size_t n, fc_error *err)
{
    if (n <= s->cap)
        return FC_OK;
    free(s->sorted);
    free(s->area);
    free(s->gone);
    free(s->corner);
    s->cap = 0;
    s->sorted = malloc(n * sizeof *s->sorted);
    s->area = malloc(n * sizeof *s->area);
    s->gone = malloc(n * sizeof *s->gone);
    s->corner = malloc(4 * n * sizeof *s->corner);
    if (!s->sorted || !s->area || !s->gone || !s->corner)
        return fc_fail_nomem(err, n * sizeof *s->sorted);
    s->cap = n;
    return FC_OK;
}

/* Stable: merges runs, so that equal scores stay in their order. */
static void sort_by_score(fc_proposal *a, fc_proposal *tmp, size_t n)
{
    for (size_t run = 1; run < n; run *= 2) {
        for (size_t lo = 0; lo < n; lo += 2 * run) {
            size_t mid = lo + run < n ? lo + run : n, hi = lo + 2 * run < n ? lo + 2 * run : n;
            size_t i = lo, j = mid;
            for (size_t k = lo; k < hi; k++)
                tmp[k] = i < mid && (j == hi || a[i].score >= a[j].score) ? a[i++] : a[j++];
        }
        memcpy(a, tmp, n * sizeof *a);
    }
}

fc_status fc_proposals_keep_best(fc_proposals *c, size_t first, size_t most, bool *cut, fc_nms_scratch *s,
                                 fc_error *err)
{
    const size_t n = c->n > first ? c->n - first : 0;
    fc_status st;

    if (n <= most)
        return FC_OK;
    st = reserve(s, n, err);
    if (st)
        return st;
    sort_by_score(c->at + first, s->sorted, n);
    c->n = first + most;
    *cut = true;
    return FC_OK;
}

static inline float least(float a, float b)
{
    return a < b ? a : b;
}

static inline float most(float a, float b)
{
    return a > b ? a : b;
}

static fc_nms_mark *best_kernel(void)
{
#ifdef __x86_64__
    if (fc_cpu_has(FC_ISA_AVX2))
        return fc_nms_mark_avx2;
#endif
    return fc_nms_mark_base;
}

/* ---- many boxes ---------------------------------------------------------------------------------------
 *
 * A box goes when a better one that stays overlaps it, so each is compared, from the best on, with those that stay and
 * lie near: they are kept in cells by their top left corners, on one grid for each power of two that is their longer
 * side. The comparison is the same as mark's, in the same arithmetic; what is left out could not overlap. */

#define FARTHEST 1e9 /* from the origin; level_of's powers of two hold it */
enum { FEW = 512 /* up to here mark is faster */, LEVELS = 34, NONE = -1 };

/* Those that stay, with their cells. */
struct kept {
    fc_nms_scratch *s;
    const float *x1, *y1, *x2, *y2;
    size_t mask;        /* of hashes */
    int newest[LEVELS]; /* of a level; NONE: it has none */
    size_t count[LEVELS];
    fc_overlap how;
    float border, limit;
    int reach; /* levels up and down in which a box may overlap by more than limit */
};

static double cell_side(int level)
{
    return ldexp(1, level + 1);
}

/* Of a finite box, by its longer side, which is shorter than the level's cells. */
static int level_of(double w, double h)
{
    const double side = w > h ? w : h;
    const int level = side >= 1 ? ilogb(side) : 0;
    return level < LEVELS ? level : LEVELS - 1;
}

static size_t hash_cell(int level, int64_t x, int64_t y)
{
    uint64_t h = (uint64_t)x * UINT64_C(0x9E3779B97F4A7C15) + (uint64_t)y;
    h = (h ^ h >> 29) * UINT64_C(0xBF58476D1CE4E5B9) + (uint64_t)level;
    h = (h ^ h >> 32) * UINT64_C(0x94D049BB133111EB);
    return (size_t)(h ^ h >> 29);
}

static bool overlaps(const struct kept *k, size_t a, size_t b)
{
    const float *area = k->s->area;
    const float w = least(k->x2[a], k->x2[b]) - most(k->x1[a], k->x1[b]) + k->border,
                h = least(k->y2[a], k->y2[b]) - most(k->y1[a], k->y1[b]) + k->border, inter = w * h,
                all = k->how == FC_OVERLAP_MIN ? least(area[a], area[b]) : area[a] + area[b] - inter;
    return w > 0 && h > 0 && inter / all > k->limit;
}

/* Whether one of the chain from at on overlaps box i. */
static bool any_overlaps(const struct kept *k, int at, const int *next, size_t i)
{
    for (; at != NONE; at = next[at])
        if (overlaps(k, (size_t)at, i))
            return true;
    return false;
}

/* Whether one that stays, of this level, overlaps box i: those whose corners lie where that is possible. */
static bool covered_by_level(const struct kept *k, int level, size_t i)
{
    const double side = cell_side(level);
    const double left = floor((k->x1[i] - side - 1) / side), right = floor((k->x2[i] + 1.0) / side),
                 top = floor((k->y1[i] - side - 1) / side), bottom = floor((k->y2[i] + 1.0) / side);

    if (k->count[level] == 0 || right < left || bottom < top)
        return false;
    if ((right - left + 1) * (bottom - top + 1) >= (double)k->count[level])
        return any_overlaps(k, k->newest[level], k->s->older, i);
    for (int64_t y = (int64_t)top; y <= (int64_t)bottom; y++)
        for (int64_t x = (int64_t)left; x <= (int64_t)right; x++)
            if (any_overlaps(k, k->s->head[hash_cell(level, x, y) & k->mask], k->s->next, i))
                return true;
    return false;
}

static bool covered(const struct kept *k, int level, size_t i)
{
    const int lo = level > k->reach ? level - k->reach : 0;
    const int hi = level + k->reach < LEVELS ? level + k->reach : LEVELS - 1;

    for (int l = lo; l <= hi; l++)
        if (covered_by_level(k, l, i))
            return true;
    return false;
}

static void keep(struct kept *k, int level, size_t i)
{
    const double side = cell_side(level);
    const size_t cell =
        hash_cell(level, (int64_t)floor(k->x1[i] / side), (int64_t)floor(k->y1[i] / side)) & k->mask;

    k->s->next[i] = k->s->head[cell];
    k->s->head[cell] = (int)i;
    k->s->older[i] = k->newest[level];
    k->newest[level] = (int)i;
    k->count[level]++;
}

/* Of boxes whose IoU is above t, each side is more than t times the other's, in either direction. */
static int reach_of(fc_overlap how, double t)
{
    return how == FC_OVERLAP_MIN || t < 1e-6 ? LEVELS : (int)ceil(-log2(t)) + 1;
}

static fc_status reserve_cells(fc_nms_scratch *s, size_t n, fc_error *err)
{
    size_t heads = 1;

    while (heads < n)
        heads *= 2;
    if (heads > s->heads) {
        free(s->head);
        free(s->next);
        free(s->older);
        s->heads = 0;
        s->head = malloc(heads * sizeof *s->head);
        s->next = malloc(heads * sizeof *s->next);
        s->older = malloc(heads * sizeof *s->older);
        if (!s->head || !s->next || !s->older)
            return fc_fail_nomem(err, heads * sizeof *s->head);
        s->heads = heads;
    }
    for (size_t i = 0; i < s->heads; i++)
        s->head[i] = NONE;
    return FC_OK;
}

/* Boxes that are not finite overlap none. */
static void mark_many(fc_nms_scratch *s, size_t n, double threshold, fc_overlap how, float border)
{
    const float *x1 = s->corner, *y1 = x1 + n, *x2 = y1 + n, *y2 = x2 + n;
    struct kept k = {.s = s,
                     .x1 = x1,
                     .y1 = y1,
                     .x2 = x2,
                     .y2 = y2,
                     .mask = s->heads - 1,
                     .how = how,
                     .border = border,
                     .limit = (float)threshold,
                     .reach = reach_of(how, threshold)};

    for (int l = 0; l < LEVELS; l++)
        k.newest[l] = NONE;
    for (size_t i = 0; i < n; i++) {
        const double w = (double)x2[i] - x1[i], h = (double)y2[i] - y1[i];
        if (!(fabs((double)x1[i]) <= FARTHEST && fabs((double)y1[i]) <= FARTHEST &&
              fabs((double)x2[i]) <= FARTHEST && fabs((double)y2[i]) <= FARTHEST))
            continue;
        const int level = level_of(w, h);
        s->gone[i] = covered(&k, level, i);
        if (!s->gone[i])
            keep(&k, level, i);
    }
}

static void mark_few(fc_nms_scratch *s, const fc_proposal *a, size_t n, double threshold, fc_overlap how,
                     float border)
{
    const float *x1 = s->corner, *y1 = x1 + n, *x2 = y1 + n, *y2 = x2 + n;
    fc_nms_mark *mark = best_kernel();

    for (size_t i = 0; i < n; i++) {
        const size_t j = i + 1;
        if (!s->gone[i])
            mark(x1 + j, y1 + j, x2 + j, y2 + j, s->area + j, s->gone + j, n - j, &a[i], s->area[i], how,
                 border, (float)threshold);
    }
}

fc_status fc_nms(fc_proposals *c, size_t first, double threshold, fc_overlap how, fc_nms_scratch *s,
                 fc_error *err)
{
    fc_proposal *a = c->at ? c->at + first : NULL;
    size_t n = c->n - first, kept = 0;
    const float border = how == FC_OVERLAP_MIN ? 1 : 0;
    float *x1, *y1, *x2, *y2;
    fc_status st;

    if (c->n <= first)
        return FC_OK;
    if (n > INT_MAX)
        return fc_fail(err, FC_ELIMIT, "%zu candidates", n);
    st = reserve(s, n, err);
    if (!st && n > FEW)
        st = reserve_cells(s, n, err);
    if (st)
        return st;
    x1 = s->corner, y1 = x1 + n, x2 = y1 + n, y2 = x2 + n;
    sort_by_score(a, s->sorted, n);
    for (size_t i = 0; i < n; i++) {
        x1[i] = a[i].x1, y1[i] = a[i].y1, x2[i] = a[i].x2, y2[i] = a[i].y2;
        s->area[i] = (a[i].x2 - a[i].x1 + border) * (a[i].y2 - a[i].y1 + border);
        s->gone[i] = 0;
    }
    if (n > FEW)
        mark_many(s, n, threshold, how, border);
    else
        mark_few(s, a, n, threshold, how, border);
    for (size_t i = 0; i < n; i++)
        if (!s->gone[i])
            a[kept++] = a[i];
    c->n = first + kept;
    return FC_OK;
}
