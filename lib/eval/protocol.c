#include "facecheck.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "eval/protocol_impl.h"

void fc_eval_result_clear(fc_eval_result *r)
{
    fc_roc_clear(&r->roc);
    free(r->cases);
    free(r->right);
    *r = (fc_eval_result){0};
}

size_t fc_eval_bin(double score)
{
    const double bin = floor((score + 1) * FC_EVAL_BINS / 2);
    return bin < 0 ? 0 : bin > FC_EVAL_BINS - 1 ? FC_EVAL_BINS - 1 : (size_t)bin;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

fc_status fc_eval_label(uint32_t *label, size_t *people, const char *const *name, size_t n, fc_error *err)
{
    const char **sorted = calloc(n + 1, sizeof *sorted);
    size_t m = 0;

    if (!sorted)
        return fc_fail_nomem(err, n * sizeof *sorted);
    for (size_t i = 0; i < n; i++)
        sorted[i] = name[i];
    qsort(sorted, n, sizeof *sorted, by_name);
    for (size_t i = 0; i < n; i++)
        if (!m || strcmp(sorted[m - 1], sorted[i]))
            sorted[m++] = sorted[i];
    for (size_t i = 0; i < n; i++) {
        const char **found = bsearch(&name[i], sorted, m, sizeof *sorted, by_name);
        label[i] = (uint32_t)(found - sorted);
    }
    *people = m;
    free(sorted);
    return FC_OK;
}

/* ---- cases ---- */

/* How far an answer is on the right side of its threshold; a missing score of a genuine pair is the worst. */
static double margin(const fc_eval_case *c)
{
    return c->same ? c->score - c->threshold : c->threshold - c->score;
}

static int worst_first(const void *a, const void *b)
{
    const fc_eval_case *x = a, *y = b;
    const double p = margin(x), q = margin(y);

    if (p != q)
        return p < q ? -1 : 1;
    return x->a != y->a ? (x->a < y->a ? -1 : 1) : (x->b > y->b) - (x->b < y->b);
}

void fc_eval_sort_cases(fc_eval_result *r)
{
    if (r->ncases)
        qsort(r->cases, r->ncases, sizeof *r->cases, worst_first);
}
