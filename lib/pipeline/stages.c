#include "pipeline/stages_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "embed/several.h"
#include "models/fusion.h"
#include "models/registry.h"
#include "pipeline/hints.h"
#include "pipeline/item.h"
#include "pipeline/record.h"

static const char *const stage_names[MS_KINDS] = {"decode", "detect", "align", "embed", "quality"};

/* ---- models ---- */

static fc_status facts_of_registered(fc_stages *s, const fc_model *m, fc_error *err)
{
    char contract[256];
    fc_status st;

    if (strcmp(m->task, "embed"))
        return fc_fail(err, FC_EMODEL, "model '%s' does not embed faces", m->name);
    s->facts = (fc_model_facts){
        .alignment = m->alignment, .dim = m->dim, .threshold = m->threshold, .curve = m->curve};
    if (s->plan.upto < FC_STAGE_EMBED)
        return FC_OK;
    st = fc_model_contract_in(contract, sizeof contract, m, s->plan.flip, s->plan.engine.precision, err);
    if (!st && !(s->facts.contract = strdup(contract)))
        st = fc_fail_nomem(err, sizeof contract);
    return st;
}

/* A model outside the registry says what it is once it is loaded. */
static fc_status facts_of_loaded(fc_stages *s, fc_error *err)
{
    const fc_pipeline_plan *p = &s->plan;
    fc_embedder **e = &s->embedder[0];
    fc_status st = fc_embedder_new(e, p->models, p->model, &p->engine, err);

    if (st)
        return st;
    s->facts = (fc_model_facts){.alignment = *fc_embedder_alignment(*e),
                                .dim = fc_embedder_dim(*e),
                                .threshold = fc_embedder_threshold(*e),
                                .curve = *fc_embedder_curve(*e),
                                .contract = strdup(fc_embedder_contract(*e, p->flip))};
    return s->facts.contract ? FC_OK : fc_fail_nomem(err, 0);
}

static fc_status find_model(fc_stages *s, fc_error *err)
{
    const fc_pipeline_plan *p = &s->plan;
    const fc_model *m = fc_models_find(p->models, p->model);

    if (!m && fc_fusion_is_name(p->model))
        return fc_stages_fuse(s, err);
    s->embedders = 1;
    s->name[0] = strdup(p->model);
    if (!s->name[0])
        return fc_fail_nomem(err, strlen(p->model) + 1);
    return m ? facts_of_registered(s, m, err) : facts_of_loaded(s, err);
}

static fc_status check_detector(const fc_face_options *a, fc_error *err)
{
    const size_t i = (size_t)a->detector;

    if (fc_detector_from_file(i) && !a->detector_model)
        return fc_fail_hint(
            err, fc_fail(err, FC_EUSAGE, "the detector %s wants an ONNX file", fc_detector_name(i)),
            FC_HINT(a, detector_model));
    if (!fc_detector_from_file(i) && a->detector_model)
        return fc_fail(err, FC_EUSAGE, "%s: the detector %s takes no model file", a->detector_model,
                       fc_detector_name(i));
    return FC_OK;
}

fc_status fc_stages_new(fc_stages **out, const fc_pipeline_plan *p, int workers, fc_error *err)
{
    fc_stages *s = calloc(1, sizeof *s);
    struct fc_stages_worker *w = calloc((size_t)workers, sizeof *w);
    fc_status st = FC_OK;

    *out = NULL;
    if (!s || !w) {
        free(s);
        free(w);
        return fc_fail_nomem(err, (size_t)workers * sizeof *w);
    }
    s->plan = *p;
    s->workers = w;
    s->nworkers = workers;
    pthread_mutex_init(&s->detector_lock, NULL);
    pthread_mutex_init(&s->embedder_lock, NULL);
    st = check_detector(p->detect, err);
    if (!st)
        st = fc_memory_new(&s->memory, p->detect->max_memory << 20, err);
    if (!st && p->detect->sandbox)
        st = fc_sandbox_new(&s->sandbox, workers, p->detect->max_memory << 20, err);
    if (!st && p->upto > FC_STAGE_DETECT)
        st = find_model(s, err);
    if (st)
        fc_stages_free(s);
    else
        *out = s;
    return st;
}

void fc_stages_free(fc_stages *s)
{
    if (!s)
        return;
    for (int i = 0; i < s->nworkers; i++) {
        fc_detect_session_free(s->workers[i].detect);
        for (int k = 0; k < MAX_EMBEDDERS; k++)
            fc_embed_session_free(s->workers[i].embed[k]);
        free(s->workers[i].made);
    }
    fc_detector_free(s->detector);
    for (int k = 0; k < MAX_EMBEDDERS; k++) {
        fc_embedder_free(s->embedder[k]);
        free(s->name[k]);
        free(s->facts.part[k].contract);
    }
    pthread_mutex_destroy(&s->detector_lock);
    pthread_mutex_destroy(&s->embedder_lock);
    fc_memory_free(s->memory);
    fc_sandbox_free(s->sandbox);
    free(s->facts.contract);
    free(s->workers);
    free(s);
}

const fc_model_facts *fc_stages_model(const fc_stages *s)
{
    return &s->facts;
}

const fc_detector *fc_stages_detector(const fc_stages *s)
{
    return s->detector;
}

fc_status fc_stages_engine(fc_stages *s, const fc_engine_facts **engine, fc_error *err)
{
    fc_status st = fc_stages_load_embedder(s, err);

    *engine = st ? NULL : fc_embedder_facts(s->embedder[0]);
    return st;
}

/* ---- what is done with an item ---- */

static fc_stage upto(const fc_stages *s, const fc_item *it)
{
    return it->upto && it->upto < s->plan.upto ? it->upto : s->plan.upto;
}

static bool is_embedded(const fc_stages *s, const fc_item *it, const json_t *face)
{
    return upto(s, it) == FC_STAGE_EMBED && fc_face_has_embedding(face);
}

/* Whether it took no longer than a picture may, up to the end of a stage; else it fails. That it waited for memory does not
 * count. */
static bool in_time(const fc_stages *s, fc_item *it, int stage)
{
    const double limit = s->plan.detect->seconds, ms = it->decoding + it->ms[MS_DETECT] + it->ms[MS_ALIGN] +
                                                       it->ms[MS_EMBED] + it->ms[MS_QUALITY];
    fc_error fault;

    if (!limit || it->failed || ms <= limit * 1000)
        return true;
    fc_fail(&fault, FC_ETIMEOUT, "took longer than %g seconds", limit);
    fc_item_fail_named(it, stage_names[stage], &fault);
    return false;
}

static fc_status embed_waiting(fc_stages *s, struct fc_stages_worker *w, fc_item *it, const size_t *face,
                               int *n, fc_error *err)
{
    const fc_status st = fc_stage_embed(s, w, it, face, *n, err);

    for (int i = 0; !it->failed && i < *n; i++)
        fc_image_clear(&it->crops[face[i]]);
    *n = 0;
    return st;
}

/* Few faces at a time: of thousands, the crops of all would be much, where only the embeddings are wanted, and the clock is looked
 * at between them. */
static fc_status align_and_embed_stage(fc_stages *s, struct fc_stages_worker *w, fc_item *it, fc_error *err)
{
    const fc_alignment *a = s->plan.alignment ? s->plan.alignment : &s->facts.alignment;
    const size_t n = fc_record_face_count(&it->rec);
    const bool embeds = upto(s, it) == FC_STAGE_EMBED;
    size_t waiting[FC_EMBED_SEVERAL];
    int nwaiting = 0, batch = 0; /* 0: not known yet */
    fc_status st = FC_OK;

    if (s->plan.keep_crops && !fc_stage_crops_fit(it, n, a->size))
        return FC_OK;
    it->crops = calloc(n + 1, sizeof *it->crops);
    if (!it->crops)
        return fc_fail_nomem(err, n * sizeof *it->crops);
    it->ncrops = n;
    for (size_t i = 0; !st && !it->failed && i < n; i++) {
        if (!in_time(s, it, embeds && i && !nwaiting ? MS_EMBED : MS_ALIGN)) /* what was done last */
            break;
        if (is_embedded(s, it, fc_record_face(&it->rec, i))) {
            st = fc_stage_check_embedding(s, it, i, err);
            continue;
        }
        st = fc_stage_align(s, it, i, a, err);
        if (embeds)
            waiting[nwaiting++] = i;
        if (!st && !it->failed && embeds && !batch)
            st = fc_stage_batch(s, w, &batch, err);
        if (!st && !it->failed && embeds && nwaiting == batch)
            st = embed_waiting(s, w, it, waiting, &nwaiting, err);
    }
    if (!st && !it->failed && nwaiting)
        st = embed_waiting(s, w, it, waiting, &nwaiting, err);
    return st;
}

fc_status fc_stages_add_times(fc_item *it, fc_error *err)
{
    fc_status st = FC_OK;

    for (int k = 0; !st && k < MS_KINDS; k++)
        if (it->ms[k] > 0)
            st = fc_record_add_ms(&it->rec, stage_names[k], it->ms[k], err);
    return st;
}

/* Whether there is a picture still to be worked on. */
static bool goes_on(const fc_item *it)
{
    return !it->failed && !it->away;
}

fc_status fc_stages_run(fc_stages *s, int worker, fc_item *it, fc_error *err)
{
    struct fc_stages_worker *w = &s->workers[worker];
    fc_status st = fc_item_start(it, err);
    const bool as_is = s->plan.keep_faces && it->in.kind == FC_INPUT_LINE && fc_record_has_faces(&it->rec);

    if (as_is)
        it->upto = FC_STAGE_DETECT;
    if (!st && goes_on(it) && s->plan.upto == FC_STAGE_DECODE)
        st = fc_stage_decode(s, it, err);
    if (!st && goes_on(it) && s->plan.upto >= FC_STAGE_DETECT)
        st = fc_stage_detect(s, w, it, err);
    if (!st && goes_on(it) && in_time(s, it, MS_DETECT) && upto(s, it) >= FC_STAGE_ALIGN)
        st = align_and_embed_stage(s, w, it, err);
    if (!st && goes_on(it) && in_time(s, it, MS_EMBED) && s->plan.quality)
        st = fc_stage_quality(s, it, err);
    if (!st && goes_on(it))
        in_time(s, it, MS_QUALITY);
    if (!s->plan.keep_image)
        fc_image_clear(&it->image);
    fc_bytes_clear(&it->in.data);
    if (!st && it->no_memory)
        st = fc_fail_nomem(err, 0);
    if (st)
        return st;
    for (size_t i = 0; !s->plan.keep_crops && !as_is && i < fc_record_face_count(&it->rec); i++)
        json_object_del(fc_record_face(&it->rec, i), "crop");
    return s->plan.times && !it->untimed ? fc_stages_add_times(it, err) : FC_OK;
}
