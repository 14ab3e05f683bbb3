/* TensorFlow.js' weights manifests: names, layout and bytes of a small one, and those that contradict themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "models/import.h"
#include "seed.h"

static char folder[] = "/tmp/test_tfjs.XXXXXX";
static char manifest[64], numbers[64], more[64];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(manifest, sizeof manifest, "%s/m.json", folder);
    snprintf(numbers, sizeof numbers, "%s/a.bin", folder);
    snprintf(more, sizeof more, "%s/b.bin", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(manifest);
    unlink(numbers);
    unlink(more);
    return rmdir(folder);
}

static void write_file(const char *path, const void *data, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* For the fuzzer: the manifest, a zero, and the numbers. */
static void keep(const char *text, const void *data, size_t n)
{
    const size_t length = strlen(text) + 1;
    uint8_t *both = malloc(length + n);

    assert_non_null(both);
    memcpy(both, text, length);
    memcpy(both + length, data, n);
    keep_seed("tfjs", both, length + n);
    free(both);
}

/* The numbers are in two files, which end inside a tensor. */
static void names_and_layout(void **state)
{
    static const char text[] =
        " [{\"paths\": [\"a.bin\", \"b.bin\"], \"weights\": ["
        "{\"name\": \"x/conv/filters\", \"shape\": [1, 2, 3, 2], \"dtype\": \"float32\","
        " \"quantization\": {\"dtype\": \"uint8\", \"scale\": 0.5, \"min\": -1}},"
        "{\"name\": \"x/scale/weights\", \"shape\": [2], \"dtype\": \"float32\"},"
        "{\"name\": \"x/scale/biases\", \"shape\": [1], \"dtype\": \"float32\"},"
        "{\"name\": \"fc\", \"shape\": [2, 2], \"dtype\": \"float32\"}]}]";
    const float floats[7] = {1, 2, 3, 4, 5, 6, 7};
    uint8_t data[40];
    const float *f;
    fc_weights *w;
    fc_error err;

    (void)state;
    for (int i = 0; i < 12; i++)
        data[i] = (uint8_t)i;
    memcpy(data + 12, floats, sizeof floats);
    write_file(manifest, text, strlen(text));
    write_file(numbers, data, 14);
    write_file(more, data + 14, 26);
    keep(text, data, sizeof data);
    if (fc_import(&w, manifest, &err))
        fail_msg("%s", err.message);
    assert_null(fc_weights_meta(w, "arch"));
    const fc_tensor *t = fc_weights_find(w, "x.conv.weight");
    assert_non_null(t);
    assert_int_equal(t->dtype, FC_U8);
    assert_int_equal(t->rank, 4);
    assert_memory_equal(t->dim, ((size_t[]){2, 3, 1, 2}), 4 * sizeof(size_t));
    /* [h][w][in][out] is 6 w + 2 in + out; [out][in][h][w] */
    assert_memory_equal(t->data, ((uint8_t[]){0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11}), 12);
    assert_int_equal(fc_weights_f32(w, "x.conv.weight", 12, &f, &err), FC_OK);
    assert_true(f[0] == -1 && f[1] == 2 && f[11] == 4.5f);
    assert_int_equal(fc_weights_f32(w, "x.scale.weight", 2, &f, &err), FC_OK);
    assert_true(f[0] == 1 && f[1] == 2);
    assert_int_equal(fc_weights_f32(w, "x.scale.bias", 1, &f, &err), FC_OK);
    assert_true(f[0] == 3);
    assert_int_equal(fc_weights_f32(w, "fc.weight", 4, &f, &err), FC_OK);
    assert_true(f[0] == 4 && f[1] == 6 && f[2] == 5 && f[3] == 7);
    fc_weights_free(w);
}

static void refused(const char *text, fc_status want, const char *word)
{
    fc_weights *w = (fc_weights *)&want;
    fc_error err = {0};

    write_file(manifest, text, strlen(text));
    keep(text, "12345678", 8);
    const fc_status s = fc_import(&w, manifest, &err);
    if (s != want || !strstr(err.message, word) || w)
        fail_msg("%s: status %s, message '%s'", text, fc_status_name(s), err.message);
}

#define ONE(tensor)         "[{\"paths\":[\"a.bin\"],\"weights\":[" tensor "]}]"
#define TENSOR(shape, rest) "{\"name\":\"a\",\"shape\":" shape ",\"dtype\":\"float32\"" rest "}"

static void contradictions(void **state)
{
    (void)state;
    write_file(numbers, "12345678", 8);
    refused("[", FC_ECORRUPT, "m.json");
    refused("[]", FC_ECORRUPT, "a list of groups");
    refused("[1]", FC_ECORRUPT, "without 'paths'");
    refused("[{\"paths\":[\"../a.bin\"],\"weights\":[]}]", FC_ECORRUPT, "names of files");
    refused("[{\"paths\":[1],\"weights\":[]}]", FC_ECORRUPT, "names of files");
    refused("[{\"paths\":[\"none.bin\"],\"weights\":[]}]", FC_EMISSING, "none.bin");
    refused(ONE("1"), FC_ECORRUPT, "without a name");
    refused(ONE(TENSOR("[3]", "")), FC_ETRUNCATED, "end inside tensor a");
    refused(ONE(TENSOR("[1]", "")), FC_ECORRUPT, "more than its tensors");
    refused(ONE(TENSOR("[2147483647,2147483647,2147483647]", "")), FC_ECORRUPT, "too large");
    refused(ONE(TENSOR("[0]", "")), FC_ECORRUPT, "no shape");
    refused(ONE(TENSOR("2", "")), FC_ECORRUPT, "no shape");
    refused(ONE("{\"name\":\"a\",\"shape\":[2],\"dtype\":\"int32\"}"), FC_EUNSUPPORTED, "neither");
    refused(ONE(TENSOR("[8]", ",\"quantization\":{\"dtype\":\"uint16\",\"scale\":1,\"min\":0}")),
            FC_EUNSUPPORTED, "neither");
    refused(ONE(TENSOR("[8]", ",\"quantization\":{\"dtype\":\"uint8\",\"scale\":1}")), FC_ECORRUPT,
            "scale and min");
    refused(ONE(TENSOR("[1]", "") "," TENSOR("[1]", "")), FC_ECORRUPT, "twice");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_and_layout), cmocka_unit_test(contradictions)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
