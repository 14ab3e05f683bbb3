/* Inside fc-track: how many faces and tracks there are, for dashboards. */
#ifndef CMD_TRACK_FIGURES_H
#define CMD_TRACK_FIGURES_H
#include "facecheck.h"
#include "monitor/figure_out.h"

typedef struct track_figures {
    fc_figure_out out;
    json_int_t last; /* the greatest number of a track so far */
} track_figures;

/* prom: figures for Prometheus, in path (NULL: on stdout), and else points. */
fc_status track_figures_open(track_figures *f, bool prom, const char *path, fc_error *err);
/* A record with tracks. */
fc_status track_figures_put(track_figures *f, const fc_record *r, fc_error *err);

#endif
