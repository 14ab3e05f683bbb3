#include "image/bmp.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"

/* Microsoft's BITMAPCOREHEADER (OS/2 1.x has the same) to BITMAPV5HEADER, by the size that each states. */
enum { FILE_HEADER = 14, CORE = 12, INFO = 40, WITH_MASKS = 52, WITH_ALPHA = 56, OS2_2 = 64, MOST = 124 };
enum { RGB = 0, RLE8 = 1, RLE4 = 2, BITFIELDS = 3, ALPHABITFIELDS = 6 };

/* Where the bits of a colour are in a pixel. */
typedef struct mask {
    unsigned shift;
    uint32_t most; /* the largest value; 0: no such colour */
} mask;

typedef struct bmp {
    const fc_source *src;
    uint32_t header;
    uint64_t w, h;
    bool from_top;
    unsigned bits, compression;
    mask masks[4]; /* red, green, blue, alpha: of 16 and 32 bits */
    uint8_t palette[256][3];
    uint64_t pixels; /* where they begin */
    uint64_t stride; /* of rows that are not compressed */
} bmp;

static uint32_t get(const bmp *b, uint64_t at, unsigned size)
{
    uint32_t v = 0;

    for (unsigned i = 0; i < size && at + i < b->src->n; i++)
        v |= (uint32_t)b->src->bytes[at + i] << 8 * i;
    return v;
}

static fc_status corrupt(const bmp *b, const char *what, fc_error *err)
{
    return fc_fail(err, FC_ECORRUPT, "%s: BMP: %s", b->src->name, what);
}

static fc_status truncated(const bmp *b, fc_error *err)
{
    return fc_fail(err, FC_ETRUNCATED, "%s: the BMP ends too early", b->src->name);
}

static mask mask_of(uint32_t bits)
{
    mask m = {0};

    if (!bits)
        return m;
    m.shift = (unsigned)__builtin_ctz(bits);
    m.most = bits >> m.shift;
    return m;
}

static uint8_t colour(uint32_t pixel, mask m)
{
    uint64_t v = pixel >> m.shift & m.most;
    return m.most ? (uint8_t)((v * 255 + m.most / 2) / m.most) : 0;
}

static bool has_alpha(const bmp *b)
{
    return (b->bits == 16 || b->bits == 32) && b->masks[3].most;
}

static bool is_compressed(const bmp *b)
{
    return b->compression == RLE8 || b->compression == RLE4;
}

/* The bytes of masks that stand between the header and the palette. */
static uint32_t read_masks(bmp *b)
{
    static const uint32_t of16[3] = {0x7c00, 0x3e0, 0x1f}, of32[3] = {0xff0000, 0xff00, 0xff};
    bool stated = b->compression == BITFIELDS || b->compression == ALPHABITFIELDS;
    bool alpha = b->header >= WITH_ALPHA || b->compression == ALPHABITFIELDS;

    for (unsigned i = 0; i < 4; i++) {
        uint32_t bits = i == 3 ? 0 : b->bits == 16 ? of16[i] : of32[i];
        if (stated)
            bits = i < 3 || alpha ? get(b, FILE_HEADER + INFO + 4 * i, 4) : 0;
        b->masks[i] = mask_of(bits);
    }
    return !stated || b->header >= WITH_MASKS ? 0 : b->compression == ALPHABITFIELDS ? 16 : 12;
}

/* What is read here must be what the picture is decoded by. */
static fc_status check_kind(const bmp *b, fc_error *err)
{
    static const struct {
        unsigned compression, bits;
    } kinds[] = {{RGB, 1},
                 {RGB, 4},
                 {RGB, 8},
                 {RGB, 16},
                 {RGB, 24},
                 {RGB, 32},
                 {RLE8, 8},
                 {RLE4, 4},
                 {BITFIELDS, 16},
                 {BITFIELDS, 32},
                 {ALPHABITFIELDS, 16},
                 {ALPHABITFIELDS, 32}};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].compression == b->compression && kinds[i].bits == b->bits &&
            !(b->header == OS2_2 && b->compression >= BITFIELDS))
            return FC_OK;
    return fc_fail(err, FC_EUNSUPPORTED,
                   "%s: a BMP of %u bits and compression %u, which facecheck does not read", b->src->name,
                   b->bits, b->compression);
}

static void read_palette(bmp *b, uint64_t at, uint32_t stated)
{
    unsigned entry = b->header == CORE ? 3 : 4, n = b->bits <= 8 ? 1u << b->bits : 0;

    if (stated && stated < n)
        n = stated;
    for (unsigned i = 0; i < n; i++)
        for (unsigned c = 0; c < 3; c++)
            b->palette[i][c] = (uint8_t)get(b, at + i * entry + 2 - c, 1);
    if (!b->pixels)
        b->pixels = at + (uint64_t)n * entry;
}

static fc_status read_header(bmp *b, fc_error *err)
{
    fc_status s;
    uint64_t palette;

    b->header = get(b, FILE_HEADER, 4);
    b->pixels = get(b, 10, 4);
    if (b->header == CORE) {
        b->w = get(b, 18, 2);
        b->h = get(b, 20, 2);
        b->bits = get(b, 24, 2);
    } else {
        int64_t h = (int32_t)get(b, 22, 4);
        b->w = get(b, 18, 4);
        b->h = (uint64_t)(h < 0 ? -h : h);
        b->from_top = h < 0;
        b->bits = get(b, 28, 2);
        b->compression = b->header >= 20 ? get(b, 30, 4) : RGB; /* OS/2 2.x may leave out what is 0 */
    }
    if (b->src->n < 26 || (b->src->n < FILE_HEADER + (uint64_t)b->header && !(b->w && b->h)))
        return truncated(b, err);
    if (b->header != CORE && (b->header < 16 || b->header > MOST))
        return corrupt(b, "a header of an unknown size", err);
    s = fc_source_check_size(b->src, b->w, b->h, err);
    if (!s)
        s = check_kind(b, err);
    if (s)
        return s;
    palette = FILE_HEADER + b->header + read_masks(b);
    if (palette > b->src->n)
        return truncated(b, err);
    if (b->pixels && b->pixels < palette)
        return corrupt(b, "the pixels begin in the header", err);
    read_palette(b, palette, b->header >= 36 ? get(b, 46, 4) : 0);
    b->stride = (b->w * b->bits + 31) / 32 * 4;
    if (!is_compressed(b) && (b->pixels > b->src->n || b->stride * b->h > b->src->n - b->pixels))
        return truncated(b, err);
    return FC_OK;
}

/* ---- compressed pixels ---- */

/* Runs of indices, from the bottom row up, to an array of them. */
typedef struct runs {
    const bmp *b;
    uint64_t at;
    uint8_t *index; /* [h][w], the last row first */
    uint64_t x, y;
} runs;

/* The next pixels; what is behind the end of the row is dropped, as pixels that fill up a byte are. */
static bool put(runs *r, uint8_t index)
{
    if (r->y >= r->b->h)
        return false;
    if (r->x < r->b->w)
        r->index[r->y * r->b->w + r->x] = index;
    r->x++;
    return true;
}

static bool put_run(runs *r, unsigned count, uint8_t value)
{
    bool ok = true;

    for (unsigned i = 0; ok && i < count; i++)
        ok = put(r, r->b->compression == RLE8 ? value : i & 1 ? value & 15 : value >> 4);
    return ok;
}

/* Pixels as they are, padded to an even number of bytes. */
static bool put_literal(runs *r, unsigned count)
{
    bool bytes = r->b->compression == RLE8, ok = true;
    uint64_t n = bytes ? count : (count + 1) / 2;

    for (unsigned i = 0; ok && i < count; i++) {
        uint8_t v = (uint8_t)get(r->b, r->at + (bytes ? i : i / 2), 1);
        ok = put(r, bytes ? v : i & 1 ? v & 15 : v >> 4);
    }
    r->at += n + (n & 1);
    return ok;
}

static fc_status read_runs(runs *r, fc_error *err)
{
    enum { END_OF_ROW, END_OF_PICTURE, MOVE };
    const bmp *b = r->b;

    while (r->at + 2 <= b->src->n && b->pixels <= r->at) {
        unsigned count = get(b, r->at, 1), value = get(b, r->at + 1, 1);
        bool ok = true;
        r->at += 2;
        if (count) {
            ok = put_run(r, count, (uint8_t)value);
        } else if (value == END_OF_PICTURE) {
            return FC_OK;
        } else if (value == END_OF_ROW) {
            r->x = 0;
            r->y++;
        } else if (value == MOVE) {
            r->x += get(b, r->at, 1);
            r->y += get(b, r->at + 1, 1);
            r->at += 2;
        } else {
            ok = put_literal(r, value);
        }
        if (!ok || r->x > b->w + 1)
            return corrupt(b, "its runs are longer than its rows", err);
    }
    return r->y >= b->h && r->at == b->src->n ? FC_OK : truncated(b, err);
}

/* ---- rows ---- */

static void put_colour(const bmp *b, uint8_t *to, unsigned index)
{
    memcpy(to, b->palette[index], 3);
}

/* A row of indices or of colours to RGB, or RGBA. */
static void convert(const bmp *b, uint8_t *to, const uint8_t *from)
{
    unsigned channels = has_alpha(b) ? 4 : 3;

    for (uint64_t x = 0; x < b->w; x++, to += channels) {
        if (b->bits <= 8) {
            unsigned in_byte = 8 / b->bits, shift = 8 - b->bits * (unsigned)(x % in_byte + 1);
            put_colour(b, to, from[x / in_byte] >> shift & ((1u << b->bits) - 1));
        } else if (b->bits == 24) {
            for (unsigned c = 0; c < 3; c++)
                to[c] = from[x * 3 + 2 - c];
        } else {
            uint32_t pixel = 0;
            for (unsigned i = 0; i < b->bits / 8; i++)
                pixel |= (uint32_t)from[x * (b->bits / 8) + i] << 8 * i;
            for (unsigned c = 0; c < channels; c++)
                to[c] = colour(pixel, b->masks[c]);
        }
    }
}

static void convert_indices(const bmp *b, uint8_t *to, const uint8_t *index)
{
    for (uint64_t x = 0; x < b->w; x++, to += 3)
        put_colour(b, to, index[x]);
}

static fc_status put_rows(const bmp *b, fc_rows *rows, const uint8_t *index, uint8_t *line, fc_error *err)
{
    fc_status s = FC_OK;

    for (uint64_t y = 0; y < b->h && !(s = fc_source_check_time(b->src, err)); y++) {
        uint64_t stored = b->from_top ? y : b->h - 1 - y;
        if (index)
            convert_indices(b, line, index + stored * b->w);
        else
            convert(b, line, b->src->bytes + b->pixels + stored * b->stride);
        fc_rows_put(rows, line);
    }
    return s;
}

fc_status fc_bmp_decode(fc_image *img, const fc_source *src, fc_error *err)
{
    bmp b = {.src = src};
    fc_layout layout = {.channels = FC_RGB, .depth = 8};
    fc_rows rows = {0};
    uint8_t *index = NULL, *line = NULL;
    fc_status s = read_header(&b, err);

    if (!s)
        s = fc_source_claim(src, (is_compressed(&b) ? b.w * b.h : 0) + b.w * 4,
                            fc_rows_bytes(src, b.w, b.h, b.w, b.h), err);
    if (s)
        return s;
    if (has_alpha(&b))
        layout.channels = FC_RGB_ALPHA;
    line = reallocarray(NULL, b.w, 4);
    if (is_compressed(&b))
        index = calloc(b.h, b.w);
    if (!line || (is_compressed(&b) && !index))
        s = fc_fail_nomem(err, b.w * b.h);
    if (!s && index) {
        runs r = {.b = &b, .at = b.pixels, .index = index};
        s = read_runs(&r, err);
    }
    if (!s)
        s = fc_rows_begin(&rows, img, src, (int)b.w, (int)b.h, (int)b.w, (int)b.h, 8, layout, 1, err);
    if (!s)
        s = put_rows(&b, &rows, index, line, err);
    fc_rows_end(&rows);
    free(index);
    free(line);
    return s;
}
