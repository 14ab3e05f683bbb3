/* Two vectors to a number. */
#ifndef FACECHECK_MATCH_H
#define FACECHECK_MATCH_H

#include "facecheck/base.h"

FC_BEGIN_DECLS

/* Cosine of the angle between a and b, -1..1; 0 where one of them is zero. */
double fc_cosine(const float *a, const float *b, size_t n);
/* |a - b|, of the vectors as they are. */
double fc_euclidean(const float *a, const float *b, size_t n);

FC_END_DECLS
#endif
