#include "image/png.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

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
    size_t stride;  /* of them */
    bool has_rows;  /* rows may be put */
    bool damaged;   /* pixels are not the picture's, and wanted all the same */
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

/* Where what can be read of a damaged picture is wanted, a wrong checksum is a warning. */
static void on_read_warning(png_structp png, png_const_charp why)
{
    decoder *d = png_get_error_ptr(png);

    d->damaged |= d->src->opt->keep_damaged && strstr(why, "CRC error");
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

/* ---- what chunks say before libpng reads them: some stand behind the pixels ---- */

typedef struct chunk {
    const uint8_t *name, *data;
    size_t n;
} chunk;

/* The chunk at *at, which moves on to the next one. */
static bool next_chunk(const fc_source *src, size_t *at, chunk *c)
{
    const uint8_t *p = src->bytes + *at;
    size_t n;

    if (*at > src->n || src->n - *at < 12)
        return false;
    n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
    if (n > src->n - *at - 12)
        return false;
    *c = (chunk){.name = p + 4, .data = p + 8, .n = n};
    *at += 12 + n;
    return true;
}

static int hex_digit(int c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* ImageMagick's way of keeping EXIF: "\nexif\n    LENGTH\nHEX DIGITS IN LINES". */
static int orientation_in_hex(char *text, size_t n)
{
    size_t out = 0;
    int lines = 0, high = -1;

    for (size_t i = 0; i < n; i++) {
        int v = lines < 3 ? -1 : hex_digit(text[i]);
        if (text[i] == '\n')
            lines++;
        else if (lines >= 3 && v < 0)
            break;
        if (v < 0)
            continue;
        if (high >= 0)
            text[out++] = (char)(high << 4 | v);
        high = high < 0 ? v : -1;
    }
    return fc_exif_orientation((const uint8_t *)text, out);
}

/* The same of a tEXt or zTXt chunk; 0: it holds something else. */
static int orientation_in_text(const chunk *c)
{
    enum { MOST = 1 << 18 }; /* EXIF has up to 64 KiB: in hex twice that, and line ends */
    static const char *const keys[] = {"Raw profile type exif", "Raw profile type APP1"};
    char text[MOST];
    uLongf n = MOST;

    for (size_t i = 0; i < 2; i++) {
        size_t key = strlen(keys[i]) + 1;
        if (c->n <= key || memcmp(c->data, keys[i], key) != 0)
            continue;
        if (c->name[0] == 'z') {
            int z = uncompress((Bytef *)text, &n, c->data + key + 1, c->n - key - 1);
            if (z != Z_OK && z != Z_BUF_ERROR)
                return 0;
        } else {
            n = c->n - key < MOST ? c->n - key : MOST;
            memcpy(text, c->data + key, n);
        }
        return orientation_in_hex(text, n);
    }
    return 0;
}

/* What the chunks say of the picture; those of which there is one are told by the first. */
typedef struct summary {
    int orientation; /* 1..8 */
    int frames;
    bool of_ios; /* as Apple's tools store it inside apps: not by the standard */
} summary;

static summary summarise(const fc_source *src)
{
    summary s = {.frames = 1};
    int in_text = 0;
    chunk c;

    for (size_t at = 8; next_chunk(src, &at, &c);) {
        if (memcmp(c.name, "CgBI", 4) == 0)
            s.of_ios = true;
        else if (!s.orientation && memcmp(c.name, "eXIf", 4) == 0)
            s.orientation = fc_exif_orientation(c.data, c.n);
        else if (!in_text && (memcmp(c.name, "tEXt", 4) == 0 || memcmp(c.name, "zTXt", 4) == 0))
            in_text = orientation_in_text(&c);
        else if (memcmp(c.name, "acTL", 4) == 0 && c.n >= 4 && c.data[0] < 0x80)
            s.frames = c.data[0] << 24 | c.data[1] << 16 | c.data[2] << 8 | c.data[3];
    }
    if (!s.orientation)
        s.orientation = in_text ? in_text : 1;
    return s;
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

static void put_whole(decoder *d)
{
    for (int y = 0; y < d->rows.h; y++)
        fc_rows_put(&d->rows, d->whole + (size_t)y * d->stride);
}

/* One row, in time. */
static void read_row(decoder *d, uint8_t *row)
{
    const fc_status s = fc_source_check_time(d->src, d->err);

    if (s)
        give_up(d->png, d, s);
    png_read_row(d->png, row, NULL);
}

/* Each pass of an interlaced picture fills in more of every row. */
static void read_interlaced(decoder *d, int h)
{
    size_t bytes = SIZE_MAX;

    if (fc_mul(d->stride, (size_t)h, &bytes))
        d->whole = malloc(bytes);
    if (!d->whole)
        give_up(d->png, d, fc_fail_nomem(d->err, bytes));
    memset(d->whole, FC_MISSING, bytes);
    for (int pass = 0; pass < PNG_INTERLACE_ADAM7_PASSES; pass++)
        for (int y = 0; y < h; y++)
            read_row(d, d->whole + (size_t)y * d->stride);
    put_whole(d);
}

static void read_rows(decoder *d, int h)
{
    for (int y = 0; y < h; y++) {
        uint8_t *row = fc_rows_next(&d->rows);
        read_row(d, row);
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

/* The rows up to the fault, where they are wanted. */
static void keep_rows(decoder *d)
{
    if (!d->src->opt->keep_damaged || !d->has_rows ||
        (d->status != FC_ECORRUPT && d->status != FC_ETRUNCATED))
        return;
    if (d->whole)
        put_whole(d);
    fc_rows_fill(&d->rows);
    d->damaged = true;
    d->status = FC_OK;
    if (d->err)
        *d->err = (fc_error){0};
}

static void decode(decoder *d, const summary *about)
{
    enum { LINES = 8 }; /* that libpng holds */
    png_uint_32 w, h;
    fc_layout layout;
    bool interlaced;

    if (setjmp(png_jmpbuf(d->png))) {
        check_stated_size(d);
        keep_rows(d);
        return;
    }
    if (d->src->opt->keep_damaged)
        png_set_crc_action(d->png, PNG_CRC_WARN_USE, PNG_CRC_WARN_DISCARD);
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
    layout = set_layout(d);
    d->stride = png_get_rowbytes(d->png, d->info);
    d->status = fc_source_claim(d->src, (uint64_t)d->stride * (interlaced ? h + LINES : LINES),
                                fc_rows_bytes(d->src, w, h, w, h), d->err);
    if (d->status)
        return;
    d->status = fc_rows_begin(&d->rows, d->img, d->src, (int)w, (int)h, (int)w, (int)h, 8, layout,
                              d->src->opt->keep_orientation ? 1 : about->orientation, d->err);
    if (d->status)
        return;
    d->has_rows = true;
    if (interlaced)
        read_interlaced(d, (int)h);
    else
        read_rows(d, (int)h);
    png_read_end(d->png, NULL); /* the checksum of the pixels is behind them */
}

fc_status fc_png_decode(fc_image *img, const fc_source *src, fc_error *err)
{
    decoder d = {.src = src, .img = img, .err = err};
    const summary about = summarise(src);

    if (about.of_ios)
        return fc_fail(err, FC_EUNSUPPORTED,
                       "%s: a PNG of the kind that iOS apps hold (CgBI), for which facecheck has no codec",
                       src->name);
    d.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &d, on_read_error, on_read_warning);
    d.info = d.png ? png_create_info_struct(d.png) : NULL;
    if (d.info)
        decode(&d, &about);
    else
        d.status = fc_fail_nomem(err, sizeof(void *));
    png_destroy_read_struct(&d.png, &d.info, NULL);
    fc_rows_end(&d.rows);
    free(d.whole);
    img->damaged = d.damaged;
    img->frames = about.frames;
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

static void on_write_warning(png_structp png, png_const_charp why)
{
    (void)png; /* the library never prints */
    (void)why;
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
    png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &e, on_write_error, on_write_warning);
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
