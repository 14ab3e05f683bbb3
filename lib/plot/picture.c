#include "plot/picture.h"

#include <math.h>
#include <string.h>

#include "base/error.h"

cairo_surface_t *fc_picture_surface(const fc_image *img)
{
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, img->w, img->h);

    if (cairo_surface_status(s))
        return s;
    for (int y = 0; y < img->h; y++) {
        uint32_t *to = (uint32_t *)(void *)(cairo_image_surface_get_data(s) +
                                            (size_t)y * (size_t)cairo_image_surface_get_stride(s));
        const uint8_t *from = img->rgb + (size_t)y * img->stride;
        for (int x = 0; x < img->w; x++, from += 3)
            to[x] = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
    }
    cairo_surface_mark_dirty(s);
    return s;
}

cairo_surface_t *fc_picture_scaled(const fc_image *img, int width, int height)
{
    cairo_surface_t *full = fc_picture_surface(img),
                    *scaled = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    cairo_t *cr = cairo_create(scaled);

    cairo_scale(cr, (double)width / img->w, (double)height / img->h);
    cairo_set_source_surface(cr, full, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_BEST);
    cairo_pattern_set_extend(cairo_get_source(cr), CAIRO_EXTEND_PAD);
    cairo_paint(cr);
    cairo_destroy(cr);
    cairo_surface_destroy(full);
    return scaled;
}

void fc_picture_read(fc_image *img, cairo_surface_t *s)
{
    const size_t stride = (size_t)cairo_image_surface_get_stride(s);

    cairo_surface_flush(s);
    for (int y = 0; y < img->h; y++) {
        const uint32_t *from = (const void *)(cairo_image_surface_get_data(s) + (size_t)y * stride);
        uint8_t *to = img->rgb + (size_t)y * img->stride;
        for (int x = 0; x < img->w; x++, to += 3) {
            to[0] = (uint8_t)(from[x] >> 16);
            to[1] = (uint8_t)(from[x] >> 8);
            to[2] = (uint8_t)from[x];
        }
    }
}

/* In pixels. */
static int gap_of(const fc_image *img)
{
    const int gap = img->h / 50;

    return gap < 4 ? 4 : gap;
}

static void join(fc_image *out, cairo_surface_t *left, const fc_image *right)
{
    const size_t w = (size_t)(out->w - right->w - gap_of(right));
    fc_image part = {.w = (int)w, .h = out->h, .stride = out->stride, .rgb = out->rgb};

    fc_picture_read(&part, left);
    for (int y = 0; y < out->h; y++) {
        uint8_t *row = out->rgb + (size_t)y * out->stride;
        memset(row + 3 * w, 255, 3 * (size_t)gap_of(right));
        memcpy(row + 3 * (size_t)(out->w - right->w), right->rgb + (size_t)y * right->stride,
               3 * (size_t)right->w);
    }
}

fc_status fc_picture_beside(fc_image *img, const fc_image *left, fc_error *err)
{
    enum { WIDEST = 32767 };
    const double scaled = round((double)left->w * img->h / left->h), w = scaled < 1 ? 1 : scaled,
                 all = w + gap_of(img) + img->w;
    fc_image out;
    fc_status s;

    if (all > WIDEST || img->h > WIDEST)
        return fc_fail(err, FC_ELIMIT, "%.0f x %d pixels side by side, the limit is %d", all, img->h, WIDEST);
    if ((s = fc_image_alloc(&out, (int)all, img->h, err)))
        return s;
    cairo_surface_t *surface = fc_picture_scaled(left, (int)w, img->h);
    if (cairo_surface_status(surface)) {
        s = fc_fail_nomem(err, 0);
        fc_image_clear(&out);
    } else {
        join(&out, surface, img);
        fc_image_clear(img);
        *img = out;
    }
    cairo_surface_destroy(surface);
    return s;
}
