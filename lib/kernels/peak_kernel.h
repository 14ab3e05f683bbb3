/* Included once for each instruction set, with NAME(f), LANES, SUMS (independent sums, which stay in registers). */
#include "kernels/peak_impl.h"
#include "kernels/simd.h"

double NAME(fc_peak)(size_t rounds, float *sink)
{
    vec sum[SUMS], all = {0}, a = (vec){0} + 1.0f, b = (vec){0} + 1e-9f;

    IN_REGISTER(a);
    IN_REGISTER(b);
#pragma GCC unroll 16
    for (int i = 0; i < SUMS; i++)
        sum[i] = (vec){0} + (float)i + *sink;
    for (size_t r = 0; r < rounds; r++) {
#pragma GCC unroll 16
        for (int i = 0; i < SUMS; i++) {
            vec v = madd(sum[i], a, b);
            IN_REGISTER(v);
            sum[i] = v;
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < SUMS; i++)
        all += sum[i];
    *sink = all[0];
    return 2.0 * LANES * SUMS;
}

float NAME(fc_peak_read)(const float *p, size_t n)
{
    enum { AT_ONCE = 8 };
    vec sum[AT_ONCE], all = {0};
    float total = 0;

    memset(sum, 0, sizeof sum);
    for (size_t i = 0; i < n; i += AT_ONCE * LANES)
#pragma GCC unroll 8
        for (size_t k = 0; k < AT_ONCE; k++)
            sum[k] += *(const vec *)(p + i + k * LANES);
#pragma GCC unroll 8
    for (int k = 0; k < AT_ONCE; k++)
        all += sum[k];
    for (int k = 0; k < LANES; k++)
        total += all[k];
    return total;
}
