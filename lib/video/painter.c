#include "video/painter.h"

#include "base/error.h"
#include "base/memory.h"
#include "image/image.h"
#include "image/rows.h"
#include "video/feed.h"

fc_status fc_painter_open(fc_painter *p, const char *name, const fc_image_options *picture, fc_error *err)
{
    fc_status s;

    *p = (fc_painter){.name = name};
    if (picture)
        p->picture = *picture;
    if (!p->picture.max_pixels || p->picture.max_pixels > FC_FRAME_MAX_PIXELS)
        p->picture.max_pixels = FC_FRAME_MAX_PIXELS;
    s = fc_feed_api(&p->api, name, err);
    return s ? s : p->api->paint_new(&p->paint, name, err);
}

void fc_painter_close(fc_painter *p)
{
    if (p->paint)
        p->api->paint_free(p->paint);
    *p = (fc_painter){0};
}

static fc_status paint(fc_painter *p, const fc_av_still *still, const fc_av_frame *f, const fc_source *src,
                       fc_image *img, fc_error *err)
{
    const uint8_t *rgb;
    size_t stride;
    fc_rows rows = {0};
    fc_status s = p->api->rgb(p->paint, still, &rgb, &stride, err);

    if (!s)
        s = fc_rows_begin(&rows, img, src, f->w, f->h, f->w, f->h, 8,
                          (fc_layout){.channels = FC_RGB, .depth = 8}, f->orientation, err);
    for (int y = 0; !s && y < f->h; y++)
        fc_rows_put(&rows, rgb + (size_t)y * stride);
    fc_rows_end(&rows);
    return s;
}

fc_status fc_painter_take(fc_painter *p, const fc_av_still *still, const fc_av_frame *f, fc_image *img,
                          fc_error *err)
{
    const fc_source src = {.name = p->name, .opt = &p->picture};
    const uint64_t bytes =
        fc_rows_bytes(&src, (uint64_t)f->w, (uint64_t)f->h, (uint64_t)f->w, (uint64_t)f->h) +
        (uint64_t)f->w * (uint64_t)f->h * (p->picture.to_be_copied ? 6 : 3);
    fc_status s = fc_memory_take(p->picture.memory, bytes, p->name, err);

    *img = (fc_image){0};
    if (s)
        return s;
    s = paint(p, still, f, &src, img, err);
    if (s) {
        fc_image_clear(img);
        fc_memory_give(p->picture.memory, bytes);
        return s;
    }
    img->memory = p->picture.memory;
    img->held = img->memory ? bytes : 0;
    return FC_OK;
}
