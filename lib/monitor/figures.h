/*
 * What dashboards show of pictures (facerecord(5)) and of decisions about their faces (lines of fc-match): points of
 * InfluxDB, or figures of Prometheus. facecheck-monitoring(7) has their names.
 */
#ifndef FC_MONITOR_FIGURES_H
#define FC_MONITOR_FIGURES_H
#include <stdio.h>
#include <jansson.h>
#include "facecheck.h"

typedef enum fc_figures_form { FC_FIGURES_INFLUX, FC_FIGURES_PROM } fc_figures_form;

typedef struct fc_figures_options {
    fc_figures_form form;
    FILE *out; /* where points go; what Prometheus reads goes there at the end, unless there is a path */
    const char *path; /* NULL, or of FC_FIGURES_PROM: the file that is kept up to date (fc_prom_file_open) */
    bool tag_person;  /* names of people are tags and labels */
    bool timings; /* false: none of what differs from run to run, neither milliseconds nor the time of day */
} fc_figures_options;

typedef struct fc_figures fc_figures;

/* Texts of the options are borrowed. After the inputs were looked at. */
fc_status fc_figures_open(fc_figures **out, const fc_figures_options *o, fc_error *err);
/* For prom, people of a gallery. */
void fc_figures_people(fc_figures *f, size_t people);
/* A picture's record, or one that failed, and then what was decided about each of its faces. */
fc_status fc_figures_picture(fc_figures *f, const json_t *record, fc_error *err);
fc_status fc_figures_decision(fc_figures *f, const json_t *record, const json_t *line, fc_error *err);
/* Does nothing for NULL. */
fc_status fc_figures_close(fc_figures *f, fc_error *err);

#endif
