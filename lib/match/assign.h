/* Who is whom when nobody is there twice. */
#ifndef FC_MATCH_ASSIGN_H
#define FC_MATCH_ASSIGN_H
#include "facecheck.h"

#define FC_ASSIGN_NONE SIZE_MAX

/* Pairs that may be made: those of row i are [first[i], first[i + 1]), each with another column. */
typedef struct fc_assign_pairs {
    size_t rows, columns;
    const size_t *first;    /* [rows + 1] */
    const uint32_t *column; /* [first[rows]], below columns */
    const double *weight;   /* [first[rows]]; of a weight <= 0: never made */
} fc_assign_pairs;

/*
 * Assignment of greatest total weight: each row at most one column, each column at most one row. column: [rows], the
 * row's column or FC_ASSIGN_NONE. Shortest augmenting paths with potentials (Jonker and Volgenant 1987) over the pairs
 * that there are, by a heap: O(rows pairs log pairs), and memory for the pairs that one path may pass. Of assignments
 * that are even, the one is taken that the method over a whole matrix finds, where the nearest column is the first of
 * those that are equally near.
 */
fc_status fc_assign(const fc_assign_pairs *p, size_t *column, fc_error *err);

#endif
