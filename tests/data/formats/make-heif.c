/* Makes the HEIC and AVIF pictures of this folder: cc make-heif.c -lheif && ./a.out */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libheif/heif.h>

static const uint8_t colours[4][4] = {
    {200, 30, 40, 255}, {30, 160, 60, 0}, {40, 60, 190, 128}, {220, 210, 50, 64}};
static const uint8_t greys[4] = {20, 90, 170, 250};

typedef struct kind {
    const char *name;
    enum heif_compression_format format;
    int channels; /* 1, 3 or 4 */
    int bits;
    int orientation;
} kind;

static const kind kinds[] = {
    {"heic-rgb.heic", heif_compression_HEVC, 3, 8, 1},
    {"heic-alpha.heic", heif_compression_HEVC, 4, 8, 1},
    {"heic-rgb10.heic", heif_compression_HEVC, 3, 10, 1},
    {"heic-grey.heic", heif_compression_HEVC, 1, 8, 1},
    {"avif-rgb.avif", heif_compression_AV1, 3, 8, 1},
    {"avif-alpha.avif", heif_compression_AV1, 4, 8, 1},
    {"avif-grey.avif", heif_compression_AV1, 1, 8, 1},
    {"heic-irot-6.heic", heif_compression_HEVC, 3, 8, 6},
    {"avif-turned-2.avif", heif_compression_AV1, 3, 8, 2},
    {"avif-turned-3.avif", heif_compression_AV1, 3, 8, 3},
    {"avif-turned-4.avif", heif_compression_AV1, 3, 8, 4},
    {"avif-turned-5.avif", heif_compression_AV1, 3, 8, 5},
    {"avif-turned-6.avif", heif_compression_AV1, 3, 8, 6},
    {"avif-turned-7.avif", heif_compression_AV1, 3, 8, 7},
    {"avif-turned-8.avif", heif_compression_AV1, 3, 8, 8},
};

static void check(const char *name, struct heif_error e)
{
    if (e.code) {
        fprintf(stderr, "%s: %s\n", name, e.message);
        exit(1);
    }
}

/* Which quadrant is at x, y of the picture as it is stored with EXIF's orientation o, upright 32 x 16. */
static int quadrant(int x, int y, int w, int h, int o)
{
    const int u = w - 1 - x, v = h - 1 - y;
    const int at[9][2] = {{0, 0}, {x, y}, {u, y}, {u, v}, {x, v}, {y, x}, {v, x}, {v, u}, {y, u}};

    return (at[o][1] >= 8) * 2 + (at[o][0] >= 16);
}

static struct heif_image *paint(const kind *k)
{
    const int w = k->orientation >= 5 ? 16 : 32, h = k->orientation >= 5 ? 32 : 16;
    const int grey = k->channels == 1, wide = k->bits > 8;
    const enum heif_chroma chroma = grey               ? heif_chroma_monochrome
                                    : k->channels == 4 ? heif_chroma_interleaved_RGBA
                                    : wide             ? heif_chroma_interleaved_RRGGBB_LE
                                                       : heif_chroma_interleaved_RGB;
    const enum heif_channel channel = grey ? heif_channel_Y : heif_channel_interleaved;
    struct heif_image *img = NULL;
    int stride = 0;

    check(k->name,
          heif_image_create(w, h, grey ? heif_colorspace_monochrome : heif_colorspace_RGB, chroma, &img));
    check(k->name, heif_image_add_plane(img, channel, w, h, k->bits));
    uint8_t *plane = heif_image_get_plane(img, channel, &stride);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const int q = quadrant(x, y, w, h, k->orientation);
            for (int c = 0; c < k->channels; c++) {
                const int v = grey ? greys[q] : colours[q][c], at = x * k->channels + c;
                const int most = (1 << k->bits) - 1, v16 = (v * most + 127) / 255;
                if (wide) {
                    plane[y * stride + 2 * at] = (uint8_t)v16;
                    plane[y * stride + 2 * at + 1] = (uint8_t)(v16 >> 8);
                } else {
                    plane[y * stride + at] = (uint8_t)v;
                }
            }
        }
    return img;
}

int main(void)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const kind *k = &kinds[i];
        struct heif_context *context = heif_context_alloc();
        struct heif_encoder *encoder = NULL;
        struct heif_encoding_options *options = heif_encoding_options_alloc();
        struct heif_image *img = paint(k);
        check(k->name, heif_context_get_encoder_for_format(context, k->format, &encoder));
        check(k->name, heif_encoder_set_lossy_quality(encoder, 95));
        options->image_orientation = k->orientation;
        check(k->name, heif_context_encode_image(context, img, encoder, options, NULL));
        check(k->name, heif_context_write_to_file(context, k->name));
        heif_image_release(img);
        heif_encoding_options_free(options);
        heif_encoder_release(encoder);
        heif_context_free(context);
    }
    return 0;
}
