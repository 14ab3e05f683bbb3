/* Products of matrices, whose sums are taken in one order, so that any number of threads gives the same. */
#ifndef FC_CLASSIFY_PRODUCTS_H
#define FC_CLASSIFY_PRODUCTS_H
#include <stddef.h>

/* c [n][m] = a [n][d] times b [d][m] */
void fc_product(float *c, const float *a, const float *b, size_t n, size_t d, size_t m);
/* b [d][m] = the transpose of a [m][d] */
void fc_transpose(float *b, const float *a, size_t m, size_t d);

#endif
