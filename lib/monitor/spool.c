#include "monitor/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

#define SPOOL_ID "1178887024" /* "FDsp" */

enum { PUT, NEXT, DONE, OLDEST, STATEMENTS };
static const char *const texts[STATEMENTS] = {
    [PUT] = "INSERT INTO message (topic, payload, retain) VALUES (?1, ?2, ?3)",
    [NEXT] = "SELECT id, topic, payload, retain FROM message WHERE id > ?1 ORDER BY id LIMIT 1",
    [DONE] = "DELETE FROM message WHERE id = ?1 RETURNING length(CAST(topic AS BLOB)) + length(payload)",
    [OLDEST] = "SELECT min(id) FROM message WHERE id > ?1",
};

struct fc_spool {
    char *name;
    sqlite3 *db;
    sqlite3_stmt *stmt[STATEMENTS];
    uint64_t max, bytes;
    size_t n;
};

static fc_status fail(fc_spool *s, fc_error *err)
{
    const int code = s->db ? sqlite3_errcode(s->db) & 0xFF : SQLITE_NOMEM;

    if (code == SQLITE_NOMEM)
        return fc_fail_nomem(err, 0);
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
        return fc_fail(err, FC_EIO, "%s: another process has it", s->name);
    return fc_fail(err, code == SQLITE_NOTADB || code == SQLITE_CORRUPT ? FC_EFORMAT : FC_EIO, "%s: %s",
                   s->name, sqlite3_errmsg(s->db));
}

static fc_status run(fc_spool *s, const char *sql, fc_error *err)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) ? fail(s, err) : FC_OK;
}

static fc_status ask(fc_spool *s, const char *sql, int64_t *out, fc_error *err)
{
    sqlite3_stmt *stmt = NULL;
    fc_status status = FC_OK;

    if (sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) || sqlite3_step(stmt) != SQLITE_ROW)
        status = fail(s, err);
    else
        *out = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return status;
}

/* ---- opening ---- */

static fc_status make_file(const char *path, fc_error *err)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);

    if (fd < 0)
        return fc_fail_errno(err, path);
    close(fd);
    return FC_OK;
}

static fc_status prepare_tables(fc_spool *s, fc_error *err)
{
    int64_t id = 0, tables = 0;
    fc_status status =
        run(s,
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
            "BEGIN EXCLUSIVE; COMMIT",
            err);

    if (!status)
        status = ask(s, "PRAGMA application_id", &id, err);
    if (!status)
        status = ask(s, "SELECT count(*) FROM sqlite_master", &tables, err);
    if (!status && tables && id != strtoll(SPOOL_ID, NULL, 10))
        status = fc_fail(err, FC_EFORMAT, "%s: is another database, and no spool", s->name);
    if (!status && !tables)
        status = run(s,
                     "PRAGMA application_id = " SPOOL_ID ";"
                     "CREATE TABLE message (id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL,"
                     " payload BLOB NOT NULL, retain INTEGER NOT NULL)",
                     err);
    for (int i = 0; !status && i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(s->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &s->stmt[i], NULL))
            status = fail(s, err);
    return status;
}

static fc_status count_all(fc_spool *s, fc_error *err)
{
    int64_t n = 0, bytes = 0;
    fc_status status = ask(s, "SELECT count(*) FROM message", &n, err);

    if (!status)
        status = ask(s, "SELECT coalesce(sum(length(CAST(topic AS BLOB)) + length(payload)), 0) FROM message",
                     &bytes, err);
    s->n = (size_t)n;
    s->bytes = (uint64_t)bytes + s->n * FC_SPOOL_MESSAGE;
    return status;
}

fc_status fc_spool_open(fc_spool **out, const char *path, uint64_t max_bytes, fc_error *err)
{
    fc_spool *s = calloc(1, sizeof *s);
    fc_status status = path ? make_file(path, err) : FC_OK;

    *out = NULL;
    if (!s || !(s->name = strdup(path ? path : "spool"))) {
        free(s);
        return fc_fail_nomem(err, sizeof *s);
    }
    s->max = max_bytes;
    if (!status &&
        sqlite3_open_v2(path ? path : ":memory:", &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL))
        status = fail(s, err);
    if (!status)
        status = prepare_tables(s, err);
    if (!status)
        status = count_all(s, err);
    if (status)
        fc_spool_close(s);
    else
        *out = s;
    return status;
}

void fc_spool_close(fc_spool *s)
{
    if (!s)
        return;
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(s->stmt[i]);
    sqlite3_close(s->db);
    free(s->name);
    free(s);
}

/* ---- messages ---- */

static uint64_t size_of(const fc_message *m)
{
    return strlen(m->topic) + m->n + FC_SPOOL_MESSAGE;
}

/* *id: 0: there is none. */
static fc_status oldest_behind(fc_spool *s, int64_t sent, int64_t *id, fc_error *err)
{
    sqlite3_stmt *stmt = s->stmt[OLDEST];

    sqlite3_bind_int64(stmt, 1, sent);
    if (sqlite3_step(stmt) != SQLITE_ROW)
        return fail(s, err);
    *id = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return FC_OK;
}

fc_status fc_spool_done(fc_spool *s, int64_t id, fc_error *err)
{
    sqlite3_stmt *stmt = s->stmt[DONE];
    uint64_t bytes;

    sqlite3_bind_int64(stmt, 1, id);
    const int got = sqlite3_step(stmt);
    if (got == SQLITE_ROW) {
        bytes = (uint64_t)sqlite3_column_int64(stmt, 0) + FC_SPOOL_MESSAGE;
        s->bytes -= bytes < s->bytes ? bytes : s->bytes;
        s->n--;
    }
    return sqlite3_reset(stmt) || (got != SQLITE_ROW && got != SQLITE_DONE) ? fail(s, err) : FC_OK;
}

bool fc_spool_has_room(const fc_spool *s, const fc_message *m)
{
    return s->bytes + size_of(m) <= s->max;
}

static fc_status make_room(fc_spool *s, uint64_t want, int64_t sent, size_t *dropped, fc_error *err)
{
    int64_t id = 1;
    fc_status status = FC_OK;

    while (!status && id && s->bytes + want > s->max) {
        status = oldest_behind(s, sent, &id, err);
        if (status || !id)
            break;
        status = fc_spool_done(s, id, err);
        ++*dropped;
    }
    return status;
}

fc_status fc_spool_put(fc_spool *s, fc_message *m, int64_t sent, size_t *dropped, fc_error *err)
{
    sqlite3_stmt *stmt = s->stmt[PUT];
    const uint64_t want = size_of(m);
    fc_status status;

    *dropped = 0;
    m->id = 0;
    status = want <= s->max ? make_room(s, want, sent, dropped, err) : FC_OK;
    if (status)
        return status;
    if (want > s->max || s->bytes + want > s->max) { /* there is no room for it, whatever goes */
        ++*dropped;
        return FC_OK;
    }
    sqlite3_bind_text(stmt, 1, m->topic, -1, SQLITE_STATIC);
    sqlite3_bind_blob64(stmt, 2, m->payload, m->n, SQLITE_STATIC);
    sqlite3_bind_int(stmt, 3, m->retain);
    const int got = sqlite3_step(stmt);
    if (sqlite3_reset(stmt) || got != SQLITE_DONE)
        return fail(s, err);
    sqlite3_clear_bindings(stmt);
    m->id = sqlite3_last_insert_rowid(s->db);
    s->bytes += want;
    s->n++;
    return FC_OK;
}

static fc_status take_row(sqlite3_stmt *stmt, fc_message *out, fc_error *err)
{
    const int topic = sqlite3_column_bytes(stmt, 1), n = sqlite3_column_bytes(stmt, 2);
    const void *payload = sqlite3_column_blob(stmt, 2);

    *out = (fc_message){.id = sqlite3_column_int64(stmt, 0),
                        .topic = strndup((const char *)sqlite3_column_text(stmt, 1), (size_t)topic),
                        .payload = calloc(1, (size_t)n + 1),
                        .n = (size_t)n,
                        .retain = sqlite3_column_int(stmt, 3) != 0};
    if (!out->topic || !out->payload) {
        fc_message_clear(out);
        return fc_fail_nomem(err, (size_t)n + 1);
    }
    if (n)
        memcpy(out->payload, payload, (size_t)n);
    return FC_OK;
}

fc_status fc_spool_next(fc_spool *s, int64_t id, fc_message *out, fc_error *err)
{
    sqlite3_stmt *stmt = s->stmt[NEXT];
    fc_status status;

    *out = (fc_message){0};
    sqlite3_bind_int64(stmt, 1, id);
    const int got = sqlite3_step(stmt);
    status = got == SQLITE_ROW ? take_row(stmt, out, err) : got == SQLITE_DONE ? FC_END : fail(s, err);
    sqlite3_reset(stmt);
    return status;
}

size_t fc_spool_count(const fc_spool *s)
{
    return s->n;
}
