/* The report of k-NN classification by cross-validation. */
#include <math.h>
#include <stdio.h>

#include "base/stats.h"
#include "base/error.h"
#include "eval/clusters.h"
#include "eval/report.h"

struct rate {
    const char *metric, *name; /* in the report, and of the line */
    double rate;
    uint64_t k, n;
    int times; /* each question was asked so often: only the pictures count as independent */
};

/* One rate: in the report with its counts and interval, and in a line. what: the rest of its note. */
static fc_status report_rate(fc_report *r, const struct rate *a, const char *what, fc_error *err)
{
    const uint64_t each = (uint64_t)a->times;
    const fc_interval in = a->k == 0 || a->k == a->n
                               ? fc_clopper_pearson(a->k / each, a->n / each, FC_CONFIDENCE)
                               : fc_korn_graubard(a->k, a->n, a->times, FC_CONFIDENCE);
    char note[200];
    fc_status s = fc_report_set_rate(r, a->metric, a->rate, a->k, a->n, err);

    snprintf(note, sizeof note, "%.2f..%.2f, %s", 100 * in.low, 100 * in.high, what);
    if (!s)
        s = fc_report_set(r, "intervals", a->metric, fc_report_interval(in), err);
    return s ? s : fc_report_row(r, a->name, note, err, "%.2f %%", 100 * a->rate);
}

static fc_status report_accuracy(fc_report *r, const fc_knn_protocol_result *p, int k, fc_error *err)
{
    const struct rate rate = {"accuracy", "accuracy", p->mean, p->correct, p->tested, 1};
    char value[64], what[160];

    if (isfinite(p->error))
        snprintf(value, sizeof value, "standard error %.2f", 100 * p->error);
    else
        snprintf(value, sizeof value, "no standard error");
    snprintf(what, sizeof what, "%zu of %zu pictures; mean of %zu folds, %s; k = %d", p->correct, p->tested,
             p->nfolds, value, k);
    return report_rate(r, &rate, what, err);
}

static fc_status report_answered(fc_report *r, const fc_knn_protocol_result *p, fc_error *err)
{
    const struct rate rate = {"answered",  "answered rightly", (double)p->accepted / (double)p->tested,
                              p->accepted, p->tested,          1};
    char what[160];

    snprintf(what, sizeof what,
             "%zu of them right and above the threshold for an FPIR of %g on people held out", p->accepted,
             FC_KNN_PROTOCOL_FPIR);
    return report_rate(r, &rate, what, err);
}

static fc_status report_strangers(fc_report *r, const fc_knn_protocol_result *p, fc_error *err)
{
    const struct rate rate = {"strangers-named", "strangers named", (double)p->named / (double)p->strangers,
                              p->named,          p->strangers,      p->folds};
    char what[160];

    if (!p->strangers)
        return fc_report_row(r, "strangers named", "there are none", err, "not measurable");
    snprintf(what, sizeof what,
             "%zu of %zu answers are above that threshold, to %zu pictures of strangers, each in every fold",
             p->named, p->strangers, (size_t)p->common.stranger_pictures);
    return report_rate(r, &rate, what, err);
}

static json_t *folds_json(const fc_knn_protocol_result *p)
{
    json_t *all = json_array();

    for (int k = 0; all && k < p->folds; k++)
        if (isfinite(p->accuracy[k]) && json_array_append_new(all, json_real(p->accuracy[k]))) {
            json_decref(all);
            all = NULL;
        }
    return all;
}

static fc_status report_protocol(fc_report *r, const fc_knn_protocol_result *p, int k, fc_error *err)
{
    fc_status s;

    if ((s = fc_report_set(r, NULL, "folds", folds_json(p), err)) ||
        (s = fc_report_set(r, "protocol", "name", json_string("k nearest neighbours, cross-validation"),
                           err)) ||
        (s = fc_report_set(r, "protocol", "k", json_integer(k), err)) ||
        (s = fc_report_set(r, "protocol", "vote", json_string("distance"), err)) ||
        (s = fc_report_set(r, "protocol", "enrolled", json_integer((json_int_t)p->enrolled), err)))
        return s;
    return fc_report_set(r, "protocol", "no_template", json_string("answered wrongly"), err);
}

fc_status fc_report_knn(fc_report *r, const fc_knn_protocol_result *p, const fc_eval_set *set,
                        const fc_knn_protocol_settings *a, fc_error *err)
{
    char note[200], of[160];
    fc_status s;

    snprintf(note, sizeof note, "%zu of them with %d pictures or more; the others are strangers", p->enrolled,
             a->min_images);
    snprintf(of, sizeof of, "knn k=%d folds=%d min=%d seed=%llu", a->k, a->folds, a->min_images,
             (unsigned long long)a->seed);
    if ((s = report_protocol(r, p, a->k, err)) ||
        (s = fc_report_set(r, "metrics", "accuracy-se", fc_report_number(p->error), err)) ||
        (s = fc_report_row(r, "people", note, err, "%zu", p->people)) ||
        (s = report_accuracy(r, p, a->k, err)) || (s = report_answered(r, p, err)) ||
        (s = report_strangers(r, p, err)) || (s = fc_report_answers(r, of, &p->common, err)))
        return s;
    return fc_report_cases(r, &p->common, set, p->common.ncases, err);
}
