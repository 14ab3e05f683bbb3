/*
 * The loops of area resampling that the compiler makes vectors of. Included by area_*.c, once for each instruction set,
 * with NAME(f), the function's name for that set. Nothing is fused: all give the same bits.
 */
#include "detect/area_impl.h"

#define LINE 64 /* bytes of a cache line */

/* to[i] = SUM, a sum of bytes i of one to three rows, which begin at a, b and c. The rows that lie ahead bytes behind
 * them are asked for meanwhile: they are the next to be read, after work that makes the hardware forget this stream. */
#define SUM_BYTES(SUM, ROWS)                                                                                 \
    do {                                                                                                     \
        size_t i = 0;                                                                                        \
        for (; i + LINE <= n; i += LINE) {                                                                   \
            __builtin_prefetch(a + ahead + i, 0, 2);                                                         \
            if ((ROWS) > 1)                                                                                  \
                __builtin_prefetch(b + ahead + i, 0, 2);                                                     \
            if ((ROWS) > 2)                                                                                  \
                __builtin_prefetch(c + ahead + i, 0, 2);                                                     \
            for (size_t end = i + LINE, k = i; k < end; k++)                                                 \
                to[k] = (uint16_t)(SUM(k));                                                                  \
        }                                                                                                    \
        for (; i < n; i++)                                                                                   \
            to[i] = (uint16_t)(SUM(i));                                                                      \
    } while (0)
#define ONE(i)      a[i]
#define TWO(i)      a[i] + b[i]
#define THREE(i)    a[i] + b[i] + c[i]
#define ONE_MORE(i) to[i] + a[i]
#define TWO_MORE(i) to[i] + a[i] + b[i]

/* Sums of n bytes at the same place in rows of stride bytes. */
static void sum_rows(uint16_t *restrict to, const uint8_t *restrict from, size_t stride, int rows, size_t n)
{
    const uint8_t *restrict a = from, *restrict b = a + stride, *restrict c = b + stride;
    const size_t ahead = (size_t)rows * stride;

    switch (rows) {
    case 1:
        SUM_BYTES(ONE, 1);
        return;
    case 2:
        SUM_BYTES(TWO, 2);
        return;
    }
    SUM_BYTES(THREE, 3);
    for (rows -= 3, a = c + stride; rows >= 2; rows -= 2, a = b + stride) {
        b = a + stride;
        SUM_BYTES(TWO_MORE, 2);
    }
    if (rows)
        SUM_BYTES(ONE_MORE, 1);
}

/* Means of the bins, rows high, as the networks want them. */
#define DELIVER(FUNCTION, TYPE)                                                                              \
    static void FUNCTION(const TYPE *restrict sums, const float *restrict count, float rows, int n,          \
                         float *restrict r, float *restrict g, float *restrict b)                            \
    {                                                                                                        \
        for (int x = 0; x < n; x++) {                                                                        \
            float pixels = rows * count[x];                                                                  \
            r[x] = ((float)(int32_t)sums[4 * x] / pixels - 127.5f) * 0.0078125f;                             \
            g[x] = ((float)(int32_t)sums[4 * x + 1] / pixels - 127.5f) * 0.0078125f;                         \
            b[x] = ((float)(int32_t)sums[4 * x + 2] / pixels - 127.5f) * 0.0078125f;                         \
        }                                                                                                    \
    }
DELIVER(deliver, uint16_t)
DELIVER(deliver_tall, uint32_t)

const fc_area_kernel NAME(fc_area_kernel) = {sum_rows, deliver, deliver_tall};
