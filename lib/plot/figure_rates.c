/* ROC, DET and CMC: curves of rates. */
#include "plot/figure_impl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "eval/report_file.h"

static const json_t *metric(const json_t *report, const char *key)
{
    return json_object_get(json_object_get(report, "metrics"), key);
}

/* [[threshold, fmr, tar]...] into x = fmr, y = tar or 1 - tar. */
static fc_status read_curve(fc_figure_curves *c, size_t i, const fc_figure_report *r, bool misses,
                            fc_error *err)
{
    const json_t *roc = json_object_get(r->json, "roc"), *point;
    double fmr, tar;
    size_t k;
    fc_status s = fc_figure_reserve(c, i, json_array_size(roc), err);

    if (s)
        return s;
    json_array_foreach(roc, k, point)
    {
        json_t *threshold;
        if (json_unpack((json_t *)point, "[o, F, F]", &threshold, &fmr, &tar) ||
            !(fmr >= 0 && fmr <= 1 && tar >= 0 && tar <= 1))
            return fc_fail(err, FC_EFORMAT, "%s: a broken curve (roc[%zu])", r->name, k);
        c->x[i][c->n[i]] = fmr;
        c->y[i][c->n[i]++] = misses ? 1 - tar : tar;
    }
    if (!json_is_number(metric(r->json, "eer")))
        snprintf(c->note[i], FC_FIGURE_NOTE, "rank-1 %.2f %%",
                 100 * json_number_value(metric(r->json, "rank-1")));
    else
        snprintf(c->note[i], FC_FIGURE_NOTE, "EER %.2f %%, AUC %.5f",
                 100 * json_number_value(metric(r->json, "eer")), json_number_value(metric(r->json, "auc")));
    return FC_OK;
}

/* The report's operating points, as far as they lie within the axes. */
static void add_marks(fc_figure_curves *c, size_t i, const json_t *report, bool misses)
{
    const json_t *p;
    size_t k;

    json_array_foreach(json_object_get(report, "operating_points"), k, p)
    {
        double far = fc_report_real(p, "far"), tar = fc_report_real(p, "tar");
        if (far > 0 && isfinite(tar) && c->nmarks < sizeof c->marks / sizeof *c->marks)
            c->marks[c->nmarks++] = (fc_mark){far, misses ? 1 - tar : tar, i};
    }
}

/* The decade below the least number above zero among v. */
static double decade_below(double *const *v, const size_t *n, size_t nv, double least, double most)
{
    double low = most;

    for (size_t i = 0; i < nv; i++)
        for (size_t k = 0; k < n[i]; k++)
            if (v[i][k] > 0 && v[i][k] < low)
                low = v[i][k];
    low = pow(10, floor(log10(low) + 1e-9));
    return low < least ? least : low > most ? most : low;
}

/* The end of an axis of rates that begins at low: 1, and a little room. */
static double above_one(double low)
{
    return 1 + 0.03 * (1 - low);
}

fc_status fc_figure_draw_rates(cairo_t *cr, double width, double height, fc_figure_kind kind,
                               const fc_figure_report *r, size_t n, const char *title, fc_error *err)
{
    const bool det = kind == FC_FIGURE_DET;
    fc_figure_curves c = {0};
    double floor_y = 1;
    fc_status s = FC_OK;

    for (size_t i = 0; i < n && !s; i++) {
        if (fc_figure_is_open_set(r[i].json) != fc_figure_is_open_set(r[0].json))
            s = fc_fail(err, FC_EDATA, "%s: of identification, and %s is not: their rates are different ones",
                        r[fc_figure_is_open_set(r[0].json) ? 0 : i].name,
                        r[fc_figure_is_open_set(r[0].json) ? i : 0].name);
        if (!s)
            s = read_curve(&c, i, &r[i], det, err);
        add_marks(&c, i, r[i].json, det);
        c.series[i] = (fc_series){.name = r[i].name,
                                  .note = c.note[i],
                                  .kind = FC_SERIES_STEPS,
                                  .ink = i,
                                  .dash = i,
                                  .x = c.x[i],
                                  .y = c.y[i],
                                  .n = c.n[i]};
    }
    const bool open_set = fc_figure_is_open_set(r[0].json);
    fc_chart chart = {
        .title = title,
        .x = {det ? FC_SCALE_PROBIT : FC_SCALE_LOG, 1e-3, det ? 0.4 : 1,
              open_set ? "False positive identification rate" : "False match rate", det},
        .y = {det ? FC_SCALE_PROBIT : FC_SCALE_LINEAR, 0, det ? 0.4 : 1,
              det ? (open_set ? "False negative identification rate" : "False non-match rate")
                  : (open_set ? "True positive identification rate" : "True match rate"),
              true},
        .series = c.series,
        .nseries = n,
        .marks = c.marks,
        .nmarks = c.nmarks,
        .diagonal = det,
    };
    if (!s) {
        chart.x.min = decade_below(c.x, c.n, n, 1e-6, 0.01);
        if (det)
            chart.y.min = decade_below(c.y, c.n, n, 1e-6, 0.01);
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < c.n[i]; k++)
                if (c.x[i][k] >= chart.x.min && c.y[i][k] < floor_y)
                    floor_y = c.y[i][k];
        if (!det)
            chart.y.min = floor_y > 0.98  ? 0.98
                          : floor_y > 0.9 ? floor(floor_y * 100) / 100
                                          : floor(floor_y * 20) / 20;
        if (!det)
            chart.y.max = above_one(chart.y.min);
        fc_chart_draw(cr, width, height, &chart);
    }
    fc_figure_curves_free(&c);
    return s;
}

fc_status fc_figure_draw_cmc(cairo_t *cr, double width, double height, const fc_figure_report *r, size_t n,
                             const char *title, fc_error *err)
{
    fc_figure_curves c = {0};
    double low = 1;
    size_t ranks = 2;
    fc_status s = FC_OK;

    for (size_t i = 0; i < n && !s; i++) {
        const json_t *cmc = json_object_get(r[i].json, "cmc"), *rate;
        size_t k;
        if ((s = fc_figure_reserve(&c, i, json_array_size(cmc), err)))
            break;
        json_array_foreach(cmc, k, rate)
        {
            const double v = json_number_value(rate);
            c.x[i][k] = (double)k + 1;
            c.y[i][k] = v;
            low = v < low ? v : low;
        }
        c.n[i] = k;
        ranks = k > ranks ? k : ranks;
        snprintf(c.note[i], FC_FIGURE_NOTE, "rank-1 %.2f %%", 100 * c.y[i][0]);
        c.series[i] = (fc_series){.name = r[i].name,
                                  .note = c.note[i],
                                  .ink = i,
                                  .dash = i,
                                  .x = c.x[i],
                                  .y = c.y[i],
                                  .n = c.n[i],
                                  .marks = true};
    }
    low = low > 0.98 ? 0.98 : floor(low * 20) / 20;
    if (!s)
        fc_chart_draw(cr, width, height,
                      &(fc_chart){.title = title,
                                  .x = {FC_SCALE_LINEAR, 0, (double)ranks + 1, "Rank", false},
                                  .y = {FC_SCALE_LINEAR, low, above_one(low), "Identification rate", true},
                                  .series = c.series,
                                  .nseries = n});
    fc_figure_curves_free(&c);
    return s;
}
