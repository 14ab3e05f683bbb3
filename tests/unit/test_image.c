/* Decoding in general: what is loaded, pixels, limits, broken files, reduction, orientation, writing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/codec.h"
#include "facecheck.h"
#include "image/exif.h"
#include "image/reduce.h"
#include "image/rgb.h"

static char *in_tests(const char *file)
{
    char *path = NULL;
    assert_true(asprintf(&path, "%s/%s", getenv("FC_TESTS"), file) > 0);
    return path;
}

static fc_status load(fc_image *img, const char *file, const fc_image_options *opt, fc_error *err)
{
    char *path = in_tests(file);
    fc_status s;

    memset(err, 0, sizeof *err);
    s = fc_image_load(img, path, opt, err);
    if (s) {
        assert_null(img->rgb);
        assert_int_equal(err->status, s);
        assert_int_equal(strncmp(err->message, path, strlen(path)), 0);
        assert_null(strchr(err->message, '\n'));
    }
    free(path);
    return s;
}

static fc_image must_load(const char *file, const fc_image_options *opt)
{
    fc_image img = {0};
    fc_error err;

    if (load(&img, file, opt, &err))
        fail_msg("%s", err.message);
    return img;
}

static fc_bytes must_read(const char *file)
{
    char *path = in_tests(file);
    fc_bytes b = {0};
    fc_error err;

    if (fc_bytes_read_file(&b, path, 1 << 24, &err))
        fail_msg("%s", err.message);
    free(path);
    return b;
}

static const uint8_t *at(const fc_image *img, int x, int y)
{
    return img->rgb + (size_t)y * img->stride + (size_t)x * 3;
}

static bool same(const fc_image *a, const fc_image *b)
{
    if (a->w != b->w || a->h != b->h)
        return false;
    for (int y = 0; y < a->h; y++)
        if (memcmp(at(a, 0, y), at(b, 0, y), (size_t)a->w * 3) != 0)
            return false;
    return true;
}

/* ---- what is loaded ---- */

static bool mapped(const char *library)
{
    char line[4096];
    bool found = false;
    FILE *f = fopen("/proc/self/maps", "re");

    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        found |= strstr(line, library) != NULL;
    fclose(f);
    return found;
}

/* Runs first: nothing in this process has asked for another format yet. */
static void codecs_only_on_demand(void **state)
{
    fc_image jpeg = must_load("data/photos/grace_hopper.jpg", NULL);
    fc_image png = must_load("data/photos/astronaut.png", NULL);
    fc_image img = {0};
    fc_error err;

    (void)state;
    /* refused without asking a codec */
    assert_int_equal(load(&img, "bad/text.jpg", NULL, &err), FC_EFORMAT);
    assert_int_equal(load(&img, "bad/header-30000.bmp", NULL, &err), FC_ELIMIT);
    assert_int_equal(load(&img, "bad/known.gif", NULL, &err), FC_EUNSUPPORTED);
    assert_false(mapped("opencv"));
    assert_false(mapped("libtiff"));
    assert_false(mapped("libheif"));
    img = must_load("data/formats/tiff-rgb8.tif", NULL);
    assert_true(mapped("libtiff"));
    assert_false(mapped("opencv"));
    assert_false(mapped("libheif"));
    fc_image_clear(&img);
#if FC_WITH_HEIF
    img = must_load("data/formats/heic-rgb.heic", NULL);
    assert_true(mapped("libheif"));
    fc_image_clear(&img);
#else
    assert_int_equal(load(&img, "data/formats/heic-rgb.heic", NULL, &err), FC_EUNSUPPORTED);
    assert_non_null(strstr(err.message, "without libheif"));
#endif
#if FC_WITH_OPENCV
    img = must_load("data/formats/pnm-p6.ppm", NULL);
    assert_true(mapped("opencv"));
    fc_image_clear(&img);
#else
    assert_int_equal(load(&img, "data/formats/pnm-p6.ppm", NULL, &err), FC_EUNSUPPORTED);
#endif
    fc_image_clear(&jpeg);
    fc_image_clear(&png);
}

/* ---- pixels ---- */

/* SHA-256 of the RGB bytes that PIL 9.4 decodes. */
static void same_pixels_as_pil(void **state)
{
    static const struct {
        const char *file, *sha256;
    } photos[] = {
        {"data/photos/grace_hopper.jpg", "f7f982de68dd296af67ee51b2a95a2e5658f7bf064c6536520b66bae8d01fc34"},
        {"data/photos/grace_hopper_512x512.jpg",
         "601d779cd7f3b005d8a6b184af0c35d884889a472a3d77bd1e9fa43e07e07be3"},
        {"data/photos/sample1.jpg", "2494a66c81faf4784cc20faf2967ee116de0bce4b53acbf7a53c19da3f0db538"},
        {"data/photos/astronaut.png", "a8c429c18afa7b0fd5673e598d73a21225d94c864a71bbb3885126fdecb41071"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof photos / sizeof *photos; i++) {
        fc_image img = must_load(photos[i].file, NULL);
        char hex[FC_SHA256_HEX];
        assert_int_equal(img.stride, img.w * 3);
        fc_sha256_hex(hex, img.rgb, img.stride * (size_t)img.h);
        assert_string_equal(hex, photos[i].sha256);
        fc_image_clear(&img);
    }
}

/* A file that lacks nothing but its EOI marker, goes on after it, or has bytes between its markers is whole. */
static void jpeg_ends(void **state)
{
    fc_bytes b = must_read("data/photos/grace_hopper.jpg");
    fc_image whole = must_load("data/photos/grace_hopper.jpg", NULL), img = {0};
    fc_error err;

    (void)state;
    assert_int_equal(b.data[b.n - 1], 0xd9);
    assert_int_equal(fc_image_decode(&img, b.data, b.n - 2, "x", NULL, &err), FC_OK);
    assert_true(same(&img, &whole));
    fc_image_clear(&img);
    assert_int_equal(fc_image_decode(&img, b.data, b.n - 40, "x", NULL, &err), FC_ETRUNCATED);
    /* bytes between two markers */
    uint8_t *tables = memmem(b.data, b.n, "\xff\xdb", 2), *extra = malloc(b.n + 3);
    size_t before = (size_t)(tables - b.data);
    assert_non_null(tables);
    memcpy(extra, b.data, before);
    memcpy(extra + before, "xyz", 3);
    memcpy(extra + before + 3, tables, b.n - before);
    assert_int_equal(fc_image_decode(&img, extra, b.n + 3, "x", NULL, &err), FC_OK);
    assert_true(same(&img, &whole));
    fc_image_clear(&img);
    free(extra);
    b.data = realloc(b.data, b.n + 100);
    memset(b.data + b.n, 'x', 100);
    assert_int_equal(fc_image_decode(&img, b.data, b.n + 100, "x", NULL, &err), FC_OK);
    assert_true(same(&img, &whole));
    fc_image_clear(&img);
    fc_image_clear(&whole);
    fc_bytes_clear(&b);
}

/* No prefix of a file is a picture, but where all pixels are there. */
static void every_prefix_fails(void **state)
{
    static const struct {
        const char *file;
        size_t may_pass;
    } files[] = {
        {"data/formats/jpeg-420.jpg", 2}, /* the EOI */
        {"data/formats/jpeg-progressive.jpg", 0},
        {"data/formats/png-rgb8.png", 0},
        {"data/formats/png-interlaced.png", 0},
        {"data/formats/webp-lossy.webp", 0},
        {"data/formats/webp-animated.webp", 0},
        {"data/formats/tiff-rgb8.tif", 64}, /* the resolution */
        {"data/formats/bmp-24.bmp", 0},
        {"data/formats/bmp-rle8.bmp", 1}, /* the end of the end */
        {"data/formats/bmp-rle4.bmp", 1},
#if FC_WITH_OPENCV
        {"data/formats/pnm-p6.ppm", 0},
#endif
    };

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        fc_bytes b = must_read(files[i].file);
        fc_image whole = must_load(files[i].file, NULL), img = {0};
        size_t passed = 0;
        for (size_t n = 0; n < b.n; n++) {
            fc_error err = {0};
            fc_status s = fc_image_decode(&img, b.data, n, "prefix", NULL, &err);
            if (s) {
                assert_null(img.rgb);
                assert_int_equal(strncmp(err.message, "prefix: ", 8), 0);
            } else {
                assert_true(same(&img, &whole));
                passed++;
            }
            fc_image_clear(&img);
        }
        assert_in_range(passed, 0, files[i].may_pass);
        fc_image_clear(&whole);
        fc_bytes_clear(&b);
    }
}

/* ---- broken files ---- */

typedef struct bad_row {
    const char *file;
    fc_status want;
    const char *message; /* part of it */
} bad_row;

static const bad_row bad[] = {
    {"bad/no-such-file.jpg", FC_EMISSING, "No such file"},
    {"bad", FC_EIO, "directory"},
    {"bad/empty.jpg", FC_EEMPTY, "empty"},
    {"bad/text.jpg", FC_EFORMAT, "not a picture in a format that facecheck knows"},
    {"bad/garbage.jpg", FC_ECORRUPT, "JPEG"},
    {"bad/corrupt.jpg", FC_ECORRUPT, "Corrupt JPEG data"},
    {"bad/truncated.jpg", FC_ETRUNCATED, "ends too early"},
    {"bad/truncated-header.jpg", FC_ETRUNCATED, "ends too early"},
    {"bad/truncated-progressive.jpg", FC_ETRUNCATED, "ends too early"},
    {"bad/truncated.png", FC_ETRUNCATED, "ends too early"},
    {"bad/bad-checksum.png", FC_ECORRUPT, "CRC"},
    {"bad/zero.png", FC_ECORRUPT, "IHDR"},
    {"bad/truncated.bmp", FC_ETRUNCATED, "the BMP ends too early"},
    {"bad/truncated.webp", FC_ETRUNCATED, "the WebP ends too early"},
    {"bad/truncated.tif", FC_ETRUNCATED, "the TIFF ends too early"},
    {"bad/truncated.ppm", FC_ETRUNCATED, "the PNM ends too early"},
    {"bad/header-30000.jpg", FC_ELIMIT, "30000 x 30000 pixels, the limit is 200000000"},
    {"bad/header-30000.png", FC_ELIMIT, "30000 x 30000 pixels, the limit is 200000000"},
    {"bad/header-30000.bmp", FC_ELIMIT, "30000 x 30000 pixels, the limit is 200000000"},
    {"bad/header-30000.webp", FC_ELIMIT, "30000 x 30000 pixels, the limit is 200000000"},
    {"bad/header-30000.tif", FC_ELIMIT, "30000 x 30000 pixels, the limit is 200000000"},
    {"bad/header-30000.ppm", FC_ELIMIT, "30000 x 30000 pixels, the limit is 200000000"},
    {"bad/header-30000.j2k", FC_ELIMIT, "30000 x 30000 pixels, the limit is 200000000"},
    {"bad/known.gif", FC_EUNSUPPORTED, "GIF picture, for which facecheck has no codec"},
    {"bad/truncated.jp2", FC_ECORRUPT, "JPEG 2000: Tile part length"},
#if FC_WITH_HEIF
    {"bad/beginning.heic", FC_ECORRUPT, "HEIC: Invalid input: No 'meta' box"},
    {"bad/beginning.avif", FC_ECORRUPT, "AVIF: Invalid input: No 'meta' box"},
    {"bad/truncated.heic", FC_ETRUNCATED, "HEIC: ends too early"},
    {"bad/truncated.avif", FC_ETRUNCATED, "AVIF: ends too early"},
    {"bad/header-30000.heic", FC_ELIMIT, "30000 x 30000 pixels, the limit is 200000000"},
    {"bad/header-30000.avif", FC_ELIMIT, "30000 x 30000 pixels, the limit is 200000000"},
    {"bad/header-65535.heic", FC_ELIMIT, "65535x65535"},
    {"bad/header-65535.avif", FC_ELIMIT, "65535x65535"},
    {"bad/states-16.heic", FC_ECORRUPT, "its pixels are others than it states"},
    {"bad/states-16.avif", FC_ECORRUPT, "its pixels are others than it states"},
#endif
    {"bad/white-15.pgm", FC_EUNSUPPORTED, "white is 15"},
    {"bad/ios.png", FC_EUNSUPPORTED, "CgBI"},
    {"bad/frame-outside.webp", FC_ECORRUPT, "WebP: "},
    {"bad/float.tif", FC_EUNSUPPORTED, "neither 8 nor 16 bits a sample"},
    {"bad/corrupt.tif", FC_ECORRUPT, "TIFF: "},
};

static void is_refused(void **state)
{
    const bad_row *r = *state;
    fc_image img = {0};
    fc_error err;

    assert_int_equal(load(&img, r->file, NULL, &err), r->want);
    if (!strstr(err.message, r->message))
        fail_msg("'%s' lacks '%s'", err.message, r->message);
}

/* The codecs' own messages do not reach stderr. */
static void nothing_is_printed(void **state)
{
    FILE *to = tmpfile();
    int kept = dup(STDERR_FILENO);
    fc_image img = {0};
    fc_error err;

    (void)state;
    assert_non_null(to);
    fflush(stderr);
    dup2(fileno(to), STDERR_FILENO);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        load(&img, bad[i].file, NULL, &err);
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    assert_int_equal(fseek(to, 0, SEEK_END), 0);
    assert_int_equal(ftell(to), 0);
    fclose(to);
}

static void one_pixel(void **state)
{
    fc_image_options small = {.max_side = 1};
    fc_image img = must_load("bad/1x1.png", NULL);
    const uint8_t want[3] = {10, 20, 30};

    (void)state;
    assert_int_equal(img.w, 1);
    assert_int_equal(img.h, 1);
    assert_memory_equal(img.rgb, want, 3);
    fc_image_clear(&img);
    img = must_load("bad/1x1.png", &small);
    assert_memory_equal(img.rgb, want, 3);
    fc_image_clear(&img);
}

static void limits(void **state)
{
    fc_image_options o = {.max_pixels = 512 * 600};
    fc_image img = must_load("data/photos/grace_hopper.jpg", &o);
    fc_error err;

    (void)state;
    fc_image_clear(&img);
    o.max_pixels--;
    assert_int_equal(load(&img, "data/photos/grace_hopper.jpg", &o, &err), FC_ELIMIT);
    assert_non_null(strstr(err.message, "512 x 600 pixels, the limit is 307199"));
    /* the limit is on the picture as it is in the file */
    o.max_side = 10;
    assert_int_equal(load(&img, "data/photos/grace_hopper.jpg", &o, &err), FC_ELIMIT);
    o = (fc_image_options){.max_bytes = 61306};
    img = must_load("data/photos/grace_hopper.jpg", &o);
    fc_image_clear(&img);
    o.max_bytes--;
    assert_int_equal(load(&img, "data/photos/grace_hopper.jpg", &o, &err), FC_ELIMIT);
    assert_non_null(strstr(err.message, "61306 bytes, the limit is 61305"));
    assert_int_equal(
        fc_image_decode(&img, "\xff\xd8\xff", 3, "three", &(fc_image_options){.max_bytes = 2}, &err),
        FC_ELIMIT);
    assert_int_equal(
        fc_image_decode(&img, "\xff\xd8\xff", 3, "three", &(fc_image_options){.max_side = -1}, &err),
        FC_EUSAGE);
    assert_int_equal(fc_image_decode(&img, "", 0, "none", NULL, NULL), FC_EEMPTY);
}

/* ---- reduction ---- */

/* The average of the area of img that pixel x, y of a to_w x to_h picture covers, by the definition. */
static double area_average(const fc_image *img, int x, int y, int to_w, int to_h, int c)
{
    double x0 = (double)x * img->w / to_w, x1 = (double)(x + 1) * img->w / to_w;
    double y0 = (double)y * img->h / to_h, y1 = (double)(y + 1) * img->h / to_h, sum = 0, area = 0;

    for (int v = (int)y0; v < img->h && v < y1; v++) {
        for (int u = (int)x0; u < img->w && u < x1; u++) {
            double a = ((u + 1 < x1 ? u + 1 : x1) - (u > x0 ? u : x0)) *
                       ((v + 1 < y1 ? v + 1 : y1) - (v > y0 ? v : y0));
            sum += a * at(img, u, v)[c];
            area += a;
        }
    }
    return sum / area;
}

/* The largest, and the mean difference of img to what full is when reduced to its size. */
static void compare_to_average(const fc_image *img, const fc_image *full, double *most, double *mean)
{
    *most = *mean = 0;
    for (int y = 0; y < img->h; y++) {
        for (int x = 0; x < img->w; x++) {
            for (int c = 0; c < 3; c++) {
                double d = at(img, x, y)[c] - area_average(full, x, y, img->w, img->h, c);
                d = d < 0 ? -d : d;
                *mean += d;
                *most = d > *most ? d : *most;
            }
        }
    }
    *mean /= 3.0 * img->w * img->h;
}

static void max_side_averages(void **state)
{
    static const int sides[] = {511, 500, 333, 256, 100, 7, 1};
    fc_image full = must_load("data/photos/astronaut.png", NULL);
    double most, mean;

    (void)state;
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        fc_image_options o = {.max_side = sides[i]};
        fc_image img = must_load("data/photos/astronaut.png", &o);
        assert_int_equal(img.w, sides[i]);
        assert_int_equal(img.h, sides[i]);
        assert_int_equal(img.full_w, 512);
        assert_int_equal(img.full_h, 512);
        compare_to_average(&img, &full, &most, &mean);
        assert_true(most < 0.51);
        fc_image_clear(&img);
    }
    fc_image_clear(&full);
}

/* JPEG: decoded at n/8, then averaged. That is not the same as averaging all pixels, but near to it: chroma that is
 * stored at half size is not smoothed, and edges keep a little more of their contrast. */
static void max_side_of_jpeg(void **state)
{
    static const struct {
        int side, w, h;
        double mean;
    } sizes[] = {{959, 959, 639, 0.3}, {700, 700, 467, 0.8}, {480, 480, 320, 0.8},
                 {300, 300, 200, 1.2}, {119, 119, 79, 3.0},  {5, 5, 3, 0.5}};
    fc_image full = must_load("data/photos/sample1.jpg", NULL);
    double most, mean;

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        fc_image_options o = {.max_side = sizes[i].side};
        fc_image img = must_load("data/photos/sample1.jpg", &o);
        assert_int_equal(img.w, sizes[i].w);
        assert_int_equal(img.h, sizes[i].h);
        assert_int_equal(img.full_w, 960);
        assert_int_equal(img.full_h, 640);
        compare_to_average(&img, &full, &most, &mean);
        if (mean >= sizes[i].mean)
            fail_msg("side %d: mean difference %g, largest %g", sizes[i].side, mean, most);
        fc_image_clear(&img);
    }
    fc_image_clear(&full);
}

static void max_side_not_exceeded(void **state)
{
    fc_image_options o = {.max_side = 960};
    fc_image img = must_load("data/photos/sample1.jpg", &o);
    fc_image full = must_load("data/photos/sample1.jpg", NULL);

    (void)state;
    assert_true(same(&img, &full));
    fc_image_clear(&img);
    o.max_side = 100000;
    img = must_load("data/photos/sample1.jpg", &o);
    assert_true(same(&img, &full));
    fc_image_clear(&img);
    fc_image_clear(&full);
}

/* x of the small picture is (x + 0.5) full_w / w - 0.5 of the full one, also where a JPEG decoded at n/8 ends within
 * its last pixel: a ramp reads the same in both. */
static void max_side_mapping(void **state)
{
    enum { W = 601, H = 3 };
    double sum[W];
    fc_reduce *r = NULL;
    fc_error err;
    uint8_t row[151 * 3], out[100 * 3];

    (void)state;
    /* at 2/8, 601 pixels are 150.25, in 151; the ramp of the full picture is x / 4 */
    for (int x = 0; x < W; x++)
        sum[x] = x / 4.0;
    for (int x = 0; x < 151; x++) {
        double v = 0;
        int n = 0;
        for (int u = x * 4; u < W && u < x * 4 + 4; u++, n++)
            v += sum[u];
        row[x * 3] = row[x * 3 + 1] = row[x * 3 + 2] = (uint8_t)(v / n + 0.5);
    }
    assert_int_equal(fc_reduce_new(&r, 151, W * 2 / 8.0, 1.0, 100, 1, &err), FC_OK);
    fc_reduce_push(r, row);
    assert_true(fc_reduce_pull(r, out));
    assert_false(fc_reduce_pull(r, out));
    for (int x = 0; x < 100; x++) {
        double full_x = (x + 0.5) * W / 100 - 0.5, got = out[x * 3];
        assert_true(got - full_x / 4 < 1.2 && full_x / 4 - got < 1.2);
    }
    fc_reduce_free(r);
    fc_reduce_free(NULL);
}

static void reduce_fits(void **state)
{
    int w, h;

    (void)state;
    fc_reduce_fit(10000, 3, 100, &w, &h);
    assert_int_equal(w, 100);
    assert_int_equal(h, 1);
    fc_reduce_fit(1920, 1280, 640, &w, &h);
    assert_int_equal(w, 640);
    assert_int_equal(h, 427);
    fc_reduce_fit(100, 2147483647, 1000, &w, &h);
    assert_int_equal(w, 1);
    assert_int_equal(h, 1000);
    fc_reduce_fit(50, 40, 0, &w, &h);
    assert_int_equal(w, 50);
    assert_int_equal(h, 40);
}

/* White stays white, however wide the average. */
static void reduce_keeps_white(void **state)
{
    enum { W = 100003 };
    uint8_t *row = malloc(W * 3), out[7 * 3];
    fc_reduce *r = NULL;
    fc_error err;

    (void)state;
    memset(row, 255, W * 3);
    assert_int_equal(fc_reduce_new(&r, W, W, 5, 7, 2, &err), FC_OK);
    for (int y = 0, n = 0; y < 5; y++) {
        fc_reduce_push(r, row);
        while (fc_reduce_pull(r, out)) {
            for (int i = 0; i < 7 * 3; i++)
                assert_int_equal(out[i], 255);
            n++;
        }
        assert_int_equal(n, y < 2 ? 0 : y < 4 ? 1 : 2);
    }
    fc_reduce_free(r);
    free(row);
}

/* ---- orientation ---- */

/* The reduced, turned picture is the turned, reduced one. */
static void orientation_and_max_side(void **state)
{
    static const char *const files[] = {"data/formats/exif-6.png", "data/formats/exif-5.jpg",
                                        "data/formats/exif-8.jpg", "data/formats/exif-3.jpg"};
    fc_image_options o = {.max_side = 16};

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        fc_image full = must_load(files[i], NULL), img = must_load(files[i], &o);
        double most, mean;
        assert_int_equal(img.w, 16);
        assert_int_equal(img.h, 8);
        assert_int_equal(img.full_w, 32);
        assert_int_equal(img.full_h, 16);
        compare_to_average(&img, &full, &most, &mean);
        assert_true(mean < 3);
        fc_image_clear(&img);
        fc_image_clear(&full);
    }
}

/* Pictures whose rows are turned in more than one band: against the pixel-by-pixel definition of each. */
static void orientation_of_large(void **state)
{
    fc_bytes b = must_read("data/photos/sample1.jpg");
    fc_image plain = must_load("data/photos/sample1.jpg", NULL);
    /* APP1 behind SOI: length, Exif, little-endian TIFF, one entry: tag 0x112, SHORT, one, value */
    uint8_t app1[36] = {0xff, 0xe1, 0,    34, 'E', 'x', 'i', 'f', 0, 0, 'I', 'I', '*', 0, 8, 0, 0, 0,
                        1,    0,    0x12, 1,  3,   0,   1,   0,   0, 0, 1,   0,   0,   0, 0, 0, 0, 0};
    uint8_t *with = malloc(b.n + sizeof app1);

    (void)state;
    for (int o = 1; o <= 8; o++) {
        fc_image img = {0};
        fc_error err;
        app1[28] = (uint8_t)o;
        memcpy(with, b.data, 2);
        memcpy(with + 2, app1, sizeof app1);
        memcpy(with + 2 + sizeof app1, b.data + 2, b.n - 2);
        assert_int_equal(fc_image_decode(&img, with, b.n + sizeof app1, "x", NULL, &err), FC_OK);
        assert_int_equal(img.w, o < 5 ? 960 : 640);
        assert_int_equal(img.h, o < 5 ? 640 : 960);
        for (int y = 0; y < 640; y++) {
            for (int x = 0; x < 960; x++) {
                int left = 959 - x, up = 639 - y;
                int to_x = (int[]){x, left, left, x, y, up, up, y}[o - 1];
                int to_y = (int[]){y, y, up, up, x, x, left, left}[o - 1];
                if (memcmp(at(&plain, x, y), at(&img, to_x, to_y), 3) != 0)
                    fail_msg("orientation %d, pixel %d,%d", o, x, y);
            }
        }
        fc_image_clear(&img);
        assert_int_equal(fc_image_decode(&img, with, b.n + sizeof app1, "x",
                                         &(fc_image_options){.keep_orientation = true}, &err),
                         FC_OK);
        assert_true(same(&img, &plain));
        fc_image_clear(&img);
    }
    free(with);
    fc_image_clear(&plain);
    fc_bytes_clear(&b);
}

static void keep_orientation(void **state)
{
    static const char *const files[] = {
        "data/formats/exif-6.jpg",  "data/formats/exif-6.png", "data/formats/exif-6-text.png",
        "data/formats/exif-6.webp", "data/formats/exif-6.tif",
    };
    fc_image_options o = {.keep_orientation = true};

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        fc_image img = must_load(files[i], &o);
        assert_int_equal(img.w, 16);
        assert_int_equal(img.h, 32);
        assert_int_equal(img.full_w, 16);
        assert_int_equal(img.full_h, 32);
        /* as stored: red is at the lower left */
        assert_in_range(at(&img, 4, 28)[0], 195, 205);
        fc_image_clear(&img);
    }
}

/* eXIf behind the pixels counts too. */
static void late_exif(void **state)
{
    fc_bytes b = must_read("data/formats/exif-6.png");
    fc_image want = must_load("data/formats/exif-6.png", NULL), img = {0};
    uint8_t *chunk = memmem(b.data, b.n, "eXIf", 4), *iend = memmem(b.data, b.n, "IEND", 4), moved[512];
    fc_error err;

    (void)state;
    assert_non_null(chunk);
    assert_non_null(iend);
    chunk -= 4;
    iend -= 4;
    size_t n = 12 + (size_t)chunk[2] * 256 + chunk[3];
    assert_true(n < sizeof moved && chunk < iend);
    memcpy(moved, chunk, n);
    memmove(chunk, chunk + n, (size_t)(iend - chunk) - n);
    memcpy(iend - n, moved, n);
    assert_int_equal(fc_image_decode(&img, b.data, b.n, "late", NULL, &err), FC_OK);
    assert_true(same(&img, &want));
    fc_image_clear(&img);
    fc_image_clear(&want);
    fc_bytes_clear(&b);
}

static void exif_blocks(void **state)
{
    uint8_t tiff[26] = {'M', 'M', 0, '*', 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 5};

    (void)state;
    assert_int_equal(fc_exif_orientation(tiff, sizeof tiff), 5);
    for (int v = 0; v < 12; v++) {
        tiff[19] = (uint8_t)v;
        assert_int_equal(fc_exif_orientation(tiff, sizeof tiff), v >= 1 && v <= 8 ? v : 1);
    }
    tiff[19] = 5;
    tiff[13] = 4; /* LONG: not what the standard says */
    assert_int_equal(fc_exif_orientation(tiff, sizeof tiff), 1);
    assert_int_equal(fc_exif_orientation(tiff, 10), 1);
    assert_int_equal(fc_exif_orientation(tiff, 0), 1);
    assert_int_equal(fc_exif_orientation((const uint8_t *)"Exif\0\0II", 8), 1);
    fc_image img = must_load("bad/malformed-exif.jpg", NULL);
    assert_int_equal(img.w, 96);
    fc_image_clear(&img);
}

/* ---- rows of RGB ---- */

static void sixteen_bits_round(void **state)
{
    (void)state;
    for (unsigned v = 0; v < 65536; v++) {
        uint16_t sample = (uint16_t)v;
        uint8_t rgb[3];
        fc_row_to_rgb(rgb, &sample, 1, (fc_layout){.channels = FC_GREY, .depth = 16});
        if (rgb[0] != (v + 128) / 257 || rgb[1] != rgb[0] || rgb[2] != rgb[0])
            fail_msg("%u: %u", v, rgb[0]);
    }
}

static void alpha_over_white(void **state)
{
    (void)state;
    for (int a = 0; a < 256; a++) {
        for (int v = 0; v < 256; v++) {
            const uint8_t grey[2] = {(uint8_t)v, (uint8_t)a};
            const uint16_t grey16[2] = {(uint16_t)(v * 257), (uint16_t)(a * 257)};
            int want = (int)((v * a + 255.0 * (255 - a)) / 255 + 0.5);
            uint8_t rgb[3];
            fc_row_to_rgb(rgb, grey, 1, (fc_layout){.channels = FC_GREY_ALPHA, .depth = 8});
            assert_int_equal(rgb[0], want);
            fc_row_to_rgb(rgb, grey16, 1, (fc_layout){.channels = FC_GREY_ALPHA, .depth = 16});
            assert_int_equal(rgb[0], want);
        }
    }
}

/* ---- in and out ---- */

static void png_round_trip(void **state)
{
    char dir[] = "/tmp/fc-test-XXXXXX", path[64], missing[64];
    fc_image img = must_load("data/photos/grace_hopper.jpg", NULL), back = {0}, view;
    fc_error err = {0};

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/a.png", dir);
    snprintf(missing, sizeof missing, "%s/none/a.png", dir);
    assert_int_equal(fc_image_save_png(&img, path, &err), FC_OK);
    assert_int_equal(fc_image_load(&back, path, NULL, &err), FC_OK);
    assert_true(same(&img, &back));
    fc_image_clear(&back);
    /* a part of a picture: rows are further apart than they are wide */
    view = (fc_image){.w = 10, .h = 20, .stride = img.stride, .rgb = img.rgb + 30 * img.stride + 90};
    assert_int_equal(fc_image_save_png(&view, path, &err), FC_OK);
    assert_int_equal(fc_image_load(&back, path, NULL, &err), FC_OK);
    assert_true(same(&view, &back));
    fc_image_clear(&back);
    assert_int_equal(fc_image_save_png(&img, missing, &err), FC_EMISSING);
    assert_int_equal(strncmp(err.message, missing, strlen(missing)), 0);
    unlink(path);
    assert_int_equal(rmdir(dir), 0); /* no temporary file is left */
    fc_image_clear(&img);
}

static void alloc_is_black(void **state)
{
    fc_image img = {0};
    fc_error err;

    (void)state;
    assert_int_equal(fc_image_alloc(&img, 7, 5, &err), FC_OK);
    assert_true(img.stride >= 21);
    for (int y = 0; y < 5; y++)
        for (int x = 0; x < 21; x++)
            assert_int_equal(img.rgb[(size_t)y * img.stride + (size_t)x], 0);
    assert_int_equal(img.full_w, 7);
    assert_int_equal(img.full_h, 5);
    fc_image_clear(&img);
    fc_image_clear(&img);
    assert_int_equal(fc_image_alloc(&img, 0, 5, &err), FC_EUSAGE);
    assert_int_equal(fc_image_alloc(&img, -1, 5, &err), FC_EUSAGE);
    assert_null(img.rgb);
}

static void *load_all(void *result)
{
    static const char *const files[] = {
        "data/formats/jpeg-420.jpg",       "data/formats/png-rgb8.png", "data/formats/tiff-rgb8.tif",
        "data/formats/webp-lossless.webp", "bad/corrupt.tif",           "bad/truncated.jpg"};
    fc_status *s = result;

    for (int k = 0; k < 20; k++) {
        for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
            fc_image img = {0};
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", getenv("FC_TESTS"), files[i]);
            bool failed = fc_image_load(&img, path, NULL, NULL) != FC_OK;
            if (failed != (strncmp(files[i], "bad", 3) == 0))
                *s = FC_EUSAGE;
            fc_image_clear(&img);
        }
    }
    return NULL;
}

static void from_threads(void **state)
{
    pthread_t t[4];
    fc_status s[4] = {FC_OK};

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, load_all, &s[i]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    for (int i = 0; i < 4; i++)
        assert_int_equal(s[i], FC_OK);
}

int main(void)
{
    enum { N = sizeof bad / sizeof *bad };
    struct CMUnitTest refused[N];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codecs_only_on_demand),
        cmocka_unit_test(same_pixels_as_pil),
        cmocka_unit_test(jpeg_ends),
        cmocka_unit_test(every_prefix_fails),
        cmocka_unit_test(nothing_is_printed),
        cmocka_unit_test(one_pixel),
        cmocka_unit_test(limits),
        cmocka_unit_test(max_side_averages),
        cmocka_unit_test(max_side_of_jpeg),
        cmocka_unit_test(max_side_not_exceeded),
        cmocka_unit_test(max_side_mapping),
        cmocka_unit_test(reduce_fits),
        cmocka_unit_test(reduce_keeps_white),
        cmocka_unit_test(orientation_and_max_side),
        cmocka_unit_test(orientation_of_large),
        cmocka_unit_test(keep_orientation),
        cmocka_unit_test(late_exif),
        cmocka_unit_test(exif_blocks),
        cmocka_unit_test(sixteen_bits_round),
        cmocka_unit_test(alpha_over_white),
        cmocka_unit_test(png_round_trip),
        cmocka_unit_test(alloc_is_black),
        cmocka_unit_test(from_threads),
    };

    for (size_t i = 0; i < N; i++)
        refused[i] = (struct CMUnitTest){bad[i].file, is_refused, NULL, NULL, (void *)&bad[i]};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return failed + _cmocka_run_group_tests("refused", refused, N, NULL, NULL);
}
