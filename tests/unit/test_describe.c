/* Models as JSON: what a description says, what it leaves open, and what a file holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "facecheck.h"
#include "models/describe.h"

static char *in_models(char path[300], const char *file)
{
    snprintf(path, 300, "%s/../models/%s", getenv("FC_TESTS"), file);
    return path;
}

static fc_models *open_ours(void)
{
    char path[300];
    fc_models *m;

    assert_int_equal(fc_models_open(&m, in_models(path, ""), NULL), FC_OK);
    return m;
}

static const char *text(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);

    assert_true(json_is_string(v));
    return json_string_value(v);
}

static json_int_t integer(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);

    assert_true(json_is_integer(v));
    return json_integer_value(v);
}

/* All of a model that is made up, in the order in which it is read; contracts are registry.c's. */
static void a_description_says_all_it_has(void **state)
{
    const fc_model m = {.name = "mine",
                        .arch = "mobilefacenet",
                        .sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                        .task = "embed",
                        .input = 160,
                        .alignment = {.mode = FC_ALIGN_BOX, .size = 160, .margin = 14},
                        .mean = {1, 2, 3},
                        .scale = {0.5, 0.5, 0.5},
                        .dim = 512,
                        .threshold = 0.25,
                        .threshold_meaning = "a try",
                        .lfw_fp32 = 99.5,
                        .lfw_bf16 = 99.25,
                        .bf16_similarity = 0.75,
                        .source = {"package", "1.0", "file", "MIT", "https://example.org", "abcd"}};
    char want[1000], contract[2][160];
    json_t *o = json_object();

    (void)state;
    assert_int_equal(fc_model_contract(contract[0], sizeof contract[0], &m, false, NULL), FC_OK);
    assert_int_equal(fc_model_contract(contract[1], sizeof contract[1], &m, true, NULL), FC_OK);
    assert_string_not_equal(contract[0], contract[1]);
    fc_model_to_json(o, &m);
    snprintf(want, sizeof want,
             "{\"name\":\"mine\",\"architecture\":\"mobilefacenet\",\"task\":\"embed\",\"input\":160,"
             "\"alignment\":\"box\",\"margin\":14,\"mean\":[1.0,2.0,3.0],\"scale\":0.5,\"dim\":512,"
             "\"threshold\":0.25,\"threshold_meaning\":\"a try\",\"lfw_fp32\":99.5,\"lfw_bf16\":99.25,"
             "\"bf16_similarity\":0.75,\"contract\":\"%s\",\"contract_flip\":\"%s\",\"licence\":\"MIT\","
             "\"source\":\"package\",\"source_version\":\"1.0\",\"source_file\":\"file\","
             "\"source_sha256\":\"abcd\",\"url\":\"https://example.org\"}",
             contract[0], contract[1]);
    char *got = json_dumps(o, JSON_COMPACT);
    assert_string_equal(got, want);
    free(got);
    json_decref(o);
}

static void what_is_left_open_has_no_key(void **state)
{
    const fc_model m = {.name = "caf\xe9", /* JSON cannot hold it */
                        .task = "detect",
                        .mean = {127.5, 127.5, 127.5},
                        .scale = {1, 1, 1},
                        .threshold = NAN,
                        .lfw_fp32 = NAN,
                        .lfw_bf16 = NAN,
                        .bf16_similarity = NAN};
    json_t *o = json_object();

    (void)state;
    fc_model_to_json(o, &m);
    char *got = json_dumps(o, JSON_COMPACT);
    assert_string_equal(got, "{\"task\":\"detect\",\"mean\":127.5,\"scale\":1.0}");
    free(got);
    json_decref(o);
}

/* "parameters" and "tensors" against each other and against the network as published. */
static void check_file(const json_t *o, const char *file, const char *arch, json_int_t parameters)
{
    const json_t *list = json_object_get(o, "tensors"), *t, *d;
    char path[300];
    json_int_t sum = 0;
    struct stat st;
    size_t i, k;

    assert_string_equal(text(o, "architecture"), arch);
    assert_int_equal(stat(in_models(path, file), &st), 0);
    assert_int_equal(integer(o, "bytes"), st.st_size);
    assert_int_equal(strlen(text(o, "sha256")), 64);
    assert_int_equal(integer(o, "parameters"), parameters);
    json_array_foreach(list, i, t)
    {
        json_int_t n = 1;
        assert_true(json_string_length(json_object_get(t, "name")) > 0);
        assert_string_equal(text(t, "dtype"), "F32");
        assert_true(json_is_array(json_object_get(t, "shape")));
        json_array_foreach(json_object_get(t, "shape"), k, d)
        {
            n *= json_integer_value(d);
        }
        sum += n;
    }
    assert_true(i > 5);
    assert_int_equal(sum, parameters);
}

static void a_known_model_s_file_is_verified_and_listed(void **state)
{
    static const struct {
        const char *name, *arch;
        json_int_t parameters; /* of facenet-pytorch's networks */
    } ours[] = {{"mtcnn-pnet", "pnet", 6632}, {"mtcnn-rnet", "rnet", 100178}, {"mtcnn-onet", "onet", 389040}};
    fc_models *models = open_ours();

    (void)state;
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        const fc_model *m = fc_models_find(models, ours[i].name);
        const char *file = strrchr(m->path, '/') + 1;
        json_t *o = json_object();
        fc_error err;

        fc_model_to_json(o, m);
        assert_null(json_object_get(o, "contract"));
        assert_int_equal(fc_model_file_to_json(o, m->path, m, m->sha256, &err), FC_OK);
        check_file(o, file, ours[i].arch, ours[i].parameters);
        assert_string_equal(text(o, "sha256"), m->sha256);
        json_decref(o);
    }
    fc_models_free(models);
}

static void an_unknown_file_tells_its_network_itself(void **state)
{
    char path[300];
    json_t *o = json_object();
    fc_error err;

    (void)state;
    in_models(path, "mtcnn-rnet.safetensors");
    assert_int_equal(fc_model_file_to_json(o, path, NULL, NULL, &err), FC_OK);
    check_file(o, "mtcnn-rnet.safetensors", "rnet", 100178);
    json_decref(o);
}

static void a_file_that_is_not_what_was_recorded_is_refused(void **state)
{
    static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
    char path[300];
    json_t *o = json_object();
    fc_error err;

    (void)state;
    in_models(path, "mtcnn-pnet.safetensors");
    assert_int_equal(fc_model_file_to_json(o, path, NULL, zeros, &err), FC_EHASH);
    assert_non_null(strstr(err.message, "mtcnn-pnet.safetensors: its SHA-256 is 6f5b5835"));
    assert_non_null(strstr(err.message, zeros));
    assert_int_equal(fc_model_file_to_json(o, in_models(path, "none"), NULL, NULL, &err), FC_EMISSING);
    assert_non_null(strstr(err.message, "none: No such file"));
    assert_int_not_equal(fc_model_file_to_json(o, in_models(path, "README.md"), NULL, NULL, &err), FC_OK);
    assert_non_null(strstr(err.message, "README.md: "));
    assert_int_equal(json_object_size(o), 0); /* nothing of a file that was refused */
    json_decref(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_description_says_all_it_has),
        cmocka_unit_test(what_is_left_open_has_no_key),
        cmocka_unit_test(a_known_model_s_file_is_verified_and_listed),
        cmocka_unit_test(an_unknown_file_tells_its_network_itself),
        cmocka_unit_test(a_file_that_is_not_what_was_recorded_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
