/* The report of errors against the share of photos left out. */
#include <stdio.h>

#include "base/error.h"
#include "eval/report.h"

enum { SHOWN = 10 }; /* per cent left out in the table */

static json_t *curve_json(const fc_discard_curve *c, const fc_eval_point *p, size_t at)
{
    json_t *fnmr = json_array();

    for (size_t i = 0; i <= FC_DISCARD_STEPS; i++)
        json_array_append_new(fnmr, json_real(c->fnmr[at][i]));
    return json_pack("{s:s, s:f, s:f, s:o}", "measure", c->measure, "fmr", p->target, "mean_fnmr",
                     c->mean[at], "fnmr", fnmr);
}

static fc_status report_curve(fc_report *r, json_t *curves, const fc_discard_curve *c,
                              const fc_eval_point *points, fc_error *err)
{
    char note[200] = "";
    size_t used = 0;

    for (size_t at = 0; at < FC_DISCARD_RATES; at++) {
        const double *fnmr = c->fnmr[at];
        if (!points[at].shown)
            continue;
        if (json_array_append_new(curves, curve_json(c, &points[at], at)))
            return fc_fail_nomem(err, 0);
        used += (size_t)snprintf(note + used, sizeof note - used, "%s%.2f %% (%+.1f %%)", used ? ", " : "",
                                 100 * fnmr[SHOWN], fnmr[0] > 0 ? 100 * (fnmr[SHOWN] / fnmr[0] - 1) : 0.0);
    }
    return *note ? fc_report_row(r, c->measure, NULL, err, "%s", note) : FC_OK;
}

static fc_status report_points(fc_report *r, const fc_discard_result *p, json_t *points, fc_error *err)
{
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < FC_DISCARD_RATES; i++) {
        const fc_operating_point *at = &p->point[i].at;
        char name[32], note[120];
        snprintf(name, sizeof name, "FNMR at FMR %.0e", p->point[i].target);
        snprintf(note, sizeof note, "at %.4f: %llu of %llu", at->threshold,
                 (unsigned long long)(at->ngenuine - at->genuine), (unsigned long long)at->ngenuine);
        if (!p->point[i].shown)
            s = fc_report_row_unshown(r, name, "impostor pairs", p->common.roc.impostor, err);
        else if (json_array_append_new(points, fc_report_point(&p->point[i])))
            s = fc_fail_nomem(err, 0);
        else
            s = fc_report_row(r, name, note, err, "%.2f %%", 100 * (1 - at->tar));
    }
    return s;
}

fc_status fc_report_discard(fc_report *r, const fc_discard_result *p, fc_error *err)
{
    const unsigned long long genuine = p->common.roc.genuine, impostor = p->common.roc.impostor;
    json_t *points = json_array(), *curves = json_array();
    char note[200], left_out[100];
    fc_status s = points && curves ? FC_OK : fc_fail_nomem(err, 0);

    snprintf(note, sizeof note, "%zu templates of %zu people, %llu genuine and %llu impostor pairs",
             p->templates, p->people, genuine, impostor);
    snprintf(left_out, sizeof left_out,
             "the worst %d %% of the genuine pairs, by the worse of two photos; FNMR of the others", SHOWN);
    if (!s &&
        !(s = fc_report_set(r, "protocol", "name", json_string("error versus discard, all pairs"), err)) &&
        !(s = fc_report_set(r, "protocol", "genuine", json_integer((json_int_t)genuine), err)) &&
        !(s = fc_report_set(r, "protocol", "impostor", json_integer((json_int_t)impostor), err)) &&
        !(s = fc_report_row(r, "pairs", note, err, "%llu", genuine + impostor)) &&
        !(s = report_points(r, p, points, err)))
        s = fc_report_row(r, "left out", NULL, err, "%s", left_out);
    for (size_t i = 0; !s && i < p->ncurves; i++)
        s = report_curve(r, curves, &p->curve[i], p->point, err);
    if (!s && !(s = fc_report_set(r, NULL, "operating_points", json_incref(points), err)))
        s = fc_report_set(r, NULL, "discard", json_incref(curves), err);
    json_decref(points);
    json_decref(curves);
    return s ? s : fc_report_set(r, NULL, "roc", fc_report_curve(&p->common.roc), err);
}
