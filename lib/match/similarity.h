/* Vectors and the angles between them. Sums are taken in double, in eight lanes, so that a result does not
 * depend on the machine's vector length. */
#ifndef FC_MATCH_SIMILARITY_H
#define FC_MATCH_SIMILARITY_H
#include "facecheck.h"

double fc_dot(const float *a, const float *b, size_t n);
/* Scales v to unit length; false, and v as it was, where that is impossible. */
bool fc_normalise(float *v, size_t n);

#endif
