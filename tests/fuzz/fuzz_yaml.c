/* Any bytes as models.yaml, as fusions.yaml, and as the description beside a model of the user's own: models that are accepted are written
 * and read again, and a threshold that is put into a file is what is read from it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "eval/threshold_yaml.h"
#include "models/fusion.h"
#include "models/models_yaml.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void clear(fc_model **list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fc_model_free(list[i]);
    free(list);
}

static void contracts(const fc_model *m)
{
    char contract[300];
    fc_error err;

    (void)fc_model_contract(contract, sizeof contract, m, true, &err);
    (void)fc_model_contract_in(contract, sizeof contract, m, false, FC_PRECISION_BF16, &err);
}

static void registry(const char *dir, const char *yaml)
{
    fc_model **list, **again;
    size_t n, m;
    fc_error err = {0};

    if (fc_models_yaml_read(&list, &n, dir, &err)) {
        if (list || n || !err.status)
            abort();
        return;
    }
    for (size_t i = 0; i < n; i++)
        contracts(list[i]);
    if (fc_models_yaml_write((const fc_model *const *)list, n, dir, &err) ||
        fc_models_yaml_read(&again, &m, dir, &err) || m != n)
        abort();
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i]->name, again[i]->name) || strcmp(list[i]->path, again[i]->path) ||
            list[i]->dim != again[i]->dim || list[i]->input != again[i]->input)
            abort();
    clear(again, m);
    if (n && !fc_yaml_set_threshold(yaml, list[0]->name, 0.25, "x", &err)) {
        if (fc_models_yaml_read(&again, &m, dir, &err) || m != n || again[0]->threshold != 0.25)
            abort();
        clear(again, m);
    }
    clear(list, n);
}

static void clear_fusions(fc_fusion **list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fc_fusion_free(list[i]);
    free(list);
}

static void fusions(const char *dir)
{
    fc_fusion **list, **again;
    size_t n, m;
    fc_error err = {0};

    if (fc_fusions_yaml_read(&list, &n, dir, &err)) {
        if (list || n || !err.status)
            abort();
        return;
    }
    if (n && fc_fusions_yaml_put(list[n - 1], dir, &err))
        abort();
    if (fc_fusions_yaml_read(&again, &m, dir, &err) || m != n)
        abort();
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i]->model[0], again[i]->model[0]) || strcmp(list[i]->model[1], again[i]->model[1]) ||
            list[i]->curve.n != again[i]->curve.n)
            abort();
    clear_fusions(again, m);
    clear_fusions(list, n);
}

static void own(const char *model, const char *yaml)
{
    fc_model *m;
    fc_error err = {0};

    if (fc_model_yaml_read(&m, model, &err)) {
        if (m || !err.status)
            abort();
        return;
    }
    contracts(m);
    fc_model_free(m);
    if (!fc_yaml_set_threshold(yaml, NULL, 0.25, "a \"meaning\"", &err)) {
        if (fc_model_yaml_read(&m, model, &err) || m->threshold != 0.25)
            abort();
        fc_model_free(m);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const char *dir, *models, *two, *mine, *yaml;

    if (!dir) {
        dir = scratch_path("");
        models = scratch_path("models.yaml");
        two = scratch_path("fusions.yaml");
        mine = scratch_path("my.safetensors");
        yaml = scratch_path("my.yaml");
    }
    scratch_write(models, bytes, n);
    registry(dir, models);
    scratch_write(two, bytes, n);
    fusions(dir);
    scratch_write(yaml, bytes, n);
    own(mine, yaml);
    return 0;
}
