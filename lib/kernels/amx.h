/*
 * Matrix tiles of Intel AMX: how what goes into them lies in memory, and, for the files that are compiled for them
 * (fc_kernels in lib/CMakeLists.txt), how they are used.
 *
 * A tile has 16 rows of 64 bytes. A product adds to C[16 pixels][16 channels] (float32) the product of A[16 pixels][32
 * inputs] and B[32 inputs][16 channels] (bfloat16, pairs of inputs side by side). In a map [pixel][channels] of bfloat16
 * neighbouring pixels are rows of A as they lie.
 */
#ifndef FC_KERNELS_AMX_H
#define FC_KERNELS_AMX_H
#include <stddef.h>

#include "kernels/simd.h"

enum { TILE = 16 * 32 }; /* numbers of a tile of bfloat16 */

/* B's place for input k and channel o. */
static inline size_t tile_at(int k, int o)
{
    return (size_t)(k / 2 * 32 + 2 * o + k % 2);
}

#if defined __AMX_TILE__ || defined __AMXTILE__ /* gcc, clang */
/* GCC 12's intrinsics do not say that they read memory: what they read could be stored after them. */
#define STORES_ARE_DONE() __asm__ volatile("" ::: "memory")
#define tile_load(tile, from, stride)                                                                        \
    do {                                                                                                     \
        STORES_ARE_DONE();                                                                                   \
        _tile_loadd(tile, from, stride);                                                                     \
    } while (0)

/* All eight tiles at full size, but for A of inputs numbers in tiles 2 and 3, and B of as many rows in tile 4: what is
 * not loaded costs nothing. The configuration is the thread's; networks of other engines set their own. */
static inline void tiles_begin(int inputs)
{
    struct {
        uint8_t palette, start, reserved[14];
        uint16_t colsb[16];
        uint8_t rows[16];
    } c __attribute__((aligned(64))) = {.palette = 1};
    for (int i = 0; i < 8; i++) {
        c.colsb[i] = i == 2 || i == 3 ? (uint16_t)(2 * inputs) : 64;
        c.rows[i] = i == 4 ? (uint8_t)(inputs / 2) : 16;
    }
    STORES_ARE_DONE();
    _tile_loadconfig(&c);
}

static inline void tiles_end(void)
{
    _tile_release();
}

/* 16 numbers of a product with bias and PReLU. */
static inline __m512 activate(const float *sum, const float *bias, const float *slope)
{
    return prelu16(_mm512_add_ps(_mm512_loadu_ps(sum), _mm512_loadu_ps(bias)), _mm512_loadu_ps(slope));
}

static inline void store_bf16(bf16 *to, __m512 v)
{
    _mm256_storeu_si256((__m256i *)to, (__m256i)_mm512_cvtneps_pbh(v));
}

/* Rows of three planes, side by side for each pixel. */
static inline void interleave(bf16 *restrict to, const float *restrict r, const float *restrict g,
                              const float *restrict b, int n)
{
    for (int x = 0; x < n; x++) {
        to[3 * x] = to_bf16(r[x]);
        to[3 * x + 1] = to_bf16(g[x]);
        to[3 * x + 2] = to_bf16(b[x]);
    }
}

#endif

#endif
