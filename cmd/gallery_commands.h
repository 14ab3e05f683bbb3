/* Inside fc-gallery: its arguments, and the commands that print what is in a gallery. */
#ifndef CMD_GALLERY_COMMANDS_H
#define CMD_GALLERY_COMMANDS_H
#include <jansson.h>

#include "gallery.h"
#include "run.h"

enum gallery_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_NPY, FORMAT_TSV };

extern struct gallery_tool_args {
    struct gallery_args gallery;
    const char *output;
    int format;            /* enum gallery_format */
    const char *encodings; /* import: the model that bare encodings are of */
    const char *ids;       /* import: whose the rows of an array are; NULL: the list beside it */
    bool purge, samples, photos, seal, plain;
    /* calibrate */
    struct common_args common;
    fc_texts cohort;
    double fpir;
    int fuse;
    bool partly; /* some of the cohort failed */
} args;

/* operand: [n] those behind the command. */
fc_status run_list(fc_gallery *g, char **operand, int n, fc_error *err);
fc_status run_show(fc_gallery *g, char **operand, int n, fc_error *err);
fc_status run_import(fc_gallery *g, char **operand, int n, fc_error *err);
fc_status run_calibrate(fc_gallery *g, char **operand, int n, fc_error *err);
/* Takes the line. */
fc_status print_line(json_t *o, fc_error *err);
/* What it says of that rate; NULL when memory is out. */
json_t *calibration_json(const fc_calibration *c, double fpir);
/* In a line, for the rate that it was made for. */
void print_calibration(const fc_calibration *c);
fc_status run_stats(fc_gallery *g, char **operand, int n, fc_error *err);

#endif
