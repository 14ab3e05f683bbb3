/* LFW's protocol. */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "eval/protocol_impl.h"

static const double fars[FC_PAIRS_POINTS] = {1e-2, 1e-3};

void fc_pairs_result_clear(fc_pairs_result *r)
{
    fc_eval_result_clear(&r->common);
    fc_folds_clear(&r->folds);
    free(r->score);
    free(r->same);
    *r = (fc_pairs_result){0};
}

/* Scores of the two kinds apart, and what the folds take. */
struct kinds {
    double *genuine, *impostor;
    size_t ngenuine, nimpostor;
    int *fold; /* [n] */
};

static void kinds_clear(struct kinds *k)
{
    free(k->genuine);
    free(k->impostor);
    free(k->fold);
}

static void count_score(fc_pairs_result *r, struct kinds *k, size_t i)
{
    const double score = r->score[i];

    if (r->same[i])
        k->genuine[k->ngenuine++] = score;
    else
        k->impostor[k->nimpostor++] = score;
    if (isfinite(score))
        (r->same[i] ? r->common.genuine : r->common.impostor)[fc_eval_bin(score)]++;
}

static fc_status score_pairs(fc_pairs_result *r, struct kinds *k, const fc_eval_set *set, const fc_pairs *p,
                             fc_error *err)
{
    const size_t n = p->n + 1;

    r->score = calloc(n, sizeof *r->score);
    r->same = calloc(n, sizeof *r->same);
    r->common.right = calloc(n, sizeof *r->common.right);
    k->genuine = calloc(n, sizeof *k->genuine);
    k->impostor = calloc(n, sizeof *k->impostor);
    k->fold = calloc(n, sizeof *k->fold);
    if (!r->score || !r->same || !r->common.right || !k->genuine || !k->impostor || !k->fold)
        return fc_fail_nomem(err, n * sizeof *r->score);
    r->n = r->common.nright = p->n;
    for (size_t i = 0; i < p->n; i++) {
        const fc_pair *q = &p->pair[i];
        r->score[i] = fc_eval_score(set, q->a, q->b);
        r->same[i] = q->same;
        k->fold[i] = q->fold;
        count_score(r, k, i);
    }
    return FC_OK;
}

static void find_points(fc_pairs_result *r)
{
    const fc_interval none = {NAN, NAN};

    for (size_t i = 0; i < FC_PAIRS_POINTS; i++)
        r->point[i] = (fc_eval_point){.target = fars[i],
                                      .shown = fc_roc_shows_far(&r->common.roc, fars[i]),
                                      .at = fc_roc_at_far(&r->common.roc, fars[i]),
                                      .far_people = none,
                                      .fnmr_people = none};
}

static fc_status make_cases(fc_pairs_result *r, const fc_pairs *p, fc_error *err)
{
    if (!(r->common.cases = calloc(p->n + 1, sizeof *r->common.cases)))
        return fc_fail_nomem(err, p->n * sizeof *r->common.cases);
    r->common.ncases = p->n;
    for (size_t i = 0; i < p->n; i++)
        r->common.cases[i] = (fc_eval_case){.a = p->pair[i].a,
                                            .b = p->pair[i].b,
                                            .same = p->pair[i].same,
                                            .score = r->score[i],
                                            .threshold = r->folds.fold[p->pair[i].fold].threshold};
    fc_eval_sort_cases(&r->common);
    return FC_OK;
}

fc_status fc_protocol_pairs(fc_pairs_result *out, const fc_eval_set *set, const fc_pairs *p, fc_error *err)
{
    fc_eval_result *c = &out->common;
    struct kinds k = {0};
    fc_status s =
        p->folds < 2
            ? fc_fail(err, FC_EDATA, "one fold; thresholds come from the other folds, so that two are wanted")
            : score_pairs(out, &k, set, p, err);

    if (!s)
        s = fc_folds_run(&out->folds, out->score, out->same, k.fold, p->n, p->folds, c->right, err);
    if (!s)
        s = fc_roc_from_scores(&c->roc, k.genuine, k.ngenuine, k.impostor, k.nimpostor, err);
    kinds_clear(&k);
    if (s)
        return s;
    for (size_t i = 0; i < p->n; i++) /* what was answered becomes whether that is right */
        c->right[i] = c->right[i] == out->same[i];
    out->auc = fc_roc_auc(&c->roc);
    out->eer = fc_roc_eer(&c->roc);
    find_points(out);
    return make_cases(out, p, err);
}
