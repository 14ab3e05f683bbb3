#include "pipeline/stages_impl.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "models/align_mode_names.h"
#include "pipeline/item.h"
#include "pipeline/record.h"

/* Whether the record has all that is measured: the crop, and the picture's size. */
static bool has_what_is_measured(const fc_record *r, const json_t *face)
{
    const json_t *crop = json_object_get(face, "crop"), *mode = json_object_get(crop, "mode");
    const int side = FC_QUALITY_ALIGNMENT.size;

    return json_is_string(mode) && !strcmp(json_string_value(mode), FC_ALIGN_NAME_FIVE_POINT) &&
           json_integer_value(json_object_get(crop, "w")) == side &&
           json_integer_value(json_object_get(crop, "h")) == side && json_object_get(r->json, "w") &&
           json_object_get(r->json, "h");
}

static fc_status measure(fc_item *it, json_t *face, const fc_face *f, bool in_record, fc_error *err)
{
    const int w = (int)json_integer_value(json_object_get(it->rec.json, "w")),
              h = (int)json_integer_value(json_object_get(it->rec.json, "h"));
    const fc_alignment a = FC_QUALITY_ALIGNMENT;
    fc_image crop = {0};
    fc_quality q;
    double start = fc_now_ms();
    fc_status st = in_record ? fc_face_get_crop(face, &crop, err) : fc_align(&crop, &it->image, f, &a, err);

    it->ms[MS_ALIGN] += fc_now_ms() - start;
    start = fc_now_ms();
    if (!st)
        st = fc_quality_measure(&q, &crop, f, in_record ? w : it->image.full_w,
                                in_record ? h : it->image.full_h, err);
    it->ms[MS_QUALITY] += fc_now_ms() - start;
    fc_image_clear(&crop);
    return st ? st : fc_face_set_quality(face, &q, err);
}

static fc_status measure_face(fc_stages *s, fc_item *it, size_t i, fc_error *err)
{
    json_t *face = fc_record_face(&it->rec, i);
    const bool all = s->plan.quality == FC_MEASURE_ALL, in_record = has_what_is_measured(&it->rec, face);
    fc_error fault, named;
    fc_quality q;
    fc_face f;
    fc_status st;

    if (fc_face_get_quality(face, &q))
        return FC_OK;
    if (fc_record_get_face(&it->rec, i, &f, &fault))
        return all ? fc_item_face_broken(it, i, &fault, err) : FC_OK;
    if (!all && (!f.has_landmarks || (!in_record && !it->image.rgb)))
        return FC_OK;
    if (f.has_landmarks && !in_record && ((st = fc_stage_decode(s, it, err)) || it->failed))
        return st;
    st = f.has_landmarks ? measure(it, face, &f, in_record, &fault)
                         : fc_fail(&fault, FC_EUSAGE, "the face has no landmarks, which its quality needs");
    if (st == FC_ENOMEM && !all)
        return fc_fail_nomem(err, 0);
    if (st && all) {
        fc_fail(&named, st, "face %zu: %s", i, fault.message);
        fc_item_fail_named(it, "quality", &named);
    }
    return FC_OK;
}

fc_status fc_stage_quality(fc_stages *s, fc_item *it, fc_error *err)
{
    fc_status st = FC_OK;

    for (size_t i = 0; !st && !it->failed && i < fc_record_face_count(&it->rec); i++)
        st = measure_face(s, it, i, err);
    return st;
}
