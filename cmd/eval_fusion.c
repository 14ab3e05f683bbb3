/* fc-eval calibrate of two models: how much each counts, and where their score decides. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/folder.h"
#include "eval.h"
#include "eval/fit.h"
#include "models/fusion.h"

/* The templates, which were made with even weights, as these weights make them. */
static void weigh(evaluation *e, const double weight[FC_FUSED])
{
    const fc_model_facts *m = fc_stages_model(e->stages);

    for (size_t i = 0; i < e->t.n; i++) {
        float *v = e->t.v + i * e->t.dim;
        for (int k = 0; k < m->parts; k++) {
            const double factor = sqrt(weight[k] / (weight[0] + weight[1]) / m->part[k].share);
            for (int j = 0; j < m->part[k].dim; j++)
                v[j] = (float)((double)v[j] * factor);
            v += m->part[k].dim;
        }
    }
}

/* What they are called with these weights, in the report. */
static fc_status report_contract(evaluation *e, const fc_model *const model[FC_FUSED], const fc_fusion *f,
                                 fc_error *err)
{
    char contract[256];
    fc_status s = fc_fusion_contract(contract, sizeof contract, model, f->weight, e->args->flip,
                                     (fc_precision)e->args->common.engine.precision, err);

    return s ? s : fc_report_set(&e->report, "protocol", "contract", json_string(contract), err);
}

static fc_status find_weights(evaluation *e, fc_fusion *f, const fc_model *const model[FC_FUSED],
                              const fc_pairs *p, const char *hash, fc_error *err)
{
    const char *const name[] = {model[0]->name, model[1]->name};
    fc_fit fit;
    fc_status s = fc_fit_weights(&fit, &e->set, (size_t)fc_stages_model(e->stages)->part[0].dim, p, err);

    if (s)
        return s;
    for (int i = 0; i < FC_FUSED; i++)
        f->model[i] = model[i]->name;
    f->weight[0] = 1;
    f->weight[1] = fit.weight;
    weigh(e, f->weight);
    s = fc_report_fit(&e->report, &fit, name, hash, err);
    return s ? s : report_contract(e, model, f, err);
}

/* Beside the first model's description. */
static fc_status write_fusion(evaluation *e, const fc_fusion *f, const char *dir, fc_error *err)
{
    char *path = fc_folder_join(dir, FC_FUSIONS_YAML);
    fc_status s = path ? FC_OK : fc_fail_nomem(err, strlen(dir) + 1);

    if (!s && !e->args->dry_run)
        s = fc_fusions_yaml_put(f, dir, err);
    if (!s)
        s = fc_report_row(&e->report, "threshold", e->args->dry_run ? "nothing is written" : path, err,
                          "%.6f", f->threshold);
    free(path);
    return s;
}

static fc_status calibrate(evaluation *e, const fc_pairs *p, const char *hash, fc_error *err)
{
    const fc_model *model[FC_FUSED];
    fc_fusion f = {.threshold = NAN};
    fc_status s;

    if ((s = fc_fusion_models(model, e->models, e->args->model, err)) ||
        (s = fc_fusion_bind(f.contract, model, err)) || (s = eval_label(e, err)) ||
        (s = find_weights(e, &f, model, p, hash, err)) || (s = eval_find_threshold(e, &f.threshold, err)) ||
        (s = fc_fit_curve(&f.curve, &e->set, err)))
        return s;
    f.threshold_meaning = (char *)json_string_value(json_object_get(e->report.json, "meaning"));
    return write_fusion(e, &f, model[0]->dir, err);
}

fc_status eval_calibrate_two(evaluation *e, fc_error *err)
{
    fc_pairs p = {0};
    char hash[FC_SHA256_HEX], **path = NULL;
    fc_status s;

    if (!e->args->root || !e->args->pairs)
        return fc_fail(err, FC_EUSAGE, "calibrate: two models want --root DIR and --pairs FILE");
    if (!(s = eval_read_pairs(e->args->root, e->args->pairs, &p, hash, &path, err)) &&
        !(s = eval_templates(e, path, p.nimages, err)))
        s = calibrate(e, &p, hash, err);
    for (size_t i = 0; path && i < p.nimages; i++)
        free(path[i]);
    free(path);
    fc_pairs_clear(&p);
    return s;
}
