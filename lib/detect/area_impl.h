/* What area.c, pyramid.c and their kernels share. */
#ifndef FC_DETECT_AREA_IMPL_H
#define FC_DETECT_AREA_IMPL_H
#include <stddef.h>
#include <stdint.h>

#define FC_AREA_SLACK 8 /* bins behind the last one that are read, and not used */

typedef struct fc_area_kernel {
    /* Sums of n bytes at the same place in rows of stride bytes, at most 257 of them. */
    void (*sum_rows)(uint16_t *restrict to, const uint8_t *restrict from, size_t stride, int rows, size_t n);
    /* Adds a row of w pixels to the sums [w + 1][4] of all pixels above and to the left. */
    void (*add_row)(uint32_t *sums, const uint8_t *row, int w);
    /* Of n bins, what is between their edges in such sums, less what is above them, NULL: nothing. */
    void (*bins)(uint32_t *to, const uint32_t *above, const uint32_t *sums, const int *edge, int n);
    /* Means of n bins, rows high, as the networks want them. sums [n][4], count [n]: columns of a bin; both with
     * slack. */
    void (*deliver)(const uint16_t *restrict sums, const float *restrict count, float rows, int n,
                    float *restrict r, float *restrict g, float *restrict b);
    void (*deliver_tall)(const uint32_t *restrict sums, const float *restrict count, float rows, int n,
                         float *restrict r, float *restrict g, float *restrict b);
} fc_area_kernel;

extern const fc_area_kernel fc_area_kernel_avx2, fc_area_kernel_base;
const fc_area_kernel *fc_area_best_kernel(void);

/* The first of n pixels that belong to bin i of m, and the one behind the last. */
static inline int fc_area_from(int i, int n, int m)
{
    return (int)((int64_t)i * n / m);
}

static inline int fc_area_to(int i, int n, int m)
{
    return (int)(((int64_t)(i + 1) * n + m - 1) / m);
}

#endif
