#include "onnx_graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

typedef struct writer {
    const fc_graph *g;
    const fc_weights *w;
    message graph;
    fc_error *err;
} writer;

/* Names: "12" is the value that node 12 makes, "12.weight" something of that node's. */
typedef char label[32];

static const char *text(label to, int i, const char *part)
{
    snprintf(to, sizeof(label), "%d%s", i, part);
    return to;
}

static const fc_node *input_of(const writer *o, const fc_node *n)
{
    return fc_graph_node(o->g, n->in[0]);
}

/* ---- parts of nodes ----------------------------------------------------------------------------------- */

/* Weights as a tensor of node i, whose shape ends with -1. */
static fc_status put_weight(writer *o, int i, const char *part, const char *name, const int64_t *shape)
{
    const float *data;
    size_t count = 1;
    label to;
    fc_status s;

    for (const int64_t *d = shape; *d >= 0; d++)
        count *= (size_t)*d;
    s = fc_weights_f32(o->w, name, count, &data, o->err);
    if (!s)
        put_tensor(&o->graph, text(to, i, part), FLOAT, shape, data, count * sizeof *data);
    return s;
}

/* Those of a convolution or a dense layer, and its bias. */
static fc_status put_weights(writer *o, int i, const fc_node *n, const int64_t *shape)
{
    const fc_status s = put_weight(o, i, ".weight", n->weight, shape);

    return s || !*n->bias ? s : put_weight(o, i, ".bias", n->bias, (const int64_t[]){n->c, -1});
}

/* A node of node i: from the value input to the part of i, with its weights. */
static message begin_weighed(int i, const fc_node *n, const char *op, const char *input, const char *part)
{
    label weight, bias, y;

    return begin_node(op, INPUTS(input, text(weight, i, ".weight"), *n->bias ? text(bias, i, ".bias") : NULL),
                      text(y, i, part));
}

static void put_window(message *m, const fc_node *n, const int64_t pads[4])
{
    put_ints(m, "kernel_shape", (const int64_t[]){n->kh, n->kw}, 2);
    put_ints(m, "strides", (const int64_t[]){n->sh, n->sw}, 2);
    put_ints(m, "pads", pads, 4);
}

/* The part of node i as a map of n's shape. */
static void put_reshaped(writer *o, int i, const fc_node *n, const char *part)
{
    const int64_t dims[] = {1, n->c, n->h, n->w};
    label x, shape, y;

    put_tensor(&o->graph, text(shape, i, ".shape"), INT64, (const int64_t[]){4, -1}, dims, sizeof dims);
    put_message(&o->graph, NODE, begin_node("Reshape", INPUTS(text(x, i, part), shape), text(y, i, "")));
}

/* ---- nodes -------------------------------------------------------------------------------------------- */

static fc_status conv(writer *o, int i, const fc_node *n)
{
    const int64_t shape[] = {n->c, input_of(o, n)->c / n->groups, n->kh, n->kw, -1};
    const fc_status s = put_weights(o, i, n, shape);
    label x;

    if (s)
        return s;
    message m = begin_weighed(i, n, "Conv", text(x, n->in[0], ""), "");
    put_window(&m, n, (const int64_t[]){n->pt, n->pl, n->pb, n->pr});
    put_int(&m, "group", n->groups);
    put_message(&o->graph, NODE, m);
    return FC_OK;
}

static fc_status linear(writer *o, int i, const fc_node *n)
{
    const fc_node *in = input_of(o, n);
    const fc_status s = put_weights(o, i, n, (const int64_t[]){n->c, (int64_t)in->c * in->h * in->w, -1});
    label x, whc, flat;

    if (s)
        return s;
    text(x, n->in[0], "");
    if (n->flatten == FC_FLATTEN_WHC) {
        message turned = begin_node("Transpose", INPUTS(x), text(whc, i, ".whc"));
        put_ints(&turned, "perm", (const int64_t[]){0, 3, 2, 1}, 4);
        put_message(&o->graph, NODE, turned);
    }
    simple(&o->graph, "Flatten", n->flatten == FC_FLATTEN_WHC ? whc : x, text(flat, i, ".flat"));
    message m = begin_weighed(i, n, "Gemm", flat, ".row");
    put_int(&m, "transB", 1);
    put_message(&o->graph, NODE, m);
    put_reshaped(o, i, n, ".row");
    return FC_OK;
}

static fc_status prelu(writer *o, int i, const fc_node *n)
{
    const fc_status s = put_weight(o, i, ".weight", n->weight, (const int64_t[]){n->c, 1, 1, -1});
    label x;

    if (!s)
        put_message(&o->graph, NODE, begin_weighed(i, n, "PRelu", text(x, n->in[0], ""), ""));
    return s;
}

static fc_status relu(writer *o, int i, const fc_node *n)
{
    label x, y;

    simple(&o->graph, "Relu", text(x, n->in[0], ""), text(y, i, ""));
    return FC_OK;
}

/* Padding by what the last window lacks says the same as rounding up, and means the same to every reader. */
static fc_status maxpool(writer *o, int i, const fc_node *n)
{
    const fc_node *in = input_of(o, n);
    const int below = (n->h - 1) * n->sh + n->kh - in->h, right = (n->w - 1) * n->sw + n->kw - in->w;
    label x, y;
    message m = begin_node("MaxPool", INPUTS(text(x, n->in[0], "")), text(y, i, ""));

    put_window(&m, n, (const int64_t[]){0, 0, below > 0 ? below : 0, right > 0 ? right : 0});
    put_message(&o->graph, NODE, m);
    return FC_OK;
}

static fc_status avgpool(writer *o, int i, const fc_node *n)
{
    label x, y;
    message m = begin_node(n->kh ? "AveragePool" : "GlobalAveragePool", INPUTS(text(x, n->in[0], "")),
                           text(y, i, ""));

    if (n->kh)
        put_window(&m, n, (const int64_t[]){0, 0, 0, 0});
    put_message(&o->graph, NODE, m);
    return FC_OK;
}

static fc_status pad(writer *o, int i, const fc_node *n)
{
    const fc_node *in = input_of(o, n);
    const int64_t pads[] = {0, 0, 0, 0, 0, n->c - in->c, n->h - in->h, n->w - in->w};
    label x, by, y;

    put_tensor(&o->graph, text(by, i, ".pads"), INT64, (const int64_t[]){8, -1}, pads, sizeof pads);
    put_message(&o->graph, NODE, begin_node("Pad", INPUTS(text(x, n->in[0], ""), by), text(y, i, "")));
    return FC_OK;
}

static fc_status add(writer *o, int i, const fc_node *n)
{
    label x, x1, alpha, scaled, y;

    text(x1, n->in[1], "");
    if (n->alpha != 1) {
        put_tensor(&o->graph, text(alpha, i, ".alpha"), FLOAT, (const int64_t[]){1, -1}, &n->alpha,
                   sizeof n->alpha);
        put_message(&o->graph, NODE, begin_node("Mul", INPUTS(x1, alpha), text(scaled, i, ".scaled")));
    }
    put_message(
        &o->graph, NODE,
        begin_node("Add", INPUTS(text(x, n->in[0], ""), n->alpha != 1 ? scaled : x1), text(y, i, "")));
    return FC_OK;
}

static fc_status concat(writer *o, int i, const fc_node *n)
{
    const char *inputs[FC_MAX_INPUTS + 1] = {NULL};
    label x[FC_MAX_INPUTS], y;

    for (int k = 0; k < n->nin; k++)
        inputs[k] = text(x[k], n->in[k], "");
    message m = begin_node("Concat", inputs, text(y, i, ""));
    put_int(&m, "axis", 1);
    put_message(&o->graph, NODE, m);
    return FC_OK;
}

static fc_status softmax(writer *o, int i, const fc_node *n)
{
    label x, y;
    message m = begin_node("Softmax", INPUTS(text(x, n->in[0], "")), text(y, i, ""));

    put_int(&m, "axis", 1);
    put_message(&o->graph, NODE, m);
    return FC_OK;
}

/* A mean or a variance that has no weights: the same number for each channel. */
static void put_same(writer *o, int i, const char *part, int c, float value)
{
    float *v = malloc((size_t)c * sizeof *v);
    label to;

    if (!v)
        abort();
    for (int k = 0; k < c; k++)
        v[k] = value;
    put_tensor(&o->graph, text(to, i, part), FLOAT, (const int64_t[]){c, -1}, v, (size_t)c * sizeof *v);
    free(v);
}

static fc_status batchnorm(writer *o, int i, const fc_node *n)
{
    static const char *const parts[] = {".weight", ".bias", ".running_mean", ".running_var"};
    label x, of[4], y;
    fc_status s = FC_OK;

    for (int k = 0; k < 4; k++) {
        char name[128];
        snprintf(name, sizeof name, "%s%s", n->weight, parts[k]);
        text(of[k], i, parts[k]);
        if (k >= 2 && n->bare)
            put_same(o, i, parts[k], n->c, k == 2 ? 0 : 1);
        else if (!s)
            s = put_weight(o, i, parts[k], name, (const int64_t[]){n->c, -1});
    }
    if (s)
        return s;
    message m = begin_node("BatchNormalization", INPUTS(text(x, n->in[0], ""), of[0], of[1], of[2], of[3]),
                           text(y, i, ""));
    put_float(&m, "epsilon", n->alpha);
    put_message(&o->graph, NODE, m);
    return FC_OK;
}

static fc_status l2norm(writer *o, int i, const fc_node *n)
{
    label x, flat, length, unit;

    simple(&o->graph, "Flatten", text(x, n->in[0], ""), text(flat, i, ".flat"));
    message m = begin_node("ReduceL2", INPUTS(flat), text(length, i, ".length"));
    put_ints(&m, "axes", (const int64_t[]){1}, 1);
    put_int(&m, "keepdims", 1);
    put_message(&o->graph, NODE, m);
    put_message(&o->graph, NODE, begin_node("Div", INPUTS(flat, length), text(unit, i, ".unit")));
    put_reshaped(o, i, n, ".unit");
    return FC_OK;
}

/* ---- the graph ---------------------------------------------------------------------------------------- */

static void put_end(writer *o, int field, int i)
{
    const fc_node *n = fc_graph_node(o->g, i);
    label name;

    put_value(&o->graph, field, text(name, i, ""), (const int64_t[]){1, n->c, n->h, n->w});
}

static fc_status put_node(writer *o, int i, const fc_node *n)
{
    switch (n->op) {
    case FC_OP_INPUT:
        put_end(o, INPUT, i);
        return FC_OK;
    case FC_OP_CONV:
        return conv(o, i, n);
    case FC_OP_LINEAR:
        return linear(o, i, n);
    case FC_OP_PRELU:
        return prelu(o, i, n);
    case FC_OP_RELU:
        return relu(o, i, n);
    case FC_OP_MAXPOOL:
        return maxpool(o, i, n);
    case FC_OP_AVGPOOL:
        return avgpool(o, i, n);
    case FC_OP_PAD:
        return pad(o, i, n);
    case FC_OP_ADD:
        return add(o, i, n);
    case FC_OP_CONCAT:
        return concat(o, i, n);
    case FC_OP_SOFTMAX:
        return softmax(o, i, n);
    case FC_OP_BATCHNORM:
        return batchnorm(o, i, n);
    case FC_OP_L2NORM:
        return l2norm(o, i, n);
    }
    return FC_OK;
}

fc_status onnx_of_graph(message *out, const fc_graph *g, const fc_weights *w, const char *name, fc_error *err)
{
    writer o = {.g = g, .w = w, .err = err};
    fc_status s = fc_graph_check(g, err);

    if (!s && !fc_graph_node(g, 0)->h)
        s = fc_fail(err, FC_EUNSUPPORTED, "%s: takes pictures of any size", name);
    for (int i = 0; i < fc_graph_count(g) && !s; i++)
        s = put_node(&o, i, fc_graph_node(g, i));
    for (int i = 0; i < fc_graph_outputs(g) && !s; i++)
        put_end(&o, OUTPUT, fc_graph_output_at(g, i));
    if (s)
        free(o.graph.at);
    else
        *out = onnx_file(o.graph, name);
    return s;
}
