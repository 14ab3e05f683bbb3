/*
 * Tiles of a 3x3 convolution of vectors of pictures: see winograd.h. Included by rowwise_kernel.h, once for each M, with
 *   M                 outputs along a side, 3 or 4
 *   TILE(f)           the function's name for that M
 *
 * A pixel is a vector of pictures (or strips of one), so that no step along x needs a shuffle. Arrays are aligned by hand:
 * by its type a vec may lie anywhere, and every one that lies across two lines of the cache costs twice.
 */
#include "kernels/winograd_tile.h"

/* The product that goes into all outputs of a tile, once: there a sum begins with the bias. */
#define TILE_ALL (T + 1)

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
INLINE void TILE(products)(const int tiles, const int n, const fc_rowwise_conv *p, const float *w, int o,
                           vec *sums)
{
    static const float none[TILE_O] = {0};
    const int in = p->nrows / T;
    const vec *f = (const vec *)p->scratch;

    for (int t = 0; t < T * T; t++, sums += n * tiles) {
        const float *begin = t == TILE_ALL ? p->bias + o : none;
        vec sum[TILE_O][TILE_X];
#pragma GCC unroll 8
        for (int i = 0; i < n; i++)
#pragma GCC unroll 4
            for (int j = 0; j < tiles; j++)
                sum[i][j] = EVERY(begin[i]);
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

/* PReLU of M x M outputs in a way that any slope is for. */
NOINLINE void TILE(bend)(float *const *to, const float *slope)
{
    for (int i = 0; i < M; i++)
        for (int k = 0; k < M; k++)
            *(vec *)(to[i] + k * LANES) = prelu(*(const vec *)(to[i] + k * LANES), slope);
}

/* M x M outputs of channel o at pixel x, from those along the rows of products. */
INLINE void TILE(down)(const fc_rowwise_conv *p, const vec (*across)[M], int o, int x)
{
    const float *slope = p->slope ? p->slope + o : NULL;
    const bool steep = slope && *slope > 1;
    const vec gentle = EVERY(slope && !steep ? *slope : 1.0f);
    float *to[M];

#pragma GCC unroll 4
    for (int i = 0; i < M; i++)
        to[i] = p->out[i][o] + x * LANES;
#pragma GCC unroll 4
    for (int k = 0; k < M; k++) {
        vec m[T], y[M];
#pragma GCC unroll 6
        for (int i = 0; i < T; i++)
            m[i] = across[i][k];
        TILE(to_outputs)(m, y);
#pragma GCC unroll 4
        for (int i = 0; i < M; i++)
            *(vec *)(to[i] + k * LANES) = larger(y[i], y[i] * gentle); /* an operation less than prelu */
    }
    if (steep)
        TILE(bend)(to, slope);
}

#if M == 4
/* The largest of each 2 x 2 of the same. */
INLINE void down_pooled(const bool steep, const fc_rowwise_conv *p, const vec (*across)[M], int o, int x)
{
    const float *slope = p->slope ? p->slope + o : NULL;
    const vec gentle = EVERY(slope ? *slope : 1.0f);
    float *to[] = {p->pooled[0][o] + x / 2 * LANES, p->pooled[1][o] + x / 2 * LANES};

#pragma GCC unroll 2
    for (int k = 0; k < M; k += 2) {
        vec largest[2][2];
#pragma GCC unroll 2
        for (int l = 0; l < 2; l++) {
            vec m[T], y[M];
#pragma GCC unroll 6
            for (int i = 0; i < T; i++)
                m[i] = across[i][k + l];
            TILE(to_outputs)(m, y);
#pragma GCC unroll 4
            for (int i = 0; i < M; i++)
                y[i] = steep ? prelu(y[i], slope) : larger(y[i], y[i] * gentle);
            largest[0][l] = larger(y[0], y[1]);
            largest[1][l] = larger(y[2], y[3]);
        }
        *(vec *)(to[0] + k / 2 * LANES) = larger(largest[0][0], largest[0][1]);
        *(vec *)(to[1] + k / 2 * LANES) = larger(largest[1][0], largest[1][1]);
    }
}
#endif

/* The same from all products. */
NOINLINE void TILE(deliver)(const fc_rowwise_conv *p, const vec *sums, int step, int o, int x)
{
    vec across[T][M] __attribute__((aligned(64)));

#pragma GCC unroll 6
    for (int i = 0; i < T; i++) {
        vec m[T];
#pragma GCC unroll 6
        for (int k = 0; k < T; k++)
            m[k] = sums[(i * T + k) * step];
        TILE(to_outputs)(m, across[i]);
    }
    TILE(down)(p, across, o, x);
}

/* The sums and outputs of channel o with few inputs, of n of the tiles from f on: a row of products at a time, which
 * stay in registers. */
INLINE void TILE(few)(const int n, const bool pooled, const fc_rowwise_conv *p, const vec *f, int o, int x)
{
    enum { IN = FC_ROWWISE_FEW };
    const float *w = p->weights + o * IN * T * T;
    vec across[2][T][M] __attribute__((aligned(64)));

    (void)pooled; /* M = 3: its tiles do not begin where windows do */
    for (int i = 0; i < T; i++, w += T * IN, f += T * IN * TILE_X) {
        const vec begin = EVERY(p->bias[o]);
        vec sum[2][T];
#pragma GCC unroll 6
        for (int k = 0; k < T; k++)
#pragma GCC unroll 2
            for (int j = 0; j < n; j++)
                sum[j][k] = w[k * IN] * f[k * IN * TILE_X + j];
        if (i == TILE_ALL / T)
#pragma GCC unroll 2
            for (int j = 0; j < n; j++)
                sum[j][TILE_ALL % T] += begin;
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
    for (int j = 0; j < n; j++) {
#if M == 4
        if (pooled && p->slope && p->slope[o] > 1)
            down_pooled(true, p, across[j], o, x + M * j);
        else if (pooled)
            down_pooled(false, p, across[j], o, x + M * j);
        else
#endif
            TILE(down)(p, across[j], o, x + M * j);
    }
}

/* All channels of the tiles from first on of a block with few inputs. */
INLINE void TILE(few_tiles)(const bool pooled, int first, int tiles, const fc_rowwise_conv *p, int x)
{
    const vec *f = (const vec *)p->scratch;

    for (int o = 0; o < p->channels; o++) {
        int j = first;
        for (; j + 1 < tiles; j += 2)
            TILE(few)(2, pooled, p, f + j, o, x + M * j);
        if (j < tiles)
            TILE(few)(1, pooled, p, f + j, o, x + M * j);
    }
}

NOINLINE void TILE(few_block)(int first, int tiles, const fc_rowwise_conv *p, int x)
{
    TILE(few_tiles)(false, first, tiles, p, x);
}

#if M == 4
NOINLINE void few_pooled(int tiles, const fc_rowwise_conv *p, int x)
{
    TILE(few_tiles)(true, 0, tiles, p, x);
}
#endif

/* A block with few inputs. */
static void TILE(few_inputs)(int tiles, const fc_rowwise_conv *p, int x)
{
    int first = 0;

    TILE(factors)(tiles, TILE_X, p, x); /* whose places are constants then */
#if M == 4
    if (p->pool_to > x) {
        first = (p->pool_to - x) / M < tiles ? (p->pool_to - x) / M : tiles;
        few_pooled(first, p, x);
    }
#endif
    if (first < tiles)
        TILE(few_block)(first, tiles, p, x);
}

#define CASE_TILES(X, N)                                                                                     \
    case 8 * X + N:                                                                                          \
        TILE(products)(X, N, p, w, o, sums);                                                                 \
        break;
#if TILE_O > 4
#define CASES_TILES(X)                                                                                       \
    CASE_TILES(X, 1) CASE_TILES(X, 2) CASE_TILES(X, 3) CASE_TILES(X, 4) CASE_TILES(X, 5) CASE_TILES(X, 6)
#else
#define CASES_TILES(X) CASE_TILES(X, 1) CASE_TILES(X, 2) CASE_TILES(X, 3) CASE_TILES(X, 4)
#endif

/* The products alone are compiled for each number of tiles and channels: the rest takes little time in a run, and much
 * in a compiler with sanitizers. */
NOINLINE void TILE(sums)(int tiles, int n, const fc_rowwise_conv *p, const float *w, int o, vec *sums)
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
        TILE(few_inputs)(tiles, p, x);
        return;
    }
    TILE(factors)(tiles, tiles, p, x);
    for (int o = 0, n; o < p->channels; o += n, w += n * p->nrows * T) {
        n = fc_rowwise_tile(p->channels - o, TILE_O);
        TILE(sums)(tiles, n, p, w, o, sums);
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
#undef TILE_ALL
#undef T
#undef M
#undef TILE
