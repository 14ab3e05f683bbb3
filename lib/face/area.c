#include "face/area.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define MAX_ROWS_16 257 /* 257 * 255 = 65535 */

/* One pixel's three channels and a fourth that is not used. */
typedef uint16_t u16x4 __attribute__((vector_size(8), aligned(2), may_alias));
typedef uint32_t u32x4 __attribute__((vector_size(16), aligned(4), may_alias));

static void free_out(fc_area *a)
{
    free(a->first);
    free(a->count);
    free(a->more);
    free(a->sums);
    a->first = NULL;
    a->count = NULL;
    a->more = a->sums = NULL;
    a->room_out = 0;
}

static void free_in(fc_area *a)
{
    free(a->col16);
    free(a->col);
    a->col16 = NULL;
    a->col = NULL;
    a->room_in = 0;
}

void fc_area_clear(fc_area *a)
{
    free_out(a);
    free_in(a);
    *a = (fc_area){0};
}

static int bin_start(int i, int n, int m)
{
    return (int)((int64_t)i * n / m);
}

static int bin_end(int i, int n, int m)
{
    return (int)(((int64_t)(i + 1) * n + m - 1) / m);
}

fc_status fc_area_begin(fc_area *a, const uint8_t *rgb, size_t stride, int in_w, int in_h, int out_w,
                        int out_h, fc_error *err)
{
    const size_t ni = 3 * ((size_t)in_w + 2) + 1, no = (size_t)out_w;

    if (no > a->room_out) {
        free_out(a);
        a->first = malloc(no * sizeof *a->first);
        a->count = malloc(no * sizeof *a->count);
        a->more = malloc(no * 2 * sizeof *a->more);
        a->sums = malloc(no * 4 * sizeof *a->sums);
        if (!a->first || !a->count || !a->more || !a->sums)
            return fc_fail_nomem(err, no * 4 * sizeof *a->sums);
        a->room_out = no;
    }
    if (ni > a->room_in) {
        free_in(a);
        a->col16 = calloc(ni, sizeof *a->col16);
        a->col = calloc(ni, sizeof *a->col);
        if (!a->col16 || !a->col)
            return fc_fail_nomem(err, ni * sizeof *a->col);
        a->room_in = ni;
    }
    a->rgb = rgb;
    a->stride = stride;
    a->in_w = in_w;
    a->in_h = in_h;
    a->out_w = out_w;
    a->out_h = out_h;
    a->least = in_w / out_w > 0 ? in_w / out_w : 1;
    for (int i = 0; i < out_w; i++) {
        int from = bin_start(i, in_w, out_w), n = bin_end(i, in_w, out_w) - from;
        a->first[i] = 3 * from;
        a->more[2 * i] = n > a->least ? ~0u : 0;
        a->more[2 * i + 1] = n > a->least + 1 ? ~0u : 0;
        a->count[i] = (float)n;
    }
    return FC_OK;
}

#ifdef __x86_64__
#define CLONES __attribute__((target_clones("arch=skylake-avx512", "avx2", "default")))
#else
#define CLONES
#endif

/* Sums of n bytes at the same place in rows of stride bytes; rows <= MAX_ROWS_16. */
CLONES static void sum_rows(uint16_t *restrict to, const uint8_t *restrict from, size_t stride, int rows,
                            size_t n)
{
    const uint8_t *b = from + stride, *c = b + stride;
    switch (rows) {
    case 1:
        for (size_t i = 0; i < n; i++)
            to[i] = from[i];
        return;
    case 2:
        for (size_t i = 0; i < n; i++)
            to[i] = (uint16_t)(from[i] + b[i]);
        return;
    }
    for (size_t i = 0; i < n; i++)
        to[i] = (uint16_t)(from[i] + b[i] + c[i]);
    from = c + stride;
    for (rows -= 3; rows >= 2; rows -= 2, from += 2 * stride) {
        b = from + stride;
        for (size_t i = 0; i < n; i++)
            to[i] = (uint16_t)(to[i] + from[i] + b[i]);
    }
    if (rows)
        for (size_t i = 0; i < n; i++)
            to[i] = (uint16_t)(to[i] + from[i]);
}

/* Bins' sums along x: no branch depends on a bin's width. TYPE is a column's sum, VECTOR four of them. */
#define SUM_COLUMNS(NAME, TYPE, VECTOR)                                                                      \
    static void NAME(const fc_area *a, const TYPE *col)                                                      \
    {                                                                                                        \
        for (int x = 0; x < a->out_w; x++) {                                                                 \
            const TYPE *from = col + a->first[x];                                                            \
            u32x4 sum = {0};                                                                                 \
            for (int i = 0; i < a->least; i++, from += 3)                                                    \
                sum += __builtin_convertvector(*(const VECTOR *)from, u32x4);                                \
            sum += __builtin_convertvector(*(const VECTOR *)from, u32x4) & a->more[2 * x];                   \
            sum += __builtin_convertvector(*(const VECTOR *)(from + 3), u32x4) & a->more[2 * x + 1];         \
            *(u32x4 *)(a->sums + 4 * x) = sum;                                                               \
        }                                                                                                    \
    }
SUM_COLUMNS(sum_columns_16, uint16_t, u16x4)
SUM_COLUMNS(sum_columns_32, uint32_t, u32x4)

/* Means of the bins, rows high, as the networks want them. */
CLONES static void deliver(const uint32_t *restrict sums, const float *restrict count, float rows, int n,
                           float *restrict r, float *restrict g, float *restrict b)
{
    for (int x = 0; x < n; x++) {
        float pixels = rows * count[x];
        r[x] = ((float)(int32_t)sums[4 * x] / pixels - 127.5f) * 0.0078125f;
        g[x] = ((float)(int32_t)sums[4 * x + 1] / pixels - 127.5f) * 0.0078125f;
        b[x] = ((float)(int32_t)sums[4 * x + 2] / pixels - 127.5f) * 0.0078125f;
    }
}

void fc_area_row(fc_area *a, int y, float *const *plane)
{
    const int y0 = bin_start(y, a->in_h, a->out_h), rows = bin_end(y, a->in_h, a->out_h) - y0;
    const uint8_t *from = a->rgb + (size_t)y0 * a->stride;
    const size_t n = 3 * (size_t)a->in_w;

    if (rows <= MAX_ROWS_16) {
        sum_rows(a->col16, from, a->stride, rows, n);
        sum_columns_16(a, a->col16);
    } else {
        memset(a->col, 0, n * sizeof *a->col);
        for (int done = 0; done < rows; done += MAX_ROWS_16) {
            int some = rows - done < MAX_ROWS_16 ? rows - done : MAX_ROWS_16;
            sum_rows(a->col16, from + (size_t)done * a->stride, a->stride, some, n);
            for (size_t i = 0; i < n; i++)
                a->col[i] += a->col16[i];
        }
        sum_columns_32(a, a->col);
    }
    deliver(a->sums, a->count, (float)rows, a->out_w, plane[0], plane[1], plane[2]);
}
