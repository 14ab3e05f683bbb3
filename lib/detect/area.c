#include "detect/area.h"

#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/error.h"
#include "detect/area_impl.h"

#define MAX_16 257 /* bytes whose sum fits 16 bits: 257 * 255 = 65535 */

static void free_out(fc_area *a)
{
    free(a->first);
    free(a->count);
    free(a->more);
    free(a->sums);
    a->first = NULL;
    a->count = NULL;
    a->more = NULL;
    a->sums = NULL;
    a->room_out = 0;
}

static void free_in(fc_area *a)
{
    free(a->col);
    free(a->tall);
    a->col = NULL;
    a->tall = NULL;
    a->room_in = 0;
}

void fc_area_clear(fc_area *a)
{
    free_out(a);
    free_in(a);
    *a = (fc_area){0};
}

const fc_area_kernel *fc_area_best_kernel(void)
{
#ifdef __x86_64__
    if (fc_cpu_has(FC_ISA_AVX2))
        return &fc_area_kernel_avx2;
#endif
    return &fc_area_kernel_base;
}

fc_status fc_area_begin(fc_area *a, const uint8_t *rgb, size_t stride, int in_w, int in_h, int out_w,
                        int out_h, fc_error *err)
{
    const size_t ni = 3 * ((size_t)in_w + 2) + 1, no = (size_t)out_w + FC_AREA_SLACK;

    if (no > a->room_out) {
        free_out(a);
        a->first = malloc(no * sizeof *a->first);
        a->count = calloc(no, sizeof *a->count);
        a->more = malloc(no * sizeof *a->more);
        a->sums = calloc(no * 4, sizeof *a->sums);
        if (!a->first || !a->count || !a->more || !a->sums)
            return fc_fail_nomem(err, no * 4 * sizeof *a->sums);
        a->room_out = no;
    }
    if (ni > a->room_in) {
        free_in(a);
        a->col = calloc(ni, sizeof *a->col);
        a->tall = calloc(ni, sizeof *a->tall);
        if (!a->col || !a->tall)
            return fc_fail_nomem(err, ni * sizeof *a->tall);
        a->room_in = ni;
    }
    a->kernel = fc_area_best_kernel();
    a->rgb = rgb;
    a->stride = stride;
    a->in_w = in_w;
    a->in_h = in_h;
    a->out_w = out_w;
    a->out_h = out_h;
    a->least = (in_w + out_w - 1) / out_w;
    for (int i = 0; i < out_w; i++) {
        int from = fc_area_from(i, in_w, out_w), n = fc_area_to(i, in_w, out_w) - from;
        a->first[i] = 3 * from;
        a->more[i] = n > a->least ? ~UINT64_C(0) : 0;
        a->count[i] = (float)n;
    }
    return FC_OK;
}

static inline uint64_t load4(const uint16_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Bins' sums along x, four 16-bit numbers in a word: the channels and one that is not used. No sum overflows
 * into its neighbour, and no branch depends on a bin's width. least: a->least, a constant where it is small. */
static inline __attribute__((always_inline)) void sum_bins(const fc_area *a, const int least)
{
    const int *restrict first = a->first;
    const uint64_t *restrict more = a->more;
    uint16_t *restrict to = (uint16_t *)a->sums;
    const int n = a->out_w;

    for (int x = 0; x < n; x++) {
        const uint16_t *from = a->col + first[x];
        uint64_t sum = load4(from);
        for (int i = 1; i < least; i++)
            sum += load4(from + 3 * i);
        sum += load4(from + 3 * least) & more[x];
        memcpy(to + 4 * x, &sum, sizeof sum);
    }
}

static void sum_columns(const fc_area *a)
{
    switch (a->least) {
    case 1:
        sum_bins(a, 1);
        break;
    case 2:
        sum_bins(a, 2);
        break;
    case 3:
        sum_bins(a, 3);
        break;
    case 4:
        sum_bins(a, 4);
        break;
    default:
        sum_bins(a, a->least);
    }
}

static void sum_columns_tall(const fc_area *a)
{
    for (int x = 0; x < a->out_w; x++) {
        const uint32_t *from = a->tall + a->first[x];
        uint32_t *to = a->sums + 4 * x;
        to[0] = to[1] = to[2] = 0;
        for (int i = (int)a->count[x]; i > 0; i--, from += 3)
            for (int c = 0; c < 3; c++)
                to[c] += from[c];
    }
}

void fc_area_row(fc_area *a, int y, float *const *plane)
{
    const int y0 = fc_area_from(y, a->in_h, a->out_h), rows = fc_area_to(y, a->in_h, a->out_h) - y0;
    const uint8_t *from = a->rgb + (size_t)y0 * a->stride;
    const size_t n = 3 * (size_t)a->in_w;
    const fc_area_kernel *k = a->kernel;

    if ((int64_t)rows * (a->least + 1) <= MAX_16) {
        k->sum_rows(a->col, from, a->stride, rows, n);
        sum_columns(a);
        k->deliver((const uint16_t *)a->sums, a->count, (float)rows, a->out_w, plane[0], plane[1], plane[2]);
        return;
    }
    memset(a->tall, 0, n * sizeof *a->tall);
    for (int done = 0; done < rows; done += MAX_16) {
        int some = rows - done < MAX_16 ? rows - done : MAX_16;
        k->sum_rows(a->col, from + (size_t)done * a->stride, a->stride, some, n);
        for (size_t i = 0; i < n; i++)
            a->tall[i] += a->col[i];
    }
    sum_columns_tall(a);
    k->deliver_tall(a->sums, a->count, (float)rows, a->out_w, plane[0], plane[1], plane[2]);
}
