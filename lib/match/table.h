/*
 * Embeddings laid out for exact search.
 *
 * A row is one sample: its embedding in float32, its subject and its number. The rows of one subject stand together.
 * Beside them, panels of 16 rows hold the same numbers in 8 bits, and how far each row is from its 8-bit form: enough
 * for an upper bound of every similarity from a quarter of the bytes (see search.h).
 */
#ifndef FC_MATCH_TABLE_H
#define FC_MATCH_TABLE_H
#include "facecheck.h"

typedef struct fc_table fc_table; /* immutable once filled; may be shared between threads */

#define FC_TABLE_MAX_ROWS 1000000000u

typedef struct fc_table_row {
    const float *e; /* [dim], unit length, 64-byte aligned */
    int64_t subject, sample;
} fc_table_row;

/* Room for rows x dim. Every row must be put once before the table is searched. */
fc_status fc_table_new(fc_table **out, size_t rows, size_t dim, fc_error *err);
void fc_table_free(fc_table *t);
/* e: [dim] of unit length (within 1e-5), else FC_EUSAGE. */
fc_status fc_table_put(fc_table *t, size_t row, const fc_table_row *r, fc_error *err);

size_t fc_table_rows(const fc_table *t);
size_t fc_table_dim(const fc_table *t);
/* FC_ECORRUPT where a table from a file is not what was written. */
fc_status fc_table_get(const fc_table *t, size_t row, fc_table_row *out, fc_error *err);
/* The rows of the subject that row belongs to: [*first, *end). */
fc_status fc_table_group(const fc_table *t, size_t row, size_t *first, size_t *end, fc_error *err);

#endif
