#include "gallery/exchange.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/error.h"
#include "base/json.h"
#include "match/similarity.h"
#include "pipeline/record.h"
#include "gallery/alike.h"

struct fc_import {
    fc_gallery *g;
    bool begun; /* a transaction, which is not ended yet */
    size_t added, known;
    fc_ids people;
};

/* 0 where there is none; parsing checked its range. */
static int number_of(const json_t *o, const char *key)
{
    return (int)json_integer_value(json_object_get(o, key));
}

static fc_status put_face(fc_import *im, const fc_record *rec, int64_t subject, const char *source,
                          fc_error *err)
{
    const json_t *face = fc_record_face(rec, 0), *quality = json_object_get(face, "quality");
    const char *hex = json_string_value(json_object_get(rec->json, "sha256"));
    fc_sample s = {.subject = subject, .source = source, .quality = NAN};
    char own_hex[FC_SHA256_HEX];
    float *e;
    bool added = false;
    fc_status st = fc_face_get_embedding(face, &s.contract, &e, &s.dim, err);

    if (st)
        return st;
    if (!json_is_number(quality))
        quality = json_object_get(face, "score");
    if (json_is_number(quality))
        s.quality = json_number_value(quality);
    s.e = e;
    s.face = number_of(rec->json, "face");
    s.view = number_of(rec->json, "view");
    if (!hex) {
        fc_sha256_hex(own_hex, e, s.dim * sizeof *e);
        hex = own_hex;
    }
    (void)fc_sha256_parse(s.content, hex); /* parsing checked it */
    st = fc_gallery_put_sample(im->g, &s, &added, err);
    im->added += !st && added;
    im->known += !st && !added;
    free(e);
    return st;
}

static fc_status put_meta(fc_import *im, int64_t subject, const json_t *meta, fc_error *err)
{
    char *text = json_object_size(meta) ? json_dumps(meta, JSON_COMPACT) : NULL;
    fc_status s = FC_OK;

    if (json_object_size(meta))
        s = text ? fc_gallery_set_meta(im->g, subject, text, err) : fc_fail_nomem(err, 0);
    free(text);
    return s;
}

static fc_status put_record(fc_import *im, const fc_record *rec, fc_error *err)
{
    const char *name = json_string_value(json_object_get(rec->json, "id"));
    const json_t *meta = json_object_get(rec->json, "meta");
    char *source = NULL;
    int64_t subject;
    fc_status s;

    if (!name || fc_record_face_count(rec) == 0)
        return fc_fail(err, FC_ERECORD, "no %s", name ? "face" : "\"id\"");
    s = fc_record_one_face(rec, err);
    if (!s && meta && !json_is_object(meta))
        s = fc_fail(err, FC_ERECORD, "meta: want an object");
    if (!s)
        s = fc_record_get_path(rec, &source, err);
    if (!s)
        s = fc_gallery_put_subject(im->g, name, &subject, err);
    if (!s)
        s = fc_ids_add(&im->people, subject, err);
    if (!s)
        s = put_meta(im, subject, meta, err);
    if (!s)
        s = put_face(im, rec, subject, source ? source : "", err);
    free(source);
    return s;
}

fc_status fc_import_new(fc_import **out, fc_gallery *g, fc_error *err)
{
    fc_import *im = calloc(1, sizeof *im);
    fc_status s = im ? fc_gallery_begin(g, true, err) : fc_fail_nomem(err, sizeof *im);

    *out = NULL;
    if (s) {
        free(im);
        return s;
    }
    *im = (fc_import){.g = g, .begun = true};
    *out = im;
    return FC_OK;
}

fc_status fc_import_line(fc_import *im, const char *text, size_t n, const char *name, size_t line,
                         fc_error *err)
{
    fc_record rec;
    fc_error why;
    fc_status s = fc_record_parse(&rec, text, n, name, line, err);

    if (!s && put_record(im, &rec, &why))
        s = fc_fail(err, why.status == FC_EUSAGE ? FC_ERECORD : why.status, "%s:%zu: %s", name, line,
                    why.message);
    fc_record_clear(&rec);
    return s;
}

/* ---- bare encodings ---- */

#define LINE_MEMORY ((size_t)64 << 20) /* that a line may become: some 300,000 numbers */

static fc_status put_encoding(fc_import *im, int64_t subject, const char *contract, size_t dim,
                              const json_t *numbers, fc_error *err)
{
    fc_sample s = {.subject = subject, .contract = contract, .dim = dim, .source = "", .quality = NAN};
    char hex[FC_SHA256_HEX];
    bool added = false;
    fc_status st;

    if (!json_is_array(numbers) || json_array_size(numbers) != dim)
        return fc_fail(err, FC_ERECORD, "want encodings of %zu numbers", dim);
    float *e = malloc(dim * sizeof *e);
    if (!e)
        return fc_fail_nomem(err, dim * sizeof *e);
    for (size_t i = 0; i < dim; i++) {
        const json_t *v = json_array_get(numbers, i);
        e[i] = json_is_number(v) ? (float)json_number_value(v) : NAN;
    }
    if (!fc_normalise(e, dim)) {
        st = fc_fail(err, FC_ERECORD, "an encoding without direction (all zero, or not numbers)");
    } else {
        fc_sha256_hex(hex, e, dim * sizeof *e);
        (void)fc_sha256_parse(s.content, hex);
        s.e = e;
        st = fc_gallery_put_sample(im->g, &s, &added, err);
        im->added += !st && added;
        im->known += !st && !added;
    }
    free(e);
    return st;
}

static fc_status put_encodings(fc_import *im, const char *contract, size_t dim, const json_t *o,
                               fc_error *err)
{
    const json_t *v = json_object_get(o, "v"), *one = json_object_get(o, "encoding"),
                 *all = json_object_get(o, "descriptors");
    const char *person = json_string_value(json_object_get(o, one ? "id" : "label"));
    int64_t subject;
    fc_status s;

    if (!json_is_integer(v) || json_integer_value(v) != 1)
        return fc_fail(err, FC_ERECORD, "no version \"v\": 1");
    if (!person || (one ? all != NULL : json_array_size(all) == 0))
        return fc_fail(err, FC_ERECORD, "want \"id\" and \"encoding\", or \"label\" and \"descriptors\"");
    s = fc_gallery_put_subject(im->g, person, &subject, err);
    if (!s)
        s = fc_ids_add(&im->people, subject, err);
    if (!s && one)
        return put_encoding(im, subject, contract, dim, one, err);
    for (size_t i = 0; !s && i < json_array_size(all); i++)
        s = put_encoding(im, subject, contract, dim, json_array_get(all, i), err);
    return s;
}

fc_status fc_import_encodings(fc_import *im, const char *contract, size_t dim, const char *text, size_t n,
                              const char *name, size_t line, fc_error *err)
{
    json_t *o = NULL;
    fc_error why;
    fc_status s = fc_json_read(&o, text, n, JSON_REJECT_DUPLICATES, LINE_MEMORY, NULL, &why);

    if (!s)
        s = put_encodings(im, contract, dim, o, &why);
    if (s)
        s = fc_fail(err, s == FC_EFORMAT || s == FC_EUSAGE ? FC_ERECORD : s, "%s:%zu: %s", name, line,
                    why.message);
    json_decref(o);
    return s;
}

fc_status fc_import_commit(fc_import *im, size_t *added, size_t *known, const fc_teller *tell, fc_error *err)
{
    fc_status s = fc_gallery_commit(im->g, err);

    im->begun = false;
    *added = im->added;
    *known = im->known;
    return s ? s : fc_alike_warn_in(im->g, &im->people, tell, err);
}

void fc_import_free(fc_import *im)
{
    if (!im)
        return;
    if (im->begun)
        fc_gallery_rollback(im->g);
    fc_ids_clear(&im->people);
    free(im);
}
