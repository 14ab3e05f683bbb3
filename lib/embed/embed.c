#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "embed/embed_net.h"
#include "embed/measure.h"
#include "embed/several.h"
#include "match/similarity.h"

#define CONTRACT_SIZE 160

struct fc_embedder {
    fc_net *net;
    int dim;
    fc_alignment alignment;
    float mean[3], scale[3];
    double threshold;
    fc_fmr_curve curve;
    char contract[2][CONTRACT_SIZE]; /* [flip] */
};

struct fc_embed_session {
    const fc_embedder *e;
    fc_session *run;
    bool takes_batch;
};

void fc_embedder_free(fc_embedder *e)
{
    if (!e)
        return;
    fc_net_free(e->net);
    free(e);
}

static fc_status load(fc_embedder *e, const fc_model *m, const fc_engine_options *opt, fc_error *err)
{
    fc_status s;

    if (strcmp(m->task, "embed"))
        return fc_fail(err, FC_EMODEL, "model %s: does not embed faces (task: %s)", m->name, m->task);
    e->alignment = m->alignment;
    e->threshold = m->threshold;
    e->curve = m->curve;
    for (int c = 0; c < 3; c++) {
        e->mean[c] = (float)m->mean[c];
        e->scale[c] = (float)m->scale[c];
    }
    s = fc_embed_net(&e->net, &e->dim, m, opt, err);
    for (int flip = 0; !s && flip < 2; flip++)
        s = fc_model_contract_in(e->contract[flip], CONTRACT_SIZE, m, flip, fc_net_precision(e->net), err);
    if (!s && (e->dim < 1 || e->dim > FC_MAX_DIM || (m->dim && e->dim != m->dim)))
        s = fc_fail(err, FC_EMODEL,
                    "model %s: %d numbers are described, the network gives %d (1..%d are possible)", m->name,
                    m->dim, e->dim, FC_MAX_DIM);
    return s;
}

fc_status fc_embedder_new(fc_embedder **out, const fc_models *m, const char *model,
                          const fc_engine_options *opt, fc_error *err)
{
    const fc_model *desc = NULL;
    fc_model *own = NULL;
    fc_embedder *e = calloc(1, sizeof *e);
    fc_status s;

    *out = NULL;
    if (!e)
        return fc_fail_nomem(err, sizeof *e);
    s = fc_models_choose(&desc, &own, m, model, err);
    if (!s)
        s = load(e, desc, opt, err);
    fc_model_free(own);
    if (s) {
        fc_embedder_free(e);
        return s;
    }
    *out = e;
    return FC_OK;
}

int fc_embedder_dim(const fc_embedder *e)
{
    return e->dim;
}

const fc_alignment *fc_embedder_alignment(const fc_embedder *e)
{
    return &e->alignment;
}

const char *fc_embedder_contract(const fc_embedder *e, bool flip)
{
    return e->contract[flip];
}

double fc_embedder_threshold(const fc_embedder *e)
{
    return e->threshold;
}

const fc_fmr_curve *fc_embedder_curve(const fc_embedder *e)
{
    return &e->curve;
}

const fc_engine_facts *fc_embedder_facts(const fc_embedder *e)
{
    return fc_net_facts(e->net);
}

const char *fc_embedder_engine(const fc_embedder *e)
{
    return fc_net_engine(e->net);
}

fc_status fc_embed_session_new(fc_embed_session **out, const fc_embedder *e, fc_error *err)
{
    fc_embed_session *s = calloc(1, sizeof *s);
    fc_status st;

    *out = NULL;
    if (!s)
        return fc_fail_nomem(err, sizeof *s);
    s->e = e;
    st = fc_session_new(&s->run, e->net, err);
    if (st) {
        free(s);
        return st;
    }
    *out = s;
    return FC_OK;
}

void fc_embed_session_free(fc_embed_session *s)
{
    if (!s)
        return;
    fc_session_free(s->run);
    free(s);
}

/* The crop, normalised, in planes; mirrored: from right to left. */
static void fill_input(const fc_embedder *e, float *r, const fc_image *crop, bool mirrored)
{
    const size_t n = (size_t)crop->w * (size_t)crop->h;
    const float *mean = e->mean, *scale = e->scale;
    float *g = r + n, *b = g + n;

    for (int y = 0; y < crop->h; y++) {
        const uint8_t *p = crop->rgb + (size_t)y * crop->stride;
        const size_t at = (size_t)y * (size_t)crop->w;
        for (int x = 0; x < crop->w; x++, p += 3) {
            size_t to = at + (size_t)(mirrored ? crop->w - 1 - x : x);
            r[to] = ((float)p[0] - mean[0]) * scale[0];
            g[to] = ((float)p[1] - mean[1]) * scale[1];
            b[to] = ((float)p[2] - mean[2]) * scale[2];
        }
    }
}

static fc_status check_size(const fc_embed_session *s, const fc_image *crop, fc_error *err)
{
    const int size = s->e->alignment.size;

    return crop->w == size && crop->h == size
               ? FC_OK
               : fc_fail(err, FC_EUSAGE, "crop is %dx%d, the model wants %dx%d", crop->w, crop->h, size,
                         size);
}

static fc_status give_direction(float *out, size_t dim, fc_error *err)
{
    return fc_normalise(out, dim)
               ? FC_OK
               : fc_fail(err, FC_EENGINE, "the network's output has no direction (all zero, or not numbers)");
}

/* A session for several inputs takes one, too. */
static fc_status need_batch(fc_embed_session *s, fc_error *err)
{
    fc_session *batch;
    fc_status st;

    if (s->takes_batch)
        return FC_OK;
    st = fc_session_new_batch(&batch, s->e->net, err);
    if (st)
        return st;
    fc_session_free(s->run);
    s->run = batch;
    s->takes_batch = true;
    return FC_OK;
}

/* n inputs from number first on, of which each crop has ways: itself, and itself mirrored. */
static fc_status run_inputs(fc_embed_session *s, const fc_image *const *crop, int ways, int first, int n,
                            float *out, size_t ld, fc_error *err)
{
    for (int i = first; i < first + n; i++)
        fill_input(s->e, fc_session_input_of(s->run, i - first), crop[i / ways], i % ways);
    fc_status st = fc_session_run_batch(s->run, n, err);
    for (int i = first; !st && i < first + n; i++) {
        const float *e = fc_session_output_of(s->run, i - first, 0);
        float *to = out + (size_t)(i / ways) * ld;
        for (int k = 0; k < s->e->dim; k++)
            to[k] = i % ways ? to[k] + e[k] : e[k];
    }
    return st;
}

int fc_embed_batch(const fc_embed_session *s)
{
    return fc_net_batch(s->e->net);
}

fc_status fc_embed_several(fc_embed_session *s, const fc_image *const *crop, int n, bool flip, float *out,
                           size_t ld, fc_error *err)
{
    const int ways = flip ? 2 : 1, inputs = n * ways, batch = fc_embed_batch(s);
    fc_status st = FC_OK;

    for (int i = 0; !st && i < n; i++)
        st = check_size(s, crop[i], err);
    if (!st && inputs > 1 && batch > 1)
        st = need_batch(s, err);
    for (int i = 0; !st && i < inputs; i += batch)
        st = run_inputs(s, crop, ways, i, inputs - i < batch ? inputs - i : batch, out, ld, err);
    for (int i = 0; !st && i < n; i++)
        st = give_direction(out + (size_t)i * ld, (size_t)s->e->dim, err);
    return st;
}

fc_status fc_embed(fc_embed_session *s, const fc_image *crop, bool flip, float *out, fc_error *err)
{
    return fc_embed_several(s, &crop, 1, flip, out, 0, err);
}

/* ---- measuring ----------------------------------------------------------------------------------------- */

int fc_embed_layers(const fc_embedder *e)
{
    return fc_net_layers(e->net);
}

void fc_embed_layer(const fc_embedder *e, int i, fc_layer_facts *out)
{
    fc_net_layer(e->net, i, out);
}

fc_status fc_embed_measured(fc_embed_session *s, const fc_image *crop, float *out, double *ms, fc_error *err)
{
    fc_status st = check_size(s, crop, err);

    if (st)
        return st;
    fill_input(s->e, fc_session_input(s->run), crop, false);
    if ((st = fc_session_run_timed(s->run, 1, ms, err)))
        return st;
    memcpy(out, fc_session_output(s->run, 0), (size_t)s->e->dim * sizeof *out);
    return give_direction(out, (size_t)s->e->dim, err);
}
