/* AVX-VNNI: the same sums in vectors of AVX2. */
#ifdef __x86_64__
#define NAME(f) f##_avx2_vnni
#define ISA     FC_ISA_AVX2_VNNI
#define LANES   8
#define LEAST   0
#define RUN1    2
#define VECS2   1
#define VECS3   1
#define VECS4   2
#define ADD_PRODUCTS(sum, a, weights)                                                                        \
    __asm__ volatile("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(a), "x"(weights))
#include "detect/mtcnn_rnet_coarse_vnni_kernel.h"
#endif
