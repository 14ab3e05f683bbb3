/*
 * Galleries of format 1: their rows have the same columns and checksums as today's, but triggers kept the counts, and
 * seals bound an embedding to the numbers of its person and sample only. The rows are put into a new gallery in memory,
 * which then takes the place of the old one in its file, in one transaction.
 */
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/folder.h"
#include "gallery/impl.h"
#include "facecheck.h"

struct old {
    uint8_t salt[FC_SEAL_SALT], tag[FC_SEAL_TAG];
    bool sealed;
    uint64_t subjects, samples;
    int64_t subject_sums, sample_sums, checksum;
    int64_t next_subject, next_sample;
};

/* The description's checksum, as it was made then. */
static int64_t old_checksum(const fc_gallery *g, const struct old *o)
{
    crypto_generichash_state h;
    uint64_t sum;

    crypto_generichash_init(&h, NULL, 0, sizeof sum);
    crypto_generichash_update(&h, g->uid, sizeof g->uid);
    crypto_generichash_update(&h, (const uint8_t *)g->info.contract, sizeof g->info.contract);
    crypto_generichash_update(&h, (const uint8_t *)&g->info.dim, sizeof g->info.dim);
    crypto_generichash_update(&h, (const uint8_t *)&o->sealed, sizeof o->sealed);
    crypto_generichash_update(&h, o->salt, sizeof o->salt);
    crypto_generichash_update(&h, o->tag, sizeof o->tag);
    crypto_generichash_final(&h, (uint8_t *)&sum, sizeof sum);
    return (int64_t)(sum & FC_SUM_MASK);
}

/* ---- the old description ---- */

static bool take_description(fc_gallery *g, struct old *o, sqlite3_stmt *s)
{
    const char *contract = (const char *)sqlite3_column_text(s, 1);
    const size_t length = (size_t)sqlite3_column_bytes(s, 1);
    const uint8_t *uid = sqlite3_column_blob(s, 0), *seal = sqlite3_column_blob(s, 3);
    const int64_t dim = sqlite3_column_int64(s, 2);

    *o = (struct old){.sealed = sqlite3_column_type(s, 3) != SQLITE_NULL};
    g->info = (fc_gallery_info){0};
    if (!uid || sqlite3_column_bytes(s, 0) != sizeof g->uid || !contract ||
        length >= sizeof g->info.contract || dim < 0 || dim > FC_MAX_DIM ||
        (o->sealed && (!seal || sqlite3_column_bytes(s, 3) != FC_SEAL_SALT + FC_SEAL_TAG)))
        return false;
    memcpy(g->uid, uid, sizeof g->uid);
    memcpy(g->info.contract, contract, length);
    g->info.dim = (size_t)dim;
    if (o->sealed) {
        memcpy(o->salt, seal, FC_SEAL_SALT);
        memcpy(o->tag, seal + FC_SEAL_SALT, FC_SEAL_TAG);
    }
    o->checksum = sqlite3_column_int64(s, 4);
    o->subjects = (uint64_t)sqlite3_column_int64(s, 5);
    o->subject_sums = sqlite3_column_int64(s, 6);
    o->samples = (uint64_t)sqlite3_column_int64(s, 7);
    o->sample_sums = sqlite3_column_int64(s, 8);
    o->next_subject = sqlite3_column_int64(s, 9);
    o->next_sample = sqlite3_column_int64(s, 10);
    return o->checksum == old_checksum(g, o) && o->next_subject > 0 && o->next_sample > 0;
}

static fc_status read_description(fc_gallery *g, sqlite3 *from, struct old *o, fc_error *err)
{
    sqlite3_stmt *s = NULL;
    fc_status st = FC_OK;

    if (sqlite3_prepare_v2(from,
                           "SELECT uid, contract, dim, seal, checksum, subjects, subject_sums, samples,"
                           " sample_sums,"
                           " coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'subject'), 0) + 1,"
                           " coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'sample'), 0) + 1"
                           " FROM gallery WHERE id = 1",
                           -1, &s, NULL) ||
        sqlite3_step(s) != SQLITE_ROW || !take_description(g, o, s))
        st = fc_fail(err, FC_ECORRUPT, "%s: damaged: its description is not as it was written", g->name);
    sqlite3_finalize(s);
    return st;
}

static fc_status unlock(fc_gallery *g, const struct old *o, const fc_secret *secret, fc_error *err)
{
    g->sealed = o->sealed;
    if (!o->sealed)
        return secret ? fc_fail(err, FC_EDATA, "%s: is not sealed, and a key was given", g->name) : FC_OK;
    if (!secret)
        return fc_fail(err, FC_EDATA, "%s: sealed: to upgrade it the key is needed", g->name);
    fc_seal_head_of_old(&g->head, secret);
    memcpy(g->head.salt, o->salt, FC_SEAL_SALT);
    memcpy(g->head.tag, o->tag, FC_SEAL_TAG);
    return fc_seal_unlock(&g->seal, secret, &g->head, g->name, err);
}

/* ---- rows ---- */

static fc_status move_subject(fc_gallery *g, sqlite3_stmt *s, int64_t *sum, fc_error *err)
{
    const int64_t id = sqlite3_column_int64(s, 0);
    const char *name = (const char *)sqlite3_column_text(s, 1),
               *meta = (const char *)sqlite3_column_text(s, 2);

    *sum = sqlite3_column_int64(s, 3);
    if (!name || !meta || id < 1 || fc_name_check_stored(name, NULL) ||
        fc_subject_sum(id, name, meta) != *sum)
        return fc_gallery_damaged(g, "person", id, err);
    return fc_gallery_add_subject(g, id, name, meta, err);
}

/* Format 1 took a quality of -0.0, which SQLite gives back as 0.0: its checksum is right for the former. */
static fc_status take_old_row(fc_gallery *g, sqlite3_stmt *s, fc_sample_row *r, int64_t *sum, fc_error *err)
{
    fc_status st = fc_gallery_take_row(g, s, r, sum, err);

    if (st && r->quality == 0) {
        r->quality = -0.0;
        if (fc_sample_checksum(r) == *sum)
            st = fc_gallery_check_row(g, r, err);
    }
    return st;
}

static fc_status open_old(const fc_gallery *g, const fc_sample_row *r, float *e, fc_error *err)
{
    struct {
        uint8_t salt[FC_SEAL_SALT];
        int64_t subject, sample;
    } bound = {.subject = r->subject, .sample = r->id};

    if (!g->sealed) {
        memcpy(e, r->embedding, r->embedding_size);
        return FC_OK;
    }
    memcpy(bound.salt, g->head.salt, sizeof bound.salt);
    if (!fc_seal_open(g->seal, e, r->embedding, r->embedding_size, &bound, sizeof bound))
        return fc_fail(err, FC_ECORRUPT, "%s: damaged: sample %lld was not sealed for its person", g->name,
                       (long long)r->id);
    return FC_OK;
}

static fc_status move_sample(fc_gallery *g, sqlite3_stmt *s, int64_t *sum, fc_error *err)
{
    float e[FC_MAX_DIM];
    fc_sample_row r;
    bool added = false;
    fc_status st = take_old_row(g, s, &r, sum, err);

    if (!st)
        st = open_old(g, &r, e, err);
    char *source = st ? NULL : strndup(r.source ? (const char *)r.source : "", r.source_size);
    if (!st && !source)
        st = fc_fail_nomem(err, r.source_size);
    if (st)
        return st;
    fc_sample sample = fc_gallery_sample_of(g, &r, e, source);
    g->next_sample = r.id;
    st = fc_gallery_put_sample(g, &sample, &added, err);
    free(source);
    return st || added ? st : fc_gallery_damaged(g, "sample", r.id, err);
}

typedef fc_status move_fn(fc_gallery *g, sqlite3_stmt *s, int64_t *sum, fc_error *err);

static fc_status move_rows(fc_gallery *g, sqlite3 *from, const char *text, move_fn *move, uint64_t n,
                           int64_t sums, fc_error *err)
{
    sqlite3_stmt *s = NULL;
    uint64_t found = 0;
    int64_t found_sums = 0, sum;
    int rc = sqlite3_prepare_v2(from, text, -1, &s, NULL);
    fc_status st = FC_OK;

    while (!rc && !st && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        st = move(g, s, &sum, err);
        found++;
        found_sums = (found_sums + sum) & FC_SUM_MASK;
        rc = SQLITE_OK;
    }
    if (!st && rc != SQLITE_DONE)
        st = fc_fail(err, FC_ECORRUPT, "%s: damaged: %s", g->name, sqlite3_errmsg(from));
    if (!st && (found != n || found_sums != sums))
        st = fc_fail(err, FC_ECORRUPT, "%s: damaged: it counts %llu rows, and %llu were found", g->name,
                     (unsigned long long)n, (unsigned long long)found);
    sqlite3_finalize(s);
    return st;
}

/* ---- all of it ---- */

/* In g's transaction. */
static fc_status move_all(fc_gallery *g, sqlite3 *from, const struct old *o, fc_error *err)
{
    fc_status s = move_rows(g, from, "SELECT id, name, meta, checksum FROM subject ORDER BY id", move_subject,
                            o->subjects, o->subject_sums, err);

    if (!s)
        s = move_rows(g, from,
                      "SELECT id, subject, embedding, print, source, content, face, view, quality, checksum"
                      " FROM sample ORDER BY id",
                      move_sample, o->samples, o->sample_sums, err);
    g->next_subject = o->next_subject; /* numbers are not used again */
    g->next_sample = o->next_sample;
    return s;
}

/* The new gallery, in memory, of what the old one holds now. */
static fc_status make_new(fc_gallery *g, sqlite3 *from, const fc_secret *secret, fc_error *err)
{
    struct old o;
    fc_gallery_info info;
    fc_status s = read_description(g, from, &o, err);

    info = g->info;
    if (!s)
        s = unlock(g, &o, secret, err);
    if (!s)
        s = fc_gallery_start(g, err);
    if (!s)
        s = fc_gallery_begin(g, true, err);
    if (s)
        return s;
    memcpy(g->info.contract, info.contract, sizeof info.contract);
    g->info.dim = info.dim;
    g->changed = true;
    s = move_all(g, from, &o, err);
    g->place = FC_SNAPSHOT; /* its commit makes no file */
    if (!s)
        return fc_gallery_commit(g, err);
    fc_gallery_rollback(g);
    return s;
}

static fc_status replace(fc_gallery *old, const fc_gallery *new, fc_error *err)
{
    sqlite3_backup *b = sqlite3_backup_init(old->db, "main", new->db, "main");

    if (!b)
        return fc_gallery_fault(old, err);
    sqlite3_backup_step(b, -1);
    return sqlite3_backup_finish(b) ? fc_gallery_fault(old, err) : FC_OK;
}

/* old is ours alone from its first transaction on. */
static fc_status upgrade(fc_gallery *old, fc_gallery *new, const fc_secret *secret, fc_error *err)
{
    fc_status s = fc_gallery_connect(old, err);

    if (!s)
        s = fc_gallery_run_text(old, "PRAGMA locking_mode = EXCLUSIVE", err);
    if (!s)
        s = fc_gallery_run_text(old, "BEGIN IMMEDIATE", err);
    if (!s)
        s = fc_gallery_check_schema(old, true, err);
    if (!s)
        s = make_new(new, old->db, secret, err);
    if (!s)
        s = fc_gallery_run_text(old, "COMMIT", err);
    return s ? s : replace(old, new, err);
}

fc_status fc_gallery_upgrade(const char *path, const fc_secret *secret, fc_error *err)
{
    fc_gallery *old = NULL, *new = NULL;
    char *real;
    fc_status s = fc_real_name(&real, path, err);

    if (s)
        return s;
    s = fc_gallery_check_file(real, path, err);
    if (!s)
        s = fc_gallery_check_writable(real, path, err);
    if (!s && (!(old = fc_gallery_alloc(path, real, 0)) || !(new = fc_gallery_alloc(path, real, 0))))
        s = fc_fail_nomem(err, strlen(path) + 1);
    free(real);
    if (!s) {
        old->may_write = new->may_write = true;
        s = upgrade(old, new, secret, err);
    }
    fc_gallery_free(old);
    fc_gallery_free(new);
    if (s)
        return s;
    /* As any other, which also puts the log into the file. */
    s = fc_gallery_open(&new, path, &(fc_gallery_options){.mode = FC_GALLERY_WRITE, .secret = secret}, err);
    if (!s)
        s = fc_gallery_check(new, err);
    fc_gallery_free(new);
    return s;
}
