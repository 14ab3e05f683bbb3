#include "pipeline/stages_impl.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "embed/background.h"
#include "models/align_mode_names.h"
#include "pipeline/item.h"
#include "pipeline/record.h"

/* Crops go into the record, whose line has a limit: said before any is cut. */
bool fc_stage_crops_fit(fc_item *it, size_t n, int size)
{
    const size_t each = ((size_t)size * (size_t)size * 3 + 2) / 3 * 4;
    fc_error fault;

    if (n <= FC_RECORD_MAX_LINE / each)
        return true;
    fc_fail(&fault, FC_ELIMIT, "%zu crops of %d x %d pixels do not fit into a record of %u bytes", n, size,
            size, FC_RECORD_MAX_LINE);
    fc_item_fail_named(it, "align", &fault);
    return false;
}

/* The alignment that a crop was made with, as far as the record says, has to be the one that is wanted now.
 */
static fc_status check_crop(const json_t *crop, const fc_alignment *a, fc_error *err)
{
    const json_t *mode = json_object_get(crop, "mode"), *margin = json_object_get(crop, "margin");
    const long long w = json_integer_value(json_object_get(crop, "w")),
                    h = json_integer_value(json_object_get(crop, "h"));
    const char *name = json_is_string(mode) ? json_string_value(mode) : fc_align_mode_names[a->mode];
    const long long m = json_is_integer(margin) ? json_integer_value(margin) : 0;
    const int want = a->mode == FC_ALIGN_BOX ? a->margin : 0;

    if (w == a->size && h == a->size && !strcmp(name, fc_align_mode_names[a->mode]) && (m == want || !mode))
        return FC_OK;
    return fc_fail(err, FC_ECONTRACT,
                   "the crop is %s %lld x %lld, margin %lld; wanted is %s %d x %d, margin %d", name, w, h, m,
                   fc_align_mode_names[a->mode], a->size, a->size, want);
}

/* So has its background, unless any will do. */
static fc_status check_background(const json_t *crop, fc_background want, fc_error *err)
{
    const char *has = json_string_value(json_object_get(crop, "background"));

    has = has ? has : fc_background_names[FC_BACKGROUND_KEEP];
    if (want == FC_BACKGROUND_KEEP || !strcmp(has, fc_background_names[want]))
        return FC_OK;
    return fc_fail(err, FC_ECONTRACT, "the crop was made with the background '%s'; wanted is '%s'", has,
                   fc_background_names[want]);
}

fc_status fc_stage_label_crop(json_t *face, const fc_alignment *a, fc_background background, fc_error *err)
{
    json_t *crop = json_object_get(face, "crop");
    int bad = json_object_set_new(crop, "mode", json_string(fc_align_mode_names[a->mode]));

    if (background != FC_BACKGROUND_KEEP)
        bad |= json_object_set_new(crop, "background", json_string(fc_background_names[background]));

    if (a->mode == FC_ALIGN_BOX)
        bad |= json_object_set_new(crop, "margin", json_integer(a->margin));
    return bad ? fc_fail_nomem(err, 0) : FC_OK;
}

/* A picture that is a crop, at the crops' size. Others are square, too, and not much larger or smaller; one that is not
 * is no crop, but a photo. */
static fc_status fit_crop(fc_image *crop, const fc_image *img, const fc_alignment *a, fc_error *err)
{
    const int w = img->full_w, h = img->full_h, least = (a->size + 1) / 2, most = a->size * 4;
    const fc_alignment whole = {.mode = FC_ALIGN_BOX, .size = a->size};
    fc_image same = *img; /* without what it was reduced from */
    const fc_face face = {.box = {0, 0, img->w, img->h}};

    if (w != h || w < least || w > most)
        return fc_fail(
            err, FC_EUSAGE,
            "is %d x %d pixels; a crop is %d x %d here, and is made so from squares of %d to %d pixels", w, h,
            a->size, a->size, least, most);
    same.full_w = same.w;
    same.full_h = same.h;
    return fc_align(crop, &same, &face, &whole, err);
}

fc_status fc_stage_cut(fc_image *crop, const fc_stages *s, fc_image *img, const fc_face *f,
                       const fc_alignment *a, fc_error *err)
{
    fc_background_before before = {0};
    fc_status st = FC_OK;

    if (s->plan.background != FC_BACKGROUND_KEEP)
        st = fc_background_change(&before, img, f, s->plan.background, err);
    if (!st)
        st = fc_align(crop, img, f, a, err);
    fc_background_put_back(img, &before);
    return st;
}

fc_status fc_stage_align(fc_stages *s, fc_item *it, size_t i, const fc_alignment *a, fc_error *err)
{
    json_t *face = fc_record_face(&it->rec, i);
    fc_error fault;
    fc_face f;
    fc_status st;

    if (fc_face_has_crop(face)) {
        st = check_crop(json_object_get(face, "crop"), a, &fault);
        if (!st)
            st = check_background(json_object_get(face, "crop"), s->plan.background, &fault);
        if (!st)
            st = fc_face_get_crop(face, &it->crops[i], &fault);
        return st ? fc_item_face_broken(it, i, &fault, err) : FC_OK;
    }
    if (fc_record_get_face(&it->rec, i, &f, &fault))
        return fc_item_face_broken(it, i, &fault, err);
    if ((st = fc_stage_decode(s, it, err)) || it->failed)
        return st;
    double start = fc_now_ms();
    st = fc_face_is_aligned(face) ? fit_crop(&it->crops[i], &it->image, a, &fault)
                                  : fc_stage_cut(&it->crops[i], s, &it->image, &f, a, &fault);
    it->ms[MS_ALIGN] += fc_now_ms() - start;
    if (!st && s->plan.keep_crops && !(st = fc_face_set_crop(face, &it->crops[i], &fault)))
        st = fc_stage_label_crop(face, a, s->plan.background, &fault);
    if (st) {
        fc_error named = fault;
        if (!fc_face_is_aligned(face)) /* else it is the whole picture */
            fc_fail(&named, st, "face %zu: %s", i, fault.message);
        fc_item_fail_named(it, "align", &named);
    }
    return FC_OK;
}
