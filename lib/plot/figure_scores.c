/* Histograms of scores. */
#include "plot/figure_impl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "eval/report_file.h"

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

fc_status fc_figure_draw_scores(cairo_t *cr, double width, double height, const fc_figure_report *r, size_t n,
                                const char *title, fc_error *err)
{
    static const char *const kinds[] = {"genuine", "impostor"};
    fc_figure_curves c[2] = {0};
    char name[2 * FC_FIGURE_MAX_REPORTS][120], text[32];
    fc_series series[2 * FC_FIGURE_MAX_REPORTS];
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
            if (s || (s = fc_figure_reserve(&c[k], i, bins + 1, err)) ||
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
            snprintf(c[k].note[i], FC_FIGURE_NOTE, "%.0f comparisons", total);
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
            if (n > 1 || fc_report_real(p, "far_target") > 1.0001e-3 ||
                !isfinite(fc_report_real(p, "threshold")))
                continue;
            rule.x = fc_report_real(p, "threshold");
            snprintf(text, sizeof text, "%s %g", fc_figure_is_open_set(r[0].json) ? "FPIR" : "FMR",
                     fc_report_real(p, "far_target"));
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
    fc_figure_curves_free(&c[0]);
    fc_figure_curves_free(&c[1]);
    return s;
}
