#include "image/image.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/size.h"
#include "image/bmp.h"
#include "image/formats_open.h"
#include "image/jpeg.h"
#include "image/opencv.h"
#include "image/png.h"
#include "image/rows.h"
#include "image/sandbox.h"
#include "image/sniff.h"

fc_status fc_image_new(fc_image *img, int w, int h, fc_error *err)
{
    size_t stride, bytes;

    *img = (fc_image){0};
    if (w <= 0 || h <= 0)
        return fc_fail(err, FC_EUSAGE, "a picture of %d x %d pixels", w, h);
    if (!fc_mul((size_t)w, 3, &stride) || !fc_mul(stride, (size_t)h, &bytes))
        return fc_fail_nomem(err, SIZE_MAX);
    img->rgb = malloc(bytes);
    if (!img->rgb)
        return fc_fail_nomem(err, bytes);
    img->w = img->full_w = w;
    img->h = img->full_h = h;
    img->stride = stride;
    return FC_OK;
}

fc_status fc_image_alloc(fc_image *img, int w, int h, fc_error *err)
{
    fc_status s = fc_image_new(img, w, h, err);

    if (!s)
        memset(img->rgb, 0, img->stride * (size_t)h);
    return s;
}

void fc_image_clear(fc_image *img)
{
    free(img->rgb);
    fc_memory_give(img->memory, img->held);
    *img = (fc_image){0};
}

static fc_image_options with_defaults(const fc_image_options *opt)
{
    fc_image_options o = opt ? *opt : (fc_image_options){0};

    if (!o.max_pixels)
        o.max_pixels = FC_DEFAULT_MAX_PIXELS;
    if (!o.max_bytes)
        o.max_bytes = FC_DEFAULT_MAX_BYTES;
    return o;
}

static fc_status refuse(const char *name, fc_format format, fc_error *err)
{
    const fc_kind *kind = fc_kind_of(format);

    if (format == FC_FORMAT_UNKNOWN)
        return fc_fail(err, FC_EFORMAT, "%s: not a picture in a format that facecheck knows", name);
    if (!kind->is_picture)
        return fc_fail(err, FC_EFORMAT, "%s: %s, not a picture", name, kind->name);
    return fc_fail(err, FC_EUNSUPPORTED, "%s: %s picture, for which facecheck has no codec", name,
                   kind->name);
}

fc_status fc_image_try(fc_image *img, const fc_source *src, fc_error *err)
{
    fc_format format = fc_sniff(src->bytes, src->n);

    switch (fc_kind_of(format)->decoder) {
    case FC_DECODER_JPEG:
        return fc_jpeg_decode(img, src, err);
    case FC_DECODER_PNG:
        return fc_png_decode(img, src, err);
    case FC_DECODER_BMP:
        return fc_bmp_decode(img, src, err);
    case FC_DECODER_FORMATS:
        return fc_formats_decode(img, src, format, err);
    case FC_DECODER_OPENCV:
        return fc_opencv_decode(img, src, format, err);
    default:
        return refuse(src->name, format, err);
    }
}

bool fc_image_wants_module(fc_format f)
{
    const fc_decoder d = fc_kind_of(f)->decoder;

    return d == FC_DECODER_FORMATS || d == FC_DECODER_OPENCV;
}

void fc_image_prepare(fc_format f)
{
    if (fc_kind_of(f)->decoder == FC_DECODER_FORMATS)
        fc_formats_prepare(f);
    else if (fc_kind_of(f)->decoder == FC_DECODER_OPENCV)
        fc_opencv_prepare();
}

/* Decodes with what claim holds and perhaps more of the budget. FC_END: there is not as much now, come again. The
 * claim passes to the image, as far as its pixels need it; without an image all is given back. */
static fc_status decode_claimed(fc_image *img, const void *bytes, size_t n, const char *name,
                                const fc_image_options *o, fc_claim *claim, fc_error *err)
{
    fc_source src = {.name = name, .bytes = bytes, .n = n, .opt = o, .claim = claim, .began = fc_now()};
    fc_status s = o->sandbox ? fc_sandbox_decode(img, &src, err) : fc_image_try(img, &src, err);

    if (!s)
        s = fc_source_check_time(&src, err);
    uint64_t kept = s ? 0 : img->stride * (uint64_t)img->h * (o->to_be_copied ? 2 : 1);

    if (s)
        fc_image_clear(img);
    if (kept > claim->held)
        kept = claim->held;
    fc_memory_give(o->memory, claim->held - kept);
    img->memory = kept ? o->memory : NULL;
    img->held = kept;
    img->ms = (fc_now() - src.began) * 1000;
    claim->held = 0;
    return s;
}

/* Where the encoded picture comes from: n bytes, or the file called name. */
typedef struct encoded {
    const char *name;
    const void *bytes; /* NULL: the file */
    size_t n;
} encoded;

static fc_status decode_encoded(fc_image *img, const encoded *e, const fc_image_options *o, fc_claim *claim,
                                fc_error *err)
{
    fc_bytes b = {0};
    fc_status s;

    if (e->bytes)
        return decode_claimed(img, e->bytes, e->n, e->name, o, claim, err);
    s = fc_bytes_read_file(&b, e->name, o->max_bytes, err);
    if (s)
        fc_memory_give(o->memory, claim->held);
    else
        s = decode_claimed(img, b.data, b.n, e->name, o, claim, err);
    fc_bytes_clear(&b);
    return s;
}

/* size: what is known of the encoded picture's bytes before it is read; it is taken from the budget first. */
static fc_status load(fc_image *img, const encoded *e, uint64_t size, const fc_image_options *opt,
                      fc_error *err)
{
    enum {
        TRIES = 4
    }; /* more than one where the budget was short, more than two where the file grew as well */
    fc_image_options o = with_defaults(opt);
    fc_claim claim = {.wanted = size};
    fc_status s = FC_END;

    if (o.max_side < 0)
        return fc_fail(err, FC_EUSAGE, "%s: a longest side of %d pixels", e->name, o.max_side);
    if (size > o.max_bytes)
        return fc_fail(err, FC_ELIMIT, "%s: %llu bytes, the limit is %llu", e->name, (unsigned long long)size,
                       (unsigned long long)o.max_bytes);
    for (int i = 0; s == FC_END && i < TRIES; i++) {
        s = fc_memory_take(o.memory, claim.wanted, e->name, err);
        if (s)
            return s;
        claim.held = claim.wanted;
        s = decode_encoded(img, e, &o, &claim, err);
    }
    return s == FC_END ? fc_fail(err, FC_EIO, "%s: grows while it is read", e->name) : s;
}

fc_status fc_image_decode(fc_image *img, const void *bytes, size_t n, const char *name,
                          const fc_image_options *opt, fc_error *err)
{
    *img = (fc_image){0};
    if (n == 0)
        return fc_fail(err, FC_EEMPTY, "%s: empty", name);
    return load(img, &(encoded){.name = name, .bytes = bytes, .n = n}, n, opt, err);
}

/* What reading the file will take; 0 where its size says nothing. */
static uint64_t size_of_file(const char *path)
{
    struct stat st;
    return !stat(path, &st) && S_ISREG(st.st_mode) && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

fc_status fc_image_load(fc_image *img, const char *path, const fc_image_options *opt, fc_error *err)
{
    *img = (fc_image){0};
    return load(img, &(encoded){.name = path}, size_of_file(path), opt, err);
}

fc_status fc_image_turn(fc_image *out, const fc_image *img, int degrees, fc_error *err)
{
    static const fc_image_options as_it_is;
    const fc_source src = {.name = "picture", .opt = &as_it_is};
    const int orientation = degrees == 90 ? 6 : degrees == 180 ? 3 : 8; /* EXIF's */
    fc_rows r = {0};
    fc_status s;

    fc_image_clear(out);
    s = fc_rows_begin(&r, out, &src, img->w, img->h, img->w, img->h, 8,
                      (fc_layout){.channels = FC_RGB, .depth = 8}, orientation, err);
    for (int y = 0; !s && y < img->h; y++)
        fc_rows_put(&r, img->rgb + (size_t)y * img->stride);
    fc_rows_end(&r);
    if (s) {
        fc_image_clear(out);
        return s;
    }
    out->full_w = degrees == 180 ? img->full_w : img->full_h;
    out->full_h = degrees == 180 ? img->full_h : img->full_w;
    return FC_OK;
}
