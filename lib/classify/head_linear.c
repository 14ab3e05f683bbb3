/* Centres trained by a softmax over cosines with a margin. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/threads.h"
#include "classify/head_kinds.h"
#include "classify/products.h"
#include "match/similarity.h"

enum { BLOCK = 256, CHUNK = 32, EPOCHS = 200, BLIND_EPOCHS = 40, PATIENCE = 20, MARGIN_FROM = 3 };
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
    float *unit, *turned;   /* [classes][dim], and transposed: the parameters at unit length */
    float *logit;           /* [BLOCK][classes]: then the loss's gradient by them */
    double *lost;           /* [BLOCK] */
    float *gradient;        /* [classes][dim] */
    size_t first, rows;     /* the block */
    bool all;
};

static void linear_clear(struct linear *w)
{
    free(w->x);
    free(w->class);
    free(w->weight);
    free(w->margin);
    free(w->unit);
    free(w->turned);
    free(w->logit);
    free(w->lost);
    free(w->gradient);
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
    w->unit = calloc(w->classes * w->dim, sizeof *w->unit);
    w->turned = calloc(w->classes * w->dim, sizeof *w->turned);
    w->logit = calloc(w->classes * BLOCK, sizeof *w->logit);
    w->lost = calloc(BLOCK, sizeof *w->lost);
    w->gradient = calloc(w->classes * w->dim, sizeof *w->gradient);
    if (!w->x || !w->class || !w->weight || !w->margin || !w->unit || !w->turned || !w->logit || !w->lost ||
        !w->gradient)
        return fc_fail_nomem(err, (w->n + w->classes) * w->dim * sizeof *w->x);
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

/* The loss of a row, and its gradient in place of the cosines. */
static double loss_of_row(float *v, size_t n, size_t class, float margin, float weight)
{
    float most;
    double sum = 0;

    v[class] -= margin;
    most = v[0];
    for (size_t k = 1; k < n; k++)
        most = v[k] > most ? v[k] : most;
    const float own = v[class];
    for (size_t k = 0; k < n; k++) {
        v[k] = expf(SCALE * (v[k] - most));
        sum += (double)v[k];
    }
    const float scale = weight * SCALE / (float)sum;
    for (size_t k = 0; k < n; k++)
        v[k] *= scale;
    v[class] -= weight * SCALE;
    return (log(sum) - (double)(SCALE * (own - most))) * (double)weight;
}

/* Some rows of the block: cosines, loss, gradient. */
static void do_rows(void *ctx, size_t chunk)
{
    struct linear *w = ctx;
    const size_t first = chunk * CHUNK, left = w->rows - first, n = left < CHUNK ? left : CHUNK;

    fc_product(w->logit + first * w->classes, w->x + (w->first + first) * w->dim, w->turned, n, w->dim,
               w->classes);
    for (size_t i = first; i < first + n; i++) {
        const size_t at = w->first + i;
        w->lost[i] = loss_of_row(w->logit + i * w->classes, w->classes, w->class[at], w -> margin[at],
                                 w -> weight[at]);
    }
}

/* The gradient by one class's centre grows by the block's part. */
static void do_class(void *ctx, size_t k)
{
    struct linear *w = ctx;
    float *to = w->gradient + k * w->dim;

    for (size_t i = 0; i < w->rows; i++) {
        const float g = w->logit[i * w->classes + k], *x = w->x + (w->first + i) * w->dim;
        for (size_t d = 0; d < w->dim; d++)
            to[d] += g * x[d];
    }
}

/* From the gradient by a unit vector to that by the vector which it is made of. */
static void through_length(struct linear *w, const float *param)
{
    for (size_t k = 0; k < w->classes; k++) {
        float *g = w->gradient + k * w->dim;
        const float *u = w->unit + k * w->dim, *p = param + k * w->dim;
        const double along = fc_dot(g, u, w->dim), length = sqrt(fc_dot(p, p, w->dim));
        for (size_t d = 0; d < w->dim; d++)
            g[d] = (float)(((double)g[d] - along * (double)u[d]) / length);
    }
}

static void make_units(struct linear *w, const float *param)
{
    memcpy(w->unit, param, w->classes * w->dim * sizeof *w->unit);
    for (size_t k = 0; k < w->classes; k++)
        fc_normalise(w->unit + k * w->dim, w->dim);
    fc_transpose(w->turned, w->unit, w->classes, w->dim);
}

static fc_status linear_epoch(void *ctx, fc_head_optimiser *o, bool all, double *loss, double *spread,
                              fc_error *err)
{
    struct linear *w = ctx;
    const int workers =
        w->n * w->classes * w->dim < (1u << 22) ? 1 : w->job->work->workers; /* threads take time, too */
    fc_status s;

    w->all = all;
    *loss = 0;
    *spread = NAN;
    if ((s = weigh(w, err)))
        return s;
    make_units(w, o->param);
    memset(w->gradient, 0, w->classes * w->dim * sizeof *w->gradient);
    for (w->first = 0; !s && w->first < w->n; w->first += BLOCK) {
        w->rows = w->n - w->first < BLOCK ? w->n - w->first : BLOCK;
        s = fc_each((w->rows + CHUNK - 1) / CHUNK, workers, do_rows, w, err);
        if (!s)
            s = fc_each(w->classes, workers, do_class, w, err);
        for (size_t i = 0; i < w->rows; i++)
            *loss += w->lost[i];
    }
    if (s)
        return s;
    through_length(w, o->param);
    fc_head_step(o, w->gradient);
    return FC_OK;
}

static fc_status linear_measure(void *ctx, const float *param, double *loss, double *accuracy, fc_error *err)
{
    struct linear *w = ctx;
    const fc_head_set *s = &w->job->set;

    make_units(w, param);
    return fc_head_measure(s->x, s->person, w->job->held, s->n, w->unit, w->classes, w->dim, (double)SCALE,
                           loss, accuracy, err);
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
    make_units(w, start);
    memcpy(h->centre, w->unit, job->set.people * w->dim * sizeof *h->centre);
    if (h->background)
        memcpy(h->background, w->unit + job->set.people * w->dim, w->dim * sizeof *h->background);
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
