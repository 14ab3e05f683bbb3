/* Figures of reports: what fc-plot draws, and fc-eval puts into its page. */
#ifndef CMD_FIGURES_H
#define CMD_FIGURES_H
#include <cairo.h>
#include <jansson.h>

#include "facecheck.h"

typedef enum figure_kind {
    FIGURE_ROC,
    FIGURE_DET,
    FIGURE_CMC,
    FIGURE_SCORES,
    FIGURE_LATENCY,
    FIGURE_LAYERS
} figure_kind;

typedef struct figure_report {
    const char *name; /* for the legend */
    const json_t *json;
} figure_report;

enum { FIGURE_MAX_REPORTS = 7 };

/* Whether the report has what the figure shows. */
bool figure_possible(figure_kind kind, const json_t *report);
/* On width x height points; title NULL: the kind's own. FC_EFORMAT names the report that does not fit. */
fc_status figure_draw(cairo_t *cr, double width, double height, figure_kind kind, const figure_report *report,
                      size_t n, const char *title, fc_error *err);

/* FIGURE_LAYERS of one report; for figure_draw. */
fc_status figure_draw_layers(cairo_t *cr, double width, double height, const figure_report *report, size_t n,
                             const char *title, fc_error *err);

#endif
