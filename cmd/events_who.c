/* Whose visit it is. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "events.h"
#include "match_threshold.h"

fc_status known_open(struct known *k, const struct events_args *a, fc_error *err)
{
    fc_gallery *g;
    fc_status s = gallery_open(&g, &a->gallery, FC_GALLERY_READ, false, err);

    if (!s)
        s = people_read(&k->people, g, isnan(a->threshold), err);
    fc_gallery_free(g); /* the table is all else there is to know */
    return s;
}

fc_status known_model(struct known *k, const struct events_args *a, const fc_models *models, fc_error *err)
{
    return fc_contract_model(models, k->people.contract, (fc_precision)a->common.engine.precision, &k->model,
                             &k->flip, err);
}

fc_status known_decide(struct known *k, const struct events_args *a, const fc_model_facts *model,
                       fc_error *err)
{
    const struct threshold_args want = {.fpir = a->fpir,
                                        .fuse = (fc_fuse)a->fuse,
                                        .people = k->people.size.subjects,
                                        .photos = k->people.photos};
    fc_threshold chosen = {.threshold = a->threshold};
    fc_status s = FC_OK;

    if (*k->people.contract && strcmp(model->contract, k->people.contract) != 0)
        return fc_fail(err, FC_ECONTRACT, "%s holds embeddings of %s, and this run makes those of %s",
                       a->gallery.path, k->people.contract, model->contract);
    if (isnan(a->threshold))
        s = match_choose_threshold(&chosen, &want, k->people.calibration, model, err);
    k->how = (fc_identify_options){
        .candidates = 1, .fuse = (fc_fuse)a->fuse, .threshold = fc_decimal(chosen.threshold)};
    return s;
}

fc_status known_who(const struct known *k, const float *mean, size_t dim, char **name, double *similarity,
                    fc_error *err)
{
    fc_identity *found = NULL;
    fc_table_subject who;
    fc_status s;

    *name = NULL;
    *similarity = NAN;
    if (k->people.size.subjects == 0)
        return FC_OK;
    if (dim != k->people.size.dim)
        return fc_fail(err, FC_ECONTRACT, "embeddings of %zu numbers, and the gallery's have %zu", dim,
                       k->people.size.dim);
    s = fc_identify(&found, k->people.t, mean, 1, &k->how, err);
    if (!s && found->n)
        *similarity = found->candidate[0].similarity;
    if (!s && found->is)
        s = fc_table_get_subject(k->people.t, found->is->subject, &who, err);
    if (!s && found->is && !(*name = strndup(who.name, who.length)))
        s = fc_fail_nomem(err, who.length + 1);
    free(found);
    return s;
}

void known_close(struct known *k)
{
    people_clear(&k->people);
    free(k->model);
}
