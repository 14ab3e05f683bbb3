/* AVX-512's products of bytes: four a number of the sum. */
#ifdef __x86_64__
#include "kernels/peak_impl.h"
#include "kernels/simd.h"

enum { SUMS = 16 };

double fc_peak_avx512_vnni(size_t rounds, float *sink)
{
    __m512i sum[SUMS], all = _mm512_setzero_si512();
    const __m512i bits = _mm512_castps_si512(_mm512_set1_ps(*sink));

#pragma GCC unroll 16
    for (int i = 0; i < SUMS; i++)
        sum[i] = bits;
    for (size_t r = 0; r < rounds; r++) {
#pragma GCC unroll 16
        for (int i = 0; i < SUMS; i++) {
            __m512i v = _mm512_dpbusd_epi32(sum[i], bits, bits);
            IN_REGISTER(v);
            sum[i] = v;
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < SUMS; i++)
        all = _mm512_add_epi32(all, sum[i]);
    *sink = (float)_mm_cvtsi128_si32(_mm512_castsi512_si128(all));
    return 2.0 * 4 * 16 * SUMS;
}
#endif
