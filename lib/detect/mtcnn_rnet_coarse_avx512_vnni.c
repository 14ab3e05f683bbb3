/* AVX-512 VNNI. */
#ifdef __x86_64__
#define NAME(f) f##_avx512_vnni
#define ISA     FC_ISA_AVX512_VNNI
#define LANES   16
#define LEAST   0
#define RUN1    11
#define VECS2   3
#define VECS3   2
#define VECS4   4
/* (GCC 12 copies sums, and puts them into memory, around the intrinsic.) */
#define ADD_PRODUCTS(sum, a, weights)                                                                        \
    __asm__ volatile("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(weights))
#include "detect/mtcnn_rnet_coarse_vnni_kernel.h"
#endif
