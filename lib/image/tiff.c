#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tiffio.h>

#include "base/error.h"
#include "image/formats.h"

/* All that a decoder holds. libtiff keeps no more of the picture than a strip or a row of tiles. */
typedef struct decoder {
    const uint8_t *bytes;
    size_t n, at;
    const fc_picture_sink *sink;
    TIFF *tif;
    char *why; /* libtiff's first message, or ours */
    size_t why_size;
    bool failed; /* libtiff told of a fault: it gives black pixels for what it cannot read */
    uint32_t w, h;
    uint16_t bits, samples, format, photometric, planes, compression;
    uint16_t extras, *extra;
    uint32_t tile_w, tile_h; /* strips are as wide as the picture */
    bool tiled;
    bool plain; /* samples of 8 or 16 bits, side by side, grey or RGB: need no conversion by libtiff */
    uint8_t *block, *band;
} decoder;

static fc_status fault(decoder *d, fc_status s, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(d->why, d->why_size, format, args);
    va_end(args);
    d->failed = true;
    return s;
}

/* ---- what libtiff calls ---- */

static int on_error(TIFF *tif, void *ctx, const char *module, const char *format, va_list args)
{
    decoder *d = ctx;

    (void)tif;
    (void)module;
    if (!d->failed)
        vsnprintf(d->why, d->why_size, format, args);
    d->failed = true;
    return 1; /* the process's handler is not called */
}

static int on_warning(TIFF *tif, void *ctx, const char *module, const char *format, va_list args)
{
    (void)tif;
    (void)ctx;
    (void)module;
    (void)format;
    (void)args;
    return 1; /* unknown tags and the like do not matter */
}

static tmsize_t input_read(thandle_t h, void *to, tmsize_t n)
{
    decoder *d = h;
    size_t left = d->at < d->n ? d->n - d->at : 0, got = (size_t)n < left ? (size_t)n : left;

    memcpy(to, d->bytes + d->at, got);
    d->at += got;
    return (tmsize_t)got;
}

static tmsize_t input_write(thandle_t h, void *from, tmsize_t n)
{
    (void)h;
    (void)from;
    (void)n;
    return 0;
}

static toff_t input_seek(thandle_t h, toff_t to, int whence)
{
    decoder *d = h;

    d->at = (size_t)to + (whence == SEEK_CUR ? d->at : whence == SEEK_END ? d->n : 0);
    if (d->at > d->n)
        d->at = d->n;
    return d->at;
}

static int input_close(thandle_t h)
{
    (void)h;
    return 0;
}

static toff_t input_size(thandle_t h)
{
    return ((decoder *)h)->n;
}

static int input_map(thandle_t h, void **base, toff_t *n)
{
    decoder *d = h;

    *base = (void *)d->bytes;
    *n = d->n;
    return 1;
}

static void input_unmap(thandle_t h, void *base, toff_t n)
{
    (void)h;
    (void)base;
    (void)n;
}

static bool open_file(decoder *d)
{
    TIFFOpenOptions *o = TIFFOpenOptionsAlloc();

    if (!o)
        return false;
    TIFFOpenOptionsSetErrorHandlerExtR(o, on_error, d);
    TIFFOpenOptionsSetWarningHandlerExtR(o, on_warning, d);
    d->tif = TIFFClientOpenExt("", "r", d, input_read, input_write, input_seek, input_close, input_size,
                               input_map, input_unmap, o);
    TIFFOpenOptionsFree(o);
    return d->tif != NULL;
}

/* ---- what the file says ---- */

/* Compressions whose memory is known: a few rows, or what block_bytes says. LZMA's may be any, as a file states. */
static bool is_known_compression(uint16_t c)
{
    switch (c) {
    case COMPRESSION_NONE:
    case COMPRESSION_CCITTRLE:
    case COMPRESSION_CCITTFAX3:
    case COMPRESSION_CCITTFAX4:
    case COMPRESSION_CCITTRLEW:
    case COMPRESSION_LZW:
    case COMPRESSION_OJPEG:
    case COMPRESSION_JPEG:
    case COMPRESSION_ADOBE_DEFLATE:
    case COMPRESSION_DEFLATE:
    case COMPRESSION_PACKBITS:
    case COMPRESSION_WEBP:
    case COMPRESSION_ZSTD:
        return true;
    default:
        return false;
    }
}

static bool has_alpha(const decoder *d)
{
    return d->extras > 0 && (d->extra[0] != EXTRASAMPLE_UNSPECIFIED || d->samples > 3);
}

static fc_status read_tags(decoder *d)
{
    uint32_t rows = 0;

    if (!TIFFGetField(d->tif, TIFFTAG_IMAGEWIDTH, &d->w) || !TIFFGetField(d->tif, TIFFTAG_IMAGELENGTH, &d->h))
        return fault(d, FC_ECORRUPT, "no width or height");
    TIFFGetFieldDefaulted(d->tif, TIFFTAG_BITSPERSAMPLE, &d->bits);
    TIFFGetFieldDefaulted(d->tif, TIFFTAG_SAMPLESPERPIXEL, &d->samples);
    TIFFGetFieldDefaulted(d->tif, TIFFTAG_SAMPLEFORMAT, &d->format);
    TIFFGetFieldDefaulted(d->tif, TIFFTAG_PLANARCONFIG, &d->planes);
    TIFFGetFieldDefaulted(d->tif, TIFFTAG_COMPRESSION, &d->compression);
    TIFFGetFieldDefaulted(d->tif, TIFFTAG_EXTRASAMPLES, &d->extras, &d->extra);
    if (!TIFFGetField(d->tif, TIFFTAG_PHOTOMETRIC, &d->photometric))
        d->photometric = d->samples >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK;
    if (d->bits > 16 || (d->format != SAMPLEFORMAT_UINT && d->format != SAMPLEFORMAT_VOID))
        return fault(d, FC_EUNSUPPORTED, "neither 8 nor 16 bits a sample, without sign");
    if (!is_known_compression(d->compression))
        return fault(d, FC_EUNSUPPORTED, "compression %u, which facecheck does not read", d->compression);
    d->tiled = TIFFIsTiled(d->tif);
    if (d->tiled) {
        if (!TIFFGetField(d->tif, TIFFTAG_TILEWIDTH, &d->tile_w) ||
            !TIFFGetField(d->tif, TIFFTAG_TILELENGTH, &d->tile_h) || !d->tile_w || !d->tile_h)
            return fault(d, FC_ECORRUPT, "no size of tiles");
    } else {
        TIFFGetFieldDefaulted(d->tif, TIFFTAG_ROWSPERSTRIP, &rows);
        d->tile_w = d->w;
        d->tile_h = rows && rows < d->h ? rows : d->h;
    }
    int colours = d->photometric == PHOTOMETRIC_RGB ? 3 : 1;
    d->plain = (d->bits == 8 || d->bits == 16) && d->planes == PLANARCONFIG_CONTIG &&
               (d->photometric == PHOTOMETRIC_RGB || d->photometric == PHOTOMETRIC_MINISBLACK ||
                d->photometric == PHOTOMETRIC_MINISWHITE) &&
               (d->samples == colours ||
                (d->samples == colours + 1 && has_alpha(d) && d->photometric != PHOTOMETRIC_MINISWHITE));
    return FC_OK;
}

static fc_layout layout_of(const decoder *d)
{
    static const fc_channels channels[] = {FC_GREY, FC_GREY, FC_GREY_ALPHA, FC_RGB, FC_RGB_ALPHA};

    if (!d->plain) /* libtiff multiplies colours by alpha, whatever the file says of them */
        return (fc_layout){.channels = FC_RGB_ALPHA, .depth = 8, .premultiplied = true};
    return (fc_layout){.channels = channels[d->samples],
                       .depth = d->bits,
                       .premultiplied = d->extras && d->extra[0] == EXTRASAMPLE_ASSOCALPHA};
}

static int orientation_of(decoder *d)
{
    uint16_t o = 1;

    TIFFGetFieldDefaulted(d->tif, TIFFTAG_ORIENTATION, &o);
    return o >= 1 && o <= 8 ? o : 1;
}

/* The largest piece as libtiff decodes it: all its planes, and what its own decoders take. */
static uint64_t block_bytes(const decoder *d)
{
    enum { JPEG_MOST = 100 << 20 }; /* libtiff's own limit */
    uint64_t n = d->tiled ? TIFFTileSize64(d->tif) : TIFFStripSize64(d->tif);
    uint64_t samples = (uint64_t)d->tile_w * d->tile_h * d->samples;

    if (d->planes == PLANARCONFIG_SEPARATE)
        n *= d->samples;
    if (d->compression == COMPRESSION_JPEG || d->compression == COMPRESSION_OJPEG)
        n += samples * 2 < JPEG_MOST ? samples * 2 : JPEG_MOST;
    if (d->compression == COMPRESSION_WEBP)
        n += samples * 3;
    return n;
}

/* Rows that are decoded at once. */
static uint32_t band_rows(const decoder *d)
{
    return d->plain && !d->tiled ? 1 : d->tile_h;
}

/* Tiles may be padded; a file of a few bytes can name one large tile again and again. */
static fc_status check_padding(decoder *d)
{
    enum { MOST = 4 };
    uint64_t across = ((uint64_t)d->w + d->tile_w - 1) / d->tile_w * d->tile_w,
             down = ((uint64_t)d->h + d->tile_h - 1) / d->tile_h * d->tile_h;
    uint64_t one = (uint64_t)d->tile_w * d->tile_h;

    /* each is below 2^33 */
    if ((double)across * (double)down <= MOST * (double)d->w * (double)d->h + (double)one)
        return FC_OK;
    return fault(d, FC_ECORRUPT, "tiles of %u x %u pixels for %u x %u", d->tile_w, d->tile_h, d->w, d->h);
}

/* What is wrong with later pages does not matter. */
static int count_pages(decoder *d)
{
    bool failed = d->failed;
    tdir_t n = TIFFNumberOfDirectories(d->tif);

    d->failed = failed;
    return n > INT_MAX ? INT_MAX : (int)n;
}

static fc_status begin(decoder *d)
{
    uint64_t pixel = d->plain ? fc_layout_pixel(layout_of(d)) : 4;
    fc_picture_facts f = {.w = d->w,
                          .h = d->h,
                          .tile_w = d->tile_w,
                          .tile_h = d->tile_h,
                          .layout = layout_of(d),
                          .orientation = orientation_of(d)};
    fc_status s = d->tiled ? check_padding(d) : FC_OK;

    if (s)
        return s;
    f.decoder = (uint64_t)band_rows(d) * d->w * pixel + block_bytes(d);
    f.frames = count_pages(d);
    return d->failed ? FC_ECORRUPT : d->sink->begin(d->sink->ctx, &f);
}

/* ---- pixels ---- */

static void put_plain(decoder *d, uint8_t *row)
{
    size_t n = (size_t)d->w * fc_layout_pixel(layout_of(d));

    for (size_t i = 0; d->photometric == PHOTOMETRIC_MINISWHITE && i < n; i++)
        row[i] = (uint8_t)~row[i];
    d->sink->row(d->sink->ctx, row);
}

static fc_status read_rows(decoder *d)
{
    tmsize_t n = TIFFScanlineSize(d->tif);

    if (n < (tmsize_t)((size_t)d->w * fc_layout_pixel(layout_of(d))))
        return fault(d, FC_ECORRUPT, "rows of %lld bytes", (long long)n);
    d->band = malloc((size_t)n);
    if (!d->band)
        return fault(d, FC_ENOMEM, FC_OUT_OF_MEMORY, (size_t)n);
    for (uint32_t y = 0; y < d->h; y++) {
        if (TIFFReadScanline(d->tif, d->band, y, 0) < 0 || d->failed)
            return FC_ECORRUPT;
        put_plain(d, d->band);
    }
    return FC_OK;
}

static fc_status read_tiles(decoder *d)
{
    size_t pixel = fc_layout_pixel(layout_of(d)), stride = (size_t)d->w * pixel;
    tmsize_t size = TIFFTileSize(d->tif), tile_stride = TIFFTileRowSize(d->tif);

    if (tile_stride < (tmsize_t)(d->tile_w * pixel) || size < tile_stride * (tmsize_t)d->tile_h)
        return fault(d, FC_ECORRUPT, "tiles of %lld bytes", (long long)size);
    d->block = malloc((size_t)size);
    d->band = reallocarray(NULL, d->tile_h, stride);
    if (!d->block || !d->band)
        return fault(d, FC_ENOMEM, FC_OUT_OF_MEMORY, d->block ? d->tile_h * stride : (size_t)size);
    for (uint32_t y = 0; y < d->h; y += d->tile_h) {
        uint32_t rows = d->h - y < d->tile_h ? d->h - y : d->tile_h;
        for (uint32_t x = 0; x < d->w; x += d->tile_w) {
            uint32_t columns = d->w - x < d->tile_w ? d->w - x : d->tile_w;
            if (TIFFReadTile(d->tif, d->block, x, y, 0, 0) < 0 || d->failed)
                return FC_ECORRUPT;
            for (uint32_t i = 0; i < rows; i++)
                memcpy(d->band + i * stride + x * pixel, d->block + i * (size_t)tile_stride, columns * pixel);
            if (d->w - x <= d->tile_w)
                break; /* x + tile_w may not fit */
        }
        for (uint32_t i = 0; i < rows; i++)
            put_plain(d, d->band + i * stride);
        if (rows == d->h - y)
            break;
    }
    return FC_OK;
}

static void put_converted(decoder *d, uint32_t *row)
{
    uint8_t *to = (uint8_t *)row;

    for (uint32_t x = 0; x < d->w; x++, to += 4) {
        uint32_t v = row[x];
        to[0] = (uint8_t)TIFFGetR(v);
        to[1] = (uint8_t)TIFFGetG(v);
        to[2] = (uint8_t)TIFFGetB(v);
        to[3] = (uint8_t)TIFFGetA(v);
    }
    d->sink->row(d->sink->ctx, row);
}

/* Palettes, CMYK, YCbCr, samples of other sizes: by libtiff, a strip or a row of tiles at a time. */
static fc_status read_converted(decoder *d)
{
    TIFFRGBAImage img;
    char why[1024];
    fc_status s = FC_OK;

    if (!TIFFRGBAImageOK(d->tif, why) || !TIFFRGBAImageBegin(&img, d->tif, 1, why))
        return d->failed ? FC_EUNSUPPORTED : fault(d, FC_EUNSUPPORTED, "%s", why);
    img.orientation = img.req_orientation = ORIENTATION_TOPLEFT; /* we turn it */
    d->band = reallocarray(NULL, d->tile_h, (size_t)d->w * 4);
    if (!d->band)
        s = fault(d, FC_ENOMEM, FC_OUT_OF_MEMORY, (size_t)d->tile_h * d->w * 4);
    for (uint32_t y = 0; !s && y < d->h;) {
        uint32_t rows = d->h - y < d->tile_h ? d->h - y : d->tile_h, *raster = (uint32_t *)(void *)d->band;
        img.row_offset = (int)y;
        if (!TIFFRGBAImageGet(&img, raster, d->w, rows) || d->failed)
            s = d->failed ? FC_ECORRUPT : fault(d, FC_ECORRUPT, "damaged");
        for (uint32_t i = 0; !s && i < rows; i++)
            put_converted(d, raster + (size_t)i * d->w);
        y += rows;
    }
    TIFFRGBAImageEnd(&img);
    return s;
}

fc_status fc_tiff_decode(const uint8_t *bytes, size_t n, const fc_picture_sink *sink, char *why,
                         size_t why_size)
{
    decoder d = {.bytes = bytes, .n = n, .sink = sink, .why = why, .why_size = why_size};
    fc_status s = open_file(&d) ? read_tags(&d) : FC_ECORRUPT;

    if (!s)
        s = begin(&d);
    if (!s)
        s = !d.plain ? read_converted(&d) : d.tiled ? read_tiles(&d) : read_rows(&d);
    free(d.block);
    free(d.band);
    if (d.tif)
        TIFFClose(d.tif);
    return s;
}
