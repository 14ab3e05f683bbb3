/* NEON with products of bytes (Armv8.2's dot product): both are signed. */
#ifdef __aarch64__
#define NAME(f) f##_neon_dot
#define ISA     FC_ISA_NEON_DOT
#define LANES   4
#define LEAST   -128
#define RUN1    2
#define VECS2   2
#define VECS3   2
#define VECS4   4
#define ADD_PRODUCTS(sum, a, weights)                                                                        \
    ((sum) = (ints)vdotq_s32((int32x4_t)(sum), (int8x16_t)(weights), (int8x16_t)(a)))
#include "detect/mtcnn_rnet_coarse_vnni_kernel.h"
#endif
