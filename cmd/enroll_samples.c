/* Samples of a photo: its embeddings, and those of views made of it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"
#include "embed/augment.h"
#include "enroll.h"
#include "items.h"
#include "pipeline/record.h"

static fc_status add_sample(piece *p, const float *e, size_t dim, const char *contract,
                            struct piece_sample about, fc_error *err)
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

fc_status piece_take(piece *p, const fc_item *it, int face_of, fc_error *err)
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
        struct piece_sample about = {.face = face_of < 0 ? (int)i : face_of,
                                     .view = face_of < 0 ? view_of(rec) : (int)i + 1,
                                     .quality = quality_of(face)};
        s = add_sample(p, e, dim, contract, about, err);
        free(e);
    }
    return s;
}

/* ---- views ---- */

static fc_status read_picture(fc_image *img, const worker_pool *w, const piece *p, const fc_bytes *bytes,
                              fc_error *err)
{
    fc_image_options o = fc_stages_decoding(w->stages, &p->it->rec);
    char *path = record_path_or_end(&p->it->rec);
    fc_status s;

    o.max_side = 0; /* views are cut from all pixels */
    if (bytes->data)
        s = fc_image_decode(img, bytes->data, bytes->n, "stdin", &o, err);
    else if (path)
        s = fc_image_load(img, path, &o, err);
    else
        s = fc_fail(err, FC_EMISSING, "the record names no picture, of which views could be made");
    free(path);
    return s;
}

/* A record whose faces are views of one face, as crops. */
static fc_status make_views(fc_record *out, const worker_pool *w, const piece *p, const fc_image *img,
                            size_t face, fc_error *err)
{
    fc_face f;
    json_t *list = json_array();
    uint64_t seed = w->args->seed;
    fc_status s = fc_record_get_face(&p->it->rec, face, &f, err);

    for (size_t i = 0; p->has_content && i < 8; i++) /* other photos get other views */
        seed = seed * 257 + p->content[i];
    if (!s)
        s = fc_record_new(out, "views", err);
    for (int i = 1; !s && i <= w->args->augment; i++) {
        const fc_view v = fc_view_random(seed, i);
        fc_image crop = {0};
        json_t *one = json_object();
        s = fc_align_view(&crop, img, &f, &fc_stages_model(w->stages)->alignment, &v, err);
        if (!s)
            s = fc_face_set_crop(one, &crop, err);
        fc_image_clear(&crop);
        if (json_object_set_new(one, "score", json_real(f.score)) || json_array_append_new(list, one))
            s = s ? s : fc_fail_nomem(err, 0);
    }
    if (!s && json_object_set(out->json, "faces", list))
        s = fc_fail_nomem(err, 0);
    json_decref(list);
    return s;
}

/* The record through the stages once more, as if it had been read. */
static fc_status embed_views(worker_pool *w, int worker, piece *p, const fc_record *views, int face,
                             fc_error *err)
{
    fc_input in = {.kind = FC_INPUT_LINE, .path = strdup(p->it->in.path)};
    char *text = NULL;
    fc_item *it = NULL;
    fc_status s = in.path ? fc_record_text(views, &text, &in.data.n, err) : fc_fail_nomem(err, 0);

    in.data.data = (uint8_t *)text;
    if (s) {
        fc_input_clear(&in);
        return s;
    }
    s = fc_item_new(&it, &in, FC_FACES_ALL, err);
    if (!s)
        s = fc_stages_run(w->stages, worker, it, err);
    if (!s && it->failed)
        s = fc_fail(err, it->fault.status, "%s", it->fault.message);
    if (!s)
        s = piece_take(p, it, face, err);
    fc_item_free(it);
    return s;
}

fc_status piece_add_views(worker_pool *w, int worker, piece *p, const fc_bytes *bytes, fc_error *err)
{
    fc_image img = {0};
    fc_status s = read_picture(&img, w, p, bytes, err);

    for (size_t i = 0; !s && i < fc_record_face_count(&p->it->rec); i++) {
        fc_record views = {0};
        s = make_views(&views, w, p, &img, i, err);
        if (!s)
            s = embed_views(w, worker, p, &views, (int)i, err);
        fc_record_clear(&views);
    }
    fc_image_clear(&img);
    return s;
}
