/* Centres trained by a softmax over cosines with a margin. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "classify/head_kinds.h"
#include "classify/softmax.h"
#include "match/similarity.h"

enum { EPOCHS = 200, BLIND_EPOCHS = 40, PATIENCE = 20, MARGIN_FROM = 3 };
#define SCALE  32.0f
#define MARGIN 0.2f

struct linear {
    const fc_head_job *job;
    size_t n, dim, classes; /* n: with negatives, which are the last class */
    float *x;               /* [n][dim], owned, as all here */
    size_t *class;          /* [n] */
    float *weight;          /* [n]: of a sample in the loss; all of a class together 1 / classes */
    float *margin;          /* [n] */
    const float *start;     /* [classes][dim], of unit length */
    fc_softmax softmax;
    bool all;
};

static void linear_clear(struct linear *w)
{
    free(w->x);
    free(w->class);
    free(w->weight);
    free(w->margin);
    fc_softmax_clear(&w->softmax);
}

static fc_status linear_new(struct linear *w, const fc_head_job *job, fc_error *err)
{
    const fc_head_set *s = &job->set, *other = &job->negatives;

    *w = (struct linear){
        .job = job, .n = s->n + other->n, .dim = s->dim, .classes = s->people + (other->n > 0)};
    w->x = malloc(w->n * w->dim * sizeof *w->x);
    w->class = calloc(w->n, sizeof *w->class);
    w->weight = calloc(w->n, sizeof *w->weight);
    w->margin = calloc(w->n, sizeof *w->margin);
    if (!w->x || !w->class || !w->weight || !w->margin)
        return fc_fail_nomem(err, w->n * w->dim * sizeof *w->x);
    /* threads take time, too */
    const int workers = w->n * w->classes * w->dim < (1u << 22) ? 1 : job->work->workers;
    const fc_status st =
        fc_softmax_new(&w->softmax, w->classes, w->dim, SCALE, FC_MARGIN_COSINE, true, workers, err);
    if (st)
        return st;
    memcpy(w->x, s->x, s->n * w->dim * sizeof *w->x);
    if (other->n)
        memcpy(w->x + s->n * w->dim, other->x, other->n * w->dim * sizeof *w->x);
    for (size_t i = 0; i < w->n; i++) {
        w->class[i] = i < s->n ? s->person[i] : s->people;
        w->margin[i] =
            i >= s->n || s->shot[s->person[i] + 1] - s->shot[s->person[i]] >= MARGIN_FROM ? MARGIN : 0;
    }
    return FC_OK;
}

static bool is_used(const struct linear *w, size_t i)
{
    return w->all || i >= w->job->set.n || !w->job->held[i];
}

/* Samples of a class share its weight. */
static fc_status weigh(struct linear *w, fc_error *err)
{
    size_t *count = calloc(w->classes, sizeof *count);

    if (!count)
        return fc_fail_nomem(err, w->classes * sizeof *count);
    for (size_t i = 0; i < w->n; i++)
        count[w->class[i]] += is_used(w, i);
    for (size_t i = 0; i < w->n; i++)
        w->weight[i] = is_used(w, i) ? 1 / ((float)count[w->class[i]] * (float)w->classes) : 0;
    free(count);
    return FC_OK;
}

/* ---- an epoch ---- */

static fc_status linear_epoch(void *ctx, fc_head_optimiser *o, bool all, double *loss, double *spread,
                              fc_error *err)
{
    struct linear *w = ctx;
    fc_status s;

    w->all = all;
    *loss = 0;
    *spread = NAN;
    if ((s = weigh(w, err)))
        return s;
    fc_softmax_begin(&w->softmax, o->param);
    for (size_t at = 0; !s && at < w->n; at += FC_SOFTMAX_BLOCK) {
        const size_t rows = w->n - at < FC_SOFTMAX_BLOCK ? w->n - at : FC_SOFTMAX_BLOCK;
        s = fc_softmax_add(&w->softmax, w->x + at * w->dim, w->class + at, w->weight + at, w->margin + at,
                           rows, loss, NULL, err);
    }
    if (s)
        return s;
    fc_softmax_end(&w->softmax, o->param);
    fc_head_step(o, w->softmax.gradient);
    return FC_OK;
}

static fc_status linear_measure(void *ctx, const float *param, fc_head_measured *out, fc_error *err)
{
    struct linear *w = ctx;
    const fc_head_set *s = &w->job->set;

    fc_softmax_begin(&w->softmax, param);
    return fc_head_measure(s->x, s->person, w->job->held, s->n, w->softmax.vector, w->classes, w->dim,
                           (double)SCALE, out, err);
}

static void linear_start(void *ctx, float *param)
{
    const struct linear *w = ctx;
    memcpy(param, w->start, w->classes * w->dim * sizeof *param);
}

/* ---- the head ---- */

/* The strangers' class begins as the mean of them. */
static fc_status start_background(float *centre, const struct linear *w, fc_error *err)
{
    const fc_head_set *s = &w->job->negatives;

    memset(centre, 0, w->dim * sizeof *centre);
    for (size_t i = 0; i < s->n; i++)
        for (size_t d = 0; d < w->dim; d++)
            centre[d] += s->x[i * w->dim + d] / (float)s->n;
    return fc_normalise(centre, w->dim)
               ? FC_OK
               : fc_fail(err, FC_EDATA, "negatives: photos that cancel each other out");
}

/* Those whom the old head knows begin where they were. */
static void start_from(float *start, const fc_head *old, const fc_head_set *s)
{
    for (size_t p = 0; p < s->people; p++) {
        const size_t was = fc_head_find(old, s->name[p], strlen(s->name[p]));
        if (was != SIZE_MAX)
            memcpy(start + p * s->dim, old->centre + was * s->dim, s->dim * sizeof *start);
    }
}

static fc_status train(fc_head *h, struct linear *w, float *start, fc_head_report *report, fc_error *err)
{
    const fc_head_job *job = w->job;
    const fc_head_schedule how = {.epochs = job->settings->epochs ? job->settings->epochs : EPOCHS,
                                  .blind_epochs = BLIND_EPOCHS,
                                  .patience = PATIENCE,
                                  .rate = job->settings->rate,
                                  .seed = job->settings->seed};
    const fc_head_learner learner = {.n = w->classes * w->dim,
                                     .start = linear_start,
                                     .epoch = linear_epoch,
                                     .measure = linear_measure,
                                     .ctx = w,
                                     .holds_out = report->held_out > 0,
                                     .print = job->print};
    fc_status s = fc_head_learn(start, &report->course, &learner, &how, job->work, err);

    if (s)
        return s;
    fc_softmax_begin(&w->softmax, start);
    memcpy(h->centre, w->softmax.vector, job->set.people * w->dim * sizeof *h->centre);
    if (h->background)
        memcpy(h->background, w->softmax.vector + job->set.people * w->dim, w->dim * sizeof *h->background);
    return FC_OK;
}

fc_status fc_head_make_linear(fc_head *h, const fc_head_job *job, fc_head_report *report, fc_error *err)
{
    const fc_head_set *set = &job->set;
    struct linear w;
    float *start = NULL, *result = NULL;
    fc_status s = linear_new(&w, job, err);

    if (!s)
        s = fc_head_put_means(h, set, job->negatives.n > 0, err);
    if (!s) {
        start = malloc(w.classes * w.dim * sizeof *start);
        result = malloc(w.classes * w.dim * sizeof *result);
        s = start && result ? FC_OK : fc_fail_nomem(err, w.classes * w.dim * sizeof *start);
    }
    if (!s) {
        memcpy(start, h->centre, set->people * w.dim * sizeof *start);
        if (job->in->old)
            start_from(start, job->in->old, set);
        w.start = start;
    }
    if (!s && job->negatives.n)
        s = start_background(start + set->people * w.dim, &w, err);
    if (!s)
        s = train(h, &w, result, report, err);
    linear_clear(&w);
    free(start);
    free(result);
    return s;
}
