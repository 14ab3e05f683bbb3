#include "facecheck.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "models/registry.h"

fc_status fc_contract_model(const fc_models *models, const char *contract, fc_precision precision,
                            char **model, bool *flip, fc_error *err)
{
    const char *colon = strrchr(contract, ':');
    char ours[256];
    fc_status s = FC_OK;

    *model = NULL;
    if (!colon)
        return FC_OK;
    const size_t length = (size_t)(colon - contract);
    *model = strndup(contract, length);
    if (!*model)
        return fc_fail_nomem(err, length + 1);
    const fc_model *m = fc_models_find(models, *model);
    for (int mirrored = 0; m && !s && mirrored < 2; mirrored++) {
        s = fc_model_contract_in(ours, sizeof ours, m, mirrored, precision, err);
        if (!s && !strcmp(ours, contract))
            *flip = mirrored;
    }
    return s;
}

fc_status fc_contract_threshold(double *out, const char *contract, const fc_models *models, fc_error *err)
{
    const char *colon = strrchr(contract, ':');
    char *name = colon ? strndup(contract, (size_t)(colon - contract)) : NULL;

    *out = NAN;
    if (!colon)
        return FC_OK;
    if (!name)
        return fc_fail_nomem(err, strlen(contract));
    const fc_model *m = fc_models_find(models, name);
    if (m)
        *out = m->threshold;
    free(name);
    return FC_OK;
}
