#include "pipeline/record.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/error.h"
#include "base/size.h"
#include "base/text.h"
#include "quality/measures.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "records hold little-endian floats");

/* 0, or there is no memory. */
static int put_path(json_t *o, const char *path)
{
    json_t *src = json_string(path); /* NULL when not UTF-8 */

    if (src)
        return json_object_set_new(o, "src", src);
    char *b64 = fc_base64_encode(path, strlen(path));
    const int bad = json_object_set_new(o, "src_b64", json_string(b64));
    free(b64);
    return bad;
}

fc_status fc_record_new(fc_record *r, const char *path, fc_error *err)
{
    json_t *o = json_object();
    int bad;

    *r = (fc_record){0};
    bad = json_object_set_new(o, "v", json_integer(1));
    bad |= put_path(o, path);
    if (bad) {
        json_decref(o);
        return fc_fail_nomem(err, strlen(path) + 1);
    }
    r->json = o;
    return FC_OK;
}

fc_status fc_record_set_path(fc_record *r, const char *path, fc_error *err)
{
    if (put_path(r->json, path))
        return fc_fail_nomem(err, strlen(path) + 1);
    json_object_del(r->json, fc_text_is_utf8(path) ? "src_b64" : "src");
    return FC_OK;
}

void fc_record_clear(fc_record *r)
{
    json_decref(r->json);
    *r = (fc_record){0};
}

/* Path and length; caller frees. NULL when there is none. */
static fc_status path_bytes(const fc_record *r, char **path, size_t *n, fc_error *err)
{
    const json_t *v = json_object_get(r->json, "src");
    uint8_t *bytes;
    fc_status s = FC_OK;

    *path = NULL;
    if (v) {
        *n = json_string_length(v);
        *path = strdup(json_string_value(v));
        return *path ? FC_OK : fc_fail_nomem(err, *n);
    }
    v = json_object_get(r->json, "src_b64");
    if (!v)
        return FC_OK;
    s = fc_base64_decode_alloc(&bytes, n, json_string_value(v), json_string_length(v), "src_b64", err);
    if (s)
        return s;
    *path = strndup((char *)bytes, *n);
    free(bytes);
    return *path ? FC_OK : fc_fail_nomem(err, *n);
}

fc_status fc_record_get_path(const fc_record *r, char **path, fc_error *err)
{
    size_t n;
    return path_bytes(r, path, &n, err);
}

char *fc_record_path(const fc_record *r)
{
    char *path;
    return fc_record_get_path(r, &path, NULL) ? NULL : path;
}

char *fc_record_display_path(const fc_record *r)
{
    size_t n;
    char *path, *out;
    const fc_status s = path_bytes(r, &path, &n, NULL);

    out = path ? fc_text_escape(path, n) : s == FC_ENOMEM ? NULL : strdup("");
    free(path);
    return out;
}

/* Takes v; NULL: there was no memory for it. */
static fc_status set(json_t *o, const char *key, json_t *v, fc_error *err)
{
    return json_object_set_new(o, key, v) ? fc_fail_nomem(err, strlen(key)) : FC_OK;
}

fc_status fc_record_set_size(fc_record *r, int w, int h, fc_error *err)
{
    fc_status s = set(r->json, "w", json_integer(w), err);
    return s ? s : set(r->json, "h", json_integer(h), err);
}

fc_status fc_record_set_max_side(fc_record *r, int max_side, fc_error *err)
{
    return set(r->json, "max_side", json_integer(max_side), err);
}

int fc_record_max_side(const fc_record *r)
{
    return (int)json_integer_value(json_object_get(r->json, "max_side"));
}

fc_status fc_record_set_damaged(fc_record *r, fc_error *err)
{
    return set(r->json, "damaged", json_true(), err);
}

bool fc_record_is_damaged(const fc_record *r)
{
    return json_is_true(json_object_get(r->json, "damaged"));
}

fc_status fc_record_set_frames(fc_record *r, int frames, fc_error *err)
{
    return set(r->json, "frames", json_integer(frames), err);
}

fc_status fc_record_set_frame(fc_record *r, const fc_input *in, fc_error *err)
{
    fc_status s = FC_OK;

    if (in->frame >= 0)
        s = set(r->json, "frame", json_integer(in->frame), err);
    if (!s && isfinite(in->pts))
        s = set(r->json, "pts", json_real(fc_decimal(in->pts)), err);
    if (!s && isfinite(in->time))
        s = set(r->json, "time", json_real(in->time), err);
    if (!s && in->dropped >= 0)
        s = set(r->json, "dropped", json_integer(in->dropped), err);
    return s || !in->camera ? s : set(r->json, "camera", json_string(in->camera), err);
}

fc_status fc_record_set_gap(fc_record *r, const fc_input *in, fc_error *err)
{
    char *message = fc_text_escape(in->fault.message, strlen(in->fault.message));
    json_t *gap = json_object();
    fc_status s = message ? set(gap, "from", json_real(in->gap.from), err) : fc_fail_nomem(err, 0);

    if (!s && isfinite(in->gap.to))
        s = set(gap, "to", json_real(in->gap.to), err);
    if (!s)
        s = set(gap, "attempts", json_integer((json_int_t)in->gap.attempts), err);
    if (!s)
        s = set(gap, "message", json_string(message), err);
    free(message);
    if (s) {
        json_decref(gap);
        return s;
    }
    return set(r->json, "gap", gap, err);
}

bool fc_record_is_gap(const fc_record *r)
{
    return json_object_get(r->json, "gap") != NULL;
}

bool fc_record_is_live(const fc_record *r)
{
    return json_object_get(r->json, "dropped") != NULL;
}

bool fc_record_is_frame(const fc_record *r)
{
    return json_object_get(r->json, "pts") || json_object_get(r->json, "frame");
}

bool fc_record_has_faces(const fc_record *r)
{
    return json_object_get(r->json, "faces") != NULL;
}

fc_status fc_record_one_face(const fc_record *r, fc_error *err)
{
    const size_t n = fc_record_face_count(r);
    return n == 1 ? FC_OK : fc_fail(err, FC_EFACES, "%zu faces, not one", n);
}

size_t fc_record_face_count(const fc_record *r)
{
    return json_array_size(json_object_get(r->json, "faces"));
}

json_t *fc_record_face(const fc_record *r, size_t i)
{
    return json_array_get(json_object_get(r->json, "faces"), i);
}

static json_t *face_to_json(const fc_face *f)
{
    json_t *o =
        json_pack("{s:[f,f,f,f],s:f}", "box", f->box[0], f->box[1], f->box[2], f->box[3], "score", f->score);

    if (o && f->has_landmarks) {
        json_t *points = json_array();
        int bad = 0;
        for (int i = 0; i < 5; i++)
            bad |= json_array_append_new(points, json_pack("[f,f]", f->landmarks[i][0], f->landmarks[i][1]));
        if (json_object_set_new(o, "landmarks", points) || bad) {
            json_decref(o);
            return NULL;
        }
    }
    if (o && f->turn && json_object_set_new(o, "turn", json_integer(f->turn))) {
        json_decref(o);
        return NULL;
    }
    return o;
}

/* jansson refuses numbers that JSON has no words for; say so before memory is blamed. */
static bool is_finite_face(const fc_face *f)
{
    double sum = f->score + f->box[0] + f->box[1] + f->box[2] + f->box[3];

    for (int i = 0; f->has_landmarks && i < 5; i++)
        sum += f->landmarks[i][0] + f->landmarks[i][1];
    return isfinite(sum);
}

fc_status fc_record_set_faces(fc_record *r, const fc_faces *faces, fc_error *err)
{
    json_t *list = json_array();

    for (size_t i = 0; i < faces->n; i++) {
        if (!is_finite_face(&faces->face[i])) {
            json_decref(list);
            return fc_fail(err, FC_EENGINE, "face %zu is not finite", i);
        }
        if (json_array_append_new(list, face_to_json(&faces->face[i]))) {
            json_decref(list);
            return fc_fail_nomem(err, sizeof(fc_face));
        }
    }
    if (json_object_set_new(r->json, "faces", list) ||
        (faces->cut && json_object_set_new(r->json, "cut", json_true())))
        return fc_fail_nomem(err, sizeof(fc_face));
    return FC_OK;
}

fc_status fc_record_get_face(const fc_record *r, size_t i, fc_face *out, fc_error *err)
{
    const json_t *f = fc_record_face(r, i), *box = json_object_get(f, "box"),
                 *score = json_object_get(f, "score"), *points = json_object_get(f, "landmarks");

    *out = (fc_face){0};
    if (!box || (!score && !fc_face_is_aligned(f)))
        return fc_fail(err, FC_ERECORD, "no %s", box ? "score" : "box");
    for (size_t k = 0; k < 4; k++)
        out->box[k] = json_number_value(json_array_get(box, k));
    out->score = score ? json_number_value(score) : NAN;
    out->turn = (int)json_integer_value(json_object_get(f, "turn"));
    out->has_landmarks = points != NULL;
    for (size_t k = 0; points && k < 10; k++)
        out->landmarks[k / 2][k % 2] =
            json_number_value(json_array_get(json_array_get(points, k / 2), k % 2));
    return FC_OK;
}

fc_status fc_record_set_aligned(fc_record *r, int w, int h, fc_error *err)
{
    json_t *faces = json_pack("[{s:[f,f,f,f],s:b}]", "box", 0.0, 0.0, (double)w, (double)h, "aligned", 1);

    return json_object_set_new(r->json, "faces", faces) ? fc_fail_nomem(err, sizeof(fc_face)) : FC_OK;
}

bool fc_face_is_aligned(const json_t *face)
{
    return json_is_true(json_object_get(face, "aligned"));
}

void fc_record_keep_face(fc_record *r, size_t keep)
{
    json_t *list = json_object_get(r->json, "faces");

    for (size_t i = json_array_size(list); i-- > 0;)
        if (i != keep)
            json_array_remove(list, i);
}

fc_status fc_record_set_error(fc_record *r, const char *stage, const fc_error *e, fc_error *err)
{
    char *message = fc_text_escape(e->message, strlen(e->message));
    json_t *o = message ? json_pack("{s:s,s:s,s:s}", "stage", stage, "code", fc_status_name(e->status),
                                    "message", message)
                        : NULL;

    free(message);
    json_object_del(r->json, "faces");
    return set(r->json, "error", o, err);
}

bool fc_record_is_error(const fc_record *r)
{
    return json_object_get(r->json, "error") != NULL;
}

fc_status fc_record_add_ms(fc_record *r, const char *stage, double ms, fc_error *err)
{
    fc_status s = FC_OK;

    if (!json_object_get(r->json, "ms"))
        s = set(r->json, "ms", json_object(), err);
    return s ? s : set(json_object_get(r->json, "ms"), stage, json_real(round(ms * 1000) / 1000), err);
}

/* ---- a face's crop and embedding ---- */

bool fc_face_has_crop(const json_t *face)
{
    return json_object_get(face, "crop") != NULL;
}

fc_status fc_face_set_crop(json_t *face, const fc_image *crop, fc_error *err)
{
    size_t row = (size_t)crop->w * 3, n;
    uint8_t *packed;
    char *b64 = NULL;
    json_t *o = NULL;

    if (!fc_mul(row, (size_t)crop->h, &n) || !(packed = malloc(n)))
        return fc_fail_nomem(err, row);
    for (int y = 0; y < crop->h; y++)
        memcpy(packed + (size_t)y * row, crop->rgb + (size_t)y * crop->stride, row);
    b64 = fc_base64_encode(packed, n);
    if (b64)
        o = json_pack("{s:i,s:i,s:s}", "w", crop->w, "h", crop->h, "rgb", b64);
    free(b64);
    free(packed);
    if (json_object_set_new(face, "crop", o))
        return fc_fail_nomem(err, n);
    return FC_OK;
}

fc_status fc_face_get_crop(const json_t *face, fc_image *crop, fc_error *err)
{
    const json_t *o = json_object_get(face, "crop"), *rgb = json_object_get(o, "rgb");
    int w = (int)json_integer_value(json_object_get(o, "w")),
        h = (int)json_integer_value(json_object_get(o, "h"));
    size_t n = (size_t)w * (size_t)h * 3; /* parsing checked both sides */
    fc_status s;

    *crop = (fc_image){0};
    if (!o)
        return fc_fail(err, FC_ERECORD, "no crop");
    uint8_t *bytes = malloc(n);
    if (!bytes)
        return fc_fail_nomem(err, n);
    s = fc_base64_decode(bytes, n, json_string_value(rgb), json_string_length(rgb), "crop.rgb", err);
    if (s) {
        free(bytes);
        return s;
    }
    *crop = (fc_image){.w = w, .h = h, .stride = (size_t)w * 3, .rgb = bytes, .full_w = w, .full_h = h};
    return FC_OK;
}

bool fc_face_has_embedding(const json_t *face)
{
    return json_object_get(face, "embedding") != NULL;
}

fc_status fc_face_set_embedding(json_t *face, const char *contract, const float *e, size_t dim, fc_error *err)
{
    char *b64 = fc_base64_encode(e, dim * sizeof *e);
    json_t *o = b64 ? json_pack("{s:s,s:s}", "model", contract, "f32", b64) : NULL;

    free(b64);
    if (json_object_set_new(face, "embedding", o))
        return fc_fail_nomem(err, dim * sizeof *e);
    return FC_OK;
}

fc_status fc_face_get_embedding(const json_t *face, const char **contract, float **e, size_t *dim,
                                fc_error *err)
{
    const json_t *o = json_object_get(face, "embedding"), *f32 = json_object_get(o, "f32");
    uint8_t *bytes;
    size_t n;
    fc_status s;

    if (!o)
        return fc_fail(err, FC_ERECORD, "no embedding");
    s = fc_base64_decode_alloc(&bytes, &n, json_string_value(f32), json_string_length(f32), "embedding.f32",
                               err);
    if (s)
        return s;
    if (n == 0 || n % sizeof(float)) {
        free(bytes);
        return fc_fail(err, FC_ERECORD, "embedding.f32: not the base64 of float32");
    }
    for (size_t i = 0; i < n / sizeof(float); i++) {
        if (!isfinite(((float *)bytes)[i])) {
            free(bytes);
            return fc_fail(err, FC_ERECORD, "embedding.f32: number %zu is not finite", i);
        }
    }
    *contract = json_string_value(json_object_get(o, "model"));
    *e = (float *)bytes;
    *dim = n / sizeof(float);
    return FC_OK;
}

fc_status fc_record_get_embedding(const fc_record *r, size_t face, const char **contract, float **e,
                                  size_t *dim, fc_error *err)
{
    return fc_face_get_embedding(fc_record_face(r, face), contract, e, dim, err);
}

/* ---- what was measured of a face's photo ---- */

fc_status fc_face_set_quality(json_t *face, const fc_quality *q, fc_error *err)
{
    json_t *o = json_pack("{s:i}", "v", 1);
    int bad = 0;

    for (const fc_measure *m = fc_measures; m->name; m++)
        bad |= json_object_set_new(o, m->name, json_real(fc_decimal(fc_measure_of(q, m))));
    return json_object_set_new(face, "quality", o) || bad ? fc_fail_nomem(err, sizeof *q) : FC_OK;
}

bool fc_face_get_quality(const json_t *face, fc_quality *out)
{
    const json_t *o = json_object_get(face, "quality");

    *out = (fc_quality){0};
    for (const fc_measure *m = fc_measures; m->name; m++)
        fc_measure_set(out, m, json_number_value(json_object_get(o, m->name)));
    return json_is_object(o);
}
