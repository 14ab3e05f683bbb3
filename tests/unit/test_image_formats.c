/* The table of facecheck-images(7), one test a row: what becomes what. Pictures are 32x16, in four quadrants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jpeglib.h>

#include "facecheck.h"

typedef uint8_t quadrants[4][3];

static const quadrants COLOUR = {{200, 30, 40}, {30, 160, 60}, {40, 60, 190}, {220, 210, 50}};
/* v / 31 of 255, and v / 63 for green of 565, to the nearest */
static const quadrants COLOUR555 = {{197, 33, 41}, {33, 156, 58}, {41, 58, 189}, {222, 214, 49}};
static const quadrants COLOUR565 = {{197, 28, 41}, {33, 162, 58}, {41, 61, 189}, {222, 210, 49}};
static const quadrants COLOUR16 = {{200, 21, 40}, {30, 160, 60}, {40, 60, 190}, {255, 0, 128}};
static const quadrants GREY = {{20, 20, 20}, {90, 90, 90}, {170, 170, 170}, {250, 250, 250}};
/* 0x14f0 is nearer to 21 than to its high byte, 20 */
static const quadrants GREY16 = {{21, 21, 21}, {90, 90, 90}, {170, 170, 170}, {255, 255, 255}};
static const quadrants GREY2 = {{0, 0, 0}, {85, 85, 85}, {170, 170, 170}, {170, 170, 170}};
static const quadrants GREY4 = {{17, 17, 17}, {85, 85, 85}, {170, 170, 170}, {238, 238, 238}};
static const quadrants BINARY = {{0, 0, 0}, {255, 255, 255}, {255, 255, 255}, {0, 0, 0}};
/* alpha 255, 0, 128 and 64, over white */
static const quadrants ALPHA = {{200, 30, 40}, {255, 255, 255}, {147, 157, 222}, {246, 244, 204}};
static const quadrants GREY_ALPHA = {{20, 20, 20}, {255, 255, 255}, {212, 212, 212}, {254, 254, 254}};
static const quadrants ONE_CLEAR = {{200, 30, 40}, {255, 255, 255}, {40, 60, 190}, {220, 210, 50}};

typedef struct row {
    const char *file;
    const quadrants *want;
    int tolerance;
} row;

static const row rows[] = {
    {"jpeg-444.jpg", &COLOUR, 2},
    {"jpeg-420.jpg", &COLOUR, 2},
    {"jpeg-progressive.jpg", &COLOUR, 2},
    {"jpeg-grey.jpg", &GREY, 1},
    {"png-grey1.png", &BINARY, 0},
    {"png-grey2.png", &GREY2, 0},
    {"png-grey4.png", &GREY4, 0},
    {"png-grey8.png", &GREY, 0},
    {"png-grey16.png", &GREY16, 0},
    {"png-grey-alpha8.png", &GREY_ALPHA, 0},
    {"png-grey-alpha16.png", &GREY_ALPHA, 0},
    {"png-rgb8.png", &COLOUR, 0},
    {"png-rgb16.png", &COLOUR16, 0},
    {"png-rgba8.png", &ALPHA, 0},
    {"png-rgba16.png", &ALPHA, 0},
    {"png-palette2.png", &COLOUR, 0},
    {"png-palette8.png", &COLOUR, 0},
    {"png-palette-trns.png", &ONE_CLEAR, 0},
    {"png-rgb-trns.png", &ONE_CLEAR, 0},
    {"png-interlaced.png", &COLOUR, 0},
    {"png-animated.png", &COLOUR, 0},
    {"bmp-24.bmp", &COLOUR, 0},
    {"bmp-palette.bmp", &COLOUR, 0},
    {"bmp-32.bmp", &ALPHA, 0},
    {"bmp-32-rgb0.bmp", &COLOUR, 0},
    {"bmp-v4-rgbx.bmp", &COLOUR, 0},
    {"bmp-os2-24.bmp", &COLOUR, 0},
    {"bmp-os2-8.bmp", &COLOUR, 0},
    {"bmp-os2-4.bmp", &COLOUR, 0},
    {"bmp-os2-1.bmp", &BINARY, 0},
    {"bmp-os2-2x.bmp", &COLOUR, 0},
    {"bmp-555.bmp", &COLOUR555, 0},
    {"bmp-555-white.bmp", &BINARY, 0},
    {"bmp-565.bmp", &COLOUR565, 0},
    {"bmp-top-down.bmp", &COLOUR, 0},
    {"bmp-top-down-8.bmp", &COLOUR, 0},
    {"bmp-palette4.bmp", &COLOUR, 0},
    {"bmp-rle8.bmp", &COLOUR, 0},
    {"bmp-rle4.bmp", &COLOUR, 0},
    {"webp-lossy.webp", &COLOUR, 3},
    {"webp-lossless.webp", &COLOUR, 0},
    {"webp-alpha.webp", &ALPHA, 0},
    {"tiff-1bit.tif", &BINARY, 0},
    {"tiff-grey8.tif", &GREY, 0},
    {"tiff-grey16.tif", &GREY16, 0},
    {"tiff-palette.tif", &COLOUR, 0},
    {"tiff-rgb8.tif", &COLOUR, 0},
    {"tiff-rgb16.tif", &COLOUR16, 0},
    {"tiff-rgba8.tif", &ALPHA, 1},
    {"tiff-rgba8-associated.tif", &ALPHA, 1},
    {"tiff-rgba16.tif", &ALPHA, 0},
    {"tiff-cmyk.tif", &COLOUR, 1},
    {"tiff-tiled.tif", &COLOUR, 0},
    {"webp-animated.webp", &COLOUR, 0},
#if FC_WITH_OPENCV
    {"pnm-p1.pbm", &BINARY, 0},
    {"pnm-p2.pgm", &GREY, 0},
    {"pnm-p3.ppm", &COLOUR, 0},
    {"pnm-p4.pbm", &BINARY, 0},
    {"pnm-p5.pgm", &GREY, 0},
    {"pnm-p6.ppm", &COLOUR, 0},
    {"pnm-p6-16.ppm", &COLOUR16, 0},
#endif
    {"jp2-rgb.jp2", &COLOUR, 1},
    {"jp2-rgb.j2k", &COLOUR, 1},
    {"jp2-grey.jp2", &GREY, 1},
    {"jp2-alpha.jp2", &ALPHA, 1},
    {"jp2-rgb16.jp2", &COLOUR16, 1},
    {"jp2-ycc.jp2", &COLOUR, 3},
#if FC_WITH_HEIF
    {"heic-rgb.heic", &COLOUR, 3},
    {"heic-alpha.heic", &ALPHA, 3},
    {"heic-rgb10.heic", &COLOUR, 3},
    {"heic-grey.heic", &GREY, 2},
    {"heic-irot-6.heic", &COLOUR, 3},
    {"avif-rgb.avif", &COLOUR, 3},
    {"avif-alpha.avif", &ALPHA, 3},
    {"avif-rgb10.avif", &COLOUR16, 3},
    {"avif-rgb12.avif", &COLOUR16, 3},
    {"avif-grey.avif", &GREY, 2},
    {"avif-turned-2.avif", &COLOUR, 3},
    {"avif-turned-3.avif", &COLOUR, 3},
    {"avif-turned-4.avif", &COLOUR, 3},
    {"avif-turned-5.avif", &COLOUR, 3},
    {"avif-turned-6.avif", &COLOUR, 3},
    {"avif-turned-7.avif", &COLOUR, 3},
    {"avif-turned-8.avif", &COLOUR, 3},
#endif
    {"exif-6.webp", &COLOUR, 0},
    {"exif-3.tif", &COLOUR, 0},
    {"exif-6.tif", &COLOUR, 0},
    {"exif-1.jpg", &COLOUR, 2},
    {"exif-2.jpg", &COLOUR, 2},
    {"exif-3.jpg", &COLOUR, 2},
    {"exif-4.jpg", &COLOUR, 2},
    {"exif-5.jpg", &COLOUR, 2},
    {"exif-6.jpg", &COLOUR, 2},
    {"exif-7.jpg", &COLOUR, 2},
    {"exif-8.jpg", &COLOUR, 2},
    {"exif-6.png", &COLOUR, 0},
    {"exif-6-text.png", &COLOUR, 0},
    {"exif-6-ztxt.png", &COLOUR, 0},
    {"exif-6-app1.png", &COLOUR, 0},
};

/* The middle of each quadrant, and the pixels next to the middle lines where the picture is not of a lossy kind. */
static void check(const fc_image *img, const quadrants *want, int tolerance)
{
    assert_int_equal(img->w, 32);
    assert_int_equal(img->h, 16);
    assert_int_equal(img->full_w, 32);
    assert_int_equal(img->full_h, 16);
    for (int y = 0; y < 15; y++) {
        for (int x = 0; x < 32; x++) {
            const uint8_t *p = img->rgb + (size_t)y * img->stride + (size_t)x * 3;
            const uint8_t *w = (*want)[(y >= 8) * 2 + (x >= 16)];
            bool middle = (x % 16 == 4 || x % 16 == 11) && (y % 8 == 2 || y % 8 == 5);
            for (int c = 0; c < 3; c++)
                if ((tolerance == 0 || middle) && abs(p[c] - w[c]) > tolerance)
                    fail_msg("pixel %d,%d channel %d: %d, want %d", x, y, c, p[c], w[c]);
        }
    }
}

static void becomes(void **state)
{
    const row *r = *state;
    char path[4096];
    fc_image img = {0};
    fc_error err = {0};

    snprintf(path, sizeof path, "%s/data/formats/%s", getenv("FC_TESTS"), r->file);
    if (fc_image_load(&img, path, NULL, &err))
        fail_msg("%s", err.message);
    check(&img, r->want, r->tolerance);
    fc_image_clear(&img);
}

/* How many pictures there are is told; one of them is taken, at its place on the canvas. */
static void frames_are_counted(void **state)
{
    static const struct {
        const char *file;
        int frames, w, h;
    } files[] = {{"png-animated.png", 2, 32, 16},
                 {"webp-animated.webp", 2, 32, 16},
                 {"webp-animated-part.webp", 1, 36, 18},
                 {"png-rgb8.png", 1, 32, 16}};
    fc_error err;

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[4096];
        fc_image img = {0};
        snprintf(path, sizeof path, "%s/data/formats/%s", getenv("FC_TESTS"), files[i].file);
        if (fc_image_load(&img, path, NULL, &err))
            fail_msg("%s", err.message);
        assert_int_equal(img.frames, files[i].frames);
        assert_int_equal(img.w, files[i].w);
        assert_int_equal(img.h, files[i].h);
        if (files[i].w == 36) { /* what no frame covers is white; the first pixel of the frame is at 4, 2 */
            const uint8_t *p = img.rgb + 2 * img.stride + 3 * 3;
            assert_true(p[0] == 255 && p[1] == 255 && p[2] == 255);
            assert_true(p[3] == 200 && p[4] == 30 && p[5] == 40);
        }
        fc_image_clear(&img);
    }
}

/* ---- JPEG colour spaces that ImageMagick does not write ---- */

typedef struct jpeg_row {
    J_COLOR_SPACE given, stored;
    bool adobe;
    bool arithmetic;
} jpeg_row;

static const jpeg_row CMYK_ADOBE = {JCS_CMYK, JCS_CMYK, true, false};
static const jpeg_row CMYK_PLAIN = {JCS_CMYK, JCS_CMYK, false, false};
static const jpeg_row YCCK_ADOBE = {JCS_CMYK, JCS_YCCK, true, false};
static const jpeg_row RGB_ADOBE = {JCS_RGB, JCS_RGB, true, false};
static const jpeg_row ARITHMETIC = {JCS_RGB, JCS_YCbCr, false, true};

/* COLOUR in the colour space of r. Black ink takes a fifth of the light, the others the rest. */
static unsigned char *encode(const jpeg_row *r, unsigned long *n)
{
    struct jpeg_compress_struct j;
    struct jpeg_error_mgr errors;
    unsigned char *out = NULL;
    uint8_t line[32 * 4];

    j.err = jpeg_std_error(&errors);
    jpeg_create_compress(&j);
    jpeg_mem_dest(&j, &out, n);
    j.image_width = 32;
    j.image_height = 16;
    j.in_color_space = r->given;
    j.input_components = r->given == JCS_CMYK ? 4 : 3;
    jpeg_set_defaults(&j);
    jpeg_set_colorspace(&j, r->stored);
    jpeg_set_quality(&j, 98, TRUE);
    j.write_Adobe_marker = r->adobe;
    j.arith_code = r->arithmetic;
    jpeg_start_compress(&j, TRUE);
    for (int y = 0; y < 16; y++) {
        for (int x = 0; x < 32; x++) {
            const uint8_t *c = COLOUR[(y >= 8) * 2 + (x >= 16)];
            uint8_t *p = line + x * j.input_components;
            if (r->given == JCS_CMYK) {
                int light = 225; /* what black leaves */
                for (int i = 0; i < 3; i++) {
                    int v = c[i] * 255 / light;
                    p[i] = (uint8_t)(r->adobe ? v : 255 - v);
                }
                p[3] = (uint8_t)(r->adobe ? light : 255 - light);
            } else {
                memcpy(p, c, 3);
            }
        }
        JSAMPROW scanline = line;
        jpeg_write_scanlines(&j, &scanline, 1);
    }
    jpeg_finish_compress(&j);
    jpeg_destroy_compress(&j);
    return out;
}

static void jpeg_becomes_colour(void **state)
{
    unsigned long n = 0;
    unsigned char *bytes = encode(*state, &n);
    fc_image img = {0};
    fc_error err = {0};

    if (fc_image_decode(&img, bytes, n, "encoded", NULL, &err))
        fail_msg("%s", err.message);
    check(&img, &COLOUR, 4);
    fc_image_clear(&img);
    free(bytes);
}

/* The arithmetic decoder takes zeros for what is missing, without a warning. */
static void truncated_arithmetic(void **state)
{
    unsigned long n = 0;
    unsigned char *bytes = encode(&ARITHMETIC, &n);
    fc_image img = {0};
    fc_error err = {0};

    (void)state;
    assert_int_equal(fc_image_decode(&img, bytes, n - 20, "encoded", NULL, &err), FC_ETRUNCATED);
    assert_null(img.rgb);
    free(bytes);
}

#define JPEG_TEST(r)                                                                                         \
    {                                                                                                        \
#r, jpeg_becomes_colour, NULL, NULL, (void *)&(r)                                                    \
    }

int main(void)
{
    enum { N = sizeof rows / sizeof *rows };
    struct CMUnitTest table[N];
    const struct CMUnitTest jpeg[] = {
        JPEG_TEST(CMYK_ADOBE),
        JPEG_TEST(CMYK_PLAIN),
        JPEG_TEST(YCCK_ADOBE),
        JPEG_TEST(RGB_ADOBE),
        JPEG_TEST(ARITHMETIC),
        cmocka_unit_test(truncated_arithmetic),
        cmocka_unit_test(frames_are_counted),
    };

    for (size_t i = 0; i < N; i++)
        table[i] = (struct CMUnitTest){rows[i].file, becomes, NULL, NULL, (void *)&rows[i]};
    _cmocka_run_group_tests("files", table, N, NULL, NULL); /* counts in the next one's status (parts.c) */
    return cmocka_run_group_tests_name("JPEG colours", jpeg, NULL, NULL);
}
