#include "tune/learn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "match/similarity.h"

#define SCALE 32.0f

const char *const fc_tune_loss_names[] = {[FC_TUNE_ARCFACE] = "arcface", [FC_TUNE_SOFTMAX] = "softmax", NULL};

const float *fc_tune_embedding(const fc_tune *t, size_t photo)
{
    return t->backbone ? t->e + photo * t->dim : t->set->p.photo[photo].data;
}

/* ---- what it needs ---- */

void fc_tune_clear(fc_tune *t)
{
    fc_softmax_clear(&t->softmax);
    free(t->order);
    free(t->weight);
    free(t->x);
    free(t->by_x);
    free(t->class);
    free(t->weights);
    free(t->margins);
    free(t->start);
    free(t->crop);
    free(t->e);
    free(t->gradient);
    *t = (fc_tune){0};
}

/* All of a person together weigh as much as all of another; at the mean of the samples 1. */
static void weigh(fc_tune *t)
{
    const fc_tune_people *p = &t->set->p;

    for (size_t i = 0; i < p->n; i++)
        t->weight[p->photo[i].person] += !p->photo[i].held;
    for (size_t k = 0; k < p->people; k++)
        t->weight[k] = t->settings->by_photos ? 1 : (float)t->set->train / (t->weight[k] * (float)p->people);
}

/* The means of people's training photos, with their views where their embeddings are there. */
static void imprint(fc_tune *t)
{
    const fc_tune_people *p = &t->set->p;
    const size_t views = t->backbone ? 1 : t->set->samples;

    for (size_t i = 0; i < p->n; i++) {
        float *to = t->start + p->photo[i].person * t->dim;
        for (size_t v = 0; !p->photo[i].held && v < views; v++)
            for (size_t d = 0; d < t->dim; d++)
                to[d] += fc_tune_embedding(t, i)[v * t->dim + d];
    }
    for (size_t k = 0; k < p->people; k++)
        if (!fc_normalise(t->start + k * t->dim, t->dim))
            t->start[k * t->dim] = 1; /* photos that cancel each other out: anywhere is as good */
}

fc_status fc_tune_new(fc_tune *t, const fc_tune_set *set, const fc_tune_settings *settings,
                      fc_backbone *backbone, const fc_head_work *work, fc_error *err)
{
    const size_t batch = settings->batch, people = set->p.people;
    fc_status s;

    *t = (fc_tune){.set = set,
                   .settings = settings,
                   .work = work,
                   .backbone = backbone,
                   .dim = backbone ? fc_backbone_dim(backbone) : set->dim,
                   .under = backbone ? fc_backbone_params(backbone) : 0};
    s = fc_softmax_new(&t->softmax, people, t->dim, SCALE, FC_MARGIN_ANGLE, settings->loss == FC_TUNE_ARCFACE,
                       1, err);
    if (s)
        return s;
    t->samples = set->train * set->samples;
    t->order = calloc(t->samples + 1, sizeof *t->order);
    t->weight = calloc(people, sizeof *t->weight);
    t->x = calloc(batch * t->dim, sizeof *t->x);
    t->by_x = calloc(batch * t->dim, sizeof *t->by_x);
    t->class = calloc(batch, sizeof *t->class);
    t->weights = calloc(batch, sizeof *t->weights);
    t->margins = calloc(batch, sizeof *t->margins);
    t->start = calloc(fc_softmax_params(&t->softmax), sizeof *t->start);
    t->crop = calloc(batch, sizeof *t->crop);
    t->e = calloc(backbone ? set->p.n * t->dim : 1, sizeof *t->e);
    t->gradient = calloc(t->under + fc_softmax_params(&t->softmax), sizeof *t->gradient);
    if (!t->crop || !t->e || !t->gradient)
        return fc_fail_nomem(err, (t->under + people * t->dim) * sizeof *t->gradient);
    if (!t->order || !t->weight || !t->x || !t->by_x || !t->class || !t->weights || !t->margins || !t->start)
        return fc_fail_nomem(err, t->samples * sizeof *t->order);
    if (batch * people * t->dim >= 1u << 20) /* threads take time, too */
        t->softmax.workers = work->workers;
    for (size_t i = 0; i < batch; i++)
        t->margins[i] = settings->loss == FC_TUNE_ARCFACE ? (float)settings->margin : 0;
    weigh(t);
    if (backbone) {
        fc_backbone_start(backbone, t->gradient); /* it has the room */
        s = fc_backbone_set(backbone, t->gradient, err);
        if (!s)
            s = fc_tune_embed(t, false, err);
    }
    if (!s)
        imprint(t);
    return s;
}

/* ---- all of it ---- */

/* param: the parameters, which the layer becomes. */
static fc_status make_layer(fc_layer **out, fc_tune *t, const float *param, fc_error *err)
{
    const fc_tune_people *p = &t->set->p;
    fc_layer *l = calloc(1, sizeof *l);

    *out = l;
    if (!l)
        return fc_fail_nomem(err, sizeof *l);
    fc_softmax_begin(&t->softmax, param + t->under);
    *l = (fc_layer){.people = p->people, .dim = t->dim};
    l->vector = malloc(p->people * t->dim * sizeof *l->vector);
    l->bias = t->softmax.units ? NULL : malloc(p->people * sizeof *l->bias);
    l->name = calloc(p->people, sizeof *l->name);
    if (!l->vector || !l->name || (!l->bias && !t->softmax.units))
        return fc_fail_nomem(err, p->people * t->dim * sizeof *l->vector);
    memcpy(l->vector, t->softmax.vector, p->people * t->dim * sizeof *l->vector);
    if (l->bias)
        memcpy(l->bias, t->softmax.bias, p->people * sizeof *l->bias);
    for (size_t i = 0; i < p->people; i++)
        if (!(l->name[i] = strdup(p->name[i])))
            return fc_fail_nomem(err, strlen(p->name[i]) + 1);
    return FC_OK;
}

fc_status fc_tune_train(fc_layer **out, fc_weights **weights, fc_tune_report *report, const fc_tune_set *set,
                        const fc_tune_settings *settings, fc_backbone *backbone, const char *print,
                        const fc_head_work *work, fc_error *err)
{
    float *param = NULL;
    fc_tune t;
    fc_status s = fc_tune_new(&t, set, settings, backbone, work, err);

    *out = NULL;
    *weights = NULL;
    *report = (fc_tune_report){.course = {.held = {NAN, NAN, NAN}}};
    if (!s && !(param = malloc((t.under + fc_softmax_params(&t.softmax)) * sizeof *param)))
        s = fc_fail_nomem(err, t.under * sizeof *param);
    if (!s)
        s = fc_tune_learn(param, &report->course, &t, print, err);
    if (!s)
        s = make_layer(out, &t, param, err);
    if (!s)
        s = fc_tune_conclude(*out, report, &t, err);
    if (!s && backbone)
        s = fc_backbone_weights(weights, backbone, param, err);
    free(param);
    fc_tune_clear(&t);
    if (s) {
        fc_layer_free(*out);
        *out = NULL;
    }
    return s;
}
