#include "facecheck.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "models/fusion.h"
#include "models/registry.h"

/* What name has for a contract; "" where it is not known here. */
static fc_status contract_of(char *out, size_t n, const fc_models *models, const char *name, bool flip,
                             fc_precision precision, fc_error *err)
{
    const fc_model *m = fc_models_find(models, name), *two[FC_FUSED];
    fc_fusion *f;

    *out = '\0';
    if (m)
        return fc_model_contract_in(out, n, m, flip, precision, err);
    if (!fc_fusion_is_name(name) || fc_fusion_get(&f, two, models, name, NULL))
        return FC_OK;
    fc_status s = fc_fusion_contract(out, n, two, f->weight, flip, precision, err);
    fc_fusion_free(f);
    return s;
}

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
    for (int mirrored = 0; !s && mirrored < 2; mirrored++) {
        s = contract_of(ours, sizeof ours, models, *model, mirrored, precision, err);
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
    const fc_model *m = fc_models_find(models, name), *two[FC_FUSED];
    fc_fusion *f = NULL;
    if (m)
        *out = m->threshold;
    else if (fc_fusion_is_name(name) && !fc_fusion_get(&f, two, models, name, NULL))
        *out = f->threshold;
    fc_fusion_free(f);
    free(name);
    return FC_OK;
}
