#include "pipeline/cached.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/codec.h"
#include "base/error.h"
#include "base/text.h"
#include "pipeline/cache.h"
#include "pipeline/item.h"
#include "pipeline/record.h"
#include "pipeline/stages_impl.h"

/* Member of a kept record: what the item had beside it. */
#define BESIDE "cache"

static const char *const names[] = {"v", "src", "src_b64", "ms", "engine", "error", BESIDE};

static bool is_of_the_run(const char *key)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(key, names[i]))
            return true;
    return false;
}

/* The message behind "NAME: "; NULL: it does not begin so, or may have been cut. */
static const char *behind(const char *message, const char *name)
{
    const size_t n = name ? strlen(name) : 0;

    if (!name || strncmp(message, name, n) != 0 || strncmp(message + n, ": ", 2) != 0 ||
        strlen(message) >= sizeof((fc_error *)0)->message - 1)
        return NULL;
    return message + n + 2;
}

/* What is wrong with the bytes, whoever reads them. FC_EUNSUPPORTED may be for want of a module, which is installed later. */
static bool is_of_the_bytes(fc_status s)
{
    return s == FC_EEMPTY || s == FC_EFORMAT || s == FC_ETRUNCATED || s == FC_ECORRUPT || s == FC_EFACES;
}

/* ---- what is put ---- */

static json_t *times_of(const fc_item *it)
{
    json_t *all = json_array();

    for (int k = 0; all && k < MS_KINDS; k++)
        if (json_array_append_new(all, json_real(it->ms[k]))) {
            json_decref(all);
            all = NULL;
        }
    return all;
}

static fc_status add_beside(json_t *to, const fc_stages *s, const fc_item *it, const char *note,
                            const char *fault, fc_error *err)
{
    const char *engine = it->ms[MS_EMBED] > 0 && s->embedder[0] ? fc_embedder_engine(s->embedder[0]) : NULL;
    const char *stage = json_string_value(json_object_get(json_object_get(it->rec.json, "error"), "stage"));
    json_t *beside = json_pack("{s:I, s:b, s:o, s:s*, s:s*}", "found", (json_int_t)it->found, "looked",
                               it->looked, "ms", times_of(it), "engine", engine, "note", note);

    if (beside && fault &&
        json_object_set_new(beside, "fault",
                            json_pack("{s:s, s:s, s:s}", "stage", stage, "code",
                                      fc_status_name(it->fault.status), "message", fault))) {
        json_decref(beside);
        beside = NULL;
    }
    return json_object_set_new(to, BESIDE, beside) ? fc_fail_nomem(err, 0) : FC_OK;
}

/* The record of what it was made of, without what is of this run. */
static fc_status make_entry(fc_record *out, const fc_stages *s, const fc_item *it, const char *note,
                            const char *fault, fc_error *err)
{
    const char *key;
    json_t *value;
    fc_status st = fc_record_new(out, "-", err);

    json_object_foreach(it->rec.json, key,
                        value) if (!st && !is_of_the_run(key) && json_object_set(out->json, key, value)) st =
        fc_fail_nomem(err, 0);
    if (!st && !fc_record_has_faces(out) && json_object_set_new(out->json, "faces", json_array()))
        st = fc_fail_nomem(err, 0); /* it failed before: a record has faces or an error */
    return st ? st : add_beside(out->json, s, it, note, fault, err);
}

static fc_status put(const fc_stages *s, fc_cache *c, const fc_item *it, fc_error *err)
{
    const char *note = NULL, *fault = NULL;
    char again[FC_SHA256_HEX], *shown = fc_record_display_path(&it->rec), *text = NULL;
    fc_record entry = {0};
    size_t n;
    fc_status st = FC_OK;

    if (it->note)
        note = behind(it->note, shown);
    if (it->failed && it->failed_here && it->ms[MS_EMBED] <= 0 && is_of_the_bytes(it->fault.status))
        fault = behind(it->fault.message, it->in.path);
    free(shown);
    if ((it->note && !note) || (it->failed && !fault))
        return FC_OK;
    /* it might have been written to since it was hashed */
    if (fc_sha256_file(again, it->in.path, NULL) || strcmp(again, it->sha256) != 0)
        return FC_OK;
    st = make_entry(&entry, s, it, note, fault, err);
    if (!st)
        st = fc_record_text(&entry, &text, &n, err);
    if (!st)
        st = fc_cache_put(c, it->sha256, text, n, err);
    free(text);
    fc_record_clear(&entry);
    return st == FC_ELIMIT ? FC_OK : st; /* a record that is written may be longer than one that is kept */
}

/* ---- what is got ---- */

/* Whether this run could have made it: all faces have embeddings of this contract, and no more are there than are looked for. */
static bool is_ours(const fc_stages *s, const fc_item *it, const fc_record *entry, const json_t *beside)
{
    const json_t *ms = json_object_get(beside, "ms"), *fault = json_object_get(beside, "fault");
    const size_t n = fc_record_face_count(entry);
    bool ok = json_is_integer(json_object_get(beside, "found")) && json_array_size(ms) == MS_KINDS &&
              fc_record_has_faces(entry) && n <= (size_t)s->plan.detect->detect.max_faces &&
              (it->choice == FC_FACES_ALL || n <= 1) && (!fault || !n);

    for (size_t k = 0; ok && k < MS_KINDS; k++)
        ok = json_is_number(json_array_get(ms, k));
    if (ok && fault)
        ok = json_string_value(json_object_get(fault, "stage")) &&
             json_string_value(json_object_get(fault, "message")) &&
             is_of_the_bytes(fc_status_named(json_string_value(json_object_get(fault, "code"))));
    for (size_t i = 0; ok && i < n; i++) {
        const char *contract;
        size_t dim;
        float *e = NULL;
        fc_face face;
        ok = !fc_record_get_face(entry, i, &face, NULL) &&
             !fc_face_get_embedding(fc_record_face(entry, i), &contract, &e, &dim, NULL) &&
             !strcmp(contract, s->facts.contract) && dim == (size_t)s->facts.dim;
        free(e);
    }
    return ok;
}

static fc_status set_fault(fc_item *it, const json_t *fault)
{
    fc_error e;

    fc_fail(&e, fc_status_named(json_string_value(json_object_get(fault, "code"))), "%s: %s", it->in.path,
            json_string_value(json_object_get(fault, "message")));
    return fc_item_fail(it, json_string_value(json_object_get(fault, "stage")), &e) ? FC_OK : FC_ENOMEM;
}

static fc_status set_note(fc_item *it, const char *note)
{
    char *shown = fc_record_display_path(&it->rec);

    it->note = shown ? fc_text_format("%s: %s", shown, note) : NULL;
    free(shown);
    return it->note ? FC_OK : FC_ENOMEM;
}

static fc_status add_times(const fc_stages *s, fc_item *it, const char *engine, fc_error *err)
{
    fc_status st = FC_OK;

    if (!s->plan.times || it->untimed)
        return FC_OK;
    if (engine && json_object_set_new(it->rec.json, "engine", json_string(engine)))
        st = fc_fail_nomem(err, 0);
    return st ? st : fc_stages_add_times(it, err);
}

/* The item as the stages would leave it. */
static fc_status fill(const fc_stages *s, fc_item *it, const fc_record *entry, const json_t *beside,
                      fc_error *err)
{
    const json_t *fault = json_object_get(beside, "fault");
    const char *key, *note = json_string_value(json_object_get(beside, "note"));
    json_t *value;
    fc_status st = fc_item_start(it, err);

    if (st)
        return st;
    json_object_foreach(entry->json, key,
                        value) if (!is_of_the_run(key) && (!fault || strcmp(key, "faces") != 0) &&
                                   json_object_set(it->rec.json, key, value)) return fc_fail_nomem(err, 0);
    it->found = (size_t)json_integer_value(json_object_get(beside, "found"));
    it->looked = json_is_true(json_object_get(beside, "looked"));
    it->cached = true;
    for (size_t k = 0; k < MS_KINDS; k++)
        it->ms[k] = json_number_value(json_array_get(json_object_get(beside, "ms"), k));
    if ((note && set_note(it, note)) || (fault && set_fault(it, fault)))
        return fc_fail_nomem(err, 0);
    return add_times(s, it, json_string_value(json_object_get(beside, "engine")), err);
}

/* FC_END: it is not there. */
static fc_status look_up(const fc_stages *s, fc_cache *c, fc_item *it, fc_error *err)
{
    fc_bytes text;
    fc_record entry = {0};
    fc_status st = fc_cache_get(c, it->sha256, &text, err);

    if (st)
        return st;
    st = fc_record_parse(&entry, (const char *)text.data, text.n, "cache", 1, NULL);
    fc_bytes_clear(&text);
    const json_t *beside = json_object_get(entry.json, BESIDE);
    if (!st && is_ours(s, it, &entry, beside)) {
        st = fill(s, it, &entry, beside, err);
    } else {
        fc_cache_refuse(c);
        st = FC_END;
    }
    fc_record_clear(&entry);
    return st;
}

/* A file that is refused for its size is not read to be hashed. */
static bool is_looked_for(const fc_stages *s, const fc_item *it)
{
    const uint64_t most = s->plan.detect->max_bytes;
    struct stat st;

    return it->in.kind == FC_INPUT_PATH && s->plan.upto == FC_STAGE_EMBED && !it->upto &&
           !s->plan.keep_image && !s->plan.no_files && !stat(it->in.path, &st) &&
           (!most || (uint64_t)st.st_size <= most);
}

fc_status fc_stages_run_cached(fc_stages *s, fc_cache *c, int worker, fc_item *it, fc_error *err)
{
    fc_status st;

    /* a file that cannot be read is left to the stages, which say why */
    if (!c || !is_looked_for(s, it) || (!it->sha256[0] && fc_sha256_file(it->sha256, it->in.path, NULL)))
        return fc_stages_run(s, worker, it, err);
    st = look_up(s, c, it, err);
    if (st != FC_END)
        return st;
    st = fc_stages_run(s, worker, it, err);
    return st ? st : put(s, c, it, err);
}
