/* Fine-tuning: gradients of the layer and of networks against differences, and what libtorch computes against the engine. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "classify/softmax.h"
#include "embed/embed_net.h"
#include "match/similarity.h"
#include "models/registry.h"
#include "nets/nets.h"
#include "tune/backbone.h"

static float draw(uint64_t *state)
{
    return (float)(2 * fc_random_fraction(state) - 1);
}

/* ---- the softmax ---- */

enum { CLASSES = 4, DIM = 6, ROWS = 5 };

struct batch {
    fc_softmax s;
    float x[ROWS * DIM], param[CLASSES * (DIM + 1)], weight[ROWS], margin[ROWS];
    size_t class[ROWS];
};

static double loss_of(struct batch *b, float *by_x)
{
    double loss = 0;

    fc_softmax_begin(&b->s, b->param);
    assert_int_equal(fc_softmax_add(&b->s, b->x, b->class, b->weight, b->margin, ROWS, &loss, by_x, NULL),
                     FC_OK);
    fc_softmax_end(&b->s, b->param);
    return loss;
}

/* Along each number v [n]. */
static void compare(struct batch *b, float *v, const float *gradient, size_t n)
{
    const float step = 1e-3f;

    for (size_t i = 0; i < n; i++) {
        const float was = v[i];
        v[i] = was + step;
        const double more = loss_of(b, NULL);
        v[i] = was - step;
        const double less = loss_of(b, NULL);
        v[i] = was;
        const double slope = (more - less) / (2 * (double)step);
        if (fabs(slope - (double)gradient[i]) > 2e-3 + 0.01 * fabs(slope))
            fail_msg("number %zu: gradient %g, want %g", i, (double)gradient[i], slope);
    }
}

static void gradients_of_the_softmax_are_its_slopes(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) { /* CosFace, ArcFace, plain */
        struct batch b;
        float by_x[ROWS * DIM], gradient[CLASSES * (DIM + 1)];
        uint64_t random = 7;
        assert_int_equal(fc_softmax_new(&b.s, CLASSES, DIM, 4, kind == 0 ? FC_MARGIN_COSINE : FC_MARGIN_ANGLE,
                                        kind < 2, 2, NULL),
                         FC_OK);
        assert_int_equal(fc_softmax_params(&b.s), CLASSES * (DIM + (kind == 2)));
        for (size_t i = 0; i < CLASSES * (DIM + 1); i++)
            b.param[i] = draw(&random);
        for (size_t i = 0; i < ROWS * DIM; i++)
            b.x[i] = draw(&random);
        for (size_t i = 0; i < ROWS; i++) {
            fc_normalise(b.x + i * DIM, DIM);
            b.class[i] = i % CLASSES;
            b.weight[i] = 0.5f + (float)i;
            b.margin[i] = kind < 2 ? 0.3f : 0;
        }
        loss_of(&b, by_x);
        memcpy(gradient, b.s.gradient, fc_softmax_params(&b.s) * sizeof *gradient);
        compare(&b, b.param, gradient, fc_softmax_params(&b.s));
        compare(&b, b.x, by_x, ROWS * DIM);
        fc_softmax_clear(&b.s);
    }
}

/* ---- networks ---- */

enum { PICTURES = 18 }; /* two lanes */

/* The shipped model, or InceptionResnetV1 with numbers that stand for weights. */
struct network {
    fc_models *models;
    const fc_model *model;
    fc_model own;
    fc_weights *w;
    const char *arch;
    uint8_t *pixels; /* [PICTURES][size][size][3] */
    const uint8_t *crop[PICTURES];
    size_t pictures;
};

static void put(fc_weights *w, const char *name, int rank, const size_t *dim, float middle, float width,
                uint64_t *random)
{
    size_t n = 1;

    for (int i = 0; i < rank; i++)
        n *= dim[i];
    float *v = malloc(n * sizeof *v);
    assert_non_null(v);
    for (size_t i = 0; i < n; i++)
        v[i] = middle + width * draw(random);
    assert_int_equal(fc_weights_add(w, name, FC_F32, rank, dim, v, NULL), FC_OK);
    free(v);
}

static void put_node(fc_weights *w, const fc_graph *g, const fc_node *n, uint64_t *random)
{
    static const char *const norms[] = {"weight", "bias", "running_mean", "running_var"};
    const size_t c = (size_t)n->c;

    if (n->op == FC_OP_BATCHNORM)
        for (int i = 0; i < 4; i++) {
            char name[128];
            snprintf(name, sizeof name, "%s.%s", n->weight, norms[i]);
            put(w, name, 1, &c, i % 3 ? 0 : 1, 0.1f, random);
        }
    if (n->op != FC_OP_CONV && n->op != FC_OP_LINEAR)
        return;
    const fc_node *in = fc_graph_node(g, n->in[0]);
    const size_t dim[] = {c,
                          n->op == FC_OP_CONV ? (size_t)(in->c / n->groups) : (size_t)(in->c * in->h * in->w),
                          (size_t)n->kh, (size_t)n->kw};
    const size_t fan = dim[1] * (n->op == FC_OP_CONV ? dim[2] * dim[3] : 1);
    put(w, n->weight, n->op == FC_OP_CONV ? 4 : 2, dim, 0, 2 / sqrtf((float)fan), random);
    if (*n->bias)
        put(w, n->bias, 1, &c, 0, 0.01f, random);
}

static void open_network(struct network *n, bool inception)
{
    char dir[4096];
    uint64_t random = 3;

    *n = (struct network){.arch = "inception_resnet_v1", .pictures = inception ? 2 : PICTURES};
    snprintf(dir, sizeof dir, "%s/../models", getenv("FC_TESTS"));
    assert_int_equal(fc_models_open(&n->models, dir, NULL), FC_OK);
    assert_int_equal(fc_models_get(&n->model, n->models, "mobilefacenet", NULL), FC_OK);
    if (inception) {
        fc_graph *g = fc_net_by_name(n->arch);
        assert_int_equal(fc_weights_new(&n->w, "made", NULL), FC_OK);
        for (int i = 0; i < fc_graph_count(g); i++)
            put_node(n->w, g, fc_graph_node(g, i), &random);
        fc_graph_free(g);
        n->own = *n->model;
        n->own.input = 160;
        n->model = &n->own;
    } else {
        assert_int_equal(fc_embed_weights(&n->w, &n->arch, n->model, NULL), FC_OK);
    }
    const size_t size = (size_t)n->model->input, each = 3 * size * size;
    n->pixels = malloc(PICTURES * each);
    assert_non_null(n->pixels);
    for (size_t i = 0; i < PICTURES; i++) {
        n->crop[i] = n->pixels + i * each;
        for (size_t k = 0; k < each; k++) /* soft blobs, each picture's its own */
            n->pixels[i * each + k] =
                (uint8_t)(127.5 + 60 * sin((double)(k / 3 % size) * 0.02 * (double)(i + 2)) +
                          60 * cos((double)(k / 3 / size) * 0.03 * (double)(i % 3 + 1)));
    }
}

static void close_network(struct network *n)
{
    free(n->pixels);
    fc_weights_free(n->w);
    fc_models_free(n->models);
}

/* The sum of the embeddings' numbers, each with a weight of its own. */
static double value_of(fc_backbone *b, const struct network *n, const float *param, const float *by,
                       bool keep)
{
    const size_t dim = fc_backbone_dim(b);
    float *out = malloc(n->pictures * dim * sizeof *out);
    double sum = 0;

    assert_non_null(out);
    assert_int_equal(fc_backbone_set(b, param, NULL), FC_OK);
    assert_int_equal(fc_backbone_forward(b, n->crop, n->pictures, keep, out, NULL), FC_OK);
    for (size_t i = 0; i < n->pictures * dim; i++)
        sum += (double)out[i] * (double)by[i];
    free(out);
    return sum;
}

/* Up the gradient, the value grows as fast as the gradient is long. */
static void check_depth(const struct network *n, fc_tune_depth depth)
{
    fc_backbone *b;
    uint64_t random = 11;
    double square = 0;

    assert_int_equal(fc_backbone_new(&b, n->model, n->arch, n->w, depth, 2, NULL, NULL), FC_OK);
    const size_t params = fc_backbone_params(b), numbers = n->pictures * fc_backbone_dim(b);
    float *param = malloc(params * sizeof *param), *moved = malloc(params * sizeof *moved),
          *gradient = malloc(params * sizeof *gradient), *by = malloc(numbers * sizeof *by);
    assert_true(param && moved && gradient && by);
    for (size_t i = 0; i < numbers; i++)
        by[i] = draw(&random);
    fc_backbone_start(b, param);
    value_of(b, n, param, by, true);
    assert_int_equal(fc_backbone_backward(b, by, gradient, NULL), FC_OK);
    for (size_t i = 0; i < params; i++)
        square += (double)gradient[i] * (double)gradient[i];
    const double length = sqrt(square), step = 0.02 / length;
    double value[2];
    for (int k = 0; k < 2; k++) {
        for (size_t i = 0; i < params; i++)
            moved[i] = param[i] + (float)((k ? 1 : -1) * step / length) * gradient[i];
        value[k] = value_of(b, n, moved, by, false);
    }
    const double slope = (value[1] - value[0]) / (2 * step);
    if (!(length > 0) || fabs(slope - length) > 0.05 * length)
        fail_msg("%s, %s: a slope of %g, the gradient is %g long", n->arch, fc_tune_depth_names[depth], slope,
                 length);
    free(param);
    free(moved);
    free(gradient);
    free(by);
    fc_backbone_free(b);
}

static bool has_torch(const struct network *n)
{
    fc_backbone *b;
    fc_error err;
    const fc_status s = fc_backbone_new(&b, n->model, n->arch, n->w, FC_TUNE_LAST, 1, NULL, &err);

    fc_backbone_free(b);
    if (s != FC_OK && s != FC_EUNSUPPORTED)
        fail_msg("%s", err.message);
    return s == FC_OK;
}

static void gradients_of_networks_are_their_slopes(void **state)
{
    (void)state;
    for (int inception = 0; inception < 2; inception++) {
        struct network n;
        open_network(&n, inception);
        const bool there = has_torch(&n);
        for (int depth = FC_TUNE_BN; there && depth <= (inception ? FC_TUNE_LAST : FC_TUNE_ALL); depth++)
            check_depth(&n, (fc_tune_depth)depth); /* bn, too, goes through all layers */
        close_network(&n);
        if (!there)
            skip();
    }
}

static void what_is_trained_embeds_as_the_engine_does(void **state)
{
    struct network n;
    fc_backbone *b;
    fc_embedder *e;
    fc_embed_session *session;
    float want[FC_MAX_DIM];
    const fc_engine_options exact = {.precision = FC_PRECISION_FP32};

    (void)state;
    open_network(&n, false);
    if (!has_torch(&n)) {
        close_network(&n);
        skip();
    }
    assert_int_equal(fc_backbone_new(&b, n.model, n.arch, n.w, FC_TUNE_BN, 2, NULL, NULL), FC_OK);
    assert_int_equal(fc_embedder_new(&e, n.models, "mobilefacenet", &exact, NULL), FC_OK);
    assert_int_equal(fc_embed_session_new(&session, e, NULL), FC_OK);
    const size_t dim = fc_backbone_dim(b);
    float *param = malloc(fc_backbone_params(b) * sizeof *param), *out = malloc(PICTURES * dim * sizeof *out);
    assert_true(param && out);
    fc_backbone_start(b, param);
    assert_int_equal(fc_backbone_set(b, param, NULL), FC_OK);
    assert_int_equal(fc_backbone_forward(b, n.crop, PICTURES, false, out, NULL), FC_OK);
    for (size_t i = 0; i < PICTURES; i++) {
        fc_image crop = {
            .w = 112, .h = 112, .full_w = 112, .full_h = 112, .stride = 336, .rgb = (uint8_t *)n.crop[i]};
        assert_int_equal(fc_embed(session, &crop, false, want, NULL), FC_OK);
        const double cosine = fc_dot(want, out + i * dim, dim);
        if (!(cosine > 0.99999))
            fail_msg("picture %zu: a cosine of %.7f", i, cosine);
    }
    /* nothing was trained: the tensors are those that there were */
    fc_weights *same;
    assert_int_equal(fc_backbone_weights(&same, b, param, NULL), FC_OK);
    assert_int_equal(fc_weights_count(same), fc_weights_count(n.w));
    for (size_t i = 0; i < fc_weights_count(same); i++) {
        const fc_tensor *t = fc_weights_at(same, i), *was = fc_weights_at(n.w, i);
        assert_string_equal(t->name, was->name);
        assert_memory_equal(t->data, was->data, t->count * fc_dtype_size(t->dtype));
    }
    fc_weights_free(same);
    free(param);
    free(out);
    fc_embed_session_free(session);
    fc_embedder_free(e);
    fc_backbone_free(b);
    close_network(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_of_the_softmax_are_its_slopes),
        cmocka_unit_test(gradients_of_networks_are_their_slopes),
        cmocka_unit_test(what_is_trained_embeds_as_the_engine_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
