/*
 * The loops of area resampling. Included by area_*.c, once for each instruction set, with
 *   NAME(f)           the function's name for that set
 *   LANES             floats in a vector
 * Nothing is fused: all give the same bits.
 */
#include <stdbool.h>

#include "detect/area_impl.h"
#include "kernels/simd.h"
#include "kernels/turn_kernel.h"

enum {
    LINE = 64,        /* bytes of a cache line */
    PART = 2 * LANES, /* bytes that become one vector of 16-bit numbers */
    TOGETHER = 6      /* rows that are read side by side: more are too many streams */
};
typedef uint8_t some_bytes __attribute__((vector_size(PART), aligned(1), may_alias));
typedef uint16_t shorts __attribute__((vector_size(2 * PART), aligned(2), may_alias));
typedef uint8_t four_bytes __attribute__((vector_size(4), aligned(1), may_alias));
typedef uint32_t quad __attribute__((vector_size(16), aligned(4), may_alias));
typedef uint32_t words __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

INLINE shorts wider(const uint8_t *from)
{
#if LANES == 8
    return (shorts)_mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)from));
#else
    return __builtin_convertvector(*(const some_bytes *)from, shorts);
#endif
}

/* Adds PART * parts bytes at the same place in rows of stride bytes to sums, or where there are none makes them. The
 * rows that lie ahead bytes behind them are asked for meanwhile: they are the next to be read, after work that makes
 * the hardware forget this stream. */
INLINE void sum_parts(const int parts, uint16_t *to, bool sums, const uint8_t *from, size_t stride, int rows,
                      size_t ahead)
{
    shorts sum[LINE / PART];

#pragma GCC unroll 8
    for (int k = 0; k < parts; k++)
        sum[k] = sums ? *(const shorts *)(to + k * PART) : (shorts){0};
    for (; rows > 0; rows--, from += stride) {
        if (parts > 1)
            __builtin_prefetch(from + ahead, 0, 2);
#pragma GCC unroll 8
        for (int k = 0; k < parts; k++)
            sum[k] += wider(from + k * PART);
    }
#pragma GCC unroll 8
    for (int k = 0; k < parts; k++)
        *(shorts *)(to + k * PART) = sum[k];
}

/* The same of n bytes, less than a line. The last ones go once more with those before them. */
static void sum_rest(uint16_t *to, const uint8_t *from, size_t stride, int rows, size_t n)
{
    size_t i = 0;

    for (; i + PART <= n; i += PART)
        sum_parts(1, to + i, false, from + i, stride, rows, 0);
    if (i == n)
        return;
    if (n >= PART) {
        sum_parts(1, to + n - PART, false, from + n - PART, stride, rows, 0);
        return;
    }
    for (; i < n; i++) {
        to[i] = 0;
        for (int k = 0; k < rows; k++)
            to[i] = (uint16_t)(to[i] + from[(size_t)k * stride + i]);
    }
}

/* Sums of n bytes at the same place in rows of stride bytes. */
static void sum_rows(uint16_t *restrict to, const uint8_t *restrict from, size_t stride, int rows, size_t n)
{
    const size_t lines = n / LINE * LINE, ahead = (size_t)rows * stride;

    sum_rest(to + lines, from + lines, stride, rows, n - lines);
    for (int y = 0, some; y < rows; y += some) {
        some = rows - y < TOGETHER ? rows - y : TOGETHER;
        for (size_t i = 0; i < lines; i += LINE)
            sum_parts(LINE / PART, to + i, y > 0, from + (size_t)y * stride + i, stride, some, ahead);
    }
}

/* A pixel's channels and the byte behind it, which counts for nothing: no fourth sum is used. */
INLINE quad pixel(const uint8_t *from)
{
#if LANES == 8
    return (quad)_mm_cvtepu8_epi32(_mm_loadu_si32(from));
#else
    return __builtin_convertvector(*(const four_bytes *)from, quad);
#endif
}

static void add_row(uint32_t *sums, const uint8_t *row, int w)
{
    quad left = {0}, *to = (quad *)sums + 1;

    for (int x = 0; x + 1 < w; x++, row += 3)
        to[x] += left += pixel(row);
    to[w - 1] += left + (quad){row[0], row[1], row[2]}; /* nothing need be behind it */
}

static void bins(uint32_t *to, const uint32_t *above, const uint32_t *sums, const int *edge, int n)
{
    for (int x = 0; x < n; x++) {
        quad sum = *(const quad *)(sums + edge[2 * x + 1]) - *(const quad *)(sums + edge[2 * x]);
        if (above)
            sum -= *(const quad *)(above + 4 * x);
        *(quad *)(to + 4 * x) = sum;
    }
}

/* The means of LANES sums, as the networks want them. */
INLINE vec means(ints sums, vec pixels)
{
    return (__builtin_convertvector(sums, vec) / pixels - 127.5f) * 0.0078125f;
}

/* Of LANES bins. */
INLINE void deliver_some(const uint16_t *sums, const float *count, float rows, float *r, float *g, float *b)
{
    const words low = *(const words *)sums, high = *(const words *)(sums + 2 * LANES);
    const vec pixels = *(const vec *)count * rows;
#if LANES == 8
    const words rg = __builtin_shufflevector(low, high, 0, 2, 4, 6, 8, 10, 12, 14);
    const words bx = __builtin_shufflevector(low, high, 1, 3, 5, 7, 9, 11, 13, 15);
#else
    const words rg = __builtin_shufflevector(low, high, 0, 2, 4, 6);
    const words bx = __builtin_shufflevector(low, high, 1, 3, 5, 7);
#endif
    *(vec *)r = means((ints)(rg & 0xffff), pixels);
    *(vec *)g = means((ints)(rg >> 16), pixels);
    *(vec *)b = means((ints)(bx & 0xffff), pixels);
}

/* The same of large bins. */
INLINE void deliver_tall_some(const uint32_t *sums, const float *count, float rows, float *r, float *g,
                              float *b)
{
    const vec pixels = *(const vec *)count * rows;
    vec v[4];

#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
        v[i] = load_fours((const float *)sums + 4 * i, 4);
    turn_fours(v);
    *(vec *)r = means((ints)v[0], pixels);
    *(vec *)g = means((ints)v[1], pixels);
    *(vec *)b = means((ints)v[2], pixels);
}

/* Means of n bins, rows high. */
#define DELIVER(FUNCTION, SOME, TYPE)                                                                        \
    static void FUNCTION(const TYPE *restrict sums, const float *restrict count, float rows, int n,          \
                         float *restrict r, float *restrict g, float *restrict b)                            \
    {                                                                                                        \
        float part[3][LANES];                                                                                \
        int x = 0;                                                                                           \
                                                                                                             \
        for (; x + LANES <= n; x += LANES)                                                                   \
            SOME(sums + 4 * x, count + x, rows, r + x, g + x, b + x);                                        \
        if (x == n)                                                                                          \
            return;                                                                                          \
        SOME(sums + 4 * x, count + x, rows, part[0], part[1], part[2]);                                      \
        memcpy(r + x, part[0], (size_t)(n - x) * sizeof *r);                                                 \
        memcpy(g + x, part[1], (size_t)(n - x) * sizeof *g);                                                 \
        memcpy(b + x, part[2], (size_t)(n - x) * sizeof *b);                                                 \
    }
DELIVER(deliver, deliver_some, uint16_t)
DELIVER(deliver_tall, deliver_tall_some, uint32_t)

const fc_area_kernel NAME(fc_area_kernel) = {sum_rows, add_row, bins, deliver, deliver_tall};
