#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/error.h"
#include "base/threads.h"
#include "gallery/enrol_impl.h"
#include "pipeline/cached.h"
#include "pipeline/item.h"
#include "pipeline/record.h"

void fc_enrol_work_init(fc_enrol_work *w, const fc_enrolment_settings *set)
{
    *w = (fc_enrol_work){.set = set, .jobs = fc_jobs(set->jobs), .models = set->models};
    pthread_mutex_init(&w->lock, NULL);
}

void fc_enrol_work_clear(fc_enrol_work *w)
{
    fc_gallery_free(w->known);
    fc_stages_free(w->stages);
    fc_models_free(w->opened);
    free(w->model);
    pthread_mutex_destroy(&w->lock);
}

/* ---- models: those of the gallery, where it has some ---- */

fc_status fc_enrol_work_models(fc_enrol_work *w, fc_error *err)
{
    fc_status s;

    if (w->models)
        return FC_OK;
    if (!w->set->open_models)
        return fc_fail(err, FC_EMISSING, "no models, which this photo needs");
    s = w->set->open_models(w->set->ctx, &w->opened, err);
    w->models = w->opened;
    return s;
}

static fc_status open_stages(fc_enrol_work *w, fc_error *err)
{
    const fc_enrolment_settings *set = w->set;
    fc_status s = fc_enrol_work_models(w, err);

    w->plan = (fc_pipeline_plan){.upto = FC_STAGE_EMBED,
                                 .models = w->models,
                                 .engine = set->engine,
                                 .detect = set->detect,
                                 .background = set->background,
                                 .quality = set->usual || set->least ? FC_MEASURE_AT_HAND : FC_MEASURE_NOT,
                                 .flip = set->flip};
    if (!s && !set->model && !set->flip)
        s = fc_contract_model(w->models, w->contract, set->engine.precision, &w->model, &w->plan.flip, err);
    w->plan.model = set->model ? set->model : w->model ? w->model : FC_DEFAULT_MODEL;
    if (!s)
        s = fc_stages_new(&w->stages, &w->plan, w->jobs, err);
    if (!s && *w->contract && strcmp(w->contract, fc_stages_model(w->stages)->contract))
        s = fc_fail(err, FC_ECONTRACT, "%s holds embeddings of %s, and this run makes those of %s",
                    w->gallery, w->contract, fc_stages_model(w->stages)->contract);
    if (!s && set->augment && fc_stages_model(w->stages)->parts)
        s = fc_fail(err, FC_EUSAGE, "%s: two models; views of a photo are made for one", w->plan.model);
    if (!s && set->open_cache)
        s = set->open_cache(set->ctx, &w->cache, w->stages, &w->plan, err);
    return s;
}

static fc_status need_stages(fc_enrol_work *w, fc_error *err)
{
    fc_status s = FC_OK;

    pthread_mutex_lock(&w->lock);
    if (!w->stages && (s = open_stages(w, err))) { /* no other thread goes on with what was refused */
        fc_stages_free(w->stages);
        free(w->model);
        w->stages = NULL;
        w->model = NULL;
    }
    pthread_mutex_unlock(&w->lock);
    return s;
}

fc_status fc_enrol_work_decoding(void *ctx, fc_image_options *out, fc_error *err)
{
    static const fc_record fresh;
    fc_enrol_work *w = ctx;
    const fc_status s = need_stages(w, err);

    if (!s)
        *out = fc_stages_decoding(w->stages, &fresh);
    return s;
}

/* ---- what was enrolled before ---- */

static void set_content(fc_enrol_photo *p, const char *hex)
{
    p->has_content = fc_sha256_parse(p->content, hex);
}

static void hash_picture(fc_enrol_photo *p, const char *path)
{
    char hex[FC_SHA256_HEX];

    if (p->it->in.kind == FC_INPUT_BYTES) {
        fc_sha256_hex(hex, p->it->in.data.data, p->it->in.data.n);
        set_content(p, hex);
    } else if (p->it->in.kind == FC_INPUT_FRAME) { /* the file is that of all frames */
        const fc_image *img = &p->it->in.image;
        fc_sha256_rows(hex, img->rgb, (size_t)img->w * 3, img->stride, (size_t)img->h);
        set_content(p, hex);
    } else if (path && !fc_sha256_file(hex, path, NULL)) { /* decoding says why it cannot be read */
        set_content(p, hex);
    }
}

/* FC_EMISSING while the gallery has no file. To see what is there a key is not needed. */
static fc_status open_known(fc_enrol_work *w, fc_error *err)
{
    if (w->known)
        return FC_OK;
    return fc_gallery_open(&w->known, w->gallery, &(fc_gallery_options){.mode = FC_GALLERY_READ}, err);
}

/* Nothing is to be done for a photo that the person has with as many views. Where all faces of it count, it is looked
 * at again. */
static fc_status is_known(fc_enrol_work *w, const fc_enrol_photo *p, bool *known, fc_error *err)
{
    int64_t id;
    int view = -1;
    fc_status s;

    *known = false;
    if (!p->has_content || !p->id || p->it->choice == FC_FACES_ALL)
        return FC_OK;
    pthread_mutex_lock(&w->lock);
    s = open_known(w, err);
    if (!s)
        s = fc_gallery_find(w->known, p->id, &id, err);
    if (!s)
        s = fc_gallery_last_view(w->known, id, p->content, &view, err);
    pthread_mutex_unlock(&w->lock);
    *known = !s && view >= w->set->augment;
    return s == FC_EMISSING ? FC_OK : s;
}

/* ---- whom it is of ---- */

static bool all_embedded(const fc_record *rec)
{
    for (size_t i = 0; i < fc_record_face_count(rec); i++)
        if (!fc_face_has_embedding(fc_record_face(rec, i)))
            return false;
    return fc_record_face_count(rec) > 0;
}

static bool any_embedded(const fc_record *rec)
{
    for (size_t i = 0; i < fc_record_face_count(rec); i++)
        if (fc_face_has_embedding(fc_record_face(rec, i)))
            return true;
    return false;
}

static void take_record(fc_item *it, fc_record *rec)
{
    it->rec = *rec;
    *rec = (fc_record){0};
}

/* Of no cluster: no face of it is in one. */
static bool is_alone(const fc_record *rec)
{
    for (size_t i = 0; i < fc_record_face_count(rec); i++)
        if (!json_is_null(json_object_get(fc_record_face(rec, i), "cluster")))
            return false;
    return true;
}

/* What a line of records says: whom it is of, and of which photo. Takes rec where there is nothing left to compute; else it
 * stays with the item as text, for the stages read it themselves. */
static fc_status look_at_record(fc_enrol_work *w, fc_enrol_photo *p, fc_record *rec, const char *path,
                                bool *embedded, fc_error *err)
{
    fc_item *it = p->it;
    const char *field = w->set->id_field ? w->set->id_field : "id";
    const char *name = json_string_value(json_object_get(rec->json, field));
    const char *hash = json_string_value(json_object_get(rec->json, "sha256"));
    fc_error fault;

    if (fc_record_is_gap(rec) || (w->set->clustered && is_alone(rec))) {
        p->outcome = FC_NO_PHOTO;
        take_record(it, rec);
        return FC_OK;
    }
    if (w->set->clustered && !json_object_get(fc_record_face(rec, 0), "cluster")) {
        take_record(it, rec);
        fc_fail(&fault, FC_ERECORD, "%s:%zu: does not say in which cluster its face is", it->in.path,
                it->in.line);
        return fc_enrol_photo_refuse(p, "enroll", &fault, err);
    }
    if (!p->id && name && !(p->id = strdup(name)))
        return fc_fail_nomem(err, strlen(name) + 1);
    if (hash)
        set_content(p, hash);
    *embedded = all_embedded(rec) && !w->set->augment &&
                (it->choice == FC_FACES_ALL || fc_record_face_count(rec) == 1);
    if (w->set->background != FC_BACKGROUND_KEEP && any_embedded(rec)) {
        take_record(it, rec);
        fc_fail(&fault, FC_EUSAGE, "%s:%zu: has an embedding, whose background cannot be changed any more",
                it->in.path, it->in.line);
        return fc_enrol_photo_refuse(p, "enroll", &fault, err);
    }
    const bool nameless = !p->id && !fc_record_is_error(rec);
    if (nameless || *embedded) {
        take_record(it, rec);
    } else if (!p->has_content) {
        hash_picture(p, path);
    }
    if (!nameless)
        return FC_OK;
    fc_fail(&fault, FC_ERECORD, "%s:%zu: no \"%s\" that says whose it is", it->in.path, it->in.line, field);
    return fc_enrol_photo_refuse(p, "enroll", &fault, err);
}

static fc_status parse_line(const fc_item *it, fc_record *rec, fc_error *err)
{
    return fc_record_parse(rec, (char *)it->in.data.data, it->in.data.n, it->in.path, it->in.line, err);
}

static fc_status read_line(fc_enrol_work *w, fc_enrol_photo *p, bool *embedded, fc_error *err)
{
    fc_record rec;
    char *path;
    fc_status s = parse_line(p->it, &rec, err);

    if (s)
        return s;
    s = fc_enrol_path_of(&rec, &path, err);
    if (!s)
        s = look_at_record(w, p, &rec, path, embedded, err);
    free(path);
    fc_record_clear(&rec);
    return s;
}

/* Of an item of which no more than its name will be told: a record of which photo, or frame, it is. */
static fc_status begin_record(fc_item *it, fc_error *err)
{
    const fc_status s = fc_record_new(&it->rec, it->in.path, err);

    return s || it->in.kind != FC_INPUT_FRAME ? s : fc_record_set_frame(&it->rec, &it->in, err);
}

/* The name in its normal form, which is the gallery's; a photo of nobody that can be called so is refused. */
static fc_status take_name(fc_enrol_photo *p, fc_error *err)
{
    char *normal = NULL;
    fc_error fault;
    fc_status s = fc_name_check(p->id, &fault);

    if (!s)
        s = fc_name_normal(&normal, p->id, &fault);
    if (!s) {
        free(p->id);
        p->id = normal;
        return FC_OK;
    }
    if (!p->it->rec.json && begin_record(p->it, err))
        return FC_ENOMEM;
    return fc_enrol_photo_refuse(p, "enroll", &fault, err);
}

/* ---- the work ---- */

static fc_status pass_gap(fc_enrol_photo *p, fc_error *err)
{
    p->outcome = FC_NO_PHOTO;
    return fc_item_start(p->it, err);
}

/* What is to be known before anything is computed. *embedded: nothing is left to compute. */
static fc_status look_at(fc_enrol_work *w, fc_enrol_photo *p, bool *embedded, fc_error *err)
{
    const fc_input *in = &p->it->in;
    bool known = false;
    fc_status s = FC_OK;

    if (in->kind == FC_INPUT_LINE)
        s = read_line(w, p, embedded, err);
    else if (in->kind == FC_INPUT_GAP)
        s = pass_gap(p, err);
    else if (in->kind != FC_INPUT_FAULT)
        hash_picture(p, in->path);
    if (!s && in->kind == FC_INPUT_FRAME && w->set->augment)
        s = fc_fail(err, FC_EUSAGE, "%s: a video, and views are made of photos", in->path);
    if (!s && p->id && p->outcome == FC_ENROLLED)
        s = take_name(p, err);
    if (!s && p->outcome == FC_ENROLLED)
        s = is_known(w, p, &known, err);
    if (s || !known)
        return s;
    p->outcome = FC_KNOWN;
    if (p->it->rec.json)
        return FC_OK;
    return in->kind == FC_INPUT_LINE ? parse_line(p->it, &p->it->rec, err) : begin_record(p->it, err);
}

/* A picture that cannot be read again, for views: the stages do not leave it. */
static fc_status keep_picture(fc_bytes *out, const fc_enrol_work *w, const fc_input *in, fc_error *err)
{
    if (in->kind != FC_INPUT_BYTES || !w->set->augment)
        return FC_OK;
    *out = (fc_bytes){malloc(in->data.n), in->data.n};
    if (!out->data)
        return fc_fail_nomem(err, out->n);
    memcpy(out->data, in->data.data, out->n);
    return FC_OK;
}

static fc_status embed(fc_enrol_work *w, int worker, fc_enrol_photo *p, fc_error *err)
{
    fc_status s = need_stages(w, err);

    if (!s)
        s = fc_stages_run_cached(w->stages, w->cache, worker, p->it, err);
    if (!s && p->it->failed)
        p->outcome = FC_REFUSED;
    return s;
}

/* The samples of a photo whose faces are embedded. */
static fc_status take_samples(fc_enrol_work *w, int worker, fc_enrol_photo *p, const fc_bytes *bytes,
                              fc_error *err)
{
    fc_error fault;
    fc_status s = fc_enrol_check_faces(w, p, err);

    if (!s && p->outcome == FC_ENROLLED)
        s = fc_enrol_photo_take(p, p->it, -1, err);
    if (!s && p->outcome == FC_ENROLLED && w->set->augment && fc_enrol_add_views(w, worker, p, bytes, &fault))
        s = fc_enrol_photo_refuse(p, "views", &fault, err);
    if (!s && p->outcome == FC_ENROLLED && !p->has_content) {
        char hex[FC_SHA256_HEX];
        fc_sha256_hex(hex, p->e, p->dim * sizeof *p->e);
        set_content(p, hex);
    }
    return s;
}

fc_status fc_enrol_work_on(fc_enrol_work *w, int worker, fc_enrol_photo *p, fc_error *err)
{
    bool embedded = false;
    fc_bytes bytes = {0};
    fc_status s;

    if (!p->it)
        return FC_OK;
    s = look_at(w, p, &embedded, err);
    if (!s && p->outcome == FC_ENROLLED && !embedded) {
        s = keep_picture(&bytes, w, &p->it->in, err);
        if (!s)
            s = embed(w, worker, p, err);
    }
    if (!s && p->outcome == FC_ENROLLED)
        s = take_samples(w, worker, p, &bytes, err);
    if (!s)
        s = fc_enrol_path_of(&p->it->rec, &p->path, err);
    fc_bytes_clear(&bytes);
    return s;
}
