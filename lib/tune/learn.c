#include "tune/learn.h"

#include <math.h>
#include <nettle/sha2.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/random.h"

#define LAST_SHARE 0.05 /* of the rate, at the end */

/* ---- epochs ---- */

static void start(void *ctx, float *param)
{
    const fc_tune *t = ctx;

    if (t->backbone)
        fc_backbone_start(t->backbone, param);
    memcpy(param + t->under, t->start, fc_softmax_params(&t->softmax) * sizeof *param);
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

/* The embeddings of samples [n] of the order from at on. */
static fc_status gather(fc_tune *t, size_t at, size_t n, fc_error *err)
{
    const size_t crop = 3 * (size_t)t->set->size * (size_t)t->set->size;

    for (size_t i = 0; i < n; i++) {
        const size_t photo = t->order[at + i] / t->set->samples, view = t->order[at + i] % t->set->samples;
        const fc_tune_photo *p = &t->set->p.photo[photo];
        if (t->backbone)
            t->crop[i] = (const uint8_t *)p->data + view * crop;
        else
            memcpy(t->x + i * t->dim, (const float *)p->data + view * t->dim, t->dim * sizeof *t->x);
        t->class[i] = p->person;
        t->weights[i] = t->weight[p->person] / (float)n;
    }
    return t->backbone ? fc_backbone_forward(t->backbone, t->crop, n, true, t->x, err) : FC_OK;
}

/* A batch: *lost, and the gradient by all that is trained. */
static fc_status batch(fc_tune *t, const float *param, size_t at, size_t n, double *lost, fc_error *err)
{
    fc_status s = t->backbone ? fc_backbone_set(t->backbone, param, err) : FC_OK;

    *lost = 0;
    if (!s)
        s = gather(t, at, n, err);
    if (s)
        return s;
    fc_softmax_begin(&t->softmax, param + t->under);
    s = fc_softmax_add(&t->softmax, t->x, t->class, t->weights, t->margins, n, lost,
                       t->backbone ? t->by_x : NULL, err);
    fc_softmax_end(&t->softmax, param + t->under);
    memcpy(t->gradient + t->under, t->softmax.gradient, fc_softmax_params(&t->softmax) * sizeof *t->gradient);
    return s || !t->backbone ? s : fc_backbone_backward(t->backbone, t->by_x, t->gradient, err);
}

static fc_status epoch(void *ctx, fc_head_optimiser *o, bool all, double *loss, double *spread, fc_error *err)
{
    fc_tune *t = ctx;
    const double rate = o->rate;
    const size_t most = t->settings->batch, steps = (t->samples + most - 1) / most;
    fc_status s = FC_OK;

    (void)all;
    *loss = 0;
    *spread = NAN;
    shuffle(t, &o->random);
    for (size_t at = 0; !s && at < t->samples && isfinite(*loss); at += most) {
        const size_t n = t->samples - at < most ? t->samples - at : most;
        const double way = (double)o->step / (double)(steps * t->settings->epochs);
        double lost;
        o->rate = rate * (LAST_SHARE + (1 - LAST_SHARE) * (1 + cos(M_PI * way)) / 2);
        s = batch(t, o->param, at, n, &lost, err);
        if (!s)
            fc_head_step(o, t->gradient);
        *loss += lost * (double)n / (double)t->samples;
    }
    o->rate = rate;
    return s;
}

fc_status fc_tune_embed(fc_tune *t, bool held, fc_error *err)
{
    const fc_tune_people *p = &t->set->p;
    const uint8_t *crop[FC_TUNE_MAX_BATCH];
    float *out = malloc(FC_TUNE_MAX_BATCH * t->dim * sizeof *out);
    size_t which[FC_TUNE_MAX_BATCH], n = 0;
    fc_status s = out ? FC_OK : fc_fail_nomem(err, FC_TUNE_MAX_BATCH * t->dim * sizeof *out);

    for (size_t i = 0; !s && i < p->n; i++) {
        if (p->photo[i].held || !held) {
            which[n] = i;
            crop[n++] = p->photo[i].data;
        }
        if (!n || (n < FC_TUNE_MAX_BATCH && i + 1 < p->n))
            continue;
        s = fc_backbone_forward(t->backbone, crop, n, false, out, err);
        for (size_t k = 0; !s && k < n; k++)
            memcpy(t->e + which[k] * t->dim, out + k * t->dim, t->dim * sizeof *out);
        n = 0;
    }
    free(out);
    return s;
}

static fc_status measure(void *ctx, const float *param, fc_head_measured *out, fc_error *err)
{
    fc_tune *t = ctx;
    fc_status s = t->backbone ? fc_backbone_set(t->backbone, param, err) : FC_OK;

    if (!s && t->backbone)
        s = fc_tune_embed(t, true, err);
    fc_softmax_begin(&t->softmax, param + t->under);
    return s ? s : fc_tune_judge(t, out, err);
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
    const size_t each =
        t->backbone ? 3 * (size_t)t->set->size * (size_t)t->set->size : t->dim * sizeof(float);
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
        sha256_update(&c, t->set->samples * each, p->data);
    }
    sha256_digest(&c, sizeof sum, sum);
    sodium_bin2hex(hex, FC_SHA256_HEX, sum, sizeof sum);
}

fc_status fc_tune_learn(float *param, fc_head_course *course, fc_tune *t, const char *print, fc_error *err)
{
    const fc_head_schedule how = {.epochs = t->settings->epochs,
                                  .one_pass = true,
                                  .patience = t->settings->patience,
                                  .rate = t->settings->rate,
                                  .seed = t->settings->seed};
    char own_print[FC_SHA256_HEX];
    const fc_head_learner learner = {.n = t->under + fc_softmax_params(&t->softmax),
                                     .start = start,
                                     .epoch = epoch,
                                     .measure = measure,
                                     .ctx = t,
                                     .holds_out = true,
                                     .print = own_print};
    fc_head_measured last;
    fc_status s;

    make_print(own_print, t, print);
    s = fc_head_learn(param, course, &learner, &how, t->work, err);
    return s ? s : measure(t, param, &last, err); /* the best epoch may not be the last one */
}
