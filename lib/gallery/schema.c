#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "gallery/impl.h"

enum { APPLICATION = 0x66636761 /* "fcga" */ };

typedef struct object {
    const char *type, *name, *table, *sql; /* sql is NULL where SQLite made it by itself */
} object;

/* One row of `gallery` says what the gallery is and vouches for all others (gallery_root.c). */
static const object schema[] = {
    {"table", "gallery", "gallery",
     "CREATE TABLE gallery(id INTEGER PRIMARY KEY CHECK (id = 1), uid BLOB NOT NULL, contract TEXT NOT NULL,"
     " dim INTEGER NOT NULL, seal BLOB, state BLOB NOT NULL, commits INTEGER NOT NULL,"
     " subjects INTEGER NOT NULL, subject_sums INTEGER NOT NULL, samples INTEGER NOT NULL,"
     " sample_sums INTEGER NOT NULL, next_subject INTEGER NOT NULL, next_sample INTEGER NOT NULL,"
     " root BLOB, checksum INTEGER NOT NULL) STRICT"},
    {"table", "subject", "subject",
     "CREATE TABLE subject(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, meta TEXT NOT NULL,"
     " checksum INTEGER NOT NULL) STRICT"},
    {"index", "sqlite_autoindex_subject_1", "subject", NULL},
    {"table", "sample", "sample",
     "CREATE TABLE sample(id INTEGER PRIMARY KEY, subject INTEGER NOT NULL REFERENCES subject(id),"
     " embedding BLOB NOT NULL, print BLOB NOT NULL, source BLOB NOT NULL, content BLOB NOT NULL,"
     " face INTEGER NOT NULL, view INTEGER NOT NULL, quality REAL, checksum INTEGER NOT NULL) STRICT"},
    {"index", "sample_print", "sample", "CREATE UNIQUE INDEX sample_print ON sample(subject, view, print)"},
    {"index", "sample_content", "sample", "CREATE INDEX sample_content ON sample(content, subject, view)"},
};

/* What format 3 has more: a gallery gets it with its first calibration. */
static const object calibration_table = {
    "table", "calibration", "calibration",
    "CREATE TABLE calibration(id INTEGER PRIMARY KEY CHECK (id = 1), way INTEGER NOT NULL, fuse INTEGER NOT "
    "NULL,"
    " fpir REAL NOT NULL, people INTEGER NOT NULL, contract TEXT NOT NULL, cohort BLOB NOT NULL,"
    " scores BLOB NOT NULL) STRICT"};

/* Of format 1, which fc_gallery_upgrade reads. */
#define SUMS "UPDATE gallery SET state = randomblob(16),"
static const object old_schema[] = {
    {"table", "gallery", "gallery",
     "CREATE TABLE gallery(id INTEGER PRIMARY KEY CHECK (id = 1), uid BLOB NOT NULL, contract TEXT NOT NULL,"
     " dim INTEGER NOT NULL, seal BLOB, checksum INTEGER NOT NULL, state BLOB NOT NULL,"
     " subjects INTEGER NOT NULL, subject_sums INTEGER NOT NULL,"
     " samples INTEGER NOT NULL, sample_sums INTEGER NOT NULL) STRICT"},
    {"table", "subject", "subject",
     "CREATE TABLE subject(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, meta TEXT NOT "
     "NULL,"
     " checksum INTEGER NOT NULL) STRICT"},
    {"index", "sqlite_autoindex_subject_1", "subject", NULL},
    {"table", "sqlite_sequence", "sqlite_sequence", "CREATE TABLE sqlite_sequence(name,seq)"},
    {"table", "sample", "sample",
     "CREATE TABLE sample(id INTEGER PRIMARY KEY AUTOINCREMENT,"
     " subject INTEGER NOT NULL REFERENCES subject(id) ON DELETE CASCADE, embedding BLOB NOT NULL,"
     " print BLOB NOT NULL, source BLOB NOT NULL, content BLOB NOT NULL, face INTEGER NOT NULL,"
     " view INTEGER NOT NULL, quality REAL, checksum INTEGER NOT NULL) STRICT"},
    {"index", "sample_print", "sample", "CREATE UNIQUE INDEX sample_print ON sample(subject, view, print)"},
    {"index", "sample_content", "sample", "CREATE INDEX sample_content ON sample(content, subject, view)"},
    {"trigger", "subject_added", "subject",
     "CREATE TRIGGER subject_added AFTER INSERT ON subject BEGIN " SUMS
     " subjects = subjects + 1, subject_sums = (subject_sums + new.checksum) & 4611686018427387903; END"},
    {"trigger", "subject_removed", "subject",
     "CREATE TRIGGER subject_removed AFTER DELETE ON subject BEGIN " SUMS
     " subjects = subjects - 1, subject_sums = (subject_sums - old.checksum) & 4611686018427387903; END"},
    {"trigger", "subject_changed", "subject",
     "CREATE TRIGGER subject_changed AFTER UPDATE ON subject BEGIN " SUMS
     " subject_sums = (subject_sums - old.checksum + new.checksum) & 4611686018427387903; END"},
    {"trigger", "sample_added", "sample",
     "CREATE TRIGGER sample_added AFTER INSERT ON sample BEGIN " SUMS
     " samples = samples + 1, sample_sums = (sample_sums + new.checksum) & 4611686018427387903; END"},
    {"trigger", "sample_removed", "sample",
     "CREATE TRIGGER sample_removed AFTER DELETE ON sample BEGIN " SUMS
     " samples = samples - 1, sample_sums = (sample_sums - old.checksum) & 4611686018427387903; END"},
    {"trigger", "sample_changed", "sample",
     "CREATE TRIGGER sample_changed AFTER UPDATE ON sample BEGIN " SUMS
     " sample_sums = (sample_sums - old.checksum + new.checksum) & 4611686018427387903; END"},
};
enum { OBJECTS = sizeof schema / sizeof *schema, OLD_OBJECTS = sizeof old_schema / sizeof *old_schema };

#define SUBJECT "SELECT id, name, meta, checksum"
#define SAMPLE                                                                                               \
    "SELECT id, subject, embedding, print, source, content, face, view, quality, checksum FROM sample"

const char *const fc_gallery_sql[FC_SQL_COUNT] = {
    [FC_SQL_SCHEMA_VERSION] = "PRAGMA schema_version",
    [FC_SQL_INFO] = "SELECT uid, contract, dim, seal, state, commits, subjects, subject_sums, samples,"
                    " sample_sums, next_subject, next_sample, root, checksum FROM gallery WHERE id = 1",
    [FC_SQL_SET_INFO] = "INSERT OR REPLACE INTO gallery VALUES"
                        " (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    [FC_SQL_CALIBRATION] =
        "SELECT way, fuse, fpir, people, contract, cohort, scores FROM calibration WHERE id = 1",
    [FC_SQL_SET_CALIBRATION] = "INSERT OR REPLACE INTO calibration VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [FC_SQL_FIND] = SUBJECT " FROM subject WHERE name = ?1",
    [FC_SQL_SUBJECT] = SUBJECT " FROM subject WHERE id = ?1",
    [FC_SQL_SUBJECTS] = SUBJECT ", 0 FROM subject ORDER BY id",
    [FC_SQL_SUBJECT_ROWS] =
        SUBJECT ", (SELECT count(*) FROM sample WHERE subject = subject.id) FROM subject ORDER BY id",
    [FC_SQL_ADD_SUBJECT] = "INSERT INTO subject(id, name, meta, checksum) VALUES (?1, ?2, ?3, ?4)",
    [FC_SQL_CHANGE_SUBJECT] = "UPDATE subject SET name = ?2, meta = ?3, checksum = ?4 WHERE id = ?1",
    [FC_SQL_REMOVE_SUBJECT] = "DELETE FROM subject WHERE id = ?1",
    [FC_SQL_LAST_VIEW] = "SELECT max(view) FROM sample WHERE content = ?1 AND subject = ?2",
    [FC_SQL_HAS_PRINT] = "SELECT 1 FROM sample WHERE subject = ?1 AND view = ?2 AND print = ?3",
    [FC_SQL_SAMPLES] = SAMPLE " ORDER BY id",
    [FC_SQL_SAMPLES_OF] = SAMPLE " WHERE subject = ?1 ORDER BY id",
    [FC_SQL_SAMPLE] = SAMPLE " WHERE id = ?1",
    [FC_SQL_SAMPLE_OF] = SAMPLE " WHERE subject = ?1 LIMIT 1",
    [FC_SQL_COUNT_PHOTOS] = "SELECT count(*) FROM sample WHERE view = 0",
    [FC_SQL_ADD_SAMPLE] =
        "INSERT INTO sample(id, subject, embedding, print, source, content, face, view, quality, checksum)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    [FC_SQL_MOVE_SAMPLE] = "UPDATE sample SET subject = ?2, embedding = ?3, checksum = ?4 WHERE id = ?1",
    [FC_SQL_REMOVE_SAMPLE] = "DELETE FROM sample WHERE id = ?1",
};

/* The file may be anybody's work: nothing that it brings is run, whatever its schema says. */
static fc_status harden(fc_gallery *g, fc_error *err)
{
    static const struct {
        int what, value;
    } config[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},   {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
        {SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0},  {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
        {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1}, /* until what is there has been looked at */
    };

    for (size_t i = 0; i < sizeof config / sizeof *config; i++)
        if (sqlite3_db_config(g->db, config[i].what, config[i].value, NULL))
            return fc_gallery_fault(g, err);
    sqlite3_limit(g->db, SQLITE_LIMIT_LENGTH, 1 << 26);
    return FC_OK;
}

fc_status fc_gallery_settings(fc_gallery *g, bool write, fc_error *err)
{
    fc_status s;

    sqlite3_busy_timeout(g->db, g->wait_ms);
    sqlite3_extended_result_codes(g->db, 1);
    s = harden(g, err);
    if (s)
        return s;
    return fc_gallery_run_text(
        g,
        write ? "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;"
                "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0"
              : "PRAGMA query_only = ON; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0",
        err);
}

static bool same(const unsigned char *a, const char *b)
{
    return a && b ? !strcmp((const char *)a, b) : !a && !b;
}

static bool is_object(sqlite3_stmt *s, const object *want)
{
    return same(sqlite3_column_text(s, 0), want->type) && same(sqlite3_column_text(s, 1), want->name) &&
           same(sqlite3_column_text(s, 2), want->table) && same(sqlite3_column_text(s, 3), want->sql);
}

/* more: one beside the n; NULL: none. */
static fc_status check_objects(fc_gallery *g, const object *want, size_t n, const object *more, fc_error *err)
{
    bool seen[OLD_OBJECTS + 1] = {false};
    size_t found = 0;
    sqlite3_stmt *s = NULL;
    fc_status st = FC_OK;
    int rc = sqlite3_prepare_v2(g->db, "SELECT type, name, tbl_name, sql FROM sqlite_schema", -1, &s, NULL);

    while (!rc && !st && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        size_t i = 0;
        while (i < n && (seen[i] || !is_object(s, &want[i])))
            i++;
        if (i == n && (seen[n] || !more || !is_object(s, more))) {
            st = fc_fail(err, FC_ECORRUPT, "%s: damaged: its tables are not those of a gallery", g->name);
            break;
        }
        seen[i] = true;
        found++;
        rc = SQLITE_OK;
    }
    if (!st && rc != SQLITE_DONE)
        st = fc_gallery_fault(g, err);
    else if (!st && found != n + (more != NULL))
        st = fc_fail(err, FC_ECORRUPT, "%s: damaged: its tables are not those of a gallery", g->name);
    sqlite3_finalize(s);
    return st;
}

fc_status fc_gallery_check_schema(fc_gallery *g, bool old, fc_error *err)
{
    int64_t application = 0, version = 0;
    fc_status s = fc_gallery_read_integer(g, "PRAGMA application_id", &application, err);

    if (!s)
        s = fc_gallery_read_integer(g, "PRAGMA user_version", &version, err);
    if (s)
        return s;
    if (application != APPLICATION)
        return fc_fail(err, FC_EFORMAT, "%s: not a gallery", g->name);
    if (version < FC_GALLERY_OLD_FORMAT || version > FC_GALLERY_CALIBRATED)
        return fc_fail(err, FC_EUNSUPPORTED, "%s: a gallery of format %lld; this program knows up to %d",
                       g->name, (long long)version, FC_GALLERY_CALIBRATED);
    if (version == FC_GALLERY_OLD_FORMAT && !old)
        return fc_fail(
            err, FC_EUNSUPPORTED,
            "%s: a gallery of format 1, from before; 'fc-gallery upgrade' makes it one of format %d", g->name,
            FC_GALLERY_FORMAT);
    if (version > FC_GALLERY_OLD_FORMAT && old)
        return fc_fail(err, FC_EDATA, "%s: a gallery of format %lld already", g->name, (long long)version);
    g->format = (int)version;
    return old ? check_objects(g, old_schema, OLD_OBJECTS, NULL, err)
               : check_objects(g, schema, OBJECTS,
                               version == FC_GALLERY_CALIBRATED ? &calibration_table : NULL, err);
}

fc_status fc_gallery_add_calibration_table(fc_gallery *g, fc_error *err)
{
    char text[100];
    fc_status s = fc_gallery_run_text(g, calibration_table.sql, err);

    snprintf(text, sizeof text, "PRAGMA user_version = %d", FC_GALLERY_CALIBRATED);
    if (!s)
        s = fc_gallery_run_text(g, text, err);
    g->schema_version = -1; /* also where it is rolled back: the next transaction looks again */
    return s;
}

fc_status fc_gallery_make_schema(fc_gallery *g, fc_error *err)
{
    char text[100];
    fc_status s = FC_OK;

    snprintf(text, sizeof text, "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION,
             FC_GALLERY_FORMAT);
    for (size_t i = 0; !s && i < OBJECTS; i++)
        if (schema[i].sql)
            s = fc_gallery_run_text(g, schema[i].sql, err);
    return s ? s : fc_gallery_run_text(g, text, err);
}
