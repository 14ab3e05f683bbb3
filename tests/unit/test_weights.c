/* safetensors files: what is written is read back, and nothing that contradicts itself is let in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "nn/weights.h"
#include "seed.h"

static char folder[] = "/tmp/test_weights.XXXXXX";
static char path[64], other[64];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/a.safetensors", folder);
    snprintf(other, sizeof other, "%s/b.safetensors", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    unlink(other);
    return rmdir(folder);
}

static void write_bytes(const void *data, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    keep_seed("safetensors", data, n);
}

/* A file of this header, its length as stated, and size zero bytes of data. */
static void write_file_stating(const char *header, uint64_t stated, size_t size)
{
    size_t n = 8 + strlen(header) + size;
    uint8_t *b = calloc(1, n);
    assert_non_null(b);
    for (int i = 0; i < 8; i++)
        b[i] = (uint8_t)(stated >> 8 * i);
    memcpy(b + 8, header, strlen(header));
    write_bytes(b, n);
    free(b);
}

static void write_file(const char *header, size_t size)
{
    write_file_stating(header, strlen(header), size);
}

static void refused(fc_status want, const char *word)
{
    fc_error err = {0};
    fc_weights *w = (fc_weights *)&err;
    fc_status s = fc_weights_open(&w, path, &err);
    if (s != want || !strstr(err.message, word) || !strstr(err.message, path))
        fail_msg("status %s, message '%s'; want %s and '%s'", fc_status_name(s), err.message,
                 fc_status_name(want), word);
    assert_null(w);
    assert_int_equal(err.status, want);
}

static fc_weights *opened(const char *name)
{
    fc_error err = {0};
    fc_weights *w = NULL;
    if (fc_weights_open(&w, name, &err))
        fail_msg("%s", err.message);
    return w;
}

static char *contents(const char *name, size_t *n)
{
    FILE *f = fopen(name, "rb");
    char *b = malloc(65536);
    assert_non_null(f);
    assert_non_null(b);
    *n = fread(b, 1, 65536, f);
    fclose(f);
    return b;
}

static fc_weights *example(void)
{
    const float a[6] = {1, 2, 3, 4, 5, 6};
    const uint8_t bytes[3] = {7, 8, 9};
    const int64_t number = -5;
    fc_weights *w;
    assert_int_equal(fc_weights_new(&w, "made up", NULL), FC_OK);
    assert_int_equal(fc_weights_add(w, "z.weight", FC_F32, 2, (size_t[]){2, 3}, a, NULL), FC_OK);
    assert_int_equal(fc_weights_add(w, "bytes", FC_U8, 1, (size_t[]){3}, bytes, NULL), FC_OK);
    assert_int_equal(fc_weights_add(w, "n\"\xc3\xa9", FC_I64, 0, NULL, &number, NULL), FC_OK);
    assert_int_equal(fc_weights_add(w, "none", FC_F32, 2, (size_t[]){0, 4}, NULL, NULL), FC_OK);
    assert_int_equal(fc_weights_set_meta(w, "source", "made up", NULL), FC_OK);
    assert_int_equal(fc_weights_set_meta(w, "arch", "x", NULL), FC_OK);
    return w;
}

static void check_example(const fc_weights *w)
{
    const float *f;
    assert_int_equal(fc_weights_count(w), 4);
    assert_string_equal(fc_weights_at(w, 0)->name, "z.weight");
    const fc_tensor *t = fc_weights_find(w, "z.weight");
    assert_ptr_equal(t, fc_weights_at(w, 0));
    assert_int_equal(t->dtype, FC_F32);
    assert_int_equal(t->rank, 2);
    assert_int_equal(t->dim[0], 2);
    assert_int_equal(t->dim[1], 3);
    assert_int_equal(t->count, 6);
    assert_int_equal(fc_weights_f32(w, "z.weight", 6, &f, NULL), FC_OK);
    assert_true(f[0] == 1 && f[5] == 6);
    t = fc_weights_find(w, "n\"\xc3\xa9"); /* three bytes before it: not aligned in the file */
    assert_non_null(t);
    assert_int_equal(t->rank, 0);
    assert_int_equal(t->count, 1);
    assert_int_equal((uintptr_t)t->data % 8, 0);
    assert_int_equal(*(const int64_t *)t->data, -5);
    assert_int_equal(((const uint8_t *)fc_weights_find(w, "bytes")->data)[2], 9);
    assert_int_equal(fc_weights_find(w, "none")->count, 0);
    assert_null(fc_weights_find(w, "bytes2"));
    assert_null(fc_weights_find(w, ""));
    assert_string_equal(fc_weights_meta(w, "source"), "made up");
    assert_null(fc_weights_meta(w, "absent"));
}

static void round_trip(void **state)
{
    (void)state;
    fc_weights *w = example(), *r;
    size_t n, m;

    check_example(w);
    assert_int_equal(fc_weights_save(w, path, NULL), FC_OK);
    r = opened(path);
    check_example(r);
    assert_string_equal(fc_weights_path(r), path);
    assert_int_equal((uintptr_t)fc_weights_at(r, 0)->data % 64, 0);
    /* what was read is written as the same bytes, over the file that it was read from, too */
    assert_int_equal(fc_weights_save(r, other, NULL), FC_OK);
    char *a = contents(path, &n), *b = contents(other, &m);
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    free(b);
    assert_int_equal(fc_weights_save(r, path, NULL), FC_OK);
    b = contents(path, &m);
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    free(a);
    free(b);
    fc_weights_free(r);
    fc_weights_free(w);
}

static void many_tensors(void **state)
{
    (void)state;
    fc_weights *w, *r;
    char name[32];

    assert_int_equal(fc_weights_new(&w, "made up", NULL), FC_OK);
    for (int i = 0; i < 500; i++) {
        float v = (float)i;
        snprintf(name, sizeof name, "t%d", i * 7919 % 500);
        assert_int_equal(fc_weights_add(w, name, FC_F32, 0, NULL, &v, NULL), FC_OK);
    }
    assert_int_equal(fc_weights_save(w, path, NULL), FC_OK);
    r = opened(path);
    assert_int_equal(fc_weights_count(r), 500);
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "t%d", i * 7919 % 500);
        assert_string_equal(fc_weights_at(r, (size_t)i)->name, name);
        assert_true(*(const float *)fc_weights_find(r, name)->data == (float)i);
    }
    fc_weights_free(r);
    fc_weights_free(w);
}

static void wrong_requests(void **state)
{
    (void)state;
    fc_weights *w = example();
    fc_error err;
    const float *f;
    float v = 0;

    assert_int_equal(fc_weights_f32(w, "absent", 1, &f, &err), FC_EMODEL);
    assert_non_null(strstr(err.message, "absent"));
    assert_int_equal(fc_weights_f32(w, "z.weight", 5, &f, &err), FC_EMODEL);
    assert_non_null(strstr(err.message, "z.weight"));
    assert_null(f);
    assert_int_equal(fc_weights_f32(w, "bytes", 3, &f, &err), FC_EMODEL);
    assert_non_null(strstr(err.message, "U8"));
    assert_int_equal(fc_weights_add(w, "bytes", FC_F32, 0, NULL, &v, &err), FC_ECORRUPT);
    assert_int_equal(fc_weights_add(w, "__metadata__", FC_F32, 0, NULL, &v, &err), FC_EUSAGE);
    assert_int_equal(fc_weights_add(w, "", FC_F32, 0, NULL, &v, &err), FC_EUSAGE);
    assert_int_equal(fc_weights_add(w, "\xff", FC_F32, 0, NULL, &v, &err), FC_EUSAGE);
    assert_int_equal(fc_weights_add(w, "r9", FC_F32, 9, (size_t[9]){0}, &v, &err), FC_EUSAGE);
    assert_int_equal(
        fc_weights_add(w, "huge", FC_F32, 2, (size_t[]){(size_t)1 << 40, (size_t)1 << 40}, &v, &err),
        FC_EUSAGE);
    assert_int_equal(fc_weights_add(w, "huge", FC_F32, 1, (size_t[]){SIZE_MAX / 2}, &v, &err), FC_EUSAGE);
    assert_int_equal(fc_weights_set_meta(w, "\xff", "x", &err), FC_EUSAGE);
    assert_int_equal(fc_weights_set_meta(w, "arch", "\xc3", &err), FC_EUSAGE);
    check_example(w);
    fc_weights_free(w);
    fc_weights_free(NULL);
}

static void *no_memory(size_t n)
{
    (void)n;
    return NULL;
}

/* A good name is no bad one because memory ran out. */
static void out_of_memory(void **state)
{
    (void)state;
    fc_weights *w = example();
    fc_error err;
    float v = 0;

    json_set_alloc_funcs(no_memory, free);
    assert_int_equal(fc_weights_add(w, "more", FC_F32, 0, NULL, &v, &err), FC_OK); /* needs no JSON */
    assert_int_equal(fc_weights_set_meta(w, "arch", "y", &err), FC_ENOMEM);
    json_set_alloc_funcs(malloc, free);
    assert_string_equal(fc_weights_meta(w, "arch"), "x");
    fc_weights_free(w);
}

/* Bytes with two numbers beside them are read as float32; without these, or with others, they are bytes. */
static void quantised(void **state)
{
    (void)state;
    const uint8_t bytes[3] = {0, 1, 255};
    const double by[2] = {0.5, -2};
    const float *f = NULL, one[2] = {1, 1};
    fc_weights *w, *back;
    assert_int_equal(fc_weights_new(&w, "made up", NULL), FC_OK);
    assert_int_equal(fc_weights_add(w, "a", FC_U8, 1, (size_t[]){3}, bytes, NULL), FC_OK);
    assert_int_equal(fc_weights_add(w, "a.quantization", FC_F64, 1, (size_t[]){2}, by, NULL), FC_OK);
    assert_int_equal(fc_weights_add(w, "b", FC_U8, 1, (size_t[]){3}, bytes, NULL), FC_OK);
    assert_int_equal(fc_weights_add(w, "b.quantization", FC_F32, 1, (size_t[]){2}, one, NULL), FC_OK);
    assert_int_equal(fc_weights_save(w, path, NULL), FC_OK);
    back = opened(path);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(fc_weights_f32(back, "a", 3, &f, NULL), FC_OK);
        assert_true(f[0] == -2 && f[1] == -1.5f && f[2] == 125.5f);
    }
    assert_int_equal(fc_weights_f32(back, "a", 4, &f, NULL), FC_EMODEL);
    assert_int_equal(fc_weights_f32(back, "b", 3, &f, NULL), FC_EMODEL);
    assert_int_equal(fc_weights_find(back, "a")->dtype, FC_U8);
    assert_true(fc_weights_is_quantisation(fc_weights_find(back, "a.quantization")));
    assert_false(fc_weights_is_quantisation(fc_weights_find(back, "b.quantization")));
    fc_weights_free(back);
    fc_weights_free(w);
}

static void unwritable(void **state)
{
    (void)state;
    fc_weights *w = example();
    fc_error err;
    assert_int_equal(fc_weights_save(w, "/nonexistent/x.safetensors", &err), FC_EMISSING);
    fc_weights_free(w);
}

static void not_a_file(void **state)
{
    (void)state;
    fc_weights *w;
    fc_error err;
    assert_int_equal(fc_weights_open(&w, "/nonexistent", &err), FC_EMISSING);
    assert_int_equal(fc_weights_open(&w, folder, &err), FC_EIO);
    write_bytes("", 0);
    refused(FC_EEMPTY, "empty");
    write_bytes("\x10\0\0", 3);
    refused(FC_ETRUNCATED, "3 bytes");
    write_bytes("\x7f\x45LF and so on, not weights", 24);
    refused(FC_EFORMAT, "not a safetensors file");
}

static void header_length(void **state)
{
    (void)state;
    write_file_stating("{}", 3, 0);
    refused(FC_ETRUNCATED, "header");
    write_file_stating("{}", UINT64_MAX, 64);
    refused(FC_EFORMAT, "not a safetensors file");
    write_file_stating("{}", UINT64_MAX - 7, 64); /* wraps when 8 is added */
    refused(FC_EFORMAT, "not a safetensors file");
    write_file_stating("{}", (uint64_t)1 << 32, 64);
    refused(FC_EFORMAT, "not a safetensors file");
    write_file_stating("{}", 0, 64);
    refused(FC_EFORMAT, "not a safetensors file");
    write_file_stating("{}", 8000000, 64);
    refused(FC_ETRUNCATED, "header");
    write_file("[]", 0);
    refused(FC_EFORMAT, "not a safetensors file");
}

/* A header of one float32 tensor of n elements at these offsets. */
static const char *one(const char *shape, const char *offsets)
{
    static char text[256];
    snprintf(text, sizeof text, "{\"a\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":%s}}", shape,
             offsets);
    return text;
}

static void bad_members(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "{\"a\":1}",
        "{\"a\":{}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}",
        "{\"a\":{\"dtype\":4,\"shape\":[1],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}x",
        "{\"\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
        "{\"__metadata__\":[],\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
        "{\"__metadata__\":{\"k\":1},\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
         "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}"),
        "{\"a\\u0000b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        write_file(broken[i], 4);
        refused(FC_ECORRUPT, "");
    }
    write_file("{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4);
    refused(FC_EUNSUPPORTED, "F8_E4M3");
    write_file(one("[1,1,1,1,1,1,1,1,1]", "[0,4]"), 4);
    refused(FC_EUNSUPPORTED, "rank 9");
    write_file(one("[1]", "[0,4]"), 4);
    fc_weights_free(opened(path));
}

static void bad_shapes(void **state)
{
    (void)state;
    static const char *const shapes[] = {
        "[2]",
        "[0]",
        "[-1]",
        "[1.0]",
        "[\"1\"]",
        "[4611686018427387905]",
        "[4294967296,4294967296]",
        "[9223372036854775807,9223372036854775807]",
        "[2,0]",
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        write_file(one(shapes[i], "[0,4]"), 4);
        refused(FC_ECORRUPT, "'a'");
    }
}

static void bad_offsets(void **state)
{
    (void)state;
    write_file(one("[1]", "[0,4]"), 3);
    refused(FC_ETRUNCATED, "'a'");
    write_file(one("[1]", "[4,8]"), 4);
    refused(FC_ETRUNCATED, "'a'");
    write_file(one("[1]", "[9223372036854775804,9223372036854775807]"), 4);
    refused(FC_ETRUNCATED, "'a'");
    write_file(one("[1]", "[-4,0]"), 4);
    refused(FC_ECORRUPT, "'a'");
    write_file(one("[1]", "[4,0]"), 4);
    refused(FC_ECORRUPT, "'a'");
    write_file(one("[1]", "[0.0,4]"), 4);
    refused(FC_ECORRUPT, "'a'");
    write_file(one("[1]", "[4,8]"), 8);
    refused(FC_ECORRUPT, "begins"); /* a hole */
    write_file(one("[1]", "[0,4]"), 5);
    refused(FC_ECORRUPT, "after the last");
    write_file("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
               "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
               12);
    refused(FC_ECORRUPT, "'b'"); /* an overlap */
    write_file("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
               "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
               8);
    refused(FC_ECORRUPT, "'b'");
    write_file("{}", 0); /* nothing in it, but sound */
    fc_weights *w = opened(path);
    assert_int_equal(fc_weights_count(w), 0);
    fc_weights_free(w);
}

/* Any order in the header; the data's order counts. */
static void order_of_data(void **state)
{
    (void)state;
    write_file("{\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[4,5]},"
               "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}   ",
               5);
    fc_weights *w = opened(path);
    assert_int_equal(fc_weights_count(w), 2);
    assert_string_equal(fc_weights_at(w, 0)->name, "a");
    assert_string_equal(fc_weights_at(w, 1)->name, "b");
    fc_weights_free(w);
}

/* Every prefix of a good file is refused. */
static void truncated(void **state)
{
    (void)state;
    fc_weights *w = example();
    size_t n;
    assert_int_equal(fc_weights_save(w, other, NULL), FC_OK);
    fc_weights_free(w);
    char *b = contents(other, &n);
    for (size_t i = 0; i < n; i++) {
        fc_error err;
        write_bytes(b, i);
        assert_int_not_equal(fc_weights_open(&w, path, &err), FC_OK);
        assert_null(w);
    }
    free(b);
}

/* As many as 16 MiB of header can name, the worst order for a sorted list: 300,000 once took a minute. */
static void tensors_in_falling_order(void **state)
{
    enum { MANY = 300000 };
    char name[16];
    fc_weights *w;
    const clock_t start = clock();
    (void)state;

    assert_int_equal(fc_weights_new(&w, "many", NULL), FC_OK);
    for (int i = MANY; i-- > 0;) {
        snprintf(name, sizeof name, "t%06d", i);
        assert_int_equal(fc_weights_add(w, name, FC_U8, 0, NULL, name + 6, NULL), FC_OK);
    }
    assert_int_equal(fc_weights_add(w, "t000123", FC_U8, 0, NULL, name, NULL), FC_ECORRUPT);
    assert_int_equal(fc_weights_count(w), MANY);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "t%06d", i);
        const fc_tensor *t = fc_weights_find(w, name);
        assert_non_null(t);
        assert_int_equal(*(const char *)t->data, name[6]);
    }
    assert_null(fc_weights_find(w, "t300000"));
    fc_weights_free(w);
    assert_true((clock() - start) / CLOCKS_PER_SEC < 10);
}

/* A file's header may have 16 MiB, but what that becomes in memory is bounded, too. */
static void header_of_many_tensors(void **state)
{
    (void)state;
    for (int many = 100000; many <= 260000; many += 160000) {
        char *header = malloc((size_t)many * 64 + 2);
        size_t n = 0;
        fc_weights *w;
        fc_error err;
        assert_non_null(header);
        for (int i = 0; i < many; i++)
            n += (size_t)sprintf(header + n,
                                 "%s\"%x\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[%d,%d]}",
                                 i ? "," : "{", i, i, i + 1);
        strcpy(header + n, "}");
        write_file(header, (size_t)many);
        free(header);
        const clock_t start = clock();
        if (many == 100000) {
            assert_int_equal(fc_weights_open(&w, path, &err), FC_OK);
            assert_int_equal(fc_weights_count(w), many);
            fc_weights_free(w);
        } else {
            assert_int_equal(fc_weights_open(&w, path, &err), FC_ELIMIT);
            assert_non_null(strstr(err.message, "header: more values than"));
        }
        assert_true((clock() - start) / CLOCKS_PER_SEC < 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensors_in_falling_order),
        cmocka_unit_test(header_of_many_tensors),
        cmocka_unit_test(round_trip),
        cmocka_unit_test(many_tensors),
        cmocka_unit_test(wrong_requests),
        cmocka_unit_test(out_of_memory),
        cmocka_unit_test(quantised),
        cmocka_unit_test(unwritable),
        cmocka_unit_test(not_a_file),
        cmocka_unit_test(header_length),
        cmocka_unit_test(bad_members),
        cmocka_unit_test(bad_shapes),
        cmocka_unit_test(bad_offsets),
        cmocka_unit_test(order_of_data),
        cmocka_unit_test(truncated),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
