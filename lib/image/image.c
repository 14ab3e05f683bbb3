#include "image/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/size.h"
#include "image/jpeg.h"
#include "image/opencv.h"
#include "image/png.h"
#include "image/rows.h"
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

fc_status fc_image_decode(fc_image *img, const void *bytes, size_t n, const char *name,
                          const fc_image_options *opt, fc_error *err)
{
    fc_image_options o = with_defaults(opt);
    fc_source src = {.name = name, .bytes = bytes, .n = n, .opt = &o};
    fc_format format;
    fc_status s;

    *img = (fc_image){0};
    if (o.max_side < 0)
        return fc_fail(err, FC_EUSAGE, "%s: a longest side of %d pixels", name, o.max_side);
    if (n == 0)
        return fc_fail(err, FC_EEMPTY, "%s: empty", name);
    if (n > o.max_bytes)
        return fc_fail(err, FC_ELIMIT, "%s: %zu bytes, the limit is %llu", name, n,
                       (unsigned long long)o.max_bytes);
    format = fc_sniff(bytes, n);
    switch (fc_kind_of(format)->decoder) {
    case FC_DECODER_JPEG:
        s = fc_jpeg_decode(img, &src, err);
        break;
    case FC_DECODER_PNG:
        s = fc_png_decode(img, &src, err);
        break;
    case FC_DECODER_OPENCV:
        s = fc_opencv_decode(img, &src, format, err);
        break;
    default:
        return refuse(name, format, err);
    }
    if (s)
        fc_image_clear(img);
    return s;
}

fc_status fc_image_load(fc_image *img, const char *path, const fc_image_options *opt, fc_error *err)
{
    fc_bytes b = {0};
    fc_status s;

    *img = (fc_image){0};
    s = fc_bytes_read_file(&b, path, with_defaults(opt).max_bytes, err);
    if (!s)
        s = fc_image_decode(img, b.data, b.n, path, opt, err);
    fc_bytes_clear(&b);
    return s;
}
