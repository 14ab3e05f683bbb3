/* Where the models are. */
#ifndef CMD_MODELS_H
#define CMD_MODELS_H
#include <stdio.h>

#include "engines/engine_names.h"
#include "options.h"

struct engine_args {
    const char *models; /* NULL: not named */
    int engine;         /* index; 0: the best */
    int precision;      /* fc_precision */
    const char *device;
};
extern const option engine_options[];
/* Rows for tools that run no stages, or choose engines otherwise. of_: what it is for, "check --photos: ". */
#define ROW_MODELS(at_, of_)                                                                                 \
    {                                                                                                        \
        "models", .kind = OPTION_DIR, .arg = "DIR", .at = (at_), .env = "FACECHECK_MODELS",                  \
                  .help = of_ "look for models in DIR before the usual folders"                              \
    }
#define ROW_DEVICE(at_)                                                                                      \
    {                                                                                                        \
        "device", .kind = OPTION_TEXT, .arg = "DEVICE", .at = (at_),                                         \
                  .help = "where " FC_ENGINE_TORCH " runs them: cpu, cuda or cuda:N (cpu)"                   \
    }
/* The model that embeds. default_: for people */
#define ROW_MODEL_THAT(at_, does_, default_)                                                                 \
    {                                                                                                        \
        "model", 'm', OPTION_TEXT, .arg = "MODEL", .at = (at_), .or_file = true,                             \
                                   .help = "the model that " does_ " (" default_ ")"                         \
    }
#define ROW_MODEL(at_, default_) ROW_MODEL_THAT(at_, "embeds", default_)
#define ROW_FLIP(at_)                                                                                        \
    {                                                                                                        \
        "flip", .at = (at_), .help = "add the mirrored crop's embedding"                                     \
    }

/* What the arguments mean to the library. */
fc_engine_options engine_options_of(const struct engine_args *a);

/* engine_options, a space before each, that make a run use what ran, whatever the defaults will be. */
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
