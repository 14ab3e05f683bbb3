/* Where tools that follow faces put figures: points on stdout, or what Prometheus reads. */
#ifndef CMD_FIGURE_OUT_H
#define CMD_FIGURE_OUT_H
#include "monitor/influx.h"
#include "monitor/prom.h"

/* More values of a tool's own enum of formats; the names are behind its own in the table of choices. */
#define FIGURE_FORMATS "influx", "prom"

typedef struct figure_out {
    fc_influx_clock clock; /* of points */
    fc_prom *prom;         /* NULL: points are written */
    fc_prom_file *file;    /* NULL: stdout */
} figure_out;

/* For Prometheus: a table of n families, which is borrowed, kept in path (NULL: on stdout at the end). */
fc_status figure_open(figure_out *f, const fc_prom_family *families, size_t n, const char *path,
                      fc_error *err);
/* A point on stdout. time: in seconds since 1970; NAN: now. */
fc_status figure_point(figure_out *f, const fc_influx_point *p, double time, fc_error *err);
/* Writes what there is; all of it is freed. */
fc_status figure_close(figure_out *f, fc_error *err);

#endif
