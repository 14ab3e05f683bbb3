/*
 * Dense 3x3 convolutions of maps [h][w][c] in tiles: see winograd.h. Included by nhwc_kernel.h, once for each M, with
 *   M                 outputs along a side, 3 or 4
 *   TILE(f)           the function's name for that M
 *
 * Vectors run along channels: factors of the input are made for a vector of its channels at a time, and each is multiplied
 * by the weights of two vectors of output channels. A group of tiles goes through together, so many that their factors stay in
 * the second cache.
 */
#include "kernels/winograd_tile.h"

/* The factors of a tile whose pixels are at at[T * T], of channels c to c + n: to[t * step]. */
INLINE void TILE(factors)(const float *const *at, float *to, size_t step, int c, int n, const bool part)
{
    vec down[T][T];

#pragma GCC unroll 6
    for (int k = 0; k < T; k++) {
        vec d[T], f[T];
#pragma GCC unroll 6
        for (int i = 0; i < T; i++)
            d[i] = load(at[i * T + k], (size_t)c, FC_ELEM_F32, part, n);
        TILE(to_factors)(d, f);
#pragma GCC unroll 6
        for (int i = 0; i < T; i++)
            down[i][k] = f[i];
    }
#pragma GCC unroll 6
    for (int i = 0; i < T; i++) {
        vec f[T];
        TILE(to_factors)(down[i], f);
#pragma GCC unroll 6
        for (int k = 0; k < T; k++)
            *(vec *)(to + (size_t)(i * T + k) * step) = f[k];
    }
}

/* All channels of the tile whose first output is y, x. */
NOINLINE void TILE(read_tile)(const fc_nhwc_op *p, int y, int x, float *to, size_t step, size_t block)
{
    const int inputs = (int)p->n;
    const float *at[T * T];
    int c = 0;

    for (int i = 0; i < T; i++)
        for (int k = 0; k < T; k++) {
            const int yy = y - p->pt + i, xx = x - p->pl + k;
            at[i * T + k] =
                yy < 0 || yy >= p->h || xx < 0 || xx >= p->w
                    ? p->zeros
                    : (const float *)p->src[0] + ((size_t)yy * (size_t)p->w + (size_t)xx) * p->src_ld[0];
        }
    for (; c + LANES <= inputs; c += LANES, to += block)
        TILE(factors)(at, to, step, c, LANES, false);
    if (c < inputs)
        TILE(factors)(at, to, step, c, inputs - c, true);
}

/* The outputs of a tile from its sums, sums[t * step]: channels o to o + n, and what lies in the result of the M x M. */
INLINE void TILE(outputs)(const fc_nhwc_op *p, const float *sums, size_t step, int y, int x, int o, int n,
                          const bool part)
{
    const int rows = p->oh - y < M ? p->oh - y : M, columns = p->ow - x < M ? p->ow - x : M;
    const vec bias = PARAM(p->bias, o);
    vec across[T][M];

#pragma GCC unroll 6
    for (int i = 0; i < T; i++) {
        vec m[T];
#pragma GCC unroll 6
        for (int k = 0; k < T; k++)
            m[k] = *(const vec *)(sums + (size_t)(i * T + k) * step);
        TILE(to_outputs)(m, across[i]);
    }
#pragma GCC unroll 4
    for (int k = 0; k < M; k++) {
        vec m[T], out[M];
#pragma GCC unroll 6
        for (int i = 0; i < T; i++)
            m[i] = across[i][k];
        TILE(to_outputs)(m, out);
        if (k >= columns)
            continue;
#pragma GCC unroll 4
        for (int i = 0; i < M; i++) {
            if (i >= rows)
                continue;
            float *to = (float *)p->dst + ((size_t)(y + i) * (size_t)p->ow + (size_t)(x + k)) * p->dst_ld;
            vec v = out[i] + bias;
            if (p->alpha != 0)
                v = madd(load(to, (size_t)o, FC_ELEM_F32, part, n), EVERY(p->alpha), v);
            store(to, (size_t)o, p->post ? larger(v, (vec){0}) : v, FC_ELEM_F32, part, n);
        }
    }
}

/* Up to two vectors of channels from o on. */
NOINLINE void TILE(write_tile)(const fc_nhwc_op *p, const float *sums, size_t step, int y, int x, int o)
{
    const int end = p->c - o < 2 * LANES ? p->c : o + 2 * LANES;

    for (; o + LANES <= end; o += LANES, sums += LANES)
        TILE(outputs)(p, sums, step, y, x, o, LANES, false);
    if (o < end)
        TILE(outputs)(p, sums, step, y, x, o, end - o, true);
}

/* count tiles from number first on. */
static void TILE(tile_group)(const fc_nhwc_op *p, const fc_nhwc_tiles *g, int first, int count)
{
    const size_t block = (size_t)g->group * LANES, row = (size_t)g->group * 2 * LANES + FC_NHWC_PAD;
    const size_t step = (p->n + LANES - 1) / LANES * block + FC_NHWC_PAD;
    float *factors = p->scratch, *sums = factors + T * T * step;
    const float *w = p->weights;

    for (int i = 0; i < count; i++)
        TILE(read_tile)
    (p, (first + i) / g->across * M, (first + i) % g->across * M, factors + (size_t)i * LANES, step, block);
    for (int o = 0; o < p->c; o += 2 * LANES) {
        const int vecs = p->c - o > LANES ? 2 : 1;
        for (int t = 0; t < T * T; t++, w += p->n * (size_t)vecs * LANES)
            for (int i = 0, n; i < count; i += n) {
                n = fc_rowwise_tile(count - i, TILES);
                tile_sums(n, vecs, factors + (size_t)t * step + (size_t)i * LANES, block, p->n, w,
                          sums + (size_t)t * row + (size_t)(i * 2) * LANES);
            }
        for (int i = 0; i < count; i++)
            TILE(write_tile)
        (p, sums + (size_t)(i * 2) * LANES, row, (first + i) / g->across * M, (first + i) % g->across * M, o);
    }
}
#undef T
#undef M
#undef TILE
