/* The report of open-set identification. */
#include <stdio.h>

#include "match/fuse_names.h"
#include "base/stats.h"
#include "base/error.h"
#include "eval/report.h"

static fc_status report_protocol(fc_report *r, const fc_identify_result *p, const fc_identify_settings *a,
                                 fc_error *err)
{
    const struct {
        const char *name;
        uint64_t n;
    } counts[] = {{"enrolled", p->enrolled},
                  {"templates_enrolled", p->templates},
                  {"probes", p->mated},
                  {"strangers", p->strangers},
                  {"probes_of_strangers", p->nonmated},
                  {"enroll", (uint64_t)a->enroll},
                  {"min_images", (uint64_t)a->min_images},
                  {"seed", a->seed}};
    fc_status s = fc_report_set(r, "protocol", "name", json_string("identification, open set"), err);

    for (size_t i = 0; !s && i < sizeof counts / sizeof *counts; i++)
        s = fc_report_set(r, "protocol", counts[i].name, json_integer((json_int_t)counts[i].n), err);
    if (!s)
        s = fc_report_set(r, "protocol", "fuse", json_string(fc_fuse_names[a->fuse]), err);
    return s ? s : fc_report_set(r, "protocol", "no_template", json_string("the probe finds nobody"), err);
}

static fc_status report_trial(fc_report *r, const fc_identify_result *p, const fc_identify_settings *a,
                              fc_error *err)
{
    char note[200], of[200];
    fc_status s;

    snprintf(note, sizeof note, "%zu of them enrolled with %zu templates, %zu strangers", p->enrolled,
             p->templates, p->strangers);
    const int n = snprintf(of, sizeof of, "identify enroll=%d min=%d seed=%llu", a->enroll, a->min_images,
                           (unsigned long long)a->seed);
    if (a->people)
        snprintf(of + n, sizeof of - (size_t)n, " people=%d", a->people);
    if ((s = report_protocol(r, p, a, err)) ||
        (s = fc_report_set(r, NULL, "histogram", fc_report_histogram(&p->common), err)) ||
        (s = fc_report_row(r, "people", note, err, "%zu", p->people)))
        return s;
    return fc_report_answers(r, of, &p->common, err);
}

static json_t *cmc_json(const fc_eval_result *c)
{
    json_t *cmc = json_array();

    for (size_t k = 0; cmc && k < FC_EVAL_RANKS; k++)
        if (json_array_append_new(cmc, json_real((double)c->cmc[k] / (double)c->probes))) {
            json_decref(cmc);
            cmc = NULL;
        }
    return cmc;
}

static fc_status report_ranks(fc_report *r, const fc_eval_result *c, fc_error *err)
{
    static const int told[] = {1, 5, 10, 20};
    fc_status s = fc_report_set(r, NULL, "cmc", cmc_json(c), err);

    for (size_t i = 0; !s && i < sizeof told / sizeof *told; i++) {
        const uint64_t hits = c->cmc[told[i] - 1];
        const fc_interval in = fc_clopper_pearson(hits, c->probes, FC_CONFIDENCE);
        char name[16], note[100];
        snprintf(name, sizeof name, "rank-%d", told[i]);
        snprintf(note, sizeof note, "%.2f..%.2f, %llu of %llu probes", 100 * in.low, 100 * in.high,
                 (unsigned long long)hits, (unsigned long long)c->probes);
        if (!(s = fc_report_set_rate(r, name, (double)hits / (double)c->probes, hits, c->probes, err)))
            s = fc_report_row(r, name, note, err, "%.2f %%", 100 * (double)hits / (double)c->probes);
    }
    return s;
}

static fc_status report_point(fc_report *r, json_t *points, const fc_eval_point *point, fc_error *err)
{
    const fc_operating_point *p = &point->at;
    const fc_interval in = {1 - p->tar_interval.high, 1 - p->tar_interval.low};
    char name[32], note[160];

    snprintf(name, sizeof name, "FNIR at FPIR %.0e", point->target);
    if (!point->shown)
        return fc_report_row_unshown(r, name, "strangers' probes", p->nimpostor, err);
    snprintf(note, sizeof note, "%.2f..%.2f, at %.4f: %llu of %llu; %llu of %llu strangers get a name",
             100 * in.low, 100 * in.high, p->threshold, (unsigned long long)(p->ngenuine - p->genuine),
             (unsigned long long)p->ngenuine, (unsigned long long)p->impostor,
             (unsigned long long)p->nimpostor);
    if (json_array_append_new(points, fc_report_point(point)))
        return fc_fail_nomem(err, 0);
    return fc_report_row(r, name, note, err, "%.2f %%", 100 * (1 - p->tar));
}

static fc_status report_open_set(fc_report *r, const fc_identify_result *p, fc_error *err)
{
    json_t *points = json_array();
    fc_status s = points ? FC_OK : fc_fail_nomem(err, 0);

    for (size_t i = 0; !s && p->common.roc.n && i < FC_IDENTIFY_POINTS; i++)
        s = report_point(r, points, &p->point[i], err);
    if (!s)
        s = fc_report_set(r, NULL, "operating_points", json_incref(points), err);
    json_decref(points);
    if (!s && p->common.roc.n)
        s = fc_report_set(r, NULL, "roc", fc_report_curve(&p->common.roc), err);
    return s;
}

/* ---- thresholds that are chosen beforehand ---- */

static fc_status report_asked_of(fc_report *r, json_t *all, const char *by, double asked,
                                 const fc_identify_asked *p, fc_error *err)
{
    char name[60], note[300];
    json_t *o =
        json_pack("{s:s, s:f, s:b, s:f, s:I, s:o, s:[f, f], s:I, s:I, s:f, s:[f, f], s:I, s:I}", "by", by,
                  "fpir_wanted", asked, "within", p->within, "threshold", p->threshold, "cohort",
                  (json_int_t)p->looks, "fpir", fc_report_number(p->fpir), "fpir_interval",
                  p->fpir_interval.low, p->fpir_interval.high, "named", (json_int_t)p->named, "strangers",
                  (json_int_t)p->nonmated, "fnir", p->fnir, "fnir_interval", p->fnir_interval.low,
                  p->fnir_interval.high, "missed", (json_int_t)p->missed, "probes", (json_int_t)p->mated);

    if (json_array_append_new(all, o))
        return fc_fail_nomem(err, 0);
    snprintf(name, sizeof name, "FPIR for %g by %s", asked, by);
    snprintf(
        note, sizeof note,
        "%.2f..%.2f, at %.4f%s: %llu of %llu strangers get a name; FNIR %.2f %% (%.2f..%.2f): %llu of %llu",
        100 * p->fpir_interval.low, 100 * p->fpir_interval.high, p->threshold,
        p->within ? "" : ", where the curve ends", (unsigned long long)p->named,
        (unsigned long long)p->nonmated, 100 * p->fnir, 100 * p->fnir_interval.low,
        100 * p->fnir_interval.high, (unsigned long long)p->missed, (unsigned long long)p->mated);
    return p->nonmated ? fc_report_row(r, name, note, err, "%.2f %%", 100 * p->fpir)
                       : fc_report_row_unshown(r, name, "strangers' probes", 0, err);
}

static fc_status report_asked(fc_report *r, const fc_identify_result *p, const fc_identify_settings *a,
                              fc_error *err)
{
    json_t *all = json_array();
    fc_status s = all ? FC_OK : fc_fail_nomem(err, 0);

    if (!s && p->by_cohort.chosen)
        s = report_asked_of(r, all, "cohort", a->fpir, &p->by_cohort, err);
    if (!s && p->by_curve.chosen)
        s = report_asked_of(r, all, "curve", a->fpir, &p->by_curve, err);
    if (!s)
        s = fc_report_set(r, NULL, "asked", json_incref(all), err);
    json_decref(all);
    return s;
}

fc_status fc_report_identify(fc_report *r, const fc_identify_result *p, const fc_eval_set *set,
                             const fc_identify_settings *settings, fc_error *err)
{
    fc_status s;

    if ((s = report_trial(r, p, settings, err)) || (s = report_ranks(r, &p->common, err)) ||
        (s = report_open_set(r, p, err)) ||
        (p->head.measured && (s = fc_report_identify_head(r, p, settings, err))) ||
        (settings->fpir > 0 && (s = report_asked(r, p, settings, err))))
        return s;
    return fc_report_cases(r, &p->common, set, p->common.ncases, err);
}
