/* AVX-512's products of bfloat16: two a number of the sum. */
#ifdef __x86_64__
#define FUNCTION            fc_peak_avx512_bf16
#define LANES               16
#define SUMS                16
#define SUM                 __m512
#define EACH                2
#define PRODUCTS(sum, bits) _mm512_dpbf16_ps(sum, (__m512bh)(bits), (__m512bh)(bits))
#include "kernels/peak_products_kernel.h"
#endif
