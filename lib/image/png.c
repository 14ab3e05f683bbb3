#include "image/png.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/error.h"
#include "base/size.h"
#include "image/exif.h"

/* Text, profiles and the like are skipped; what is left is small. */
enum { MAX_CHUNK = 1 << 20 };

/* All that a decoder holds, so that a jump out of libpng loses nothing. */
typedef struct decoder {
    png_structp png;
    png_infop info;
    size_t at; /* in src->bytes */
    bool ran_out;
    fc_rows rows;
    uint8_t *whole; /* all rows of an interlaced picture */
    const fc_source *src;
    fc_image *img;
    fc_error *err;
    fc_status status;
} decoder;

static _Noreturn void give_up(png_structp png, decoder *d, fc_status s)
{
    d->status = s;
    png_longjmp(png, 1);
}

static _Noreturn void on_read_error(png_structp png, png_const_charp why)
{
    decoder *d = png_get_error_ptr(png);

    if (d->ran_out)
        give_up(png, d, fc_fail(d->err, FC_ETRUNCATED, "%s: the PNG ends too early", d->src->name));
    give_up(png, d, fc_fail(d->err, FC_ECORRUPT, "%s: PNG: %s", d->src->name, why));
}

static void on_warning(png_structp png, png_const_charp why)
{
    (void)png; /* the library never prints */
    (void)why;
}

static void input_read(png_structp png, png_bytep to, size_t n)
{
    decoder *d = png_get_io_ptr(png);

    if (n > d->src->n - d->at) {
        d->ran_out = true;
        png_error(png, "end of file");
    }
    memcpy(to, d->src->bytes + d->at, n);
    d->at += n;
}

/* eXIf may stand behind the pixels, but the orientation must be known before the first of them. */
static int orientation_of(const fc_source *src)
{
    for (size_t at = 8; src->n - at >= 12;) {
        const uint8_t *p = src->bytes + at;
        size_t len = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        if (len > src->n - at - 12)
            break;
        if (memcmp(p + 4, "eXIf", 4) == 0)
            return fc_exif_orientation(p + 8, len);
        at += 12 + len;
    }
    return 1;
}

/* Names to skip, each with its NUL. */
static const uint8_t skipped[] = "bKGD\0cHRM\0eXIf\0gAMA\0hIST\0iCCP\0iTXt\0oFFs\0pCAL\0pHYs\0"
                                 "sBIT\0sCAL\0sPLT\0sRGB\0tEXt\0tIME\0zTXt";

/* Palettes, samples of less than 8 bits and transparent colours become grey or RGB with or without alpha. */
static fc_layout set_layout(decoder *d)
{
    const uint16_t one = 1;
    fc_layout l = {0};

    png_set_expand(d->png);
    if (*(const uint8_t *)&one)
        png_set_swap(d->png);
    png_set_interlace_handling(d->png);
    png_read_update_info(d->png, d->info);
    l.depth = png_get_bit_depth(d->png, d->info);
    switch (png_get_color_type(d->png, d->info)) {
    case PNG_COLOR_TYPE_GRAY:
        l.channels = FC_GREY;
        break;
    case PNG_COLOR_TYPE_GRAY_ALPHA:
        l.channels = FC_GREY_ALPHA;
        break;
    case PNG_COLOR_TYPE_RGB:
        l.channels = FC_RGB;
        break;
    default:
        l.channels = FC_RGB_ALPHA;
        break;
    }
    return l;
}

/* Each pass of an interlaced picture fills in more of every row. */
static void read_interlaced(decoder *d, int h)
{
    size_t stride = png_get_rowbytes(d->png, d->info), bytes;

    if (fc_mul(stride, (size_t)h, &bytes))
        d->whole = calloc(1, bytes);
    if (!d->whole)
        give_up(d->png, d, fc_fail_nomem(d->err, bytes));
    for (int pass = 0; pass < PNG_INTERLACE_ADAM7_PASSES; pass++)
        for (int y = 0; y < h; y++)
            png_read_row(d->png, d->whole + (size_t)y * stride, NULL);
    for (int y = 0; y < h; y++)
        fc_rows_put(&d->rows, d->whole + (size_t)y * stride);
}

static void read_rows(decoder *d, int h)
{
    for (int y = 0; y < h; y++) {
        uint8_t *row = fc_rows_next(&d->rows);
        png_read_row(d->png, row, NULL);
        fc_rows_put(&d->rows, row);
    }
}

/* A header alone may state a size over the limit: then that is the fault, not that nothing follows. */
static void check_stated_size(decoder *d)
{
    png_uint_32 w = png_get_image_width(d->png, d->info), h = png_get_image_height(d->png, d->info);
    fc_status s = w && h ? fc_source_check_size(d->src, w, h, d->err) : FC_OK;

    if (s)
        d->status = s;
}

static void decode(decoder *d)
{
    png_uint_32 w, h;
    bool interlaced;

    if (setjmp(png_jmpbuf(d->png))) {
        check_stated_size(d);
        return;
    }
    png_set_read_fn(d->png, d, input_read);
    png_set_user_limits(d->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* fc_source_check_size has the say */
    png_set_chunk_malloc_max(d->png, MAX_CHUNK);
    png_set_keep_unknown_chunks(d->png, PNG_HANDLE_CHUNK_NEVER, skipped, sizeof skipped / 5);
    png_read_info(d->png, d->info);
    w = png_get_image_width(d->png, d->info);
    h = png_get_image_height(d->png, d->info);
    d->status = fc_source_check_size(d->src, w, h, d->err);
    if (d->status)
        return;
    interlaced = png_get_interlace_type(d->png, d->info) != PNG_INTERLACE_NONE;
    d->status = fc_rows_begin(&d->rows, d->img, d->src, (int)w, (int)h, (int)w, (int)h, 8, set_layout(d),
                              d->src->opt->keep_orientation ? 1 : orientation_of(d->src), d->err);
    if (d->status)
        return;
    if (interlaced)
        read_interlaced(d, (int)h);
    else
        read_rows(d, (int)h);
    png_read_end(d->png, NULL); /* the checksum of the pixels is behind them */
}

fc_status fc_png_decode(fc_image *img, const fc_source *src, fc_error *err)
{
    decoder d = {.src = src, .img = img, .err = err};

    d.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &d, on_read_error, on_warning);
    d.info = d.png ? png_create_info_struct(d.png) : NULL;
    if (d.info)
        decode(&d);
    else
        d.status = fc_fail_nomem(err, sizeof(void *));
    png_destroy_read_struct(&d.png, &d.info, NULL);
    fc_rows_end(&d.rows);
    free(d.whole);
    return d.status;
}

typedef struct encoder {
    const char *path;
    fc_error *err;
    fc_status status;
} encoder;

static _Noreturn void on_write_error(png_structp png, png_const_charp why)
{
    encoder *e = png_get_error_ptr(png);

    if (!e->status)
        e->status = fc_fail(e->err, FC_EIO, "%s: PNG: %s", e->path, why);
    png_longjmp(png, 1);
}

static void output_write(png_structp png, png_bytep from, size_t n)
{
    fc_atomic_file *f = png_get_io_ptr(png);

    if (fwrite(from, 1, n, f->f) != n) {
        encoder *e = png_get_error_ptr(png);
        e->status = fc_fail_errno(e->err, e->path);
        png_error(png, "not written");
    }
}

static void output_flush(png_structp png)
{
    (void)png; /* fc_atomic_commit does */
}

static void encode(png_structp png, png_infop info, fc_atomic_file *f, const fc_image *img)
{
    if (setjmp(png_jmpbuf(png)))
        return;
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_write_fn(png, f, output_write, output_flush);
    png_set_IHDR(png, info, (png_uint_32)img->w, (png_uint_32)img->h, 8, PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (int y = 0; y < img->h; y++)
        png_write_row(png, img->rgb + (size_t)y * img->stride);
    png_write_end(png, NULL);
}

fc_status fc_image_save_png(const fc_image *img, const char *path, fc_error *err)
{
    encoder e = {.path = path, .err = err};
    png_structp png = NULL;
    png_infop info = NULL;
    fc_atomic_file f;
    fc_status s = fc_atomic_open(&f, path, err);

    if (s)
        return s;
    png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &e, on_write_error, on_warning);
    info = png ? png_create_info_struct(png) : NULL;
    if (info)
        encode(png, info, &f, img);
    else
        e.status = fc_fail_nomem(err, sizeof(void *));
    png_destroy_write_struct(&png, &info);
    if (!e.status)
        return fc_atomic_commit(&f, err);
    fc_atomic_discard(&f);
    return e.status;
}
