/* Inside fc_match: the bytes of a table, in memory as in a file. */
#ifndef FC_MATCH_TABLE_IMPL_H
#define FC_MATCH_TABLE_IMPL_H
#include "base/bytes.h"
#include "facecheck.h"

enum {
    FC_PANEL_ROWS = 16,
    FC_BLOCK_PANELS = 64, /* panels under one checksum; they fit in a second-level cache up to dim 1024 */
    FC_TABLE_ALIGN = 64
};

/*
 * A file is a header and these parts, each a multiple of 64 bytes:
 *   panels    [dim / 4, rounded up][16 rows][4] codes x / scale + 128, then scale and error of each row as float32.
 *             Rows that are not there have an error of -FLT_MAX, so that no bound of theirs reaches anything
 *   sums      one of each block of panels
 *   rows      floats, zeros up to a multiple of 16, then fc_row_tail
 *   subjects  fc_subject_entry
 *   names     one after the other
 * Numbers are little-endian.
 */
typedef struct fc_row_tail {
    int64_t sample;
    uint64_t subject;
    uint64_t sum; /* makes row_sum 0 */
    uint64_t unused[5];
} fc_row_tail;

typedef struct fc_subject_entry {
    int64_t id;
    uint64_t name, length; /* bytes of names */
    uint64_t first, rows;
    uint64_t name_sum;
    uint64_t sum; /* fc_lane_sum of the entry with this 0 */
    uint64_t unused;
} fc_subject_entry;

typedef struct fc_table_layout {
    size_t quads;       /* dim / 4, rounded up */
    size_t panel_bytes; /* of one */
    size_t row_bytes;   /* of one, with its tail */
    size_t panels, blocks;
    size_t sums_at, rows_at, subjects_at, names_at; /* from the first panel; it is at 0 */
    size_t size;
} fc_table_layout;

typedef struct fc_twins fc_twins;

struct fc_table {
    fc_table_size size;
    fc_table_layout l;
    uint8_t *data; /* the parts, 64-byte aligned */
    size_t subjects_put, names_put, rows_put;
    fc_twins *twins;
    /* A table from a file is not trusted: */
    fc_map map;
    char *name;       /* for messages; NULL: made in this process */
    uint8_t *checked; /* [blocks]: the sum was right */
};

/* Once a block, before its panels are used. Any number of threads may do it. */
fc_status fc_table_check_block(const fc_table *t, size_t block, fc_error *err);

/* One and the same row for all rows with this embedding's bytes: their scores are equal. Found when it is first asked
 * for; any number of threads may ask. Some rows may be taken for different ones although they are not.
 * SIZE_MAX: it cannot be told. */
size_t fc_table_twin(const fc_table *t, size_t row);
fc_twins *fc_twins_new(void);
void fc_twins_free(fc_twins *w);

/* Over 64-byte blocks (n is a multiple): changes with any change of one 32-bit word. Faster than memory. */
uint64_t fc_lane_sum(const void *data, size_t n);

#endif
