/*
 * The input is copied into planes, with the padding around each: one plane for every 32 of its channels, and one for
 * those that are left. A pixel of a plane is 32 numbers, one row of a tile, so that 16 neighbouring pixels are a whole
 * tile of contiguous memory, wherever a tap of the kernel places it: rows that lie further apart would meet in the same
 * few sets of the first cache, and each would be a stream of its own to the hardware that reads ahead. Results are
 * numbered along the rows of such a plane; the few numbers where a row ends belong to no result. Where the stride is
 * above 1, there is a plane for each remainder of row and column, for the same reason. Of several inputs, which share what is
 * read of the weights, the rows of the next lie behind those of one, in the same planes.
 *
 * In float32 each plane is there twice, with the high and with the low parts of the numbers. Of weights, too, both parts
 * are there where they are few. Where they are many, and waited for, a weight is the nearest number of 24 bits: its high
 * part, which the tiles take as it is, and a byte, from which the low part is made between the products.
 */
#include "kernels/conv_amx.h"

#include <math.h>
#include <string.h>

#ifdef __x86_64__
#include "kernels/amx.h"

enum {
    ROWS = 16,         /* of a tile: results */
    DEEP = 32,         /* inputs of a tile */
    WIDE = 16,         /* output channels of a tile */
    BLOCK = 64,        /* results of a block: four tiles that stay in their registers */
    TAPS = 64,         /* the most of a kernel */
    LINE = 32,         /* numbers of a cache line */
    SMALL = 256 << 10, /* numbers of 16 bits that stay in the second cache */
    /* Weights from which on waiting for them takes the time: then copying the input pays in bfloat16, too (oneDNN, which
     * need not, waits), and in float32 three bytes for each. */
    MANY = 64 << 10,
    /* Weights are asked for by spans, one span before they are used, each in so many streams. */
    STREAMS = 8,
    TURNS = 4 /* of a tile of weights: products with other work between them */
};

/* Tiles of weights: bfloat16; float32 as a tile of high parts and one of low parts; float32 as high parts and bytes. */
typedef enum form { PLAIN, SPLIT, PACKED } form;

typedef struct layout {
    form form;
    size_t parts; /* of an input: 2 for float32, 1 for bfloat16 */
    size_t unit;  /* numbers of 16 bits that a tile of weights takes */
    /* The convolution's sizes; rows and columns are swapped where that leaves the padding to whole rows. */
    int h, w, oh, ow, kh, kw, sh, sw, pt, pl;
    bool swapped;
    size_t count;       /* inputs */
    size_t pitch;       /* pixels of a plane's row */
    size_t rows;        /* of a plane, of an input */
    size_t phases;      /* planes that a stride makes of one */
    size_t results;     /* numbers of results of a piece, with those that are none */
    size_t of_piece;    /* tiles of them */
    size_t pieces;      /* one, or where rows without results lie between the inputs, one for each */
    size_t full;        /* planes of 32 channels */
    size_t rest;        /* channels of the last plane, and a zero where their number is odd; 0: none */
    size_t plane, last; /* numbers of a plane of 32 channels, of the last plane */
    size_t low;         /* numbers from a high part to its low part */
    size_t taps;        /* of the planes of 32 channels */
    size_t runs, deep;  /* of the last plane: taps that are read as one, tiles of each */
    size_t tiles;       /* of inputs in all */
    size_t panels;      /* of weights: for WIDE output channels each */
    bool few;           /* weights stay in the second cache */
} layout;

static size_t up(size_t n, size_t to)
{
    return (n + to - 1) / to;
}

static inline size_t unit_of(form f)
{
    return f == PLAIN ? TILE : f == SPLIT ? 2 * TILE : TILE + TILE / 2;
}

/* Bytes: whole tiles, and a page or more for each stream. Spans of 32 KB lie alike for all layers, those of 48 KB begin with
 * a layer's weights. */
static inline size_t span_of(form f)
{
    return f == PACKED ? 48 << 10 : 32 << 10;
}

static layout layout_of(const fc_nhwc_op *p)
{
    layout l = {.form = p->in == FC_ELEM_F32 ? SPLIT : PLAIN, .swapped = p->kh == 1 && p->kw > 1};
    const bool t = l.swapped;

    l.h = t ? p->w : p->h, l.w = t ? p->h : p->w, l.oh = t ? p->ow : p->oh, l.ow = t ? p->oh : p->ow;
    l.kh = t ? p->kw : p->kh, l.kw = t ? p->kh : p->kw, l.sh = t ? p->sw : p->sh, l.sw = t ? p->sh : p->sw;
    l.pt = t ? p->pl : p->pt, l.pl = t ? p->pt : p->pl;
    const size_t kh = (size_t)l.kh, kw = (size_t)l.kw, sh = (size_t)l.sh, sw = (size_t)l.sw;
    const size_t columns = ((size_t)l.ow - 1) * sw + kw, left = (size_t)l.pl, end = left + (size_t)l.w;
    l.pitch = up(columns, sw);
    if (sw == 1 && columns > end) { /* the padding before a row is also the one behind the row above */
        l.pitch = columns - left > end ? columns - left : end;
    }
    l.rows = up(((size_t)l.oh - 1) * sh + kh, sh);
    l.phases = sh * sw;
    l.count = (size_t)fc_nhwc_count(p);
    l.pieces = l.rows == (size_t)l.oh ? 1 : l.count;
    l.results = (l.rows * (l.count / l.pieces - 1) + (size_t)l.oh - 1) * l.pitch + (size_t)l.ow;
    l.of_piece = up(l.results, ROWS);
    l.full = p->n / DEEP;
    l.rest = up(p->n % DEEP, 2) * 2;
    /* Blocks of results go on behind the last one; what they read there must only be there. */
    const size_t pixels = l.count * l.rows * l.pitch + left + BLOCK + kw;
    l.plane = pixels * DEEP;
    l.last = up(pixels * l.rest + DEEP, LINE) * LINE;
    l.low = l.phases * (l.full * l.plane + l.last);
    l.parts = l.form == PLAIN ? 1 : 2;
    l.taps = kh * kw;
    l.runs = sw == 1 ? kh : kh * kw;
    l.deep = l.rest ? up((sw == 1 ? kw : 1) * l.rest, DEEP) : 0;
    l.tiles = l.full * l.taps + l.runs * l.deep;
    l.panels = up((size_t)p->c, WIDE);
    const size_t weights = l.panels * l.tiles * TILE;
    if (l.form == SPLIT && weights >= MANY)
        l.form = PACKED;
    l.unit = unit_of(l.form);
    l.few = l.panels * l.tiles * l.unit <= SMALL;
    return l;
}

bool fc_conv_amx_fit(const fc_nhwc_op *p)
{
    const size_t inputs = p->n * (size_t)(p->kh * p->kw);
    const bool pays = p->in == FC_ELEM_F32 || inputs * (size_t)p->c >= MANY;

    return pays && p->in == p->out && p->n >= 16 && p->c >= WIDE && p->oh * p->ow >= 9 &&
           p->kh * p->kw <= TAPS && p->pl < p->kw && p->pt < p->kh;
}

size_t fc_conv_amx_weights(const fc_nhwc_op *p)
{
    const layout l = layout_of(p);
    /* The tile behind the last one is unpacked, too, for nothing. */
    return (l.panels * l.tiles + (l.form == PACKED)) * l.unit;
}

size_t fc_conv_amx_scratch(const fc_nhwc_op *p)
{
    const layout l = layout_of(p);
    return l.parts * l.low * sizeof(bf16);
}

/* w as number i of a tile. PACKED: the bits of the nearest number of 24 are those of the nearest of 16, and a signed byte to
 * be added behind them. */
static void pack_number(form f, bf16 *tile, size_t i, float w)
{
    int32_t bits, high;

    tile[i] = to_bf16(w);
    if (f == SPLIT)
        tile[TILE + i] = to_bf16(w - from_bf16(tile[i]));
    if (f != PACKED || !isfinite(w))
        return;
    memcpy(&bits, &w, sizeof bits);
    high = (int32_t)((uint32_t)tile[i] << 16);
    const int32_t rest = (bits - high + 0x80) >> 8;
    ((int8_t *)(tile + TILE))[i / LINE * LINE + i % 2 * (LINE / 2) + i % LINE / 2] =
        (int8_t)(rest < 127 ? rest : 127);
}

/* The tile of channels from o on: inputs numbered from i on, deep of them, at tap. */
static void pack_tile(const fc_nhwc_op *p, const layout *l, const float *weights, size_t o, size_t i,
                      size_t deep, size_t tap, int k, bf16 *to)
{
    const size_t wide = (size_t)p->c - o < WIDE ? (size_t)p->c - o : WIDE;

    for (size_t end = i + deep; i < end && i < p->n; i++, k++)
        for (size_t c = 0; c < wide; c++)
            pack_number(l->form, to, tile_at(k, (int)c), weights[((o + c) * p->n + i) * l->taps + tap]);
}

/* Those of the last plane: each run is its taps' inputs side by side. */
static bf16 *pack_last(const fc_nhwc_op *p, const layout *l, const float *weights, size_t o, bf16 *to)
{
    const size_t taps = l->taps / l->runs, first = l->full * DEEP;

    for (size_t run = 0; run < l->runs; run++, to += l->deep * l->unit)
        for (size_t j = 0; j < taps * l->rest; j++)
            pack_tile(p, l, weights, o, first + j % l->rest, 1, run * taps + j / l->rest, (int)(j % DEEP),
                      to + j / DEEP * l->unit);
    return to;
}

void fc_conv_amx_pack(const fc_nhwc_op *p, const float *weights, void *to)
{
    const layout l = layout_of(p);
    bf16 *tile = to;

    memset(to, 0, fc_conv_amx_weights(p) * sizeof *tile);
    for (size_t o = 0; o < (size_t)p->c; o += WIDE) {
        for (size_t b = 0; b < l.full; b++)
            for (size_t tap = 0; tap < l.taps; tap++, tile += l.unit)
                pack_tile(p, &l, weights, o, b * DEEP, DEEP, tap, 0, tile);
        if (l.rest)
            tile = pack_last(p, &l, weights, o, tile);
    }
}

/* ---- the input's planes ---- */

static inline __m512 widened(__m256i v)
{
    return (__m512)_mm512_slli_epi32(_mm512_cvtepu16_epi32(v), 16);
}

static inline void split16(bf16 *high, bf16 *low, __m512 v, __mmask16 m)
{
    const __m256i h = (__m256i)_mm512_cvtneps_pbh(v);
    const __m512 rest = _mm512_sub_ps(v, widened(h));
    _mm256_mask_storeu_epi16(high, m, h);
    _mm256_mask_storeu_epi16(low, m, (__m256i)_mm512_cvtneps_pbh(rest));
}

static inline void split32(bf16 *high, bf16 *low, const float *from)
{
    const __m512 a = _mm512_loadu_ps(from), b = _mm512_loadu_ps(from + 16);
    const __m512i h = (__m512i)_mm512_cvtne2ps_pbh(b, a);
    const __m512 x = _mm512_sub_ps(a, widened(_mm512_castsi512_si256(h)));
    const __m512 y = _mm512_sub_ps(b, widened(_mm512_extracti64x4_epi64(h, 1)));
    _mm512_store_si512(high, h);
    _mm512_store_si512(low, (__m512i)_mm512_cvtne2ps_pbh(y, x));
}

static inline __mmask16 first_of(size_t n)
{
    return (__mmask16)(n < 16 ? (1u << n) - 1 : 0xffff);
}

/* n channels, at most DEEP, of a pixel of a plane that has room channels. */
INLINE void put_pixel(bf16 *to, size_t low, const void *from, size_t n, size_t room, const int parts)
{
    if (parts == 1) {
        const __m512i v = _mm512_maskz_loadu_epi16((__mmask32)((1ull << n) - 1), from);
        _mm512_mask_storeu_epi16(to, (__mmask32)((1ull << room) - 1), v);
        return;
    }
    if (n == DEEP) {
        split32(to, to + low, from);
        return;
    }
    split16(to, to + low, _mm512_maskz_loadu_ps(first_of(n), from), first_of(room));
    if (room > 16)
        split16(to + 16, to + low + 16, _mm512_maskz_loadu_ps(first_of(n - 16), (const float *)from + 16),
                first_of(room - 16));
}

static void clear(const layout *l, bf16 *to, size_t n)
{
    memset(to, 0, n * sizeof *to);
    if (l->parts == 2)
        memset(to + l->low, 0, n * sizeof *to);
}

/* The plane of n channels, room for each pixel, that begin at from; that of phase ry, rx. */
INLINE void put_plane(const fc_nhwc_op *p, const layout *l, bf16 *to, const uint8_t *from, int ry, int rx,
                      size_t n, size_t room, const int parts)
{
    const size_t pixel = p->src_ld[0] * fc_elem_size(p->in), line = pixel * (size_t)p->w;
    const size_t down = l->swapped ? pixel : line, right = l->swapped ? line : pixel;
    const size_t sw = (size_t)l->sw, low = l->low;
    /* Columns of the plane that lie in the input. */
    const size_t first = l->pl > rx ? up((size_t)(l->pl - rx), sw) : 0;
    const size_t past = l->w + l->pl > rx ? up((size_t)(l->w + l->pl - rx), sw) : 0;

    for (size_t y = 0; y < l->rows; y++, to += l->pitch * room) {
        const ptrdiff_t iy = (ptrdiff_t)y * l->sh + ry - l->pt;
        const bool inside = iy >= 0 && iy < l->h;
        const size_t end = !inside ? 0 : past < l->pitch ? past : l->pitch, x = first < end ? first : end;
        clear(l, to, x * room);
        if (x < end) {
            const uint8_t *at = from + (size_t)iy * down + (x * sw + (size_t)rx - (size_t)l->pl) * right;
            for (bf16 *t = to + x * room; t < to + end * room; t += room, at += sw * right)
                put_pixel(t, low, at, n, room, parts);
        }
        clear(l, to + end * room, (l->pitch - end) * room);
    }
    /* Read by the last results, as padding and where weights are zero. */
    clear(l, to, (size_t)l->pl * room + DEEP);
}

/* Of all inputs in turn: what one clears behind itself is the next one's. */
INLINE void put_planes(const fc_nhwc_op *p, const layout *l, const int parts)
{
    const size_t block = DEEP * fc_elem_size(p->in), each = l->rows * l->pitch;

    for (size_t i = 0; i < l->count; i++)
        for (size_t phase = 0; phase < l->phases; phase++) {
            const int ry = (int)phase / l->sw, rx = (int)phase % l->sw;
            const uint8_t *from = (const uint8_t *)p->src[0] + i * p->src_step;
            bf16 *to = p->scratch;
            for (size_t b = 0; b < l->full; b++, to += l->phases * l->plane, from += block)
                put_plane(p, l, to + phase * l->plane + i * each * DEEP, from, ry, rx, DEEP, DEEP, parts);
            if (l->rest)
                put_plane(p, l, to + phase * l->last + i * each * l->rest, from, ry, rx, p->n % DEEP, l->rest,
                          parts);
        }
}

/* ---- weights ---- */

/* The low parts of 32 weights, each with at most 8 bits: what is subtracted and cut is exact. */
static inline void unpack_row(bf16 *low, const bf16 *high, const int8_t *byte)
{
    const __m512i h = _mm512_load_si512(high), upper = _mm512_set1_epi32((int)0xffff0000);
    const __m512i even = _mm512_slli_epi32(h, 16), odd = _mm512_and_si512(h, upper);
    const __m512i a = _mm512_cvtepi8_epi32(_mm_load_si128((const __m128i *)byte));
    const __m512i b = _mm512_cvtepi8_epi32(_mm_load_si128((const __m128i *)byte + 1));
    const __m512 x = (__m512)_mm512_add_epi32(even, _mm512_slli_epi32(a, 8));
    const __m512 y = (__m512)_mm512_add_epi32(odd, _mm512_slli_epi32(b, 8));
    const __m512i p = _mm512_srli_epi32((__m512i)_mm512_sub_ps(x, (__m512)even), 16);
    const __m512i q = (__m512i)_mm512_sub_ps(y, (__m512)odd);
    _mm512_store_si512(low, _mm512_ternarylogic_epi32(p, q, upper, 0xf8)); /* p | (q & upper) */
}

/* Low parts of PACKED weights: of the tile in use and of the next one. */
typedef struct unpacked {
    bf16 low[2][TILE] __attribute__((aligned(64)));
    int now;
} unpacked;

/* One of TURNS parts of a tile. */
static inline void unpack(bf16 *low, const bf16 *tile, int turn)
{
    for (int i = turn * (TILE / TURNS); i < (turn + 1) * (TILE / TURNS); i += LINE)
        unpack_row(low + i, tile + i, (const int8_t *)(tile + TILE) + i);
}

/* The weights as they come, and those to ask for meanwhile. They come from memory, and the hardware that reads ahead
 * looks a page ahead at most, which is too late: with one stream of requests, computing and waiting took turns. It
 * follows eight streams, each in a page of its own, at once. Requests lie between products, since a few of them occupy
 * all that can wait for memory. */
typedef struct stream {
    const bf16 *w;
    uintptr_t grid; /* spans are counted from here */
    size_t ahead;   /* bytes from those in use to those asked for */
    unsigned turns; /* a bit for each in which to ask: for STREAMS / TURNS streams */
} stream;

INLINE void ask(const stream *s, const char *at, int turn, const form f)
{
    if (s->turns >> turn & 1)
        for (int i = 0; i < STREAMS / TURNS; i++)
            for (size_t k = 0; k < unit_of(f) / LINE / STREAMS; k++)
                _mm_prefetch(at + (turn * (STREAMS / TURNS) + i) * (span_of(f) / STREAMS) + k * 64,
                             _MM_HINT_T1);
}

/* ---- results ---- */

/* One tile of 16 results times a tile of weights, into tile C. */
#define PRODUCT(C, from)                                                                                     \
    do {                                                                                                     \
        tile_load(4, from, step);                                                                            \
        _tile_dpbf16ps(C, 4, 6);                                                                             \
        if (f != PLAIN) {                                                                                    \
            _tile_dpbf16ps(C, 4, 7);                                                                         \
            tile_load(5, (from) + low, step);                                                                \
            _tile_dpbf16ps(C, 5, 6);                                                                         \
        }                                                                                                    \
    } while (0)

/* Tiles of inputs, rows apart numbers apart, into the sums: from a on, or where number is not NULL, which begin with the results of
 * these numbers. tiles, f, and whether there is a number, are constants. What asks for weights and unpacks the next ones lies
 * between the products: in one piece the tiles would wait for it. */
INLINE void add_tile(stream *s, unpacked *u, const bf16 *a, const size_t *number, size_t apart, size_t low,
                     const int tiles, const form f)
{
    const size_t step = apart * sizeof(bf16);
    const uintptr_t then = (uintptr_t)s->w + s->ahead, into = (then - s->grid) % span_of(f);
    const char *at = (const char *)(then - into + into / STREAMS);

    tile_load(6, s->w, 64);
    if (f == SPLIT)
        tile_load(7, s->w + TILE, 64);
    if (f == PACKED)
        tile_load(7, u->low[u->now], 64);
    s->w += unit_of(f);
    u->now ^= 1;
#define TURN(i)                                                                                              \
    do {                                                                                                     \
        if (tiles > (i))                                                                                     \
            PRODUCT(i, a + (number ? number[i] : (i)*ROWS) * apart);                                         \
        ask(s, at, i, f);                                                                                    \
        if (f == PACKED)                                                                                     \
            unpack(u->low[u->now], s->w, i);                                                                 \
    } while (0)
    TURN(0);
    TURN(1);
    TURN(2);
    TURN(3);
#undef TURN
}

/* Where the taps of the planes of 32 channels and the runs of the last plane begin, for the first result. */
typedef struct taps {
    size_t full[TAPS], last[TAPS];
} taps;

/* Sums of tiles of ROWS results: those from number first on, or where number is not NULL, those that begin with these. */
INLINE void sums(const layout *l, const bf16 *planes, const taps *t, size_t first, const size_t *number,
                 stream *s, const int tiles, const form f, float to[BLOCK][WIDE])
{
    stream w = *s;
    unpacked u;

    u.now = 0;
    for (int i = 0; f == PACKED && i < TURNS; i++)
        unpack(u.low[0], w.w, i);
    _tile_zero(0);
    if (tiles > 1)
        _tile_zero(1);
    if (tiles > 2)
        _tile_zero(2);
    if (tiles > 3)
        _tile_zero(3);
    for (size_t b = 0; b < l->full; b++, planes += l->phases * l->plane)
        for (size_t r = 0; r < l->taps; r++)
            add_tile(&w, &u, planes + t->full[r] + first * DEEP, number, DEEP, l->low, tiles, f);
    if (l->rest)
        for (size_t r = 0; r < l->runs; r++)
            for (size_t k = 0; k < l->deep; k++)
                add_tile(&w, &u, planes + t->last[r] + first * l->rest + k * DEEP, number, l->rest, l->low,
                         tiles, f);
    _tile_stored(0, to[0], 64);
    if (tiles > 1)
        _tile_stored(1, to[ROWS], 64);
    if (tiles > 2)
        _tile_stored(2, to[2 * ROWS], 64);
    if (tiles > 3)
        _tile_stored(3, to[3 * ROWS], 64);
    *s = w;
}

static inline __m512 load16(const void *from, fc_elem e, __mmask16 m)
{
    if (e == FC_ELEM_F32)
        return _mm512_maskz_loadu_ps(m, from);
    return widened(_mm256_maskz_loadu_epi16(m, from));
}

static inline void store16(void *to, fc_elem e, __mmask16 m, __m512 v)
{
    if (e == FC_ELEM_F32)
        _mm512_mask_storeu_ps(to, m, v);
    else
        _mm256_mask_storeu_epi16(to, m, (__m256i)_mm512_cvtneps_pbh(v));
}

/* Channels from o on of n results, numbered from first on. */
INLINE void finish(const fc_nhwc_op *p, const layout *l, float sum[BLOCK][WIDE], size_t first, size_t n,
                   int o, const fc_elem e)
{
    const int wide = p->c - o < WIDE ? p->c - o : WIDE;
    const __mmask16 m = (__mmask16)((1u << wide) - 1);
    const __m512 bias = _mm512_maskz_loadu_ps(m, p->bias + o), alpha = _mm512_set1_ps(p->alpha),
                 least = _mm512_set1_ps(p->post ? 0 : -INFINITY);
    const size_t elem = fc_elem_size(e), pixel = p->dst_ld * elem, line = pixel * (size_t)p->ow;
    const size_t down = l->swapped ? pixel : line, right = l->swapped ? line : pixel;

    const size_t row = first / l->pitch;

    for (size_t i = 0, x = first % l->pitch, y = row % l->rows, of = row / l->rows; i < n; y++, x = 0) {
        if (y == l->rows)
            y = 0, of++;
        uint8_t *to = (uint8_t *)p->dst + of * p->dst_step + y * down + x * right + (size_t)o * elem;
        const size_t columns = x < (size_t)l->ow ? (size_t)l->ow - x : 0, end = i + l->pitch - x;
        for (size_t k = i; k < i + columns && k < n; k++, to += right) {
            __m512 v = _mm512_add_ps(_mm512_load_ps(sum[k]), bias);
            if (p->alpha != 0)
                v = _mm512_fmadd_ps(load16(to, e, m), alpha, v);
            store16(to, e, m, _mm512_max_ps(least, v));
        }
        i = end;
    }
}

/* sums() with the number of tiles as a constant. */
INLINE void tile_sums(const layout *l, const bf16 *planes, const taps *t, size_t first, const size_t *number,
                      stream *s, size_t tiles, const form f, float to[BLOCK][WIDE])
{
    switch (tiles) {
    case 1:
        sums(l, planes, t, first, number, s, 1, f, to);
        break;
    case 2:
        sums(l, planes, t, first, number, s, 2, f, to);
        break;
    case 3:
        sums(l, planes, t, first, number, s, 3, f, to);
        break;
    default:
        sums(l, planes, t, first, number, s, 4, f, to);
    }
}

/* Channels from o on of a block of results, which begins with tile number first of all pieces. */
INLINE void block(const fc_nhwc_op *p, const layout *l, const taps *t, size_t first, int o, stream *s,
                  const form f)
{
    const fc_elem e = f == PLAIN ? FC_ELEM_BF16 : FC_ELEM_F32;
    const size_t left = l->pieces * l->of_piece - first, tiles = left < TURNS ? left : TURNS;
    float sum[BLOCK][WIDE] __attribute__((aligned(64)));
    size_t number[TURNS];

    if (l->pieces == 1) {
        const size_t n = l->results - first * ROWS;
        tile_sums(l, p->scratch, t, first * ROWS, NULL, s, tiles, f, sum);
        finish(p, l, sum, first * ROWS, n < BLOCK ? n : BLOCK, o, e);
        return;
    }
    for (size_t i = 0; i < tiles; i++)
        number[i] = (first + i) / l->of_piece * l->rows * l->pitch + (first + i) % l->of_piece * ROWS;
    tile_sums(l, p->scratch, t, 0, number, s, tiles, f, sum);
    for (size_t i = 0; i < tiles; i++) {
        const size_t n = l->results - (first + i) % l->of_piece * ROWS;
        finish(p, l, sum + i * ROWS, number[i], n < ROWS ? n : ROWS, o, e);
    }
}

/* The turns in which to ask, in one of so many passes over the same weights. */
static unsigned turns_of(size_t pass, size_t passes)
{
    unsigned turns = 0;
    for (size_t i = pass; i < TURNS; i += passes)
        turns |= 1u << i;
    return turns;
}

INLINE void multiply(const fc_nhwc_op *p, const layout *l, const taps *t, const form f)
{
    const size_t passes = up(l->pieces * l->of_piece, TURNS), panel = l->tiles * unit_of(f);
    /* All weights for a block of results, where they are few; else all results for a panel of weights. */
    const size_t again = (l->few ? l->panels * panel : panel) * sizeof(bf16); /* bytes that a pass uses */
    stream s = {.grid = f == PACKED ? (uintptr_t)p->weights : 0,
                .ahead = passes > 1 && (l->few || again > span_of(f)) ? again : span_of(f)};

    for (size_t i = 0; i < passes * l->panels; i++) {
        const size_t pass = l->few ? i / l->panels : i % passes, o = l->few ? i % l->panels : i / passes;
        s.w = (const bf16 *)p->weights + o * panel;
        s.turns = turns_of(pass, passes);
        block(p, l, t, pass * TURNS, (int)(o * WIDE), &s, f);
    }
}

void fc_conv_amx(const fc_nhwc_op *p)
{
    const layout l = layout_of(p);
    const size_t sh = (size_t)l.sh, sw = (size_t)l.sw, kw = (size_t)l.kw;
    taps t;

    if (l.parts == 2)
        put_planes(p, &l, 2);
    else
        put_planes(p, &l, 1);
    for (size_t r = 0; r < l.taps; r++) {
        const size_t ky = r / kw, kx = r % kw, phase = ky % sh * sw + kx % sw;
        t.full[r] = phase * l.plane + (ky / sh * l.pitch + kx / sw) * DEEP;
    }
    for (size_t r = 0; r < l.runs; r++) {
        const size_t tap = r * (l.taps / l.runs), ky = tap / kw, kx = tap % kw,
                     phase = ky % sh * sw + kx % sw;
        t.last[r] = phase * l.last + (ky / sh * l.pitch + kx / sw) * l.rest;
    }
    tiles_begin(DEEP);
    if (l.form == PACKED)
        multiply(p, &l, &t, PACKED);
    else if (l.form == SPLIT)
        multiply(p, &l, &t, SPLIT);
    else
        multiply(p, &l, &t, PLAIN);
    tiles_end();
}
#else
bool fc_conv_amx_fit(const fc_nhwc_op *p)
{
    (void)p;
    return false;
}

size_t fc_conv_amx_weights(const fc_nhwc_op *p)
{
    (void)p;
    return 0;
}

size_t fc_conv_amx_scratch(const fc_nhwc_op *p)
{
    (void)p;
    return 0;
}

void fc_conv_amx_pack(const fc_nhwc_op *p, const float *weights, void *to)
{
    (void)p, (void)weights, (void)to;
}

void fc_conv_amx(const fc_nhwc_op *p)
{
    (void)p;
}
#endif
