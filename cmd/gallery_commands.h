/* Inside fc-gallery: its arguments, and the commands that print what is in a gallery. */
#ifndef CMD_GALLERY_COMMANDS_H
#define CMD_GALLERY_COMMANDS_H
#include "gallery.h"

enum gallery_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_NPY, FORMAT_TSV };

extern struct gallery_tool_args {
    struct gallery_args gallery;
    const char *output, *models;
    int format; /* enum gallery_format */
    bool purge, samples, photos, seal, plain, quiet;
} args;

/* operand: [n] those behind the command. */
fc_status run_list(fc_gallery *g, char **operand, int n, fc_error *err);
fc_status run_show(fc_gallery *g, char **operand, int n, fc_error *err);
fc_status run_stats(fc_gallery *g, char **operand, int n, fc_error *err);

#endif
