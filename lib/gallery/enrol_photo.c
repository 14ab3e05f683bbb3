/* A photo on its way: its samples, and what is wrong with it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"
#include "gallery/enrol_impl.h"
#include "pipeline/record.h"

void fc_enrol_photo_free(fc_enrol_photo *p)
{
    if (!p)
        return;
    fc_item_free(p->it);
    free(p->id);
    free(p->path);
    free(p->contract);
    free(p->e);
    free(p->sample);
    free(p);
}

fc_status fc_enrol_path_of(const fc_record *rec, char **path, fc_error *err)
{
    const fc_status s = fc_record_get_path(rec, path, err);

    return s == FC_ENOMEM ? s : FC_OK;
}

fc_status fc_enrol_photo_refuse(fc_enrol_photo *p, const char *where, const fc_error *fault, fc_error *err)
{
    p->outcome = FC_REFUSED;
    return fc_item_fail(p->it, where, fault) ? FC_OK : fc_fail_nomem(err, 0);
}

fc_status fc_enrol_photo_add(fc_enrol_photo *p, const float *e, size_t dim, const char *contract,
                             fc_enrol_sample about, fc_error *err)
{
    if (!p->contract && !(p->contract = strdup(contract)))
        return fc_fail_nomem(err, strlen(contract) + 1);
    if (strcmp(p->contract, contract) || (p->n && p->dim != dim))
        return fc_fail(err, FC_ECONTRACT, "embeddings of %s and of %s cannot be compared", p->contract,
                       contract);
    p->dim = dim;
    fc_status s = fc_grow(&p->e, p->n + 1, &p->e_cap, dim * sizeof *p->e, err);
    if (!s)
        s = fc_grow(&p->sample, p->n + 1, &p->sample_cap, sizeof *p->sample, err);
    if (s)
        return s;
    memcpy(p->e + p->n * dim, e, dim * sizeof *e);
    p->sample[p->n++] = about;
    return FC_OK;
}

static double quality_of(const json_t *face)
{
    const json_t *q = json_object_get(face, "quality");

    if (!json_is_number(q))
        q = json_object_get(face, "score");
    return json_is_number(q) ? json_number_value(q) : NAN;
}

/* What an exported record says of the sample it was; 0 otherwise. */
static int view_of(const fc_record *rec)
{
    const json_t *view = json_object_get(rec->json, "view");
    const json_int_t v = json_integer_value(view);
    return v > 0 && v <= INT32_MAX ? (int)v : 0;
}

fc_status fc_enrol_photo_take(fc_enrol_photo *p, const fc_item *it, int face_of, fc_error *err)
{
    const fc_record *rec = &it->rec;
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < fc_record_face_count(rec); i++) {
        const json_t *face = fc_record_face(rec, i);
        const char *contract;
        float *e;
        size_t dim;
        s = fc_item_embedding(it, i, &contract, &e, &dim, err);
        if (s)
            break;
        fc_enrol_sample about = {.face = face_of < 0 ? (int)i : face_of,
                                 .view = face_of < 0 ? view_of(rec) : (int)i + 1,
                                 .quality = quality_of(face)};
        s = fc_enrol_photo_add(p, e, dim, contract, about, err);
        free(e);
    }
    return s;
}
