/* HEIC and AVIF: the module facecheck-heif.so, apart because libheif brings codecs, encoders among them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libheif/heif.h>

#include "image/formats.h"

typedef struct decoder {
    const fc_picture_sink *sink;
    char *why;
    size_t why_size;
    struct heif_context *context;
    struct heif_image_handle *handle; /* of the primary picture */
    struct heif_decoding_options *options;
    struct heif_image *img;
    fc_layout layout;
    uint64_t w, h;
    int bits;      /* of a sample */
    uint16_t *row; /* of more than 8 bits; else NULL */
} decoder;

static fc_status fault(decoder *d, fc_status s, const char *text)
{
    snprintf(d->why, d->why_size, "%s", text);
    d->why[strcspn(d->why, "\n")] = '\0'; /* messages are one line */
    return s;
}

static fc_status fault_of(decoder *d, struct heif_error e)
{
    if (e.code == heif_error_Ok)
        return FC_OK;
    if (e.subcode == heif_suberror_Security_limit_exceeded)
        return fault(d, FC_ELIMIT, e.message);
    if (e.subcode == heif_suberror_End_of_data)
        return fault(d, FC_ETRUNCATED, "ends too early");
    if (e.code == heif_error_Memory_allocation_error)
        return fault(d, FC_ENOMEM, e.message);
    if (e.code == heif_error_Unsupported_filetype || e.code == heif_error_Unsupported_feature ||
        e.code == heif_error_Plugin_loading_error)
        return fault(d, FC_EUNSUPPORTED, e.message);
    return fault(d, FC_ECORRUPT, e.message);
}

/* libheif 1.15 leaks the whole of a damaged AVIF that it hands to dav1d, which a server cannot afford; with libaom it does not. */
static bool has_aom(void)
{
    enum { MOST = 16 };
    const struct heif_decoder_descriptor *found[MOST];
    const int n = heif_get_decoder_descriptors(heif_compression_AV1, found, MOST);

    for (int i = 0; i < n; i++) {
        const char *id = heif_decoder_descriptor_get_id_name(found[i]);
        if (id && !strcmp(id, "aom"))
            return true;
    }
    return false;
}

static fc_status open_file(decoder *d, const uint8_t *bytes, size_t n)
{
    fc_status s;

    d->context = heif_context_alloc();
    d->options = heif_decoding_options_alloc();
    if (!d->context || !d->options)
        return fault(d, FC_ENOMEM, "out of memory");
    heif_context_set_max_decoding_threads(d->context, 0);
    d->options->strict_decoding = 1; /* what is damaged would be made up */
    if (has_aom())
        d->options->decoder_id = "aom";
    s = fault_of(d, heif_context_read_from_memory_without_copy(d->context, bytes, n, NULL));
    return s ? s : fault_of(d, heif_context_get_primary_image_handle(d->context, &d->handle));
}

/* What libheif and its codecs hold: the planes as they are decoded, in 16 bits where there are more than 8, at most as many
 * as there are channels; once more where they are turned or pasted from tiles; the codec's notes; and what we ask for. */
static uint64_t decoder_bytes(const decoder *d, uint64_t stored)
{
    const uint64_t sample = d->bits > 8 ? 2 : 1, channels = d->layout.channels == FC_RGB ? 3 : 4;
    const uint64_t pixels = stored > d->w * d->h ? stored : d->w * d->h;

    return pixels * (channels * sample * 3 + 3);
}

static fc_status begin(decoder *d)
{
    const int w = heif_image_handle_get_width(d->handle), h = heif_image_handle_get_height(d->handle);
    const int stored_w = heif_image_handle_get_ispe_width(d->handle),
              stored_h = heif_image_handle_get_ispe_height(d->handle);
    const int luma = heif_image_handle_get_luma_bits_per_pixel(d->handle),
              chroma = heif_image_handle_get_chroma_bits_per_pixel(d->handle);

    if (w < 1 || h < 1 || stored_w < 1 || stored_h < 1)
        return fault(d, FC_ECORRUPT, "no width or height");
    d->bits = luma > chroma ? luma : chroma;
    if (d->bits < 1)
        return fault(d, FC_ECORRUPT, "no depth of samples");
    if (d->bits > 16)
        return fault(d, FC_EUNSUPPORTED, "more than 16 bits a sample");
    d->w = (uint64_t)w;
    d->h = (uint64_t)h;
    d->layout = (fc_layout){
        .channels = heif_image_handle_has_alpha_channel(d->handle) ? FC_RGB_ALPHA : FC_RGB,
        .depth = d->bits > 8 ? 16 : 8,
        .premultiplied = heif_image_handle_is_premultiplied_alpha(d->handle),
    };
    const fc_picture_facts f = {
        .w = d->w,
        .h = d->h,
        .tile_w = (uint64_t)stored_w,
        .tile_h = (uint64_t)stored_h,
        .decoder = decoder_bytes(d, (uint64_t)stored_w * (uint64_t)stored_h),
        .layout = d->layout,
        .orientation = 1, /* libheif turns it; EXIF's does not count beside that */
        .frames = heif_context_get_number_of_top_level_images(d->context),
    };
    return d->sink->begin(d->sink->ctx, &f);
}

static enum heif_chroma chroma_of(fc_layout l)
{
    const bool little = __BYTE_ORDER == __LITTLE_ENDIAN, alpha = l.channels == FC_RGB_ALPHA;

    if (l.depth == 8)
        return alpha ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB;
    if (little)
        return alpha ? heif_chroma_interleaved_RRGGBBAA_LE : heif_chroma_interleaved_RRGGBB_LE;
    return alpha ? heif_chroma_interleaved_RRGGBBAA_BE : heif_chroma_interleaved_RRGGBB_BE;
}

/* Samples of d->bits as samples of 16. */
static const void *widened(decoder *d, const uint8_t *row, unsigned bits)
{
    const size_t n = (size_t)d->w * (d->layout.channels == FC_RGB ? 3 : 4);
    const uint32_t white = (1u << bits) - 1;

    memcpy(d->row, row, n * sizeof *d->row);
    for (size_t i = 0; i < n; i++)
        d->row[i] = (uint16_t)(d->row[i] >= white ? 65535 : (d->row[i] * 65535u + white / 2) / white);
    return d->row;
}

static fc_status read_pixels(decoder *d)
{
    fc_status s = fault_of(
        d, heif_decode_image(d->handle, &d->img, heif_colorspace_RGB, chroma_of(d->layout), d->options));
    int stride = 0;

    if (s)
        return s;
    const uint8_t *rows = heif_image_get_plane_readonly(d->img, heif_channel_interleaved, &stride);
    const int bits = heif_image_get_bits_per_pixel_range(d->img, heif_channel_interleaved);
    if (!rows || heif_image_get_chroma_format(d->img) != chroma_of(d->layout) ||
        (uint64_t)heif_image_get_width(d->img, heif_channel_interleaved) != d->w ||
        (uint64_t)heif_image_get_height(d->img, heif_channel_interleaved) != d->h || stride < 0 ||
        (size_t)stride < d->w * fc_layout_pixel(d->layout))
        return fault(d, FC_ECORRUPT, "its pixels are others than it states");
    if (d->layout.depth == 16 && (bits < 1 || bits > 16))
        return fault(d, FC_ECORRUPT, "its depth is another than it states");
    if (d->layout.depth == 16)
        d->row = reallocarray(NULL, d->w, fc_layout_pixel(d->layout));
    if (d->layout.depth == 16 && !d->row)
        return fault(d, FC_ENOMEM, "out of memory");
    for (uint64_t y = 0; y < d->h; y++) {
        const uint8_t *row = rows + y * (size_t)stride;
        d->sink->row(d->sink->ctx, d->layout.depth == 16 ? widened(d, row, (unsigned)bits) : row);
    }
    return FC_OK;
}

fc_status fc_heif_decode(const uint8_t *bytes, size_t n, const fc_picture_sink *sink, char *why,
                         size_t why_size)
{
    decoder d = {.sink = sink, .why = why, .why_size = why_size};
    fc_status s = open_file(&d, bytes, n);

    if (!s)
        s = begin(&d);
    if (!s)
        s = read_pixels(&d);
    free(d.row);
    if (d.img)
        heif_image_release(d.img);
    if (d.handle)
        heif_image_handle_release(d.handle);
    if (d.options)
        heif_decoding_options_free(d.options);
    if (d.context)
        heif_context_free(d.context);
    return s;
}

/* libheif 1.15 has libde265, which decodes HEIC, start a thread, does not look at the answer, and waits for it for ever where a limit
 * allows none. What libheif calls is found here before it is in libde265, which decodes on the calling thread then. */
__attribute__((visibility("default"))) extern int de265_start_worker_threads(void *context, int n);

int de265_start_worker_threads(void *context, int n)
{
    (void)context;
    (void)n;
    return 0; /* DE265_OK */
}

__attribute__((visibility("default"))) extern const fc_heif_api fc_heif;

const fc_heif_api fc_heif = {FC_VERSION, fc_heif_decode};
