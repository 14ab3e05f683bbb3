/* Who is whom when nobody is there twice. */
#ifndef FC_MATCH_ASSIGN_H
#define FC_MATCH_ASSIGN_H
#include "facecheck.h"

#define FC_ASSIGN_NONE SIZE_MAX

/*
 * Assignment of greatest total weight: each row at most one column, each column at most one row; pairs of weight
 * <= 0 are never made. weight: [rows][columns]; column: [rows], the row's column or FC_ASSIGN_NONE. Shortest
 * augmenting paths with potentials (Jonker and Volgenant 1987), O(rows^2 (rows + columns)).
 */
fc_status fc_assign(const double *weight, size_t rows, size_t columns, size_t *column, fc_error *err);

#endif
