/* JPEG files that are damaged, and good ones that look so: what is refused, what is kept, and how much work a file may
 * ask for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <jpeglib.h>

#include "base/bytes.h"
#include "facecheck.h"

static fc_bytes must_read(const char *file)
{
    char path[4096];
    fc_bytes b = {0};
    fc_error err;

    snprintf(path, sizeof path, "%s/%s", getenv("FC_TESTS"), file);
    if (fc_bytes_read_file(&b, path, 1 << 24, &err))
        fail_msg("%s", err.message);
    return b;
}

/* How a picture is stored. */
typedef struct kind {
    J_COLOR_SPACE space;
    bool progressive, arithmetic;
    int restart; /* MCU rows; 0: none */
} kind;

/* 320x240 pixels of noise under a ramp. */
static fc_bytes encode(const kind *k)
{
    enum { W = 320, H = 240 };
    struct jpeg_compress_struct j;
    struct jpeg_error_mgr errors;
    unsigned char *out = NULL;
    unsigned long n = 0;
    uint8_t line[W * 4];
    uint32_t noise = 1;

    j.err = jpeg_std_error(&errors);
    jpeg_create_compress(&j);
    jpeg_mem_dest(&j, &out, &n);
    j.image_width = W;
    j.image_height = H;
    j.in_color_space = k->space;
    j.input_components = k->space == JCS_CMYK ? 4 : k->space == JCS_RGB ? 3 : 1;
    jpeg_set_defaults(&j);
    jpeg_set_quality(&j, 90, TRUE);
    j.arith_code = k->arithmetic;
    j.restart_in_rows = k->restart;
    if (k->progressive)
        jpeg_simple_progression(&j);
    jpeg_start_compress(&j, TRUE);
    for (int y = 0; y < H; y++) {
        for (int x = 0; x < W * j.input_components; x++) {
            noise = noise * 1664525 + 1013904223;
            line[x] = (uint8_t)((noise >> 25) + (uint32_t)(y / 2));
        }
        JSAMPROW row = line;
        jpeg_write_scanlines(&j, &row, 1);
    }
    jpeg_finish_compress(&j);
    jpeg_destroy_compress(&j);
    return (fc_bytes){.data = out, .n = n};
}

/* Where the data of the first scan begins. */
static size_t data_of(const fc_bytes *b)
{
    size_t at = 2;

    while (b->data[at + 1] != 0xda)
        at += 2 + (size_t)b->data[at + 2] * 256 + b->data[at + 3];
    return at + 2 + (size_t)b->data[at + 2] * 256 + b->data[at + 3];
}

/* b with n bytes of what put in at. Caller frees. */
static fc_bytes with(const fc_bytes *b, size_t at, const void *what, size_t n)
{
    fc_bytes out = {.data = malloc(b->n + n), .n = b->n + n};

    assert_non_null(out.data);
    memcpy(out.data, b->data, at);
    memcpy(out.data + at, what, n);
    memcpy(out.data + at + n, b->data + at, b->n - at);
    return out;
}

static bool same(const fc_image *a, const fc_image *b)
{
    return a->w == b->w && a->h == b->h && memcmp(a->rgb, b->rgb, a->stride * (size_t)a->h) == 0;
}

static fc_status decode(fc_image *img, const fc_bytes *b, const fc_image_options *o)
{
    fc_error err = {0};
    fc_status s = fc_image_decode(img, b->data, b->n, "x", o, &err);

    assert_int_equal(err.status, s);
    if (s)
        assert_null(img->rgb);
    return s;
}

/* ---- damage ---- */

/* Refused at full and at reduced size; kept, it has the size it had, and is marked. */
static void check_damaged(const fc_bytes *b, int w, int h)
{
    const int side = (w > h ? w : h) / 4;
    const fc_image_options small = {.max_side = side}, keep = {.keep_damaged = true},
                           keep_small = {.keep_damaged = true, .max_side = side};
    fc_image img = {0};
    fc_status s = decode(&img, b, NULL);

    assert_true(s == FC_ECORRUPT || s == FC_ETRUNCATED);
    s = decode(&img, b, &small);
    assert_true(s == FC_ECORRUPT || s == FC_ETRUNCATED);
    assert_int_equal(decode(&img, b, &keep), FC_OK);
    assert_true(img.damaged);
    assert_int_equal(img.w, w);
    assert_int_equal(img.h, h);
    fc_image_clear(&img);
    assert_int_equal(decode(&img, b, &keep_small), FC_OK);
    assert_true(img.damaged);
    assert_int_equal(img.w > img.h ? img.w : img.h, side);
    fc_image_clear(&img);
}

/* 512 bytes twice, at each of 41 places of three photos, as a disk or a copy gone wrong leaves them. */
static void a_repeated_sector(void **state)
{
    static const struct {
        const char *file;
        int w, h;
    } photos[] = {{"data/photos/grace_hopper.jpg", 512, 600},
                  {"data/photos/sample1.jpg", 960, 640},
                  {"data/photos/sample3.jpg", 960, 675}};
    enum { PLACES = 41, SECTOR = 512 };

    (void)state;
    for (size_t i = 0; i < sizeof photos / sizeof *photos; i++) {
        fc_bytes b = must_read(photos[i].file);
        size_t first = data_of(&b) + SECTOR, last = b.n - 600;
        for (size_t k = 0; k < PLACES; k++) {
            size_t at = first + (last - first) * k / (PLACES - 1);
            fc_bytes bad = with(&b, at, b.data + at - SECTOR, SECTOR);
            check_damaged(&bad, photos[i].w, photos[i].h);
            fc_bytes_clear(&bad);
        }
        fc_bytes_clear(&b);
    }
}

static const kind GREY = {JCS_GRAYSCALE, false, false, 0}, COLOUR = {JCS_RGB, false, false, 0},
                  CMYK = {JCS_CMYK, false, false, 0}, PROGRESSIVE = {JCS_RGB, true, false, 0},
                  RESTARTS = {JCS_RGB, false, false, 1}, PROGRESSIVE_RESTARTS = {JCS_RGB, true, false, 1};
static const kind ARITHMETIC = {JCS_RGB, false, true, 0};

/* The same in every kind of file, and a file that ends there. */
static void every_kind(void **state)
{
    const kind *k = *state;
    fc_bytes b = encode(k), bad;
    fc_image img = {0};

    assert_int_equal(decode(&img, &b, NULL), FC_OK);
    assert_false(img.damaged);
    fc_image_clear(&img);
    for (size_t i = 1; i < 10; i++) {
        size_t at = data_of(&b) + (b.n - data_of(&b)) * i / 10;
        bad = with(&b, at, b.data + at - 512, 512);
        check_damaged(&bad, 320, 240);
        fc_bytes_clear(&bad);
        check_damaged(&(fc_bytes){.data = b.data, .n = at}, 320, 240);
    }
    fc_bytes_clear(&b);
}

/* Ones, which no table has as a code, where the data of the pixels would go on. */
static void bad_codes(void **state)
{
    static const uint8_t ones[] = {0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0};
    fc_bytes b = must_read("data/photos/sample1.jpg");
    size_t at = b.n / 2;

    (void)state;
    while (b.data[at] == 0xff || b.data[at - 1] == 0xff)
        at++;
    memcpy(b.data + at, ones, sizeof ones);
    check_damaged(&b, 960, 640);
    fc_bytes_clear(&b);
}

/* A copy that stopped, in a file that had its size already: zeros to the end. */
static void zeros_to_the_end(void **state)
{
    fc_bytes b = must_read("data/photos/sample1.jpg");

    (void)state;
    for (size_t k = 1; k < 8; k++) {
        size_t at = b.n * (8 - k) / 8;
        memset(b.data + at, 0, b.n - at);
        check_damaged(&b, 960, 640);
    }
    fc_bytes_clear(&b);
}

/* What is whole above the damage stays what it was. */
static void the_rest_is_kept(void **state)
{
    const fc_image_options keep = {.keep_damaged = true};
    fc_bytes b = must_read("data/photos/sample1.jpg"), bad = {0};
    fc_image whole = {0}, img = {0};

    (void)state;
    assert_int_equal(decode(&whole, &b, &keep), FC_OK);
    assert_false(whole.damaged); /* nothing is */
    bad = with(&b, b.n / 2, b.data, 512);
    assert_int_equal(decode(&img, &bad, &keep), FC_OK);
    assert_true(img.damaged);
    assert_memory_equal(img.rgb, whole.rgb, whole.stride * (size_t)(whole.h / 4));
    assert_false(same(&img, &whole));
    fc_image_clear(&img);
    /* a header alone holds nothing that could be kept */
    assert_int_equal(decode(&img, &(fc_bytes){.data = b.data, .n = 100}, &keep), FC_ETRUNCATED);
    fc_image_clear(&whole);
    fc_bytes_clear(&bad);
    fc_bytes_clear(&b);
}

/* ---- stray bytes ---- */

/* A picture with bytes of what before its last marker is read like one without, or refused. */
static void check_stray(const kind *k, const void *what, size_t n, bool taken)
{
    fc_bytes b = encode(k), more = with(&b, b.n - 2, what, n);
    fc_image want = {0}, img = {0};

    assert_int_equal(decode(&want, &b, NULL), FC_OK);
    if (!taken) {
        assert_int_equal(decode(&img, &more, NULL), FC_ECORRUPT);
    } else {
        assert_int_equal(decode(&img, &more, NULL), FC_OK);
        assert_true(same(&img, &want));
        assert_false(img.damaged);
    }
    fc_image_clear(&img);
    fc_image_clear(&want);
    fc_bytes_clear(&more);
    fc_bytes_clear(&b);
}

/* Cameras write 1 to 4 bytes too many, encoders fill up with zeros; data that was skipped is longer. */
static void stray_bytes(void **state)
{
    static const kind *const kinds[] = {&GREY, &COLOUR, &CMYK, &PROGRESSIVE, &RESTARTS};
    uint8_t zeros[512] = {0}, data[100];

    (void)state;
    memset(data, 0x7f, sizeof data);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        for (size_t n = 1; n <= 4; n++)
            check_stray(kinds[i], data, n, true);
        check_stray(kinds[i], zeros, 63, true);
        check_stray(kinds[i], data, sizeof data, false);
        check_stray(kinds[i], zeros, sizeof zeros, false);
    }
}

/* Webcams leave some bytes before each restart marker. */
static void stray_bytes_in_intervals(void **state)
{
    fc_bytes b = encode(&RESTARTS);
    fc_image want = {0}, img = {0};
    uint8_t data[100];
    size_t found = 0;

    (void)state;
    memset(data, 0x7f, sizeof data);
    assert_int_equal(decode(&want, &b, NULL), FC_OK);
    for (size_t at = data_of(&b); at + 1 < b.n; at++) {
        if (b.data[at] != 0xff || b.data[at + 1] < 0xd0 || b.data[at + 1] > 0xd7)
            continue;
        fc_bytes more = with(&b, at, data, 1 + found % 4);
        fc_bytes_clear(&b);
        b = more;
        at += 2 + found % 4;
        found++;
    }
    assert_int_equal(found, 14); /* rows of MCUs but one */
    assert_int_equal(decode(&img, &b, NULL), FC_OK);
    assert_true(same(&img, &want));
    fc_image_clear(&img);
    /* in one of them as many as a damaged interval has left over */
    uint8_t *marker = memmem(b.data, b.n, "\xff\xd3", 2);
    assert_non_null(marker);
    fc_bytes more = with(&b, (size_t)(marker - b.data), data, sizeof data);
    assert_int_equal(decode(&img, &more, NULL), FC_ECORRUPT);
    fc_bytes_clear(&more);
    fc_image_clear(&want);
    fc_bytes_clear(&b);
}

/* ---- work ---- */

/* A progressive grey picture of side x side pixels, all of one colour, with so many scans behind the first, each of
 * which says in a few bytes that nothing changes. Caller frees. */
static fc_bytes many_scans(int side, int scans)
{
    struct jpeg_compress_struct j;
    struct jpeg_error_mgr errors;
    unsigned char *out = NULL, *line = malloc((size_t)side);
    unsigned long n = 0;
    /* a table of two codes: 00 "a run of 2^14 blocks and more", 01 "this block" */
    static const uint8_t table[] = {0xff, 0xc4, 0, 21, 0x10, 0, 2, 0, 0, 0,    0, 0,
                                    0,    0,    0, 0,  0,    0, 0, 0, 0, 0xe0, 0};
    const jpeg_scan_info script[] = {{1, {0}, 0, 0, 0, 0}};

    assert_non_null(line);
    memset(line, 128, (size_t)side);
    j.err = jpeg_std_error(&errors);
    jpeg_create_compress(&j);
    jpeg_mem_dest(&j, &out, &n);
    j.image_width = j.image_height = (JDIMENSION)side;
    j.in_color_space = JCS_GRAYSCALE;
    j.input_components = 1;
    jpeg_set_defaults(&j);
    j.scan_info = script;
    j.num_scans = 1;
    jpeg_start_compress(&j, TRUE);
    for (int y = 0; y < side; y++) {
        JSAMPROW row = line;
        jpeg_write_scanlines(&j, &row, 1);
    }
    jpeg_finish_compress(&j);
    jpeg_destroy_compress(&j);
    free(line);

    size_t blocks = ((size_t)side + 7) / 8 * (((size_t)side + 7) / 8), at = n - 2;
    uint8_t *b = realloc(out, n + sizeof table + (size_t)scans * (12 + blocks / 2048 + 8192));
    assert_non_null(b);
    memcpy(b + at, table, sizeof table);
    at += sizeof table;
    for (int i = 0; i < scans; i++) {
        const uint8_t header[] = {0xff, 0xda, 0, 8, 1, 1, 0, (uint8_t)(1 + i % 63), (uint8_t)(1 + i % 63), 0};
        memcpy(b + at, header, sizeof header);
        at += sizeof header;
        size_t left = blocks;
        for (; left >= 16384;
             left -= left < 32767 ? left : 32767) { /* a code of 2 bits and 14 bits of the run */
            size_t more = (left < 32767 ? left : 32767) - 16384;
            b[at++] = (uint8_t)(more >> 8);
            if (b[at - 1] == 0xff)
                b[at++] = 0;
            b[at++] = (uint8_t)more;
            if (b[at - 1] == 0xff)
                b[at++] = 0;
        }
        for (; left; left -= left < 4 ? left : 4)
            b[at++] = 0x55; /* four times "this block" */
    }
    b[at++] = 0xff;
    b[at++] = 0xd9;
    return (fc_bytes){.data = b, .n = at};
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* 199 million pixels in 500 scans took two minutes. */
static void scans_times_pixels(void **state)
{
    fc_bytes bomb = many_scans(14100, 498), b;
    const fc_image_options small = {.max_pixels = 250000};
    fc_image img = {0};
    double start = cpu_seconds();

    (void)state;
    assert_in_range(bomb.n, 100000, 2000000);
    assert_int_equal(decode(&img, &bomb, NULL), FC_ELIMIT);
    assert_true(cpu_seconds() - start < 1);
    fc_bytes_clear(&bomb);
    /* as many scans of a small picture are fine, and more are not, of any size */
    b = many_scans(64, 490);
    assert_int_equal(decode(&img, &b, NULL), FC_OK);
    fc_image_clear(&img);
    fc_bytes_clear(&b);
    b = many_scans(64, 500);
    assert_int_equal(decode(&img, &b, NULL), FC_ELIMIT);
    fc_bytes_clear(&b);
    /* the largest picture may have 32 */
    b = many_scans(500, 30);
    assert_int_equal(decode(&img, &b, &small), FC_OK);
    fc_image_clear(&img);
    fc_bytes_clear(&b);
    b = many_scans(500, 33);
    assert_int_equal(decode(&img, &b, &small), FC_ELIMIT);
    fc_bytes_clear(&b);
}

/* Scan headers that the count does not see: none of libjpeg's scans is passed over. */
static void scans_as_libjpeg_finds_them(void **state)
{
    const fc_image_options small = {.max_pixels = 250000};
    fc_bytes b = many_scans(500, 33), hidden;
    uint8_t comment[] = {0xff, 0xfe, 0, 4, 0xff, 0xd9}; /* a comment that looks like the end */
    fc_image img = {0};

    (void)state;
    hidden = with(&b, b.n - 2, comment, sizeof comment);
    assert_int_equal(decode(&img, &hidden, &small), FC_ELIMIT);
    fc_bytes_clear(&hidden);
    uint8_t *second = memmem(b.data + data_of(&b), b.n - data_of(&b), "\xff\xc4", 2);
    assert_non_null(second);
    hidden = with(&b, (size_t)(second - b.data), comment, sizeof comment);
    assert_int_equal(decode(&img, &hidden, &small), FC_ELIMIT);
    fc_bytes_clear(&hidden);
    fc_bytes_clear(&b);
}

#define KIND(k)                                                                                              \
    {                                                                                                        \
#k, every_kind, NULL, NULL, (void *)&(k)                                                             \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repeated_sector),
        KIND(GREY),
        KIND(COLOUR),
        KIND(CMYK),
        KIND(PROGRESSIVE),
        KIND(RESTARTS),
        KIND(PROGRESSIVE_RESTARTS),
        KIND(ARITHMETIC),
        cmocka_unit_test(bad_codes),
        cmocka_unit_test(zeros_to_the_end),
        cmocka_unit_test(the_rest_is_kept),
        cmocka_unit_test(stray_bytes),
        cmocka_unit_test(stray_bytes_in_intervals),
        cmocka_unit_test(scans_times_pixels),
        cmocka_unit_test(scans_as_libjpeg_finds_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
