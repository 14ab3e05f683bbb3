#include "eval/fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/stats.h"
#include "eval/folds.h"
#include "eval/protocol_impl.h"

/* Weights that are tried, in even steps of their logarithm as near as short numbers come. */
static const double weights[] = {0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 50};
enum { WEIGHTS = sizeof weights / sizeof *weights };

/* The pairs, and room for a part of them. */
struct fitting {
    double *cosine[2]; /* [n], owned; -INFINITY: a picture without template */
    bool *same;        /* [n], owned */
    int *fold;         /* [n], owned */
    double *score;     /* [n], owned; of a weight */
    double *part;      /* [n], owned; of them those of some folds */
    bool *part_same;   /* [n], owned */
    bool *answer[3]; /* [n], owned: of each alone, of both; first what is said, then whether that is right */
    size_t n;
    int folds;
};

static void fitting_clear(struct fitting *f)
{
    for (int i = 0; i < 2; i++)
        free(f->cosine[i]);
    for (int i = 0; i < 3; i++)
        free(f->answer[i]);
    free(f->same);
    free(f->fold);
    free(f->score);
    free(f->part);
    free(f->part_same);
}

static double cosine_of(const fc_eval_set *set, const fc_pair *q, size_t from, size_t to)
{
    if (!fc_eval_has(set, q->a) || !fc_eval_has(set, q->b))
        return -(double)INFINITY;
    return fc_cosine(fc_eval_row(set, q->a) + from, fc_eval_row(set, q->b) + from, to - from);
}

static fc_status fitting_open(struct fitting *f, const fc_eval_set *set, size_t first, const fc_pairs *p,
                              fc_error *err)
{
    const size_t n = p->n + 1;
    bool there = true;

    *f = (struct fitting){.n = p->n, .folds = p->folds};
    for (int i = 0; i < 2; i++)
        there &= (f->cosine[i] = calloc(n, sizeof **f->cosine)) != NULL;
    for (int i = 0; i < 3; i++)
        there &= (f->answer[i] = calloc(n, sizeof **f->answer)) != NULL;
    there &= (f->same = calloc(n, sizeof *f->same)) && (f->fold = calloc(n, sizeof *f->fold)) &&
             (f->score = calloc(n, sizeof *f->score)) && (f->part = calloc(n, sizeof *f->part)) &&
             (f->part_same = calloc(n, sizeof *f->part_same));
    if (!there)
        return fc_fail_nomem(err, n * sizeof *f->score);
    for (size_t i = 0; i < p->n; i++) {
        f->cosine[0][i] = cosine_of(set, &p->pair[i], 0, first);
        f->cosine[1][i] = cosine_of(set, &p->pair[i], first, set->dim);
        f->same[i] = p->pair[i].same;
        f->fold[i] = p->pair[i].fold;
    }
    return FC_OK;
}

static void score_by(struct fitting *f, double weight)
{
    for (size_t i = 0; i < f->n; i++)
        f->score[i] = fc_decimal((f->cosine[0][i] + weight * f->cosine[1][i]) / (1 + weight));
}

/* The best threshold on all folds but leave (-1: on all), and the right answers that it gives there. */
static fc_status train(const struct fitting *f, int leave, double *threshold, size_t *right, fc_error *err)
{
    size_t n = 0;

    for (size_t i = 0; i < f->n; i++)
        if (f->fold[i] != leave) {
            f->part_same[n] = f->same[i];
            f->part[n++] = f->score[i];
        }
    const fc_status s = fc_best_threshold(threshold, f->part, f->part_same, n, err);
    *right = 0;
    for (size_t i = 0; !s && i < n; i++)
        *right += fc_accepts(f->part[i], *threshold) == f->part_same[i];
    return s;
}

/* The weight that answers best on those folds; of equally good ones the middle one, of two the lower. Leaves its scores. */
static fc_status choose_weight(struct fitting *f, int leave, double *weight, double *threshold, fc_error *err)
{
    size_t best[WEIGHTS], nbest = 0, most = 0, right;
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < WEIGHTS; i++) {
        score_by(f, weights[i]);
        s = train(f, leave, threshold, &right, err);
        if (right > most)
            nbest = 0;
        if (right >= most) {
            most = right;
            best[nbest++] = i;
        }
    }
    if (s)
        return s;
    *weight = weights[best[(nbest - 1) / 2]];
    score_by(f, *weight);
    return train(f, leave, threshold, &right, err);
}

/* right [n]: whether each answer is. */
static fc_status sum_folds(fc_fit_side *out, const struct fitting *f, const bool *right, fc_error *err)
{
    fc_folds folds = {.fold = calloc((size_t)f->folds, sizeof *folds.fold), .n = (size_t)f->folds};

    if (!folds.fold)
        return fc_fail_nomem(err, folds.n * sizeof *folds.fold);
    for (size_t i = 0; i < f->n; i++) {
        folds.fold[f->fold[i]].n++;
        folds.fold[f->fold[i]].right += right[i];
    }
    fc_folds_sum(&folds);
    *out = (fc_fit_side){folds.mean, folds.error};
    fc_folds_clear(&folds);
    return FC_OK;
}

static void judge(const struct fitting *f, bool *answer)
{
    for (size_t i = 0; i < f->n; i++)
        answer[i] = answer[i] == f->same[i];
}

/* Each fold by what the others say. */
static fc_status answer_both(fc_fit *out, struct fitting *f, fc_error *err)
{
    fc_status s = FC_OK;

    out->least = INFINITY;
    for (int k = 0; !s && k < f->folds; k++) {
        double weight = 1, threshold = 0;
        s = choose_weight(f, k, &weight, &threshold, err);
        for (size_t i = 0; !s && i < f->n; i++)
            if (f->fold[i] == k)
                f->answer[2][i] = fc_accepts(f->score[i], threshold);
        out->least = fmin(out->least, weight);
        out->most = fmax(out->most, weight);
    }
    return s;
}

static fc_status answer_alone(fc_fit *out, struct fitting *f, int which, fc_error *err)
{
    fc_folds folds;
    fc_status s;

    for (size_t i = 0; i < f->n; i++)
        f->score[i] = fc_decimal(f->cosine[which][i]);
    s = fc_folds_run(&folds, f->score, f->same, f->fold, f->n, f->folds, f->answer[which], err);
    out->alone[which] = (fc_fit_side){folds.mean, folds.error};
    fc_folds_clear(&folds);
    return s;
}

static void compare(fc_fit *out, const struct fitting *f)
{
    for (int side = 0; side < 2; side++) {
        fc_paired *p = &out->paired[side];
        for (size_t i = 0; i < f->n; i++) {
            p->lost += f->answer[side][i] && !f->answer[2][i];
            p->won += !f->answer[side][i] && f->answer[2][i];
        }
        p->p = fc_mcnemar(p->lost, p->won);
    }
}

fc_status fc_fit_weights(fc_fit *out, const fc_eval_set *set, size_t first, const fc_pairs *p, fc_error *err)
{
    struct fitting f;
    double threshold;
    fc_status s = fitting_open(&f, set, first, p, err);

    *out = (fc_fit){.pairs = p->n, .folds = p->folds};
    for (int i = 0; !s && i < 2; i++)
        s = answer_alone(out, &f, i, err);
    if (!s)
        s = answer_both(out, &f, err);
    if (!s)
        s = choose_weight(&f, -1, &out->weight, &threshold, err);
    if (!s) {
        for (int i = 0; i < 3; i++)
            judge(&f, f.answer[i]);
        compare(out, &f);
        s = sum_folds(&out->both, &f, f.answer[2], err);
    }
    fitting_clear(&f);
    return s;
}

/* ---- the curve ---- */

/* 0.1, 0.08 ... 0.0125, 0.01 ... */
static double rate_of(size_t i)
{
    static const double tenth[] = {10, 8, 6.3, 5, 4, 3.15, 2.5, 2, 1.6, 1.25};
    const size_t n = sizeof tenth / sizeof *tenth, decade = i / n + 1;

    return tenth[i % n] / (10 * pow(10, (double)decade));
}

/* So many rates from the first one on. *more: none was without errors enough. */
static fc_status measure(fc_fmr_curve *c, const fc_eval_set *set, bool *more, fc_error *err)
{
    fc_all_pairs_settings settings = {.nfmr = FC_ALL_PAIRS_RATES, .threshold = NAN};
    fc_all_pairs_result r = {0};
    fc_status s;

    for (size_t i = 0; i < FC_ALL_PAIRS_RATES; i++)
        settings.fmr[i] = rate_of(c->n + i);
    s = fc_protocol_all_pairs(&r, set, &settings, err);
    c->pairs = s ? 0 : r.common.roc.impostor;
    for (size_t i = 0; !s && *more && i < FC_ALL_PAIRS_RATES; i++) {
        *more = c->n < FC_CURVE_POINTS && settings.fmr[i] * (double)c->pairs >= FC_FIT_ERRORS;
        if (*more)
            c->point[c->n++] = (struct fc_fmr_point){settings.fmr[i], r.point[i].at.threshold};
    }
    fc_all_pairs_result_clear(&r);
    return s;
}

fc_status fc_fit_curve(fc_fmr_curve *out, const fc_eval_set *set, fc_error *err)
{
    bool more = true;
    fc_status s = FC_OK;

    *out = (fc_fmr_curve){0};
    while (!s && more)
        s = measure(out, set, &more, err);
    return s;
}
