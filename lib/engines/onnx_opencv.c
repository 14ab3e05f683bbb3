/* ONNX files by OpenCV's dnn, through the module facecheck-dnn.so, which is opened when there is such a file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/module.h"
#include "engines/engine_impl.h"
#include "engines/opencv_dnn.h"
#include "nn/arena.h"

#ifdef FC_HAVE_DNN
#define ABSENT NULL
#else
#define ABSENT "this build does not run ONNX files: it was made without OpenCV's dnn"
#endif
static fc_module module = FC_MODULE("dnn", ABSENT);

static const fc_dnn_api *of_module(void)
{
    return module.table;
}

fc_status fc_dnn_open(const fc_dnn_api **out, fc_error *err)
{
    const fc_status s = fc_module_need(&module, err);

    *out = s ? NULL : of_module();
    return s;
}

/* ---- embedding --------------------------------------------------------------------------------------- */

/* A network of OpenCV's is not to be shared: every session reads the file again. */
typedef struct net {
    fc_net base;
    uint8_t *bytes; /* owned */
    size_t size;
    int chw[3], dim;
    char *name;
} net;

typedef struct session {
    fc_session base;
    const net *net;
    fc_dnn_net *dnn;
    const float *output;
    size_t input_size;
} session;

static void net_free(fc_net *base)
{
    net *n = (net *)base;

    free(n->bytes);
    free(n->name);
    free(n);
}

static void session_free(fc_session *base)
{
    session *s = (session *)base;

    if (s->dnn)
        of_module()->net_free(s->dnn);
    fc_pages_free(s->base.input, s->input_size);
    free(s);
}

/* One output, one row of numbers; *dim is how many where it is 0, else they have to be as many. */
static fc_status run_row(fc_dnn_net *n, const char *name, const float *input, const int chw[3],
                         const float **output, int *dim, fc_error *err)
{
    fc_dnn_array row;
    fc_status s;

    if (of_module()->outputs(n) != 1)
        return fc_fail(err, FC_EMODEL, "%s: has %zu outputs, want one", name, of_module()->outputs(n));
    s = of_module()->run(n, input, chw, NULL, 1, &row, err);
    if (s)
        return s;
    if (!row.is_row || row.n < 1 || row.n > FC_MAX_DIM)
        return fc_fail(err, FC_EMODEL, "%s: gives an array of %zu numbers, want one row of 1..%d", name,
                       row.n, FC_MAX_DIM);
    if (*dim && row.n != (size_t)*dim)
        return fc_fail(err, FC_EMODEL, "%s: gives %d numbers for one picture and %zu for another", name, *dim,
                       row.n);
    *dim = (int)row.n;
    *output = row.data;
    return FC_OK;
}

static fc_status session_new(fc_session **out, const fc_net *base, fc_error *err)
{
    const net *n = (const net *)base;
    session *s = calloc(1, sizeof *s);
    fc_status st;

    *out = NULL;
    if (!s)
        return fc_fail_nomem(err, sizeof *s);
    s->base.engine = base->engine;
    s->base.output = &s->output;
    s->net = n;
    s->input_size = (size_t)n->chw[0] * (size_t)n->chw[1] * (size_t)n->chw[2] * sizeof(float);
    s->base.input = fc_pages_new(s->input_size);
    st = s->base.input ? of_module()->net_new(&s->dnn, n->bytes, n->size, n->name, err)
                       : fc_fail_nomem(err, s->input_size);
    if (st)
        session_free(&s->base);
    else
        *out = &s->base;
    return st;
}

static fc_status run(fc_session *base, fc_error *err)
{
    session *s = (session *)base;
    int dim = s->net->dim;

    return run_row(s->dnn, s->net->name, base->input, s->net->chw, &s->output, &dim, err);
}

static fc_status available(fc_error *err)
{
    const fc_dnn_api *api;

    return fc_dnn_open(&api, err);
}

static bool suits(void)
{
    return available(NULL) == FC_OK;
}

/* What its kernels use it does not tell. */
static void describe(fc_engine_facts *f)
{
    snprintf(f->version, sizeof f->version, "%s", of_module()->opencv);
}

/* Says how many numbers the network gives, by running it on nothing. */
static fc_status try_out(int *dim, const fc_dnn_api *api, const void *bytes, size_t size, const char *name,
                         const int chw[3], fc_error *err)
{
    const size_t input_size = (size_t)chw[0] * (size_t)chw[1] * (size_t)chw[2] * sizeof(float);
    float *input = fc_pages_new(input_size);
    const float *output;
    fc_dnn_net *dnn = NULL;
    fc_status s = input ? api->net_new(&dnn, bytes, size, name, err) : fc_fail_nomem(err, input_size);

    *dim = 0;
    if (!s)
        s = run_row(dnn, name, input, chw, &output, dim, err);
    if (dnn)
        api->net_free(dnn);
    fc_pages_free(input, input_size);
    return s;
}

static fc_status load_onnx(fc_net **out, int *dim, const void *bytes, size_t size, const char *name,
                           const int chw[3], const fc_engine_options *opt, fc_error *err)
{
    const fc_dnn_api *api;
    fc_error why;
    net *n;
    fc_status s;

    if (opt->device && strcmp(opt->device, "cpu") != 0)
        return fc_fail(err, FC_EUSAGE, "%s: device '%s': ONNX runs on cpu", name, opt->device);
    if ((s = fc_dnn_open(&api, &why)))
        return fc_fail(err, s, "%s: %s", name, why.message);
    s = try_out(dim, api, bytes, size, name, chw, err);
    if (s)
        return s;
    n = calloc(1, sizeof *n);
    if (!n)
        return fc_fail_nomem(err, sizeof *n);
    fc_net_begin(&n->base, &fc_engine_onnx_opencv, FC_PRECISION_FP32, NULL, NULL);
    n->bytes = malloc(size);
    n->size = size;
    n->dim = *dim;
    n->name = strdup(name);
    memcpy(n->chw, chw, sizeof n->chw);
    if (!n->bytes || !n->name) {
        net_free(&n->base);
        return fc_fail_nomem(err, size);
    }
    memcpy(n->bytes, bytes, size);
    *out = &n->base;
    return FC_OK;
}

const fc_engine fc_engine_onnx_opencv = {
    .available = available,
    .suits = suits,
    .describe = describe,
    .load = {[FC_PROGRAM_ONNX] = load_onnx},
    .net_free = net_free,
    .session_new = session_new,
    .session_free = session_free,
    .run = run,
};
