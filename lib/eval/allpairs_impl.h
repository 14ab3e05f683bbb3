/* What allpairs.c and its kernels share. */
#ifndef FC_EVAL_ALLPAIRS_IMPL_H
#define FC_EVAL_ALLPAIRS_IMPL_H
#include <stddef.h>
#include <stdint.h>

#include "eval/allpairs.h"

typedef struct fc_allpairs_kernel {
    int rows, columns; /* of a tile */
    /* out [rows][columns]: products of rows (each [dim]) with a panel, [dim][columns]. Each sum is taken in the order of
     * dim. */
    void (*tile)(const float *const *rows, const float *panel, size_t dim, float *out);
    /* Counts each of n scores, a multiple of columns, in its bin. Two histograms, whose sum counts,
     * so that neighbours do not wait for each other. */
    void (*count)(const float *score, size_t n, uint32_t *const hist[2]);
    /* The greatest of n scores. */
    float (*greatest)(const float *score, size_t n);
} fc_allpairs_kernel;

extern const fc_allpairs_kernel fc_allpairs_kernel_avx512, fc_allpairs_kernel_avx2, fc_allpairs_kernel_neon,
    fc_allpairs_kernel_base;

#endif
