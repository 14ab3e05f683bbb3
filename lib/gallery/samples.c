#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "gallery/impl.h"
#include "match/similarity.h"

static void add_bytes(crypto_generichash_state *h, const uint8_t *p, size_t n)
{
    const uint64_t size = n;

    crypto_generichash_update(h, (const uint8_t *)&size, sizeof size);
    if (n)
        crypto_generichash_update(h, p, n);
}

static void hash_row(const fc_sample_row *r, const char *begin, void *out, size_t n)
{
    const struct {
        int64_t id, subject, face, view;
        double quality;
    } numbers = {r->id, r->subject, r->face, r->view, isnan(r->quality) ? -1 : r->quality};
    crypto_generichash_state h;

    crypto_generichash_init(&h, NULL, 0, n);
    crypto_generichash_update(&h, (const uint8_t *)begin, strlen(begin));
    crypto_generichash_update(&h, (const uint8_t *)&numbers, sizeof numbers);
    add_bytes(&h, r->embedding, r->embedding_size);
    add_bytes(&h, r->print, r->print_size);
    add_bytes(&h, r->source, r->source_size);
    add_bytes(&h, r->content, r->content_size);
    crypto_generichash_final(&h, out, n);
}

int64_t fc_sample_checksum(const fc_sample_row *r)
{
    uint64_t sum;

    hash_row(r, "", &sum, sizeof sum);
    return (int64_t)(sum & FC_SUM_MASK);
}

/* sum: the row's checksum. */
static fc_row_sum sum_row(const fc_gallery *g, const fc_sample_row *r, int64_t sum)
{
    fc_row_sum out = {.sum = sum};
    uint8_t digest[32];

    if (!g->seal)
        return out;
    hash_row(r, "sample", digest, sizeof digest);
    fc_seal_mark(g->seal, out.mark, digest, sizeof digest);
    return out;
}

static void count(fc_gallery *g, const fc_sample_row *r, bool there)
{
    const fc_row_sum row = sum_row(g, r, fc_sample_checksum(r));

    fc_gallery_count(g, FC_SAMPLES, &row, there);
}

/* ---- what an embedding is sealed with: the gallery, the person, the photo, and all else of its row ---- */

enum { ABOUT = 32 };

static void say_what(const fc_gallery *g, const fc_sample_row *r, uint8_t about[ABOUT])
{
    fc_sample_row rest = *r;
    crypto_generichash_state h;
    uint8_t digest[ABOUT];

    rest.embedding_size = 0;
    hash_row(&rest, "sealed", digest, sizeof digest);
    crypto_generichash_init(&h, NULL, 0, ABOUT);
    crypto_generichash_update(&h, g->uid, sizeof g->uid);
    crypto_generichash_update(&h, g->head.salt, sizeof g->head.salt);
    crypto_generichash_update(&h, digest, sizeof digest);
    crypto_generichash_final(&h, about, ABOUT);
}

static void close_embedding(const fc_gallery *g, const fc_sample_row *r, const float *e, uint8_t *closed)
{
    uint8_t about[ABOUT];

    say_what(g, r, about);
    fc_seal_close(g->seal, closed, e, g->info.dim * sizeof *e, about, sizeof about);
}

/* ---- rows of the table ---- */

static void take_bytes(sqlite3_stmt *s, int column, const uint8_t **p, size_t *n)
{
    *p = sqlite3_column_blob(s, column);
    *n = *p ? (size_t)sqlite3_column_bytes(s, column) : 0;
}

static size_t embedding_size(const fc_gallery *g)
{
    return g->info.dim * sizeof(float) + (g->sealed ? FC_SEAL_EXTRA : 0);
}

fc_sample fc_gallery_sample_of(const fc_gallery *g, const fc_sample_row *r, const float *e,
                               const char *source)
{
    fc_sample sample = {.id = r->id,
                        .subject = r->subject,
                        .e = e,
                        .dim = g->info.dim,
                        .contract = g->info.contract,
                        .source = source,
                        .face = (int)r->face,
                        .view = (int)r->view,
                        .quality = r->quality};

    memcpy(sample.content, r->content, sizeof sample.content);
    return sample;
}

fc_status fc_gallery_check_row(const fc_gallery *g, const fc_sample_row *r, fc_error *err)
{
    if (r->embedding_size != embedding_size(g) || r->print_size != FC_PRINT ||
        r->content_size != sizeof((fc_sample *)0)->content || r->face < 0 || r->face > INT32_MAX ||
        r->view < 0 || r->view > INT32_MAX || r->source_size > FC_SOURCE_MAX ||
        (!isnan(r->quality) && !(r->quality >= 0 && r->quality <= 1)) ||
        memchr(r->source ? r->source : (const uint8_t *)"", '\0', r->source_size))
        return fc_gallery_damaged(g, "sample", r->id, err);
    return FC_OK;
}

fc_status fc_gallery_take_row(const fc_gallery *g, sqlite3_stmt *s, fc_sample_row *r, int64_t *sum,
                              fc_error *err)
{
    *r = (fc_sample_row){.id = sqlite3_column_int64(s, 0),
                         .subject = sqlite3_column_int64(s, 1),
                         .face = sqlite3_column_int64(s, 6),
                         .view = sqlite3_column_int64(s, 7),
                         .quality =
                             sqlite3_column_type(s, 8) == SQLITE_NULL ? NAN : sqlite3_column_double(s, 8)};
    take_bytes(s, 2, &r->embedding, &r->embedding_size);
    take_bytes(s, 3, &r->print, &r->print_size);
    take_bytes(s, 4, &r->source, &r->source_size);
    take_bytes(s, 5, &r->content, &r->content_size);
    *sum = sqlite3_column_int64(s, 9);
    return fc_sample_checksum(r) == *sum ? fc_gallery_check_row(g, r, err)
                                         : fc_gallery_damaged(g, "sample", r->id, err);
}

static fc_status unseal(const fc_gallery *g, const fc_sample_row *r, float *e, fc_error *err)
{
    uint8_t about[ABOUT];

    if (!g->seal)
        return fc_fail(err, FC_EDATA, "%s: sealed: its embeddings need the key", g->name);
    say_what(g, r, about);
    if (!fc_seal_open(g->seal, e, r->embedding, r->embedding_size, about, sizeof about))
        return fc_fail(err, FC_ECORRUPT, "%s: damaged: sample %lld was not sealed for its person and photo",
                       g->name, (long long)r->id);
    return FC_OK;
}

/* The embedding in the open. A checksum is no proof of a number: it has a unit's length in any case. */
static fc_status open_embedding(const fc_gallery *g, const fc_sample_row *r, float *e, fc_error *err)
{
    fc_status s = FC_OK;

    if (g->sealed)
        s = unseal(g, r, e, err);
    else
        memcpy(e, r->embedding, r->embedding_size);
    if (!s && !(fabs(fc_dot(e, e, g->info.dim) - 1) <= 1e-4))
        s = fc_gallery_damaged(g, "sample", r->id, err);
    return s;
}

/* ---- walking ---- */

fc_status fc_gallery_each_sample(fc_gallery *g, int64_t subject, bool embeddings, fc_sample_fn *each,
                                 void *ctx, fc_error *err)
{
    fc_totals totals = {0};
    bool own, row = true;
    float *e = NULL;
    char *source = NULL;
    sqlite3_stmt *s = NULL;
    fc_status st = fc_gallery_enter(g, false, &own, err);

    if (st)
        return st;
    e = malloc(FC_MAX_DIM * sizeof *e);
    if (!e)
        st = fc_fail_nomem(err, FC_MAX_DIM * sizeof *e);
    if (!st && subject)
        st = fc_gallery_vouch(g, err);
    if (!st)
        st = fc_gallery_statement(g, subject ? FC_SQL_SAMPLES_OF : FC_SQL_SAMPLES, &s, err);
    if (!st && subject)
        sqlite3_bind_int64(s, 1, subject);
    while (!st && !(st = fc_gallery_step(g, s, &row, err)) && row) {
        fc_sample_row r;
        int64_t sum;
        st = fc_gallery_take_row(g, s, &r, &sum, err);
        if (!st && embeddings)
            st = open_embedding(g, &r, e, err);
        if (!st && !(source = strndup(r.source ? (const char *)r.source : "", r.source_size)))
            st = fc_fail_nomem(err, r.source_size);
        if (st)
            break;
        const fc_row_sum row_sum = sum_row(g, &r, sum);
        fc_totals_add(&totals, &row_sum);
        const fc_sample sample = fc_gallery_sample_of(g, &r, embeddings ? e : NULL, source);
        st = each(ctx, &sample, err);
        free(source);
        source = NULL;
    }
    free(source);
    free(e);
    if (row && s)
        sqlite3_reset(s);
    if (!st && !subject)
        st = fc_gallery_compare(g, &totals, FC_SAMPLES, err);
    return fc_gallery_leave(g, own, st, err);
}

fc_status fc_gallery_last_view(fc_gallery *g, int64_t subject, const uint8_t content[32], int *view,
                               fc_error *err)
{
    bool own, row;
    sqlite3_stmt *s;
    fc_status st = fc_gallery_enter(g, false, &own, err);

    if (st)
        return st;
    st = fc_gallery_vouch(g, err);
    if (!st)
        st = fc_gallery_statement(g, FC_SQL_LAST_VIEW, &s, err);
    if (!st) {
        sqlite3_bind_blob(s, 1, content, 32, SQLITE_STATIC);
        sqlite3_bind_int64(s, 2, subject);
        st = fc_gallery_step(g, s, &row, err);
    }
    if (!st) {
        *view = sqlite3_column_type(s, 0) == SQLITE_NULL ? -1 : sqlite3_column_int(s, 0);
        sqlite3_reset(s);
    }
    return fc_gallery_leave(g, own, st, err);
}

/* ---- writing ---- */

static bool is_contract(const char *text)
{
    const size_t n = strlen(text);
    size_t at = 0, step;

    while (at < n && (step = fc_utf8_char(text + at, n - at)) && (unsigned char)text[at] > ' ' &&
           text[at] != 0x7f)
        at += step;
    return n > 0 && n < sizeof((fc_gallery_info *)0)->contract && at == n;
}

static fc_status set_contract(fc_gallery *g, const fc_sample *sample, fc_error *err)
{
    if (g->info.dim) {
        if (strcmp(g->info.contract, sample->contract))
            return fc_fail(err, FC_ECONTRACT, "%s holds embeddings of %s, and this one is of %s", g->name,
                           g->info.contract, sample->contract);
        if (g->info.dim != sample->dim)
            return fc_fail(err, FC_ECONTRACT, "%s holds embeddings of %zu numbers, and this one has %zu",
                           g->name, g->info.dim, sample->dim);
        return FC_OK;
    }
    if (!is_contract(sample->contract)) {
        char *text = fc_text_escape(sample->contract, strnlen(sample->contract, 40));
        fc_fail(err, FC_EUSAGE, "'%s' names no model: want 1 to %zu bytes without blanks", text ? text : "",
                sizeof g->info.contract - 1);
        free(text);
        return FC_EUSAGE;
    }
    strcpy(g->info.contract, sample->contract); /* the rest of it is zeros */
    g->info.dim = sample->dim;
    g->changed = true;
    return FC_OK;
}

static fc_status has_print(fc_gallery *g, int64_t subject, int64_t view, const uint8_t *print, bool *has,
                           fc_error *err)
{
    sqlite3_stmt *s;
    fc_status st = fc_gallery_statement(g, FC_SQL_HAS_PRINT, &s, err);

    if (st)
        return st;
    sqlite3_bind_int64(s, 1, subject);
    sqlite3_bind_int64(s, 2, view);
    sqlite3_bind_blob(s, 3, print, FC_PRINT, SQLITE_STATIC);
    st = fc_gallery_step(g, s, has, err);
    if (*has)
        sqlite3_reset(s);
    return st;
}

static fc_status add_row(fc_gallery *g, const fc_sample_row *r, fc_error *err)
{
    sqlite3_stmt *s;
    fc_status st = fc_gallery_statement(g, FC_SQL_ADD_SAMPLE, &s, err);

    if (st)
        return st;
    sqlite3_bind_int64(s, 1, r->id);
    sqlite3_bind_int64(s, 2, r->subject);
    sqlite3_bind_blob(s, 3, r->embedding, (int)r->embedding_size, SQLITE_STATIC);
    sqlite3_bind_blob(s, 4, r->print, (int)r->print_size, SQLITE_STATIC);
    sqlite3_bind_blob(s, 5, r->source, (int)r->source_size, SQLITE_STATIC);
    sqlite3_bind_blob(s, 6, r->content, (int)r->content_size, SQLITE_STATIC);
    sqlite3_bind_int64(s, 7, r->face);
    sqlite3_bind_int64(s, 8, r->view);
    sqlite3_bind_double(s, 9, r->quality); /* NAN is NULL */
    sqlite3_bind_int64(s, 10, fc_sample_checksum(r));
    return fc_gallery_run(g, s, err);
}

/* e: of unit length. */
static fc_status put(fc_gallery *g, fc_sample *sample, const float *e, bool *added, fc_error *err)
{
    const size_t size = sample->dim * sizeof *e;
    uint8_t print[FC_PRINT], *closed = NULL;
    bool has = false;
    fc_status s = set_contract(g, sample, err);

    if (!s && g->sealed && !g->seal)
        s = fc_fail(err, FC_EDATA, "%s: sealed: its embeddings need the key", g->name);
    if (s)
        return s;
    fc_seal_print(g->seal, print, e, size);
    s = has_print(g, sample->subject, sample->view, print, &has, err);
    if (s || has)
        return s;
    fc_sample_row r = {.id = g->next_sample,
                       .subject = sample->subject,
                       .embedding = (const uint8_t *)e,
                       .embedding_size = embedding_size(g),
                       .print = print,
                       .print_size = sizeof print,
                       .source = (const uint8_t *)sample->source,
                       .source_size = strlen(sample->source),
                       .content = sample->content,
                       .content_size = sizeof sample->content,
                       .face = sample->face,
                       .view = sample->view,
                       .quality = sample->quality + 0.0}; /* no -0.0: SQLite does not keep it */
    if (g->sealed) {
        closed = malloc(r.embedding_size);
        if (!closed)
            return fc_fail_nomem(err, r.embedding_size);
        close_embedding(g, &r, e, closed);
        r.embedding = closed;
    }
    s = add_row(g, &r, err);
    if (!s) {
        count(g, &r, true);
        sample->id = g->next_sample++;
        *added = true;
    }
    free(closed);
    return s;
}

static fc_status check_sample(const fc_sample *sample, fc_error *err)
{
    if (sample->dim < 1 || sample->dim > FC_MAX_DIM)
        return fc_fail(err, FC_EUSAGE, "an embedding of %zu numbers; want 1..%d", sample->dim, FC_MAX_DIM);
    if (!isnan(sample->quality) && !(sample->quality >= 0 && sample->quality <= 1))
        return fc_fail(err, FC_EUSAGE, "a quality of %g; want 0..1", sample->quality);
    if (sample->face < 0 || sample->view < 0)
        return fc_fail(err, FC_EUSAGE, "face %d, view %d; want none below 0", sample->face, sample->view);
    if (strlen(sample->source) > FC_SOURCE_MAX)
        return fc_fail(err, FC_EUSAGE, "a path of %zu bytes; want at most %d", strlen(sample->source),
                       FC_SOURCE_MAX);
    return FC_OK;
}

fc_status fc_gallery_put_sample(fc_gallery *g, fc_sample *sample, bool *added, fc_error *err)
{
    float unit[FC_MAX_DIM];
    bool own;
    fc_status s = check_sample(sample, err);

    *added = false;
    if (s)
        return s;
    memcpy(unit, sample->e, sample->dim * sizeof *unit);
    /* Those that are of unit length keep their bits. */
    if (!(fabs(fc_dot(unit, unit, sample->dim) - 1) <= 1e-5) && !fc_normalise(unit, sample->dim))
        return fc_fail(err, FC_EUSAGE, "an embedding without a direction (all zero, or not numbers)");
    s = fc_gallery_enter(g, true, &own, err);
    if (s)
        return s;
    return fc_gallery_leave(g, own, put(g, sample, unit, added, err), err);
}

/* The row that r was taken from. */
static fc_status remove_row(fc_gallery *g, const fc_sample_row *r, fc_error *err)
{
    sqlite3_stmt *s;
    fc_status st = fc_gallery_statement(g, FC_SQL_REMOVE_SAMPLE, &s, err);

    if (st)
        return st;
    sqlite3_bind_int64(s, 1, r->id);
    st = fc_gallery_run(g, s, err);
    if (!st)
        count(g, r, false);
    return st;
}

typedef fc_status row_fn(fc_gallery *g, const fc_sample_row *r, int64_t arg, fc_error *err);

/* The first row that the statement, its value bound, finds. */
static fc_status with_row(fc_gallery *g, sqlite3_stmt *s, bool *found, row_fn *f, int64_t arg, fc_error *err)
{
    fc_sample_row r;
    int64_t sum;
    fc_status st = fc_gallery_step(g, s, found, err);

    if (st || !*found)
        return st;
    st = fc_gallery_take_row(g, s, &r, &sum, err);
    if (!st)
        st = f(g, &r, arg, err);
    sqlite3_reset(s);
    return st;
}

/* Each step moves or removes the first that is left. */
static fc_status with_rows_of(fc_gallery *g, int64_t subject, row_fn *f, int64_t arg, fc_error *err)
{
    bool found = true;
    sqlite3_stmt *s;
    fc_status st = FC_OK;

    while (!st && found && !(st = fc_gallery_statement(g, FC_SQL_SAMPLE_OF, &s, err))) {
        sqlite3_bind_int64(s, 1, subject);
        st = with_row(g, s, &found, f, arg, err);
    }
    return st;
}

static fc_status remove_it(fc_gallery *g, const fc_sample_row *r, int64_t arg, fc_error *err)
{
    (void)arg;
    return remove_row(g, r, err);
}

fc_status fc_gallery_remove_samples_of(fc_gallery *g, int64_t subject, fc_error *err)
{
    return with_rows_of(g, subject, remove_it, 0, err);
}

fc_status fc_gallery_remove_sample(fc_gallery *g, int64_t id, fc_error *err)
{
    bool own, found = false;
    sqlite3_stmt *statement;
    fc_status s = fc_gallery_enter(g, true, &own, err);

    if (s)
        return s;
    s = fc_gallery_statement(g, FC_SQL_SAMPLE, &statement, err);
    if (!s) {
        sqlite3_bind_int64(statement, 1, id);
        s = with_row(g, statement, &found, remove_it, 0, err);
    }
    if (!s && !found)
        s = fc_fail(err, FC_EMISSING, "%s: no sample %lld", g->name, (long long)id);
    return fc_gallery_leave(g, own, s, err);
}

static fc_status move_row(fc_gallery *g, const fc_sample_row *r, int64_t into, fc_error *err)
{
    sqlite3_stmt *update;
    fc_sample_row moved = *r;
    bool has = false;
    float e[FC_MAX_DIM];
    uint8_t closed[FC_MAX_DIM * sizeof *e + FC_SEAL_EXTRA];
    fc_status st = has_print(g, into, r->view, r->print, &has, err);

    if (!st && has)
        return remove_row(g, r, err);
    moved.subject = into;
    if (!st && g->sealed) { /* it is bound to its subject */
        st = open_embedding(g, r, e, err);
        if (!st)
            close_embedding(g, &moved, e, closed);
        moved.embedding = closed;
    }
    if (!st)
        st = fc_gallery_statement(g, FC_SQL_MOVE_SAMPLE, &update, err);
    if (st)
        return st;
    sqlite3_bind_int64(update, 1, r->id);
    sqlite3_bind_int64(update, 2, into);
    sqlite3_bind_blob(update, 3, moved.embedding, (int)moved.embedding_size, SQLITE_STATIC);
    sqlite3_bind_int64(update, 4, fc_sample_checksum(&moved));
    st = fc_gallery_run(g, update, err);
    if (!st) {
        count(g, r, false);
        count(g, &moved, true);
    }
    return st;
}

fc_status fc_gallery_merge(fc_gallery *g, int64_t into, int64_t from, fc_error *err)
{
    bool own;
    fc_status s;

    if (into == from)
        return fc_fail(err, FC_EUSAGE, "%s: one person is not two", g->name);
    s = fc_gallery_enter(g, true, &own, err);
    if (s)
        return s;
    s = with_rows_of(g, from, move_row, into, err);
    if (!s)
        s = fc_gallery_remove(g, from, err);
    return fc_gallery_leave(g, own, s, err);
}

fc_status fc_gallery_count_photos(fc_gallery *g, uint64_t *out, fc_error *err)
{
    sqlite3_stmt *s;
    bool own, row;
    fc_status st = fc_gallery_enter(g, false, &own, err);

    *out = 0;
    if (st)
        return st;
    st = fc_gallery_vouch(g, err);
    if (!st)
        st = fc_gallery_statement(g, FC_SQL_COUNT_PHOTOS, &s, err);
    if (!st)
        st = fc_gallery_step(g, s, &row, err);
    if (!st && row) {
        *out = (uint64_t)sqlite3_column_int64(s, 0);
        sqlite3_reset(s);
    }
    return fc_gallery_leave(g, own, st, err);
}
