/* What is read from a record and a decision, for whatever form. */
#ifndef FC_MONITOR_FIGURES_IMPL_H
#define FC_MONITOR_FIGURES_IMPL_H
#include "monitor/figures.h"
#include "monitor/figure_out.h"

struct fc_figures {
    fc_figures_options how;
    fc_figure_out to;
};

/* NAN: not there, or no number. */
double fc_figures_number(const json_t *object, const char *key);
/* Of its box; NAN: it has none. */
double fc_figures_width(const json_t *face);
/* Stages that have milliseconds; NULL ends the list. */
extern const char *const fc_figures_stages[];

/* Texts are borrowed, "" where there is none; numbers are NAN then. */
struct picture {
    const char *camera, *result, *code;
    size_t faces;
    double time;
    const json_t *ms;
};
struct decision {
    const char *camera, *decision, *person, *contract;
    const char *engine; /* with its version */
    double time, similarity, distance, score, threshold, width, match_ms;
};
struct picture fc_figures_read_picture(const fc_figures *f, const json_t *record);
struct decision fc_figures_read_decision(const fc_figures *f, const json_t *record, const json_t *line);

fc_status fc_figures_influx_picture(fc_figures *f, const struct picture *p, fc_error *err);
fc_status fc_figures_influx_decision(fc_figures *f, const struct decision *d, fc_error *err);
fc_status fc_figures_prom_open(fc_figures *f, fc_error *err);
void fc_figures_prom_people(fc_figures *f, size_t people);
void fc_figures_prom_picture(fc_figures *f, const struct picture *p);
void fc_figures_prom_decision(fc_figures *f, const struct decision *d);

#endif
