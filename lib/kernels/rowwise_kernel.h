/*
 * Rows of a convolution. Included by rowwise_*.c, once for each instruction set, with
 *   NAME(f)           the function's name for that set
 *   LANES             floats in a vector
 *   ROW_O, ROW_X      output channels and vectors of pixels kept in registers at a time, one row
 *   PAIR_O, PAIR_X    the same for two rows at once
 *   TILE_O, TILE_X    the same, tiles in place of pixels, for three and four rows at once
 *
 * Each pixel's sum is taken in the order channel, column, whatever the vector length.
 */
#include <stdbool.h>

#include "kernels/rowwise_impl.h"
#include "kernels/simd.h"

INLINE vec prelu(vec v, const float *slope)
{
    vec positive;
    if (!slope)
        return v;
    positive = larger(v, (vec){0});
    return madd(v - positive, EVERY(*slope), positive);
}

/* tile_o and tile_x are constants in every call, so that the sums live in registers. */
INLINE void row_tile(const int tile_o, const int tile_x, const fc_rowwise_conv *p, const float *w, int o,
                     int x)
{
    vec sum[8][4];
#pragma GCC unroll 8
    for (int i = 0; i < tile_o; i++)
#pragma GCC unroll 4
        for (int j = 0; j < tile_x; j++)
            sum[i][j] = (vec){0} + p->bias[o + i];
    for (int r = 0; r < p->nrows; r++) {
        const float *row = p->rows[r] + x;
        for (int k = 0; k < p->kw; k++, row += p->step, w += tile_o) {
            vec in[4];
#pragma GCC unroll 4
            for (int j = 0; j < tile_x; j++)
                in[j] = *(const vec *)(row + j * LANES);
#pragma GCC unroll 8
            for (int i = 0; i < tile_o; i++)
#pragma GCC unroll 4
                for (int j = 0; j < tile_x; j++)
                    sum[i][j] = madd(EVERY(w[i]), in[j], sum[i][j]);
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < tile_o; i++)
#pragma GCC unroll 4
        for (int j = 0; j < tile_x; j++)
            *(vec *)(p->out[0][o + i] + x + j * LANES) = prelu(sum[i][j], p->slope ? p->slope + o + i : NULL);
}

/* The sums of two rows are four products a column: Winograd's F(2,3) along y (Lavin and Gray 2016, eq. 5). */
INLINE void pair_tile(const int tile_o, const int tile_x, const fc_rowwise_conv *p, const float *w, int o,
                      int x)
{
    vec m[3][4][3];
    const float *in = p->scratch;
#pragma GCC unroll 3
    for (int i = 0; i < tile_o; i++)
#pragma GCC unroll 4
        for (int t = 0; t < 4; t++)
#pragma GCC unroll 3
            for (int j = 0; j < tile_x; j++)
                m[i][t][j] = (vec){0};
    for (int k = p->nrows / 4 * p->kw; k > 0; k--, in += 4 * tile_x * LANES, w += 4 * tile_o) {
#pragma GCC unroll 4
        for (int t = 0; t < 4; t++) {
            vec v[3];
#pragma GCC unroll 3
            for (int j = 0; j < tile_x; j++)
                v[j] = *(const vec *)(in + (t * tile_x + j) * LANES);
#pragma GCC unroll 3
            for (int j = 0; j < tile_x; j++)
                IN_REGISTER(v[j]);
#pragma GCC unroll 3
            for (int i = 0; i < tile_o; i++)
#pragma GCC unroll 3
                for (int j = 0; j < tile_x; j++)
                    m[i][t][j] = madd(EVERY(w[t * tile_o + i]), v[j], m[i][t][j]);
        }
    }
#pragma GCC unroll 3
    for (int i = 0; i < tile_o; i++)
#pragma GCC unroll 3
        for (int j = 0; j < tile_x; j++) {
            const float *slope = p->slope ? p->slope + o + i : NULL;
            vec a = m[i][0][j] + m[i][1][j] + m[i][2][j] + p->bias[o + i];
            vec b = m[i][1][j] - m[i][2][j] - m[i][3][j] + p->bias[o + i];
            *(vec *)(p->out[0][o + i] + x + j * LANES) = prelu(a, slope);
            *(vec *)(p->out[1][o + i] + x + j * LANES) = prelu(b, slope);
        }
}

/* The inputs of pair_tile for PAIR_X vectors of pixels from x on: [channel][column][4][PAIR_X] in scratch. */
INLINE void pair_inputs(const fc_rowwise_conv *p, int x)
{
    float *to = p->scratch;
    for (int r = 0; r < p->nrows; r += 4)
        for (int k = 0; k < p->kw; k++, to += 4 * PAIR_X * LANES)
            for (int j = 0; j < PAIR_X; j++) {
                const int at = x + k * p->step + j * LANES;
                vec d0 = *(const vec *)(p->rows[r] + at), d1 = *(const vec *)(p->rows[r + 1] + at);
                vec d2 = *(const vec *)(p->rows[r + 2] + at), d3 = *(const vec *)(p->rows[r + 3] + at);
                *(vec *)(to + (0 * PAIR_X + j) * LANES) = d0 - d2;
                *(vec *)(to + (1 * PAIR_X + j) * LANES) = d1 + d2;
                *(vec *)(to + (2 * PAIR_X + j) * LANES) = d2 - d1;
                *(vec *)(to + (3 * PAIR_X + j) * LANES) = d1 - d3;
            }
}

#define CASE(tile, N, X)                                                                                     \
    case N:                                                                                                  \
        tile(N, X, p, w, o, x);                                                                              \
        break;

/* All tiles of output channels for tile_x vectors of pixels. */
INLINE void row_block(const int tile_x, const fc_rowwise_conv *p, int x)
{
    const float *w = p->weights;
    for (int o = 0, n; o < p->channels; o += n, w += (size_t)(n * p->nrows) * (size_t)p->kw) {
        n = fc_rowwise_tile(p->channels - o, p->block);
        switch (n) {
            CASE(row_tile, 1, tile_x)
            CASE(row_tile, 2, tile_x)
            CASE(row_tile, 3, tile_x)
            CASE(row_tile, 4, tile_x)
            CASE(row_tile, 5, tile_x)
            CASE(row_tile, 6, tile_x)
            CASE(row_tile, 7, tile_x)
            CASE(row_tile, 8, tile_x)
        }
    }
}

static void row_conv(const fc_rowwise_conv *p)
{
    int x = p->from;
    for (; x + (ROW_X - 1) * LANES < p->n; x += ROW_X * LANES)
        row_block(ROW_X, p, x);
    for (; x < p->n; x += LANES)
        row_block(1, p, x);
}

static void pair_conv(const fc_rowwise_conv *p)
{
    for (int x = 0; x < p->n; x += PAIR_X * LANES) {
        const float *w = p->weights;
        pair_inputs(p, x);
        for (int o = 0, n; o < p->channels; o += n, w += (size_t)(n * p->nrows) * (size_t)p->kw) {
            n = fc_rowwise_tile(p->channels - o, PAIR_O);
            switch (n) {
                CASE(pair_tile, 1, PAIR_X)
#if PAIR_O > 1
                CASE(pair_tile, 2, PAIR_X)
                CASE(pair_tile, 3, PAIR_X)
#endif
            }
        }
    }
}

/* The largest of a column. */
INLINE vec tallest(const int rows, const fc_rowwise_pool *p, int x)
{
    vec v = *(const vec *)(p->rows[0] + x * LANES);
#pragma GCC unroll 4
    for (int r = 1; r < rows; r++)
        v = larger(v, *(const vec *)(p->rows[r] + x * LANES));
    return v;
}

INLINE void pool_windows(const int side, const int rows, const fc_rowwise_pool *p, int n)
{
    for (int i = 0, x = 0; i < n; i++, x += p->stride) {
        vec v = tallest(rows, p, x);
        for (int k = 1; k < side; k++)
            v = larger(v, tallest(rows, p, x + k));
        *(vec *)(p->out + i * LANES) = v;
    }
}

/* Three columns, two apart: one of them is the next window's, too. */
static void pool_3_2(const fc_rowwise_pool *p, int n)
{
    vec last = tallest(3, p, 0);
    for (int i = 0; i < n; i++) {
        const vec v = larger(last, tallest(3, p, 2 * i + 1));
        last = tallest(3, p, 2 * i + 2);
        *(vec *)(p->out + i * LANES) = larger(v, last);
    }
}

static void pool(const fc_rowwise_pool *p, int n)
{
    if (p->side == 3 && p->stride == 2 && p->nrows == 3)
        pool_3_2(p, n);
    else if (p->side == 2 && p->nrows == 2)
        pool_windows(2, 2, p, n);
    else
        pool_windows(p->side, p->nrows, p, n);
}

#include "kernels/rowwise_strips_kernel.h"

#define M       3
#define TILE(f) f##_3
#include "kernels/rowwise_tile.h"
#define M       4
#define TILE(f) f##_4
#include "kernels/rowwise_tile.h"

const fc_rowwise_kernel NAME(fc_rowwise_kernel) = {
    .conv = {NULL, row_conv, pair_conv, tile_conv_3, tile_conv_4},
    .pool = pool,
    .spread = spread,
    .gather = gather,
    .block = {0, ROW_O, PAIR_O, TILE_O, TILE_O},
    .pair_floats = PAIR_X * LANES,
    .tile_floats = TILE_X * LANES,
    .lanes = LANES,
};
