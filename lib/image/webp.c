#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <webp/decode.h>
#include <webp/demux.h>

#include "base/error.h"
#include "image/formats.h"

/* The picture, or the first of an animation, and where it lies on the canvas. */
typedef struct picture {
    WebPData data;
    uint64_t w, h; /* canvas */
    int x, y;
    int frames;
    WebPBitstreamFeatures is;
} picture;

static fc_status fault(char *why, size_t size, fc_status s, const char *text)
{
    snprintf(why, size, "%s", text);
    return s;
}

static fc_status status_of(VP8StatusCode code, char *why, size_t size)
{
    switch (code) {
    case VP8_STATUS_OUT_OF_MEMORY:
        return fault(why, size, FC_ENOMEM, "out of memory");
    case VP8_STATUS_NOT_ENOUGH_DATA:
        return fault(why, size, FC_ETRUNCATED, "ends too early");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
        return fault(why, size, FC_EUNSUPPORTED, "of a kind that libwebp does not read");
    default:
        return fault(why, size, FC_ECORRUPT, "damaged");
    }
}

/* The first frame's own bytes stay where they are: inside the file. */
static fc_status find_frame(picture *p, char *why, size_t size)
{
    WebPDemuxer *demux = WebPDemux(&p->data);
    WebPIterator frame;
    fc_status s = FC_OK;

    if (!demux)
        return fault(why, size, FC_ECORRUPT, "damaged");
    p->w = WebPDemuxGetI(demux, WEBP_FF_CANVAS_WIDTH);
    p->h = WebPDemuxGetI(demux, WEBP_FF_CANVAS_HEIGHT);
    p->frames = (int)WebPDemuxGetI(demux, WEBP_FF_FRAME_COUNT);
    if (!WebPDemuxGetFrame(demux, 1, &frame)) {
        s = fault(why, size, FC_ECORRUPT, "an animation without pictures");
    } else {
        p->data = frame.fragment;
        p->x = frame.x_offset;
        p->y = frame.y_offset;
        if (!frame.complete)
            s = fault(why, size, FC_ETRUNCATED, "ends too early");
        WebPDemuxReleaseIterator(&frame);
    }
    WebPDemuxDelete(demux);
    return s;
}

static fc_status examine(picture *p, char *why, size_t size)
{
    VP8StatusCode code = WebPGetFeatures(p->data.bytes, p->data.size, &p->is);
    fc_status s = FC_OK;

    if (code)
        return status_of(code, why, size);
    p->w = (uint64_t)p->is.width;
    p->h = (uint64_t)p->is.height;
    p->frames = 1;
    if (p->is.has_animation) {
        s = find_frame(p, why, size);
        code = s ? VP8_STATUS_OK : WebPGetFeatures(p->data.bytes, p->data.size, &p->is);
        if (code)
            s = status_of(code, why, size);
    }
    if (!s && (p->is.has_animation || (uint64_t)p->x + (uint64_t)p->is.width > p->w ||
               (uint64_t)p->y + (uint64_t)p->is.height > p->h))
        s = fault(why, size, FC_ECORRUPT, "a frame is larger than the canvas");
    return s;
}

/* Parts of the canvas that the frame leaves free are transparent. */
static bool is_whole(const picture *p)
{
    return (uint64_t)p->is.width == p->w && (uint64_t)p->is.height == p->h;
}

static fc_layout layout_of(const picture *p)
{
    return (fc_layout){.channels = p->is.has_alpha || !is_whole(p) ? FC_RGB_ALPHA : FC_RGB, .depth = 8};
}

/* What libwebp holds besides its output: some rows, for a lossless picture all pixels, and so for lossless alpha. */
static uint64_t decoder_bytes(const picture *p)
{
    enum { ROWS = 128 };
    uint64_t pixels = (uint64_t)p->is.width * (uint64_t)p->is.height;
    uint64_t n = pixels * fc_layout_pixel(layout_of(p)) + (uint64_t)p->is.width * ROWS;

    if (p->is.format != 1) /* lossless, or not known */
        n += pixels * 4;
    else if (p->is.has_alpha)
        n += pixels * 2;
    return n + p->w * 4;
}

static void put_rows(const picture *p, const uint8_t *rgb, const fc_picture_sink *sink, uint8_t *line)
{
    size_t pixel = fc_layout_pixel(layout_of(p)), stride = (size_t)p->is.width * pixel;

    for (uint64_t y = 0; y < p->h; y++) {
        bool inside = y >= (uint64_t)p->y && y < (uint64_t)p->y + (uint64_t)p->is.height;
        const uint8_t *row = inside ? rgb + (y - (uint64_t)p->y) * stride : NULL;
        if (!is_whole(p)) {
            memset(line, 0, p->w * pixel);
            if (row)
                memcpy(line + (size_t)p->x * pixel, row, stride);
            row = line;
        }
        sink->row(sink->ctx, row);
    }
}

fc_status fc_webp_decode(const uint8_t *bytes, size_t n, const fc_picture_sink *sink, char *why,
                         size_t why_size)
{
    picture p = {.data = {bytes, n}};
    WebPDecoderConfig config;
    uint8_t *rgb = NULL, *line = NULL;
    fc_status s = examine(&p, why, why_size);
    fc_picture_facts facts = {
        .w = p.w, .h = p.h, .tile_w = 1, .tile_h = 1, .orientation = 1, .frames = p.frames};
    size_t stride;

    if (s)
        return s;
    facts.layout = layout_of(&p);
    facts.decoder = decoder_bytes(&p);
    s = sink->begin(sink->ctx, &facts);
    if (s)
        return s;
    stride = (size_t)p.is.width * fc_layout_pixel(facts.layout);
    rgb = reallocarray(NULL, (size_t)p.is.height, stride);
    line = reallocarray(NULL, p.w, fc_layout_pixel(facts.layout));
    if (!rgb || !line || !WebPInitDecoderConfig(&config)) {
        snprintf(why, why_size, FC_OUT_OF_MEMORY, stride * (size_t)p.is.height);
        s = FC_ENOMEM;
        goto out;
    }
    config.output.colorspace = facts.layout.channels == FC_RGB ? MODE_RGB : MODE_RGBA;
    config.output.is_external_memory = 1;
    config.output.u.RGBA =
        (WebPRGBABuffer){.rgba = rgb, .stride = (int)stride, .size = stride * (size_t)p.is.height};
    VP8StatusCode code = WebPDecode(p.data.bytes, p.data.size, &config);
    s = code ? status_of(code, why, why_size) : FC_OK;
    if (!s)
        put_rows(&p, rgb, sink, line);
out:
    free(rgb);
    free(line);
    return s;
}
