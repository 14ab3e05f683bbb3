/* Samples of views that are made of a photo. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "embed/augment.h"
#include "gallery/enrol_impl.h"
#include "pipeline/record.h"

static fc_status read_picture(fc_image *img, const fc_enrol_work *w, const fc_enrol_photo *p,
                              const fc_bytes *bytes, fc_error *err)
{
    fc_image_options o = fc_stages_decoding(w->stages, &p->it->rec);
    char *path;
    fc_status s = fc_enrol_path_of(&p->it->rec, &path, err);

    o.max_side = 0; /* views are cut from all pixels */
    if (s)
        return s;
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
static fc_status make_views(fc_record *out, const fc_enrol_work *w, const fc_enrol_photo *p,
                            const fc_image *img, size_t face, fc_error *err)
{
    fc_face f;
    json_t *list = json_array();
    uint64_t seed = w->set->seed;
    fc_status s = fc_record_get_face(&p->it->rec, face, &f, err);

    for (size_t i = 0; p->has_content && i < 8; i++) /* other photos get other views */
        seed = seed * 257 + p->content[i];
    if (!s)
        s = fc_record_new(out, "views", err);
    for (int i = 1; !s && i <= w->set->augment; i++) {
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
static fc_status embed_views(fc_enrol_work *w, int worker, fc_enrol_photo *p, const fc_record *views,
                             int face, fc_error *err)
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
        s = fc_enrol_photo_take(p, it, face, err);
    fc_item_free(it);
    return s;
}

fc_status fc_enrol_add_views(fc_enrol_work *w, int worker, fc_enrol_photo *p, const fc_bytes *bytes,
                             fc_error *err)
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
