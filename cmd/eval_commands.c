/* What fc-eval's commands do: templates, a protocol, its report. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/folder.h"
#include "base/text.h"
#include "classify/head_names.h"
#include "eval.h"
#include "eval/fit.h"
#include "eval/threshold_yaml.h"
#include "models/fusion.h"
#include "models/registry.h"
#include "say.h"

static double own_threshold(const evaluation *e)
{
    return fc_stages_model(e->stages)->threshold;
}

fc_status eval_pairs(evaluation *e, fc_error *err)
{
    fc_pairs p = {0};
    char hash[FC_SHA256_HEX], **path = NULL;
    fc_status s;

    if (!e->args->root || !e->args->pairs)
        return fc_fail(err, FC_EUSAGE, "pairs: wants --root DIR and --pairs FILE");
    e->result = &e->pairs.common;
    if (!(s = eval_read_pairs(e->args->root, e->args->pairs, &p, hash, &path, err)) &&
        !(s = eval_templates(e, path, p.nimages, err)) &&
        !(s = fc_protocol_pairs(&e->pairs, &e->set, &p, err)) && !(s = eval_find_causes(e, err)))
        s = fc_report_pairs(&e->report, &e->pairs, &e->set, hash, err);
    for (size_t i = 0; path && i < p.nimages; i++)
        free(path[i]);
    free(path);
    fc_pairs_clear(&p);
    return s;
}

fc_status eval_all_pairs(evaluation *e, fc_error *err)
{
    fc_all_pairs_settings settings = FC_ALL_PAIRS_DEFAULTS;
    fc_status s;

    settings.threshold = own_threshold(e);
    e->result = &e->all_pairs.common;
    if ((s = eval_labelled(e, err)) || (s = fc_protocol_all_pairs(&e->all_pairs, &e->set, &settings, err)) ||
        (s = eval_find_causes(e, err)))
        return s;
    return fc_report_all_pairs(&e->report, &e->all_pairs, &e->set, err);
}

static fc_status find_head_type(fc_head_type *out, const char *name, fc_error *err)
{
    for (size_t i = 0; fc_head_type_names[i]; i++)
        if (!strcmp(name, fc_head_type_names[i])) {
            *out = (fc_head_type)i;
            return FC_OK;
        }
    return fc_fail(err, FC_EUSAGE, "--head: want mean, linear, lda or triplet, got '%s'", name);
}

fc_status eval_identify(evaluation *e, fc_error *err)
{
    const struct eval_args *a = e->args;
    fc_identify_settings settings = {.enroll = a->enroll,
                                     .min_images = a->min_images,
                                     .strangers = a->strangers,
                                     .fuse = (fc_fuse)a->fuse,
                                     .seed = a->seed,
                                     .people = a->people,
                                     .fpir = isnan(a->fpir) ? 0 : a->fpir,
                                     .curve = &fc_stages_model(e->stages)->curve,
                                     .with_head = a->head != NULL};
    fc_status s;

    if (a->min_images < a->enroll)
        return fc_fail(err, FC_EUSAGE, "identify: --min-images %d is less than the %d to enrol (--enroll)",
                       a->min_images, a->enroll);
    if (!isnan(a->fpir) && !(a->fpir > 0 && a->fpir < 1))
        return fc_fail(err, FC_EUSAGE, "--fpir: want a rate above 0 and below 1, got %g", a->fpir);
    if (a->head && (s = find_head_type(&settings.head, a->head, err)))
        return s;
    e->result = &e->identify.common;
    if ((s = eval_labelled(e, err)) || (s = fc_protocol_identify(&e->identify, &e->set, &settings, err)) ||
        (s = eval_find_causes(e, err)))
        return s;
    return fc_report_identify(&e->report, &e->identify, &e->set, &settings, err);
}

fc_status eval_knn(evaluation *e, fc_error *err)
{
    const struct eval_args *a = e->args;
    const fc_knn_protocol_settings settings = {.k = a->k,
                                               .folds = a->folds,
                                               .min_images = a->min_images,
                                               .seed = a->seed,
                                               .threshold = own_threshold(e)};
    fc_status s;

    if (a->min_images < a->folds)
        return fc_fail(err, FC_EUSAGE,
                       "knn: --min-images %d is less than --folds %d: some folds would not show everybody",
                       a->min_images, a->folds);
    e->result = &e->knn.common;
    if ((s = eval_labelled(e, err)) || (s = fc_protocol_knn(&e->knn, &e->set, &settings, err)) ||
        (s = eval_find_causes(e, err)))
        return s;
    return fc_report_knn(&e->report, &e->knn, &e->set, &settings, err);
}

fc_status eval_quality(evaluation *e, fc_error *err)
{
    fc_status s;

    e->result = &e->discard.common;
    if ((s = eval_labelled(e, err)) || (s = fc_protocol_discard(&e->discard, &e->set, err)))
        return s;
    return fc_report_discard(&e->report, &e->discard, err);
}

/* ---- calibrate ---- */

/* Where the model's description is; name NULL in it when it is alone there. Caller frees *path. */
static fc_status description(const evaluation *e, char **path, const char **name, fc_error *err)
{
    const fc_model *m = fc_models_find(e->models, e->args->model);
    const char *model = e->args->model, *slash = strrchr(model, '/'),
               *dot = strrchr(slash ? slash : model, '.');

    *name = m ? m->name : NULL;
    *path = m ? fc_folder_join(m->dir, "models.yaml")
              : fc_text_format("%.*s.yaml", (int)(dot ? dot - model : (long)strlen(model)), model);
    return *path ? FC_OK : fc_fail_nomem(err, 0);
}

static fc_status write_threshold(evaluation *e, double threshold, fc_error *err)
{
    const char *meaning = json_string_value(json_object_get(e->report.json, "meaning")), *name;
    char *path = NULL;
    fc_status s = description(e, &path, &name, err);

    if (s)
        return s;
    if (!e->args->dry_run)
        s = fc_yaml_set_threshold(path, name, threshold, meaning, err);
    if (!s)
        s = fc_report_row(&e->report, "threshold", e->args->dry_run ? "nothing is written" : path, err,
                          "%.6f", threshold);
    free(path);
    return s;
}

fc_status eval_find_threshold(evaluation *e, double *threshold, fc_error *err)
{
    const double fmr = e->args->fmr;
    const fc_all_pairs_settings settings = {.fmr = {fmr}, .nfmr = 1, .threshold = NAN};
    const fc_eval_point *point = &e->all_pairs.point[0];
    fc_status s = fc_protocol_all_pairs(&e->all_pairs, &e->set, &settings, err);

    e->result = &e->all_pairs.common;
    if (s)
        return s;
    if (!point->shown)
        return fc_fail(err, FC_EEMPTY, "--fmr %g: less than one of the %llu impostor pairs", fmr,
                       (unsigned long long)e->result->roc.impostor);
    if (point->at.impostor < FC_FIT_ERRORS)
        say("only %llu false matches are behind this threshold; a rate wants %d or more",
            (unsigned long long)point->at.impostor, FC_FIT_ERRORS);
    *threshold = point->at.threshold;
    return fc_report_calibrate(&e->report, &e->all_pairs, err);
}

fc_status eval_calibrate(evaluation *e, fc_error *err)
{
    double threshold = NAN;
    fc_status s;

    if (fc_fusion_is_name(e->args->model))
        return eval_calibrate_two(e, err);
    if (e->args->pairs)
        return fc_fail(err, FC_EUSAGE, "calibrate: --pairs is for two models, -m A,B");
    if ((s = eval_labelled(e, err)) || (s = eval_find_threshold(e, &threshold, err)))
        return s;
    return write_threshold(e, threshold, err);
}
