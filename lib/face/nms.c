#include "face/nms.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

void fc_candidates_clear(fc_candidates *c)
{
    free(c->at);
    *c = (fc_candidates){0};
}

fc_status fc_candidates_add(fc_candidates *c, const fc_candidate *one, fc_error *err)
{
    if (c->n == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 256;
        fc_candidate *p = realloc(c->at, cap * sizeof *p);
        if (!p)
            return fc_fail_nomem(err, cap * sizeof *p);
        c->at = p;
        c->cap = cap;
    }
    c->at[c->n++] = *one;
    return FC_OK;
}

void fc_nms_scratch_clear(fc_nms_scratch *s)
{
    free(s->sorted);
    free(s->area);
    free(s->gone);
    *s = (fc_nms_scratch){0};
}

static fc_status reserve(fc_nms_scratch *s, size_t n, fc_error *err)
{
    if (n <= s->cap)
        return FC_OK;
    fc_nms_scratch_clear(s);
    s->sorted = malloc(n * sizeof *s->sorted);
    s->area = malloc(n * sizeof *s->area);
    s->gone = malloc(n);
    if (!s->sorted || !s->area || !s->gone)
        return fc_fail_nomem(err, n * sizeof *s->sorted);
    s->cap = n;
    return FC_OK;
}

/* Stable: merges runs, so that equal scores stay in their order. */
static void sort_by_score(fc_candidate *a, fc_candidate *tmp, size_t n)
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

static inline float least(float a, float b)
{
    return a < b ? a : b;
}

static inline float most(float a, float b)
{
    return a > b ? a : b;
}

fc_status fc_nms(fc_candidates *c, size_t first, double threshold, fc_overlap how, fc_nms_scratch *s,
                 fc_error *err)
{
    fc_candidate *a = c->at + first;
    size_t n = c->n - first, kept = 0;
    const float border = how == FC_OVERLAP_MIN ? 1 : 0, limit = (float)threshold;
    fc_status st;

    if (c->n <= first)
        return FC_OK;
    st = reserve(s, n, err);
    if (st)
        return st;
    sort_by_score(a, s->sorted, n);
    for (size_t i = 0; i < n; i++) {
        s->area[i] = (a[i].x2 - a[i].x1 + border) * (a[i].y2 - a[i].y1 + border);
        s->gone[i] = 0;
    }
    for (size_t i = 0; i < n; i++) {
        if (s->gone[i])
            continue;
        const fc_candidate b = a[i];
        for (size_t j = i + 1; j < n; j++) {
            float w = least(b.x2, a[j].x2) - most(b.x1, a[j].x1) + border;
            float h = least(b.y2, a[j].y2) - most(b.y1, a[j].y1) + border;
            if (w <= 0 || h <= 0)
                continue;
            float inter = w * h;
            float over =
                how == FC_OVERLAP_MIN ? least(s->area[i], s->area[j]) : s->area[i] + s->area[j] - inter;
            if (inter / over > limit)
                s->gone[j] = 1;
        }
    }
    for (size_t i = 0; i < n; i++)
        if (!s->gone[i])
            a[kept++] = a[i];
    c->n = first + kept;
    return FC_OK;
}
