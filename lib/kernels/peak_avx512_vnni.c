/* AVX-512's products of bytes: four a number of the sum. */
#ifdef __x86_64__
#define FUNCTION            fc_peak_avx512_vnni
#define LANES               16
#define SUM                 __m512i
#define SUMS                16
#define EACH                4
#define PRODUCTS(sum, bits) _mm512_dpbusd_epi32(sum, (__m512i)(bits), (__m512i)(bits))
#include "kernels/peak_products_kernel.h"
#endif
