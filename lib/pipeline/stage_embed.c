#include "pipeline/stages_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "match/similarity.h"
#include "pipeline/item.h"
#include "pipeline/record.h"

fc_status fc_stages_load_embedder(fc_stages *s, fc_error *err)
{
    fc_status st = FC_OK;

    pthread_mutex_lock(&s->embedder_lock);
    if (!s->embedder)
        st = fc_embedder_new(&s->embedder, s->plan.models, s->plan.model, &s->plan.engine, err);
    pthread_mutex_unlock(&s->embedder_lock);
    return st;
}

static fc_status need_embedder(fc_stages *s, struct fc_stages_worker *w, fc_error *err)
{
    fc_status st = w->embed ? FC_OK : fc_stages_load_embedder(s, err);

    return st || w->embed ? st : fc_embed_session_new(&w->embed, s->embedder, err);
}

/* An embedding that is there already has to be one that this run would make: of its contract and length, with numbers
 * that have a direction. */
static fc_status check_embedding(const fc_stages *s, const json_t *face, fc_error *err)
{
    const char *contract;
    float *e;
    size_t dim;
    fc_status st = fc_face_get_embedding(face, &contract, &e, &dim, err);

    if (st)
        return st;
    if (strcmp(contract, s->facts.contract))
        st = fc_fail(err, FC_ECONTRACT, "an embedding of '%s', this run makes '%s'; they cannot be compared",
                     contract, s->facts.contract);
    else if (dim != (size_t)s->facts.dim)
        st = fc_fail(err, FC_ECONTRACT, "an embedding of %zu numbers; those of '%s' have %d", dim, contract,
                     s->facts.dim);
    else if (!fc_normalise(e, dim))
        st = fc_fail(err, FC_ERECORD, "an embedding without a direction (all zero)");
    free(e);
    return st;
}

fc_status fc_stage_embed(fc_stages *s, struct fc_stages_worker *w, fc_item *it, size_t i, fc_error *err)
{
    json_t *face = fc_record_face(&it->rec, i);
    float e[FC_MAX_DIM];
    fc_error fault;
    fc_status st;

    if (fc_face_has_embedding(face))
        return check_embedding(s, face, &fault) ? fc_item_broken(it, i, &fault, err) : FC_OK;
    if ((st = need_embedder(s, w, err)))
        return st;
    double start = fc_now_ms();
    st = fc_embed(w->embed, &it->crops[i], s->plan.flip, e, &fault);
    if (!st)
        st = fc_face_set_embedding(face, s->facts.contract, e, (size_t)s->facts.dim, &fault);
    it->ms[MS_EMBED] += fc_now_ms() - start;
    if (st) {
        fc_item_fail_named(it, "embed", &fault);
        return FC_OK;
    }
    if (s->plan.times && !it->untimed &&
        json_object_set_new(it->rec.json, "engine", json_string(fc_embedder_engine(s->embedder))))
        return fc_fail_nomem(err, 0);
    return FC_OK;
}
