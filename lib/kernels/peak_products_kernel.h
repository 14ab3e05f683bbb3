/* Included once for each of the sums of products of short numbers, with FUNCTION, LANES, SUM (the type of as many sums), SUMS (independent
 * ones, which stay in registers), EACH (products a number of a sum) and PRODUCTS(sum, bits). */
#include "kernels/peak_impl.h"
#include "kernels/simd.h"

double FUNCTION(size_t rounds, float *sink)
{
    const vec bits = EVERY(*sink);
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
    return 2.0 * EACH * LANES * SUMS;
}
