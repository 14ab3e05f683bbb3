#include "gallery/exchange.h"

#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/error.h"
#include "base/grow.h"
#include "base/json.h"
#include "base/npy.h"
#include "base/outputs.h"
#include "pipeline/record.h"
#include "base/text.h"
#include "gallery/ids.h"

struct person {
    int64_t id;
    char *name, *meta; /* owned */
};

struct export
{
    fc_gallery *g;
    const fc_export_options *opt;
    struct person *person; /* [n], by rising id */
    size_t n, cap;
    fc_ids wanted; /* as far as opt names any */
    fc_npy *array;
};

static fc_status take_person(void *ctx, const fc_subject *s, fc_error *err)
{
    struct export *e = ctx;
    struct person *p;

    if (e->opt->n && !fc_ids_has(&e->wanted, s->id))
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

static fc_status describe(fc_record *rec, const struct person *p, const fc_sample *s, fc_error *err)
{
    char hex[FC_SHA256_HEX];
    json_t *meta;
    bool bad =
        fc_json_read(&meta, p->meta, strlen(p->meta), 0, FC_RECORD_MAX_MEMORY, NULL, NULL) == FC_ENOMEM;

    hex_of(hex, s->content);
    if (!*s->source)
        json_object_del(rec->json, "src");
    bad |= json_object_set_new(rec->json, "id", json_string(p->name));
    bad |= json_object_set_new(rec->json, "sha256", json_string(hex));
    bad |= json_object_set_new(rec->json, "face", json_integer(s->face));
    bad |= json_object_set_new(rec->json, "view", json_integer(s->view));
    bad |= json_object_set(rec->json, "meta", meta);
    json_decref(meta);
    return bad ? fc_fail_nomem(err, 0) : FC_OK;
}

static fc_status write_record(const struct export *e, const struct person *p, const fc_sample *s,
                              fc_error *err)
{
    fc_record rec = {0};
    json_t *face = json_object();
    fc_status st = fc_record_new(&rec, s->source, err);

    if (!st)
        st = describe(&rec, p, s, err);
    if (!st && !isnan(s->quality) && json_object_set_new(face, "quality", json_real(s->quality)))
        st = fc_fail_nomem(err, 0);
    if (!st)
        st = fc_face_set_embedding(face, s->contract, s->e, s->dim, err);
    if (!st && json_object_set_new(rec.json, "faces", json_pack("[O]", face)))
        st = fc_fail_nomem(err, 0);
    if (!st)
        st = fc_record_write(&rec, e->opt->to, err);
    fc_record_clear(&rec);
    json_decref(face);
    return st;
}

/* source: escaped. */
static void write_row(const struct export *e, const char *name, const fc_sample *s, const char *source)
{
    FILE *f = e->opt->to;
    char hex[FC_SHA256_HEX], quality[FC_NUMBER_SIZE] = "";

    hex_of(hex, s->content);
    if (isfinite(s->quality))
        fc_text_number(quality, s->quality);
    fc_text_put(f, name, strlen(name));
    fprintf(f, "\t%s\t%d\t%d\t%s\t%s\n", source, s->face, s->view, quality, hex);
}

static fc_status add_to_array(struct export *e, const char *name, const fc_sample *s, const char *source,
                              fc_error *err)
{
    char *shown = fc_text_escape(name, strlen(name));
    char *both = shown ? fc_text_format("%s\t%s", shown, source) : NULL;
    fc_status st = both ? fc_npy_add(e->array, s->e, s->dim, both, (size_t)s->face, "", err)
                        : fc_fail_nomem(err, strlen(name) + strlen(source) + 2);

    free(shown);
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
    if (e->opt->format == FC_EXPORT_RECORDS)
        return write_record(e, p, s, err);
    char *source = fc_text_escape(s->source, strlen(s->source));
    st = source ? FC_OK : fc_fail_nomem(err, strlen(s->source) + 1);
    if (!st && e->opt->format == FC_EXPORT_NPY)
        st = add_to_array(e, p->name, s, source, err);
    else if (!st)
        write_row(e, p->name, s, source);
    free(source);
    return st;
}

/* Nobody is forgotten silently. */
static fc_status find_people(struct export *e, fc_error *err)
{
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < e->opt->n; i++) {
        int64_t id;
        s = fc_gallery_find(e->g, e->opt->names[i], &id, err);
        if (!s)
            s = fc_ids_add(&e->wanted, id, err);
    }
    fc_ids_sort(&e->wanted);
    return s;
}

static fc_status export_all(struct export *e, fc_error *err)
{
    const fc_export_options *o = e->opt;
    fc_gallery_info info;
    fc_status s = fc_gallery_get_info(e->g, &info, err);

    if (!s)
        s = find_people(e, err);
    if (!s)
        s = fc_gallery_each_subject(e->g, false, take_person, e, err);
    if (!s && o->format == FC_EXPORT_NPY)
        s = fc_npy_open(&e->array, o->path, info.dim ? (int)info.dim : 1, err);
    if (!s && o->format == FC_EXPORT_TSV)
        fputs("id\tsrc\tface\tview\tquality\tsha256\n", o->to);
    if (!s)
        s = fc_gallery_each_sample(e->g, 0, o->format != FC_EXPORT_TSV, write_sample, e, err);
    return s;
}

fc_status fc_gallery_export(fc_gallery *g, const fc_export_options *opt, fc_error *err)
{
    struct export e = {.g = g, .opt = opt};
    fc_status s = fc_gallery_begin(g, false, err);

    if (s)
        return s;
    s = export_all(&e, err);
    fc_gallery_rollback(g); /* nothing was written */
    if (e.array && s)
        fc_npy_discard(e.array);
    else if (e.array)
        s = fc_npy_commit(e.array, err);
    for (size_t i = 0; i < e.n; i++) {
        free(e.person[i].name);
        free(e.person[i].meta);
    }
    free(e.person);
    fc_ids_clear(&e.wanted);
    return s;
}
