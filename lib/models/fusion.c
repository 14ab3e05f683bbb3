#include "models/fusion.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/error.h"

void fc_fusion_free(fc_fusion *f)
{
    if (!f)
        return;
    for (int i = 0; i < FC_FUSED; i++)
        free(f->model[i]);
    free(f->threshold_meaning);
    free(f);
}

bool fc_fusion_is_name(const char *name)
{
    return strchr(name, ',') && !strchr(name, '/');
}

fc_status fc_fusion_models(const fc_model *model[FC_FUSED], const fc_models *m, const char *name,
                           fc_error *err)
{
    const char *comma = strchr(name, ',');
    char *first = strndup(name, (size_t)(comma - name));
    fc_status s = first ? FC_OK : fc_fail_nomem(err, 0);

    if (!s && strchr(comma + 1, ','))
        s = fc_fail(err, FC_EUSAGE, "%s: want two models", name);
    if (!s)
        s = fc_models_get(&model[0], m, first, err);
    if (!s)
        s = fc_models_get(&model[1], m, comma + 1, err);
    free(first);
    if (!s && model[0] == model[1])
        s = fc_fail(err, FC_EUSAGE, "%s: want two models, not one twice", name);
    for (int i = 0; !s && i < FC_FUSED; i++)
        if (strcmp(model[i]->task, "embed"))
            s = fc_fail(err, FC_EMODEL, "model '%s' does not embed faces", model[i]->name);
    return s;
}

static uint64_t bits(double v)
{
    uint64_t u;
    memcpy(&u, &v, sizeof u);
    return u;
}

fc_status fc_fusion_contract(char *out, size_t n, const fc_model *const model[FC_FUSED],
                             const double weight[FC_FUSED], bool flip, fc_precision p, fc_error *err)
{
    char part[FC_FUSED][200], text[600], hex[FC_SHA256_HEX];
    fc_status s = FC_OK;

    for (int i = 0; !s && i < FC_FUSED; i++)
        s = fc_model_contract_in(part[i], sizeof part[i], model[i], flip, p, err);
    if (s)
        return s;
    const int length = snprintf(text, sizeof text, "facecheck fusion 1\n%s\n%s\nweight %016" PRIx64 "\n",
                                part[0], part[1], bits(weight[0] / (weight[0] + weight[1])));
    fc_sha256_hex(hex, text, (size_t)length);
    if ((size_t)snprintf(out, n, "%s,%s:%.16s", model[0]->name, model[1]->name, hex) >= n)
        return fc_fail(err, FC_EUSAGE, "models '%s,%s': their contract needs more than %zu bytes",
                       model[0]->name, model[1]->name, n);
    return FC_OK;
}
