/* Where the models are. */
#ifndef CMD_MODELS_H
#define CMD_MODELS_H
#include <stdio.h>

#include "options.h"

struct engine_args {
    const char *models; /* NULL: not named */
    int engine;         /* index; 0: the best */
    int precision;      /* fc_precision */
    const char *device;
};
extern const option engine_options[];

/* What the arguments mean to the library. */
fc_engine_options engine_options_of(const struct engine_args *a);

/* The options, a space before each, that make a run use what ran, whatever the defaults will be. */
void engine_options_write(FILE *f, const struct engine_args *a, const fc_engine_facts *ran);

/* Folders with a models.yaml, in this order: the one named (by --models or FACECHECK_MODELS), which must be
 * there; facecheck/models in $XDG_DATA_HOME (~/.local/share); the one that belongs to the program: share/ beside
 * its libexec/, or the source tree's when it runs from a build folder. A name in an earlier folder hides it in
 * later ones. */
fc_status models_open(fc_models **out, const char *named, fc_error *err);
/* The folder of a user's own models, whether it is there or not; caller frees. NULL without a home. */
fc_status models_user_folder(char **out, fc_error *err);

/* fc_contract_threshold, with the models that are there; NAN where there are none. named: as models_open wants it. */
fc_status models_threshold(double *out, const char *contract, const char *named, fc_error *err);

#endif
