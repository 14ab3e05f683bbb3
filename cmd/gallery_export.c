#include "alike.h"
#include "gallery_export.h"

#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/error.h"
#include "base/grow.h"
#include "base/json.h"
#include "base/outputs.h"
#include "pipeline/record.h"
#include "base/text.h"
#include "items.h"
#include "output.h"

/* ---- out ---- */

struct person {
    int64_t id;
    char *name, *meta; /* owned */
};

struct export
{
    fc_gallery *g;
    export_format format;
    struct person *person; /* [n], by rising id */
    size_t n, cap;
    char **names; /* of those who are wanted; NULL: all */
    int64_t *ids; /* [nnames]; owned */
    int nnames;
    npy *array;
};

static bool is_wanted(const struct export *e, int64_t id)
{
    for (int i = 0; i < e->nnames; i++)
        if (e->ids[i] == id)
            return true;
    return e->nnames == 0;
}

static fc_status take_person(void *ctx, const fc_subject *s, fc_error *err)
{
    struct export *e = ctx;
    struct person *p;

    if (!is_wanted(e, s->id))
        return FC_OK;
    fc_status grown = fc_grow(&e->person, e->n + 1, &e->cap, sizeof *e->person, err);
    if (grown)
        return grown;
    p = &e->person[e->n++];
    *p = (struct person){s->id, strdup(s->name), strdup(s->meta)};
    return p->name && p->meta ? FC_OK : fc_fail_nomem(err, strlen(s->name) + 1);
}

static int by_id(const void *key, const void *element)
{
    const int64_t id = *(const int64_t *)key, other = ((const struct person *)element)->id;
    return id < other ? -1 : id > other;
}

static void hex_of(char hex[FC_SHA256_HEX], const uint8_t content[32])
{
    sodium_bin2hex(hex, FC_SHA256_HEX, content, 32);
}

static fc_status write_record(const struct person *p, const fc_sample *s, fc_error *err)
{
    fc_record rec = {0};
    char hex[FC_SHA256_HEX];
    json_t *face = json_object(), *meta;
    fc_status st = fc_record_new(&rec, s->source, err);
    int bad = fc_json_read(&meta, p->meta, strlen(p->meta), 0, FC_RECORD_MAX_MEMORY, NULL, NULL) == FC_ENOMEM;

    hex_of(hex, s->content);
    if (!st) {
        if (!*s->source)
            json_object_del(rec.json, "src");
        bad |= json_object_set_new(rec.json, "id", json_string(p->name));
        bad |= json_object_set_new(rec.json, "sha256", json_string(hex));
        bad |= json_object_set_new(rec.json, "face", json_integer(s->face));
        bad |= json_object_set_new(rec.json, "view", json_integer(s->view));
        bad |= json_object_set(rec.json, "meta", meta);
        if (!isnan(s->quality))
            bad |= json_object_set_new(face, "quality", json_real(s->quality));
        st = fc_face_set_embedding(face, s->contract, s->e, s->dim, err);
    }
    if (!st && (bad || json_object_set_new(rec.json, "faces", json_pack("[O]", face))))
        st = fc_fail_nomem(err, 0);
    if (!st)
        st = fc_record_write(&rec, stdout, err);
    fc_record_clear(&rec);
    json_decref(face);
    json_decref(meta);
    return st;
}

static fc_status write_row(struct export *e, const char *name, const fc_sample *s, const char *source,
                           fc_error *err)
{
    char *both, hex[FC_SHA256_HEX];
    fc_status st;

    if (e->format == EXPORT_TSV) {
        hex_of(hex, s->content);
        fc_text_put(stdout, name, strlen(name));
        put_text(source);
        printf("\t%d\t%d", s->face, s->view);
        put_number(s->quality);
        put_text(hex);
        putchar('\n');
        return FC_OK;
    }
    char *shown = fc_text_escape(name, strlen(name));
    const int n = shown ? asprintf(&both, "%s\t%s", shown, source) : -1;
    free(shown);
    if (n < 0)
        return fc_fail_nomem(err, 0);
    st = npy_add(e->array, s->e, s->dim, both, (size_t)s->face, err);
    free(both);
    return st;
}

static fc_status write_sample(void *ctx, const fc_sample *s, fc_error *err)
{
    struct export *e = ctx;
    const struct person *p = e->n ? bsearch(&s->subject, e->person, e->n, sizeof *p, by_id) : NULL;
    fc_status st;

    if (!p)
        return FC_OK;
    if (*s->source && (st = fc_outputs_spare_name(s->source, err)))
        return st;
    if (e->format == EXPORT_RECORDS)
        return write_record(p, s, err);
    char *source = fc_text_escape(s->source, strlen(s->source));
    st = source ? write_row(e, p->name, s, source, err) : fc_fail_nomem(err, 0);
    free(source);
    return st;
}

/* Nobody is forgotten silently. */
static fc_status find_people(struct export *e, fc_error *err)
{
    fc_status s = FC_OK;

    e->ids = calloc((size_t)e->nnames + 1, sizeof *e->ids);
    if (!e->ids)
        return fc_fail_nomem(err, (size_t)e->nnames * sizeof *e->ids);
    for (int i = 0; !s && i < e->nnames; i++)
        s = fc_gallery_find(e->g, e->names[i], &e->ids[i], err);
    return s;
}

static fc_status export_all(struct export *e, const char *path, fc_error *err)
{
    fc_gallery_info info;
    fc_status s = fc_gallery_get_info(e->g, &info, err);

    if (!s)
        s = find_people(e, err);
    if (!s)
        s = fc_gallery_each_subject(e->g, false, take_person, e, err);
    if (!s && e->format == EXPORT_NPY)
        s = npy_open(&e->array, path, info.dim ? (int)info.dim : 1, err);
    if (!s && e->format == EXPORT_TSV)
        fputs("id\tsrc\tface\tview\tquality\tsha256\n", stdout);
    if (!s)
        s = fc_gallery_each_sample(e->g, 0, e->format != EXPORT_TSV, write_sample, e, err);
    return s;
}

fc_status gallery_export(fc_gallery *g, export_format format, const char *path, char **names, int n,
                         fc_error *err)
{
    struct export e = {.g = g, .format = format, .names = names, .nnames = n};
    fc_status s = fc_gallery_begin(g, false, err);

    if (s)
        return s;
    s = export_all(&e, path, err);
    fc_gallery_rollback(g); /* nothing was written */
    if (e.array && s)
        npy_discard(e.array);
    else if (e.array)
        s = npy_commit(e.array, err);
    for (size_t i = 0; i < e.n; i++) {
        free(e.person[i].name);
        free(e.person[i].meta);
    }
    free(e.person);
    free(e.ids);
    return s;
}

/* ---- in ---- */

struct import {
    size_t added, known;
    touched people;
};

static fc_status no_sample(const fc_input *in, const char *what, fc_error *err)
{
    return fc_fail(err, FC_ERECORD, "%s:%zu: no %s", in->path, in->line, what);
}

/* Parsing checked its range. */
static int number_in(const json_t *o, const char *key, int otherwise)
{
    const json_t *v = json_object_get(o, key);
    return v ? (int)json_integer_value(v) : otherwise;
}

static fc_status put_face(fc_gallery *g, const fc_record *rec, size_t i, int64_t subject, const char *source,
                          bool *added, fc_error *err)
{
    const json_t *face = fc_record_face(rec, i), *quality = json_object_get(face, "quality");
    const char *hex = json_string_value(json_object_get(rec->json, "sha256"));
    fc_sample s = {.subject = subject, .source = source, .quality = NAN};
    char own_hex[FC_SHA256_HEX];
    float *e;
    fc_status st = fc_face_get_embedding(face, &s.contract, &e, &s.dim, err);

    if (st)
        return st;
    if (!json_is_number(quality))
        quality = json_object_get(face, "score");
    if (json_is_number(quality))
        s.quality = json_number_value(quality);
    s.e = e;
    s.face = number_in(rec->json, "face", (int)i);
    s.view = number_in(rec->json, "view", 0);
    if (!hex) {
        fc_sha256_hex(own_hex, e, s.dim * sizeof *e);
        hex = own_hex;
    }
    (void)fc_sha256_parse(s.content, hex); /* parsing checked it */
    st = fc_gallery_put_sample(g, &s, added, err);
    free(e);
    return st;
}

static fc_status put_record(fc_gallery *g, const fc_input *in, const fc_record *rec, struct import *all,
                            fc_error *err)
{
    const char *name = json_string_value(json_object_get(rec->json, "id"));
    const json_t *meta = json_object_get(rec->json, "meta");
    char *source = record_path_or_end(rec),
         *text = json_is_object(meta) ? json_dumps(meta, JSON_COMPACT) : NULL;
    int64_t subject;
    fc_error why;
    fc_status s;

    if (!name || fc_record_face_count(rec) == 0) {
        s = no_sample(in, name ? "face" : "\"id\"", err);
        goto out;
    }
    s = fc_record_one_face(rec, &why);
    if (!s && meta && !json_is_object(meta))
        s = fc_fail(&why, FC_ERECORD, "meta: want an object");
    if (!s)
        s = fc_gallery_put_subject(g, name, &subject, &why);
    if (!s)
        s = touched_add(&all->people, subject, &why);
    if (!s && text && json_object_size(meta))
        s = fc_gallery_set_meta(g, subject, text, &why);
    if (!s) {
        bool new = false;
        s = put_face(g, rec, 0, subject, source ? source : "", &new, &why);
        all->added += !s && new;
        all->known += !s && !new;
    }
    if (s)
        s = fc_fail(err, s == FC_EUSAGE ? FC_ERECORD : s, "%s:%zu: %s", in->path, in->line, why.message);
out:
    free(source);
    free(text);
    return s;
}

static fc_status put_input(fc_gallery *g, const fc_input *in, struct import *all, fc_error *err)
{
    fc_record rec;
    fc_status s;

    if (in->kind != FC_INPUT_LINE)
        return fc_input_no_records(in, "fc-enroll takes pictures", err);
    s = fc_record_parse(&rec, (const char *)in->data.data, in->data.n, in->path, in->line, err);
    if (!s)
        s = put_record(g, in, &rec, all, err);
    fc_record_clear(&rec);
    return s;
}

fc_status gallery_import(fc_gallery *g, fc_source *in, size_t *added, size_t *known, fc_error *err)
{
    struct import all = {0};
    fc_input one;
    fc_status s = fc_gallery_begin(g, true, err);

    if (s)
        return s;
    while (!s && !(s = fc_source_next(in, &one, err))) {
        s = put_input(g, &one, &all, err);
        fc_input_clear(&one);
    }
    if (s == FC_END)
        s = fc_gallery_commit(g, err);
    else
        fc_gallery_rollback(g);
    if (!s)
        s = alike_warn_in(g, &all.people, err);
    *added = all.added;
    *known = all.known;
    touched_clear(&all.people);
    return s;
}
