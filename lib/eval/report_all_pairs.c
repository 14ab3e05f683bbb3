/* The reports of all pairs of a set, and of a threshold that was looked for among them. */
#include <stdio.h>

#include "base/error.h"
#include "base/text.h"
#include "eval/report.h"

enum { NAMED = 100 }; /* wrong answers that the report names */

static fc_status report_protocol(fc_report *r, const fc_eval_result *c, fc_error *err)
{
    fc_status s;

    if ((s = fc_report_set(r, "protocol", "name", json_string("all pairs of a labelled set"), err)) ||
        (s = fc_report_set(r, "protocol", "no_template",
                           json_string("such pictures are in no pair; fte tells how many"), err)) ||
        (s = fc_report_set(
             r, "protocol", "intervals",
             json_string("far_interval and tar_interval take pairs as independent; the _people ones do not"),
             err)) ||
        (s = fc_report_set(r, "protocol", "genuine", json_integer((json_int_t)c->roc.genuine), err)))
        return s;
    return fc_report_set(r, "protocol", "impostor", json_integer((json_int_t)c->roc.impostor), err);
}

static fc_status report_set(fc_report *r, const fc_all_pairs_result *p, fc_error *err)
{
    const unsigned long long genuine = p->common.roc.genuine, impostor = p->common.roc.impostor;
    char note[200];
    fc_status s;

    snprintf(note, sizeof note, "%zu templates of %zu people, %llu genuine and %llu impostor pairs",
             p->templates, p->people, genuine, impostor);
    if ((s = report_protocol(r, &p->common, err)) ||
        (s = fc_report_set(r, "metrics", "auc", json_real(p->auc), err)) ||
        (s = fc_report_set(r, "metrics", "eer", json_real(p->eer.rate), err)) ||
        (s = fc_report_row(r, "pairs", note, err, "%llu", genuine + impostor)) ||
        (s = fc_report_row(r, "AUC", NULL, err, "%.6f", p->auc)) ||
        (s = fc_report_row(r, "EER", NULL, err, "%.3f %%", 100 * p->eer.rate)) ||
        (s = fc_report_set(r, NULL, "roc", fc_report_curve(&p->common.roc), err)))
        return s;
    return fc_report_set(r, NULL, "histogram", fc_report_histogram(&p->common), err);
}

/* Over people, or over pairs where that cannot be told. */
static fc_interval best_interval(fc_interval people, fc_interval pairs)
{
    return isnan(people.low) ? pairs : people;
}

/* One operating point: in the report, and in a line of that name. */
static fc_status report_point(fc_report *r, json_t *points, const char *name, const fc_eval_point *point,
                              fc_error *err)
{
    const fc_operating_point *p = &point->at;
    const uint64_t missed = p->ngenuine - p->genuine;
    const fc_interval fmr = best_interval(point->far_people, p->far_interval);
    const fc_interval fnmr =
        best_interval(point->fnmr_people, (fc_interval){1 - p->tar_interval.high, 1 - p->tar_interval.low});
    char note[200];

    if (json_array_append_new(points, fc_report_point(point)))
        return fc_fail_nomem(err, 0);
    snprintf(note, sizeof note, "%.2f..%.2f, at %.4f: %llu of %llu; FMR %.2e (%.2e..%.2e): %llu of %llu",
             100 * fnmr.low, 100 * fnmr.high, p->threshold, (unsigned long long)missed,
             (unsigned long long)p->ngenuine, p->far, fmr.low, fmr.high, (unsigned long long)p->impostor,
             (unsigned long long)p->nimpostor);
    return fc_report_row(r, name, note, err, "%.2f %%", 100 * (1 - p->tar));
}

static fc_status report_points(fc_report *r, const fc_all_pairs_result *p, json_t *points, fc_error *err)
{
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < p->npoints; i++) {
        char name[32];
        snprintf(name, sizeof name, "FNMR at FMR %.0e", p->point[i].target);
        s = p->point[i].shown ? report_point(r, points, name, &p->point[i], err)
                              : fc_report_row_unshown(r, name, "impostor pairs", p->common.roc.impostor, err);
    }
    if (!s && p->own.shown)
        s = report_point(r, points, "at the model's own", &p->own, err);
    return s;
}

fc_status fc_report_all_pairs(fc_report *r, const fc_all_pairs_result *p, const fc_eval_set *set,
                              fc_error *err)
{
    json_t *points = json_array();
    fc_status s = points ? report_set(r, p, err) : fc_fail_nomem(err, 0);

    if (!s)
        s = report_points(r, p, points, err);
    if (!s && p->has_cases)
        s = fc_report_cases(r, &p->common, set, NAMED, err);
    if (!s)
        s = fc_report_set(r, NULL, "operating_points", json_incref(points), err);
    json_decref(points);
    return s;
}

static fc_status report_threshold(fc_report *r, const fc_all_pairs_result *p, fc_error *err)
{
    const fc_eval_point *point = &p->point[0];
    const char *hash =
        json_string_value(json_object_get(json_object_get(r->json, "protocol"), "dataset_sha256"));
    char meaning[300], fmr[FC_NUMBER_SIZE];
    fc_status s;

    snprintf(fmr, sizeof fmr, "%g", point->target);
    snprintf(meaning, sizeof meaning,
             "false match rate %s over %llu pairs of %zu pictures of %zu people, data set %.16s", fmr,
             (unsigned long long)point->at.nimpostor, p->templates, p->people, hash ? hash : "");
    s = fc_report_set(r, "metrics", "threshold", json_real(point->at.threshold), err);
    return s ? s : fc_report_set(r, NULL, "meaning", json_string(meaning), err);
}

fc_status fc_report_calibrate(fc_report *r, const fc_all_pairs_result *p, fc_error *err)
{
    json_t *points = json_array();
    fc_status s = points ? report_set(r, p, err) : fc_fail_nomem(err, 0);

    if (!s && !(s = report_point(r, points, "FNMR there", &p->point[0], err)))
        s = fc_report_set(r, NULL, "operating_points", json_incref(points), err);
    json_decref(points);
    return s ? s : report_threshold(r, p, err);
}
