#include "match/gallery.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/error.h"
#include "match/gallery_impl.h"

enum {
    APPLICATION = 0x66636761, /* "fcga" */
    SCHEMA = 1,
    DEFAULT_WAIT_MS = 30000,
    WAL_OFFSET = 18, /* "Database File Format", 1.3.2: the versions for writing and for reading */
    WAL = 2
};

/* One row says what the gallery is. `checksum` is over what never changes; subjects, samples and their sums are kept by
 * triggers, so that no writer can forget them; so is `state`, the random name of these contents. */
static const char *const schema[] = {
    "CREATE TABLE gallery(id INTEGER PRIMARY KEY CHECK (id = 1), uid BLOB NOT NULL, contract TEXT NOT NULL,"
    " dim INTEGER NOT NULL, seal BLOB, checksum INTEGER NOT NULL, state BLOB NOT NULL,"
    " subjects INTEGER NOT NULL, subject_sums INTEGER NOT NULL,"
    " samples INTEGER NOT NULL, sample_sums INTEGER NOT NULL) STRICT",

    "CREATE TABLE subject(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, meta TEXT NOT "
    "NULL,"
    " checksum INTEGER NOT NULL) STRICT",

    "CREATE TABLE sample(id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " subject INTEGER NOT NULL REFERENCES subject(id) ON DELETE CASCADE, embedding BLOB NOT NULL,"
    " print BLOB NOT NULL, source BLOB NOT NULL, content BLOB NOT NULL, face INTEGER NOT NULL,"
    " view INTEGER NOT NULL, quality REAL, checksum INTEGER NOT NULL) STRICT",

    "CREATE UNIQUE INDEX sample_print ON sample(subject, view, print)",
    "CREATE INDEX sample_content ON sample(content, subject, view)",

    "CREATE TRIGGER subject_added AFTER INSERT ON subject BEGIN UPDATE gallery SET state = randomblob(16),"
    " subjects = subjects + 1, subject_sums = (subject_sums + new.checksum) & 4611686018427387903; END",
    "CREATE TRIGGER subject_removed AFTER DELETE ON subject BEGIN UPDATE gallery SET state = randomblob(16),"
    " subjects = subjects - 1, subject_sums = (subject_sums - old.checksum) & 4611686018427387903; END",
    "CREATE TRIGGER subject_changed AFTER UPDATE ON subject BEGIN UPDATE gallery SET state = randomblob(16),"
    " subject_sums = (subject_sums - old.checksum + new.checksum) & 4611686018427387903; END",

    "CREATE TRIGGER sample_added AFTER INSERT ON sample BEGIN UPDATE gallery SET state = randomblob(16),"
    " samples = samples + 1, sample_sums = (sample_sums + new.checksum) & 4611686018427387903; END",
    "CREATE TRIGGER sample_removed AFTER DELETE ON sample BEGIN UPDATE gallery SET state = randomblob(16),"
    " samples = samples - 1, sample_sums = (sample_sums - old.checksum) & 4611686018427387903; END",
    "CREATE TRIGGER sample_changed AFTER UPDATE ON sample BEGIN UPDATE gallery SET state = randomblob(16),"
    " sample_sums = (sample_sums - old.checksum + new.checksum) & 4611686018427387903; END",
};
enum { OBJECTS = sizeof schema / sizeof *schema };

static const char *const sql[FC_SQL_COUNT] = {
    [FC_SQL_INFO] =
        "SELECT uid, contract, dim, seal, checksum, state, subjects, subject_sums, samples, sample_sums"
        " FROM gallery WHERE id = 1",
    [FC_SQL_NEXT] = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'subject'), 0) + 1,"
                    " coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'sample'), 0) + 1",
    [FC_SQL_SET_CONTRACT] = "UPDATE gallery SET contract = ?1, dim = ?2, checksum = ?3",
    [FC_SQL_FIND] = "SELECT id, name, meta, checksum FROM subject WHERE name = ?1",
    [FC_SQL_SUBJECT] = "SELECT id, name, meta, checksum FROM subject WHERE id = ?1",
    [FC_SQL_SUBJECTS] = "SELECT id, name, meta, checksum, 0 FROM subject ORDER BY id",
    [FC_SQL_SUBJECT_ROWS] =
        "SELECT id, name, meta, checksum,"
        " (SELECT count(*) FROM sample WHERE subject = subject.id) FROM subject ORDER BY id",
    [FC_SQL_ADD_SUBJECT] = "INSERT INTO subject(id, name, meta, checksum) VALUES (?1, ?2, ?3, ?4)",
    [FC_SQL_CHANGE_SUBJECT] = "UPDATE subject SET name = ?2, meta = ?3, checksum = ?4 WHERE id = ?1",
    [FC_SQL_REMOVE_SUBJECT] = "DELETE FROM subject WHERE id = ?1",
    [FC_SQL_LAST_VIEW] = "SELECT max(view) FROM sample WHERE content = ?1 AND subject = ?2",
    [FC_SQL_HAS_PRINT] = "SELECT 1 FROM sample WHERE subject = ?1 AND view = ?2 AND print = ?3",
    [FC_SQL_SAMPLES] = "SELECT id, subject, embedding, print, source, content, face, view, quality, checksum"
                       " FROM sample ORDER BY id",
    [FC_SQL_SAMPLES_OF] =
        "SELECT id, subject, embedding, print, source, content, face, view, quality, checksum"
        " FROM sample WHERE subject = ?1 ORDER BY id",
    [FC_SQL_SAMPLE_OF] =
        "SELECT id, subject, embedding, print, source, content, face, view, quality, checksum"
        " FROM sample WHERE subject = ?1 LIMIT 1",
    [FC_SQL_ADD_SAMPLE] =
        "INSERT INTO sample(id, subject, embedding, print, source, content, face, view, quality, checksum)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    [FC_SQL_MOVE_SAMPLE] = "UPDATE sample SET subject = ?2, embedding = ?3, checksum = ?4 WHERE id = ?1",
    [FC_SQL_REMOVE_SAMPLE] = "DELETE FROM sample WHERE id = ?1",
};

/* ---- faults ---- */

fc_status fc_gallery_damaged(const fc_gallery *g, const char *what, int64_t id, fc_error *err)
{
    return fc_fail(err, FC_ECORRUPT, "%s: damaged: %s %lld is not as it was written", g->path, what,
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
        return fc_fail_errno(err, g->path);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return fc_fail(err, FC_EIO, "%s: another process has kept it busy for %g s", g->path,
                       g->wait_ms / 1000.0);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return fc_fail(err, FC_EIO, "%s: may not be written", g->path);
    case SQLITE_IOERR:
        if (rc == SQLITE_IOERR_SHORT_READ)
            return fc_fail(err, FC_ETRUNCATED, "%s: ends too early", g->path);
        errno = sqlite3_system_errno(g->db);
        errno = errno ? errno : EIO;
        return fc_fail_errno(err, g->path);
    case SQLITE_CANTOPEN:
        errno = sqlite3_system_errno(g->db);
        errno = errno ? errno : EIO;
        return fc_fail_errno(err, g->path);
    case SQLITE_NOTADB:
        return fc_fail(err, FC_EFORMAT, "%s: not a gallery", g->path);
    default:
        return fc_fail(err, FC_ECORRUPT, "%s: damaged: %s", g->path, sqlite3_errmsg(g->db));
    }
}

/* ---- statements ---- */

fc_status fc_gallery_statement(fc_gallery *g, fc_sql which, sqlite3_stmt **out, fc_error *err)
{
    sqlite3_stmt **s = &g->stmt[which];

    *out = NULL;
    if (!*s && sqlite3_prepare_v3(g->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT, s, NULL))
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

static fc_status run_text(fc_gallery *g, const char *text, fc_error *err)
{
    if (sqlite3_exec(g->db, text, NULL, NULL, NULL))
        return fc_gallery_fault(g, err);
    return FC_OK;
}

static fc_status read_integer(fc_gallery *g, const char *text, int64_t *out, fc_error *err)
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

/* ---- the gallery's row ---- */

int64_t fc_gallery_sum(const fc_gallery *g)
{
    crypto_generichash_state h;
    uint64_t sum;

    crypto_generichash_init(&h, NULL, 0, sizeof sum);
    crypto_generichash_update(&h, g->uid, sizeof g->uid);
    crypto_generichash_update(&h, (const uint8_t *)g->info.contract, sizeof g->info.contract);
    crypto_generichash_update(&h, (const uint8_t *)&g->info.dim, sizeof g->info.dim);
    crypto_generichash_update(&h, (const uint8_t *)&g->sealed, sizeof g->sealed);
    crypto_generichash_update(&h, g->salt, sizeof g->salt);
    crypto_generichash_update(&h, g->tag, sizeof g->tag);
    crypto_generichash_final(&h, (uint8_t *)&sum, sizeof sum);
    return (int64_t)(sum & FC_SUM_MASK);
}

/* False where the column is not n bytes. */
static bool column_bytes(sqlite3_stmt *s, int column, void *out, size_t n)
{
    const void *p = sqlite3_column_blob(s, column);

    if (!p || (size_t)sqlite3_column_bytes(s, column) != n)
        return false;
    memcpy(out, p, n);
    return true;
}

static bool take_info(fc_gallery *g, sqlite3_stmt *s)
{
    const char *contract = (const char *)sqlite3_column_text(s, 1);
    const size_t length = (size_t)sqlite3_column_bytes(s, 1);
    const int64_t dim = sqlite3_column_int64(s, 2);
    uint8_t seal[FC_SEAL_SALT + FC_SEAL_TAG] = {0};

    g->info = (fc_gallery_info){0};
    g->sealed = sqlite3_column_type(s, 3) != SQLITE_NULL;
    if (!contract || length >= sizeof g->info.contract || dim < 0 || dim > FC_MAX_DIM ||
        !column_bytes(s, 0, g->uid, sizeof g->uid) || (g->sealed && !column_bytes(s, 3, seal, sizeof seal)) ||
        !column_bytes(s, 5, g->info.state, sizeof g->info.state))
        return false;
    memcpy(g->info.contract, contract, length);
    memcpy(g->salt, seal, sizeof g->salt);
    memcpy(g->tag, seal + FC_SEAL_SALT, sizeof g->tag);
    g->info.dim = (size_t)dim;
    g->info.subjects = (uint64_t)sqlite3_column_int64(s, 6);
    g->subject_sums = sqlite3_column_int64(s, 7);
    g->info.samples = (uint64_t)sqlite3_column_int64(s, 8);
    g->sample_sums = sqlite3_column_int64(s, 9);
    return sqlite3_column_int64(s, 4) == fc_gallery_sum(g);
}

static fc_status read_info(fc_gallery *g, fc_error *err)
{
    sqlite3_stmt *s;
    bool row;
    fc_status st = fc_gallery_statement(g, FC_SQL_INFO, &s, err);

    if (!st)
        st = fc_gallery_step(g, s, &row, err);
    if (st)
        return st;
    const bool good = row && take_info(g, s);
    sqlite3_reset(s);
    if (!good)
        return fc_fail(err, FC_ECORRUPT, "%s: damaged: its description is not as it was written", g->path);
    return FC_OK;
}

static fc_status read_next(fc_gallery *g, fc_error *err)
{
    sqlite3_stmt *s;
    bool row;
    fc_status st = fc_gallery_statement(g, FC_SQL_NEXT, &s, err);

    if (!st)
        st = fc_gallery_step(g, s, &row, err);
    if (!st) {
        g->next_subject = sqlite3_column_int64(s, 0);
        g->next_sample = sqlite3_column_int64(s, 1);
        sqlite3_reset(s);
    }
    return st;
}

fc_status fc_gallery_get_info(fc_gallery *g, fc_gallery_info *out, fc_error *err)
{
    bool own;
    fc_status s = fc_gallery_enter(g, false, &own, err);

    if (s)
        return s;
    if (!own) /* what this transaction did counts */
        s = read_info(g, err);
    *out = g->info;
    return fc_gallery_leave(g, own, s, err);
}

fc_status fc_gallery_compare(fc_gallery *g, const fc_totals *t, bool samples, fc_error *err)
{
    fc_status s = read_info(g, err); /* what this transaction did counts */
    const uint64_t n = samples ? g->info.samples : g->info.subjects;

    if (s)
        return s;
    if (t->n == n && t->sums == (samples ? g->sample_sums : g->subject_sums))
        return FC_OK;
    return fc_fail(err, FC_ECORRUPT, "%s: damaged: it counts %llu %s, and %llu were found%s", g->path,
                   (unsigned long long)n, samples ? "samples" : "people", (unsigned long long)t->n,
                   t->n == n ? ", which are others" : "");
}

/* ---- transactions ---- */

fc_status fc_gallery_begin(fc_gallery *g, bool write, fc_error *err)
{
    fc_status s = run_text(g, write ? "BEGIN IMMEDIATE" : "BEGIN", err);

    if (s)
        return s;
    g->in_transaction = true;
    s = read_info(g, err);
    if (!s && write)
        s = read_next(g, err);
    if (s)
        fc_gallery_rollback(g);
    return s;
}

fc_status fc_gallery_commit(fc_gallery *g, fc_error *err)
{
    fc_status s = run_text(g, "COMMIT", err);

    if (s)
        fc_gallery_rollback(g);
    g->in_transaction = false;
    return s;
}

void fc_gallery_rollback(fc_gallery *g)
{
    for (int i = 0; i < FC_SQL_COUNT; i++)
        sqlite3_reset(g->stmt[i]);
    if (!sqlite3_get_autocommit(g->db)) /* some faults have rolled it back already */
        sqlite3_exec(g->db, "ROLLBACK", NULL, NULL, NULL);
    g->in_transaction = false;
}

fc_status fc_gallery_enter(fc_gallery *g, bool write, bool *own, fc_error *err)
{
    *own = !g->in_transaction;
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

/* ---- opening ---- */

void fc_gallery_free(fc_gallery *g)
{
    if (!g)
        return;
    for (int i = 0; i < FC_SQL_COUNT; i++)
        sqlite3_finalize(g->stmt[i]);
    sqlite3_close(g->db);
    fc_seal_free(g->seal);
    free(g->path);
    free(g);
}

const char *fc_gallery_path(const fc_gallery *g)
{
    return g->path;
}

bool fc_gallery_sealed(const fc_gallery *g)
{
    return g->sealed;
}

static fc_status settings(fc_gallery *g, bool write, fc_error *err)
{
    sqlite3_busy_timeout(g->db, g->wait_ms);
    sqlite3_extended_result_codes(g->db, 1);
    sqlite3_db_config(g->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(g->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return run_text(g,
                    write ? "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;"
                            "PRAGMA cell_size_check = ON"
                          : "PRAGMA query_only = ON; PRAGMA cell_size_check = ON",
                    err);
}

/* The objects are those of the schema, in their very words. */
static fc_status check_schema(fc_gallery *g, fc_error *err)
{
    int64_t application = 0, version = 0;
    sqlite3_stmt *s = NULL;
    size_t known = 0, n = 0;
    int rc;
    fc_status st = read_integer(g, "PRAGMA application_id", &application, err);

    if (!st)
        st = read_integer(g, "PRAGMA user_version", &version, err);
    if (st)
        return st;
    if (application != APPLICATION)
        return fc_fail(err, FC_EFORMAT, "%s: not a gallery", g->path);
    if (version != SCHEMA)
        return fc_fail(err, FC_EUNSUPPORTED, "%s: a gallery of version %lld; this program knows %d", g->path,
                       (long long)version, SCHEMA);
    rc = sqlite3_prepare_v2(g->db, "SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'", -1, &s,
                            NULL);
    while (!rc && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(s, 0);
        for (size_t i = 0; i < OBJECTS; i++)
            known += text && !strcmp(text, schema[i]);
        n++;
        rc = SQLITE_OK;
    }
    if (rc != SQLITE_DONE)
        st = fc_gallery_fault(g, err);
    else if (known != OBJECTS || n != OBJECTS)
        st = fc_fail(err, FC_ECORRUPT, "%s: damaged: its tables are not those of a gallery", g->path);
    sqlite3_finalize(s);
    return st;
}

static bool has_log(const fc_gallery *g)
{
    struct stat st;
    char *log;
    bool has;

    if (asprintf(&log, "%s-wal", g->path) < 0)
        return true;
    has = !stat(log, &st) && st.st_size > 0;
    free(log);
    return has;
}

/* SQLite takes what is missing of the last page for zeros. While pages go from the log into the file it may end
 * anywhere, so look again. */
static fc_status check_size(fc_gallery *g, fc_error *err)
{
    int64_t page = 0;
    struct stat st;
    fc_status s = read_integer(g, "PRAGMA page_size", &page, err);

    for (int i = 0; !s && i < 20; i++) {
        if (has_log(g) || (!stat(g->path, &st) && st.st_size % page == 0))
            return FC_OK;
        usleep(5000);
    }
    return s ? s : fc_fail(err, FC_ETRUNCATED, "%s: ends too early", g->path);
}

static fc_status open_seal(fc_gallery *g, const fc_secret *secret, fc_error *err)
{
    uint8_t tag[FC_SEAL_TAG];
    fc_status s;

    if (!g->sealed || !secret)
        return FC_OK;
    s = fc_seal_new(&g->seal, secret, g->salt, err);
    if (s)
        return s;
    fc_seal_tag(g->seal, tag);
    if (sodium_memcmp(tag, g->tag, sizeof tag))
        return fc_fail(err, FC_EUSAGE, "%s: sealed with another key", g->path);
    return FC_OK;
}

/* SQLite gives some names a meaning of their own. */
static char *plain_path(const char *path)
{
    char *out;
    return asprintf(&out, "%s%s", *path == '/' ? "" : "./", path) < 0 ? NULL : out;
}

/* Where neither the file nor its folder may be written, and nobody left a log, nobody can be writing. */
static bool is_immutable(const char *path)
{
    char *log, *copy = strdup(path);
    bool no_log;

    if (!copy || asprintf(&log, "%s-wal", path) < 0) {
        free(copy);
        return false;
    }
    char *slash = strrchr(copy, '/');
    slash[slash == copy] = '\0';
    no_log = access(path, W_OK) && access(copy, W_OK) && access(log, F_OK);
    free(log);
    free(copy);
    return no_log;
}

static char *immutable_uri(const char *path)
{
    char *out = malloc(3 * strlen(path) + 40), *to = out;

    if (!out)
        return NULL;
    to += sprintf(to, "file:");
    for (; *path; path++)
        to += sprintf(to, strchr("%?#", *path) ? "%%%02x" : "%c", (unsigned char)*path);
    sprintf(to, "?immutable=1");
    return out;
}

static fc_status connect_to(fc_gallery *g, fc_gallery_mode mode, fc_error *err)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    char *plain = plain_path(g->path), *uri = NULL;
    int rc = SQLITE_NOMEM;

    if (plain && mode == FC_GALLERY_READ && is_immutable(plain)) {
        uri = immutable_uri(plain);
        if (uri)
            rc = sqlite3_open_v2(
                uri, &g->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | (flags & ~SQLITE_OPEN_READWRITE), NULL);
    } else if (plain) {
        rc = sqlite3_open_v2(plain, &g->db, flags, NULL);
    }
    free(plain);
    free(uri);
    if (!g->db)
        return fc_fail_nomem(err, 0);
    return rc ? fc_gallery_fault(g, err) : FC_OK;
}

static fc_status insert_row(fc_gallery *g, fc_error *err)
{
    uint8_t seal[FC_SEAL_SALT + FC_SEAL_TAG], state[16];
    sqlite3_stmt *s;
    fc_status st;

    randombytes_buf(g->uid, sizeof g->uid);
    randombytes_buf(state, sizeof state);
    memcpy(seal, g->salt, FC_SEAL_SALT);
    memcpy(seal + FC_SEAL_SALT, g->tag, FC_SEAL_TAG);
    if (sqlite3_prepare_v2(g->db, "INSERT INTO gallery VALUES (1, ?1, '', 0, ?2, ?3, ?4, 0, 0, 0, 0)", -1, &s,
                           NULL))
        return fc_gallery_fault(g, err);
    sqlite3_bind_blob(s, 1, g->uid, sizeof g->uid, SQLITE_STATIC);
    if (g->sealed)
        sqlite3_bind_blob(s, 2, seal, sizeof seal, SQLITE_STATIC);
    sqlite3_bind_int64(s, 3, fc_gallery_sum(g));
    sqlite3_bind_blob(s, 4, state, sizeof state, SQLITE_STATIC);
    st = fc_gallery_run(g, s, err);
    sqlite3_finalize(s);
    return st;
}

static fc_status fill(fc_gallery *g, const fc_secret *secret, fc_error *err)
{
    char text[120];
    fc_status s = settings(g, true, err);

    snprintf(text, sizeof text,
             "PRAGMA page_size = 8192; BEGIN;"
             "PRAGMA application_id = %d; PRAGMA user_version = %d",
             APPLICATION, SCHEMA);
    if (!s)
        s = run_text(g, text, err);
    for (size_t i = 0; !s && i < OBJECTS; i++)
        s = run_text(g, schema[i], err);
    if (!s && secret) {
        g->sealed = true;
        randombytes_buf(g->salt, sizeof g->salt);
        s = fc_seal_new(&g->seal, secret, g->salt, err);
        if (!s)
            fc_seal_tag(g->seal, g->tag);
    }
    if (!s)
        s = insert_row(g, err);
    if (!s)
        s = run_text(g, "COMMIT", err);
    return s;
}

/* Made in memory and put there whole, so that a gallery is never half there. Somebody else's that got there first is as
 * good. */
static fc_status make(const char *path, const fc_secret *secret, fc_error *err)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    fc_gallery *g = calloc(1, sizeof *g);
    unsigned char *file = NULL;
    sqlite3_int64 n = 0;
    fc_status s = FC_OK;

    if (!g || !(g->path = strdup(path)) || sqlite3_open_v2(":memory:", &g->db, flags, NULL))
        s = fc_fail_nomem(err, 0);
    if (!s)
        s = fill(g, secret, err);
    if (!s && !(file = sqlite3_serialize(g->db, "main", &n, 0)))
        s = fc_fail_nomem(err, 0);
    if (!s) {
        memcpy(file + WAL_OFFSET, (uint8_t[]){WAL, WAL}, 2);
        s = fc_create_private(path, file, (size_t)n, err);
    }
    sqlite3_free(file);
    fc_gallery_free(g);
    return s;
}

static fc_status check_file(const char *path, fc_error *err)
{
    struct stat st;

    if (stat(path, &st))
        return fc_fail_errno(err, path);
    if (!S_ISREG(st.st_mode))
        return fc_fail(err, FC_EFORMAT, "%s: not a gallery (not a file)", path);
    if (st.st_size == 0)
        return fc_fail(err, FC_EEMPTY, "%s: empty", path);
    return FC_OK;
}

fc_status fc_gallery_open(fc_gallery **out, const char *path, const fc_gallery_options *opt, fc_error *err)
{
    fc_gallery *g;
    fc_status s = FC_OK;

    *out = NULL;
    if (sodium_init() < 0)
        return fc_fail(err, FC_EIO, "no source of random numbers");
    if (opt->seal && !opt->secret)
        return fc_fail(err, FC_EUSAGE, "%s: a sealed gallery needs a key", path);
    if (opt->mode == FC_GALLERY_CREATE && access(path, F_OK) && errno == ENOENT)
        s = make(path, opt->seal ? opt->secret : NULL, err);
    if (!s)
        s = check_file(path, err);
    if (s)
        return s;
    g = calloc(1, sizeof *g);
    if (!g || !(g->path = strdup(path))) {
        free(g);
        return fc_fail_nomem(err, strlen(path));
    }
    g->wait_ms = opt->wait_ms ? opt->wait_ms : DEFAULT_WAIT_MS;
    s = connect_to(g, opt->mode, err);
    if (!s)
        s = settings(g, opt->mode != FC_GALLERY_READ, err);
    if (!s)
        s = check_schema(g, err);
    if (!s)
        s = check_size(g, err);
    if (!s)
        s = fc_gallery_begin(g, false, err);
    if (!s)
        s = fc_gallery_commit(g, err);
    if (!s && opt->seal && !g->sealed)
        s = fc_fail(err, FC_EUSAGE, "%s: is there already, and is not sealed", path);
    if (!s)
        s = open_seal(g, opt->secret, err);
    if (s) {
        fc_gallery_free(g);
        return s;
    }
    *out = g;
    return FC_OK;
}

/* ---- removing for good ---- */

fc_status fc_gallery_purge(fc_gallery *g, fc_error *err)
{
    int64_t busy = 1;
    fc_status s = run_text(g, "VACUUM", err);

    if (!s)
        s = read_integer(g, "PRAGMA wal_checkpoint(TRUNCATE)", &busy, err);
    if (!s && busy)
        s = fc_fail(err, FC_EIO, "%s: removed, but not wiped out yet: another process still reads it",
                    g->path);
    return s;
}

/* ---- checking ---- */

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
            st = fc_fail(err, FC_ECORRUPT, "%s: damaged: %s", g->path, said ? said : "");
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
