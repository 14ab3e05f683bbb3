#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "embed/embed_net.h"
#include "embed/measure.h"
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
static void fill_input(fc_embed_session *s, const fc_image *crop, bool mirrored)
{
    const size_t n = (size_t)crop->w * (size_t)crop->h;
    const float *mean = s->e->mean, *scale = s->e->scale;
    float *r = fc_session_input(s->run), *g = r + n, *b = g + n;

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

/* ms NULL: nothing is measured. */
static fc_status embed(fc_embed_session *s, const fc_image *crop, bool flip, float *out, double *ms,
                       fc_error *err)
{
    const size_t dim = (size_t)s->e->dim;
    const int size = s->e->alignment.size;

    if (crop->w != size || crop->h != size)
        return fc_fail(err, FC_EUSAGE, "crop is %dx%d, the model wants %dx%d", crop->w, crop->h, size, size);
    for (int mirrored = 0; mirrored <= flip; mirrored++) {
        fill_input(s, crop, mirrored);
        fc_status st = ms ? fc_session_run_timed(s->run, ms, err) : fc_session_run(s->run, err);
        if (st)
            return st;
        const float *e = fc_session_output(s->run, 0);
        for (size_t i = 0; i < dim; i++)
            out[i] = mirrored ? out[i] + e[i] : e[i];
    }
    if (!fc_normalise(out, dim))
        return fc_fail(err, FC_EENGINE, "the network's output has no direction (all zero, or not numbers)");
    return FC_OK;
}

fc_status fc_embed(fc_embed_session *s, const fc_image *crop, bool flip, float *out, fc_error *err)
{
    return embed(s, crop, flip, out, NULL, err);
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
    return embed(s, crop, false, out, ms, err);
}
