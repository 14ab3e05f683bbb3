#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/json.h"
#include "gallery/impl.h"
#include "facecheck.h"

enum { MAX_META_MEMORY = 16 << 20 }; /* bytes that a person's metadata may become */

int64_t fc_subject_sum(int64_t id, const char *name, const char *meta)
{
    crypto_generichash_state h;
    uint64_t sum;

    crypto_generichash_init(&h, NULL, 0, sizeof sum);
    crypto_generichash_update(&h, (const uint8_t *)&id, sizeof id);
    crypto_generichash_update(&h, (const uint8_t *)name, strlen(name) + 1);
    crypto_generichash_update(&h, (const uint8_t *)meta, strlen(meta) + 1);
    crypto_generichash_final(&h, (uint8_t *)&sum, sizeof sum);
    return (int64_t)(sum & FC_SUM_MASK);
}

static fc_row_sum sum_row(const fc_gallery *g, int64_t id, const char *name, const char *meta)
{
    fc_row_sum out = {.sum = fc_subject_sum(id, name, meta)};
    crypto_generichash_state h;
    uint8_t digest[32];

    if (!g->seal)
        return out;
    crypto_generichash_init(&h, NULL, 0, sizeof digest);
    crypto_generichash_update(&h, (const uint8_t *)"person", 7);
    crypto_generichash_update(&h, (const uint8_t *)&id, sizeof id);
    crypto_generichash_update(&h, (const uint8_t *)name, strlen(name) + 1);
    crypto_generichash_update(&h, (const uint8_t *)meta, strlen(meta) + 1);
    crypto_generichash_final(&h, digest, sizeof digest);
    fc_seal_mark(g->seal, out.mark, digest, sizeof digest);
    return out;
}

/* The row's columns are id, name, meta, checksum. What out points to lives until the statement moves on. */
static fc_status take_subject(const fc_gallery *g, sqlite3_stmt *s, fc_subject *out, fc_error *err)
{
    *out = (fc_subject){.id = sqlite3_column_int64(s, 0),
                        .name = (const char *)sqlite3_column_text(s, 1),
                        .meta = (const char *)sqlite3_column_text(s, 2)};
    if (!out->name || !out->meta || fc_name_check_stored(out->name, NULL) ||
        fc_subject_sum(out->id, out->name, out->meta) != sqlite3_column_int64(s, 3))
        return fc_gallery_damaged(g, "person", out->id, err);
    return FC_OK;
}

/* The subject that the statement, its value bound, finds. name and meta may be NULL; the caller frees them. */
static fc_status find(fc_gallery *g, sqlite3_stmt *s, bool *found, int64_t *id, char **name, char **meta,
                      fc_error *err)
{
    fc_subject subject = {0};
    fc_status st = fc_gallery_step(g, s, found, err);

    if (st || !*found)
        return st;
    st = take_subject(g, s, &subject, err);
    *id = subject.id;
    if (!st && name && !(*name = strdup(subject.name)))
        st = fc_fail_nomem(err, strlen(subject.name) + 1);
    if (!st && meta && !(*meta = strdup(subject.meta)))
        st = fc_fail_nomem(err, strlen(subject.meta) + 1);
    sqlite3_reset(s);
    return st;
}

static fc_status find_spelt(fc_gallery *g, const char *name, bool *found, int64_t *id, fc_error *err)
{
    sqlite3_stmt *s;
    fc_status st = fc_gallery_vouch(g, err);

    if (!st)
        st = fc_gallery_statement(g, FC_SQL_FIND, &s, err);
    if (st)
        return st;
    sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
    return find(g, s, found, id, NULL, NULL, err);
}

static bool is_ascii(const char *s)
{
    while (*s && !(*s & 0x80))
        s++;
    return !*s;
}

/* As the name is given, then in both forms of its accents: earlier versions stored what they were given. */
static fc_status find_name(fc_gallery *g, const char *name, bool *found, int64_t *id, fc_error *err)
{
    fc_status (*const form[])(char **, const char *, fc_error *) = {fc_name_normal, fc_name_decomposed};
    fc_status s = find_spelt(g, name, found, id, err);

    if (is_ascii(name) || fc_name_check_stored(name, NULL)) /* not UTF-8: nobody's */
        return s;
    for (size_t i = 0; !s && !*found && i < sizeof form / sizeof *form; i++) {
        char *other;
        s = form[i](&other, name, err);
        if (!s && strcmp(other, name))
            s = find_spelt(g, other, found, id, err);
        free(other);
    }
    return s;
}

static fc_status no_person(const fc_gallery *g, const char *name, fc_error *err)
{
    return fc_fail(err, FC_EMISSING, "%s: no person '%s'", g->name, name);
}

fc_status fc_gallery_find(fc_gallery *g, const char *name, int64_t *id, fc_error *err)
{
    bool own, found = false;
    fc_status s = fc_gallery_enter(g, false, &own, err);

    if (s)
        return s;
    s = find_name(g, name, &found, id, err);
    if (!s && !found)
        s = no_person(g, name, err);
    return fc_gallery_leave(g, own, s, err);
}

static fc_status write_subject(fc_gallery *g, fc_sql which, int64_t id, const char *name, const char *meta,
                               fc_error *err)
{
    sqlite3_stmt *s;
    fc_status st = fc_gallery_statement(g, which, &s, err);

    if (st)
        return st;
    sqlite3_bind_int64(s, 1, id);
    sqlite3_bind_text(s, 2, name, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 3, meta, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 4, fc_subject_sum(id, name, meta));
    return fc_gallery_run(g, s, err);
}

static void count(fc_gallery *g, int64_t id, const char *name, const char *meta, bool there)
{
    const fc_row_sum row = sum_row(g, id, name, meta);

    fc_gallery_count(g, FC_SUBJECTS, &row, there);
}

fc_status fc_gallery_add_subject(fc_gallery *g, int64_t id, const char *name, const char *meta, fc_error *err)
{
    const fc_status s = write_subject(g, FC_SQL_ADD_SUBJECT, id, name, meta, err);

    if (!s)
        count(g, id, name, meta, true);
    return s;
}

/* Begins to write what has to do with a name. normal: its form in the gallery, the caller's to free; not made where this
 * fails. */
static fc_status enter_with_name(fc_gallery *g, bool *own, char **normal, const char *name, fc_error *err)
{
    fc_status s = fc_name_check(name, err);

    *normal = NULL;
    if (!s)
        s = fc_name_normal(normal, name, err);
    if (!s)
        s = fc_gallery_enter(g, true, own, err);
    if (s) {
        free(*normal);
        *normal = NULL;
    }
    return s;
}

fc_status fc_gallery_put_subject(fc_gallery *g, const char *name, int64_t *id, fc_error *err)
{
    bool own, found = false;
    char *normal;
    fc_status s = enter_with_name(g, &own, &normal, name, err);

    if (s)
        return s;
    s = find_name(g, name, &found, id, err);
    if (!s && !found) {
        *id = g->next_subject;
        s = fc_gallery_add_subject(g, *id, normal, "{}", err);
        g->next_subject += !s;
    }
    free(normal);
    return fc_gallery_leave(g, own, s, err);
}

/* A person by number; the caller frees name and meta. FC_EMISSING where there is none. */
static fc_status find_id(fc_gallery *g, int64_t id, char **name, char **meta, fc_error *err)
{
    bool found;
    sqlite3_stmt *s;
    fc_status st = fc_gallery_statement(g, FC_SQL_SUBJECT, &s, err);

    *name = *meta = NULL;
    if (st)
        return st;
    sqlite3_bind_int64(s, 1, id);
    st = find(g, s, &found, &id, name, meta, err);
    if (!st && !found)
        st = fc_fail(err, FC_EMISSING, "%s: no person number %lld", g->name, (long long)id);
    return st;
}

/* A new name or new meta; NULL keeps what is there. */
static fc_status change(fc_gallery *g, int64_t id, const char *name, const char *meta, fc_error *err)
{
    char *old_name, *old_meta;
    fc_status s = find_id(g, id, &old_name, &old_meta, err);

    name = name ? name : old_name;
    meta = meta ? meta : old_meta;
    if (!s && (strcmp(name, old_name) || strcmp(meta, old_meta))) {
        s = write_subject(g, FC_SQL_CHANGE_SUBJECT, id, name, meta, err);
        if (!s) {
            count(g, id, old_name, old_meta, false);
            count(g, id, name, meta, true);
        }
    }
    free(old_name);
    free(old_meta);
    return s;
}

fc_status fc_gallery_set_meta(fc_gallery *g, int64_t id, const char *meta, fc_error *err)
{
    bool own;
    json_t *o;
    fc_error why;
    fc_status s = fc_json_read(&o, meta, strlen(meta), JSON_REJECT_DUPLICATES, MAX_META_MEMORY, NULL, &why);
    char *text = json_is_object(o) ? json_dumps(o, JSON_COMPACT) : NULL;

    if (s && s != FC_EFORMAT)
        s = fc_fail(err, s, "metadata: %s", why.message);
    else if (!json_is_object(o))
        s = fc_fail(err, FC_EUSAGE, "metadata: want a JSON object%s%s", s ? ": " : "", s ? why.message : "");
    else if (!text)
        s = fc_fail_nomem(err, strlen(meta) + 1);
    json_decref(o);
    if (!s)
        s = fc_gallery_enter(g, true, &own, err);
    if (!s)
        s = fc_gallery_leave(g, own, change(g, id, NULL, text, err), err);
    free(text);
    return s;
}

fc_status fc_gallery_rename(fc_gallery *g, int64_t id, const char *name, fc_error *err)
{
    bool own, found = false;
    int64_t other = id;
    char *normal;
    fc_status s = enter_with_name(g, &own, &normal, name, err);

    if (s)
        return s;
    s = find_name(g, name, &found, &other, err);
    if (!s && found && other != id)
        s = fc_fail(err, FC_EDATA, "%s: there is a person '%s' already (to make two people one: merge)",
                    g->name, name);
    if (!s)
        s = change(g, id, normal, NULL, err);
    free(normal);
    return fc_gallery_leave(g, own, s, err);
}

static fc_status remove_subject(fc_gallery *g, int64_t id, fc_error *err)
{
    char *name, *meta;
    sqlite3_stmt *statement;
    fc_status s = find_id(g, id, &name, &meta, err);

    if (!s)
        s = fc_gallery_remove_samples_of(g, id, err);
    if (!s)
        s = fc_gallery_statement(g, FC_SQL_REMOVE_SUBJECT, &statement, err);
    if (!s) {
        sqlite3_bind_int64(statement, 1, id);
        s = fc_gallery_run(g, statement, err);
    }
    if (!s)
        count(g, id, name, meta, false);
    free(name);
    free(meta);
    return s;
}

fc_status fc_gallery_remove(fc_gallery *g, int64_t id, fc_error *err)
{
    bool own;
    fc_status s = fc_gallery_enter(g, true, &own, err);

    return s ? s : fc_gallery_leave(g, own, remove_subject(g, id, err), err);
}

/* ---- walking ---- */

static fc_status walk(fc_gallery *g, fc_sql which, fc_subject_fn *each, void *ctx, fc_error *err)
{
    fc_totals totals = {0};
    bool row = true;
    sqlite3_stmt *s;
    fc_status st = fc_gallery_statement(g, which, &s, err);

    while (!st && !(st = fc_gallery_step(g, s, &row, err)) && row) {
        fc_subject subject;
        st = take_subject(g, s, &subject, err);
        if (st)
            break;
        const fc_row_sum own = sum_row(g, subject.id, subject.name, subject.meta);
        fc_totals_add(&totals, &own);
        subject.photos = (uint64_t)sqlite3_column_int64(s, 4);
        st = each(ctx, &subject, err);
    }
    if (row && s)
        sqlite3_reset(s);
    return st ? st : fc_gallery_compare(g, &totals, FC_SUBJECTS, err);
}

fc_status fc_gallery_subject_rows(fc_gallery *g, fc_subject_fn *each, void *ctx, fc_error *err)
{
    return walk(g, FC_SQL_SUBJECT_ROWS, each, ctx, err);
}

struct owner {
    int64_t subject;
    bool view;
};

struct counting {
    struct owner *owner; /* [n], one a sample; by rising subject once counted */
    size_t n, cap, next;
    fc_subject_fn *each;
    void *ctx;
};

static fc_status take_owner(void *ctx, const fc_sample *s, fc_error *err)
{
    struct counting *c = ctx;

    fc_status st = fc_grow(&c->owner, c->n + 1, &c->cap, sizeof *c->owner, err);

    if (!st)
        c->owner[c->n++] = (struct owner){s->subject, s->view > 0};
    return st;
}

static int by_subject(const void *a, const void *b)
{
    const int64_t x = ((const struct owner *)a)->subject, y = ((const struct owner *)b)->subject;

    return x < y ? -1 : x > y;
}

static fc_status add_counts(void *ctx, const fc_subject *s, fc_error *err)
{
    struct counting *c = ctx;
    fc_subject counted = *s;

    for (; c->next < c->n && c->owner[c->next].subject == s->id; c->next++) {
        counted.photos += !c->owner[c->next].view;
        counted.views += c->owner[c->next].view;
    }
    return c->each(c->ctx, &counted, err);
}

static fc_status walk_counting(fc_gallery *g, fc_subject_fn *each, void *ctx, fc_error *err)
{
    struct counting c = {.each = each, .ctx = ctx};
    fc_status s = fc_gallery_each_sample(g, 0, false, take_owner, &c, err);

    if (!s && c.n)
        qsort(c.owner, c.n, sizeof *c.owner, by_subject);
    if (!s)
        s = walk(g, FC_SQL_SUBJECTS, add_counts, &c, err);
    if (!s && c.next < c.n)
        s = fc_gallery_damaged(g, "a sample is nobody's: person", c.owner[c.next].subject, err);
    free(c.owner);
    return s;
}

fc_status fc_gallery_each_subject(fc_gallery *g, bool counts, fc_subject_fn *each, void *ctx, fc_error *err)
{
    bool own;
    fc_status s = fc_gallery_enter(g, false, &own, err);

    if (s)
        return s;
    s = counts ? walk_counting(g, each, ctx, err) : walk(g, FC_SQL_SUBJECTS, each, ctx, err);
    return fc_gallery_leave(g, own, s, err);
}
