/*
 * Tiles of a 3x3 convolution of vectors of pictures: see winograd.h. Included by rowwise_kernel.h, once for each M, with
 *   M                 outputs along a side, 3 or 4
 *   TILE(f)           the function's name for that M
 *
 * A pixel is a vector of pictures (or strips of one), so that no step along x needs a shuffle. Arrays are aligned by hand:
 * by its type a vec may lie anywhere, and every one that lies across two lines of the cache costs twice.
 */
#include "kernels/winograd_tile.h"

/* The factors of tiles tiles from pixel x on, of all channels: [T * T][channels][step] in scratch. */
NOINLINE void TILE(factors)(int tiles, int step, const fc_rowwise_conv *p, int x)
{
    const int in = p->nrows / T, columns = M * tiles + 2;
    vec *to = (vec *)p->scratch;

    for (int c = 0; c < in; c++) {
        vec down[M * TILE_X + 2][T] __attribute__((aligned(64)));
        for (int k = 0; k < columns; k++) {
            vec d[T];
#pragma GCC unroll 6
            for (int i = 0; i < T; i++)
                d[i] = *(const vec *)(p->rows[c * T + i] + (x + k) * LANES);
            TILE(to_factors)(d, down[k]);
        }
        for (int j = 0; j < tiles; j++)
#pragma GCC unroll 6
            for (int i = 0; i < T; i++) {
                vec d[T], f[T];
#pragma GCC unroll 6
                for (int k = 0; k < T; k++)
                    d[k] = down[M * j + k][i];
                TILE(to_factors)(d, f);
#pragma GCC unroll 6
                for (int k = 0; k < T; k++)
                    to[((i * T + k) * in + c) * step + j] = f[k];
            }
    }
}

/* The sums of products of n output channels: [T * T][n][tiles] in sums. */
INLINE void TILE(products)(const int tiles, const int n, const fc_rowwise_conv *p, const float *w, vec *sums)
{
    const int in = p->nrows / T;
    const vec *f = (const vec *)p->scratch;

    for (int t = 0; t < T * T; t++, sums += n * tiles) {
        vec sum[TILE_O][TILE_X];
#pragma GCC unroll 8
        for (int i = 0; i < n; i++)
#pragma GCC unroll 4
            for (int j = 0; j < tiles; j++)
                sum[i][j] = (vec){0};
        for (int c = 0; c < in; c++, f += tiles, w += n) {
            vec v[TILE_X];
#pragma GCC unroll 4
            for (int j = 0; j < tiles; j++)
                v[j] = f[j];
#pragma GCC unroll 8
            for (int i = 0; i < n; i++)
#pragma GCC unroll 4
                for (int j = 0; j < tiles; j++)
                    sum[i][j] = madd(EVERY(w[i]), v[j], sum[i][j]);
        }
#pragma GCC unroll 8
        for (int i = 0; i < n; i++)
#pragma GCC unroll 4
            for (int j = 0; j < tiles; j++)
                sums[i * tiles + j] = sum[i][j];
    }
}

/* M x M outputs of channel o at pixel x, from those along the rows of products. */
INLINE void TILE(down)(const fc_rowwise_conv *p, const vec (*across)[M], vec bias, int o, int x)
{
#pragma GCC unroll 4
    for (int k = 0; k < M; k++) {
        vec m[T], y[M];
#pragma GCC unroll 6
        for (int i = 0; i < T; i++)
            m[i] = across[i][k];
        TILE(to_outputs)(m, y);
#pragma GCC unroll 4
        for (int i = 0; i < M; i++)
            *(vec *)(p->out[i][o] + (x + k) * LANES) = prelu(y[i] + bias, p->slope ? p->slope + o : NULL);
    }
}

/* The same from all products. */
NOINLINE void TILE(deliver)(const fc_rowwise_conv *p, const vec *sums, int step, int o, int x)
{
    vec across[T][M] __attribute__((aligned(64)));
    const vec bias = (vec){0} + p->bias[o];

#pragma GCC unroll 6
    for (int i = 0; i < T; i++) {
        vec m[T];
#pragma GCC unroll 6
        for (int k = 0; k < T; k++)
            m[k] = sums[(i * T + k) * step];
        TILE(to_outputs)(m, across[i]);
    }
    TILE(down)(p, across, bias, o, x);
}

/* The sums and outputs of channel o with few inputs, of n of the tiles from f on: a row of products at a time, which
 * stay in registers. */
INLINE void TILE(few)(const int n, const fc_rowwise_conv *p, const vec *f, int o, int x)
{
    enum { IN = FC_ROWWISE_FEW };
    const float *w = p->weights + o * IN * T * T;
    const vec bias = (vec){0} + p->bias[o];
    vec across[2][T][M] __attribute__((aligned(64)));

    for (int i = 0; i < T; i++, w += T * IN, f += T * IN * TILE_X) {
        vec sum[2][T];
#pragma GCC unroll 6
        for (int k = 0; k < T; k++)
#pragma GCC unroll 2
            for (int j = 0; j < n; j++)
                sum[j][k] = w[k * IN] * f[k * IN * TILE_X + j];
#pragma GCC unroll 3
        for (int c = 1; c < IN; c++)
#pragma GCC unroll 6
            for (int k = 0; k < T; k++)
#pragma GCC unroll 2
                for (int j = 0; j < n; j++)
                    sum[j][k] = madd(EVERY(w[k * IN + c]), f[(k * IN + c) * TILE_X + j], sum[j][k]);
#pragma GCC unroll 2
        for (int j = 0; j < n; j++)
            TILE(to_outputs)(sum[j], across[j][i]);
    }
#pragma GCC unroll 2
    for (int j = 0; j < n; j++)
        TILE(down)(p, across[j], bias, o, x + M * j);
}

/* All channels and tiles of a block with few inputs. */
NOINLINE void TILE(few_block)(int tiles, const fc_rowwise_conv *p, int x)
{
    const vec *f = (const vec *)p->scratch;

    for (int o = 0; o < p->channels; o++) {
        for (int j = 0; j + 1 < tiles; j += 2)
            TILE(few)(2, p, f + j, o, x + M * j);
        if (tiles % 2)
            TILE(few)(1, p, f + tiles - 1, o, x + M * (tiles - 1));
    }
}

#define CASE_TILES(X, N)                                                                                     \
    case 8 * X + N:                                                                                          \
        TILE(products)(X, N, p, w, sums);                                                                    \
        break;
#if TILE_O > 4
#define CASES_TILES(X)                                                                                       \
    CASE_TILES(X, 1) CASE_TILES(X, 2) CASE_TILES(X, 3) CASE_TILES(X, 4) CASE_TILES(X, 5) CASE_TILES(X, 6)
#else
#define CASES_TILES(X) CASE_TILES(X, 1) CASE_TILES(X, 2) CASE_TILES(X, 3) CASE_TILES(X, 4)
#endif

/* The products alone are compiled for each number of tiles and channels: the rest takes little time in a run, and much
 * in a compiler with sanitizers. */
NOINLINE void TILE(sums)(int tiles, int n, const fc_rowwise_conv *p, const float *w, vec *sums)
{
    switch (8 * tiles + n) {
        CASES_TILES(1)
        CASES_TILES(2)
#if TILE_X > 2
        CASES_TILES(3)
#endif
#if TILE_X > 3
        CASES_TILES(4)
#endif
    }
}
#undef CASES_TILES
#undef CASE_TILES

static void TILE(block)(int tiles, const fc_rowwise_conv *p, int x)
{
    const float *w = p->weights;
    vec sums[T * T * TILE_O * TILE_X] __attribute__((aligned(64)));

    if (p->nrows == FC_ROWWISE_FEW * T) {
        TILE(factors)(tiles, TILE_X, p, x); /* whose places are constants then */
        TILE(few_block)(tiles, p, x);
        return;
    }
    TILE(factors)(tiles, tiles, p, x);
    for (int o = 0, n; o < p->channels; o += n, w += n * p->nrows * T) {
        n = fc_rowwise_tile(p->channels - o, TILE_O);
        TILE(sums)(tiles, n, p, w, sums);
        for (int i = 0; i < n; i++)
            for (int j = 0; j < tiles; j++)
                TILE(deliver)(p, sums + i * tiles + j, n * tiles, o + i, x + M * j);
    }
}

static void TILE(tile_conv)(const fc_rowwise_conv *p)
{
    const int pixels = p->n / LANES;

    for (int x = 0, tiles; x < pixels; x += M * tiles) {
        tiles = fc_rowwise_tile((pixels - x + M - 1) / M, TILE_X);
        TILE(block)(tiles, p, x);
    }
}
#undef T
#undef M
#undef TILE
