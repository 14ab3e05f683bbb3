#include "pipeline/stages_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "pipeline/hints.h"
#include "pipeline/item.h"
#include "pipeline/record.h"

static bool looks_like_text(const fc_bytes *b)
{
    size_t n = b->n < 512 ? b->n : 512;

    for (size_t i = 0; i < n; i++)
        if (b->data[i] < 9 || (b->data[i] > 13 && b->data[i] < 32))
            return false;
    return true;
}

static fc_status decode_bytes(fc_item *it, const fc_image_options *o, const char *hint, fc_error *err)
{
    const bool standard = !strcmp(it->in.path, "-");
    const char *name = standard ? "stdin" : it->in.path;
    fc_error fault;

    if (!fc_image_decode(&it->image, it->in.data.data, it->in.data.n, name, o, &fault))
        return FC_OK;
    if (standard && fault.status == FC_EFORMAT && looks_like_text(&it->in.data)) {
        const bool array = it->in.data.data[0] == '[';
        fc_fail(err, FC_ERECORD, "%s: neither records nor a picture%s", name,
                array ? "; of an array of records, each has to be a line (jq -c '.[]')" : "");
        return fc_fail_hint(err, FC_ERECORD, array ? NULL : hint);
    }
    fc_item_fail(it, "decode", &fault);
    return FC_OK;
}

/* Decoding a video up to one frame, frame for frame, would take the time of as many videos as it has. */
static void fail_frame(fc_item *it, const char *path)
{
    fc_error fault;

    fc_fail(&fault, FC_EMISSING, "%s: a frame of a video, which is not decoded again", path);
    fc_item_fail(it, "decode", &fault);
}

/* FC_EUSAGE: the picture is an output. */
static fc_status decode_file(const fc_stages *stages, fc_item *it, const fc_image_options *o, fc_error *err)
{
    char *path = fc_item_path(it);
    fc_error fault;
    fc_status s = FC_OK;

    if (it->no_memory)
        return fc_fail_nomem(err, 0);
    if (!path) {
        fc_fail(&fault, FC_EMISSING, "%s:%zu: the record names no picture", it->in.path, it->in.line);
        fc_item_fail(it, "decode", &fault);
    } else if (stages->plan.no_files) {
        fc_fail(&fault, FC_EDATA, "%s:%zu: the record names a picture, and only what is sent is looked at",
                it->in.path, it->in.line);
        fc_item_fail(it, "decode", &fault);
    } else if (!strcmp(path, "-")) {
        fc_fail(&fault, FC_EMISSING, "the picture came on stdin and cannot be read again");
        fc_item_fail(it, "decode", &fault);
    } else if ((s = fc_image_load(&it->image, path, o, &fault))) {
        if (s == FC_EUSAGE)
            fc_fail(err, s, "%s", fault.message);
        else if (s != FC_ENOMEM && fc_record_is_frame(&it->rec))
            fail_frame(it, path);
        else
            fc_item_fail(it, "decode", &fault);
    }
    free(path);
    return s == FC_EUSAGE ? s : FC_OK;
}

/* At the size it had when its faces were found. */
fc_image_options fc_stages_decoding(const fc_stages *s, const fc_record *rec)
{
    const fc_face_options *a = s->plan.detect;
    const int side = fc_record_max_side(rec);

    return (fc_image_options){.max_pixels = a->max_pixels,
                              .max_bytes = a->max_bytes,
                              .seconds = a->seconds,
                              .max_side = side || fc_record_has_faces(rec) ? side : a->max_side,
                              .keep_damaged = a->damaged == FC_DAMAGED_KEEP || fc_record_is_damaged(rec),
                              .to_be_copied = (a->detect.turns && !fc_record_has_faces(rec)) ||
                                              s->plan.background != FC_BACKGROUND_KEEP,
                              .memory = s->memory,
                              .sandbox = s->sandbox};
}

fc_image_options fc_stages_showing(const fc_stages *s)
{
    const fc_face_options *a = s->plan.detect;

    return (fc_image_options){.max_pixels = a->max_pixels,
                              .max_bytes = a->max_bytes,
                              .seconds = a->seconds,
                              .keep_damaged = true,
                              .memory = s->memory,
                              .sandbox = s->sandbox};
}

/* What the picture turned out to be. */
static fc_status note_picture(fc_item *it, int max_side, fc_error *err)
{
    fc_status st = it->image.damaged ? fc_record_set_damaged(&it->rec, err) : FC_OK;

    if (st || fc_record_has_faces(&it->rec))
        return st;
    st = fc_record_set_size(&it->rec, it->image.full_w, it->image.full_h, err);
    if (!st && max_side)
        st = fc_record_set_max_side(&it->rec, max_side, err);
    if (!st && it->image.frames > 1)
        st = fc_record_set_frames(&it->rec, it->image.frames, err);
    return st;
}

fc_status fc_stage_decode(fc_stages *s, fc_item *it, fc_error *err)
{
    const json_t *w = json_object_get(it->rec.json, "w"), *h = json_object_get(it->rec.json, "h");
    const fc_image_options o = fc_stages_decoding(s, &it->rec);
    fc_status st = FC_OK;
    fc_error fault;
    double start = fc_now_ms();

    if (it->image.rgb) /* a frame came with it, and of that no more than what it is was left to say */
        return it->in.kind == FC_INPUT_FRAME && !w ? note_picture(it, o.max_side, err) : FC_OK;
    if (it->in.kind == FC_INPUT_BYTES)
        st = decode_bytes(it, &o, FC_HINT(s->plan.detect, list), err);
    else
        st = decode_file(s, it, &o, err);
    it->ms[MS_DECODE] = fc_now_ms() - start;
    it->decoding = it->image.ms;
    if (st || it->failed)
        return st;
    if (fc_record_has_faces(&it->rec) && w && h &&
        (json_integer_value(w) != it->image.full_w || json_integer_value(h) != it->image.full_h)) {
        fc_fail(&fault, FC_ECORRUPT, "is %d x %d pixels, and was %lld x %lld when its faces were found",
                it->image.full_w, it->image.full_h, (long long)json_integer_value(w),
                (long long)json_integer_value(h));
        fc_item_fail_named(it, "decode", &fault);
    }
    if (!it->failed)
        st = note_picture(it, o.max_side, err);
    return st;
}
