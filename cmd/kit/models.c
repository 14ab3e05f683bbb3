#include "models.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/folder.h"
#include "engines/engine.h"
#include "engines/engine_names.h"
#include "facecheck.h"
#include "install.h"
#include "kernels/precision_names.h"
#include "models/fusion.h"

static const char *const engines[] = {FC_ENGINE_AUTO, FC_ENGINE_CHOICES, NULL};

#define AT(field) offsetof(struct engine_args, field)
const option engine_options[] = {
    ROW_MODELS(AT(models), ""),
    {"engine", .kind = OPTION_CHOICE, .arg = "NAME", .at = AT(engine), .choices = engines,
     .help = "what runs the networks: " FC_ENGINE_AUTO ", or one of " FC_ENGINE_LIST
             ", which runs ONNX files alone (auto: the best for "
             "this CPU)"},
    {"precision", .kind = OPTION_CHOICE, .arg = "TYPE", .at = AT(precision), .choices = fc_precision_names,
     .help = "numbers that the networks compute with: " FC_NAMES_OR(FC_PRECISIONS) " (auto)"},
    ROW_DEVICE(AT(device)),
    {0},
};

fc_engine_options engine_options_of(const struct engine_args *a)
{
    return (fc_engine_options){.engine = a->engine ? engines[a->engine] : NULL,
                               .precision = (fc_precision)a->precision,
                               .device = a->device};
}

void engine_options_write(FILE *f, const struct engine_args *a, const fc_engine_facts *ran)
{
    /* a file that its own engine ran, unasked: named, that engine would run the detector's networks, too */
    const bool unasked = !a->engine && strcmp(ran->engine, fc_engine_best()) != 0;
    static const char *const without[] = {"engine", NULL};
    struct engine_args used = {.models = a->models, .precision = (int)ran->precision, .device = ran->device};

    while (engines[used.engine] && strcmp(engines[used.engine], ran->engine))
        used.engine++;
    options_write(f, engine_options, &used, NULL, unasked ? without : NULL);
}

fc_status models_user_folder(char **out, fc_error *err)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    const bool xdg = data && *data == '/'; /* others are to be ignored, says the XDG specification */

    *out = NULL;
    if (!xdg && !(home && *home))
        return FC_OK;
    *out = xdg ? fc_folder_join(data, "facecheck/models")
               : fc_folder_join(home, ".local/share/facecheck/models");
    return *out ? FC_OK : fc_fail_nomem(err, PATH_MAX);
}

fc_status models_open(fc_models **out, const char *named, fc_error *err)
{
    char *places[2] = {NULL};
    fc_status s;

    *out = NULL;
    if (named && fc_fusion_is_name(named) && access(named, F_OK))
        return fc_fail(err, FC_EUSAGE, "--models: no folder '%s'; two models are named by -m %s", named,
                       named);
    s = models_user_folder(&places[0], err);
    if (!s)
        /* BUILD/models is a link to the source tree's */
        s = install_folder(&places[1], FC_MODELS_FROM_TOOLS, "../models", err);
    if (!s)
        s = fc_models_search(out, named, places, 2, " (--models DIR names another folder)", err);
    free(places[0]);
    free(places[1]);
    return s;
}

fc_status models_threshold(double *out, const char *contract, const char *named, fc_error *err)
{
    fc_models *models = NULL;
    fc_error why;
    fc_status s = models_open(&models, named, &why);

    *out = NAN;
    if (s)
        return s == FC_EMISSING ? FC_OK : fc_fail(err, s, "%s", why.message);
    s = fc_contract_threshold(out, contract, models, err);
    fc_models_free(models);
    return s;
}
