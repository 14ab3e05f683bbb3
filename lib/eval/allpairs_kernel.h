/*
 * Products of many vectors with many. Included by allpairs_*.c, once for each instruction set, with
 *   NAME(f)           the function's name for that set
 *   LANES             floats in a vector
 *   ROWS, VECTORS     a tile: rows, and vectors of columns, whose sums live in registers
 */
#include "eval/allpairs_impl.h"
#include "kernels/simd.h"

static void tile(const float *const *rows, const float *panel, size_t dim, float *out)
{
    vec sum[ROWS][VECTORS];

#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
        for (int v = 0; v < VECTORS; v++)
            sum[r][v] = (vec){0};
    for (size_t k = 0; k < dim; k++, panel += VECTORS * LANES) {
        vec column[VECTORS];
#pragma GCC unroll 4
        for (int v = 0; v < VECTORS; v++) {
            column[v] = *(const vec *)(panel + v * LANES);
            IN_REGISTER(column[v]);
        }
#pragma GCC unroll 8
        for (int r = 0; r < ROWS; r++) {
            vec row = (vec){0} + rows[r][k];
#pragma GCC unroll 4
            for (int v = 0; v < VECTORS; v++)
                sum[r][v] += row * column[v];
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
        for (int v = 0; v < VECTORS; v++)
            *(vec *)(out + (r * VECTORS + v) * LANES) = sum[r][v];
}

static void count(const float *score, size_t n, uint32_t *const hist[2])
{
    for (size_t i = 0; i < n; i += LANES) {
        vec x = *(const vec *)(score + i) * (float)FC_BINS_PER_UNIT; /* exact */
        ints bin = __builtin_convertvector(x, ints);
        bin += __builtin_convertvector(bin, vec) > x; /* towards minus infinity: true is -1 */
        bin += FC_BINS_PER_UNIT;
        bin &= ~(bin < 0);
        bin -= (bin - (FC_SCORE_BINS - 1)) & (bin > FC_SCORE_BINS - 1);
        int32_t bins[LANES];
        *(ints *)bins = bin; /* loads are cheaper than taking a vector apart */
#pragma GCC unroll 16
        for (int k = 0; k < LANES; k++)
            hist[k & 1][bins[k]]++;
    }
}

static float greatest(const float *score, size_t n)
{
    vec most = *(const vec *)score;
    float m;

    for (size_t i = LANES; i < n; i += LANES)
        most = larger(*(const vec *)(score + i), most);
    m = most[0];
    for (int k = 1; k < LANES; k++)
        m = most[k] > m ? most[k] : m;
    return m;
}

const fc_allpairs_kernel NAME(fc_allpairs_kernel) = {ROWS, VECTORS *LANES, tile, count, greatest};
