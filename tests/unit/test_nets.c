/* The networks against what other implementations of them gave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "made_up.h"
#include "match/similarity.h"
#include "nets/nets.h"
#include "engines/engine.h"

static char *path_of(const char *variable, const char *rest)
{
    const char *folder = getenv(variable);
    char *path = NULL;
    if (!folder || asprintf(&path, "%s/%s", folder, rest) < 0)
        return NULL;
    if (access(path, R_OK) == 0)
        return path;
    free(path);
    return NULL;
}

/* A network ready to run. */
typedef struct runner {
    fc_net *net;
    fc_session *session;
    int dim, side;
} runner;

static void runner_new(runner *r, const fc_graph *g, const fc_weights *w, fc_precision precision)
{
    fc_error err = {0};
    r->side = fc_graph_node(g, 0)->h;
    r->dim = fc_graph_node(g, fc_graph_output_at(g, 0))->c;
    const fc_engine_options opt = {.engine = getenv("FC_ENGINE"), .precision = precision};
    if (fc_net_compile(&r->net, g, w, &opt, &err) || fc_session_new(&r->session, r->net, &err))
        fail_msg("%s", err.message);
}

static void runner_free(runner *r)
{
    fc_session_free(r->session);
    fc_net_free(r->net);
}

/* rgb: [side][side][3] */
static const float *run_picture(runner *r, const uint8_t *rgb, size_t stride)
{
    fc_error err = {0};
    float *in = fc_session_input(r->session);
    for (int c = 0; c < 3; c++)
        for (int y = 0; y < r->side; y++)
            for (int x = 0; x < r->side; x++)
                *in++ = ((float)rgb[(size_t)y * stride + (size_t)x * 3 + (size_t)c] - 127.5f) / 128;
    if (fc_session_run(r->session, &err))
        fail_msg("%s", err.message);
    return fc_session_output(r->session, 0);
}

static const float *run_file(runner *r, const char *path)
{
    fc_image img = {0};
    fc_error err = {0};
    if (fc_image_load(&img, path, NULL, &err))
        fail_msg("%s", err.message);
    assert_int_equal(img.w, r->side);
    assert_int_equal(img.h, r->side);
    const float *out = run_picture(r, img.rgb, img.stride);
    fc_image_clear(&img);
    return out;
}

static float *numbers(const json_t *list, int n)
{
    float *v = calloc((size_t)n, sizeof *v);
    assert_non_null(v);
    assert_int_equal(json_array_size(list), n);
    for (int i = 0; i < n; i++)
        v[i] = (float)json_number_value(json_array_get(list, (size_t)i));
    return v;
}

/* folder/embeddings.jsonl names its crops. */
static void mobilefacenet_crops(const char *folder, fc_precision precision, int crops)
{
    const double least = precision == FC_PRECISION_FP32 ? 0.999999 : 0.999;
    char *weights = path_of("FC_TESTS", "../models/mobilefacenet.safetensors"), line[16384];
    fc_graph *g = fc_net_mobilefacenet();
    fc_weights *w = NULL;
    fc_error err = {0};
    runner r;
    int n = 0;

    assert_non_null(weights);
    if (fc_weights_open(&w, weights, &err))
        fail_msg("%s", err.message);
    runner_new(&r, g, w, precision);
    fc_graph_free(g); /* a net needs neither */
    fc_weights_free(w);
    snprintf(line, sizeof line, "%s/embeddings.jsonl", folder);
    FILE *f = fopen(line, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        char path[4096];
        json_t *j = json_loads(line, 0, NULL);
        assert_non_null(j);
        float *want = numbers(json_object_get(j, "raw"), r.dim);
        snprintf(path, sizeof path, "%s/%s", folder, json_string_value(json_object_get(j, "crop")));
        double cosine = fc_cosine(run_file(&r, path), want, (size_t)r.dim);
        if (!(cosine >= least))
            fail_msg("%s: cosine %.8f, want %.8f", path, cosine, least);
        free(want);
        json_decref(j);
        n++;
    }
    fclose(f);
    assert_int_equal(n, crops);
    runner_free(&r);
    free(weights);
}

static void mobilefacenet_in(const char *variable, const char *rest, int crops)
{
    char *folder = path_of(variable, rest);
    if (!folder)
        skip();
    mobilefacenet_crops(folder, FC_PRECISION_FP32, crops);
    if (fc_cpu_has_bf16()) /* otherwise unit.nets-AVX512_CORE_BF16 is skipped */
        mobilefacenet_crops(folder, FC_PRECISION_BF16, crops);
    free(folder);
}

static void mobilefacenet(void **state)
{
    (void)state;
    mobilefacenet_in("FC_TESTS", "data/nets/mobilefacenet", 8);
}

static void needs_shared_mobilefacenet(void **state)
{
    (void)state;
    mobilefacenet_in("FC_SHARED", "reference/mobilefacenet", 32);
}

static void pattern(uint8_t *rgb)
{
    for (int y = 0; y < 160; y++)
        for (int x = 0; x < 160; x++)
            for (int c = 0; c < 3; c++)
                *rgb++ = (uint8_t)(3 * x + 5 * y + 85 * c + x * y % 97);
}

/* path holds `name`, what the network gives for the picture made by pattern() or, if not NULL, for that file. */
static void inception_like(const char *path, const char *name, const char *picture, fc_precision precision)
{
    const bool exact = precision == FC_PRECISION_FP32;
    const double least = exact ? 0.99999 : 0.999, most = exact ? 1e-4 : 0.02;
    static uint8_t rgb[160 * 160 * 3];
    fc_graph *g = fc_net_inception_resnet_v1();
    fc_weights *w = NULL;
    fc_error err = {0};
    double worst = 0, cosine;
    const float *got;
    runner r;

    if (made_up_weights(&w, g, &err))
        fail_msg("%s", err.message);
    runner_new(&r, g, w, precision);
    json_t *j = json_load_file(path, 0, NULL);
    assert_non_null(j);
    float *want = numbers(json_object_get(j, name), r.dim);
    pattern(rgb);
    got = picture ? run_file(&r, picture) : run_picture(&r, rgb, 160 * 3);
    for (int i = 0; i < r.dim; i++)
        worst = fmax(worst, fabs((double)got[i] - want[i]));
    cosine = fc_cosine(got, want, (size_t)r.dim);
    if (!(cosine >= least) || !(worst <= most))
        fail_msg("%s: cosine %.8f, want %.8f; largest difference %g, want %g", name, cosine, least, worst,
                 most);
    free(want);
    json_decref(j);
    runner_free(&r);
    fc_weights_free(w);
    fc_graph_free(g);
}

static void inception_in_both(const char *path, const char *name, const char *picture)
{
    inception_like(path, name, picture, FC_PRECISION_FP32);
    if (fc_cpu_has_bf16())
        inception_like(path, name, picture, FC_PRECISION_BF16);
}

static void inception(void **state)
{
    char *path = path_of("FC_TESTS", "data/nets/inception_resnet_v1.json");

    (void)state;
    assert_non_null(path);
    inception_in_both(path, "pattern", NULL);
    free(path);
}

static void needs_shared_inception(void **state)
{
    char *path = path_of("FC_SHARED", "reference/inception_resnet_v1/expected.json");
    char *crop = path_of("FC_SHARED", "reference/inception_resnet_v1/crop.png");

    (void)state;
    if (!path || !crop)
        skip();
    inception_in_both(path, "crop", crop);
    free(crop);
    free(path);
}

/* The names and shapes that the graph asks for are facenet-pytorch's, all of them. */
static void inception_tensors(void **state)
{
    (void)state;
    char *path = path_of("FC_TESTS", "data/nets/inception_resnet_v1-tensors.json");
    fc_graph *g = fc_net_inception_resnet_v1();
    fc_weights *w = NULL;
    fc_error err = {0};
    size_t counters = 0;
    const char *name;
    json_t *shape, *all;

    assert_non_null(path);
    assert_int_equal(made_up_weights(&w, g, &err), FC_OK);
    all = json_load_file(path, 0, NULL);
    assert_non_null(all);
    json_object_foreach(all, name, shape)
    {
        const fc_tensor *t = fc_weights_find(w, name);
        if (strstr(name, "num_batches_tracked")) {
            counters++;
            continue;
        }
        if (!t)
            fail_msg("%s is not used", name);
        assert_int_equal(json_array_size(shape), t->rank);
        for (int i = 0; i < t->rank; i++)
            assert_int_equal(json_integer_value(json_array_get(shape, (size_t)i)), t->dim[i]);
    }
    assert_int_equal(json_object_size(all) - counters, fc_weights_count(w));
    json_decref(all);
    fc_weights_free(w);
    fc_graph_free(g);
    free(path);
}

/* What face-api.js 1.7.15, whose weights these are, gives for a picture, in its CPU backend. It divides
 * pixels by 255, where dlib does by 256. */
static void dlib_face(void **state)
{
    static const double mean[3] = {122.782, 117.001, 104.298};
    char *path = path_of("FC_TESTS", "data/nets/dlib_face.json");
    char *weights = path_of("FC_TESTS", "../models/dlib-face.safetensors");
    fc_graph *g = fc_net_dlib_face();
    fc_weights *w = NULL;
    fc_error err = {0};
    double worst = 0;
    runner r;

    (void)state;
    assert_non_null(path);
    assert_non_null(weights);
    if (fc_weights_open(&w, weights, &err))
        fail_msg("%s", err.message);
    runner_new(&r, g, w, FC_PRECISION_FP32);
    json_t *j = json_load_file(path, 0, NULL);
    assert_non_null(j);
    float *want = numbers(json_object_get(j, "pattern"), 128), *in = fc_session_input(r.session);
    for (int c = 0; c < 3; c++)
        for (int y = 0; y < 150; y++)
            for (int x = 0; x < 150; x++)
                *in++ = (float)((((3 * x + 5 * y + 85 * c + x * y % 97) & 255) - mean[c]) / 255);
    if (fc_session_run(r.session, &err))
        fail_msg("%s", err.message);
    const float *got = fc_session_output(r.session, 0);
    for (int i = 0; i < 128; i++)
        worst = fmax(worst, fabs((double)got[i] - want[i]));
    if (!(worst <= 1e-5))
        fail_msg("largest difference %g", worst);
    free(want);
    json_decref(j);
    runner_free(&r);
    fc_weights_free(w);
    fc_graph_free(g);
    free(weights);
    free(path);
}

static void by_name(void **state)
{
    (void)state;
    static const char *const names[] = {"pnet",          "rnet",      "onet",
                                        "mobilefacenet", "dlib_face", "inception_resnet_v1"};
    fc_error err;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        fc_graph *g = fc_net_by_name(names[i]);
        assert_non_null(g);
        assert_int_equal(fc_graph_check(g, &err), FC_OK);
        fc_graph_free(g);
    }
    assert_null(fc_net_by_name("resnet"));
    assert_null(fc_net_by_name(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_name),
        cmocka_unit_test(mobilefacenet),
        cmocka_unit_test(inception),
        cmocka_unit_test(inception_tensors),
        cmocka_unit_test(dlib_face),
        cmocka_unit_test(needs_shared_mobilefacenet),
        cmocka_unit_test(needs_shared_inception),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
