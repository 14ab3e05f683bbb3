#include "classify/layer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "classify/classifier_impl.h"
#include "classify/names_tensor.h"
#include "match/similarity.h"
#include "models/self.h"

#define KIND      "layer"
#define WEIGHT    "classes.weight"
#define BIAS      "classes.bias"
#define NAMES     "classes.names"
#define THRESHOLD "classes.threshold"
enum { MAX_PEOPLE = 10000000 };

void fc_layer_free(fc_layer *l)
{
    if (!l)
        return;
    for (size_t i = 0; l->name && i < l->people; i++)
        free(l->name[i]);
    free(l->name);
    free(l->vector);
    free(l->bias);
    free(l);
}

fc_status fc_layer_put(fc_weights *w, const fc_layer *l, fc_error *err)
{
    const size_t one = 1;
    fc_status s = fc_weights_add(w, WEIGHT, FC_F32, 2, (size_t[]){l->people, l->dim}, l->vector, err);

    if (!s && l->bias)
        s = fc_weights_add(w, BIAS, FC_F32, 1, &l->people, l->bias, err);
    if (!s)
        s = fc_names_put(w, NAMES, l->name, l->people, err);
    return s ? s : fc_weights_add(w, THRESHOLD, FC_F64, 1, &one, &l->threshold, err);
}

/* ---- reading ---- */

static fc_status damaged(const fc_weights *w, const char *what, fc_error *err)
{
    return fc_fail(err, FC_ECORRUPT, "%s: damaged: %s", fc_weights_path(w), what);
}

static fc_status copy_floats(float **out, const fc_weights *w, const fc_tensor *t, fc_error *err)
{
    if (!(*out = malloc((t->count + 1) * sizeof **out)))
        return fc_fail_nomem(err, t->count * sizeof **out);
    memcpy(*out, t->data, t->count * sizeof **out);
    for (size_t i = 0; i < t->count; i++)
        if (!isfinite((*out)[i]))
            return damaged(w, "its classes are not numbers", err);
    return FC_OK;
}

static fc_status read_tensors(fc_layer *l, const fc_weights *w, fc_error *err)
{
    const fc_tensor *weight = fc_weights_find(w, WEIGHT), *bias = fc_weights_find(w, BIAS),
                    *threshold = fc_weights_find(w, THRESHOLD);
    fc_status s;

    if (!weight || weight->dtype != FC_F32 || weight->rank != 2 || weight->dim[0] < 1 ||
        weight->dim[0] > MAX_PEOPLE || weight->dim[1] < 1 || weight->dim[1] > FC_MAX_DIM ||
        (bias && (bias->dtype != FC_F32 || bias->rank != 1 || bias->dim[0] != weight->dim[0])) ||
        !threshold || threshold->dtype != FC_F64 || threshold->count != 1)
        return damaged(w, "its classes do not fit", err);
    memcpy(&l->threshold, threshold->data, sizeof l->threshold);
    if (!isfinite(l->threshold) || fabs(l->threshold) > 1e6)
        return damaged(w, "its threshold is no number", err);
    l->dim = weight->dim[1];
    l->people = weight->dim[0];
    if (!(l->name = calloc(l->people, sizeof *l->name)))
        return fc_fail_nomem(err, l->people * sizeof *l->name);
    s = copy_floats(&l->vector, w, weight, err);
    if (!s && bias)
        s = copy_floats(&l->bias, w, bias, err);
    return s ? s : fc_names_get(l->name, l->people, w, NAMES, err);
}

fc_status fc_layer_load(fc_layer **out, const char *path, fc_error *err)
{
    fc_layer *l = calloc(1, sizeof *l);
    fc_model *m = NULL;
    fc_weights *w = NULL;
    fc_status s = l ? fc_weights_open(&w, path, err) : fc_fail_nomem(err, sizeof *l);

    *out = NULL;
    if (!s)
        s = fc_model_self_check(w, err);
    if (!s)
        s = read_tensors(l, w, err);
    if (!s)
        s = fc_model_describe_file(&m, path, err);
    if (!s)
        s = fc_model_contract(l->contract, sizeof l->contract, m, false, err);
    fc_model_free(m);
    fc_weights_free(w);
    if (s)
        fc_layer_free(l);
    else
        *out = l;
    return s;
}

/* ---- a kind of classifiers ---- */

static fc_status load(void **out, const char *path, fc_error *err)
{
    fc_layer *l;
    const fc_status s = fc_layer_load(&l, path, err);

    *out = l;
    return s;
}

static void free_model(void *l)
{
    fc_layer_free(l);
}

static void describe(const void *model, fc_classifier_facts *out)
{
    const fc_layer *l = model;

    *out = (fc_classifier_facts){
        .contract = l->contract, .dim = l->dim, .people = l->people, .threshold = l->threshold};
}

static void answer(const fc_layer *l, const float *x, fc_prediction *out)
{
    double best = -INFINITY;

    for (size_t k = 0; k < l->people; k++) {
        const double v = fc_dot(l->vector + k * l->dim, x, l->dim) + (l->bias ? (double)l->bias[k] : 0);
        if (v > best) {
            best = v;
            *out = (fc_prediction){.name = l->name[k]};
        }
    }
    out->length = strlen(out->name);
    out->score = fc_decimal(best);
    out->similarity = NAN;
}

static fc_status predict(const void *model, const float *embeddings, size_t n, fc_prediction *out,
                         fc_error *err)
{
    const fc_layer *l = model;
    float x[FC_MAX_DIM];

    for (size_t i = 0; i < n; i++) {
        memcpy(x, embeddings + i * l->dim, l->dim * sizeof *x);
        if (!fc_normalise(x, l->dim))
            return fc_fail(err, FC_EUSAGE, "an embedding without a direction (all zero, or not numbers)");
        answer(l, x, &out[i]);
    }
    return FC_OK;
}

const fc_classifier_kind fc_classifier_layer = {.name = KIND,
                                                .recognises = fc_model_is_self,
                                                .load = load,
                                                .free = free_model,
                                                .describe = describe,
                                                .predict = predict};
