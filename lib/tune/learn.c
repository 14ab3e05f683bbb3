#include "tune/learn.h"

#include <math.h>
#include <nettle/sha2.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/random.h"
#include "match/similarity.h"

#define SCALE      32.0f
#define LAST_SHARE 0.05 /* of the rate, at the end */

const char *const fc_tune_loss_names[] = {[FC_TUNE_ARCFACE] = "arcface", [FC_TUNE_SOFTMAX] = "softmax", NULL};

const float *fc_tune_embedding(const fc_tune *t, size_t photo, size_t view)
{
    return (const float *)t->set->p.photo[photo].data + view * t->dim;
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

/* The means of people's training photos. */
static void imprint(fc_tune *t)
{
    const fc_tune_people *p = &t->set->p;

    for (size_t i = 0; i < p->n; i++) {
        float *to = t->start + p->photo[i].person * t->dim;
        for (size_t v = 0; !p->photo[i].held && v < t->set->samples; v++)
            for (size_t d = 0; d < t->dim; d++)
                to[d] += fc_tune_embedding(t, i, v)[d];
    }
    for (size_t k = 0; k < p->people; k++)
        if (!fc_normalise(t->start + k * t->dim, t->dim))
            t->start[k * t->dim] = 1; /* photos that cancel each other out: anywhere is as good */
}

fc_status fc_tune_new(fc_tune *t, const fc_tune_set *set, const fc_tune_settings *settings,
                      const fc_head_work *work, fc_error *err)
{
    const size_t batch = settings->batch, people = set->p.people;
    fc_status s;

    *t = (fc_tune){.set = set, .settings = settings, .work = work, .dim = set->dim};
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
    if (!t->order || !t->weight || !t->x || !t->by_x || !t->class || !t->weights || !t->margins || !t->start)
        return fc_fail_nomem(err, t->samples * sizeof *t->order);
    if (batch * people * t->dim >= 1u << 20) /* threads take time, too */
        t->softmax.workers = work->workers;
    for (size_t i = 0; i < batch; i++)
        t->margins[i] = settings->loss == FC_TUNE_ARCFACE ? (float)settings->margin : 0;
    weigh(t);
    imprint(t);
    return FC_OK;
}

/* ---- epochs ---- */

static void start(void *ctx, float *param)
{
    const fc_tune *t = ctx;
    memcpy(param, t->start, fc_softmax_params(&t->softmax) * sizeof *param);
}

/* A new order, which the state of the random numbers decides alone. */
static void shuffle(fc_tune *t, uint64_t *random)
{
    size_t n = 0;

    for (size_t i = 0; i < t->set->p.n; i++)
        for (size_t v = 0; !t->set->p.photo[i].held && v < t->set->samples; v++)
            t->order[n++] = i * t->set->samples + v;
    fc_shuffle(t->order, n, fc_random(random));
}

/* Samples [n] of the order from at on. */
static void gather(fc_tune *t, size_t at, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const size_t photo = t->order[at + i] / t->set->samples, view = t->order[at + i] % t->set->samples;
        memcpy(t->x + i * t->dim, fc_tune_embedding(t, photo, view), t->dim * sizeof *t->x);
        t->class[i] = t->set->p.photo[photo].person;
        t->weights[i] = t->weight[t->class[i]] / (float)n;
    }
}

static fc_status epoch(void *ctx, fc_head_optimiser *o, bool all, double *loss, double *spread, fc_error *err)
{
    fc_tune *t = ctx;
    const double rate = o->rate;
    const size_t batch = t->settings->batch, steps = (t->samples + batch - 1) / batch;
    fc_status s = FC_OK;

    (void)all;
    *loss = 0;
    *spread = NAN;
    shuffle(t, &o->random);
    for (size_t at = 0; !s && at < t->samples; at += batch) {
        const size_t n = t->samples - at < batch ? t->samples - at : batch;
        const double way = (double)o->step / (double)(steps * t->settings->epochs);
        double lost = 0;
        o->rate = rate * (LAST_SHARE + (1 - LAST_SHARE) * (1 + cos(M_PI * way)) / 2);
        gather(t, at, n);
        fc_softmax_begin(&t->softmax, o->param);
        s = fc_softmax_add(&t->softmax, t->x, t->class, t->weights, t->margins, n, &lost, NULL, err);
        fc_softmax_end(&t->softmax, o->param);
        if (!s)
            fc_head_step(o, t->softmax.gradient);
        *loss += lost * (double)n / (double)t->samples;
    }
    o->rate = rate;
    return s;
}

static fc_status measure(void *ctx, const float *param, fc_head_measured *out, fc_error *err)
{
    fc_tune *t = ctx;

    fc_softmax_begin(&t->softmax, param);
    return fc_tune_judge(t, out, err);
}

/* ---- all of it ---- */

/* Of all that decides the result. */
static void make_print(char hex[FC_SHA256_HEX], const fc_tune *t, const char *print)
{
    const fc_tune_settings *s = t->settings;
    const struct {
        uint64_t loss, epochs, patience, batch, by_photos, seed, samples, people;
        double margin, rate;
    } numbers = {s->loss, s->epochs,       s->patience,      s->batch,  s->by_photos,
                 s->seed, t->set->samples, t->set->p.people, s->margin, s->rate};
    uint8_t sum[SHA256_DIGEST_SIZE];
    struct sha256_ctx c;

    sha256_init(&c);
    sha256_update(&c, strlen(print) + 1, (const uint8_t *)print);
    sha256_update(&c, sizeof numbers, (const uint8_t *)&numbers);
    for (size_t i = 0; i < t->set->p.people; i++)
        sha256_update(&c, strlen(t->set->p.name[i]) + 1, (const uint8_t *)t->set->p.name[i]);
    for (size_t i = 0; i < t->set->p.n; i++) {
        const fc_tune_photo *p = &t->set->p.photo[i];
        const uint64_t whose = p->person * 2 + p->held;
        sha256_update(&c, sizeof whose, (const uint8_t *)&whose);
        sha256_update(&c, t->set->samples * t->dim * sizeof(float), p->data);
    }
    sha256_digest(&c, sizeof sum, sum);
    sodium_bin2hex(hex, FC_SHA256_HEX, sum, sizeof sum);
}

/* param: the parameters, which the layer becomes. */
static fc_status make_layer(fc_layer **out, fc_tune *t, const float *param, fc_error *err)
{
    const fc_tune_people *p = &t->set->p;
    fc_layer *l = calloc(1, sizeof *l);

    *out = l;
    if (!l)
        return fc_fail_nomem(err, sizeof *l);
    fc_softmax_begin(&t->softmax, param);
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

fc_status fc_tune_layer(fc_layer **out, fc_tune_report *report, const fc_tune_set *set,
                        const fc_tune_settings *settings, const char *print, const fc_head_work *work,
                        fc_error *err)
{
    const fc_head_schedule how = {.epochs = settings->epochs,
                                  .one_pass = true,
                                  .patience = settings->patience,
                                  .rate = settings->rate,
                                  .seed = settings->seed};
    char own_print[FC_SHA256_HEX];
    float *param = NULL;
    fc_tune t;
    fc_status s = fc_tune_new(&t, set, settings, work, err);

    *out = NULL;
    *report = (fc_tune_report){.course = {.held = {NAN, NAN, NAN}}};
    if (!s) {
        const size_t n = fc_softmax_params(&t.softmax);
        const fc_head_learner learner = {.n = n,
                                         .start = start,
                                         .epoch = epoch,
                                         .measure = measure,
                                         .ctx = &t,
                                         .holds_out = true,
                                         .print = own_print};
        make_print(own_print, &t, print);
        param = malloc(n * sizeof *param);
        s = param ? fc_head_learn(param, &report->course, &learner, &how, work, err)
                  : fc_fail_nomem(err, n * sizeof *param);
    }
    if (!s)
        s = make_layer(out, &t, param, err);
    if (!s)
        s = fc_tune_conclude(*out, report, &t, err);
    free(param);
    fc_tune_clear(&t);
    if (s) {
        fc_layer_free(*out);
        *out = NULL;
    }
    return s;
}
