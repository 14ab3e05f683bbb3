/*
 * Strips of a row, each in a lane of vectors, and back: four pixels at a time change places with four lanes. Included
 * by rowwise_kernel.h.
 */
#include "kernels/turn_kernel.h"

static void spread(float *to, const float *from, int step, int n)
{
    for (int x = 0; x < n; x += 4) {
        vec v[4];
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++)
            v[j] = load_fours(from + j * step + x, step);
        turn_fours(v);
        for (int k = 0; k < 4 && x + k < n; k++)
            *(vec *)(to + (x + k) * LANES) = v[k];
    }
}

static void gather(float *to, const float *from, int n)
{
    int x = 0;

    for (; x + 4 <= n; x += 4) {
        vec v[4];
#pragma GCC unroll 4
        for (int k = 0; k < 4; k++)
            v[k] = *(const vec *)(from + (x + k) * LANES);
        turn_fours(v);
#pragma GCC unroll 16
        for (int l = 0; l < LANES; l++)
            memcpy(to + l * n + x, (const float *)&v[l % 4] + l / 4 * 4, 4 * sizeof *to);
    }
    for (; x < n; x++)
        for (int l = 0; l < LANES; l++)
            to[l * n + x] = from[x * LANES + l];
}
