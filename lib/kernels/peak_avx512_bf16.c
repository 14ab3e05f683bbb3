/* AVX-512's products of bfloat16: two a number of the sum. */
#ifdef __x86_64__
#include "kernels/peak_impl.h"
#include "kernels/simd.h"

enum { SUMS = 16 };

double fc_peak_avx512_bf16(size_t rounds, float *sink)
{
    __m512 sum[SUMS], all = _mm512_setzero_ps();
    __m512 bits = _mm512_set1_ps(*sink);
    __m512bh a, b;

    memcpy(&a, &bits, sizeof a);
    memcpy(&b, &bits, sizeof b);
#pragma GCC unroll 16
    for (int i = 0; i < SUMS; i++)
        sum[i] = bits;
    for (size_t r = 0; r < rounds; r++) {
#pragma GCC unroll 16
        for (int i = 0; i < SUMS; i++) {
            __m512 v = _mm512_dpbf16_ps(sum[i], a, b);
            IN_REGISTER(v);
            sum[i] = v;
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < SUMS; i++)
        all = _mm512_add_ps(all, sum[i]);
    *sink = _mm512_cvtss_f32(all);
    return 2.0 * 2 * 16 * SUMS;
}
#endif
