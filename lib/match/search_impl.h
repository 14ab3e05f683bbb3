/* What search.c and its kernels share. */
#ifndef FC_MATCH_SEARCH_IMPL_H
#define FC_MATCH_SEARCH_IMPL_H
#include <stddef.h>
#include <stdint.h>

enum { FC_SCAN_QUERIES = 8 };

/* Some panels against a few queries: bound = gain * scale * (codes . q - offset) + spread * error + slack. */
typedef struct fc_scan {
    const uint8_t *panels;
    size_t panel_bytes, npanels, quads;
    int n;                           /* queries, 1..FC_SCAN_QUERIES */
    const int32_t *codes;            /* [quads][n]: four int8 */
    const int32_t *pairs;            /* [quads][n][2]: numbers 0 and 2, 1 and 3 of the four, as int16 */
    int32_t offset[FC_SCAN_QUERIES]; /* 128 x the sum of the query's codes */
    float gain[FC_SCAN_QUERIES], spread[FC_SCAN_QUERIES], slack[FC_SCAN_QUERIES];
    float floor[FC_SCAN_QUERIES];
    uint16_t *above; /* out [npanels][n]: bit i for row i: its bound reaches the floor */
} fc_scan;

typedef void fc_scan_kernel(const fc_scan *);
fc_scan_kernel fc_scan_avx512, fc_scan_avx2, fc_scan_neon, fc_scan_base;

/* fc_dot of q and x, and of x with itself, at once: products are exact in double, so that every CPU gives these bits. */
typedef void fc_dots_kernel(const float *q, const float *x, size_t n, double *qx, double *xx);
fc_dots_kernel fc_dots_avx512, fc_dots_avx2, fc_dots_neon, fc_dots_base;

#endif
