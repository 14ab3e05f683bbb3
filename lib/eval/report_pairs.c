/* The report of LFW's protocol. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "eval/report.h"

static fc_status report_protocol(fc_report *r, const fc_pairs_result *p, const char *hash, fc_error *err)
{
    fc_status s;

    if ((s = fc_report_set(r, "protocol", "name",
                           json_string("LFW view 2, image-restricted, labeled outside data"), err)) ||
        (s = fc_report_set(r, "protocol", "pairs_sha256", json_string(hash), err)) ||
        (s = fc_report_set(r, "protocol", "folds", json_integer((json_int_t)p->folds.n), err)) ||
        (s = fc_report_set(r, "protocol", "pairs", json_integer((json_int_t)p->n), err)) ||
        (s = fc_report_set(
             r, "protocol", "threshold_rule",
             json_string("of the other folds' scores, the middle of those with the most right answers; "
                         "candidates are the middles between neighbouring scores"),
             err)))
        return s;
    return fc_report_set(r, "protocol", "no_template", json_string("the pair is answered with 'different'"),
                         err);
}

static json_t *folds_json(const fc_folds *f)
{
    json_t *folds = json_array();

    for (size_t k = 0; folds && k < f->n; k++) {
        const fc_fold *one = &f->fold[k];
        if (json_array_append_new(folds, json_pack("{s:f, s:f, s:I, s:I}", "threshold", one->threshold,
                                                   "accuracy", (double)one->right / (double)one->n, "right",
                                                   (json_int_t)one->right, "pairs", (json_int_t)one->n))) {
            json_decref(folds);
            folds = NULL;
        }
    }
    return folds;
}

static fc_status report_accuracy(fc_report *r, const fc_folds *f, fc_error *err)
{
    uint64_t right = 0, n = 0;
    fc_status s;

    for (size_t k = 0; k < f->n; k++) {
        right += f->fold[k].right;
        n += f->fold[k].n;
    }
    if ((s = fc_report_set(r, NULL, "folds", folds_json(f), err)) ||
        (s = fc_report_set_rate(r, "accuracy", f->mean, right, n, err)) ||
        (s = fc_report_set(r, "metrics", "accuracy-se", json_real(f->error), err)) ||
        (s = fc_report_row(r, "accuracy", "mean of the folds, standard error of it", err, "%.2f %% +- %.2f",
                           100 * f->mean, 100 * f->error)))
        return s;
    for (size_t k = 0; !s && k < f->n; k++) {
        char name[32], note[64];
        snprintf(name, sizeof name, "  fold %zu", k + 1);
        snprintf(note, sizeof note, "at %.4f, from the other folds", f->fold[k].threshold);
        s = fc_report_row(r, name, note, err, "%.2f %%",
                          100 * (double)f->fold[k].right / (double)f->fold[k].n);
    }
    return s;
}

static fc_status report_point(fc_report *r, json_t *points, const fc_eval_point *point, fc_error *err)
{
    const fc_operating_point *p = &point->at;
    char name[32], note[128];

    snprintf(name, sizeof name, "TAR at FAR %.0e", point->target);
    if (!point->shown)
        return fc_report_row_unshown(r, name, "impostor pairs", p->nimpostor, err);
    snprintf(note, sizeof note, "%.2f..%.2f, at %.4f with %llu of %llu accepted falsely",
             100 * p->tar_interval.low, 100 * p->tar_interval.high, p->threshold,
             (unsigned long long)p->impostor, (unsigned long long)p->nimpostor);
    if (json_array_append_new(points, fc_report_point(point)))
        return fc_fail_nomem(err, 0);
    return fc_report_row(r, name, note, err, "%.2f %%", 100 * p->tar);
}

static fc_status report_points(fc_report *r, const fc_pairs_result *p, json_t *points, fc_error *err)
{
    fc_status s;

    if ((s = fc_report_set(r, "metrics", "auc", json_real(p->auc), err)) ||
        (s = fc_report_set(r, "metrics", "eer", json_real(p->eer.rate), err)) ||
        (s = fc_report_set(r, "metrics", "eer-threshold", fc_report_number(p->eer.threshold), err)) ||
        (s = fc_report_row(r, "AUC", NULL, err, "%.5f", p->auc)) ||
        (s = fc_report_row(r, "EER", NULL, err, "%.2f %%", 100 * p->eer.rate)))
        return s;
    for (size_t i = 0; !s && i < FC_PAIRS_POINTS; i++)
        s = report_point(r, points, &p->point[i], err);
    return s;
}

static fc_status report_curve(fc_report *r, const fc_pairs_result *p, fc_error *err)
{
    json_t *points = json_array();
    fc_status s = points ? report_points(r, p, points, err) : fc_fail_nomem(err, 0);

    if (!s && !(s = fc_report_set(r, NULL, "roc", fc_report_curve(&p->common.roc), err)))
        s = fc_report_set(r, NULL, "histogram", fc_report_histogram(&p->common), err);
    if (!s)
        s = fc_report_set(r, NULL, "operating_points", json_incref(points), err);
    json_decref(points);
    return s;
}

/* Every pair's score. */
static fc_status report_scores(fc_report *r, const fc_pairs_result *p, fc_error *err)
{
    json_t *score = json_array();
    char *same = malloc(p->n + 1);
    fc_status s = score && same ? FC_OK : fc_fail_nomem(err, p->n);

    for (size_t i = 0; !s && i < p->n; i++) {
        same[i] = p->same[i] ? '1' : '0';
        if (json_array_append_new(score, fc_report_number(p->score[i])))
            s = fc_fail_nomem(err, p->n * sizeof(double));
    }
    if (!s)
        s = fc_report_set(r, NULL, "pairs", json_pack("{s:O, s:s%}", "score", score, "same", same, p->n),
                          err);
    json_decref(score);
    free(same);
    return s;
}

fc_status fc_report_pairs(fc_report *r, const fc_pairs_result *p, const fc_eval_set *set, const char *hash,
                          fc_error *err)
{
    fc_status s;

    if ((s = report_protocol(r, p, hash, err)) || (s = report_accuracy(r, &p->folds, err)) ||
        (s = report_curve(r, p, err)) || (s = report_scores(r, p, err)) ||
        (s = fc_report_answers(r, hash, &p->common, err)))
        return s;
    return fc_report_cases(r, &p->common, set, p->n, err);
}
