/* Inside fc_gallery. */
#ifndef FC_GALLERY_IMPL_H
#define FC_GALLERY_IMPL_H
#include <sodium.h>
#include <sqlite3.h>

#include "facecheck.h"
#include "gallery/seal.h"

/* Statements, prepared when first used; their text is in gallery_schema.c. */
typedef enum fc_sql {
    FC_SQL_SCHEMA_VERSION,
    FC_SQL_INFO,
    FC_SQL_SET_INFO,
    FC_SQL_CALIBRATION,
    FC_SQL_SET_CALIBRATION,
    FC_SQL_FIND,
    FC_SQL_SUBJECT,
    FC_SQL_SUBJECTS,
    FC_SQL_SUBJECT_ROWS,
    FC_SQL_ADD_SUBJECT,
    FC_SQL_CHANGE_SUBJECT,
    FC_SQL_REMOVE_SUBJECT,
    FC_SQL_LAST_VIEW,
    FC_SQL_HAS_PRINT,
    FC_SQL_SAMPLES,
    FC_SQL_SAMPLES_OF,
    FC_SQL_SAMPLE,
    FC_SQL_SAMPLE_OF,
    FC_SQL_COUNT_PHOTOS,
    FC_SQL_ADD_SAMPLE,
    FC_SQL_MOVE_SAMPLE,
    FC_SQL_REMOVE_SAMPLE,
    FC_SQL_COUNT
} fc_sql;

/* Where the database is. */
typedef enum fc_gallery_place {
    FC_ON_DISK,
    FC_SNAPSHOT, /* a copy in memory, for who may not write */
    FC_NEW       /* in memory only, until its first commit */
} fc_gallery_place;

typedef enum fc_set { FC_SUBJECTS, FC_SAMPLES, FC_SETS } fc_set;

/* What a row counts for in its set. */
typedef struct fc_row_sum {
    int64_t sum;           /* of its bytes, without a key: finds what broke */
    uint8_t mark[FC_MARK]; /* with the key: finds what was forged; zeros without one */
} fc_row_sum;

/* All rows of a set. Sums are added modulo 2^62, marks are added without carry. */
typedef struct fc_totals {
    uint64_t n;
    int64_t sums;
    uint8_t marks[FC_MARK];
} fc_totals;

struct fc_gallery {
    sqlite3 *db;
    char *name; /* as the caller calls it */
    char *path; /* without symbolic links */
    fc_gallery_place place;
    bool may_write;
    int wait_ms;
    bool sealed;
    fc_seal *seal; /* NULL: no secret was given */
    fc_seal_head head;
    uint8_t uid[16];
    int log; /* file of commits, open for writing; -1: not open */
    int64_t schema_version;
    int format; /* of the schema of that version */

    bool in_transaction;
    bool writing, changed, removed; /* what the transaction does, and has done */
    fc_gallery_info info;           /* of the transaction */
    fc_totals totals[FC_SETS];      /* marks: with a seal only */
    int64_t next_subject, next_sample;
    fc_calibration *calibration; /* of the transaction; NULL: it was never calibrated. Owned */
    uint8_t vouched[16];         /* the state of which the whole was compared with its marks */
    sqlite3_stmt *stmt[FC_SQL_COUNT];
};

/* ---- gallery.c ---- */

/* What SQLite reported last. */
fc_status fc_gallery_fault(const fc_gallery *g, fc_error *err);
fc_status fc_gallery_damaged(const fc_gallery *g, const char *what, int64_t id, fc_error *err);

/* The statement, without values. */
fc_status fc_gallery_statement(fc_gallery *g, fc_sql which, sqlite3_stmt **out, fc_error *err);
/* *row: there is one. Where there is none, and on failure, the statement is reset. */
fc_status fc_gallery_step(fc_gallery *g, sqlite3_stmt *s, bool *row, fc_error *err);
/* A statement that gives no rows. */
fc_status fc_gallery_run(fc_gallery *g, sqlite3_stmt *s, fc_error *err);
fc_status fc_gallery_run_text(fc_gallery *g, const char *text, fc_error *err);
fc_status fc_gallery_read_integer(fc_gallery *g, const char *text, int64_t *out, fc_error *err);

/* Around what may stand in a transaction of the caller's, or be one of its own. */
fc_status fc_gallery_enter(fc_gallery *g, bool write, bool *own, fc_error *err);
fc_status fc_gallery_leave(fc_gallery *g, bool own, fc_status s, fc_error *err);
/* Before some rows only of a sealed gallery are believed: all of them are looked at, once for each state. */
fc_status fc_gallery_vouch(fc_gallery *g, fc_error *err);

/* ---- gallery_schema.c ---- */

extern const char *const fc_gallery_sql[FC_SQL_COUNT];
enum { FC_GALLERY_OLD_FORMAT = 1, FC_GALLERY_FORMAT, FC_GALLERY_CALIBRATED };

/* What every connection is told before it reads anything. */
fc_status fc_gallery_settings(fc_gallery *g, bool write, fc_error *err);
/* All objects are those of the schema of its format, in their very words, and there are no others. old: it has to be of
 * format 1, else of a later one. */
fc_status fc_gallery_check_schema(fc_gallery *g, bool old, fc_error *err);
/* In a database that has none of them, in a transaction. */
fc_status fc_gallery_make_schema(fc_gallery *g, fc_error *err);

/* In a transaction: it becomes a gallery of format 3. */
fc_status fc_gallery_add_calibration_table(fc_gallery *g, fc_error *err);

/* ---- calibration_row.c ---- */

/* The transaction's, into g. */
fc_status fc_gallery_read_calibration(fc_gallery *g, fc_error *err);
fc_status fc_gallery_set_calibration(fc_gallery *g, const fc_calibration *c, fc_error *err);
/* All of it. */
void fc_calibration_hash(crypto_generichash_state *h, const fc_calibration *c);
/* A copy with these scores [c->looks]; NULL when memory is out. */
fc_calibration *fc_calibration_new(const fc_calibration *c, const double *score);

/* ---- gallery_root.c: the row that vouches for the others ---- */

fc_status fc_gallery_read_root(fc_gallery *g, fc_error *err);
/* What the row's checksum is to be, with that root; NULL: not sealed. */
int64_t fc_gallery_root_checksum(const fc_gallery *g, const uint8_t *root);
/* The first one: of what g has in uid, seal and head. */
fc_status fc_gallery_make_root(fc_gallery *g, fc_error *err);
/* info.samples_state, of the samples as they are now. */
void fc_gallery_describe_samples(fc_gallery *g);
/* With one commit more, and another state. */
fc_status fc_gallery_write_root(fc_gallery *g, fc_error *err);

/* Checksums fit SQLite's integers, and so do their sums modulo 2^62. */
#define FC_SUM_MASK 0x3fffffffffffffff
void fc_totals_add(fc_totals *t, const fc_row_sum *row);
void fc_totals_remove(fc_totals *t, const fc_row_sum *row);
/* What a walk over a whole set has found. */
fc_status fc_gallery_compare(fc_gallery *g, const fc_totals *found, fc_set set, fc_error *err);
/* In the transaction: the row is there, or is not there any more. */
void fc_gallery_count(fc_gallery *g, fc_set set, const fc_row_sum *row, bool there);

/* ---- gallery_people.c, gallery_samples.c ---- */

int64_t fc_subject_sum(int64_t id, const char *name, const char *meta);
/* Each person, with its rows in photos as an index of the database counts them: to be compared with the rows. */
fc_status fc_gallery_subject_rows(fc_gallery *g, fc_subject_fn *each, void *ctx, fc_error *err);
/* As it was stored, in the transaction. */
fc_status fc_gallery_add_subject(fc_gallery *g, int64_t id, const char *name, const char *meta,
                                 fc_error *err);
fc_status fc_gallery_remove_samples_of(fc_gallery *g, int64_t subject, fc_error *err);

/* A row of samples. Pointers belong to the statement or the caller. */
typedef struct fc_sample_row {
    int64_t id, subject;
    const uint8_t *embedding, *print, *source, *content;
    size_t embedding_size, print_size, source_size, content_size;
    int64_t face, view;
    double quality; /* NAN: NULL */
} fc_sample_row;

int64_t fc_sample_checksum(const fc_sample_row *r);
/* The sample of a row, with the embedding that was taken out of it and its source's text, both borrowed. */
fc_sample fc_gallery_sample_of(const fc_gallery *g, const fc_sample_row *r, const float *e,
                               const char *source);
/* Sizes and numbers. */
fc_status fc_gallery_check_row(const fc_gallery *g, const fc_sample_row *r, fc_error *err);
/* Columns as in FC_SQL_SAMPLES; *sum is the checksum that is stored, and right. */
fc_status fc_gallery_take_row(const fc_gallery *g, sqlite3_stmt *s, fc_sample_row *r, int64_t *sum,
                              fc_error *err);

/* ---- gallery_snapshot.c ---- */

/* The database as it is in path and its log now, as one buffer of sqlite3_malloc's for sqlite3_deserialize. For who
 * may not write: nothing is locked, and it is read again until it was not changed meanwhile. */
fc_status fc_gallery_snapshot(uint8_t **out, size_t *n, const char *path, const char *name, int wait_ms,
                              fc_error *err);

/* ---- gallery_log.c: how many commits there have been, in a file of its own while there is a log ---- */

typedef struct fc_commits {
    uint8_t uid[16];
    uint64_t commits; /* 0: not known */
    uint8_t state[16];
} fc_commits;

fc_status fc_gallery_read_commits(const fc_gallery *g, fc_commits *out, fc_error *err);
/* The transaction has all that were made before it began. */
fc_status fc_gallery_check_commits(const fc_gallery *g, const fc_commits *c, fc_error *err);
/* After a commit. What cannot be noted is not: there is less to compare then. */
void fc_gallery_note_commit(fc_gallery *g);
/* After the connection is closed: the file goes where the log has gone. */
void fc_gallery_forget_commits(const fc_gallery *g);

/* ---- gallery_open.c ---- */

/* The database of a new gallery, in memory, of what g has in uid, seal and head. */
fc_status fc_gallery_start(fc_gallery *g, fc_error *err);
/* A new gallery gets its file. */
fc_status fc_gallery_settle(fc_gallery *g, fc_error *err);
/* A gallery without a connection; NULL when memory is out. */
fc_gallery *fc_gallery_alloc(const char *name, const char *path, int wait_ms);
fc_status fc_gallery_connect(fc_gallery *g, fc_error *err);
/* path + ending; caller frees. */
char *fc_gallery_beside(const fc_gallery *g, const char *ending);
/* FC_OK where the file is there and may be one. */
fc_status fc_gallery_check_file(const char *path, const char *name, fc_error *err);
/* FC_EIO where the file or its folder may not be written. */
fc_status fc_gallery_check_writable(const char *path, const char *name, fc_error *err);

/* ---- index.c ---- */

/* An index that is there becomes an empty file: it is stale, and holds nothing. */
void fc_index_retire(const fc_gallery *g);

#endif
