#include "face/nms.h"

#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/error.h"
#include "face/nms_impl.h"

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
    free(s->corner);
    *s = (fc_nms_scratch){0};
}

static fc_status reserve(fc_nms_scratch *s, size_t n, fc_error *err)
{
    if (n <= s->cap)
        return FC_OK;
    fc_nms_scratch_clear(s);
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

static fc_nms_mark *best_kernel(void)
{
#ifdef __x86_64__
    if (fc_cpu_has(FC_ISA_AVX2))
        return fc_nms_mark_avx2;
#endif
    return fc_nms_mark_base;
}

fc_status fc_nms(fc_candidates *c, size_t first, double threshold, fc_overlap how, fc_nms_scratch *s,
                 fc_error *err)
{
    fc_candidate *a = c->at + first;
    size_t n = c->n - first, kept = 0;
    const float border = how == FC_OVERLAP_MIN ? 1 : 0, limit = (float)threshold;
    fc_nms_mark *mark = best_kernel();
    float *x1, *y1, *x2, *y2;
    fc_status st;

    if (c->n <= first)
        return FC_OK;
    st = reserve(s, n, err);
    if (st)
        return st;
    x1 = s->corner, y1 = x1 + n, x2 = y1 + n, y2 = x2 + n;
    sort_by_score(a, s->sorted, n);
    for (size_t i = 0; i < n; i++) {
        x1[i] = a[i].x1, y1[i] = a[i].y1, x2[i] = a[i].x2, y2[i] = a[i].y2;
        s->area[i] = (a[i].x2 - a[i].x1 + border) * (a[i].y2 - a[i].y1 + border);
        s->gone[i] = 0;
    }
    for (size_t i = 0; i < n; i++) {
        const size_t j = i + 1;
        if (!s->gone[i])
            mark(x1 + j, y1 + j, x2 + j, y2 + j, s->area + j, s->gone + j, n - j, &a[i], s->area[i], how,
                 border, limit);
    }
    for (size_t i = 0; i < n; i++)
        if (!s->gone[i])
            a[kept++] = a[i];
    c->n = first + kept;
    return FC_OK;
}
