#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "match/gallery_impl.h"
#include "match/similarity.h"

/* A row of the table. Pointers belong to the statement or the caller. */
struct row {
    int64_t id, subject;
    const uint8_t *embedding, *print, *source, *content;
    size_t embedding_size, print_size, source_size, content_size;
    int64_t face, view;
    double quality; /* NAN: NULL */
};

static void add_bytes(crypto_generichash_state *h, const uint8_t *p, size_t n)
{
    const uint64_t size = n;

    crypto_generichash_update(h, (const uint8_t *)&size, sizeof size);
    if (n)
        crypto_generichash_update(h, p, n);
}

static int64_t row_sum(const struct row *r)
{
    const struct {
        int64_t id, subject, face, view;
        double quality;
    } numbers = {r->id, r->subject, r->face, r->view, isnan(r->quality) ? -1 : r->quality};
    crypto_generichash_state h;
    uint64_t sum;

    crypto_generichash_init(&h, NULL, 0, sizeof sum);
    crypto_generichash_update(&h, (const uint8_t *)&numbers, sizeof numbers);
    add_bytes(&h, r->embedding, r->embedding_size);
    add_bytes(&h, r->print, r->print_size);
    add_bytes(&h, r->source, r->source_size);
    add_bytes(&h, r->content, r->content_size);
    crypto_generichash_final(&h, (uint8_t *)&sum, sizeof sum);
    return (int64_t)(sum & FC_SUM_MASK);
}

static void take_bytes(sqlite3_stmt *s, int column, const uint8_t **p, size_t *n)
{
    *p = sqlite3_column_blob(s, column);
    *n = *p ? (size_t)sqlite3_column_bytes(s, column) : 0;
}

static size_t embedding_size(const fc_gallery *g)
{
    return g->info.dim * sizeof(float) + (g->sealed ? FC_SEAL_EXTRA : 0);
}

/* Columns as in FC_SQL_SAMPLES. */
static fc_status take_row(const fc_gallery *g, sqlite3_stmt *s, struct row *r, int64_t *sum, fc_error *err)
{
    *r =
        (struct row){.id = sqlite3_column_int64(s, 0),
                     .subject = sqlite3_column_int64(s, 1),
                     .face = sqlite3_column_int64(s, 6),
                     .view = sqlite3_column_int64(s, 7),
                     .quality = sqlite3_column_type(s, 8) == SQLITE_NULL ? NAN : sqlite3_column_double(s, 8)};
    take_bytes(s, 2, &r->embedding, &r->embedding_size);
    take_bytes(s, 3, &r->print, &r->print_size);
    take_bytes(s, 4, &r->source, &r->source_size);
    take_bytes(s, 5, &r->content, &r->content_size);
    *sum = sqlite3_column_int64(s, 9);
    if (row_sum(r) != *sum || r->embedding_size != embedding_size(g) || r->print_size != FC_PRINT ||
        r->content_size != sizeof((fc_sample *)0)->content || r->face < 0 || r->face > INT32_MAX ||
        r->view < 0 || r->view > INT32_MAX ||
        memchr(r->source ? r->source : (const uint8_t *)"", '\0', r->source_size))
        return fc_gallery_damaged(g, "sample", r->id, err);
    return FC_OK;
}

/* The embedding in the open. */
static fc_status open_embedding(const fc_gallery *g, const struct row *r, float *e, fc_error *err)
{
    if (!g->sealed) {
        memcpy(e, r->embedding, r->embedding_size);
        return FC_OK;
    }
    if (!g->seal)
        return fc_fail(err, FC_EUSAGE, "%s: sealed: its embeddings need the key", g->path);
    if (!fc_seal_open(g->seal, e, r->embedding, r->embedding_size, r->subject, r->id))
        return fc_fail(err, FC_ECORRUPT, "%s: damaged: sample %lld was not sealed for its person", g->path,
                       (long long)r->id);
    return FC_OK;
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
    if (!st)
        st = fc_gallery_statement(g, subject ? FC_SQL_SAMPLES_OF : FC_SQL_SAMPLES, &s, err);
    if (!st && subject)
        sqlite3_bind_int64(s, 1, subject);
    while (!st && !(st = fc_gallery_step(g, s, &row, err)) && row) {
        struct row r;
        int64_t sum;
        st = take_row(g, s, &r, &sum, err);
        if (!st && embeddings)
            st = open_embedding(g, &r, e, err);
        if (!st && !(source = strndup(r.source ? (const char *)r.source : "", r.source_size)))
            st = fc_fail_nomem(err, r.source_size);
        if (st)
            break;
        totals.n++;
        totals.sums = (totals.sums + sum) & FC_SUM_MASK;
        fc_sample sample = {.id = r.id,
                            .subject = r.subject,
                            .e = embeddings ? e : NULL,
                            .dim = g->info.dim,
                            .contract = g->info.contract,
                            .source = source,
                            .face = (int)r.face,
                            .view = (int)r.view,
                            .quality = r.quality};
        memcpy(sample.content, r.content, sizeof sample.content);
        st = each(ctx, &sample, err);
        free(source);
        source = NULL;
    }
    free(source);
    free(e);
    if (row && s)
        sqlite3_reset(s);
    if (!st && !subject)
        st = fc_gallery_compare(g, &totals, true, err);
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

static fc_status set_contract(fc_gallery *g, const fc_sample *sample, fc_error *err)
{
    sqlite3_stmt *s;
    fc_status st;

    if (g->info.dim) {
        if (strcmp(g->info.contract, sample->contract))
            return fc_fail(err, FC_ECONTRACT, "%s holds embeddings of %s, and this one is of %s", g->path,
                           g->info.contract, sample->contract);
        if (g->info.dim != sample->dim)
            return fc_fail(err, FC_ECONTRACT, "%s holds embeddings of %zu numbers, and this one has %zu",
                           g->path, g->info.dim, sample->dim);
        return FC_OK;
    }
    if (strlen(sample->contract) >= sizeof g->info.contract || !*sample->contract || sample->dim < 1 ||
        sample->dim > FC_MAX_DIM)
        return fc_fail(err, FC_EUSAGE, "an embedding of contract '%.40s...' with %zu numbers",
                       sample->contract, sample->dim);
    strcpy(g->info.contract, sample->contract); /* the rest of it is zeros */
    g->info.dim = sample->dim;
    st = fc_gallery_statement(g, FC_SQL_SET_CONTRACT, &s, err);
    if (st)
        return st;
    sqlite3_bind_text(s, 1, g->info.contract, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, (int64_t)g->info.dim);
    sqlite3_bind_int64(s, 3, fc_gallery_sum(g));
    return fc_gallery_run(g, s, err);
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

static fc_status add_row(fc_gallery *g, const struct row *r, fc_error *err)
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
    sqlite3_bind_int64(s, 10, row_sum(r));
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
        s = fc_fail(err, FC_EUSAGE, "%s: sealed: its embeddings need the key", g->path);
    if (s)
        return s;
    fc_seal_print(g->seal, print, e, size);
    s = has_print(g, sample->subject, sample->view, print, &has, err);
    if (s || has)
        return s;
    struct row r = {.id = g->next_sample,
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
                    .quality = sample->quality};
    if (g->sealed) {
        closed = malloc(r.embedding_size);
        if (!closed)
            return fc_fail_nomem(err, r.embedding_size);
        fc_seal_close(g->seal, closed, e, size, r.subject, r.id);
        r.embedding = closed;
    }
    s = add_row(g, &r, err);
    free(closed);
    if (!s) {
        sample->id = g->next_sample++;
        *added = true;
    }
    return s;
}

fc_status fc_gallery_put_sample(fc_gallery *g, fc_sample *sample, bool *added, fc_error *err)
{
    float unit[FC_MAX_DIM];
    bool own;
    fc_status s;

    *added = false;
    if (sample->dim < 1 || sample->dim > FC_MAX_DIM)
        return fc_fail(err, FC_EUSAGE, "an embedding of %zu numbers; want 1..%d", sample->dim, FC_MAX_DIM);
    memcpy(unit, sample->e, sample->dim * sizeof *unit);
    /* Those that are of unit length keep their bits. */
    if (!(fabs(fc_dot(unit, unit, sample->dim) - 1) <= 1e-5) && !fc_normalise(unit, sample->dim))
        return fc_fail(err, FC_EUSAGE, "an embedding without a direction (all zero, or not numbers)");
    s = fc_gallery_enter(g, true, &own, err);
    if (s)
        return s;
    return fc_gallery_leave(g, own, put(g, sample, unit, added, err), err);
}

static fc_status remove_row(fc_gallery *g, int64_t id, fc_error *err)
{
    sqlite3_stmt *s;
    fc_status st = fc_gallery_statement(g, FC_SQL_REMOVE_SAMPLE, &s, err);

    if (st)
        return st;
    sqlite3_bind_int64(s, 1, id);
    return fc_gallery_run(g, s, err);
}

fc_status fc_gallery_remove_sample(fc_gallery *g, int64_t id, fc_error *err)
{
    bool own;
    fc_status s = fc_gallery_enter(g, true, &own, err);

    if (s)
        return s;
    s = remove_row(g, id, err);
    if (!s && sqlite3_changes(g->db) == 0)
        s = fc_fail(err, FC_EMISSING, "%s: no sample %lld", g->path, (long long)id);
    return fc_gallery_leave(g, own, s, err);
}

/* Gives the sample of the current row of s to another subject. */
static fc_status move_row(fc_gallery *g, sqlite3_stmt *s, int64_t into, fc_error *err)
{
    sqlite3_stmt *update;
    struct row r;
    int64_t sum;
    bool has = false;
    float e[FC_MAX_DIM];
    uint8_t closed[FC_MAX_DIM * sizeof *e + FC_SEAL_EXTRA];
    fc_status st = take_row(g, s, &r, &sum, err);

    if (!st)
        st = has_print(g, into, r.view, r.print, &has, err);
    if (!st && has)
        return remove_row(g, r.id, err);
    if (!st && g->sealed) { /* it is bound to its subject */
        st = open_embedding(g, &r, e, err);
        if (!st)
            fc_seal_close(g->seal, closed, e, g->info.dim * sizeof *e, into, r.id);
        r.embedding = closed;
    }
    r.subject = into;
    if (!st)
        st = fc_gallery_statement(g, FC_SQL_MOVE_SAMPLE, &update, err);
    if (st)
        return st;
    sqlite3_bind_int64(update, 1, r.id);
    sqlite3_bind_int64(update, 2, into);
    sqlite3_bind_blob(update, 3, r.embedding, (int)r.embedding_size, SQLITE_STATIC);
    sqlite3_bind_int64(update, 4, row_sum(&r));
    return fc_gallery_run(g, update, err);
}

fc_status fc_gallery_merge(fc_gallery *g, int64_t into, int64_t from, fc_error *err)
{
    bool own, row = true;
    sqlite3_stmt *s;
    fc_status st;

    if (into == from)
        return fc_fail(err, FC_EUSAGE, "%s: one person is not two", g->path);
    st = fc_gallery_enter(g, true, &own, err);
    if (st)
        return st;
    /* Each step moves or removes the first that is left. */
    while (!st && !(st = fc_gallery_statement(g, FC_SQL_SAMPLE_OF, &s, err))) {
        sqlite3_bind_int64(s, 1, from);
        st = fc_gallery_step(g, s, &row, err);
        if (st || !row)
            break;
        st = move_row(g, s, into, err);
        sqlite3_reset(s);
    }
    if (!st)
        st = fc_gallery_remove(g, from, err);
    return fc_gallery_leave(g, own, st, err);
}
