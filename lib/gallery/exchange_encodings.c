/* Encodings without records, as other programs store them. */
#include "gallery/exchange_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/error.h"
#include "base/json.h"
#include "base/npy_read.h"
#include "gallery/encodings_csv.h"
#include "match/similarity.h"

/* What bare encodings are of. */
struct kind {
    const char *contract;
    size_t dim;
};

/* What is said of a line, with its place. */
static fc_status say_where(fc_status s, const fc_error *why, const char *name, size_t line, fc_error *err)
{
    return fc_fail(err, s == FC_EFORMAT || s == FC_EUSAGE ? FC_ERECORD : s, "%s:%zu: %s", name, line,
                   why->message);
}

/* ---- lines of JSON ---- */

#define LINE_MEMORY ((size_t)64 << 20) /* that a line may become: some 300,000 numbers */

/* e [dim], which is scaled. */
static fc_status put_vector(fc_import *im, int64_t subject, const struct kind *k, float *e, fc_error *err)
{
    fc_sample s = {.subject = subject, .contract = k->contract, .dim = k->dim, .source = "", .quality = NAN};
    char hex[FC_SHA256_HEX];
    bool added = false;

    if (!fc_normalise(e, k->dim))
        return fc_fail(err, FC_ERECORD, "an encoding without direction (all zero, or not numbers)");
    fc_sha256_hex(hex, e, k->dim * sizeof *e);
    (void)fc_sha256_parse(s.content, hex);
    s.e = e;
    const fc_status st = fc_gallery_put_sample(im->g, &s, &added, err);
    im->added += !st && added;
    im->known += !st && !added;
    return st;
}

static fc_status find_person(fc_import *im, const char *name, int64_t *subject, fc_error *err)
{
    const fc_status s = fc_gallery_put_subject(im->g, name, subject, err);

    return s ? s : fc_ids_add(&im->people, *subject, err);
}

static fc_status put_encoding(fc_import *im, int64_t subject, const struct kind *k, const json_t *numbers,
                              fc_error *err)
{
    fc_status st;

    if (!json_is_array(numbers) || json_array_size(numbers) != k->dim)
        return fc_fail(err, FC_ERECORD, "want encodings of %zu numbers", k->dim);
    float *e = malloc(k->dim * sizeof *e);
    if (!e)
        return fc_fail_nomem(err, k->dim * sizeof *e);
    for (size_t i = 0; i < k->dim; i++) {
        const json_t *v = json_array_get(numbers, i);
        e[i] = json_is_number(v) ? (float)json_number_value(v) : NAN;
    }
    st = put_vector(im, subject, k, e, err);
    free(e);
    return st;
}

static fc_status put_encodings(fc_import *im, const struct kind *k, const json_t *o, fc_error *err)
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
    s = find_person(im, person, &subject, err);
    if (!s && one)
        return put_encoding(im, subject, k, one, err);
    for (size_t i = 0; !s && i < json_array_size(all); i++)
        s = put_encoding(im, subject, k, json_array_get(all, i), err);
    return s;
}

fc_status fc_import_encodings(fc_import *im, const char *contract, size_t dim, const char *text, size_t n,
                              const char *name, size_t line, fc_error *err)
{
    json_t *o = NULL;
    fc_error why;
    fc_status s = fc_json_read(&o, text, n, JSON_REJECT_DUPLICATES, LINE_MEMORY, NULL, &why);

    if (!s)
        s = put_encodings(im, &(struct kind){contract, dim}, o, &why);
    if (s)
        s = say_where(s, &why, name, line, err);
    json_decref(o);
    return s;
}

/* ---- tables ---- */

static fc_status no_encoding(const char *name, fc_error *err)
{
    return fc_fail(err, FC_ERECORD, "%s: no encoding in it", name);
}

fc_status fc_import_csv(fc_import *im, const char *contract, size_t dim, const uint8_t *text, size_t n,
                        const char *name, fc_error *err)
{
    const struct kind k = {contract, dim};
    char person[FC_NAME_MAX + 1];
    float *e = malloc(dim * sizeof *e);
    int64_t subject;
    bool none = true;
    fc_error why;
    fc_csv c;
    fc_status s = e ? FC_OK : fc_fail_nomem(&why, dim * sizeof *e);

    fc_csv_begin(&c, text, n);
    while (!s && !(s = fc_csv_encoding(&c, person, e, dim, &why)) &&
           !(s = find_person(im, person, &subject, &why))) {
        none = false;
        s = put_vector(im, subject, &k, e, &why);
    }
    free(e);
    if (s != FC_END)
        return say_where(s, &why, name, c.line, err);
    return none ? no_encoding(name, err) : FC_OK;
}

static fc_status put_row(fc_import *im, const struct kind *k, const fc_npy_table *t, size_t row,
                         const char *person, float *e, fc_error *err)
{
    int64_t subject;
    const fc_status s = find_person(im, person, &subject, err);

    if (s)
        return s;
    for (size_t i = 0; i < k->dim; i++)
        e[i] = (float)fc_npy_number(t, row, i);
    return put_vector(im, subject, k, e, err);
}

/* The row's name out of the list. */
static fc_status next_name(fc_csv *names, char person[FC_NAME_MAX + 1], const char *list, size_t row,
                           size_t rows, fc_error *err)
{
    fc_error why;
    const fc_status s = fc_csv_name(names, person, &why);

    if (s == FC_END)
        return fc_fail(err, FC_ERECORD, "%s: %zu names, and there are %zu rows", list, row, rows);
    return s ? say_where(s, &why, list, names->line, err) : FC_OK;
}

fc_status fc_import_npy(fc_import *im, const char *contract, size_t dim, const fc_import_array *a,
                        fc_error *err)
{
    const struct kind k = {contract, dim};
    char person[FC_NAME_MAX + 1];
    fc_npy_table t;
    fc_error why;
    fc_csv names;
    float *e;
    fc_status s = fc_npy_parse(&t, a->bytes, a->n, a->name, err);

    if (s)
        return s;
    if (t.columns != dim)
        return fc_fail(err, FC_ERECORD, "%s: rows of %zu numbers; want encodings of %zu", a->name, t.columns,
                       dim);
    if (!t.rows)
        return no_encoding(a->name, err);
    if (!(e = malloc(dim * sizeof *e)))
        return fc_fail_nomem(err, dim * sizeof *e);
    fc_csv_begin(&names, a->names, a->nnames);
    for (size_t row = 0; !s && row < t.rows; row++) {
        s = next_name(&names, person, a->list, row, t.rows, err);
        if (!s && (s = put_row(im, &k, &t, row, person, e, &why)))
            s = fc_fail(err, s == FC_EUSAGE ? FC_ERECORD : s, "%s: row %zu: %s", a->name, row + 1,
                        why.message);
    }
    if (!s && names.at < names.end)
        s = fc_fail(err, FC_ERECORD, "%s: more names than the %zu rows of %s", a->list, t.rows, a->name);
    free(e);
    return s;
}
