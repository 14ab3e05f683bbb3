/*
 * Embeddings laid out for exact search, in memory or mapped from a file.
 *
 * A row is one sample: its embedding in float32 and its number. The rows of one subject stand together. Beside them,
 * panels of 16 rows hold the same numbers in 8 bits, and how far each row is from its 8-bit form: enough for an upper
 * bound of every similarity from a quarter of the bytes (see search.h).
 */
#ifndef FC_MATCH_TABLE_H
#define FC_MATCH_TABLE_H
#include "facecheck.h"
#include "match/name.h"

typedef struct fc_table fc_table; /* immutable once filled; may be shared between threads */

#define FC_TABLE_MAX_ROWS 1000000000u

typedef struct fc_table_size {
    size_t rows, dim;
    size_t subjects, names; /* names: bytes of all names together */
} fc_table_size;

typedef struct fc_table_row {
    const float *e; /* [dim], unit length */
    int64_t sample;
    size_t subject; /* 0..subjects-1 */
} fc_table_row;

typedef struct fc_table_subject {
    int64_t id;
    const char *name; /* not NUL-terminated */
    size_t length;
    size_t first, rows; /* its rows are [first, first + rows) */
} fc_table_subject;

/* Room for so much. Then every subject is put, in order; then every row, in any order; then it may be searched. */
fc_status fc_table_new(fc_table **out, const fc_table_size *size, fc_error *err);
void fc_table_free(fc_table *t);
/* The next subject, with so many rows. Its name's bytes are copied. */
fc_status fc_table_put_subject(fc_table *t, int64_t id, const char *name, size_t length, size_t rows,
                               fc_error *err);
/* FC_EUSAGE where the embedding is not of unit length (within 1e-5), or row is not the subject's. */
fc_status fc_table_put(fc_table *t, size_t row, const fc_table_row *r, fc_error *err);

fc_table_size fc_table_get_size(const fc_table *t);
/* FC_ECORRUPT where a table from a file is not what was written. */
fc_status fc_table_get(const fc_table *t, size_t row, fc_table_row *out, fc_error *err);
fc_status fc_table_get_subject(const fc_table *t, size_t subject, fc_table_subject *out, fc_error *err);

/* All of it at once. */
fc_status fc_table_check(const fc_table *t, fc_error *err);

/* What a file holds beside the table. */
typedef struct fc_table_label {
    char kind[8];       /* "index", "knn", NUL-padded */
    uint8_t state[16];  /* of the gallery that it was made from */
    char contract[200]; /* NUL-terminated */
    uint8_t note[512];  /* what the kind wants to say */
} fc_table_label;

/* Whether a file with these bytes [n] says that it is a table of that kind; its header is not checked. */
bool fc_table_is(const uint8_t *bytes, size_t n, const char *kind);
/* Writes the file, readable by its owner only: whole under its name, or not at all. */
fc_status fc_table_save(const fc_table *t, const fc_table_label *label, const char *path, fc_error *err);
/* The same for what can be made again, and of which a killed process must leave nothing (fc_nameless). */
fc_status fc_table_save_nameless(const fc_table *t, const fc_table_label *label, const char *path,
                                 fc_error *err);
/* Maps it. Header and size are checked here, every part before it is used. kind: what label->kind must be. */
fc_status fc_table_map(fc_table **out, fc_table_label *label, const char *path, const char *kind,
                       fc_error *err);

#endif
