/* ONNX files: embedding networks, and YuNet. FC_MADE is where make_onnx wrote. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "engines/engine.h"
#include "made_program.h"
#include "small_net.h"

#define SIDE MADE_SIDE

static const int chw[] = {3, SIDE, SIDE};

static fc_status load(fc_net **net, int *dim, const char *name, const fc_engine_options *o, fc_error *err)
{
    return made_load(net, dim, FC_PROGRAM_ONNX, name, o, err);
}

static void refused(const char *name, const fc_engine_options *o, fc_status want, const char *word)
{
    made_refused(FC_PROGRAM_ONNX, name, o, want, word);
}

/* The small network by its definition. */
static double expected(const float *in, int o)
{
    const float *w = small_net_weight() + o * 27;
    const int side = (SIDE - 3) / 2 + 1;
    double sum = 0;

    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            double v = (double)small_net_bias()[o];
            for (int c = 0; c < 3; c++)
                for (int k = 0; k < 9; k++)
                    v += (double)w[c * 9 + k] * (double)in[(c * SIDE + 2 * y + k / 3) * SIDE + 2 * x + k % 3];
            sum += v > 0 ? v : 0;
        }
    return sum / (side * side);
}

static void good(void **state)
{
    (void)state;
    static const char *const names[] = {"good.onnx", "column.onnx"};

    for (int k = 0; k < 2; k++) {
        fc_session *s[2];
        fc_error err = {0};
        fc_net *net;
        int dim = 0;
        if (load(&net, &dim, names[k], NULL, &err) || fc_session_new(&s[0], net, &err) ||
            fc_session_new(&s[1], net, &err))
            fail_msg("%s", err.message);
        assert_int_equal(dim, SMALL_NET_DIM);
        assert_int_equal(strncmp(fc_net_engine(net), "opencv ", 7), 0);
        for (int i = 0; i < 2; i++) { /* each has its own input */
            float *in = fc_session_input(s[i]);
            assert_int_equal((uintptr_t)in % 64, 0);
            for (int j = 0; j < 3 * SIDE * SIDE; j++)
                in[j] = (float)(j * (31 + 2 * i) % 255) / 128 - 1;
        }
        for (int i = 0; i < 2; i++) {
            if (fc_session_run(s[i], &err))
                fail_msg("%s", err.message);
            for (int o = 0; o < SMALL_NET_DIM; o++)
                assert_true(
                    fabs((double)fc_session_output(s[i], 0)[o] - expected(fc_session_input(s[i]), o)) < 1e-5);
        }
        fc_session_free(s[0]);
        fc_session_free(s[1]);
        fc_net_free(net);
    }
}

static void refusals(void **state)
{
    (void)state;
    fc_error err;
    fc_net *net;
    int dim;

    refused("two.onnx", NULL, FC_EMODEL, "2 outputs");
    refused("map.onnx", NULL, FC_EMODEL, "one row");
    refused("good.onnx", &(fc_engine_options){.engine = "torch"}, FC_EUSAGE, "torch");
    refused("good.onnx", &(fc_engine_options){.precision = FC_PRECISION_BF16}, FC_EUNSUPPORTED, "bf16");
    refused("good.onnx", &(fc_engine_options){.device = "cuda"}, FC_EUSAGE, "cuda");
    assert_int_equal(fc_net_load(&net, &dim, FC_PROGRAM_ONNX, "nonsense", 8, "x.onnx", chw, NULL, &err),
                     FC_EMODEL);
    assert_non_null(strstr(err.message, "x.onnx: OpenCV"));
}

static void broken_files(void **state)
{
    (void)state;
    fc_bytes b = {0};
    fc_error err;
    fc_net *net;
    int dim;

    assert_int_equal(fc_bytes_read_file(&b, made("good.onnx"), 1 << 24, NULL), FC_OK);
    for (size_t n = 0; n < b.n; n += b.n / 7)
        assert_int_not_equal(fc_net_load(&net, &dim, FC_PROGRAM_ONNX, b.data, n, "cut", chw, NULL, &err),
                             FC_OK);
    fc_bytes_clear(&b);
}

/* ---- YuNet ------------------------------------------------------------------------------------------- */

/* A blue cell, which the networks that make_onnx wrote take for a face, and a red one, which they do not. */
static fc_image cells(int w, int h, int x, int y)
{
    fc_image img = {0};
    assert_int_equal(fc_image_alloc(&img, w, h, NULL), FC_OK);
    for (int i = 0; i < 32; i++)
        for (int j = 0; j < 32; j++) {
            img.rgb[(size_t)(y + i) * img.stride + 3 * (size_t)(x + j) + 2] = 255;
            img.rgb[(size_t)i * img.stride + 3 * (size_t)j] = 255;
        }
    return img;
}

static void near(double got, double want)
{
    if (!(fabs(got - want) <= 0.001))
        fail_msg("%.4f, want %.4f", got, want);
}

static void yunet(void **state)
{
    (void)state;
    static const char *const names[] = {"yunet-2022.onnx", "yunet-2023.onnx"};
    static const double landmarks[5][2] = {{-16, -16}, {16, -16}, {0, 0}, {-8, 16}, {8, 16}};
    static const int sizes[][2] = {{320, 256}, {300, 200}, {400, 131}};
    fc_error err = {0};

    for (int k = 0; k < 2; k++) {
        fc_detector *d;
        fc_detect_session *s;
        fc_faces faces = {0};
        if (fc_detector_open(&d, "yunet", made(names[k]), &err) || fc_detect_session_new(&s, d, &err))
            fail_msg("%s", err.message);
        for (int i = 0; i < 3; i++) {
            fc_image img = cells(sizes[i][0], sizes[i][1], 96, 64);
            img.full_w *= 2; /* as if reduced by half */
            img.full_h *= 2;
            if (fc_detect(s, &img, NULL, &faces, &err))
                fail_msg("%s", err.message);
            assert_int_equal(faces.n, 1);
            const fc_face *f = &faces.face[0];
            near(f->score, 1);
            near(f->box[0], 2 * (112 - 32 + 0.5) - 0.5); /* pixel centres */
            near(f->box[1], 2 * (80 - 32 + 0.5) - 0.5);
            near(f->box[2], 128);
            near(f->box[3], 128);
            assert_true(f->has_landmarks);
            for (int j = 0; j < 5; j++) {
                near(f->landmarks[j][0], 2 * (112 + landmarks[j][0] + 0.5) - 0.5);
                near(f->landmarks[j][1], 2 * (80 + landmarks[j][1] + 0.5) - 0.5);
            }
            fc_detect_options o = FC_DETECT_DEFAULTS;
            o.min_face = 65;
            assert_int_equal(fc_detect(s, &img, &o, &faces, &err), FC_OK);
            assert_int_equal(faces.n, 0);
            fc_image_clear(&img);
        }
        fc_image small = cells(40, 40, 8, 8);
        assert_int_equal(fc_detect(s, &small, NULL, &faces, &err), FC_OK);
        fc_image_clear(&small);
        fc_faces_clear(&faces);
        fc_detect_session_free(s);
        fc_detector_free(d);
    }
}

static void no_detector(const char *kind, const char *name, fc_status want, const char *word)
{
    fc_error err = {0};
    fc_detector *d = (fc_detector *)&err;
    fc_status s = fc_detector_open(&d, kind, made(name), &err);
    if (s != want || !strstr(err.message, word))
        fail_msg("%s: '%s', want %s and '%s'", name, err.message, fc_status_name(want), word);
    assert_null(d);
}

static void not_yunet(void **state)
{
    (void)state;
    no_detector("mtcnn", "yunet-2022.onnx", FC_EUSAGE, "mtcnn");
    no_detector("yunet", "nothing.onnx", FC_EMISSING, "nothing.onnx");
    no_detector("yunet", "good.onnx", FC_EMODEL, "not a YuNet");
    no_detector("yunet", "yunet-short.onnx", FC_EMODEL, "not a YuNet");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(good), cmocka_unit_test(refusals),
                                       cmocka_unit_test(broken_files), cmocka_unit_test(yunet),
                                       cmocka_unit_test(not_yunet)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
