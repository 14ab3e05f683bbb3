#include "pipeline/stages_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "embed/several.h"
#include "match/similarity.h"
#include "pipeline/item.h"
#include "pipeline/record.h"

fc_status fc_stages_load_embedder(fc_stages *s, fc_error *err)
{
    fc_status st = FC_OK;

    pthread_mutex_lock(&s->embedder_lock);
    for (int k = 0; !st && k < s->embedders; k++)
        if (!s->embedder[k])
            st = fc_embedder_new(&s->embedder[k], s->plan.models, s->name[k], &s->plan.engine, err);
    pthread_mutex_unlock(&s->embedder_lock);
    return st;
}

fc_status fc_stage_batch(fc_stages *s, struct fc_stages_worker *w, int *n, fc_error *err)
{
    fc_status st = w->embed[s->embedders - 1] ? FC_OK : fc_stages_load_embedder(s, err);

    for (int k = 0; !st && k < s->embedders; k++)
        if (!w->embed[k])
            st = fc_embed_session_new(&w->embed[k], s->embedder[k], err);
    if (!st && !w->made && !(w->made = malloc(FC_EMBED_SEVERAL * FC_MAX_DIM * sizeof *w->made)))
        st = fc_fail_nomem(err, FC_EMBED_SEVERAL * FC_MAX_DIM * sizeof *w->made);
    *n = 1;
    for (int k = 0; !st && k < s->embedders; k++)
        *n = fc_embed_batch(w->embed[k]) > *n ? fc_embed_batch(w->embed[k]) : *n;
    return st;
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

fc_status fc_stage_check_embedding(const fc_stages *s, fc_item *it, size_t i, fc_error *err)
{
    fc_error fault;

    return check_embedding(s, fc_record_face(&it->rec, i), &fault) ? fc_item_face_broken(it, i, &fault, err)
                                                                   : FC_OK;
}

/* Crops of another alignment than that of the item's. */
static fc_status crops_for(fc_image *crop, const fc_stages *s, int k, fc_item *it, const size_t *face, int n,
                           fc_error *err)
{
    const double start = fc_now_ms();
    fc_status st = FC_OK;
    fc_face f;

    for (int i = 0; !st && i < n; i++) {
        st = fc_record_get_face(&it->rec, face[i], &f, err);
        if (!st)
            st = fc_stage_cut(&crop[i], s, &it->image, &f, fc_embedder_alignment(s->embedder[k]), err);
    }
    it->ms[MS_ALIGN] += fc_now_ms() - start;
    return st;
}

/* Of two models: each one's embedding, times the square root of its share, so that a cosine of both is the mean of theirs. */
static fc_status embed_twice(const fc_stages *s, const struct fc_stages_worker *w, fc_item *it,
                             const size_t *face, int n, fc_error *err)
{
    const fc_image *own[FC_EMBED_SEVERAL], *other[FC_EMBED_SEVERAL];
    fc_image cut[FC_EMBED_SEVERAL] = {{0}};
    fc_status st = FC_OK;
    float *e = w->made;

    for (int i = 0; i < n; i++)
        own[i] = &it->crops[face[i]], other[i] = &cut[i];
    for (int k = 0; !st && k < s->embedders; k++) {
        const struct fc_model_part *part = &s->facts.part[k];
        if (k && (st = crops_for(cut, s, k, it, face, n, err)))
            break;
        const double aligned = fc_now_ms();
        st = fc_embed_several(w->embed[k], k ? other : own, n, s->plan.flip, e, FC_MAX_DIM, err);
        for (int i = 0; !st && i < n; i++)
            for (int j = 0; j < part->dim; j++)
                e[i * FC_MAX_DIM + j] = (float)((double)e[i * FC_MAX_DIM + j] * sqrt(part->share));
        e += part->dim;
        it->ms[MS_EMBED] += fc_now_ms() - aligned;
    }
    for (int i = 0; i < n; i++)
        fc_image_clear(&cut[i]);
    return st;
}

static fc_status embed_once(const fc_stages *s, const struct fc_stages_worker *w, fc_item *it,
                            const size_t *face, int n, fc_error *err)
{
    const double start = fc_now_ms();
    const fc_image *crop[FC_EMBED_SEVERAL];

    for (int i = 0; i < n; i++)
        crop[i] = &it->crops[face[i]];
    const fc_status st = fc_embed_several(w->embed[0], crop, n, s->plan.flip, w->made, FC_MAX_DIM, err);
    it->ms[MS_EMBED] += fc_now_ms() - start;
    return st;
}

fc_status fc_stage_embed(fc_stages *s, struct fc_stages_worker *w, fc_item *it, const size_t *face, int n,
                         fc_error *err)
{
    fc_error fault;
    fc_status st;

    if (s->facts.parts && ((st = fc_stage_decode(s, it, err)) || it->failed))
        return st;
    st = (s->facts.parts ? embed_twice : embed_once)(s, w, it, face, n, &fault);
    for (int i = 0; !st && i < n; i++)
        st = fc_face_set_embedding(fc_record_face(&it->rec, face[i]), s->facts.contract,
                                   w->made + (size_t)i * FC_MAX_DIM, (size_t)s->facts.dim, &fault);
    if (st) {
        fc_item_fail_named(it, "embed", &fault);
        return FC_OK;
    }
    if (s->plan.times && !it->untimed &&
        json_object_set_new(it->rec.json, "engine", json_string(fc_embedder_engine(s->embedder[0]))))
        return fc_fail_nomem(err, 0);
    return FC_OK;
}
