/* AVX-VNNI's products of bytes: four a number of the sum. */
#ifdef __x86_64__
#define FUNCTION            fc_peak_avx2_vnni
#define LANES               8
#define SUM                 __m256i
#define SUMS                12
#define EACH                4
#define PRODUCTS(sum, bits) _mm256_dpbusd_avx_epi32(sum, (__m256i)(bits), (__m256i)(bits))
#include "kernels/peak_products_kernel.h"
#endif
