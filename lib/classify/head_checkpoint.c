#include "classify/head_checkpoint.h"

#include <math.h>
#include <nettle/sha2.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "nn/weights.h"

#define FORMAT "facecheck-head-checkpoint 2"
enum { FIGURES = 7, MEASURED = 3, COUNTERS = 9, MAX_EPOCHS = 1000000 };

fc_status fc_head_state_new(fc_head_state *s, size_t n, fc_error *err)
{
    *s = (fc_head_state){.o = {.param = calloc(n + 1, sizeof *s->o.param),
                               .m = calloc(n + 1, sizeof *s->o.m),
                               .v = calloc(n + 1, sizeof *s->o.v),
                               .n = n},
                         .best = calloc(n + 1, sizeof *s->best),
                         .best_held = {INFINITY, NAN, NAN}};
    return s->o.param && s->o.m && s->o.v && s->best ? FC_OK : fc_fail_nomem(err, n * sizeof *s->best);
}

void fc_head_state_clear(fc_head_state *s)
{
    free(s->o.param);
    free(s->o.m);
    free(s->o.v);
    free(s->best);
    free(s->history);
    *s = (fc_head_state){0};
}

/* The tensors as they are in the file; what is not float32 is copied from and to s. */
struct parts {
    uint64_t counter[COUNTERS];
    double figure[MEASURED];
    double *history; /* [nhistory][FIGURES], owned */
};

static void to_parts(struct parts *p, const fc_head_state *s)
{
    const uint64_t counter[COUNTERS] = {(uint64_t)s->pass, s->epoch,  s->best_epoch, s->stale,   s->stuck,
                                        s->second,         s->o.step, s->o.random,   s->nhistory};

    memcpy(p->counter, counter, sizeof counter);
    p->figure[0] = s->best_held.loss;
    p->figure[1] = s->best_held.accuracy;
    p->figure[2] = s->best_held.top5;
    for (size_t i = 0; i < s->nhistory; i++) {
        const fc_head_epoch *e = &s->history[i];
        const double row[FIGURES] = {e->pass,      (double)e->most,  e->loss,     e->spread,
                                     e->held.loss, e->held.accuracy, e->held.top5};
        memcpy(p->history + i * FIGURES, row, sizeof row);
    }
}

static fc_status from_parts(fc_head_state *s, const struct parts *p, fc_error *err)
{
    size_t *const counter[] = {&s->epoch, &s->best_epoch, &s->stale, &s->stuck, &s->second};

    s->pass = (int)p->counter[0];
    for (size_t i = 0; i < sizeof counter / sizeof *counter; i++)
        *counter[i] = (size_t)p->counter[i + 1];
    s->o.step = p->counter[6];
    s->o.random = p->counter[7];
    s->nhistory = s->history_cap = (size_t)p->counter[8];
    s->best_held = (fc_head_measured){p->figure[0], p->figure[1], p->figure[2]};
    if (!(s->history = calloc(s->nhistory + 1, sizeof *s->history))) {
        s->nhistory = 0;
        return fc_fail_nomem(err, (size_t)p->counter[8] * sizeof *s->history);
    }
    for (size_t i = 0, epoch = 0; i < s->nhistory; i++) {
        const double *row = p->history + i * FIGURES;
        epoch = i && s->history[i - 1].pass == (int)row[0] ? epoch + 1 : 1;
        s->history[i] = (fc_head_epoch){.pass = (int)row[0],
                                        .epoch = epoch,
                                        .most = (size_t)row[1],
                                        .loss = row[2],
                                        .spread = row[3],
                                        .held = {row[4], row[5], row[6]}};
    }
    return FC_OK;
}

static void digest(char hex[FC_SHA256_HEX], const fc_head_state *s, const struct parts *p, const char *print)
{
    const struct {
        const void *data;
        size_t n;
    } part[] = {{print, strlen(print)},
                {s->o.param, s->o.n * sizeof *s->o.param},
                {s->o.m, s->o.n * sizeof *s->o.m},
                {s->o.v, s->o.n * sizeof *s->o.v},
                {s->best, s->o.n * sizeof *s->best},
                {p->counter, sizeof p->counter},
                {p->figure, sizeof p->figure},
                {p->history, (size_t)p->counter[COUNTERS - 1] * FIGURES * sizeof *p->history}};
    uint8_t sum[SHA256_DIGEST_SIZE];
    struct sha256_ctx c;

    sha256_init(&c);
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        sha256_update(&c, part[i].n, part[i].data);
    sha256_digest(&c, sizeof sum, sum);
    sodium_bin2hex(hex, FC_SHA256_HEX, sum, sizeof sum);
}

static fc_status put_all(fc_weights *w, const fc_head_state *s, const struct parts *p, const char *print,
                         fc_error *err)
{
    const size_t counters = COUNTERS, figures = MEASURED;
    const struct {
        const char *name;
        const float *v;
    } part[] = {{"param", s->o.param}, {"m", s->o.m}, {"v", s->o.v}, {"best", s->best}};
    char sum[FC_SHA256_HEX];
    fc_status st = FC_OK;

    for (size_t i = 0; !st && i < sizeof part / sizeof *part; i++)
        st = fc_weights_add(w, part[i].name, FC_F32, 1, &s->o.n, part[i].v, err);
    if (!st)
        st = fc_weights_add(w, "counters", FC_I64, 1, &counters, p->counter, err);
    if (!st)
        st = fc_weights_add(w, "figures", FC_F64, 1, &figures, p->figure, err);
    if (!st)
        st = fc_weights_add(w, "history", FC_F64, 2, (size_t[]){s->nhistory, FIGURES}, p->history, err);
    digest(sum, s, p, print);
    if (!st && !(st = fc_weights_set_meta(w, "format", FORMAT, err)) &&
        !(st = fc_weights_set_meta(w, "print", print, err)))
        st = fc_weights_set_meta(w, "sha256", sum, err);
    return st;
}

fc_status fc_head_checkpoint_write(const fc_head_state *s, const char *print, const char *path, fc_error *err)
{
    struct parts p = {.history = calloc(s->nhistory * FIGURES + 1, sizeof *p.history)};
    fc_weights *w = NULL;
    fc_status st =
        p.history ? fc_weights_new(&w, path, err) : fc_fail_nomem(err, s->nhistory * sizeof *s->history);

    if (!st) {
        to_parts(&p, s);
        st = put_all(w, s, &p, print, err);
    }
    if (!st)
        st = fc_weights_save_private(w, path, err);
    fc_weights_free(w);
    free(p.history);
    return st;
}

static bool get(void *to, const fc_weights *w, const char *name, fc_dtype t, size_t count)
{
    const fc_tensor *found = fc_weights_find(w, name);

    if (!found || found->dtype != t || found->count != count)
        return false;
    memcpy(to, found->data, count * fc_dtype_size(t));
    return true;
}

static bool get_all(fc_head_state *s, struct parts *p, const fc_weights *w)
{
    return get(s->o.param, w, "param", FC_F32, s->o.n) && get(s->o.m, w, "m", FC_F32, s->o.n) &&
           get(s->o.v, w, "v", FC_F32, s->o.n) && get(s->best, w, "best", FC_F32, s->o.n) &&
           get(p->counter, w, "counters", FC_I64, COUNTERS) &&
           get(p->figure, w, "figures", FC_F64, MEASURED) && p->counter[COUNTERS - 1] <= MAX_EPOCHS;
}

static fc_status read_all(fc_head_state *s, const fc_weights *w, const char *print, fc_error *err)
{
    const char *path = fc_weights_path(w), *format = fc_weights_meta(w, "format"),
               *other = fc_weights_meta(w, "print"), *sum = fc_weights_meta(w, "sha256");
    struct parts p = {.history = NULL};
    char real[FC_SHA256_HEX];
    fc_status st = FC_OK;

    if (!format || strcmp(format, FORMAT) != 0)
        return fc_fail(err, FC_EFORMAT, "%s: not a checkpoint of such a training", path);
    if (!other || strcmp(other, print) != 0)
        return fc_fail(err, FC_EDATA,
                       "%s: of a training with other photos or settings; remove it to begin anew", path);
    bool good = sum && get_all(s, &p, w);
    if (good) {
        p.history = calloc((size_t)p.counter[COUNTERS - 1] * FIGURES + 1, sizeof *p.history);
        if (!p.history)
            return fc_fail_nomem(err, (size_t)p.counter[COUNTERS - 1] * FIGURES * sizeof *p.history);
        good = get(p.history, w, "history", FC_F64, (size_t)p.counter[COUNTERS - 1] * FIGURES);
    }
    if (good) {
        digest(real, s, &p, print);
        good = !strcmp(real, sum);
    }
    st = good ? from_parts(s, &p, err)
              : fc_fail(err, FC_ECORRUPT, "%s: damaged; remove it to begin anew", path);
    free(p.history);
    return st;
}

fc_status fc_head_checkpoint_read(fc_head_state *s, const char *print, const char *path, bool *there,
                                  fc_error *err)
{
    fc_weights *w;
    fc_status st;

    *there = false;
    if (access(path, F_OK) != 0)
        return FC_OK;
    if ((st = fc_weights_open(&w, path, err)))
        return st;
    st = read_all(s, w, print, err);
    *there = !st;
    fc_weights_free(w);
    return st;
}
