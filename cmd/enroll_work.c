#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/error.h"
#include "facecheck.h"
#include "pipeline/record.h"
#include "items.h"
#include "enroll.h"

void piece_free(piece *p)
{
    if (!p)
        return;
    fc_item_free(p->it);
    free(p->name);
    free(p->contract);
    free(p->e);
    free(p->sample);
    free(p);
}

void piece_fail(piece *p, const char *where, const fc_error *fault)
{
    item_fail_or_end(p->it, where, fault);
    p->state = PIECE_FAILED;
}

void pool_open(worker_pool *w, const struct enroll_args *args, int jobs, const char *contract)
{
    *w = (worker_pool){.args = args, .jobs = jobs};
    snprintf(w->contract, sizeof w->contract, "%s", contract);
    pthread_mutex_init(&w->lock, NULL);
}

void pool_close(worker_pool *w)
{
    if (!w->args)
        return;
    fc_gallery_free(w->known);
    fc_stages_free(w->stages);
    fc_models_free(w->models);
    free(w->model);
    pthread_mutex_destroy(&w->lock);
}

/* ---- models: those of the gallery, where it has some ---- */

static fc_status open_stages(worker_pool *w, fc_error *err)
{
    const struct enroll_args *a = w->args;
    fc_status s = models_open(&w->models, a->common.engine.models, err);

    w->plan = (fc_pipeline_plan){.upto = FC_STAGE_EMBED, .flip = a->flip, .detect = &a->common.detect};
    w->plan.engine = engine_options_of(&a->common.engine);
    w->plan.models = w->models;
    if (!s && !a->model && !a->flip)
        s = fc_contract_model(w->models, w->contract, w->plan.engine.precision, &w->model, &w->plan.flip,
                              err);
    w->plan.model = a->model ? a->model : w->model ? w->model : FC_DEFAULT_MODEL;
    if (!s)
        s = fc_stages_new(&w->stages, &w->plan, w->jobs, err);
    if (!s && *w->contract && strcmp(w->contract, fc_stages_model(w->stages)->contract))
        s = fc_fail(err, FC_ECONTRACT, "%s holds embeddings of %s, and this run makes those of %s",
                    a->gallery.path, w->contract, fc_stages_model(w->stages)->contract);
    return s;
}

static fc_status need_stages(worker_pool *w, fc_error *err)
{
    fc_status s = FC_OK;

    pthread_mutex_lock(&w->lock);
    if (!w->stages)
        s = open_stages(w, err);
    pthread_mutex_unlock(&w->lock);
    return s;
}

/* ---- what was enrolled before ---- */

static void set_content(piece *p, const char *hex)
{
    p->has_content = fc_sha256_parse(p->content, hex);
}

static void hash_picture(piece *p, const char *path)
{
    char hex[FC_SHA256_HEX];

    if (p->it->in.kind == FC_INPUT_BYTES) {
        fc_sha256_hex(hex, p->it->in.data.data, p->it->in.data.n);
        set_content(p, hex);
    } else if (path && !fc_sha256_file(hex, path, NULL)) { /* decoding says why it cannot be read */
        set_content(p, hex);
    }
}

/* FC_EMISSING while the gallery has no file. To see what is there a key is not needed. */
static fc_status open_known(worker_pool *w, fc_error *err)
{
    if (w->known)
        return FC_OK;
    return fc_gallery_open(&w->known, w->args->gallery.path, &(fc_gallery_options){.mode = FC_GALLERY_READ},
                           err);
}

/* Nothing is to be done for a photo that the person has with as many views. Where all faces of it count, it is looked
 * at again. */
static fc_status is_known(worker_pool *w, const piece *p, bool *known, fc_error *err)
{
    int64_t id;
    int view = -1;
    fc_status s;

    *known = false;
    if (!p->has_content || !p->name || p->it->choice == FC_FACES_ALL)
        return FC_OK;
    pthread_mutex_lock(&w->lock);
    s = open_known(w, err);
    if (!s)
        s = fc_gallery_find(w->known, p->name, &id, err);
    if (!s)
        s = fc_gallery_last_view(w->known, id, p->content, &view, err);
    pthread_mutex_unlock(&w->lock);
    *known = !s && view >= w->args->augment;
    return s == FC_EMISSING ? FC_OK : s;
}

/* ---- the work ---- */

static bool all_embedded(const fc_record *rec)
{
    for (size_t i = 0; i < fc_record_face_count(rec); i++)
        if (!fc_face_has_embedding(fc_record_face(rec, i)))
            return false;
    return fc_record_face_count(rec) > 0;
}

/* A line of records: whom it is of, and whether there is nothing left to compute. It stays with the item as text where
 * there is, for the stages read it themselves. */
static fc_status read_line(worker_pool *w, piece *p, bool *embedded, fc_error *err)
{
    fc_item *it = p->it;
    fc_record rec;
    fc_error fault;
    fc_status s =
        fc_record_parse(&rec, (char *)it->in.data.data, it->in.data.n, it->in.path, it->in.line, err);

    *embedded = false;
    if (s)
        return s;
    const char *name = json_string_value(json_object_get(rec.json, w->args->id_field));
    const char *hash = json_string_value(json_object_get(rec.json, "sha256"));
    char *path = record_path_or_end(&rec);
    if (!p->name && name)
        p->name = strdup(name);
    if (hash)
        set_content(p, hash);
    *embedded = all_embedded(&rec) && !w->args->augment &&
                (it->choice == FC_FACES_ALL || fc_record_face_count(&rec) == 1);
    if (!p->name && !fc_record_is_error(&rec)) {
        fc_fail(&fault, FC_ERECORD, "%s:%zu: no \"%s\" that says whose it is", it->in.path, it->in.line,
                w->args->id_field);
        it->rec = rec;
        piece_fail(p, "enroll", &fault);
    } else if (*embedded) {
        it->rec = rec;
    } else {
        if (!p->has_content)
            hash_picture(p, path);
        fc_record_clear(&rec);
    }
    free(path);
    return s;
}

/* The name in its normal form, which is the gallery's. */
static fc_status take_name(piece *p, fc_error *err)
{
    char *normal;
    fc_status s = fc_name_check(p->name, err);

    if (!s)
        s = fc_name_normal(&normal, p->name, err);
    if (s)
        return s;
    free(p->name);
    p->name = normal;
    return FC_OK;
}

/* A face on its side, or what is none, would be enrolled as anybody, and the person be unknown. What a record says is
 * judged by its landmarks only: other detectors have other scores. */
static fc_status check_face(const worker_pool *w, const fc_item *it, size_t i, fc_error *err)
{
    const double least =
        w->args->common.detect.detector == FC_FIND_YUNET ? FC_GOOD_SCORE_YUNET : FC_GOOD_SCORE_MTCNN;
    const char *more =
        w->args->common.detect.detect.turns ? "" : ", --turns looks whether it lies on its side";
    fc_face f;

    if (fc_record_get_face(&it->rec, i, &f, NULL))
        return FC_OK;
    const double misfit = fc_face_misfit(&f);
    if (misfit > FC_GOOD_MISFIT)
        return fc_fail(err, FC_EFACES,
                       "no good face: its landmarks are %.1f pixels off a face's, and %.0f is the most "
                       "(--weak-faces takes "
                       "it%s)",
                       misfit, FC_GOOD_MISFIT, more);
    if (it->looked && f.score < least)
        return fc_fail(err, FC_EFACES,
                       "no good face: its score is %.3f, and %.2f is the least (--weak-faces takes it%s)",
                       f.score, least, more);
    return FC_OK;
}

static void check_faces(const worker_pool *w, piece *p)
{
    const fc_item *it = p->it;
    fc_error why, fault;

    for (size_t i = 0; i < fc_record_face_count(&it->rec); i++) {
        if (!check_face(w, it, i, &why))
            continue;
        char *path = record_path_or_end(&it->rec);
        fc_fail(&fault, why.status, "%s: %s", path ? path : it->in.path, why.message);
        free(path);
        piece_fail(p, "detect", &fault);
        return;
    }
}

fc_status pool_work(worker_pool *w, int worker, piece *p, fc_error *err)
{
    fc_item *it = p->it;
    bool embedded = false, known = false;
    fc_bytes bytes = {0}; /* of a picture that cannot be read again */
    fc_error fault;
    fc_status s = FC_OK;

    if (it->in.kind == FC_INPUT_LINE)
        s = read_line(w, p, &embedded, err);
    else if (it->in.kind != FC_INPUT_FAULT)
        hash_picture(p, it->in.path);
    if (!s && p->name && p->state == PIECE_NEW && take_name(p, &fault)) {
        if (!it->rec.json)
            s = fc_record_new(&it->rec, it->in.path, err);
        if (!s)
            piece_fail(p, "enroll", &fault);
    }
    if (!s && p->state == PIECE_NEW)
        s = is_known(w, p, &known, err);
    if (s || p->state == PIECE_FAILED)
        return s;
    if (known) {
        p->state = PIECE_KNOWN;
        if (it->rec.json)
            return FC_OK;
        return it->in.kind == FC_INPUT_LINE ? fc_record_parse(&it->rec, (char *)it->in.data.data,
                                                              it->in.data.n, it->in.path, it->in.line, err)
                                            : fc_record_new(&it->rec, it->in.path, err);
    }
    if (!embedded) {
        if (it->in.kind == FC_INPUT_BYTES && w->args->augment) {
            bytes = (fc_bytes){malloc(it->in.data.n), it->in.data.n};
            if (!bytes.data)
                return fc_fail_nomem(err, bytes.n);
            memcpy(bytes.data, it->in.data.data, bytes.n);
        }
        s = need_stages(w, err);
        if (!s)
            s = fc_stages_run(w->stages, worker, it, err);
        if (!s && it->failed)
            p->state = PIECE_FAILED;
    }
    if (!s && p->state == PIECE_NEW && fc_record_face_count(&it->rec) == 0) {
        char *path = record_path_or_end(&it->rec);
        fc_fail(&fault, FC_EFACES, "%s: no face", path ? path : it->in.path);
        free(path);
        piece_fail(p, "detect", &fault);
    }
    if (!s && p->state == PIECE_NEW && !w->args->weak_faces)
        check_faces(w, p);
    if (!s && p->state == PIECE_NEW)
        s = piece_take(p, it, -1, err);
    if (!s && p->state == PIECE_NEW && w->args->augment && piece_add_views(w, worker, p, &bytes, &fault))
        piece_fail(p, "views", &fault);
    if (!s && p->state == PIECE_NEW && !p->has_content) {
        char hex[FC_SHA256_HEX];
        fc_sha256_hex(hex, p->e, p->dim * sizeof *p->e);
        set_content(p, hex);
    }
    free(bytes.data);
    return s;
}
