/* What area.c and its kernels share. */
#ifndef FC_DETECT_AREA_IMPL_H
#define FC_DETECT_AREA_IMPL_H
#include <stddef.h>
#include <stdint.h>

typedef struct fc_area_kernel {
    /* Sums of n bytes at the same place in rows of stride bytes, at most 257 of them. */
    void (*sum_rows)(uint16_t *restrict to, const uint8_t *restrict from, size_t stride, int rows, size_t n);
    /* Means of n bins, rows high, as the networks want them. sums [n][4], count [n]: columns of a bin. */
    void (*deliver)(const uint16_t *restrict sums, const float *restrict count, float rows, int n,
                    float *restrict r, float *restrict g, float *restrict b);
    void (*deliver_tall)(const uint32_t *restrict sums, const float *restrict count, float rows, int n,
                         float *restrict r, float *restrict g, float *restrict b);
} fc_area_kernel;

extern const fc_area_kernel fc_area_kernel_avx2, fc_area_kernel_base;

#endif
