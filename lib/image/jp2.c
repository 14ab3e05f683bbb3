#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openjpeg.h>

#include "base/error.h"
#include "image/formats.h"

/* All that a decoder holds, and where it reads. */
typedef struct decoder {
    const uint8_t *bytes;
    size_t n, at;
    const fc_picture_sink *sink;
    char *why;
    size_t why_size;
    bool failed; /* why is told */
    opj_codec_t *codec;
    opj_stream_t *stream;
    opj_image_t *img;
    uint16_t *row;
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

/* ---- what OpenJPEG calls ---- */

static void on_error(const char *message, void *ctx)
{
    decoder *d = ctx;

    if (d->failed)
        return;
    fault(d, FC_ECORRUPT, "%s", message);
    d->why[strcspn(d->why, "\n")] = '\0'; /* messages are one line */
}

static OPJ_SIZE_T input_read(void *to, OPJ_SIZE_T n, void *ctx)
{
    decoder *d = ctx;
    size_t left = d->n - d->at, got = n < left ? n : left;

    memcpy(to, d->bytes + d->at, got);
    d->at += got;
    return got ? got : (OPJ_SIZE_T)-1;
}

static OPJ_OFF_T input_skip(OPJ_OFF_T n, void *ctx)
{
    decoder *d = ctx;
    size_t left = d->n - d->at;

    if (n < 0 || left == 0)
        return -1;
    d->at += (uint64_t)n < left ? (size_t)n : left;
    return n;
}

static OPJ_BOOL input_seek(OPJ_OFF_T to, void *ctx)
{
    decoder *d = ctx;

    if (to < 0 || (uint64_t)to > d->n)
        return OPJ_FALSE;
    d->at = (size_t)to;
    return OPJ_TRUE;
}

static bool open_file(decoder *d)
{
    opj_dparameters_t parameters;

    opj_set_default_decoder_parameters(&parameters);
    d->codec = opj_create_decompress(d->bytes[0] == 0xff ? OPJ_CODEC_J2K : OPJ_CODEC_JP2);
    d->stream = opj_stream_default_create(OPJ_TRUE);
    if (!d->codec || !d->stream)
        return false;
    opj_set_error_handler(d->codec, on_error, d);
    opj_stream_set_read_function(d->stream, input_read);
    opj_stream_set_skip_function(d->stream, input_skip);
    opj_stream_set_seek_function(d->stream, input_seek);
    opj_stream_set_user_data(d->stream, d, NULL);
    opj_stream_set_user_data_length(d->stream, d->n);
    return opj_setup_decoder(d->codec, &parameters) && opj_read_header(d->stream, d->codec, &d->img);
}

/* ---- what the file says ---- */

static bool is_subsampled(const opj_image_t *img)
{
    for (OPJ_UINT32 c = 0; c < img->numcomps; c++)
        if (img->comps[c].dx != 1 || img->comps[c].dy != 1)
            return true;
    return false;
}

/* Who writes chroma of half the size means YCbCr, stated or not. */
static bool is_ycc(const opj_image_t *img)
{
    return img->numcomps >= 3 && (img->color_space == OPJ_CLRSPC_SYCC ||
                                  (img->color_space != OPJ_CLRSPC_SRGB && is_subsampled(img)));
}

/* Of the code stream, before a palette makes more components of one; and of the picture that came of it. */
static fc_status examine(decoder *d)
{
    const opj_image_t *img = d->img;

    if (img->x1 <= img->x0 || img->y1 <= img->y0)
        return fault(d, FC_ECORRUPT, "no width or height");
    if (img->numcomps < 1 || img->numcomps > 4)
        return fault(d, FC_EUNSUPPORTED, "%u components; facecheck reads 1 to 4", img->numcomps);
    if (img->color_space == OPJ_CLRSPC_EYCC)
        return fault(d, FC_EUNSUPPORTED, "colours in e-YCC, which facecheck does not read");
    for (OPJ_UINT32 c = 0; c < img->numcomps; c++) {
        const opj_image_comp_t *comp = &img->comps[c];
        if (!comp->dx || !comp->dy || comp->prec < 1)
            return fault(d, FC_ECORRUPT, "component %u has no size", c);
        if (comp->prec > 16)
            return fault(d, FC_EUNSUPPORTED, "%u bits a sample; facecheck reads up to 16", comp->prec);
    }
    return FC_OK;
}

/* Colours and alpha are known when all is decoded: rows are of the one layout that has room for any. */
static const fc_layout layout = {.channels = FC_RGB_ALPHA, .depth = 16};
enum { WHITE = 65535 };

/* What decoding takes was asked for before the header was read. */
static fc_status begin(decoder *d)
{
    const opj_image_t *img = d->img;
    fc_picture_facts f = {
        .w = img->x1 - img->x0, .h = img->y1 - img->y0, .layout = layout, .orientation = 1, .frames = 1};
    opj_codestream_info_v2_t *info = opj_get_cstr_info(d->codec);

    if (!info)
        return fault(d, FC_ENOMEM, FC_OUT_OF_MEMORY, sizeof *info);
    f.tile_w = info->tdx < f.w ? info->tdx : f.w;
    f.tile_h = info->tdy < f.h ? info->tdy : f.h;
    opj_destroy_cstr_info(&info);
    return d->sink->begin(d->sink->ctx, &f);
}

/* ---- pixels ---- */

/* 0 to white as 0 to WHITE. */
static uint16_t spread(int64_t v, int64_t white)
{
    v = v < 0 ? 0 : v > white ? white : v;
    return (uint16_t)((v * WHITE + white / 2) / white);
}

/* A component's samples in row y of the picture, as each fourth of to. */
static void sample_row(uint16_t *to, const opj_image_comp_t *c, uint32_t w, uint32_t y)
{
    const int64_t white = (INT64_C(1) << c->prec) - 1, zero = c->sgnd ? white / 2 + 1 : 0;
    const uint32_t row = y / c->dy < c->h ? y / c->dy : c->h - 1;
    const OPJ_INT32 *from = c->data + (size_t)row * c->w;

    if (c->prec == 8 && c->dx == 1 && c->w >= w) { /* as most are: no division */
        for (uint32_t x = 0; x < w; x++)
            to[4 * (size_t)x] = spread(from[x] + zero, 255);
        return;
    }
    for (uint32_t x = 0; x < w; x++) {
        const uint32_t column = x / c->dx < c->w ? x / c->dx : c->w - 1;
        to[4 * (size_t)x] = spread(from[column] + zero, white);
    }
}

static uint16_t rounded(double v)
{
    return v <= 0 ? 0 : v >= WHITE ? WHITE : (uint16_t)(v + 0.5);
}

/* By the equations of JFIF, which sYCC has, too. */
static void ycc_to_rgb(uint16_t v[4])
{
    const double y = v[0], cb = v[1] - 128 * 257.0, cr = v[2] - 128 * 257.0;

    v[0] = rounded(y + 1.402 * cr);
    v[1] = rounded(y - 0.344136 * cb - 0.714136 * cr);
    v[2] = rounded(y + 1.772 * cb);
}

/* What the components of a pixel, v, are as red, green, blue and alpha. */
static void to_rgba(uint16_t v[4], const opj_image_t *img, bool ycc)
{
    const bool grey = img->numcomps < 3, alpha = img->numcomps % 2 == 0;

    if (img->numcomps == 4 && img->color_space == OPJ_CLRSPC_CMYK) {
        for (int c = 0; c < 3; c++)
            v[c] = (uint16_t)((uint32_t)(WHITE - v[c]) * (uint32_t)(WHITE - v[3]) / WHITE);
        v[3] = WHITE;
        return;
    }
    if (ycc)
        ycc_to_rgb(v);
    v[3] = !alpha ? WHITE : v[grey ? 1 : 3];
    if (grey)
        v[1] = v[2] = v[0];
    if (alpha &&
        img->comps[img->numcomps - 1].alpha == 2) { /* the colours are multiplied by it: over white */
        for (int c = 0; c < 3; c++)
            v[c] = v[c] < v[3] ? (uint16_t)(v[c] + WHITE - v[3]) : WHITE;
        v[3] = WHITE;
    }
}

static fc_status check_pixels(decoder *d)
{
    fc_status s = examine(d);

    for (OPJ_UINT32 c = 0; !s && c < d->img->numcomps; c++)
        if (!d->img->comps[c].data || !d->img->comps[c].w || !d->img->comps[c].h)
            s = fault(d, FC_ECORRUPT, "component %u is not there", c);
    return s;
}

static fc_status read_pixels(decoder *d, uint32_t w, uint32_t h)
{
    const opj_image_t *img = d->img;
    fc_status s;
    bool ycc;

    if (!opj_decode(d->codec, d->stream, d->img) || !opj_end_decompress(d->codec, d->stream))
        return d->failed ? FC_ECORRUPT : fault(d, FC_ECORRUPT, "damaged");
    if ((s = check_pixels(d)))
        return s;
    d->row = calloc(w, 4 * sizeof *d->row);
    if (!d->row)
        return fault(d, FC_ENOMEM, FC_OUT_OF_MEMORY, w * 4 * sizeof *d->row);
    ycc = is_ycc(img);
    for (uint32_t y = 0; y < h; y++) {
        for (OPJ_UINT32 c = 0; c < img->numcomps; c++)
            sample_row(d->row + c, &img->comps[c], w, y);
        for (uint32_t x = 0; x < w; x++)
            to_rgba(d->row + 4 * (size_t)x, img, ycc);
        d->sink->row(d->sink->ctx, d->row);
    }
    return FC_OK;
}

fc_status fc_jp2_decode(const uint8_t *bytes, size_t n, const fc_picture_sink *sink, char *why,
                        size_t why_size)
{
    decoder d = {.bytes = bytes, .n = n, .sink = sink, .why = why, .why_size = why_size};
    fc_status s = open_file(&d) ? examine(&d) : FC_ECORRUPT;

    if (!s)
        s = begin(&d);
    if (!s)
        s = read_pixels(&d, d.img->x1 - d.img->x0, d.img->y1 - d.img->y0);
    free(d.row);
    if (d.img)
        opj_image_destroy(d.img);
    if (d.codec)
        opj_destroy_codec(d.codec);
    if (d.stream)
        opj_stream_destroy(d.stream);
    return s;
}
