/* ONNX files: embedding networks, detectors, and networks that tests/bench writes. FC_MADE is where make_onnx wrote. */
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
#include "made_up.h"
#include "nets/nets.h"
#include "onnx_graph.h"
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

/* ---- detectors ------------------------------------------------------------------------------------------- */

/* A blue cell, which the networks that make_onnx wrote take for a face, and a red one, which they do not. */
static fc_image cells_of(int side, int w, int h, int x, int y)
{
    fc_image img = {0};
    assert_int_equal(fc_image_alloc(&img, w, h, NULL), FC_OK);
    for (int i = 0; i < side; i++)
        for (int j = 0; j < side; j++) {
            img.rgb[(size_t)(y + i) * img.stride + 3 * (size_t)(x + j) + 2] = 255;
            img.rgb[(size_t)i * img.stride + 3 * (size_t)j] = 255;
        }
    return img;
}

static fc_image cells(int w, int h, int x, int y)
{
    return cells_of(32, w, h, x, y);
}

static void near(double got, double want)
{
    if (!(fabs(got - want) <= 0.001))
        fail_msg("%.4f, want %.4f", got, want);
}

/* A face of 64 x 64 around the blue cell. k: pixels of the file for one of those. */
static void expect_face(const fc_faces *faces, double k)
{
    static const double landmarks[5][2] = {{-16, -16}, {16, -16}, {0, 0}, {-8, 16}, {8, 16}};

    assert_int_equal(faces->n, 1);
    const fc_face *f = &faces->face[0];
    near(f->score, 1);
    near(f->box[0], k * (112 - 32 + 0.5) - 0.5); /* pixel centres */
    near(f->box[1], k * (80 - 32 + 0.5) - 0.5);
    near(f->box[2], k * 64);
    near(f->box[3], k * 64);
    assert_true(f->has_landmarks);
    for (int j = 0; j < 5; j++) {
        near(f->landmarks[j][0], k * (112 + landmarks[j][0] + 0.5) - 0.5);
        near(f->landmarks[j][1], k * (80 + landmarks[j][1] + 0.5) - 0.5);
    }
}

static void detectors(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *name;
    } nets[] = {{"yunet", "yunet-2022.onnx"},    {"yunet", "yunet-2023.onnx"},
                {"scrfd", "scrfd.onnx"},         {"scrfd", "scrfd-five.onnx"},
                {"yolo-face", "yolo-pose.onnx"}, {"yolo-face", "yolo-rows.onnx"}};
    static const int sizes[][2] = {{320, 256}, {300, 200}, {400, 131}};
    fc_error err = {0};

    for (size_t k = 0; k < sizeof nets / sizeof *nets; k++) {
        const bool one_size = !strcmp(nets[k].kind, "yolo-face");
        fc_detector *d;
        fc_detect_session *s;
        fc_faces faces = {0};
        if (fc_detector_open(&d, nets[k].kind, made(nets[k].name), &err) ||
            fc_detect_session_new(&s, d, &err))
            fail_msg("%s", err.message);
        for (int i = 0; i < (one_size ? 2 : 3); i++) {
            fc_image img = cells(sizes[i][0], sizes[i][1], 96, 64);
            img.full_w *= 2; /* as if reduced by half */
            img.full_h *= 2;
            if (fc_detect(s, &img, NULL, &faces, &err))
                fail_msg("%s", err.message);
            expect_face(&faces, 2);
            fc_detect_options o = FC_DETECT_DEFAULTS;
            o.min_face = 65;
            assert_int_equal(fc_detect(s, &img, &o, &faces, &err), FC_OK);
            assert_int_equal(faces.n, 0);
            fc_image_clear(&img);
        }
        if (one_size) { /* a larger picture is reduced to it */
            fc_image large = cells_of(64, 640, 512, 192, 128);
            assert_int_equal(fc_detect(s, &large, NULL, &faces, &err), FC_OK);
            expect_face(&faces, 2);
            fc_image_clear(&large);
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

static void no_such_detector(void **state)
{
    (void)state;
    no_detector("mtcnn", "yunet-2022.onnx", FC_EUSAGE, "mtcnn");
    no_detector("yunet", "nothing.onnx", FC_EMISSING, "nothing.onnx");
    no_detector("yunet", "good.onnx", FC_EMODEL, "not a YuNet");
    no_detector("yunet", "yunet-short.onnx", FC_EMODEL, "not a YuNet");
    no_detector("yunet", "scrfd.onnx", FC_EMODEL, "not a YuNet");
    no_detector("scrfd", "yunet-2023.onnx", FC_EMODEL, "not an SCRFD: it has 12 outputs, want 9 or 15");
    no_detector("scrfd", "scrfd-bare.onnx", FC_EMODEL, "not an SCRFD: it gives no landmarks");
    no_detector("scrfd", "scrfd-short.onnx", FC_EMODEL, "not an SCRFD: an output of ");
    no_detector("yolo-face", "scrfd.onnx", FC_EMODEL, "not a YOLO-face: it has 9 outputs, want one");
    no_detector("yolo-face", "good.onnx", FC_EMODEL, "not a YOLO-face: an output of ");
}

/* ---- graphs, written as files --------------------------------------------------------------------------- */

enum { C = 4, H = 12, W = 7, ROW = 20 };

static int vector(fc_graph *g, int x, fc_flatten order)
{
    return fc_graph_linear(g, x, ROW, "dense.w", "dense.bias", order);
}

/* Each makes something of a map, and of that, where it is none, a row. */
#define LAYER(name, made)                                                                                    \
    static int name(fc_graph *g, int x)                                                                      \
    {                                                                                                        \
        return made;                                                                                         \
    }
#define OF_MAP(name, made) LAYER(name, vector(g, made, FC_FLATTEN_CHW))
#define CONV(...)          fc_graph_conv(g, x, "conv.w", "conv.bias", (fc_conv){__VA_ARGS__})

LAYER(dense, vector(g, x, FC_FLATTEN_CHW))
LAYER(dense_whc, vector(g, x, FC_FLATTEN_WHC))
LAYER(dense_unbiased, fc_graph_linear(g, x, ROW, "dense.w", NULL, FC_FLATTEN_CHW))
OF_MAP(conv, CONV(.out = 5, .kh = 3, .kw = 1, .pad_h = 1))
OF_MAP(conv_to_the_end, CONV(.out = 5, .kh = 3, .kw = 3, .stride = 2, .pad_end = 1))
OF_MAP(conv_depthwise, CONV(.out = C, .kh = 3, .kw = 3, .pad_h = 1, .pad_w = 1, .groups = C))
OF_MAP(conv_unbiased, fc_graph_conv(g, x, "conv.w", NULL, (fc_conv){.out = 6, .groups = 2}))
OF_MAP(prelu, fc_graph_prelu(g, x, "slope"))
LAYER(prelu_of_row, fc_graph_prelu(g, dense(g, x), "slope"))
OF_MAP(relu, fc_graph_relu(g, x))
OF_MAP(maxpool, fc_graph_maxpool(g, x, 3, 2, false))
OF_MAP(maxpool_up, fc_graph_maxpool(g, x, 3, 2, true))
OF_MAP(maxpool_gaps, fc_graph_maxpool(g, x, 2, 3, true)) /* a window would begin behind the last row */
LAYER(avgpool, fc_graph_avgpool(g, x))
OF_MAP(meanpool, fc_graph_meanpool(g, x, 2, 2))
OF_MAP(pad, fc_graph_pad(g, x, C + 2, H + 1, W + 3))
OF_MAP(add, fc_graph_add(g, x, fc_graph_relu(g, x), 1))
OF_MAP(add_scaled, fc_graph_add(g, x, fc_graph_relu(g, x), 0.17f))
OF_MAP(concat, fc_graph_concat(g, 3, (int[]){CONV(.out = 2), x, fc_graph_relu(g, x)}))
OF_MAP(softmax, fc_graph_softmax(g, x))
LAYER(softmax_of_row, fc_graph_softmax(g, dense(g, x)))
OF_MAP(batchnorm, fc_graph_batchnorm(g, x, "norm", 0.25f))
LAYER(batchnorm_of_row, fc_graph_batchnorm(g, dense(g, x), "norm", 1e-3f))
OF_MAP(affine, fc_graph_affine(g, x, "scale"))
OF_MAP(l2norm, fc_graph_l2norm(g, x))
LAYER(l2norm_of_row, fc_graph_l2norm(g, dense(g, x)))

/* What a network gives for a picture of numbers that are mostly below zero. */
static void run_graph(float *to, int dim, fc_net *net)
{
    fc_session *s;
    fc_error err = {0};

    if (fc_session_new(&s, net, &err))
        fail_msg("%s", err.message);
    for (int i = 0; i < C * H * W; i++)
        fc_session_input(s)[i] = (float)(i * 7919 % 256) / 128 - 1.6f;
    if (fc_session_run(s, &err))
        fail_msg("%s", err.message);
    memcpy(to, fc_session_output(s, 0), (size_t)dim * sizeof *to);
    fc_session_free(s);
    fc_net_free(net);
}

static void same_as_file(const char *name, int (*f)(fc_graph *g, int x))
{
    fc_graph *g = fc_graph_new();
    float want[ROW], got[ROW];
    double far = 0, length = 0;
    fc_weights *w;
    message file;
    fc_error err = {0};
    fc_net *net = NULL;
    int dim = 0;

    fc_graph_output(g, f(g, fc_graph_input(g, C, H, W)));
    if (made_up_weights(&w, g, &err) || onnx_of_graph(&file, g, w, name, &err) ||
        fc_net_load(&net, &dim, FC_PROGRAM_ONNX, file.at, file.n, name, (const int[]){C, H, W}, NULL, &err))
        fail_msg("%s: %s", name, err.message);
    assert_int_equal(dim, fc_graph_node(g, fc_graph_output_at(g, 0))->c);
    run_graph(got, dim, net);
    if (fc_net_compile(&net, g, w, NULL, &err))
        fail_msg("%s: %s", name, err.message);
    run_graph(want, dim, net);
    for (int i = 0; i < dim; i++) {
        far += pow((double)got[i] - (double)want[i], 2);
        length += pow((double)want[i], 2);
    }
    if (!(sqrt(far) <= 1e-4 * sqrt(length)))
        fail_msg("%s: off by %g of %g", name, sqrt(far), sqrt(length));
    free(file.at);
    fc_weights_free(w);
    fc_graph_free(g);
}

static void graphs(void **state)
{
    (void)state;
#define SAME(f) same_as_file(#f, f)
    SAME(dense);
    SAME(dense_whc);
    SAME(dense_unbiased);
    SAME(conv);
    SAME(conv_to_the_end);
    SAME(conv_depthwise);
    SAME(conv_unbiased);
    SAME(prelu);
    SAME(prelu_of_row);
    SAME(relu);
    SAME(maxpool);
    SAME(maxpool_up);
    SAME(maxpool_gaps);
    SAME(avgpool);
    SAME(meanpool);
    SAME(pad);
    SAME(add);
    SAME(add_scaled);
    SAME(concat);
    SAME(softmax);
    SAME(softmax_of_row);
    SAME(batchnorm);
    SAME(batchnorm_of_row);
    SAME(affine);
    SAME(l2norm);
    SAME(l2norm_of_row);
#undef SAME
}

static void no_such_graph(void **state)
{
    (void)state;
    fc_graph *g = fc_net_pnet(), *dense_net = fc_graph_new();
    fc_weights *w;
    message file;
    fc_error err = {0};

    assert_int_equal(made_up_weights(&w, g, &err), FC_OK);
    assert_int_equal(onnx_of_graph(&file, g, w, "pnet", &err), FC_EUNSUPPORTED);
    assert_non_null(strstr(err.message, "any size"));
    fc_graph_output(dense_net, dense(dense_net, fc_graph_input(dense_net, C, H, W)));
    assert_int_equal(onnx_of_graph(&file, dense_net, w, "dense", &err), FC_EMODEL);
    assert_non_null(strstr(err.message, "dense.w"));
    fc_weights_free(w);
    fc_graph_free(g);
    fc_graph_free(dense_net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),         cmocka_unit_test(refusals),         cmocka_unit_test(broken_files),
        cmocka_unit_test(detectors),    cmocka_unit_test(no_such_detector), cmocka_unit_test(graphs),
        cmocka_unit_test(no_such_graph)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
