#include "plot/figures.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "eval/report_file.h"
#include "plot/figure_impl.h"

void fc_figure_curves_free(fc_figure_curves *c)
{
    for (int i = 0; i < FC_FIGURE_MAX_REPORTS; i++) {
        free(c->x[i]);
        free(c->y[i]);
    }
}

fc_status fc_figure_reserve(fc_figure_curves *c, size_t i, size_t n, fc_error *err)
{
    c->x[i] = calloc(n + 1, sizeof *c->x[i]);
    c->y[i] = calloc(n + 1, sizeof *c->y[i]);
    return c->x[i] && c->y[i] ? FC_OK : fc_fail_nomem(err, 2 * n * sizeof(double));
}

bool fc_figure_is_open_set(const json_t *report)
{
    const char *kind = fc_report_kind(report);
    return kind && !strcmp(kind, "identify");
}

static const char *part_of(fc_figure_kind kind)
{
    static const char *const parts[] = {
        [FC_FIGURE_ROC] = "roc",          [FC_FIGURE_DET] = "roc",          [FC_FIGURE_CMC] = "cmc",
        [FC_FIGURE_SCORES] = "histogram", [FC_FIGURE_LATENCY] = "variants", [FC_FIGURE_LAYERS] = "networks",
        [FC_FIGURE_DISCARD] = "discard"};
    return parts[kind];
}

/* A report of fc-eval compare has two sides, each of which is drawn as a report. NULL: it has none. */
static const json_t *sides_of(fc_figure_kind kind, const json_t *report)
{
    const char *of = fc_report_kind(report);
    const bool drawn = kind == FC_FIGURE_ROC || kind == FC_FIGURE_DET || kind == FC_FIGURE_SCORES;
    const json_t *sides = json_object_get(report, "sides");

    return drawn && of && !strcmp(of, "compare") && json_array_size(sides) > 0 ? sides : NULL;
}

static bool has_part(fc_figure_kind kind, const json_t *report)
{
    const json_t *part = json_object_get(report, part_of(kind));
    return kind == FC_FIGURE_SCORES ? json_is_object(part) : json_array_size(part) > 0;
}

bool fc_figure_possible(fc_figure_kind kind, const json_t *report)
{
    const json_t *sides = sides_of(kind, report), *side;
    size_t i;

    if (!sides)
        return has_part(kind, report);
    json_array_foreach(sides, i, side)
    {
        if (!has_part(kind, side) || !*fc_report_text(side, "name"))
            return false;
    }
    return true;
}

/* The reports, and the sides of those that have any, under their own names. all: [FC_FIGURE_MAX_REPORTS]; how many there are,
 * those for which there is no room counted. */
static size_t take_sides(fc_figure_report *all, fc_figure_kind kind, const fc_figure_report *r, size_t n)
{
    size_t m = 0, k;

    for (size_t i = 0; i < n; i++) {
        const json_t *sides = sides_of(kind, r[i].json), *side;
        if (!sides && m++ < FC_FIGURE_MAX_REPORTS)
            all[m - 1] = r[i];
        json_array_foreach(sides, k, side)
        {
            if (m++ < FC_FIGURE_MAX_REPORTS)
                all[m - 1] = (fc_figure_report){fc_report_text(side, "name"), side};
        }
    }
    return m;
}

fc_status fc_figure_draw(cairo_t *cr, double width, double height, fc_figure_kind kind,
                         const fc_figure_report *reports, size_t nreports, const char *title, fc_error *err)
{
    static const char *const titles[] = {[FC_FIGURE_ROC] = "Receiver operating characteristic",
                                         [FC_FIGURE_DET] = "Detection error trade-off",
                                         [FC_FIGURE_CMC] = "Cumulative match characteristic",
                                         [FC_FIGURE_SCORES] = "Scores",
                                         [FC_FIGURE_LATENCY] = "Latency by stage",
                                         [FC_FIGURE_LAYERS] = "Time by network and step",
                                         [FC_FIGURE_DISCARD] = "Error versus discard"};

    fc_figure_report r[FC_FIGURE_MAX_REPORTS];

    for (size_t i = 0; i < nreports; i++)
        if (!fc_figure_possible(kind, reports[i].json))
            return fc_fail(err, FC_EFORMAT, "%s: has no '%s' to draw", reports[i].name, part_of(kind));
    const size_t n = take_sides(r, kind, reports, nreports);
    if (n < 1 || n > FC_FIGURE_MAX_REPORTS)
        return fc_fail(err, FC_EUSAGE, "want 1 to %d reports in a figure, got %zu", FC_FIGURE_MAX_REPORTS, n);
    if (!title)
        title = titles[kind];
    if (kind == FC_FIGURE_CMC)
        return fc_figure_draw_cmc(cr, width, height, r, n, title, err);
    if (kind == FC_FIGURE_SCORES)
        return fc_figure_draw_scores(cr, width, height, r, n, title, err);
    if (kind == FC_FIGURE_DISCARD)
        return fc_figure_draw_discard(cr, width, height, r, n, title, err);
    if (kind == FC_FIGURE_LATENCY)
        return fc_figure_draw_latency(cr, width, height, r, n, title, err);
    if (kind == FC_FIGURE_LAYERS)
        return fc_figure_draw_layers(cr, width, height, r, n, title, err);
    return fc_figure_draw_rates(cr, width, height, kind, r, n, title, err);
}
