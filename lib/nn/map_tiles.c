/*
 * The input is copied into a map of high and a map of low parts, with the padding around it, so that the inputs of
 * neighbouring results are a fixed step apart and 16 results are the rows of a tile. Results are numbered along such a
 * map's rows; the few numbers where a row ends belong to no result. Where the stride is above 1, there is a map for
 * each remainder of row and column, for the same reason.
 */
#include "nn/map_tiles.h"

#include <math.h>
#include <string.h>

#include "nn/cpu.h"

#ifdef __x86_64__
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,amx-tile,amx-bf16")
#include "nn/tiles.h"

enum {
    ROWS = 16,       /* of a tile: results */
    DEEP = 32,       /* inputs of a tile */
    WIDE = 16,       /* output channels of a tile */
    BLOCK = 64,      /* results of a block: four tiles that stay in their registers */
    PAIR = 2 * TILE, /* a tile of high parts of weights and one of low parts */
    AHEAD = 16,      /* pairs: how far before their use weights are asked for */
    TAPS = 64        /* the most of a kernel */
};

typedef struct layout {
    size_t pixel;     /* elements of a pixel: its channels, and a zero where their number is odd */
    size_t pitch;     /* pixels of a row */
    size_t rows;      /* of a map */
    size_t part;      /* elements of a map, with what is read behind it */
    size_t parts;     /* maps: one for each remainder of row and column */
    size_t results;   /* numbers of results, with those that are none */
    bool joined;      /* the kernel's columns lie side by side: a row of it is one run of inputs */
    size_t runs, run; /* of inputs: how many, and elements of one */
    size_t deep;      /* tiles of one */
} layout;

static size_t up(size_t n, size_t to)
{
    return (n + to - 1) / to;
}

static layout layout_of(const fc_map_op *p)
{
    const size_t kh = (size_t)p->kh, kw = (size_t)p->kw, sh = (size_t)p->sh, sw = (size_t)p->sw;
    const size_t columns = ((size_t)p->ow - 1) * sw + kw, rows = ((size_t)p->oh - 1) * sh + kh;
    const size_t left = (size_t)p->pl, end = left + (size_t)p->w;
    layout l = {.pixel = up(p->n, 2) * 2, .parts = sh * sw};

    l.pitch = up(columns, sw);
    if (sw == 1 && columns > end) { /* the padding before a row is also the one behind the row above */
        l.pitch = columns - left > end ? columns - left : end;
    }
    l.rows = up(rows, sh);
    l.results = ((size_t)p->oh - 1) * l.pitch + (size_t)p->ow;
    l.joined = sw == 1 && kw > 1 && p->n % DEEP != 0;
    l.runs = l.joined ? kh : kh * kw;
    l.run = l.joined ? kw * l.pixel : l.pixel;
    l.deep = up(l.run, DEEP);
    /* Blocks of results go on behind the last one; what they read there must only be there. */
    l.part = up((l.rows * l.pitch + left + BLOCK + kw) * l.pixel + DEEP, DEEP) * DEEP;
    return l;
}

bool fc_map_tiles_fit(const fc_map_op *p)
{
    return p->in == FC_ELEM_F32 && p->out == FC_ELEM_F32 && p->n >= 16 && p->c >= WIDE &&
           p->oh * p->ow >= 9 && p->kh * p->kw <= TAPS && p->pl < p->kw && fc_cpu_has_tiles();
}

size_t fc_map_tiles_weights(const fc_map_op *p)
{
    const layout l = layout_of(p);
    return up((size_t)p->c, WIDE) * l.runs * l.deep * PAIR;
}

size_t fc_map_tiles_scratch(const fc_map_op *p)
{
    const layout l = layout_of(p);
    return 2 * l.parts * l.part * sizeof(bf16);
}

static float from_bf16(bf16 v)
{
    const uint32_t bits = (uint32_t)v << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* The pair for channels from o on and inputs from k on of a run. */
static void pack_pair(const fc_map_op *p, const layout *l, const float *weights, size_t o, size_t run,
                      size_t k, bf16 *to)
{
    const size_t taps = (size_t)(p->kh * p->kw), wide = (size_t)p->c - o < WIDE ? (size_t)p->c - o : WIDE;
    const size_t deep = l->run - k < DEEP ? l->run - k : DEEP;

    for (size_t j = k; j < k + deep; j++) {
        const size_t i = j % l->pixel, t = l->joined ? run * (size_t)p->kw + j / l->pixel : run;
        const float *from = weights + (o * p->n + i) * taps + t;
        bf16 *high = to + tile_at((int)(j - k), 0);
        for (size_t c = 0; i < p->n && c < wide; c++, from += p->n * taps, high += 2) {
            *high = to_bf16(*from);
            high[TILE] = to_bf16(*from - from_bf16(*high));
        }
    }
}

void fc_map_tiles_pack(const fc_map_op *p, const float *weights, void *to)
{
    const layout l = layout_of(p);
    bf16 *pair = to;

    memset(to, 0, fc_map_tiles_weights(p) * sizeof *pair);
    for (size_t o = 0; o < (size_t)p->c; o += WIDE)
        for (size_t run = 0; run < l.runs; run++)
            for (size_t k = 0; k < l.deep; k++, pair += PAIR)
                pack_pair(p, &l, weights, o, run, k * DEEP, pair);
}

/* ---- the input's two parts ---- */

static inline void split16(bf16 *high, bf16 *low, __m512 v, __mmask16 m)
{
    const __m256i h = (__m256i)_mm512_cvtneps_pbh(v);
    const __m512 rest = _mm512_sub_ps(v, (__m512)_mm512_slli_epi32(_mm512_cvtepu16_epi32(h), 16));
    _mm256_mask_storeu_epi16(high, m, h);
    _mm256_mask_storeu_epi16(low, m, (__m256i)_mm512_cvtneps_pbh(rest));
}

static void split_pixel(bf16 *high, bf16 *low, const float *from, size_t n, size_t pixel)
{
    size_t i = 0;

    for (; i + 16 <= n; i += 16)
        split16(high + i, low + i, _mm512_loadu_ps(from + i), 0xffff);
    if (i < n)
        split16(high + i, low + i, _mm512_maskz_loadu_ps((__mmask16)((1u << (n - i)) - 1), from + i),
                (__mmask16)((1u << (pixel - i)) - 1));
}

static void clear(bf16 *high, size_t low, size_t from, size_t to)
{
    memset(high + from, 0, (to - from) * sizeof *high);
    memset(high + low + from, 0, (to - from) * sizeof *high);
}

/* low: elements from a high part to its low part. */
static void split_map(const fc_map_op *p, const layout *l, bf16 *high, size_t low, int ry, int rx)
{
    for (size_t y = 0; y < l->rows; y++) {
        const ptrdiff_t iy = (ptrdiff_t)y * p->sh + ry - p->pt;
        bf16 *row = high + y * l->pitch * l->pixel;
        size_t x = 0;
        if (iy >= 0 && iy < p->h) {
            const float *from = (const float *)p->src[0] + (size_t)iy * (size_t)p->w * p->src_ld[0];
            while ((ptrdiff_t)x * p->sw + rx < p->pl)
                x++;
            clear(row, low, 0, x * l->pixel);
            for (; x < l->pitch; x++) {
                const ptrdiff_t ix = (ptrdiff_t)x * p->sw + rx - p->pl;
                if (ix >= p->w)
                    break;
                split_pixel(row + x * l->pixel, row + low + x * l->pixel, from + (size_t)ix * p->src_ld[0],
                            p->n, l->pixel);
            }
        }
        clear(row, low, x * l->pixel, l->pitch * l->pixel);
    }
    /* Read by the last results, as padding and where weights are zero. */
    const size_t end = l->rows * l->pitch * l->pixel, more = (size_t)p->pl * l->pixel + DEEP;
    clear(high, low, end, end + more);
}

/* ---- results ---- */

/* One tile of 16 results times a pair of weights, into tile C. */
#define PRODUCT(C, from)                                                                                     \
    do {                                                                                                     \
        tile_load(4, from, step);                                                                            \
        _tile_dpbf16ps(C, 4, 6);                                                                             \
        _tile_dpbf16ps(C, 4, 7);                                                                             \
        tile_load(5, (from) + low, step);                                                                    \
        _tile_dpbf16ps(C, 5, 6);                                                                             \
    } while (0)

/* Sums of tiles * ROWS results from those whose first inputs are at from. tiles is a constant. */
static inline __attribute__((always_inline)) void sums(const layout *l, const bf16 *from, const size_t *tap,
                                                       size_t low, size_t apart, const bf16 *w,
                                                       const int tiles, float to[BLOCK][WIDE])
{
    const size_t step = apart * sizeof(bf16), next = ROWS * apart;

    _tile_zero(0);
    if (tiles > 1)
        _tile_zero(1);
    if (tiles > 2)
        _tile_zero(2);
    if (tiles > 3)
        _tile_zero(3);
    for (size_t r = 0; r < l->runs; r++) {
        const bf16 *a = from + tap[r];
        for (size_t k = 0; k < l->deep; k++, a += DEEP, w += PAIR) {
            for (int i = 0; i < PAIR; i += 32)
                _mm_prefetch((const char *)(w + AHEAD * PAIR + i), _MM_HINT_T1);
            tile_load(6, w, 64);
            tile_load(7, w + TILE, 64);
            PRODUCT(0, a);
            if (tiles > 1)
                PRODUCT(1, a + next);
            if (tiles > 2)
                PRODUCT(2, a + 2 * next);
            if (tiles > 3)
                PRODUCT(3, a + 3 * next);
        }
    }
    _tile_stored(0, to[0], 64);
    if (tiles > 1)
        _tile_stored(1, to[ROWS], 64);
    if (tiles > 2)
        _tile_stored(2, to[2 * ROWS], 64);
    if (tiles > 3)
        _tile_stored(3, to[3 * ROWS], 64);
}

/* Channels from o on of n results, numbered from first on. */
static void finish(const fc_map_op *p, const layout *l, float sum[BLOCK][WIDE], size_t first, size_t n, int o)
{
    const int wide = p->c - o < WIDE ? p->c - o : WIDE;
    const __mmask16 m = (__mmask16)((1u << wide) - 1);
    const __m512 bias = _mm512_maskz_loadu_ps(m, p->bias + o),
                 least = _mm512_set1_ps(p->post ? 0 : -INFINITY), alpha = _mm512_set1_ps(p->alpha);
    size_t y = first / l->pitch, x = first % l->pitch;

    for (size_t i = 0; i < n; i++) {
        if (x < (size_t)p->ow) {
            float *to = (float *)p->dst + (y * (size_t)p->ow + x) * p->dst_ld + o;
            __m512 v = _mm512_add_ps(_mm512_load_ps(sum[i]), bias);
            if (p->alpha != 0)
                v = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(m, to), alpha, v);
            _mm512_mask_storeu_ps(to, m, _mm512_max_ps(least, v));
        }
        if (++x == l->pitch)
            x = 0, y++;
    }
}

void fc_map_tiles(const fc_map_op *p)
{
    const layout l = layout_of(p);
    const size_t low = l.parts * l.part, panel = l.runs * l.deep * PAIR;
    float sum[BLOCK][WIDE] __attribute__((aligned(64)));
    bf16 *const high = p->scratch;
    size_t tap[TAPS];

    for (int ry = 0; ry < p->sh; ry++)
        for (int rx = 0; rx < p->sw; rx++)
            split_map(p, &l, high + (size_t)(ry * p->sw + rx) * l.part, low, ry, rx);
    for (size_t r = 0; r < l.runs; r++) {
        const size_t ky = l.joined ? r : r / (size_t)p->kw, kx = l.joined ? 0 : r % (size_t)p->kw;
        const size_t sh = (size_t)p->sh, sw = (size_t)p->sw;
        tap[r] = (ky % sh * sw + kx % sw) * l.part + (ky / sh * l.pitch + kx / sw) * l.pixel;
    }
    tiles_begin(DEEP);
    for (size_t i = 0; i < l.results; i += BLOCK) {
        const size_t n = l.results - i < BLOCK ? l.results - i : BLOCK;
        const bf16 *w = p->weights, *from = high + i * l.pixel;
        for (int o = 0; o < p->c; o += WIDE, w += panel) {
            switch (up(n, ROWS)) {
            case 1:
                sums(&l, from, tap, low, l.pixel, w, 1, sum);
                break;
            case 2:
                sums(&l, from, tap, low, l.pixel, w, 2, sum);
                break;
            case 3:
                sums(&l, from, tap, low, l.pixel, w, 3, sum);
                break;
            default:
                sums(&l, from, tap, low, l.pixel, w, 4, sum);
            }
            finish(p, &l, sum, i, n, o);
        }
    }
    tiles_end();
}
#else
bool fc_map_tiles_fit(const fc_map_op *p)
{
    (void)p;
    return false;
}

size_t fc_map_tiles_weights(const fc_map_op *p)
{
    (void)p;
    return 0;
}

size_t fc_map_tiles_scratch(const fc_map_op *p)
{
    (void)p;
    return 0;
}

void fc_map_tiles_pack(const fc_map_op *p, const float *weights, void *to)
{
    (void)p, (void)weights, (void)to;
}

void fc_map_tiles(const fc_map_op *p)
{
    (void)p;
}
#endif
