#include "track/look.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "match/similarity.h"
#include "pipeline/record.h"

static fc_status begin(fc_look *l, const char *contract, size_t dim, fc_error *err)
{
    l->dim = dim;
    if (!l->contract && !(l->contract = strdup(contract)))
        return fc_fail_nomem(err, strlen(contract) + 1);
    return l->models ? fc_contract_threshold(&l->alike, l->contract, l->models, err) : FC_OK;
}

static fc_status check(const fc_look *l, const char *contract, float *e, size_t dim, size_t i, fc_error *err)
{
    if (strcmp(contract, l->contract) != 0)
        return fc_fail(
            err, FC_ECONTRACT,
            "faces[%zu]: an embedding of '%s', and this run's are of '%s'; they cannot be compared", i,
            contract, l->contract);
    if (dim != l->dim)
        return fc_fail(err, FC_ECONTRACT,
                       "faces[%zu]: an embedding of %zu numbers, and those before have %zu", i, dim, l->dim);
    return fc_normalise(e, dim)
               ? FC_OK
               : fc_fail(err, FC_ERECORD, "faces[%zu]: an embedding without a direction (all zero)", i);
}

fc_status fc_look_take(fc_look *l, const json_t *face, size_t i, float **e, fc_error *err)
{
    const char *contract;
    fc_error why;
    size_t dim;
    fc_status s;

    *e = NULL;
    if (!fc_face_has_embedding(face))
        return FC_OK;
    s = fc_face_get_embedding(face, &contract, e, &dim, &why);
    if (s)
        return fc_fail(err, s, "faces[%zu]: %s", i, why.message);
    if (!l->dim)
        s = begin(l, contract, dim, err);
    if (!s)
        s = check(l, contract, *e, dim, i, err);
    if (s) {
        free(*e);
        *e = NULL;
    }
    return s;
}

void fc_look_clear(fc_look *l)
{
    free(l->contract);
    *l = (fc_look){0};
}
