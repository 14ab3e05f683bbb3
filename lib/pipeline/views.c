#include "pipeline/views.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "embed/augment.h"
#include "embed/background.h"
#include "pipeline/stages_impl.h"
#include "pipeline/record.h"

fc_status fc_views_picture(fc_image *img, const fc_stages *s, const fc_item *it, const fc_bytes *bytes,
                           fc_error *err)
{
    fc_image_options o = fc_stages_decoding(s, &it->rec);
    char *path = NULL;
    fc_status st = fc_record_get_path(&it->rec, &path, err);

    o.max_side = 0; /* views are cut from all pixels */
    if (st == FC_ENOMEM)
        return st;
    if (bytes && bytes->data)
        st = fc_image_decode(img, bytes->data, bytes->n, "stdin", &o, err);
    else if (path)
        st = fc_image_load(img, path, &o, err);
    else
        st = fc_fail(err, FC_EMISSING, "the record names no picture, of which views could be made");
    free(path);
    return st;
}

uint64_t fc_views_seed(uint64_t seed, const uint8_t content[32])
{
    for (size_t i = 0; content && i < 8; i++)
        seed = seed * 257 + content[i];
    return seed;
}

/* A record whose faces are the views, as crops. */
static fc_status cut(fc_record *out, const fc_stages *s, const fc_image *img, const fc_face *f, uint64_t seed,
                     int n, fc_error *err)
{
    const fc_model_facts *m = fc_stages_model(s);
    json_t *list = json_array();
    fc_status st = m->parts
                       ? fc_fail(err, FC_EUSAGE, "%s: of two models; views are made for one", m->contract)
                       : fc_record_new(out, "views", err);

    for (int i = 1; !st && i <= n; i++) {
        const fc_view v = fc_view_random(seed, i);
        fc_image crop = {0};
        json_t *one = json_object();
        st = fc_align_view(&crop, img, f, &m->alignment, &v, err);
        if (!st)
            st = fc_face_set_crop(one, &crop, err);
        if (!st)
            st = fc_stage_label_crop(one, &m->alignment, s->plan.background, err);
        fc_image_clear(&crop);
        if (json_object_set_new(one, "score", json_real(f->score)) || json_array_append_new(list, one))
            st = st ? st : fc_fail_nomem(err, 0);
    }
    if (!st && json_object_set(out->json, "faces", list))
        st = fc_fail_nomem(err, 0);
    json_decref(list);
    return st;
}

/* The record through the stages, as if it had been read. */
static fc_status run(fc_item **out, fc_stages *s, int worker, const fc_item *of, const fc_record *views,
                     fc_error *err)
{
    fc_input in = {.kind = FC_INPUT_LINE, .path = strdup(of->in.path)};
    char *text = NULL;
    fc_status st = in.path ? fc_record_text(views, &text, &in.data.n, err) : fc_fail_nomem(err, 0);

    in.data.data = (uint8_t *)text;
    if (st) {
        fc_input_clear(&in);
        return st;
    }
    st = fc_item_new(out, &in, FC_FACES_ALL, err);
    if (!st)
        st = fc_stages_run(s, worker, *out, err);
    if (!st && (*out)->failed)
        st = fc_fail(err, (*out)->fault.status, "%s", (*out)->fault.message);
    return st;
}

fc_status fc_views_make(fc_item **out, fc_stages *s, int worker, const fc_item *of, fc_image *img,
                        size_t face, uint64_t seed, int n, fc_error *err)
{
    fc_record views = {0};
    fc_background_before before = {0};
    fc_face f;
    fc_status st = fc_record_get_face(&of->rec, face, &f, err);

    *out = NULL;
    if (!st && s->plan.background != FC_BACKGROUND_KEEP)
        st = fc_background_change(&before, img, &f, s->plan.background, err);
    if (!st)
        st = cut(&views, s, img, &f, seed, n, err);
    fc_background_put_back(img, &before);
    if (!st)
        st = run(out, s, worker, of, &views, err);
    fc_record_clear(&views);
    if (st) {
        fc_item_free(*out);
        *out = NULL;
    }
    return st;
}
