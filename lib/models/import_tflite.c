#include "models/import_tflite.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "models/arch.h"
#include "models/import.h"
#include "models/tflite.h"

#define MAX_LAYERS 256

/* A convolution or dense layer, and the PReLU behind it. */
typedef struct layer {
    const fc_tfl_op *op;
    int slope;    /* tensor; -1: no PReLU */
    float factor; /* by which slope is to be multiplied */
} layer;

typedef struct importer {
    const char *file;
    size_t size; /* of the file */
    fc_tflite net;
    layer layers[MAX_LAYERS];
    size_t nlayers;
    bool chain; /* every layer reads what the one before it computed */
    fc_weights *out;
} importer;

static fc_status misfit(const importer *im, const char *what, fc_error *err)
{
    return fc_fail(err, FC_EMODEL, "%s: %s", im->file, what);
}

/* ---- the graph -------------------------------------------------------------------------------------- */

/* The operator that computes tensor, when it is a code with nin inputs. */
static const fc_tfl_op *maker(const fc_tflite *t, int tensor, int code, int nin)
{
    int i = tensor < 0 ? -1 : t->tensor[tensor].made_by;
    return i >= 0 && t->op[i].code == code && t->op[i].nin == nin ? &t->op[i] : NULL;
}

/* What multiplies the slope is (x - |x|), which is 2x for negative x, or -relu(-x), which is x; 0: neither.
 */
static float negative_part(const fc_tflite *t, int v, int x)
{
    const fc_tfl_op *sub = maker(t, v, FC_TFL_SUB, 2), *neg = maker(t, v, FC_TFL_NEG, 1), *abs, *relu, *inner;

    if (sub && sub->in[0] == x && (abs = maker(t, sub->in[1], FC_TFL_ABS, 1)) && abs->in[0] == x)
        return 2;
    if (neg && (relu = maker(t, neg->in[0], FC_TFL_RELU, 1)) &&
        (inner = maker(t, relu->in[0], FC_TFL_NEG, 1)) && inner->in[0] == x)
        return 1;
    return 0;
}

/* Is add relu(x) + slope * negative part of x? */
static bool match_prelu(const fc_tflite *t, const fc_tfl_op *add, int x, layer *l)
{
    for (int i = 0; i < 2; i++) {
        const fc_tfl_op *relu = maker(t, add->in[i], FC_TFL_RELU, 1);
        const fc_tfl_op *mul = maker(t, add->in[1 - i], FC_TFL_MUL, 2);
        if (!relu || !mul || relu->in[0] != x)
            continue;
        for (int k = 0; k < 2; k++) {
            float factor = negative_part(t, mul->in[1 - k], x);
            if (factor != 0 && mul->in[k] >= 0 && t->tensor[mul->in[k]].data) {
                l->slope = mul->in[k];
                l->factor = factor;
                return true;
            }
        }
    }
    return false;
}

static fc_status find_layers(importer *im, fc_error *err)
{
    const fc_tflite *t = &im->net;
    int value = -1; /* the last layer's result */

    im->chain = true;
    for (size_t i = 0; i < t->nop; i++) {
        const fc_tfl_op *op = &t->op[i];
        layer *last = im->nlayers ? &im->layers[im->nlayers - 1] : NULL;
        if (op->code == FC_TFL_CONV || op->code == FC_TFL_DEPTHWISE_CONV ||
            op->code == FC_TFL_FULLY_CONNECTED) {
            if (im->nlayers == MAX_LAYERS)
                return misfit(im, "more layers than this network has", err);
            if (op->nin != 3 || op->nout != 1 || op->in[1] < 0 || op->in[2] < 0)
                return misfit(im, "a layer without weights or bias", err);
            if (op->activation)
                return misfit(im, "a layer with an activation that this network does not have", err);
            if (last && op->in[0] != value)
                im->chain = false;
            im->layers[im->nlayers++] = (layer){op, -1, 0};
            value = op->out[0];
        } else if (op->code == FC_TFL_ADD && op->nin == 2 && op->nout == 1 && last) {
            if (match_prelu(t, op, last->op->out[0], last) || op->in[0] == value || op->in[1] == value)
                value = op->out[0];
        }
    }
    return FC_OK;
}

/* ---- tensors ---------------------------------------------------------------------------------------- */

static fc_status check_f32(const importer *im, const fc_tfl_tensor *t, int rank, fc_error *err)
{
    size_t bytes = sizeof(float);
    bool fits = t->rank == rank && t->type == 0;

    for (int i = 0; fits && i < t->rank; i++)
        fits = t->dim[i] > 0 && fc_mul(bytes, t->dim[i], &bytes);
    if (!fits || t->n != bytes)
        return fc_fail(err, FC_EMODEL,
                       "%s: tensor '%s' is not the float32 tensor of rank %d that was expected", im->file,
                       t->name, rank);
    return FC_OK;
}

static fc_status add_vector(importer *im, const char *prefix, const char *suffix, int tensor, float factor,
                            fc_error *err)
{
    const fc_tfl_tensor *t = &im->net.tensor[tensor];
    char name[64];
    fc_status s = check_f32(im, t, 1, err);
    if (s)
        return s;
    float *v = malloc(t->n);
    if (!v)
        return fc_fail_nomem(err, t->n);
    memcpy(v, t->data, t->n);
    if (factor != 1)
        for (size_t i = 0; i < t->dim[0]; i++)
            v[i] *= factor;
    snprintf(name, sizeof name, "%s.%s", prefix, suffix);
    s = fc_weights_add(im->out, name, FC_F32, 1, t->dim, v, err);
    free(v);
    return s;
}

/* [out][kh][kw][in], or depthwise [1][kh][kw][out], becomes [out][in][kh][kw]. swap: the file has height and
 * width the other way round. */
static fc_status add_kernel(importer *im, const char *prefix, const fc_tfl_op *op, bool swap, fc_error *err)
{
    const fc_tfl_tensor *t = &im->net.tensor[op->in[1]];
    bool depthwise = op->code == FC_TFL_DEPTHWISE_CONV;
    char name[64];
    fc_status s = check_f32(im, t, 4, err);
    if (s)
        return s;
    if (depthwise && t->dim[0] != 1)
        return fc_fail(err, FC_EMODEL, "%s: tensor '%s' is not a depthwise kernel", im->file, t->name);
    size_t outs = t->dim[depthwise ? 3 : 0], ins = depthwise ? 1 : t->dim[3];
    size_t h = t->dim[swap ? 2 : 1], w = t->dim[swap ? 1 : 2];
    size_t step_y = t->dim[3] * (swap ? 1 : w), step_x = t->dim[3] * (swap ? h : 1);
    size_t step_o = depthwise ? 1 : h * w * t->dim[3];
    const size_t dim[4] = {outs, ins, h, w};
    uint8_t *v = malloc(t->n), *to = v;
    if (!v)
        return fc_fail_nomem(err, t->n);
    for (size_t o = 0; o < outs; o++)
        for (size_t i = 0; i < ins; i++)
            for (size_t y = 0; y < h; y++)
                for (size_t x = 0; x < w; x++, to += sizeof(float))
                    memcpy(to, t->data + sizeof(float) * (o * step_o + y * step_y + x * step_x + i),
                           sizeof(float));
    snprintf(name, sizeof name, "%s.weight", prefix);
    s = fc_weights_add(im->out, name, FC_F32, 4, dim, v, err);
    free(v);
    return s;
}

static fc_status add_dense(importer *im, const char *prefix, const fc_tfl_op *op, fc_error *err)
{
    const fc_tfl_tensor *t = &im->net.tensor[op->in[1]];
    char name[64];
    fc_status s = check_f32(im, t, 2, err);
    snprintf(name, sizeof name, "%s.weight", prefix);
    return s ? s : fc_weights_add(im->out, name, FC_F32, 2, t->dim, t->data, err);
}

/* ---- MTCNN ------------------------------------------------------------------------------------------ */

/* "onet/conv6-1/weights/read" is layer 6, branch 1; branch 0 where there is none. */
static bool mtcnn_layer(const char *tensor, int *number, int *branch)
{
    const char *p = strchr(tensor, '/');

    *branch = 0;
    if (!p || strncmp(p, "/conv", 5) != 0 || !isdigit((unsigned char)p[5]))
        return false;
    *number = p[5] - '0';
    p += 6;
    if (*p == '-' && isdigit((unsigned char)p[1])) {
        *branch = p[1] - '0';
        p += 2;
    }
    return *p == '/';
}

static fc_status import_mtcnn(importer *im, fc_error *err)
{
    for (size_t i = 0; i < im->nlayers; i++) {
        const layer *l = &im->layers[i];
        bool dense = l->op->code == FC_TFL_FULLY_CONNECTED;
        char prefix[32];
        int number, branch;
        fc_status s;

        if (!mtcnn_layer(im->net.tensor[l->op->in[1]].name, &number, &branch))
            return fc_fail(err, FC_EMODEL, "%s: tensor '%s' is not one of MTCNN's", im->file,
                           im->net.tensor[l->op->in[1]].name);
        int at = snprintf(prefix, sizeof prefix, "%s%d", dense ? "dense" : "conv", number);
        if (branch)
            snprintf(prefix + at, sizeof prefix - (size_t)at, "_%d", branch);
        s = dense ? add_dense(im, prefix, l->op, err) : add_kernel(im, prefix, l->op, true, err);
        if (!s)
            s = add_vector(im, prefix, "bias", l->op->in[2], 1, err);
        snprintf(prefix, sizeof prefix, "prelu%d", number);
        if (!s && l->slope >= 0)
            s = add_vector(im, prefix, "weight", l->slope, l->factor, err);
        if (s)
            return s;
    }
    return FC_OK;
}

/* ---- MobileFaceNet ---------------------------------------------------------------------------------- */

/* What the layers before, in and behind the inverted residual blocks are. */
static const struct part {
    const char *name;
    bool depthwise, prelu;
} first[] = {{"stem", false, true}, {"stem_dw", true, true}, {"stem_proj", false, false}},
  block[] = {{"expand", false, true}, {"dw", true, true}, {"project", false, false}},
  last[] = {
      {"head", false, true}, {"gdc", true, false}, {"logits", false, false}, {"embedding", false, false}};

static fc_status mobilefacenet_layer(importer *im, const layer *l, const struct part *part,
                                     const char *prefix, fc_error *err)
{
    char name[48];
    fc_status s;

    if (l->op->code != (part->depthwise ? FC_TFL_DEPTHWISE_CONV : FC_TFL_CONV) ||
        (l->slope >= 0) != part->prelu)
        return fc_fail(err, FC_EMODEL, "%s: tensor '%s' is not MobileFaceNet's %s%s", im->file,
                       im->net.tensor[l->op->in[1]].name, prefix, part->name);
    snprintf(name, sizeof name, "%s%s.conv", prefix, part->name);
    s = add_kernel(im, name, l->op, false, err);
    if (!s)
        s = add_vector(im, name, "bias", l->op->in[2], 1, err);
    snprintf(name, sizeof name, "%s%s.prelu", prefix, part->name);
    if (!s && part->prelu)
        s = add_vector(im, name, "weight", l->slope, l->factor, err);
    return s;
}

static fc_status import_mobilefacenet(importer *im, fc_error *err)
{
    if (!im->chain || im->nlayers < 10 || (im->nlayers - 7) % 3)
        return misfit(im, "not the chain of layers that MobileFaceNet is", err);
    size_t blocks = (im->nlayers - 7) / 3;
    for (size_t i = 0; i < im->nlayers; i++) {
        char prefix[32] = "";
        const struct part *part;
        if (i < 3) {
            part = &first[i];
        } else if (i - 3 < 3 * blocks) {
            snprintf(prefix, sizeof prefix, "block.%zu.", (i - 3) / 3);
            part = &block[i % 3];
        } else {
            part = &last[i - 3 - 3 * blocks];
        }
        fc_status s = mobilefacenet_layer(im, &im->layers[i], part, prefix, err);
        if (s)
            return s;
    }
    return FC_OK;
}

/* ---- any other ---------------------------------------------------------------------------------------- */

static fc_status import_as_is(importer *im, fc_error *err)
{
    static const struct {
        int type; /* the schema's number */
        fc_dtype dtype;
    } types[] = {{0, FC_F32}, {1, FC_F16}, {2, FC_I32}, {3, FC_U8}, {4, FC_I64}, {10, FC_F64}};

    size_t total = 0;

    for (size_t i = 0; i < im->net.ntensor; i++) {
        const fc_tfl_tensor *t = &im->net.tensor[i];
        size_t k = 0, bytes;
        bool fits = true;

        if (!t->data)
            continue;
        while (k < sizeof types / sizeof *types && types[k].type != t->type)
            k++;
        if (k == sizeof types / sizeof *types)
            return fc_fail(err, FC_EUNSUPPORTED,
                           "%s: tensor '%s' is of type %d, which facecheck does not read", im->file, t->name,
                           t->type);
        bytes = fc_dtype_size(types[k].dtype);
        for (int d = 0; d < t->rank && fits; d++)
            fits = fc_mul(bytes, t->dim[d], &bytes);
        if (!fits || bytes != t->n)
            return fc_fail(err, FC_ECORRUPT, "%s: tensor '%s': %zu bytes do not fit its shape", im->file,
                           t->name, t->n);
        if (!fc_import_add(&total, bytes, im->size))
            return fc_fail(err, FC_ELIMIT, "%s: its tensors share buffers more than %d times", im->file,
                           FC_IMPORT_SHARING);
        fc_status s = fc_weights_add(im->out, t->name, types[k].dtype, t->rank, t->dim, t->data, err);
        if (s)
            return s;
    }
    return FC_OK;
}

/* ---- which one -------------------------------------------------------------------------------------- */

static const struct known {
    const char *prefix; /* of the tensors' names */
    const char *arch;
    fc_status (*import)(importer *im, fc_error *err);
} known[] = {{"pnet/conv", "pnet", import_mtcnn},
             {"rnet/conv", "rnet", import_mtcnn},
             {"onet/conv", "onet", import_mtcnn},
             {"MobileFaceNet/Conv", "mobilefacenet", import_mobilefacenet}};

static const struct known *recognise(const fc_tflite *t)
{
    for (size_t i = 0; i < t->ntensor; i++)
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            if (t->tensor[i].data &&
                strncmp(t->tensor[i].name, known[k].prefix, strlen(known[k].prefix)) == 0)
                return &known[k];
    return NULL;
}

fc_status fc_import_tflite(fc_weights **out, const uint8_t *bytes, size_t n, const char *name, fc_error *err)
{
    importer *im = calloc(1, sizeof *im);
    fc_status s;

    *out = NULL;
    if (!im)
        return fc_fail_nomem(err, sizeof *im);
    im->file = name;
    im->size = n;
    s = fc_tflite_parse(&im->net, bytes, n, name, err);
    if (!s)
        s = fc_weights_new(&im->out, name, err);
    if (s)
        goto out;
    const struct known *net = recognise(&im->net);
    if (net) {
        s = find_layers(im, err);
        if (!s)
            s = net->import(im, err);
        const char *arch = NULL;
        if (!s)
            s = fc_arch_of(&arch, im->out, err);
        if (!s && (!arch || strcmp(arch, net->arch) != 0))
            s = fc_fail(err, FC_EMODEL, "%s: its tensors are named as %s's, but do not fit that network",
                        name, net->arch);
    } else {
        s = import_as_is(im, err);
    }
    if (!s) {
        *out = im->out;
        im->out = NULL;
    }
out:
    fc_weights_free(im->out);
    fc_tflite_clear(&im->net);
    free(im);
    return s;
}
