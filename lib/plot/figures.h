/* Figures of reports (JSON of fc-eval and fc-bench): what fc-plot draws, and fc-eval puts into its page. */
#ifndef FC_PLOT_FIGURES_H
#define FC_PLOT_FIGURES_H
#include <cairo.h>
#include <jansson.h>

#include "facecheck.h"

typedef enum fc_figure_kind {
    FC_FIGURE_ROC,
    FC_FIGURE_DET,
    FC_FIGURE_CMC,
    FC_FIGURE_SCORES,
    FC_FIGURE_LATENCY,
    FC_FIGURE_LAYERS,
    FC_FIGURE_DISCARD
} fc_figure_kind;

typedef struct fc_figure_report {
    const char *name; /* for the legend */
    const json_t *json;
} fc_figure_report;

enum { FC_FIGURE_MAX_REPORTS = 7 };

/* Whether the report has what the figure shows. */
bool fc_figure_possible(fc_figure_kind kind, const json_t *report);
/* On width x height points; title NULL: the kind's own. FC_EFORMAT names the report that does not fit. */
fc_status fc_figure_draw(cairo_t *cr, double width, double height, fc_figure_kind kind,
                         const fc_figure_report *report, size_t n, const char *title, fc_error *err);

#endif
