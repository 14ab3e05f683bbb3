/* What decoding may take: the budget of memory, and files whose header says less than their decoder would allocate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cgroup.h"
#include "base/memory.h"
#include "facecheck.h"

static fc_status load(fc_image *img, const char *file, const fc_image_options *o, fc_error *err)
{
    char path[4096];

    *err = (fc_error){0};
    snprintf(path, sizeof path, "%s/%s", getenv("FC_TESTS"), file);
    return fc_image_load(img, path, o, err);
}

/* ---- the budget ---- */

static void taken_and_given_back(void **state)
{
    fc_memory *m = NULL;
    fc_error err = {0};

    (void)state;
    assert_int_equal(fc_memory_new(&m, 1000, &err), FC_OK);
    assert_int_equal(fc_memory_take(m, 600, "a", &err), FC_OK);
    assert_false(fc_memory_take_now(m, 401));
    assert_true(fc_memory_take_now(m, 400));
    fc_memory_give(m, 1000);
    assert_int_equal(fc_memory_take(m, 1001, "b", &err), FC_ELIMIT);
    assert_string_equal(err.message, "b: takes 1001 bytes of memory, the limit is 1000");
    assert_int_equal(fc_memory_take(m, 1000, "c", &err), FC_OK); /* what was refused was not taken */
    fc_memory_give(m, 1000);
    fc_memory_free(m);
    assert_int_equal(fc_memory_take(NULL, UINT64_MAX, "d", &err), FC_OK);
    fc_memory_free(NULL);
}

/* By default half of what there is: of the limit of the address space, where that is less than the machine has. */
static void the_default_is_a_share(void **state)
{
    struct rlimit was, less;
    fc_memory *m = NULL;
    fc_error err = {0};

    (void)state;
#if defined(__SANITIZE_ADDRESS__)
    skip();
#endif
    assert_int_equal(getrlimit(RLIMIT_AS, &was), 0);
    less = was;
    less.rlim_cur = (rlim_t)1 << 30;
    assert_int_equal(setrlimit(RLIMIT_AS, &less), 0);
    assert_int_equal(fc_memory_new(&m, 0, &err), FC_OK);
    assert_int_equal(setrlimit(RLIMIT_AS, &was), 0);
    assert_false(fc_memory_take_now(m, ((uint64_t)1 << 29) + 1));
    assert_true(fc_memory_take_now(m, (uint64_t)1 << 29));
    fc_memory_free(m);
}

static uint64_t any_folder(const char *dir)
{
    return strncmp(dir, "/sys/fs/cgroup", 14) == 0 ? 12345 : 1;
}

static void groups_are_found(void **state)
{
    (void)state;
    if (access("/proc/self/cgroup", R_OK))
        skip();
    assert_int_equal(fc_cgroup_least("memory", any_folder), 12345);
}

/* A picture that can never fit is refused before its decoder starts; one that fits exactly is read, and its pixels stay
 * in the account until it is cleared. */
static void a_picture_in_the_budget(void **state)
{
    fc_memory *m = NULL;
    fc_image img = {0};
    fc_error err;
    uint64_t need = 0;

    (void)state;
    for (uint64_t kib = 1; !need; kib += 16) {
        assert_true(kib < 100000);
        assert_int_equal(fc_memory_new(&m, kib << 10, &err), FC_OK);
        fc_status s = load(&img, "data/photos/sample1.jpg", &(fc_image_options){.memory = m}, &err);
        if (!s) {
            need = kib << 10;
            assert_ptr_equal(img.memory, m);
            assert_int_equal(img.held, 960 * 640 * 3);
            assert_false(fc_memory_take_now(m, need - img.held + 1));
            assert_true(fc_memory_take_now(m, need - img.held));
            fc_memory_give(m, need - img.held);
            fc_image_clear(&img);
        } else {
            assert_int_equal(s, FC_ELIMIT);
            assert_non_null(strstr(err.message, "bytes of memory, the limit is "));
        }
        assert_true(fc_memory_take_now(m, kib << 10)); /* all is given back */
        fc_memory_free(m);
    }
    assert_in_range(need, 960 * 640 * 3, 2 * 960 * 640 * 3);
    /* less for a smaller picture of the same file */
    assert_int_equal(fc_memory_new(&m, need / 2, &err), FC_OK);
    assert_int_equal(
        load(&img, "data/photos/sample1.jpg", &(fc_image_options){.memory = m, .max_side = 200}, &err),
        FC_OK);
    fc_image_clear(&img);
    fc_memory_free(m);
}

/* What a decoder gets from a file or as bytes is in the account from the first; a budget that has not even that much
 * refuses it before anything is looked at. */
static void what_is_encoded_is_in_the_budget(void **state)
{
    const fc_image_options o = {.memory = NULL};
    fc_image_options small = o;
    fc_bytes b = {0};
    fc_image img = {0};
    fc_error err;
    char path[4096], want[4300];

    (void)state;
    snprintf(path, sizeof path, "%s/bad/garbage.jpg", getenv("FC_TESTS"));
    assert_int_equal(fc_bytes_read_file(&b, path, UINT64_MAX, &err), FC_OK);
    assert_int_equal(fc_memory_new(&small.memory, b.n - 1, &err), FC_OK);
    snprintf(want, sizeof want, "%s: takes %zu bytes of memory, the limit is %zu", path, b.n, b.n - 1);
    assert_int_equal(fc_image_load(&img, path, &o, &err), FC_ECORRUPT);
    assert_int_equal(fc_image_load(&img, path, &small, &err), FC_ELIMIT);
    assert_string_equal(err.message, want);
    assert_int_equal(fc_image_decode(&img, b.data, b.n, path, &o, &err), FC_ECORRUPT);
    assert_int_equal(fc_image_decode(&img, b.data, b.n, path, &small, &err), FC_ELIMIT);
    assert_string_equal(err.message, want);
    assert_true(fc_memory_take_now(small.memory, b.n - 1)); /* all is given back */
    fc_memory_free(small.memory);
    fc_bytes_clear(&b);
}

static void a_sandbox_of_no_process(void **state)
{
    fc_sandbox *s = NULL;
    fc_error err;

    (void)state;
    for (int workers = -1; workers <= 0; workers++) {
        assert_int_equal(fc_sandbox_new(&s, workers, 0, &err), FC_EUSAGE);
        assert_null(s);
    }
}

/* A turned copy has its room, too, or the picture is refused; from bytes and from a file alike. */
static void room_for_a_turned_copy(void **state)
{
    const uint64_t pixels = 960 * 640 * 3;
    fc_image_options o = {.to_be_copied = true};
    fc_image img = {0};
    fc_bytes b = {0};
    fc_error err;
    char path[4096];
    bool fits = false;

    (void)state;
    snprintf(path, sizeof path, "%s/data/photos/sample1.jpg", getenv("FC_TESTS"));
    assert_int_equal(fc_bytes_read_file(&b, path, UINT64_MAX, &err), FC_OK);
    for (uint64_t room = pixels; !fits; room += 64 << 10) {
        assert_true(room < 3 * pixels);
        assert_int_equal(fc_memory_new(&o.memory, room, &err), FC_OK);
        for (int from_bytes = 0; from_bytes <= 1; from_bytes++) {
            fc_status s = from_bytes ? fc_image_decode(&img, b.data, b.n, "x", &o, &err)
                                     : fc_image_load(&img, path, &o, &err);
            if (from_bytes)
                assert_int_equal(s == FC_OK, fits); /* both or none */
            fits = s == FC_OK;
            if (fits) {
                assert_true(room > 2 * pixels);
                assert_int_equal(img.held, 2 * pixels);
                assert_false(fc_memory_take_now(o.memory, room - 2 * pixels + 1));
            } else {
                assert_int_equal(s, FC_ELIMIT);
            }
            fc_image_clear(&img);
        }
        assert_true(fc_memory_take_now(o.memory, room)); /* all is given back */
        fc_memory_free(o.memory);
    }
    fc_bytes_clear(&b);
}

typedef struct share {
    fc_memory *memory;
    int first, failures, wrong;
} share;

/* Pictures large and small, in another order in each thread. */
static void *load_many(void *arg)
{
    static const char *const files[] = {"data/photos/sample1.jpg",         "data/photos/astronaut.png",
                                        "data/formats/jpeg-420.jpg",       "data/photos/grace_hopper.jpg",
                                        "data/formats/webp-animated.webp", "data/formats/tiff-tiled.tif",
                                        "data/photos/sample3.jpg",         "bad/truncated.jpg"};
    enum { FILES = sizeof files / sizeof *files };
    share *s = arg;

    for (int i = 0; i < 40; i++) {
        const char *file = files[(s->first + i * 5) % FILES];
        fc_image img = {0};
        fc_error err;
        bool failed = load(&img, file, &(fc_image_options){.memory = s->memory}, &err) != FC_OK;
        s->failures += failed && strncmp(file, "bad", 3) != 0;
        s->wrong += !failed && strncmp(file, "bad", 3) == 0;
        fc_image_clear(&img);
    }
    return NULL;
}

/* With room for little more than the largest, all come to their turn, and none is refused. */
static void threads_wait_for_their_turn(void **state)
{
    enum { THREADS = 8, ROOM = 5 << 20 };
    pthread_t t[THREADS];
    share s[THREADS] = {{0}};
    fc_memory *m = NULL;
    fc_error err;

    (void)state;
    assert_int_equal(fc_memory_new(&m, ROOM, &err), FC_OK);
    for (int i = 0; i < THREADS; i++) {
        s[i].memory = m;
        s[i].first = i;
        assert_int_equal(pthread_create(&t[i], NULL, load_many, &s[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(t[i], NULL);
        assert_int_equal(s[i].failures, 0);
        assert_int_equal(s[i].wrong, 0);
    }
    assert_true(fc_memory_take_now(m, ROOM));
    fc_memory_free(m);
}

/* ---- TIFF ---- */

typedef struct tiff {
    uint8_t bytes[16384];
    size_t n;
    int entries;
} tiff;

static void put(tiff *t, uint32_t v, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        t->bytes[t->n++] = (uint8_t)(v >> 8 * i);
}

static void tiff_begin(tiff *t)
{
    *t = (tiff){0};
    memcpy(t->bytes, "II*\0\x08\0\0\0\0\0", 10);
    t->n = 10;
}

static void tiff_entry(tiff *t, unsigned tag, uint32_t value)
{
    put(t, tag, 2);
    put(t, 4, 2); /* LONG */
    put(t, 1, 4);
    put(t, value, 4);
    t->bytes[8] = (uint8_t)++t->entries;
}

static fc_status decode_tiff(const tiff *t, const fc_image_options *o, fc_error *err)
{
    fc_image img = {0};
    *err = (fc_error){0};
    fc_status s = fc_image_decode(&img, t->bytes, t->n, "x.tif", o, err);
    fc_image_clear(&img);
    return s;
}

enum {
    WIDTH = 256,
    HEIGHT,
    BITS,
    COMPRESSION,
    INTERPRETATION = 262,
    OFFSETS = 273,
    ROWS = 278,
    COUNTS,
    TILE_W = 322,
    TILE_H,
    TILE_OFFSETS,
    TILE_COUNTS
};

/* Each size twice: whatever the decoder takes, that is what is checked. */
static void tiff_with_doubled_tags(void **state)
{
    static const uint32_t sizes[2][2] = {{10, 20000}, {20000, 10}};
    const fc_image_options small = {.max_pixels = 1000};
    fc_error err;

    (void)state;
    for (int i = 0; i < 2; i++) {
        tiff t;
        tiff_begin(&t);
        for (int k = 0; k < 2; k++)
            tiff_entry(&t, WIDTH, sizes[i][k]);
        for (int k = 0; k < 2; k++)
            tiff_entry(&t, HEIGHT, sizes[i][k]);
        tiff_entry(&t, BITS, 8);
        tiff_entry(&t, COMPRESSION, 32773);
        tiff_entry(&t, INTERPRETATION, 1);
        tiff_entry(&t, OFFSETS, 200);
        tiff_entry(&t, ROWS, 20000);
        tiff_entry(&t, COUNTS, 11000);
        t.n = 200 + 11000;
        assert_int_equal(decode_tiff(&t, &small, &err), FC_ELIMIT);
        assert_non_null(strstr(err.message, "20000 x 20000 pixels, the limit is 1000"));
    }
}

/* A small picture in one huge tile, and a long one in tiles that are hardly used. */
static void tiff_with_huge_tiles(void **state)
{
    static const uint32_t sizes[][4] = {{16, 16, 60000, 60000}, {1, 100000, 4096, 4096}};
    fc_error err;

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        tiff t;
        tiff_begin(&t);
        tiff_entry(&t, WIDTH, sizes[i][0]);
        tiff_entry(&t, HEIGHT, sizes[i][1]);
        tiff_entry(&t, BITS, 8);
        tiff_entry(&t, COMPRESSION, 8);
        tiff_entry(&t, INTERPRETATION, 1);
        tiff_entry(&t, TILE_W, sizes[i][2]);
        tiff_entry(&t, TILE_H, sizes[i][3]);
        tiff_entry(&t, TILE_OFFSETS, 200);
        tiff_entry(&t, TILE_COUNTS, 100);
        t.n = 4096;
        fc_status s = decode_tiff(&t, NULL, &err);
        assert_true(s == FC_ELIMIT || s == FC_ECORRUPT);
        assert_true(strstr(err.message, "60000 x 60000 pixels, the limit is") ||
                    strstr(err.message, "tiles of 4096 x 4096"));
    }
}

/* A strip as high as the picture is decoded row by row where it can be: the budget need not hold all of it. */
static void tiff_in_one_strip(void **state)
{
    enum { W = 1000, H = 3000 };
    uint8_t *bytes = calloc(1, 8192 + (size_t)W * H);
    fc_memory *m = NULL;
    fc_image img = {0};
    fc_error err = {0};
    tiff t;

    (void)state;
    tiff_begin(&t);
    tiff_entry(&t, WIDTH, W);
    tiff_entry(&t, HEIGHT, H);
    tiff_entry(&t, BITS, 8);
    tiff_entry(&t, COMPRESSION, 1);
    tiff_entry(&t, INTERPRETATION, 1);
    tiff_entry(&t, OFFSETS, 8192);
    tiff_entry(&t, ROWS, H);
    tiff_entry(&t, COUNTS, W * H);
    assert_non_null(bytes);
    memcpy(bytes, t.bytes, t.n);
    memset(bytes + 8192, 77, (size_t)W * H);
    assert_int_equal(fc_memory_new(&m, 9 << 20, &err),
                     FC_OK); /* the file and its strip; not 9 MB of pixels, too */
    assert_int_equal(
        fc_image_decode(&img, bytes, 8192 + (size_t)W * H, "x", &(fc_image_options){.memory = m}, &err),
        FC_ELIMIT);
    assert_int_equal(fc_image_decode(&img, bytes, 8192 + (size_t)W * H, "x",
                                     &(fc_image_options){.memory = m, .max_side = 300}, &err),
                     FC_OK);
    assert_int_equal(img.rgb[0], 77);
    fc_image_clear(&img);
    fc_memory_free(m);
    free(bytes);
}

/* ---- JPEG 2000 ---- */

/* The header of a code stream, and no more. */
static fc_status decode_jp2(uint32_t side, uint32_t tile, unsigned components, const fc_image_options *o,
                            fc_error *err)
{
    uint8_t b[64] = {0xff, 0x4f, 0xff, 0x51, 0, 47};
    const uint32_t fields[] = {side, side, 0, 0, tile, tile, 0, 0};
    fc_image img = {0};

    *err = (fc_error){0};
    for (size_t i = 0; i < 8; i++)
        for (size_t k = 0; k < 4; k++)
            b[8 + 4 * i + k] = (uint8_t)(fields[i] >> 8 * (3 - k));
    b[40] = (uint8_t)(components >> 8);
    b[41] = (uint8_t)components;
    fc_status s = fc_image_decode(&img, b, sizeof b, "x.j2k", o, err);
    fc_image_clear(&img);
    return s;
}

static void jp2_components_and_tiles(void **state)
{
    fc_error err;

    (void)state;
    assert_int_equal(decode_jp2(100, 100, 16384, NULL, &err), FC_EUNSUPPORTED);
    assert_non_null(strstr(err.message, "16384 components"));
    assert_int_equal(decode_jp2(10000, 1, 3, NULL, &err), FC_ELIMIT);
    assert_non_null(strstr(err.message, "tiles"));
    fc_memory *m = NULL;
    assert_int_equal(fc_memory_new(&m, 64 << 20, &err), FC_OK);
    assert_int_equal(decode_jp2(5000, 5000, 3, &(fc_image_options){.memory = m}, &err), FC_ELIMIT);
    assert_non_null(strstr(err.message, "bytes of memory"));
    fc_memory_free(m);
}

/* A palette of 255 columns: OpenJPEG would make each of them a component. */
static void jp2_with_a_wide_palette(void **state)
{
    static const uint8_t file[] = "\0\0\0\x0cjP  \r\n\x87\n"
                                  "\0\0\0\x14jp2h\0\0\0\x0cpclr\0\x01\xff\x07"
                                  "\0\0\0\0jp2c\xff\x4f\xff\x51\0\x2f\0\0\0\0\0\x64\0\0\0\x64\0\0\0\0\0\0\0\0"
                                  "\0\0\0\x64\0\0\0\x64\0\0\0\0\0\0\0\0\0\x01\x07\x01\x01";
    fc_image img = {0};
    fc_error err = {0};

    (void)state;
    assert_int_equal(fc_image_decode(&img, file, sizeof file - 1, "x.jp2", NULL, &err), FC_EUNSUPPORTED);
    assert_non_null(strstr(err.message, "255 components"));
}

/* The height is what OpenCV would take, 30000, or nothing. */
static void pnm_with_a_comment_behind_a_number(void **state)
{
    static const char file[] = "P6\n1000#30000 255\n1 255\n";
    uint8_t bytes[4096] = {0};
    fc_image img = {0};
    fc_error err = {0};

    (void)state;
    memcpy(bytes, file, sizeof file);
    assert_int_equal(
        fc_image_decode(&img, bytes, sizeof bytes, "x.ppm", &(fc_image_options){.max_pixels = 10000}, &err),
        FC_ECORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(taken_and_given_back),
        cmocka_unit_test(the_default_is_a_share),
        cmocka_unit_test(groups_are_found),
        cmocka_unit_test(a_picture_in_the_budget),
        cmocka_unit_test(what_is_encoded_is_in_the_budget),
        cmocka_unit_test(room_for_a_turned_copy),
        cmocka_unit_test(a_sandbox_of_no_process),
        cmocka_unit_test(threads_wait_for_their_turn),
        cmocka_unit_test(tiff_with_doubled_tags),
        cmocka_unit_test(tiff_with_huge_tiles),
        cmocka_unit_test(tiff_in_one_strip),
        cmocka_unit_test(jp2_components_and_tiles),
        cmocka_unit_test(jp2_with_a_wide_palette),
        cmocka_unit_test(pnm_with_a_comment_behind_a_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
