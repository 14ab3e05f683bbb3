#include "base/grow.h"
#include "pipeline/record.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/error.h"
#include "base/json.h"
#include "base/outputs.h"
#include "base/size.h"
#include "base/text.h"

#define MAX_CROP_SIDE  4096
#define MAX_COORDINATE 1e9 /* an int holds it, and a few times it */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "records hold little-endian floats");

/* ---- writing ---- */

struct text {
    char *data; /* owned */
    size_t n, cap;
    bool too_long;
};

/* jansson's callback: 0, or -1 when it does not fit. */
static int text_add(const char *s, size_t n, void *arg)
{
    struct text *t = arg;

    if (n > FC_RECORD_MAX_LINE - t->n) {
        t->too_long = true;
        return -1;
    }
    if (n > t->cap - t->n && fc_grow(&t->data, t->n + n + (t->n ? 0 : 512), &t->cap, 1, NULL))
        return -1;
    memcpy(t->data + t->n, s, n);
    t->n += n;
    return 0;
}

static int add_leaf(struct text *t, const json_t *v)
{
    return json_dump_callback(v, text_add, t, JSON_ENCODE_ANY);
}

static int add_key(struct text *t, const char *key, size_t n)
{
    json_t *s = json_stringn_nocheck(key, n);
    int bad = !s || add_leaf(t, s) || text_add(":", 1, t);

    json_decref(s);
    return bad;
}

/* Walks the tree itself because jansson's JSON_REAL_PRECISION is one number for all. Depth is bounded by what
 * the parser accepts (JSON_PARSER_MAX_DEPTH). */
static int add_json(struct text *t, const json_t *v)
{
    char number[FC_NUMBER_SIZE];
    bool first = true;

    if (json_is_real(v)) {
        fc_text_number(number, json_real_value(v));
        return text_add(number, strlen(number), t);
    }
    if (json_is_object(v)) {
        const char *key;
        size_t n;
        json_t *e;
        if (text_add("{", 1, t))
            return -1;
        json_object_keylen_foreach((json_t *)v, key, n, e)
        {
            if ((!first && text_add(",", 1, t)) || add_key(t, key, n) || add_json(t, e))
                return -1;
            first = false;
        }
        return text_add("}", 1, t);
    }
    if (json_is_array(v)) {
        size_t i;
        json_t *e;
        if (text_add("[", 1, t))
            return -1;
        json_array_foreach(v, i, e)
        {
            if ((i && text_add(",", 1, t)) || add_json(t, e))
                return -1;
        }
        return text_add("]", 1, t);
    }
    return add_leaf(t, v);
}

fc_status fc_record_text(const fc_record *r, char **text, size_t *n, fc_error *err)
{
    struct text t = {0};

    *text = NULL;
    *n = 0;
    if (add_json(&t, r->json) || text_add("\n", 2, &t)) { /* with its NUL */
        free(t.data);
        if (t.too_long)
            return fc_fail(err, FC_ELIMIT, "a record of more than %u bytes", FC_RECORD_MAX_LINE);
        return fc_fail_nomem(err, t.n + 1);
    }
    *text = t.data;
    *n = t.n - 1;
    return FC_OK;
}

fc_status fc_record_write(const fc_record *r, FILE *f, fc_error *err)
{
    char *text;
    size_t n;
    fc_status s = fc_record_text(r, &text, &n, err);

    if (s)
        return s;
    if (fwrite(text, 1, n, f) != n)
        s = fc_fail_errno(err, "output");
    free(text);
    return s;
}

/* ---- checking what comes in ---- */

/* The first value that is not as the format says, for the message; all is well when want is NULL. */
struct fault {
    char where[64];
    const char *want;
};

static bool fault(struct fault *f, const char *want, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static bool fault(struct fault *f, const char *want, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(f->where, sizeof f->where, fmt, ap);
    va_end(ap);
    f->want = want;
    return false;
}

/* A string that C code may use: no NUL in it. */
static bool is_text(const json_t *v)
{
    return json_is_string(v) && strlen(json_string_value(v)) == json_string_length(v);
}

static bool is_number_in(const json_t *v, double min, double max)
{
    double d = json_number_value(v);
    return json_is_number(v) && d >= min && d <= max;
}

static bool is_integer_in(const json_t *v, json_int_t min, json_int_t max)
{
    return json_is_integer(v) && json_integer_value(v) >= min && json_integer_value(v) <= max;
}

static bool is_numbers(const json_t *v, size_t n)
{
    if (!json_is_array(v) || json_array_size(v) != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_number_in(json_array_get(v, i), -MAX_COORDINATE, MAX_COORDINATE))
            return false;
    return true;
}

static size_t base64_size(size_t n)
{
    return (n + 2) / 3 * 4;
}

static bool check_crop(const json_t *crop, size_t i, struct fault *f)
{
    const json_t *w = json_object_get(crop, "w"), *h = json_object_get(crop, "h"),
                 *rgb = json_object_get(crop, "rgb");

    if (!json_is_object(crop))
        return fault(f, "an object", "faces[%zu].crop", i);
    if (!is_integer_in(w, 1, MAX_CROP_SIDE) || !is_integer_in(h, 1, MAX_CROP_SIDE))
        return fault(f, "w and h from 1 to 4096", "faces[%zu].crop", i);
    size_t n = (size_t)json_integer_value(w) * (size_t)json_integer_value(h) * 3;
    if (!json_is_string(rgb) || json_string_length(rgb) != base64_size(n))
        return fault(f, "the base64 of w x h x 3 bytes", "faces[%zu].crop.rgb", i);
    return true;
}

static bool check_embedding(const json_t *e, size_t i, struct fault *f)
{
    const json_t *f32 = json_object_get(e, "f32");

    if (!json_is_object(e))
        return fault(f, "an object", "faces[%zu].embedding", i);
    if (!is_text(json_object_get(e, "model")))
        return fault(f, "a string", "faces[%zu].embedding.model", i);
    if (!json_is_string(f32) || json_string_length(f32) % 4 ||
        json_string_length(f32) < base64_size(sizeof(float)) ||
        json_string_length(f32) > base64_size(FC_MAX_DIM * sizeof(float)))
        return fault(f, "the base64 of 1 to 4096 float32", "faces[%zu].embedding.f32", i);
    return true;
}

static bool check_face(const json_t *face, size_t i, struct fault *f)
{
    const json_t *v, *point;
    size_t k;

    if (!json_is_object(face))
        return fault(f, "an object", "faces[%zu]", i);
    if ((v = json_object_get(face, "box")) && !is_numbers(v, 4))
        return fault(f, "four numbers", "faces[%zu].box", i);
    if ((v = json_object_get(face, "score")) && !is_number_in(v, 0, 1))
        return fault(f, "a number from 0 to 1", "faces[%zu].score", i);
    if ((v = json_object_get(face, "aligned")) && !json_is_boolean(v))
        return fault(f, "true or false", "faces[%zu].aligned", i);
    if ((v = json_object_get(face, "quality")) && !is_number_in(v, 0, 1))
        return fault(f, "a number from 0 to 1", "faces[%zu].quality", i);
    if ((v = json_object_get(face, "turn")) && (!is_integer_in(v, 0, 270) || json_integer_value(v) % 90))
        return fault(f, "0, 90, 180 or 270", "faces[%zu].turn", i);
    if ((v = json_object_get(face, "landmarks"))) {
        if (!json_is_array(v) || json_array_size(v) != 5)
            return fault(f, "five points", "faces[%zu].landmarks", i);
        json_array_foreach(v, k, point)
        {
            if (!is_numbers(point, 2))
                return fault(f, "two numbers", "faces[%zu].landmarks[%zu]", i, k);
        }
    }
    return (!(v = json_object_get(face, "crop")) || check_crop(v, i, f)) &&
           (!(v = json_object_get(face, "embedding")) || check_embedding(v, i, f));
}

static bool check_error(const json_t *e, struct fault *f)
{
    static const char *const fields[] = {"stage", "code", "message"};

    if (!json_is_object(e))
        return fault(f, "an object", "error");
    for (size_t i = 0; i < 3; i++)
        if (!is_text(json_object_get(e, fields[i])))
            return fault(f, "a string", "error.%s", fields[i]);
    return true;
}

static bool check_path(const json_t *o, struct fault *f)
{
    const json_t *src = json_object_get(o, "src"), *b64 = json_object_get(o, "src_b64");
    uint8_t *bytes;
    size_t n;

    if (src && b64)
        return fault(f, "one of src and src_b64", "src");
    if (src && !is_text(src))
        return fault(f, "a string without NUL", "src");
    if (!b64)
        return true;
    if (!json_is_string(b64) ||
        fc_base64_decode_alloc(&bytes, &n, json_string_value(b64), json_string_length(b64), "src_b64", NULL))
        return fault(f, "base64", "src_b64");
    bool nul = memchr(bytes, '\0', n);
    free(bytes);
    return nul ? fault(f, "a path without NUL", "src_b64") : true;
}

/* What a record says of the sample that it is. */
static bool check_sample(const json_t *o, struct fault *f)
{
    static const char *const numbers[] = {"face", "view"};
    const json_t *v = json_object_get(o, "sha256");
    uint8_t hash[32];

    if (v && (!is_text(v) || !fc_sha256_parse(hash, json_string_value(v))))
        return fault(f, "64 hexadecimal digits", "sha256");
    for (size_t i = 0; i < 2; i++)
        if ((v = json_object_get(o, numbers[i])) && !is_integer_in(v, 0, INT32_MAX))
            return fault(f, "an integer from 0 to 2147483647", "%s", numbers[i]);
    return true;
}

static bool check_record(const json_t *o, struct fault *f)
{
    static const char *const sizes[] = {"w", "h", "max_side", "frames"};
    const json_t *v, *face;
    size_t i;
    const char *key;
    json_t *ms;

    if (!check_path(o, f) || !check_sample(o, f))
        return false;
    for (i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if ((v = json_object_get(o, sizes[i])) && !is_integer_in(v, 1, (json_int_t)MAX_COORDINATE))
            return fault(f, "a positive integer", "%s", sizes[i]);
    if ((v = json_object_get(o, "damaged")) && !json_is_boolean(v))
        return fault(f, "true or false", "damaged");
    if ((v = json_object_get(o, "faces"))) {
        if (!json_is_array(v))
            return fault(f, "an array", "faces");
        json_array_foreach(v, i, face)
        {
            if (!check_face(face, i, f))
                return false;
        }
    }
    if ((v = json_object_get(o, "ms"))) {
        if (!json_is_object(v))
            return fault(f, "an object", "ms");
        json_object_foreach((json_t *)v, key, ms)
        {
            if (!json_is_number(ms))
                return fault(f, "numbers", "ms");
        }
    }
    return !(v = json_object_get(o, "error")) || check_error(v, f);
}

/* The picture is an input, although nobody may read it. */
static fc_status spare_source(const fc_record *r, const char *name, size_t line, fc_error *err)
{
    fc_error why;
    char *path;
    fc_status s = fc_record_get_path(r, &path, &why);

    if (s != FC_ENOMEM) /* what is no path names no output */
        s = path ? fc_outputs_spare_name(path, &why) : FC_OK;
    free(path);
    return s ? fc_fail(err, s, "%s:%zu: %s", name, line, why.message) : FC_OK;
}

fc_status fc_record_parse(fc_record *r, const char *text, size_t n, const char *name, size_t line,
                          fc_error *err)
{
    json_error_t je;
    struct fault f = {{0}, NULL};
    const json_t *v;
    json_t *o;
    fc_error why;
    fc_status s;

    *r = (fc_record){0};
    if (n > FC_RECORD_MAX_LINE)
        return fc_fail(err, FC_ELIMIT, "%s:%zu: a line of more than %u bytes", name, line,
                       FC_RECORD_MAX_LINE);
    s = fc_json_read(&o, text, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, FC_RECORD_MAX_MEMORY, &je, &why);
    if (s && s != FC_EFORMAT)
        return fc_fail(err, s, "%s:%zu: %s", name, line, why.message);
    if (s)
        return fc_fail(err, FC_ERECORD, "%s:%zu: not a record: %s (column %d)%s", name, line, je.text,
                       je.column,
                       json_error_code(&je) == json_error_premature_end_of_input
                           ? "; the line ends within it, and a record is one line (jq -c makes it one)"
                           : "");
    if (!json_is_object(o)) {
        json_decref(o);
        return fc_fail(err, FC_ERECORD, "%s:%zu: not a record: want a JSON object", name, line);
    }
    v = json_object_get(o, "v");
    if (!json_is_integer(v)) {
        json_decref(o);
        return fc_fail(err, FC_ERECORD, "%s:%zu: not a record: no version \"v\"", name, line);
    }
    if (json_integer_value(v) != 1) {
        long long version = json_integer_value(v);
        json_decref(o);
        return fc_fail(err, FC_ERECORD, "%s:%zu: a record of version %lld; this program knows 1", name, line,
                       version);
    }
    if (!check_record(o, &f)) {
        json_decref(o);
        return fc_fail(err, FC_ERECORD, "%s:%zu: %s: want %s", name, line, f.where, f.want);
    }
    r->json = o;
    if (fc_outputs_any()) {
        s = spare_source(r, name, line, err);
        if (s) {
            fc_record_clear(r);
            return s;
        }
    }
    return FC_OK;
}

/* ---- the record ---- */

fc_status fc_record_new(fc_record *r, const char *path, fc_error *err)
{
    json_t *o = json_object(), *src = json_string(path); /* NULL when not UTF-8 */
    const char *field = "src";
    int bad;

    *r = (fc_record){0};
    bad = json_object_set_new(o, "v", json_integer(1));
    if (!src) {
        char *b64 = fc_base64_encode(path, strlen(path));
        field = "src_b64";
        src = json_string(b64);
        free(b64);
    }
    bad |= json_object_set_new(o, field, src);
    if (bad) {
        json_decref(o);
        return fc_fail_nomem(err, strlen(path) + 1);
    }
    r->json = o;
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
