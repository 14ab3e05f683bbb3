#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/size.h"
#include "eval/folds.h"

struct answer {
    double score;
    bool same;
};

static int by_score(const void *a, const void *b)
{
    double x = ((const struct answer *)a)->score, y = ((const struct answer *)b)->score;
    return (x > y) - (x < y);
}

/* Between two neighbours; above the lower one even where no number of six places lies between them. */
static double middle(double low, double high)
{
    double m = fc_decimal(low + (high - low) / 2);
    return m > low ? m : high;
}

/* a [n] with finite scores, n > 0; sorts it. best [n + 1] is scratch. */
static double best_threshold(struct answer *a, size_t n, double *best)
{
    size_t right = 0, most = 0, nbest = 0;

    qsort(a, n, sizeof *a, by_score);
    for (size_t i = 0; i < n; i++)
        right += a[i].same; /* the lowest score accepts all */
    for (size_t i = 0;;) {
        if (right > most)
            nbest = 0;
        if (right >= most) {
            most = right;
            best[nbest++] = i == 0   ? a[0].score
                            : i == n ? fc_threshold_above(a[n - 1].score)
                                     : middle(a[i - 1].score, a[i].score);
        }
        if (i == n)
            return best[(nbest - 1) / 2];
        for (double s = a[i].score; i < n && a[i].score == s; i++)
            a[i].same ? right-- : right++;
    }
}

/* The pairs of all folds but one (leave -1: of all) that have a score. */
static size_t gather(struct answer *a, const double *score, const bool *same, const int *fold, size_t n,
                     int leave)
{
    size_t m = 0;

    for (size_t i = 0; i < n; i++)
        if (score[i] != -INFINITY && !(fold && fold[i] == leave))
            a[m++] = (struct answer){fc_decimal(score[i]), same[i]};
    return m;
}

static fc_status check_scores(const double *score, size_t n, fc_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(score[i]) && score[i] != -INFINITY)
            return fc_fail(err, FC_EDATA, "score %zu is not finite", i);
    return FC_OK;
}

static fc_status scratch(struct answer **a, double **best, size_t n, fc_error *err)
{
    size_t bytes;

    *a = NULL;
    *best = NULL;
    if (!fc_mul(n, sizeof **a, &bytes) || !(*a = malloc(bytes ? bytes : 1)) ||
        !(*best = malloc(bytes + sizeof **best)))
        return fc_fail_nomem(err, bytes);
    return FC_OK;
}

fc_status fc_best_threshold(double *threshold, const double *score, const bool *same, size_t n, fc_error *err)
{
    struct answer *a;
    double *best;
    size_t m = 0;
    fc_status s = scratch(&a, &best, n, err);

    if (!s && !(s = check_scores(score, n, err)) && !(m = gather(a, score, same, NULL, n, -1)))
        s = fc_fail(err, FC_EDATA, "no pair has a score to take a threshold from");
    if (!s)
        *threshold = best_threshold(a, m, best);
    free(best);
    free(a);
    return s;
}

void fc_folds_sum(fc_folds *f)
{
    double sum = 0;

    for (size_t k = 0; k < f->n; k++)
        sum += (double)f->fold[k].right / (double)f->fold[k].n;
    f->mean = sum / (double)f->n;
    sum = 0;
    for (size_t k = 0; k < f->n; k++) {
        const double d = (double)f->fold[k].right / (double)f->fold[k].n - f->mean;
        sum += d * d;
    }
    f->error = sqrt(sum / (double)(f->n - 1) / (double)f->n);
}

fc_status fc_folds_run(fc_folds *out, const double *score, const bool *same, const int *fold, size_t n,
                       int nfolds, bool *answer, fc_error *err)
{
    struct answer *a = NULL;
    double *best = NULL;
    fc_status s;

    *out = (fc_folds){0};
    if (nfolds < 2)
        return fc_fail(
            err, FC_EDATA,
            "the protocol takes each fold's threshold from the others: want 2 folds or more, got %d", nfolds);
    if ((s = scratch(&a, &best, n, err)) || (s = check_scores(score, n, err)))
        goto out;
    if (!(out->fold = calloc((size_t)nfolds, sizeof *out->fold))) {
        s = fc_fail_nomem(err, (size_t)nfolds * sizeof *out->fold);
        goto out;
    }
    out->n = (size_t)nfolds;
    for (int k = 0; k < nfolds; k++) {
        fc_fold *f = &out->fold[k];
        size_t m = gather(a, score, same, fold, n, k);
        if (!m) {
            s = fc_fail(err, FC_EDATA,
                        "fold %d: no pair of the other folds has a score to take a threshold from", k + 1);
            goto out;
        }
        f->threshold = best_threshold(a, m, best);
        for (size_t i = 0; i < n; i++) {
            if (fold[i] != k)
                continue;
            bool yes = fc_accepts(score[i], f->threshold);
            f->right += yes == same[i];
            f->n++;
            if (answer)
                answer[i] = yes;
        }
        if (!f->n) {
            s = fc_fail(err, FC_EDATA, "fold %d has no pair", k + 1);
            goto out;
        }
    }
    fc_folds_sum(out);
out:
    if (s)
        fc_folds_clear(out);
    free(best);
    free(a);
    return s;
}

void fc_folds_clear(fc_folds *f)
{
    free(f->fold);
    *f = (fc_folds){0};
}
