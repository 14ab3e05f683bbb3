#include "facecheck.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "gallery/impl.h"

/* ---- faults ---- */

fc_status fc_gallery_damaged(const fc_gallery *g, const char *what, int64_t id, fc_error *err)
{
    return fc_fail(err, FC_ECORRUPT, "%s: damaged: %s %lld is not as it was written", g->name, what,
                   (long long)id);
}

fc_status fc_gallery_fault(const fc_gallery *g, fc_error *err)
{
    const int rc = sqlite3_extended_errcode(g->db);

    switch (rc & 0xff) {
    case SQLITE_NOMEM:
        return fc_fail_nomem(err, 0);
    case SQLITE_FULL:
        errno = ENOSPC;
        return fc_fail_errno(err, g->name);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return fc_fail(err, FC_EIO, "%s: another process has kept it busy for %g s", g->name,
                       g->wait_ms / 1000.0);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return fc_fail(err, FC_EIO, "%s: may not be written", g->name);
    case SQLITE_IOERR:
        if (rc == SQLITE_IOERR_SHORT_READ)
            return fc_fail(err, FC_ETRUNCATED, "%s: ends too early", g->name);
        errno = sqlite3_system_errno(g->db);
        errno = errno ? errno : EIO;
        return fc_fail_errno(err, g->name);
    case SQLITE_CANTOPEN:
        errno = sqlite3_system_errno(g->db);
        errno = errno ? errno : EIO;
        return fc_fail_errno(err, g->name);
    case SQLITE_NOTADB:
        return fc_fail(err, FC_EFORMAT, "%s: not a gallery", g->name);
    default:
        return fc_fail(err, FC_ECORRUPT, "%s: damaged: %s", g->name, sqlite3_errmsg(g->db));
    }
}

/* ---- statements ---- */

fc_status fc_gallery_statement(fc_gallery *g, fc_sql which, sqlite3_stmt **out, fc_error *err)
{
    sqlite3_stmt **s = &g->stmt[which];

    *out = NULL;
    if (!*s && sqlite3_prepare_v3(g->db, fc_gallery_sql[which], -1, SQLITE_PREPARE_PERSISTENT, s, NULL))
        return fc_gallery_fault(g, err);
    sqlite3_reset(*s); /* what it reported last time is known */
    sqlite3_clear_bindings(*s);
    *out = *s;
    return FC_OK;
}

fc_status fc_gallery_step(fc_gallery *g, sqlite3_stmt *s, bool *row, fc_error *err)
{
    const int rc = sqlite3_step(s);
    fc_status st = FC_OK;

    *row = rc == SQLITE_ROW;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        st = fc_gallery_fault(g, err);
    if (!*row)
        sqlite3_reset(s);
    return st;
}

fc_status fc_gallery_run(fc_gallery *g, sqlite3_stmt *s, fc_error *err)
{
    bool row;
    fc_status st = fc_gallery_step(g, s, &row, err);

    if (row)
        sqlite3_reset(s);
    return st;
}

fc_status fc_gallery_run_text(fc_gallery *g, const char *text, fc_error *err)
{
    if (sqlite3_exec(g->db, text, NULL, NULL, NULL))
        return fc_gallery_fault(g, err);
    return FC_OK;
}

fc_status fc_gallery_read_integer(fc_gallery *g, const char *text, int64_t *out, fc_error *err)
{
    sqlite3_stmt *s;
    fc_status st = FC_OK;

    if (sqlite3_prepare_v2(g->db, text, -1, &s, NULL) || sqlite3_step(s) != SQLITE_ROW)
        st = fc_gallery_fault(g, err);
    else
        *out = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return st;
}

/* ---- transactions ---- */

fc_status fc_gallery_get_info(fc_gallery *g, fc_gallery_info *out, fc_error *err)
{
    bool own;
    fc_status s = fc_gallery_enter(g, false, &own, err);

    if (s)
        return s;
    fc_gallery_describe_samples(g);
    *out = g->info; /* what this transaction did counts */
    return fc_gallery_leave(g, own, s, err);
}

/* Another process may have changed the tables since they were looked at (a purge does, and puts the same there). */
static fc_status check_same_schema(fc_gallery *g, fc_error *err)
{
    sqlite3_stmt *s;
    bool row;
    int64_t version = 0;
    fc_status st = fc_gallery_statement(g, FC_SQL_SCHEMA_VERSION, &s, err);

    if (!st)
        st = fc_gallery_step(g, s, &row, err);
    if (st)
        return st;
    if (row)
        version = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    if (version == g->schema_version)
        return FC_OK;
    st = fc_gallery_check_schema(g, false, err);
    if (!st)
        g->schema_version = version;
    return st;
}

/* What has to be so before anything is read. */
static fc_status check_begun(fc_gallery *g, const fc_commits *commits, fc_error *err)
{
    fc_status s = check_same_schema(g, err);

    if (!s)
        s = fc_gallery_read_root(g, err);
    if (!s)
        s = fc_gallery_check_commits(g, commits, err);
    if (!s && g->writing && g->sealed && !g->seal)
        s = fc_fail(err, FC_EDATA, "%s: sealed: changes need the key", g->name);
    if (!s && g->writing)
        s = fc_gallery_vouch(g, err);
    return s;
}

fc_status fc_gallery_begin(fc_gallery *g, bool write, fc_error *err)
{
    fc_commits commits = {.commits = 0};
    fc_status s = FC_OK;

    if (write && !g->may_write)
        return fc_fail(err, FC_EIO, "%s: opened for reading only", g->name);
    if (g->place == FC_ON_DISK)
        s = fc_gallery_read_commits(g, &commits, err);
    if (!s)
        s = fc_gallery_run_text(g, write ? "BEGIN IMMEDIATE" : "BEGIN", err);
    if (s)
        return s;
    g->in_transaction = true;
    g->writing = write;
    g->changed = g->removed = false;
    s = check_begun(g, &commits, err);
    if (s)
        fc_gallery_rollback(g);
    return s;
}

/* The index goes before, so that one who is killed in between has not left what is removed; and after, for who made it
 * again in between. */
static fc_status commit_changes(fc_gallery *g, fc_error *err)
{
    fc_status s = fc_gallery_write_root(g, err);

    if (!s && g->removed && g->place == FC_ON_DISK)
        fc_index_retire(g);
    if (!s)
        s = fc_gallery_run_text(g, "COMMIT", err);
    if (s)
        return s;
    memcpy(g->vouched, g->info.state, sizeof g->vouched);
    if (g->place == FC_ON_DISK) {
        fc_gallery_note_commit(g);
        if (g->removed)
            fc_index_retire(g);
    }
    return FC_OK;
}

fc_status fc_gallery_commit(fc_gallery *g, fc_error *err)
{
    const bool write = g->writing;
    fc_status s = g->changed ? commit_changes(g, err) : fc_gallery_run_text(g, "COMMIT", err);

    if (s)
        fc_gallery_rollback(g);
    g->in_transaction = g->writing = g->changed = false;
    return s || !write || g->place != FC_NEW ? s : fc_gallery_settle(g, err);
}

void fc_gallery_rollback(fc_gallery *g)
{
    for (int i = 0; i < FC_SQL_COUNT; i++)
        sqlite3_reset(g->stmt[i]);
    if (!sqlite3_get_autocommit(g->db)) /* some faults have rolled it back already */
        sqlite3_exec(g->db, "ROLLBACK", NULL, NULL, NULL);
    g->in_transaction = g->writing = g->changed = false;
}

fc_status fc_gallery_enter(fc_gallery *g, bool write, bool *own, fc_error *err)
{
    *own = !g->in_transaction;
    if (!*own && write && !g->writing)
        return fc_fail(err, FC_EUSAGE, "%s: a change inside of a transaction that reads", g->name);
    return *own ? fc_gallery_begin(g, write, err) : FC_OK;
}

fc_status fc_gallery_leave(fc_gallery *g, bool own, fc_status s, fc_error *err)
{
    if (!own)
        return s;
    if (!s)
        return fc_gallery_commit(g, err);
    fc_gallery_rollback(g);
    return s;
}

static fc_status no_subject(void *ctx, const fc_subject *s, fc_error *err)
{
    (void)ctx, (void)s, (void)err;
    return FC_OK;
}

static fc_status no_sample(void *ctx, const fc_sample *s, fc_error *err)
{
    (void)ctx, (void)s, (void)err;
    return FC_OK;
}

fc_status fc_gallery_vouch(fc_gallery *g, fc_error *err)
{
    fc_status s = FC_OK;

    if (!g->seal || g->changed || !memcmp(g->vouched, g->info.state, sizeof g->vouched))
        return FC_OK;
    s = fc_gallery_each_subject(g, false, no_subject, NULL, err);
    if (!s)
        s = fc_gallery_each_sample(g, 0, false, no_sample, NULL, err);
    if (!s)
        memcpy(g->vouched, g->info.state, sizeof g->vouched);
    return s;
}

/* ---- removing for good ---- */

fc_status fc_gallery_purge(fc_gallery *g, fc_error *err)
{
    int64_t busy = 1;
    fc_status s = fc_gallery_run_text(g, "VACUUM", err);

    if (!s)
        s = fc_gallery_read_integer(g, "PRAGMA wal_checkpoint(TRUNCATE)", &busy, err);
    if (!s && busy)
        s = fc_fail(err, FC_EIO, "%s: removed, but not wiped out yet: another process still reads it",
                    g->name);
    return s;
}

/* ---- checking ---- */

/* The statement gives no row, or one row: "ok". */
static fc_status expect_ok(fc_gallery *g, const char *text, fc_error *err)
{
    sqlite3_stmt *s;
    fc_status st = FC_OK;
    int rc = sqlite3_prepare_v2(g->db, text, -1, &s, NULL);

    if (!rc)
        rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        const char *said = (const char *)sqlite3_column_text(s, 0);
        if (!said || strcmp(said, "ok"))
            st = fc_fail(err, FC_ECORRUPT, "%s: damaged: %s", g->name, said ? said : "");
    } else if (rc != SQLITE_DONE) {
        st = fc_gallery_fault(g, err);
    }
    sqlite3_finalize(s);
    return st;
}

fc_status fc_gallery_check(fc_gallery *g, fc_error *err)
{
    bool own;
    fc_status s = fc_gallery_enter(g, false, &own, err);

    if (s)
        return s;
    s = expect_ok(g, "PRAGMA integrity_check(1)", err);
    if (!s)
        s = expect_ok(g, "PRAGMA foreign_key_check", err);
    if (!s)
        s = fc_gallery_each_subject(g, false, no_subject, NULL, err);
    if (!s)
        s = fc_gallery_each_sample(g, 0, !g->sealed || g->seal, no_sample, NULL, err);
    return fc_gallery_leave(g, own, s, err);
}
