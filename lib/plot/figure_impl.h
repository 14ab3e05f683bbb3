/* What the files of figures share; figures.h is for others. */
#ifndef FC_PLOT_FIGURE_IMPL_H
#define FC_PLOT_FIGURE_IMPL_H
#include "plot/chart.h"
#include "plot/figures.h"

enum { FC_FIGURE_NOTE = 100 };

/* Curves of several reports, and what the legend says of each. */
typedef struct fc_figure_curves {
    double *x[FC_FIGURE_MAX_REPORTS], *y[FC_FIGURE_MAX_REPORTS];
    size_t n[FC_FIGURE_MAX_REPORTS];
    char note[FC_FIGURE_MAX_REPORTS][FC_FIGURE_NOTE];
    fc_series series[2 * FC_FIGURE_MAX_REPORTS];
    fc_mark marks[8 * FC_FIGURE_MAX_REPORTS];
    size_t nmarks;
} fc_figure_curves;

void fc_figure_curves_free(fc_figure_curves *c);
/* Room for the i-th curve's n points and one more, all zero. */
fc_status fc_figure_reserve(fc_figure_curves *c, size_t i, size_t n, fc_error *err);
/* Of identification: its rates have other names. */
bool fc_figure_is_open_set(const json_t *report);

/* fc_figure_draw of one kind each; what they draw is there, and title is not NULL. */
fc_status fc_figure_draw_rates(cairo_t *cr, double width, double height, fc_figure_kind kind,
                               const fc_figure_report *report, size_t n, const char *title, fc_error *err);
fc_status fc_figure_draw_cmc(cairo_t *cr, double width, double height, const fc_figure_report *report,
                             size_t n, const char *title, fc_error *err);
fc_status fc_figure_draw_scores(cairo_t *cr, double width, double height, const fc_figure_report *report,
                                size_t n, const char *title, fc_error *err);
fc_status fc_figure_draw_latency(cairo_t *cr, double width, double height, const fc_figure_report *report,
                                 size_t n, const char *title, fc_error *err);
fc_status fc_figure_draw_discard(cairo_t *cr, double width, double height, const fc_figure_report *report,
                                 size_t n, const char *title, fc_error *err);
fc_status fc_figure_draw_layers(cairo_t *cr, double width, double height, const fc_figure_report *report,
                                size_t n, const char *title, fc_error *err);

#endif
