/* Inside fc_gallery. */
#ifndef FC_MATCH_GALLERY_IMPL_H
#define FC_MATCH_GALLERY_IMPL_H
#include <sqlite3.h>

#include "match/gallery.h"

/* Statements, prepared when first used; their text is in gallery.c. */
typedef enum fc_sql {
    FC_SQL_INFO,
    FC_SQL_NEXT,
    FC_SQL_SET_CONTRACT,
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
    FC_SQL_SAMPLE_OF,
    FC_SQL_ADD_SAMPLE,
    FC_SQL_MOVE_SAMPLE,
    FC_SQL_REMOVE_SAMPLE,
    FC_SQL_COUNT
} fc_sql;

struct fc_gallery {
    sqlite3 *db;
    char *path;
    int wait_ms;
    bool sealed;
    fc_seal *seal; /* NULL: no secret was given */
    bool in_transaction;
    fc_gallery_info info; /* of the transaction */
    uint8_t uid[16], salt[FC_SEAL_SALT], tag[FC_SEAL_TAG];
    int64_t subject_sums, sample_sums;
    int64_t next_subject, next_sample; /* of a write transaction */
    sqlite3_stmt *stmt[FC_SQL_COUNT];
};

/* What SQLite reported last. */
fc_status fc_gallery_fault(const fc_gallery *g, fc_error *err);
fc_status fc_gallery_damaged(const fc_gallery *g, const char *what, int64_t id, fc_error *err);

/* The statement, without values. */
fc_status fc_gallery_statement(fc_gallery *g, fc_sql which, sqlite3_stmt **out, fc_error *err);
/* *row: there is one. Where there is none, and on failure, the statement is reset. */
fc_status fc_gallery_step(fc_gallery *g, sqlite3_stmt *s, bool *row, fc_error *err);
/* A statement that gives no rows. */
fc_status fc_gallery_run(fc_gallery *g, sqlite3_stmt *s, fc_error *err);

/* Around what may stand in a transaction of the caller's, or be one of its own. */
fc_status fc_gallery_enter(fc_gallery *g, bool write, bool *own, fc_error *err);
fc_status fc_gallery_leave(fc_gallery *g, bool own, fc_status s, fc_error *err);

/* Checksums fit SQLite's integers, and so do their sums modulo 2^62. */
#define FC_SUM_MASK 0x3fffffffffffffff
int64_t fc_subject_sum(int64_t id, const char *name, const char *meta);
/* Each person, with its rows in photos as an index of the database counts them: to be compared with the rows. */
fc_status fc_gallery_subject_rows(fc_gallery *g, fc_subject_fn *each, void *ctx, fc_error *err);

int64_t fc_gallery_sum(const fc_gallery *g);

/* Subjects or samples that a walk has seen, to be compared with what the gallery counts. */
typedef struct fc_totals {
    uint64_t n;
    int64_t sums;
} fc_totals;
fc_status fc_gallery_compare(fc_gallery *g, const fc_totals *t, bool samples, fc_error *err);

#endif
