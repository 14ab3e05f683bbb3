/* What the files of fc-model share. */
#ifndef CMD_MODEL_H
#define CMD_MODEL_H
#include "models/registry.h"

enum model_format { MODEL_TEXT, MODEL_JSON };

struct model_args {
    const char *models, *output;
    int format; /* model_format */
    int timeout;
    bool force, quiet;
};

/* A model by name or by file. */
typedef struct model_subject {
    const fc_model *model; /* NULL: a file without a description */
    fc_model *own;         /* owned; model, when it was read from beside a file */
    const char *path;      /* of the file */
} model_subject;

/* A word with a slash or of a file that is there, and of no model's name, is a file. */
fc_status model_find(model_subject *out, const fc_models *m, const char *word, fc_error *err);

/* ---- model_show.c ---- */

void model_list(const struct model_args *a, const fc_models *m);
fc_status model_info(const struct model_args *a, const fc_models *m, char **words, int n, fc_error *err);

/* ---- model_pull.c ---- */

fc_status model_import(const struct model_args *a, char **words, int n, fc_error *err);
fc_status model_pull(const struct model_args *a, const fc_models *m, char **words, int n, fc_error *err);

#endif
