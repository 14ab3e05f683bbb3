#include "classify/head_learn.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/grow.h"
#include "classify/head_checkpoint.h"

enum { STUCK_EPOCHS = 10 };
#define STUCK_WITHIN 0.01
#define BETA1        0.9
#define BETA2        0.999
#define EPSILON      1e-8

void fc_head_step(fc_head_optimiser *o, const float *gradient)
{
    o->step++;
    const double a1 = 1 - pow(BETA1, (double)o->step), a2 = 1 - pow(BETA2, (double)o->step);
    const float rate = (float)(o->rate / a1), scale = (float)(1 / a2), b1 = (float)BETA1, b2 = (float)BETA2;

    for (size_t i = 0; i < o->n; i++) {
        const float g = gradient[i];
        o->m[i] = b1 * o->m[i] + (1 - b1) * g;
        o->v[i] = b2 * o->v[i] + (1 - b2) * g * g;
        o->param[i] -= rate * o->m[i] / (sqrtf(o->v[i] * scale) + (float)EPSILON);
    }
}

/* ---- a pass ---- */

static void begin_pass(fc_head_state *s, const fc_head_learner *l, const fc_head_schedule *how, int pass)
{
    s->pass = pass;
    s->epoch = 0;
    s->stuck = 0;
    s->o.step = 0;
    s->o.random = how->seed;
    memset(s->o.m, 0, l->n * sizeof *s->o.m);
    memset(s->o.v, 0, l->n * sizeof *s->o.v);
    l->start(l->ctx, s->o.param);
}

static bool is_finite(const fc_head_state *s, const fc_head_epoch *e)
{
    bool all = isfinite(e->loss);

    for (size_t i = 0; all && i < s->o.n; i++)
        all = isfinite(s->o.param[i]);
    return all;
}

/* Writes why the training cannot go on; false: it can. */
static bool has_failed(char why[200], fc_head_state *s, const fc_head_learner *l, const fc_head_epoch *e)
{
    s->stuck = l->stuck > 0 && fabs(e->loss - l->stuck) <= STUCK_WITHIN * l->stuck ? s->stuck + 1 : 0;
    if (!is_finite(s, e))
        snprintf(why, 200, "epoch %zu: the loss is no number any more (--rate %g is too large?)", e->epoch,
                 s->o.rate);
    else if (e->spread < l->narrow)
        snprintf(
            why, 200,
            "epoch %zu: collapsed: all faces are in one place, %.4f apart at the mean (a smaller --rate?)",
            e->epoch, e->spread);
    else if (s->stuck >= STUCK_EPOCHS)
        snprintf(why, 200, "epoch %zu: collapsed: the loss stays at the margin, %g (a smaller --rate?)",
                 e->epoch, l->stuck);
    return *why;
}

static void keep_best(fc_head_state *s, const fc_head_epoch *e)
{
    const bool better = s->pass == 2 || e->held.loss < s->best_held.loss;

    s->stale = better ? 0 : s->stale + 1;
    if (!better)
        return;
    memcpy(s->best, s->o.param, s->o.n * sizeof *s->best);
    s->best_epoch = e->epoch;
    if (s->pass == 1)
        s->best_held = e->held;
}

static fc_status remember(fc_head_state *s, const fc_head_epoch *e, fc_error *err)
{
    const fc_status st = fc_grow(&s->history, s->nhistory + 1, &s->history_cap, sizeof *s->history, err);

    if (!st)
        s->history[s->nhistory++] = *e;
    return st;
}

/* *failed is set with a reason where training cannot go on. */
static fc_status run_epoch(fc_head_state *s, const fc_head_learner *l, const fc_head_work *work, size_t most,
                           char failed[200], fc_error *err)
{
    fc_head_epoch e = {.pass = s->pass, .epoch = ++s->epoch, .most = most, .held = {NAN, NAN, NAN}};
    fc_status st = l->epoch(l->ctx, &s->o, s->pass == 2, &e.loss, &e.spread, err);

    if (st)
        return st;
    const bool good = !has_failed(failed, s, l, &e);
    if (good && l->holds_out && s->pass == 1)
        st = l->measure(l->ctx, s->o.param, &e.held, err);
    if (!st)
        st = remember(s, &e, err);
    if (!st && work->progress)
        work->progress(work->ctx, &e);
    if (!st && good)
        keep_best(s, &e);
    return st;
}

static fc_status run_pass(fc_head_state *s, const fc_head_learner *l, const fc_head_schedule *how,
                          const fc_head_work *work, size_t most, char failed[200], fc_error *err)
{
    double written = fc_now();
    fc_status st = FC_OK;

    while (!st && !*failed && s->epoch < most && !(s->pass == 1 && s->stale >= how->patience)) {
        st = run_epoch(s, l, work, most, failed, err);
        if (!st && !*failed && work->checkpoint && fc_now() - written >= work->checkpoint_each) {
            st = fc_head_checkpoint_write(s, l->print, work->checkpoint, err);
            written = fc_now();
        }
    }
    return st;
}

static fc_status run(fc_head_state *s, const fc_head_learner *l, const fc_head_schedule *how,
                     const fc_head_work *work, char failed[200], fc_error *err)
{
    fc_status st = FC_OK;

    if (s->pass == 1) {
        st = run_pass(s, l, how, work, how->epochs, failed, err);
        if (st || *failed || how->one_pass)
            return st;
        s->second = s->best_epoch;
        begin_pass(s, l, how, 2);
    }
    if (s->second)
        st = run_pass(s, l, how, work, s->second, failed, err);
    return st;
}

fc_status fc_head_learn(float *param, fc_head_course *course, const fc_head_learner *l,
                        const fc_head_schedule *how, const fc_head_work *work, fc_error *err)
{
    fc_head_state s;
    char failed[200] = "";
    bool goes_on = false;
    fc_status st = fc_head_state_new(&s, l->n, err);

    s.o.rate = how->rate;
    if (!st && work->checkpoint)
        st = fc_head_checkpoint_read(&s, l->print, work->checkpoint, &goes_on, err);
    if (!st && !goes_on) {
        s.second = how->blind_epochs < how->epochs ? how->blind_epochs : how->epochs;
        begin_pass(&s, l, how, l->holds_out ? 1 : 2);
    }
    if (!st && work->begin)
        st = work->begin(work->ctx, err);
    for (size_t i = 0; !st && work->progress && i < s.nhistory; i++)
        work->progress(work->ctx, &s.history[i]);
    if (!st)
        st = run(&s, l, how, work, failed, err);
    if (!st && *failed && !s.best_epoch)
        st = fc_fail(err, FC_EDATA, "%s", failed);
    if (!st) {
        memcpy(param, s.best_epoch ? s.best : s.o.param, l->n * sizeof *param);
        *course = (fc_head_course){.epochs = s.best_epoch, .held = s.best_held};
        memcpy(course->stopped, failed, sizeof failed);
        if (work->checkpoint)
            (void)unlink(work->checkpoint); /* there may be none */
    }
    fc_head_state_clear(&s);
    return st;
}
