/* Where figures go: points, or what Prometheus reads. */
#ifndef FC_MONITOR_FIGURE_OUT_H
#define FC_MONITOR_FIGURE_OUT_H
#include <stdio.h>
#include "monitor/influx.h"
#include "monitor/prom.h"

typedef struct fc_figure_out {
    FILE *out;             /* points, and what Prometheus reads where there is no file */
    fc_influx_clock clock; /* of points */
    fc_prom *prom;         /* NULL: points are written */
    fc_prom_file *file;    /* NULL: out, at the end */
} fc_figure_out;           /* {.out = stdout} */

/* For Prometheus: a table of n families, which is borrowed. */
fc_status fc_figure_open(fc_figure_out *f, const fc_prom_family *families, size_t n, fc_error *err);
/* In a file from then on; NULL: there is none. Where that fails, all is freed. */
fc_status fc_figure_keep(fc_figure_out *f, const char *path, fc_error *err);
/* Whether the file could be written so far. */
fc_status fc_figure_check(fc_figure_out *f, fc_error *err);
/* A point. time: in seconds since 1970; NAN: now. */
fc_status fc_figure_point(fc_figure_out *f, const fc_influx_point *p, double time, fc_error *err);
/* Writes what there is; all of it is freed. */
fc_status fc_figure_close(fc_figure_out *f, fc_error *err);

#endif
