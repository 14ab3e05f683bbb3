/* Times of stages: what fc-plot draws of fc-bench. */
#include "plot/figure_impl.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "plot/boxplots.h"

static const char *const stages[] = {"decode", "P-Net", "R-Net", "O-Net", "align", "embed", "match", "total"};
enum { NSTAGES = sizeof stages / sizeof *stages };

fc_status fc_figure_draw_latency(cairo_t *cr, double width, double height, const fc_figure_report *r,
                                 size_t n, const char *title, fc_error *err)
{
    fc_boxplot_group groups[FC_FIGURE_MAX_REPORTS] = {0};
    fc_boxplot plots[FC_FIGURE_MAX_REPORTS][NSTAGES];
    char names[FC_FIGURE_MAX_REPORTS][160];
    double *samples[FC_FIGURE_MAX_REPORTS * NSTAGES] = {0};
    size_t m = 0, owned = 0;
    fc_status s = FC_OK;

    for (size_t i = 0; i < n && !s; i++) {
        const json_t *variants = json_object_get(r[i].json, "variants"), *v;
        size_t k;
        json_array_foreach(variants, k, v)
        {
            const char *name = json_string_value(json_object_get(v, "name"));
            if (m == FC_FIGURE_MAX_REPORTS) {
                s = fc_fail(err, FC_EDATA, "more than %d variants in one figure", FC_FIGURE_MAX_REPORTS);
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
                plots[m][j] = (fc_boxplot){stages[j], one, json_array_size(ms)};
            }
            groups[m] = (fc_boxplot_group){names[m], plots[m], NSTAGES};
            m++;
        }
    }
    if (!s)
        fc_boxplots_draw(cr, width, height, title,
                         "Milliseconds (dot: median, bar: middle half, line: 5 % to 95 %, tick: 99 %)",
                         groups, m);
    for (size_t i = 0; i < owned; i++)
        free(samples[i]);
    return s;
}
