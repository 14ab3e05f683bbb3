#include "pipeline/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/error.h"
#include "base/json.h"
#include "base/outputs.h"
#include "embed/background.h"
#include "quality/measures.h"

#define MAX_CROP_SIDE  4096
#define MAX_TRACK      9007199254740991 /* JSON's numbers are exact up to there */
#define MAX_COORDINATE 1e9              /* an int holds it, and a few times it */

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

/* What was done with it; where nothing was, there is no word. */
static bool is_background(const json_t *v)
{
    if (!is_text(v))
        return false;
    for (int i = FC_BACKGROUND_KEEP + 1; fc_background_names[i]; i++)
        if (!strcmp(json_string_value(v), fc_background_names[i]))
            return true;
    return false;
}

static bool check_crop(const json_t *crop, size_t i, struct fault *f)
{
    const json_t *w = json_object_get(crop, "w"), *h = json_object_get(crop, "h"),
                 *rgb = json_object_get(crop, "rgb"), *background = json_object_get(crop, "background");

    if (!json_is_object(crop))
        return fault(f, "an object", "faces[%zu].crop", i);
    if (!is_integer_in(w, 1, MAX_CROP_SIDE) || !is_integer_in(h, 1, MAX_CROP_SIDE))
        return fault(f, "w and h from 1 to 4096", "faces[%zu].crop", i);
    size_t n = (size_t)json_integer_value(w) * (size_t)json_integer_value(h) * 3;
    if (!json_is_string(rgb) || json_string_length(rgb) != base64_size(n))
        return fault(f, "the base64 of w x h x 3 bytes", "faces[%zu].crop.rgb", i);
    if (background && !is_background(background))
        return fault(f, "the name of a change", "faces[%zu].crop.background", i);
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

/* What was measured, or one number, of a sample. */
static bool check_quality(const json_t *q, size_t i, struct fault *f)
{
    if (!json_is_object(q))
        return is_number_in(q, 0, 1) || fault(f, "a number from 0 to 1", "faces[%zu].quality", i);
    if (!is_integer_in(json_object_get(q, "v"), 1, 1))
        return fault(f, "version 1", "faces[%zu].quality.v", i);
    for (const fc_measure *m = fc_measures; m->name; m++)
        if (!is_number_in(json_object_get(q, m->name), m->min, m->max))
            return fault(f, "a number in its range", "faces[%zu].quality.%s", i, m->name);
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
    if ((v = json_object_get(face, "cluster")) && !json_is_null(v) && !is_integer_in(v, 1, FC_TABLE_MAX_ROWS))
        return fault(f, "a number from 1 up, or null", "faces[%zu].cluster", i);
    if ((v = json_object_get(face, "track")) && !json_is_null(v) && !is_integer_in(v, 1, MAX_TRACK))
        return fault(f, "a number from 1 up, or null", "faces[%zu].track", i);
    return (!(v = json_object_get(face, "quality")) || check_quality(v, i, f)) &&
           (!(v = json_object_get(face, "crop")) || check_crop(v, i, f)) &&
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

/* Where in a video the picture is from. */
static bool check_frame(const json_t *o, struct fault *f)
{
    static const char *const seconds[] = {"pts", "time"};
    static const char *const counts[] = {"frame", "dropped"};
    static const char *const names[] = {"camera", "video"};
    const json_t *v;

    for (size_t i = 0; i < 2; i++)
        if ((v = json_object_get(o, counts[i])) && !is_integer_in(v, 0, INT64_MAX))
            return fault(f, "an integer of at least 0", "%s", counts[i]);
    for (size_t i = 0; i < 2; i++)
        if ((v = json_object_get(o, seconds[i])) && !is_number_in(v, -1e12, 1e12))
            return fault(f, "a number of seconds", "%s", seconds[i]);
    for (size_t i = 0; i < 2; i++)
        if ((v = json_object_get(o, names[i])) && !is_text(v))
            return fault(f, "a string", "%s", names[i]);
    return true;
}

static bool check_gap(const json_t *o, const json_t *gap, struct fault *f)
{
    static const char *const seconds[] = {"from", "to"};
    const json_t *v;

    if (!json_is_object(gap))
        return fault(f, "an object", "gap");
    for (size_t i = 0; i < 2; i++)
        if (((v = json_object_get(gap, seconds[i])) || i == 0) && !is_number_in(v, -1e12, 1e12))
            return fault(f, "a number of seconds", "gap.%s", seconds[i]);
    if (!is_integer_in(json_object_get(gap, "attempts"), 0, INT64_MAX))
        return fault(f, "an integer of at least 0", "gap.attempts");
    if (!is_text(json_object_get(gap, "message")))
        return fault(f, "a string", "gap.message");
    return !(json_object_get(o, "faces") || json_object_get(o, "error")) ||
           fault(f, "neither faces nor an error beside it", "gap");
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
    if (!check_frame(o, f) || ((v = json_object_get(o, "gap")) && !check_gap(o, v, f)))
        return false;
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
