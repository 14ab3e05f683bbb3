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

bool fc_fusion_is_of(const fc_fusion *f, const char *first, const char *second)
{
    return !strcmp(f->model[0], first) && !strcmp(f->model[1], second);
}

fc_status fc_fusion_bind(char contract[FC_FUSED][FC_FUSED_CONTRACT], const fc_model *const model[FC_FUSED],
                         fc_error *err)
{
    fc_status s = FC_OK;

    for (int i = 0; !s && i < FC_FUSED; i++)
        s = fc_model_contract(contract[i], FC_FUSED_CONTRACT, model[i], false, err);
    return s;
}

/* A fusion that is looked for, and what was found. */
struct wanted {
    const fc_model **model;
    char contract[FC_FUSED][FC_FUSED_CONTRACT];
    fc_fusion *found;
    bool of_others; /* models of these names were calibrated, but not these */
};

/* Takes f, or frees it. */
static void consider(struct wanted *w, fc_fusion *f)
{
    bool these = true;

    for (int i = 0; i < FC_FUSED; i++)
        these &= !strcmp(f->contract[i], w->contract[i]);
    if (!fc_fusion_is_of(f, w->model[0]->name, w->model[1]->name)) {
        fc_fusion_free(f);
    } else if (!these) {
        w->of_others = true;
        fc_fusion_free(f);
    } else {
        w->found = f;
    }
}

static fc_status look_in(struct wanted *w, const char *dir, fc_error *err)
{
    fc_fusion **list;
    size_t n;
    fc_status s = fc_fusions_yaml_read(&list, &n, dir, err);

    if (s)
        return s;
    for (size_t i = 0; i < n; i++)
        consider(w, list[i]);
    free(list);
    return FC_OK;
}

fc_status fc_fusion_get(fc_fusion **out, const fc_model *model[FC_FUSED], const fc_models *m,
                        const char *name, fc_error *err)
{
    struct wanted w = {.model = model};
    fc_status s = fc_fusion_models(model, m, name, err);

    *out = NULL;
    if (!s)
        s = fc_fusion_bind(w.contract, model, err);
    for (size_t i = 0; !s && !w.found && i < fc_models_folders(m); i++)
        s = look_in(&w, fc_models_folder(m, i), err);
    if (!s && !w.found)
        s = fc_fail(
            err, FC_EMODEL, "%s: %s; 'fc-eval calibrate -m %s --root DIR --pairs FILE' finds that out", name,
            w.of_others ? "calibrated with other models of these names, so how much each counts is not known"
                        : "nothing says how much each of the two counts",
            name);
    *out = w.found;
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
