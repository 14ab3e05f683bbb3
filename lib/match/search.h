/*
 * Exact search: the k best of all rows or subjects by cosine.
 *
 * One pass over the 8-bit panels bounds every similarity from above. With x = s X + e (X the codes, s the scale, e
 * what they leave out) and the query q = r Q + f,
 *
 *     q.x = r s Q.X + (r Q).e + f.x  <=  r s Q.X + |r Q| |e| + |f|        (Cauchy-Schwarz; |x| = 1)
 *
 * so a row whose bound is below the k-th best similarity so far cannot be among the k best. The few others are
 * compared in float32 rows and double sums, as by fc_cosine: the result is that of comparing all of them, the same
 * on every machine, and the same number that a comparison of two faces gives. Of many rows with the same numbers,
 * which no bound tells apart, a query is compared with one.
 */
#ifndef FC_MATCH_SEARCH_H
#define FC_MATCH_SEARCH_H
#include "facecheck.h"

typedef struct fc_search_options {
    size_t k;     /* 1..FC_SEARCH_MAX_K */
    bool rows;    /* samples on their own, not subjects */
    fc_fuse fuse; /* a subject's score from its samples' */
    /* What does not count for a query, NULL: all does. Rows are in groups (of a subject, of a photo...): */
    const size_t *group; /* [rows of the table] */
    const size_t *leave; /* [queries]: rows of this group are left out; SIZE_MAX: none */
    /* Hits beyond the first sure count only where their score is at least least. 0: all count. */
    size_t sure;
    double least; /* -1..1 */
} fc_search_options;

typedef struct fc_hit {
    double score;        /* cosine, or what fuse makes of the subject's */
    double best;         /* cosine of its best sample */
    size_t subject, row; /* of the table; row: the best sample's */
    int64_t sample;      /* the best sample */
} fc_hit;

/* For each of n queries of dim floats its hits, by falling score, then rising row: hits[i * k], of which found[i]
 * are set. A query of length zero is FC_EUSAGE. */
fc_status fc_search(const fc_table *t, const float *queries, size_t n, const fc_search_options *opt,
                    fc_hit *hits, size_t *found, fc_error *err);

/* The kernel that this CPU gets: "avx512vnni", "avx2", "base". */
const char *fc_search_kernel(void);

#endif
