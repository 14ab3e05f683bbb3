#include "tune/backbone.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/threads.h"
#include "engines/trainer.h"
#include "match/similarity.h"
#include "nets/nets.h"
#include "tune/tune.h"

enum { LANE = 16, LANES = (FC_TUNE_MAX_BATCH + LANE - 1) / LANE }; /* samples a lane */

const char *const fc_tune_depth_names[] = {
    [FC_TUNE_NONE] = "none", [FC_TUNE_BN] = "bn", [FC_TUNE_LAST] = "last", [FC_TUNE_ALL] = "all", NULL};

/* A tensor that is trained. */
struct part {
    const fc_tensor *tensor; /* of the weights */
    bool factors;            /* its parameters are factors of its rows, one for each channel */
    size_t at, n;            /* its parameters: [at, at + n) */
};

struct fc_backbone {
    fc_graph *g;
    const fc_weights *w;
    struct part *part;        /* [n], owned, as all here */
    fc_trained *trained;      /* [n] */
    size_t n, params, values; /* values: of all parts' tensors */
    fc_trainer *trainer;
    int workers;
    size_t dim;
    int size;
    double mean[3], scale[3];
    float *in;       /* [FC_TUNE_MAX_BATCH][3][size][size] */
    float *raw;      /* [FC_TUNE_MAX_BATCH][dim]: the network's results, and the gradient by them */
    float *length;   /* [FC_TUNE_MAX_BATCH] */
    float *out;      /* [FC_TUNE_MAX_BATCH][dim]: of unit length */
    float *scratch;  /* of the largest tensor */
    float *gradient; /* [lanes in use][values] */
    size_t gradients;
    float **place; /* [lanes in use][n] */
    /* of the call that is under way */
    const uint8_t *const *crop;
    size_t batch;
    bool keep;
    fc_error *fault; /* [LANES] */
};

void fc_backbone_free(fc_backbone *b)
{
    if (!b)
        return;
    fc_trainer_free(b->trainer);
    fc_graph_free(b->g);
    free(b->part);
    free(b->trained);
    free(b->in);
    free(b->raw);
    free(b->length);
    free(b->out);
    free(b->scratch);
    free(b->gradient);
    free(b->place);
    free(b->fault);
    free(b);
}

/* ---- what is trained ---- */

static fc_status add_part(fc_backbone *b, int node, int which, const char *name, bool factors, fc_error *err)
{
    const fc_tensor *t = fc_weights_find(b->w, name);
    struct part *part = realloc(b->part, (b->n + 1) * sizeof *part);

    b->part = part ? part : b->part;
    fc_trained *trained = realloc(b->trained, (b->n + 1) * sizeof *trained);
    b->trained = trained ? trained : b->trained;
    if (!part || !trained)
        return fc_fail_nomem(err, (b->n + 1) * sizeof *part);
    if (!t || t->dtype != FC_F32)
        return fc_fail(err, FC_EMODEL, "%s: no tensor '%s' of float32", fc_weights_path(b->w), name);
    part[b->n] = (struct part){.tensor = t, .factors = factors, .at = b->params};
    part[b->n].n = factors ? t->dim[0] : t->count;
    trained[b->n] = (fc_trained){node, which};
    b->params += part[b->n].n;
    b->values += t->count;
    b->n++;
    return FC_OK;
}

static fc_status add_batchnorm(fc_backbone *b, int i, fc_error *err)
{
    static const char *const suffix[] = {"weight", "bias"};
    fc_status s = FC_OK;

    for (int k = 0; !s && k < 2; k++) {
        char name[128];
        snprintf(name, sizeof name, "%s.%s", fc_graph_node(b->g, i)->weight, suffix[k]);
        s = add_part(b, i, k, name, false, err);
    }
    return s;
}

static fc_status add_node(fc_backbone *b, int i, bool factors, fc_error *err)
{
    const fc_node *n = fc_graph_node(b->g, i);
    fc_status s;

    if (!*n->weight)
        return FC_OK;
    if (n->op == FC_OP_BATCHNORM)
        return add_batchnorm(b, i, err);
    s = add_part(b, i, 0, n->weight, factors, err);
    return s || !*n->bias ? s : add_part(b, i, 1, n->bias, false, err);
}

static bool has_weights(const fc_node *n)
{
    return n->op == FC_OP_CONV || n->op == FC_OP_LINEAR;
}

static fc_status choose_parts(fc_backbone *b, fc_tune_depth depth, fc_error *err)
{
    const int n = fc_graph_count(b->g);
    bool norms = false;
    int last = 0;
    fc_status s = FC_OK;

    for (int i = 0; i < n; i++) {
        norms |= fc_graph_node(b->g, i)->op == FC_OP_BATCHNORM;
        last = has_weights(fc_graph_node(b->g, i)) ? i : last;
    }
    for (int i = 0; !s && i < n; i++) {
        const fc_node *node = fc_graph_node(b->g, i);
        const bool folded = !norms && node->op == FC_OP_CONV && *node->bias;
        if (depth == FC_TUNE_BN ? node->op == FC_OP_BATCHNORM || folded : depth == FC_TUNE_ALL || i >= last)
            s = add_node(b, i, depth == FC_TUNE_BN && folded, err);
    }
    return s;
}

static fc_status get_room(fc_backbone *b, fc_error *err)
{
    const size_t batch = FC_TUNE_MAX_BATCH, pixels = 3 * (size_t)b->size * (size_t)b->size;
    size_t most = 1;

    for (size_t i = 0; i < b->n; i++)
        most = b->part[i].tensor->count > most ? b->part[i].tensor->count : most;
    b->in = malloc(batch * pixels * sizeof *b->in);
    b->raw = malloc(batch * b->dim * sizeof *b->raw);
    b->out = malloc(batch * b->dim * sizeof *b->out);
    b->length = malloc(batch * sizeof *b->length);
    b->scratch = malloc(most * sizeof *b->scratch);
    b->fault = calloc(LANES, sizeof *b->fault);
    return b->in && b->raw && b->out && b->length && b->scratch && b->fault
               ? FC_OK
               : fc_fail_nomem(err, batch * pixels * sizeof *b->in);
}

fc_status fc_backbone_new(fc_backbone **out, const fc_model *m, const char *arch, const fc_weights *w,
                          fc_tune_depth depth, int workers, const char *device, fc_error *err)
{
    fc_backbone *b = calloc(1, sizeof *b);
    fc_status s = FC_OK;

    *out = NULL;
    if (!b || !(b->g = fc_net_by_name(arch)))
        s = b ? fc_fail(err, FC_EMODEL, "model %s: unknown architecture '%s'", m->name, arch)
              : fc_fail_nomem(err, sizeof *b);
    if (!s)
        s = fc_graph_check(b->g, err);
    if (!s) {
        b->w = w;
        b->workers = workers;
        b->size = m->input;
        b->dim = (size_t)fc_graph_node(b->g, fc_graph_output_at(b->g, 0))->c;
        memcpy(b->mean, m->mean, sizeof b->mean);
        memcpy(b->scale, m->scale, sizeof b->scale);
        s = choose_parts(b, depth, err);
    }
    if (!s)
        s = get_room(b, err);
    if (!s)
        s = fc_trainer_new(&b->trainer, b->g, w, b->trained, (int)b->n, LANES, device, err);
    if (s)
        fc_backbone_free(b);
    else
        *out = b;
    return s;
}

size_t fc_backbone_dim(const fc_backbone *b)
{
    return b->dim;
}

size_t fc_backbone_params(const fc_backbone *b)
{
    return b->params;
}

/* ---- parameters ---- */

void fc_backbone_start(const fc_backbone *b, float *param)
{
    for (size_t i = 0; i < b->n; i++) {
        const struct part *p = &b->part[i];
        if (!p->factors)
            memcpy(param + p->at, p->tensor->data, p->n * sizeof *param);
        for (size_t k = 0; p->factors && k < p->n; k++)
            param[p->at + k] = 1;
    }
}

/* The tensor with these parameters: to [count]. */
static void make_tensor(float *to, const struct part *p, const float *param)
{
    const size_t row = p->tensor->count / p->n;
    const float *was = p->tensor->data;

    if (!p->factors)
        memcpy(to, param + p->at, p->n * sizeof *to);
    for (size_t k = 0; p->factors && k < p->n; k++)
        for (size_t j = 0; j < row; j++)
            to[k * row + j] = was[k * row + j] * param[p->at + k];
}

fc_status fc_backbone_set(fc_backbone *b, const float *param, fc_error *err)
{
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < b->n; i++) {
        make_tensor(b->scratch, &b->part[i], param);
        s = fc_trainer_set(b->trainer, (int)i, b->scratch, err);
    }
    return s;
}

/* ---- lanes ---- */

/* The crop, normalised, in planes. */
static void fill(const fc_backbone *b, float *to, const uint8_t *crop)
{
    const size_t n = (size_t)b->size * (size_t)b->size;

    for (size_t c = 0; c < 3; c++) {
        const float mean = (float)b->mean[c], scale = (float)b->scale[c];
        for (size_t i = 0; i < n; i++)
            to[c * n + i] = ((float)crop[i * 3 + c] - mean) * scale;
    }
}

static size_t lane_size(const fc_backbone *b, size_t lane)
{
    return b->batch - lane * LANE < LANE ? b->batch - lane * LANE : LANE;
}

static void forward_lane(void *ctx, size_t lane)
{
    fc_backbone *b = ctx;
    const size_t first = lane * LANE, n = lane_size(b, lane), pixels = 3 * (size_t)b->size * (size_t)b->size;

    b->fault[lane].status = FC_OK;
    for (size_t i = first; i < first + n; i++)
        fill(b, b->in + i * pixels, b->crop[i]);
    (void)fc_trainer_forward(b->trainer, (int)lane, b->in + first * pixels, (int)n, b->keep,
                             b->raw + first * b->dim, &b->fault[lane]);
}

static void backward_lane(void *ctx, size_t lane)
{
    fc_backbone *b = ctx;

    b->fault[lane].status = FC_OK;
    (void)fc_trainer_backward(b->trainer, (int)lane, b->raw + lane * LANE * b->dim, b->place + lane * b->n,
                              &b->fault[lane]);
}

/* The first lane's fault, if there is one. */
static fc_status run_lanes(fc_backbone *b, void (*lane)(void *ctx, size_t i), fc_error *err)
{
    const size_t lanes = (b->batch + LANE - 1) / LANE;
    fc_status s = fc_each(lanes, b->workers, lane, b, err);

    for (size_t i = 0; !s && i < lanes; i++)
        if (b->fault[i].status)
            s = fc_fail(err, b->fault[i].status, "%s", b->fault[i].message);
    return s;
}

fc_status fc_backbone_forward(fc_backbone *b, const uint8_t *const *crop, size_t n, bool keep, float *out,
                              fc_error *err)
{
    fc_status s;

    b->crop = crop;
    b->batch = n;
    b->keep = keep;
    if ((s = run_lanes(b, forward_lane, err)))
        return s;
    for (size_t i = 0; i < n; i++) {
        const float *v = b->raw + i * b->dim;
        const double length = sqrt(fc_dot(v, v, b->dim));
        b->length[i] = (float)length;
        for (size_t d = 0; d < b->dim; d++)
            b->out[i * b->dim + d] = (float)((double)v[d] / length); /* no number: the loss shows it */
    }
    memcpy(out, b->out, n * b->dim * sizeof *out);
    return FC_OK;
}

/* ---- gradients ---- */

static fc_status room_for_gradients(fc_backbone *b, fc_error *err)
{
    const size_t lanes = (b->batch + LANE - 1) / LANE;

    if (lanes <= b->gradients)
        return FC_OK;
    free(b->gradient);
    free(b->place);
    b->gradients = 0;
    b->gradient = malloc(lanes * b->values * sizeof *b->gradient);
    b->place = malloc(lanes * b->n * sizeof *b->place);
    if (!b->gradient || !b->place)
        return fc_fail_nomem(err, lanes * b->values * sizeof *b->gradient);
    float *at = b->gradient;
    for (size_t lane = 0; lane < lanes; lane++)
        for (size_t i = 0; i < b->n; i++) {
            b->place[lane * b->n + i] = at;
            at += b->part[i].tensor->count;
        }
    b->gradients = lanes;
    return FC_OK;
}

/* What a lane's gradient by a tensor adds to that by its parameters. */
static void add_lane(float *to, const struct part *p, const float *by)
{
    const size_t row = p->tensor->count / p->n;
    const float *was = p->tensor->data;

    for (size_t k = 0; k < p->n; k++) {
        if (!p->factors)
            to[p->at + k] += by[k];
        for (size_t j = 0; p->factors && j < row; j++)
            to[p->at + k] += by[k * row + j] * was[k * row + j];
    }
}

fc_status fc_backbone_backward(fc_backbone *b, const float *by_out, float *gradient, fc_error *err)
{
    const size_t lanes = (b->batch + LANE - 1) / LANE;
    fc_status s = room_for_gradients(b, err);

    for (size_t i = 0; i < b->batch;
         i++) { /* from that by the vector of unit length to that by the network's */
        const float *g = by_out + i * b->dim, *u = b->out + i * b->dim;
        const double along = fc_dot(g, u, b->dim);
        for (size_t d = 0; d < b->dim; d++)
            b->raw[i * b->dim + d] = (float)(((double)g[d] - along * (double)u[d]) / (double)b->length[i]);
    }
    if (!s)
        s = run_lanes(b, backward_lane, err);
    if (s)
        return s;
    memset(gradient, 0, b->params * sizeof *gradient);
    for (size_t lane = 0; lane < lanes; lane++)
        for (size_t i = 0; i < b->n; i++)
            add_lane(gradient, &b->part[i], b->place[lane * b->n + i]);
    return FC_OK;
}

/* ---- the result ---- */

static const struct part *part_of(const fc_backbone *b, const fc_tensor *t)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->part[i].tensor == t)
            return &b->part[i];
    return NULL;
}

fc_status fc_backbone_weights(fc_weights **out, const fc_backbone *b, const float *param, fc_error *err)
{
    fc_status s = fc_weights_new(out, fc_weights_path(b->w), err);

    for (size_t i = 0; !s && i < fc_weights_count(b->w); i++) {
        const fc_tensor *t = fc_weights_at(b->w, i);
        const struct part *p = part_of(b, t);
        if (p)
            make_tensor(b->scratch, p, param);
        s = fc_weights_add(*out, t->name, t->dtype, t->rank, t->dim, p ? b->scratch : t->data, err);
    }
    if (s) {
        fc_weights_free(*out);
        *out = NULL;
    }
    return s;
}
