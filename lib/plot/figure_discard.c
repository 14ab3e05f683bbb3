/* Errors against the share of photos that are left out: a line for each measure, of one report. */
#include "plot/figure_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* Those at this rate, the ones that help most first; returns how many. */
static size_t best_curves(const json_t **out, size_t most, const json_t *curves, double fmr)
{
    const json_t *c;
    size_t i, n = 0;

    json_array_foreach(curves, i, c)
    {
        const double mean = json_number_value(json_object_get(c, "mean_fnmr"));
        size_t at = n < most ? n : most;
        if (json_number_value(json_object_get(c, "fmr")) != fmr || !json_object_get(c, "measure"))
            continue;
        for (; at > 0 && mean < json_number_value(json_object_get(out[at - 1], "mean_fnmr")); at--)
            if (at < most)
                out[at] = out[at - 1];
        if (at < most)
            out[at] = c;
        n += n < most;
    }
    return n;
}

static fc_status read_curve(fc_figure_curves *c, size_t i, const json_t *curve, const char *name,
                            fc_error *err)
{
    const json_t *fnmr = json_object_get(curve, "fnmr"), *v;
    size_t k;
    fc_status s = fc_figure_reserve(c, i, json_array_size(fnmr), err);

    if (s)
        return s;
    json_array_foreach(fnmr, k, v)
    {
        const double y = json_is_number(v) ? json_number_value(v) : NAN;
        if (!(y >= 0 && y <= 1))
            return fc_fail(err, FC_EFORMAT, "%s: a broken curve (discard, %zu)", name, k);
        c->x[i][k] = (double)k / 100;
        c->y[i][k] = y;
    }
    c->n[i] = k;
    c->series[i] = (fc_series){.name = json_string_value(json_object_get(curve, "measure")),
                               .ink = i,
                               .dash = i,
                               .x = c->x[i],
                               .y = c->y[i],
                               .n = k};
    return c->series[i].name ? FC_OK : fc_fail(err, FC_EFORMAT, "%s: a curve without a name", name);
}

/* The least rate of false matches that the report has. */
static double least_rate(const json_t *curves)
{
    double least = INFINITY;
    const json_t *c;
    size_t i;

    json_array_foreach(curves, i, c) least = fmin(least, json_number_value(json_object_get(c, "fmr")));
    return least;
}

fc_status fc_figure_draw_discard(cairo_t *cr, double width, double height, const fc_figure_report *r,
                                 size_t n, const char *title, fc_error *err)
{
    const json_t *curves = json_object_get(r->json, "discard"), *best[FC_FIGURE_MAX_REPORTS];
    const double fmr = least_rate(curves);
    const size_t lines = best_curves(best, FC_FIGURE_MAX_REPORTS, curves, fmr);
    fc_figure_curves c = {0};
    double top = 0, right = 0;
    char axis[64];
    fc_status s = n == 1 ? FC_OK : fc_fail(err, FC_EUSAGE, "one report in this figure, got %zu", n);

    for (size_t i = 0; !s && i < lines; i++) {
        s = read_curve(&c, i, best[i], r->name, err);
        for (size_t k = 0; !s && k < c.n[i]; k++) {
            top = fmax(top, c.y[i][k]);
            right = fmax(right, c.x[i][k]);
        }
    }
    if (!s && !(right > 0))
        s = fc_fail(err, FC_EFORMAT, "%s: curves without points", r->name);
    snprintf(axis, sizeof axis, "False non-match rate at FMR %.0e", fmr);
    if (!s)
        fc_chart_draw(
            cr, width, height,
            &(fc_chart){.title = title,
                        .x = {FC_SCALE_LINEAR, 0, right, "Pairs left out, the worst photos first", true},
                        .y = {FC_SCALE_LINEAR, 0, top > 0 ? 1.1 * top : 1, axis, true},
                        .series = c.series,
                        .nseries = lines});
    fc_figure_curves_free(&c);
    return s;
}
