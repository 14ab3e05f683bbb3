#include "gallery/exchange_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/error.h"
#include "pipeline/record.h"
#include "gallery/alike.h"

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

fc_status fc_import_commit(fc_import *im, size_t *added, size_t *known, const fc_teller *tell, fc_error *err)
{
    *added = im->added;
    *known = im->known;
    if (!im->added && !im->known)
        return FC_OK; /* no gallery is made for that */
    fc_status s = fc_gallery_commit(im->g, err);

    im->begun = false;
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
