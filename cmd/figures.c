#include "figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "plot/chart.h"
#include "plot/strips.h"
#include "reports.h"

enum { MAX_NOTE = 100 };

static const json_t *metric(const json_t *report, const char *key)
{
    return json_object_get(json_object_get(report, "metrics"), key);
}

static const char *part_of(figure_kind kind)
{
    static const char *const parts[] = {
        [FIGURE_ROC] = "roc",          [FIGURE_DET] = "roc",          [FIGURE_CMC] = "cmc",
        [FIGURE_SCORES] = "histogram", [FIGURE_LATENCY] = "variants", [FIGURE_LAYERS] = "networks"};
    return parts[kind];
}

bool figure_possible(figure_kind kind, const json_t *report)
{
    const json_t *part = json_object_get(report, part_of(kind));
    return kind == FIGURE_SCORES ? json_is_object(part) : json_array_size(part) > 0;
}

/* ---- curves of rates ---- */

struct curves {
    double *x[FIGURE_MAX_REPORTS], *y[FIGURE_MAX_REPORTS];
    size_t n[FIGURE_MAX_REPORTS];
    char note[FIGURE_MAX_REPORTS][MAX_NOTE];
    fc_series series[2 * FIGURE_MAX_REPORTS];
    fc_mark marks[8 * FIGURE_MAX_REPORTS];
    size_t nmarks;
};

static void curves_free(struct curves *c)
{
    for (int i = 0; i < FIGURE_MAX_REPORTS; i++) {
        free(c->x[i]);
        free(c->y[i]);
    }
}

static fc_status reserve(struct curves *c, size_t i, size_t n, fc_error *err)
{
    c->x[i] = calloc(n + 1, sizeof *c->x[i]);
    c->y[i] = calloc(n + 1, sizeof *c->y[i]);
    return c->x[i] && c->y[i] ? FC_OK : fc_fail_nomem(err, 2 * n * sizeof(double));
}

static bool is_open_set(const json_t *report)
{
    const char *kind = report_kind(report);
    return kind && !strcmp(kind, "identify");
}

/* [[threshold, fmr, tar]...] into x = fmr, y = tar or 1 - tar. */
static fc_status read_curve(struct curves *c, size_t i, const figure_report *r, bool misses, fc_error *err)
{
    const json_t *roc = json_object_get(r->json, "roc"), *point;
    double fmr, tar;
    size_t k;
    fc_status s = reserve(c, i, json_array_size(roc), err);

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
        snprintf(c->note[i], MAX_NOTE, "rank-1 %.2f %%", 100 * json_number_value(metric(r->json, "rank-1")));
    else
        snprintf(c->note[i], MAX_NOTE, "EER %.2f %%, AUC %.5f",
                 100 * json_number_value(metric(r->json, "eer")), json_number_value(metric(r->json, "auc")));
    return FC_OK;
}

/* The report's operating points, as far as they lie within the axes. */
static void add_marks(struct curves *c, size_t i, const json_t *report, bool misses)
{
    const json_t *p;
    size_t k;

    json_array_foreach(json_object_get(report, "operating_points"), k, p)
    {
        double far = report_real(p, "far"), tar = report_real(p, "tar");
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

static fc_status draw_rates(cairo_t *cr, double width, double height, figure_kind kind,
                            const figure_report *r, size_t n, const char *title, fc_error *err)
{
    const bool det = kind == FIGURE_DET;
    struct curves c = {0};
    double floor_y = 1;
    fc_status s = FC_OK;

    for (size_t i = 0; i < n && !s; i++) {
        if (is_open_set(r[i].json) != is_open_set(r[0].json))
            s = fc_fail(err, FC_EDATA, "%s: of identification, and %s is not: their rates are different ones",
                        r[is_open_set(r[0].json) ? 0 : i].name, r[is_open_set(r[0].json) ? i : 0].name);
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
    const bool open_set = is_open_set(r[0].json);
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
    curves_free(&c);
    return s;
}

static fc_status draw_cmc(cairo_t *cr, double width, double height, const figure_report *r, size_t n,
                          const char *title, fc_error *err)
{
    struct curves c = {0};
    double low = 1;
    size_t ranks = 2;
    fc_status s = FC_OK;

    for (size_t i = 0; i < n && !s; i++) {
        const json_t *cmc = json_object_get(r[i].json, "cmc"), *rate;
        size_t k;
        if ((s = reserve(&c, i, json_array_size(cmc), err)))
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
        snprintf(c.note[i], MAX_NOTE, "rank-1 %.2f %%", 100 * c.y[i][0]);
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
    curves_free(&c);
    return s;
}

/* ---- score histograms ---- */

/* Shares of the counts, with the bins' left edges in x and the last one's right edge at the end. */
static fc_status read_counts(double *x, double *y, const json_t *histogram, const char *kind, size_t n,
                             double *total)
{
    const json_t *counts = json_object_get(histogram, kind);

    *total = 0;
    for (size_t k = 0; k < n; k++)
        *total += json_number_value(json_array_get(counts, k));
    for (size_t k = 0; k <= n; k++) {
        x[k] = -1 + 2 * (double)k / (double)n;
        y[k] = k<n && * total> 0 ? json_number_value(json_array_get(counts, k)) / *total : 0;
    }
    return FC_OK;
}

/* Neighbours together, so that there are at most so many bins; returns how many there are. */
static size_t coarsen(double *x, double *y, size_t n, double total)
{
    const size_t by = total > 20000 ? 2 : 4;
    size_t m = 0;

    for (size_t k = 0; k < n; k += by, m++) {
        double sum = 0;
        for (size_t j = k; j < k + by && j < n; j++)
            sum += y[j];
        x[m] = x[k];
        y[m] = sum / (double)by; /* of a bin of the report */
    }
    x[m] = x[n];
    y[m] = 0;
    return m;
}

static fc_status draw_scores(cairo_t *cr, double width, double height, const figure_report *r, size_t n,
                             const char *title, fc_error *err)
{
    static const char *const kinds[] = {"genuine", "impostor"};
    struct curves c[2] = {0};
    char name[2 * FIGURE_MAX_REPORTS][120], text[32];
    fc_series series[2 * FIGURE_MAX_REPORTS];
    fc_rule rule = {.text = text};
    double low = 1, high = -1, top = 0, total;
    size_t m = 0, bins = 0;
    fc_status s = FC_OK;

    for (size_t i = 0; i < n && !s; i++)
        for (int k = 0; k < 2 && !s; k++) {
            const json_t *histogram = json_object_get(r[i].json, "histogram");
            bins = json_array_size(json_object_get(histogram, kinds[k]));
            if (bins < 1 || bins > 65536)
                s = fc_fail(err, FC_EFORMAT, "%s: a broken histogram", r[i].name);
            if (s || (s = reserve(&c[k], i, bins + 1, err)) ||
                (s = read_counts(c[k].x[i], c[k].y[i], histogram, kinds[k], bins, &total)))
                break;
            c[k].n[i] = coarsen(c[k].x[i], c[k].y[i], bins, total);
            for (size_t j = 0; j < c[k].n[i]; j++) {
                if (c[k].y[i][j] <= 0)
                    continue;
                low = c[k].x[i][j] < low ? c[k].x[i][j] : low;
                high = c[k].x[i][j + 1] > high ? c[k].x[i][j + 1] : high;
                top = c[k].y[i][j] > top ? c[k].y[i][j] : top;
            }
            snprintf(name[m], sizeof name[m], n > 1 ? "%s: %s" : "%.0s%s", r[i].name,
                     k ? "different people" : "same person");
            snprintf(c[k].note[i], MAX_NOTE, "%.0f comparisons", total);
            series[m] = (fc_series){.name = name[m],
                                    .note = c[k].note[i],
                                    .kind = n == 1 ? FC_SERIES_AREA : FC_SERIES_STEPS,
                                    .ink = n == 1 ? (size_t)k : i,
                                    .dash = n == 1 ? (size_t)k : (size_t)k,
                                    .x = c[k].x[i],
                                    .y = c[k].y[i],
                                    .n = c[k].n[i] + 1};
            m++;
        }
    if (!s) {
        const json_t *points = json_object_get(r[0].json, "operating_points"), *p;
        size_t k, nrules = 0;
        json_array_foreach(points, k, p)
        {
            if (n > 1 || report_real(p, "far_target") > 1.0001e-3 || !isfinite(report_real(p, "threshold")))
                continue;
            rule.x = report_real(p, "threshold");
            snprintf(text, sizeof text, "%s %g", is_open_set(r[0].json) ? "FPIR" : "FMR",
                     report_real(p, "far_target"));
            nrules = 1;
            break;
        }
        low = floor(low * 10) / 10;
        high = ceil(high * 10) / 10;
        fc_chart_draw(
            cr, width, height,
            &(fc_chart){.title = title,
                        .x = {FC_SCALE_LINEAR, low, high > low ? high : low + 1, "Cosine similarity", false},
                        .y = {FC_SCALE_LINEAR, 0, top > 0 ? top * 1.06 : 1, "Share of comparisons", true},
                        .series = series,
                        .nseries = m,
                        .rules = &rule,
                        .nrules = nrules});
    }
    curves_free(&c[0]);
    curves_free(&c[1]);
    return s;
}

/* ---- latency ---- */

static const char *const stages[] = {"decode", "P-Net", "R-Net", "O-Net", "align", "embed", "match", "total"};
enum { NSTAGES = sizeof stages / sizeof *stages };

static fc_status draw_latency(cairo_t *cr, double width, double height, const figure_report *r, size_t n,
                              const char *title, fc_error *err)
{
    fc_strip_group groups[FIGURE_MAX_REPORTS] = {0};
    fc_strip strips[FIGURE_MAX_REPORTS][NSTAGES];
    char names[FIGURE_MAX_REPORTS][160];
    double *samples[FIGURE_MAX_REPORTS * NSTAGES] = {0};
    size_t m = 0, owned = 0;
    fc_status s = FC_OK;

    for (size_t i = 0; i < n && !s; i++) {
        const json_t *variants = json_object_get(r[i].json, "variants"), *v;
        size_t k;
        json_array_foreach(variants, k, v)
        {
            const char *name = json_string_value(json_object_get(v, "name"));
            if (m == FIGURE_MAX_REPORTS) {
                s = fc_fail(err, FC_EDATA, "more than %d variants in one figure", FIGURE_MAX_REPORTS);
                break;
            }
            snprintf(names[m], sizeof names[m], n > 1 ? "%s: %s" : "%.0s%s", r[i].name, name ? name : "");
            for (int j = 0; j < NSTAGES && !s; j++) {
                const json_t *ms = json_object_get(json_object_get(json_object_get(v, "latency"), stages[j]),
                                                   "ms"),
                             *t;
                size_t q;
                double *one = calloc(json_array_size(ms) + 1, sizeof *one);
                samples[owned++] = one;
                if (!one)
                    s = fc_fail_nomem(err, json_array_size(ms) * sizeof *one);
                json_array_foreach(ms, q, t)
                {
                    if (one)
                        one[q] = json_number_value(t);
                }
                strips[m][j] = (fc_strip){stages[j], one, json_array_size(ms)};
            }
            groups[m] = (fc_strip_group){names[m], strips[m], NSTAGES};
            m++;
        }
    }
    if (!s)
        fc_strips_draw(cr, width, height, title,
                       "Milliseconds (dot: median, bar: middle half, line: 5 % to 95 %, tick: 99 %)", groups,
                       m);
    for (size_t i = 0; i < owned; i++)
        free(samples[i]);
    return s;
}

fc_status figure_draw(cairo_t *cr, double width, double height, figure_kind kind, const figure_report *r,
                      size_t n, const char *title, fc_error *err)
{
    static const char *const titles[] = {[FIGURE_ROC] = "Receiver operating characteristic",
                                         [FIGURE_DET] = "Detection error trade-off",
                                         [FIGURE_CMC] = "Cumulative match characteristic",
                                         [FIGURE_SCORES] = "Scores",
                                         [FIGURE_LATENCY] = "Latency by stage",
                                         [FIGURE_LAYERS] = "Time by network and step"};

    if (n < 1 || n > FIGURE_MAX_REPORTS)
        return fc_fail(err, FC_EUSAGE, "want 1 to %d reports in a figure, got %zu", FIGURE_MAX_REPORTS, n);
    for (size_t i = 0; i < n; i++)
        if (!figure_possible(kind, r[i].json))
            return fc_fail(err, FC_EFORMAT, "%s: has no '%s' to draw", r[i].name, part_of(kind));
    if (!title)
        title = titles[kind];
    if (kind == FIGURE_CMC)
        return draw_cmc(cr, width, height, r, n, title, err);
    if (kind == FIGURE_SCORES)
        return draw_scores(cr, width, height, r, n, title, err);
    if (kind == FIGURE_LATENCY)
        return draw_latency(cr, width, height, r, n, title, err);
    if (kind == FIGURE_LAYERS)
        return figure_draw_layers(cr, width, height, r, n, title, err);
    return draw_rates(cr, width, height, kind, r, n, title, err);
}
