/* Two models as one. */
#include "pipeline/stages_impl.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "models/fusion.h"

/* What is made of a crop that somebody else cut is of the model that it was cut for. */
static fc_status check_plan(const fc_pipeline_plan *p, fc_error *err)
{
    if (p->upto < FC_STAGE_EMBED)
        return fc_fail(err, FC_EUSAGE, "%s: two models, and a crop is of one", p->model);
    if (p->detect->aligned)
        return fc_fail(err, FC_EUSAGE,
                       "%s: two models, each wants a crop of its own; these pictures are one already",
                       p->model);
    return FC_OK;
}

static fc_status facts_of_part(fc_stages *s, int k, const fc_model *m, double share, fc_error *err)
{
    struct fc_model_part *part = &s->facts.part[k];
    char contract[256];
    fc_status st =
        fc_model_contract_in(contract, sizeof contract, m, s->plan.flip, s->plan.engine.precision, err);

    if (st)
        return st;
    *part = (struct fc_model_part){.contract = strdup(contract), .dim = m->dim, .share = share};
    s->name[k] = strdup(m->name);
    s->facts.dim += m->dim;
    return part->contract && s->name[k] ? FC_OK : fc_fail_nomem(err, sizeof contract);
}

/* By these weights. */
static fc_status fuse(fc_stages *s, const fc_model *const model[FC_FUSED], const double weight[FC_FUSED],
                      fc_error *err)
{
    const fc_pipeline_plan *p = &s->plan;
    char contract[256];
    fc_status st = FC_OK;

    s->embedders = s->facts.parts = FC_FUSED;
    s->facts.alignment = model[0]->alignment;
    for (int k = 0; !st && k < FC_FUSED; k++)
        st = facts_of_part(s, k, model[k], weight[k] / (weight[0] + weight[1]), err);
    if (!st && s->facts.dim > FC_MAX_DIM)
        st = fc_fail(err, FC_EMODEL, "%s: %d numbers together, %d are possible", p->model, s->facts.dim,
                     FC_MAX_DIM);
    if (!st)
        st = fc_fusion_contract(contract, sizeof contract, model, weight, p->flip, p->engine.precision, err);
    if (!st && !(s->facts.contract = strdup(contract)))
        st = fc_fail_nomem(err, sizeof contract);
    return st;
}

/* By what was found of the two. */
static fc_status fuse_calibrated(fc_stages *s, fc_error *err)
{
    const fc_model *model[FC_FUSED];
    fc_fusion *f;
    fc_status st = fc_fusion_get(&f, model, s->plan.models, s->plan.model, err);

    if (!st)
        st = fuse(s, model, f->weight, err);
    if (!st) {
        s->facts.threshold = f->threshold;
        s->facts.curve = f->curve;
    }
    fc_fusion_free(f);
    return st;
}

fc_status fc_stages_fuse(fc_stages *s, fc_error *err)
{
    const fc_pipeline_plan *p = &s->plan;
    const fc_model *model[FC_FUSED];
    fc_status st = check_plan(p, err);

    s->facts.threshold = NAN;
    if (!st && !p->weights)
        return fuse_calibrated(s, err);
    if (!st)
        st = fc_fusion_models(model, p->models, p->model, err);
    return st ? st : fuse(s, model, p->weights, err);
}
