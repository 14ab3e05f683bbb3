/* Inside fc_match: the bytes of a table, in memory as in an index file. */
#ifndef FC_MATCH_TABLE_IMPL_H
#define FC_MATCH_TABLE_IMPL_H
#include "match/table.h"

enum {
    FC_PANEL_ROWS = 16,
    FC_BLOCK_PANELS = 64, /* panels under one checksum; they fit in a second-level cache up to dim 1024 */
    FC_BLOCK_ROWS = FC_BLOCK_PANELS * FC_PANEL_ROWS,
    FC_TABLE_ALIGN = 64
};

/* A panel: [dim / 4, rounded up][16 rows][4] codes x / scale + 128, then scale and error of each row as float32.
 * Rows that are not there have an error of -FLT_MAX, so that no bound of theirs reaches anything. */
/* A row: its floats, zeros up to a multiple of 16, then this. */
typedef struct fc_row_tail {
    int64_t subject, sample;
    uint64_t sum; /* fc_lane_sum of the row with a sum of zero */
    uint64_t unused[5];
} fc_row_tail;

typedef struct fc_table_layout {
    size_t quads;       /* dim / 4, rounded up */
    size_t panel_bytes; /* of one */
    size_t row_bytes;   /* of one, with its tail */
    size_t panels, blocks;
    size_t panels_size, rows_size; /* of all */
} fc_table_layout;

/* FC_ELIMIT where they are too many. */
fc_status fc_table_plan(fc_table_layout *l, size_t rows, size_t dim, fc_error *err);

struct fc_table {
    size_t rows, dim;
    fc_table_layout l;
    uint8_t *panels, *row_data; /* 64-byte aligned */
    void *memory;               /* what munmap takes; NULL: not ours */
    size_t memory_size;
    /* Tables from a file are not trusted: */
    const char *name;     /* for messages; NULL: made in this process */
    const uint64_t *sums; /* [blocks] */
    uint8_t *checked;     /* [blocks]: the sum was right */
};

/* Once a block, before its panels are used. Any number of threads may do it. */
fc_status fc_table_check_block(const fc_table *t, size_t block, fc_error *err);

/* Over 64-byte blocks (n is a multiple): changes with any change of one 32-bit word. Faster than memory. */
uint64_t fc_lane_sum(const void *data, size_t n);

#endif
