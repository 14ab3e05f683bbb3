/* Included once for each of AVX-512's sums of products of short numbers, with FUNCTION, SUM (the type of 16 sums), EACH
 * (products a number of a sum) and PRODUCTS(sum, bits). */
#include "kernels/peak_impl.h"
#include "kernels/simd.h"

enum { SUMS = 16 };

double FUNCTION(size_t rounds, float *sink)
{
    const __m512 bits = _mm512_set1_ps(*sink);
    SUM sum[SUMS], all = {0};

#pragma GCC unroll 16
    for (int i = 0; i < SUMS; i++)
        sum[i] = (SUM)bits;
    for (size_t r = 0; r < rounds; r++) {
#pragma GCC unroll 16
        for (int i = 0; i < SUMS; i++) {
            SUM v = PRODUCTS(sum[i], bits);
            IN_REGISTER(v);
            sum[i] = v;
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < SUMS; i++)
        all += sum[i];
    *sink = (float)all[0];
    return 2.0 * EACH * 16 * SUMS;
}
