#include "image/header.h"

#include <ctype.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "image/exif.h"

/* What the standard of JPEG 2000 allows. */
enum { MAX_TILES = 65535 };

/* Bytes that may end: a read behind the end gives 0 and is remembered. */
typedef struct bytes {
    const uint8_t *p;
    uint64_t n;
    bool big_endian;
    bool ended;
} bytes;

static uint64_t get(bytes *b, uint64_t at, unsigned size)
{
    uint64_t v = 0;

    if (at > b->n || size > b->n - at) {
        b->ended = true;
        return 0;
    }
    for (unsigned i = 0; i < size; i++)
        v |= (uint64_t)b->p[at + i] << 8 * (b->big_endian ? size - 1 - i : i);
    return v;
}

static bool has(const bytes *b, uint64_t at, const char tag[4])
{
    return at <= b->n && b->n - at >= 4 && memcmp(b->p + at, tag, 4) == 0;
}

/* from + count a b, or SIZE_MAX where that does not fit. */
static size_t end_of(size_t from, size_t count, size_t a, size_t b)
{
    size_t n;

    return fc_mul(count, a, &n) && fc_mul(n, b, &n) && fc_add(n, from, &n) ? n : SIZE_MAX;
}

/* Each reader below sets the size, and raises b->ended when the pixels end behind the file. */

static void read_webp(fc_header *h, bytes *b)
{
    uint64_t size = get(b, 4, 4);

    b->ended |= size + 8 > b->n;
    if (has(b, 12, "VP8 ")) {
        h->w = get(b, 26, 2) & 0x3fff;
        h->h = get(b, 28, 2) & 0x3fff;
    } else if (has(b, 12, "VP8L")) {
        uint64_t v = get(b, 21, 4);
        h->w = 1 + (v & 0x3fff);
        h->h = 1 + (v >> 14 & 0x3fff);
    } else if (has(b, 12, "VP8X")) {
        h->w = 1 + get(b, 24, 3);
        h->h = 1 + get(b, 27, 3);
        for (uint64_t at = 12; at + 8 <= b->n;) {
            uint64_t len = get(b, at + 4, 4);
            if (has(b, at, "EXIF") && len <= b->n - at - 8)
                h->orientation = fc_exif_orientation(b->p + at + 8, len);
            at += 8 + len + (len & 1);
        }
    }
}

/* One entry of a TIFF directory. */
typedef struct entry {
    uint64_t count;
    uint64_t at;   /* of the first value */
    unsigned size; /* of a value; 0: of a type that is no number */
} entry;

static uint64_t value(bytes *b, const entry *e, uint64_t i)
{
    return get(b, e->at + i * e->size, e->size);
}

/* Strips or tiles must lie in the file: libtiff gives black for what is missing. */
static void check_extents(bytes *b, const entry *offsets, const entry *counts)
{
    uint64_t n = offsets->count < counts->count ? offsets->count : counts->count;

    for (uint64_t i = 0; i < n && !b->ended; i++)
        b->ended |= end_of(value(b, offsets, i), value(b, counts, i), 1, 1) > b->n;
}

static void read_tiff(fc_header *h, bytes *b)
{
    enum { SHORT = 3, LONG = 4, LONG8 = 16 };
    static const unsigned sizes[] = {[SHORT] = 2, [LONG] = 4, [LONG8] = 8};
    entry offsets = {0}, counts = {0};
    uint64_t dir, n;
    bool wide; /* BigTIFF */
    unsigned word;

    b->big_endian = b->p[0] == 'M';
    wide = get(b, 2, 2) == 43;
    word = wide ? 8 : 4;
    dir = get(b, wide ? 8 : 4, word);
    n = get(b, dir, wide ? 8 : 2);
    dir += wide ? 8 : 2;
    for (uint64_t i = 0; i < n && !b->ended; i++) {
        uint64_t at = dir + i * (wide ? 20 : 12);
        uint64_t tag = get(b, at, 2), type = get(b, at + 2, 2);
        entry e = {.count = get(b, at + 4, word), .at = at + 4 + word};
        if (type < sizeof sizes / sizeof *sizes)
            e.size = sizes[type];
        if (e.size == 0 || e.count == 0)
            continue;
        if (e.count > word / e.size)
            e.at = get(b, e.at, word);
        switch (tag) {
        case 256:
            h->w = value(b, &e, 0);
            break;
        case 257:
            h->h = value(b, &e, 0);
            break;
        case 273: /* strips */
        case 324: /* tiles */
            offsets = e;
            break;
        case 279:
        case 325:
            counts = e;
            break;
        default:
            break;
        }
    }
    check_extents(b, &offsets, &counts);
}

/* Skips white space and comments, then reads a decimal number. */
static uint64_t read_number(bytes *b, uint64_t *at)
{
    uint64_t v = 0;
    int digits = 0;

    while (*at < b->n && (isspace(b->p[*at]) || b->p[*at] == '#')) {
        if (b->p[*at] == '#')
            while (*at < b->n && b->p[*at] != '\n')
                ++*at;
        else
            ++*at;
    }
    for (; *at < b->n && isdigit(b->p[*at]); ++*at, digits++)
        v = digits < 10 ? v * 10 + (uint64_t)(b->p[*at] - '0') : UINT32_MAX;
    b->ended |= *at == b->n;
    return *at == b->n || isspace(b->p[*at]) ? v
                                             : 0; /* OpenCV does not take a comment right behind it for one */
}

static void read_pnm(fc_header *h, bytes *b)
{
    int kind = b->p[1] - '0';
    uint64_t at = 2;

    h->w = read_number(b, &at);
    h->h = read_number(b, &at);
    if (kind != 1 && kind != 4)
        h->white = read_number(b, &at);
    at++;
    if (kind == 4)
        b->ended |= end_of(at, (h->w + 7) / 8, h->h, 1) > b->n;
    else if (kind >= 5)
        b->ended |= end_of(at, h->w * (kind == 6 ? 3 : 1), h->h, h->white > 255 ? 2 : 1) > b->n;
}

/* The length of the box at at, and where what it holds begins; 0: to the end, or malformed. */
static uint64_t box_length(bytes *b, uint64_t at, uint64_t end, uint64_t *inside)
{
    uint64_t len = get(b, at, 4);

    *inside = at + (len == 1 ? 16 : 8);
    if (len == 1)
        len = get(b, at + 8, 8);
    return len < 8 || at > end || len > end - at ? 0 : len;
}

/* Columns of the palette in a header box: OpenJPEG makes each a component. */
static uint64_t palette_columns(bytes *b, uint64_t at, uint64_t end)
{
    uint64_t most = 0, inside;

    for (uint64_t len; at < end && (len = box_length(b, at, end, &inside)); at += len) {
        uint64_t n = has(b, at + 4, "pclr") ? get(b, inside + 2, 1) : 0;
        most = n > most ? n : most;
    }
    return most;
}

/* A JPEG 2000 code stream, alone or in the "jp2c" box of a JP2 file. */
static void read_jp2(fc_header *h, bytes *b)
{
    uint64_t at = 0, inside = 0, columns = 0;

    b->big_endian = true;
    if (b->p[0] == 0) {
        while (!b->ended && !has(b, at + 4, "jp2c")) {
            uint64_t len = box_length(b, at, b->n, &inside);
            if (has(b, at + 4, "jp2h") && columns == 0)
                columns = palette_columns(b, inside, at + len);
            b->ended |= len == 0;
            at += len;
        }
        box_length(b, at, b->n, &inside);
        at = inside;
    }
    /* SOC and SIZ markers, the length of SIZ, capabilities; then the size of the canvas and the picture's
     * place */
    h->w = get(b, at + 8, 4) - get(b, at + 16, 4);
    h->h = get(b, at + 12, 4) - get(b, at + 20, 4);
    h->components = get(b, at + 40, 2);
    if (columns > h->components)
        h->components = columns;
    uint64_t tile_w = get(b, at + 24, 4), tile_h = get(b, at + 28, 4);
    if (tile_w && tile_h)
        h->tiles = ((get(b, at + 8, 4) + tile_w - 1) / tile_w) * ((get(b, at + 12, 4) + tile_h - 1) / tile_h);
    h->tile = (tile_w < h->w ? tile_w : h->w) * (tile_h < h->h ? tile_h : h->h);
}

fc_status fc_header_read(fc_header *out, const fc_source *src, fc_format f, fc_error *err)
{
    bytes b = {.p = src->bytes, .n = src->n};
    fc_status s = FC_OK;

    *out = (fc_header){.orientation = 1, .white = 255};
    switch (f) {
    case FC_FORMAT_WEBP:
        read_webp(out, &b);
        break;
    case FC_FORMAT_TIFF:
        read_tiff(out, &b);
        break;
    case FC_FORMAT_PNM:
        read_pnm(out, &b);
        break;
    default:
        read_jp2(out, &b);
        break;
    }
    /* A size over the limit is told first: a header alone may state one. */
    if ((out->w && out->h) || !b.ended)
        s = fc_source_check_size(src, out->w, out->h, err);
    if (!s && b.ended)
        s = fc_fail(err, FC_ETRUNCATED, "%s: the %s ends too early", src->name, fc_format_name(f));
    if (!s && f == FC_FORMAT_JP2 && (out->components < 1 || out->components > 4))
        s = fc_fail(err, FC_EUNSUPPORTED, "%s: %llu components in this JPEG 2000; facecheck reads 1 to 4",
                    src->name, (unsigned long long)out->components);
    if (!s && f == FC_FORMAT_JP2 && out->tiles > MAX_TILES)
        s = fc_fail(err, FC_ELIMIT, "%s: a JPEG 2000 of %llu tiles, the limit is %d", src->name,
                    (unsigned long long)out->tiles, MAX_TILES);
    if (!s && out->white != 255 && out->white != 65535)
        s = fc_fail(err, FC_EUNSUPPORTED, "%s: white is %llu in this PNM; facecheck reads 255 and 65535",
                    src->name, (unsigned long long)out->white);
    return s;
}
