/* Two layers trained by triplets. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/random.h"
#include "classify/head_kinds.h"
#include "match/similarity.h"

enum { PEOPLE = 16, EACH = 4, BATCH = PEOPLE * EACH, EPOCHS = 100, BLIND_EPOCHS = 20, PATIENCE = 20 };
#define MARGIN   0.2
#define NARROW   0.05
#define MEASURED 32.0 /* scale of the softmax that held-out photos are measured by */

/* The parameters in one row: weights and biases of both layers. */
struct net {
    float *w1, *b1, *w2, *b2;
};

struct triplet {
    const fc_head_job *job;
    fc_head *h; /* its layers; scratch while it is trained */
    size_t dim, hidden, out, n;
    size_t *shuffled, *drawn; /* [people]; [set.n]: samples to draw from, a person's together */
    size_t *samples;          /* [people]: of these */
    const float *x[BATCH];
    size_t who[BATCH], batch;
    float *a;        /* [BATCH][hidden]: after the first layer */
    float *y, *z;    /* [BATCH][out]: after the second one, and that at unit length */
    float *dz;       /* [BATCH][out] */
    float *gradient; /* [n] */
};

static struct net net_of(const struct triplet *t, float *param)
{
    struct net net = {.w1 = param};

    net.b1 = net.w1 + t->hidden * t->dim;
    net.w2 = net.b1 + t->hidden;
    net.b2 = net.w2 + t->out * t->hidden;
    return net;
}

static void triplet_clear(struct triplet *t)
{
    free(t->shuffled);
    free(t->drawn);
    free(t->samples);
    free(t->a);
    free(t->y);
    free(t->z);
    free(t->dz);
    free(t->gradient);
}

static fc_status triplet_new(struct triplet *t, fc_head *h, const fc_head_job *job, fc_error *err)
{
    *t = (struct triplet){
        .job = job, .h = h, .dim = job->set.dim, .hidden = job->settings->hidden, .out = job->settings->out};
    t->n = t->hidden * (t->dim + 1) + t->out * (t->hidden + 1);
    t->shuffled = calloc(job->set.people, sizeof *t->shuffled);
    t->samples = calloc(job->set.people, sizeof *t->samples);
    t->drawn = calloc(job->set.n, sizeof *t->drawn);
    t->a = calloc(BATCH * t->hidden, sizeof *t->a);
    t->y = calloc(BATCH * t->out, sizeof *t->y);
    t->z = calloc(BATCH * t->out, sizeof *t->z);
    t->dz = calloc(BATCH * t->out, sizeof *t->dz);
    t->gradient = calloc(t->n, sizeof *t->gradient);
    if (!t->shuffled || !t->samples || !t->drawn || !t->a || !t->y || !t->z || !t->dz || !t->gradient)
        return fc_fail_nomem(err, t->n * sizeof *t->gradient);
    return FC_OK;
}

/* ---- the network ---- */

static void forward(struct triplet *t, const struct net *net)
{
    for (size_t i = 0; i < t->batch; i++) {
        float *a = t->a + i * t->hidden, *y = t->y + i * t->out, *z = t->z + i * t->out;
        for (size_t k = 0; k < t->hidden; k++)
            a[k] = fmaxf(0, (float)fc_dot(net->w1 + k * t->dim, t->x[i], t->dim) + net->b1[k]);
        for (size_t k = 0; k < t->out; k++)
            y[k] = (float)fc_dot(net->w2 + k * t->hidden, a, t->hidden) + net->b2[k];
        memcpy(z, y, t->out * sizeof *z);
        fc_normalise(z, t->out);
    }
}

static void add_scaled(float *to, float scale, const float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] += scale * v[i];
}

/* Adds the sample's part to the gradient. */
static void backward(struct triplet *t, const struct net *net, const struct net *g, size_t i)
{
    const float *a = t->a + i * t->hidden, *y = t->y + i * t->out, *z = t->z + i * t->out,
                *dz = t->dz + i * t->out;
    const double length = sqrt(fc_dot(y, y, t->out)), along = fc_dot(dz, z, t->out);
    float da[FC_MAX_DIM] = {0};

    if (!(length > 0))
        return;
    for (size_t k = 0; k < t->out; k++) {
        const float dy = (float)(((double)dz[k] - along * (double)z[k]) / length);
        g->b2[k] += dy;
        add_scaled(g->w2 + k * t->hidden, dy, a, t->hidden);
        add_scaled(da, dy, net->w2 + k * t->hidden, t->hidden);
    }
    for (size_t k = 0; k < t->hidden; k++)
        if (a[k] > 0 && da[k] != 0) {
            g->b1[k] += da[k];
            add_scaled(g->w1 + k * t->dim, da[k], t->x[i], t->dim);
        }
}

/* ---- triplets ---- */

static double square_distance(const struct triplet *t, size_t i, size_t k)
{
    return 2 - 2 * fc_dot(t->z + i * t->out, t->z + k * t->out, t->out);
}

/* The negative for an anchor and a positive at a distance of near: the nearest one beyond it, or, where there is none, the
 * farthest of all (semi-hard); or simply the nearest (batch-hard). */
static size_t negative_for(const struct triplet *t, size_t anchor, double near)
{
    size_t beyond = SIZE_MAX, farthest = SIZE_MAX, nearest = SIZE_MAX;
    double d_beyond = INFINITY, d_farthest = -INFINITY, d_nearest = INFINITY;

    for (size_t i = 0; i < t->batch; i++) {
        if (t->who[i] == t->who[anchor])
            continue;
        const double d = square_distance(t, anchor, i);
        if (d > near && d < d_beyond) {
            d_beyond = d;
            beyond = i;
        }
        if (d > d_farthest) {
            d_farthest = d;
            farthest = i;
        }
        if (d < d_nearest) {
            d_nearest = d;
            nearest = i;
        }
    }
    if (t->job->settings->mining == FC_MINING_BATCH_HARD)
        return nearest;
    return beyond != SIZE_MAX ? beyond : farthest;
}

/* Adds the triplet's gradient by z, of |a - p|^2 - |a - n|^2 + margin where that is above 0. */
static double add_triplet(struct triplet *t, size_t a, size_t p, size_t n)
{
    const double loss = square_distance(t, a, p) - square_distance(t, a, n) + MARGIN;
    const float *za = t->z + a * t->out, *zp = t->z + p * t->out, *zn = t->z + n * t->out;

    if (!(loss > 0))
        return loss > 0 || loss <= 0 ? 0 : loss; /* NAN stays what it is */
    for (size_t k = 0; k < t->out; k++) {
        t->dz[a * t->out + k] += 2 * (zn[k] - zp[k]);
        t->dz[p * t->out + k] += 2 * (zp[k] - za[k]);
        t->dz[n * t->out + k] += 2 * (za[k] - zn[k]);
    }
    return loss;
}

/* Whether p is the anchor's positive that counts: each of them, or the farthest one. */
static bool is_positive(const struct triplet *t, size_t a, size_t p)
{
    const double d = square_distance(t, a, p);

    if (a == p || t->who[a] != t->who[p])
        return false;
    for (size_t i = 0; t->job->settings->mining == FC_MINING_BATCH_HARD && i < t->batch; i++)
        if (i != a && i != p && t->who[i] == t->who[a]) {
            const double other = square_distance(t, a, i);
            if (other > d || (other == d && i < p))
                return false;
        }
    return true;
}

/* The batch's loss: the mean of its triplets'. count: how many there are. */
static double mine(struct triplet *t, size_t *count)
{
    double sum = 0;

    *count = 0;
    memset(t->dz, 0, BATCH * t->out * sizeof *t->dz);
    for (size_t a = 0; a < t->batch; a++)
        for (size_t p = 0; p < t->batch; p++) {
            if (!is_positive(t, a, p))
                continue;
            const size_t n = negative_for(t, a, square_distance(t, a, p));
            if (n == SIZE_MAX)
                continue;
            sum += add_triplet(t, a, p, n);
            ++*count;
        }
    return *count ? sum / (double)*count : 0;
}

/* ---- an epoch ---- */

static void gather_samples(struct triplet *t, bool all)
{
    const fc_head_set *s = &t->job->set;

    for (size_t p = 0; p < s->people; p++) {
        size_t n = 0;
        for (size_t i = s->first[p]; i < s->first[p + 1]; i++)
            if (all || !t->job->held[i])
                t->drawn[s->first[p] + n++] = i;
        t->samples[p] = n;
    }
}

/* The people from shuffled [at] on: of each EACH samples, or all where they are fewer. */
static void draw_batch(struct triplet *t, size_t at, uint64_t *random)
{
    const fc_head_set *s = &t->job->set;

    t->batch = 0;
    for (size_t k = at; k < s->people && k < at + PEOPLE; k++) {
        const size_t p = t->shuffled[k], n = t->samples[p] < EACH ? t->samples[p] : EACH;
        fc_shuffle(t->drawn + s->first[p], t->samples[p], fc_random(random));
        for (size_t i = 0; i < n; i++) {
            const size_t sample = t->drawn[s->first[p] + i];
            t->x[t->batch] = s->x + sample * s->dim;
            t->who[t->batch++] = p;
        }
    }
}

static double spread_of(const struct triplet *t)
{
    double sum = 0;

    for (size_t i = 0; i < t->batch; i++)
        for (size_t k = 0; k < i; k++)
            sum += sqrt(fmax(0, square_distance(t, i, k)));
    return t->batch > 1 ? sum / ((double)t->batch * (double)(t->batch - 1) / 2) : NAN;
}

static void do_batch(struct triplet *t, fc_head_optimiser *o, double *loss, size_t *count)
{
    const struct net net = net_of(t, o->param), g = net_of(t, t->gradient);

    forward(t, &net);
    *loss = mine(t, count);
    if (!*count)
        return;
    memset(t->gradient, 0, t->n * sizeof *t->gradient);
    for (size_t i = 0; i < BATCH * t->out; i++)
        t->dz[i] /= (float)*count;
    for (size_t i = 0; i < t->batch; i++)
        backward(t, &net, &g, i);
    fc_head_step(o, t->gradient);
}

/* Batches until each sample could have been drawn once. */
static fc_status triplet_epoch(void *ctx, fc_head_optimiser *o, bool all, double *loss, double *spread,
                               fc_error *err)
{
    struct triplet *t = ctx;
    const fc_head_set *s = &t->job->set;
    const size_t rounds = (s->n + s->people * EACH - 1) / (s->people * EACH);
    double sum = 0, wide = 0;
    size_t triplets = 0, batches = 0;

    (void)err;
    for (size_t round = 0; round < rounds; round++) {
        for (size_t p = 0; p < s->people; p++)
            t->shuffled[p] = p;
        fc_shuffle(t->shuffled, s->people, fc_random(&o->random));
        gather_samples(t, all);
        for (size_t at = 0; at < s->people; at += PEOPLE) {
            double part;
            size_t count;
            draw_batch(t, at, &o->random);
            if (s->people - at < 2 && at) /* nobody to tell the last one from */
                continue;
            do_batch(t, o, &part, &count);
            sum += part * (double)count;
            triplets += count;
            wide += spread_of(t);
            batches++;
        }
    }
    *loss = triplets ? sum / (double)triplets : 0;
    *spread = wide / (double)batches;
    return FC_OK;
}

static void put_layers(struct triplet *t, const float *param)
{
    const struct net net = net_of(t, (float *)param);

    memcpy(t->h->layer[0].weight, net.w1, t->hidden * t->dim * sizeof *param);
    memcpy(t->h->layer[0].bias, net.b1, t->hidden * sizeof *param);
    memcpy(t->h->layer[1].weight, net.w2, t->out * t->hidden * sizeof *param);
    memcpy(t->h->layer[1].bias, net.b2, t->out * sizeof *param);
}

/* Held-out photos against the means of the others. */
static fc_status triplet_measure(void *ctx, const float *param, fc_head_measured *out, fc_error *err)
{
    struct triplet *t = ctx;
    const fc_head_set *set = &t->job->set;
    float *z = NULL, *centre = calloc(set->people * t->out, sizeof *centre);
    bool *take = calloc(set->n, sizeof *take);
    fc_status s = centre && take ? FC_OK : fc_fail_nomem(err, set->people * t->out * sizeof *centre);

    put_layers(t, param);
    if (!s)
        s = fc_head_project_all(&z, t->h, set, err);
    for (size_t i = 0; !s && i < set->n; i++)
        take[i] = !t->job->held[i];
    for (size_t p = 0; !s && p < set->people; p++) {
        bool there;
        s = fc_head_centre(set, p, z, t->out, take, true, centre + p * t->out, &there, err);
    }
    if (!s)
        s = fc_head_measure(z, set->person, t->job->held, set->n, centre, set->people, t->out, MEASURED, out,
                            err);
    free(z);
    free(centre);
    free(take);
    return s;
}

/* Weights of He et al. 2015 (equation 10): even between -b and b with b = sqrt(6 / inputs). */
static void draw_weights(float *w, size_t n, size_t inputs, uint64_t *random)
{
    const double bound = sqrt(6 / (double)inputs);

    for (size_t i = 0; i < n; i++)
        w[i] = (float)(bound * (2 * fc_random_fraction(random) - 1));
}

static void triplet_start(void *ctx, float *param)
{
    struct triplet *t = ctx;
    const struct net net = net_of(t, param);
    const fc_head *old = t->job->in->old;
    uint64_t random = t->job->settings->seed;

    memset(param, 0, t->n * sizeof *param);
    if (old) {
        memcpy(net.w1, old->layer[0].weight, t->hidden * t->dim * sizeof *param);
        memcpy(net.b1, old->layer[0].bias, t->hidden * sizeof *param);
        memcpy(net.w2, old->layer[1].weight, t->out * t->hidden * sizeof *param);
        memcpy(net.b2, old->layer[1].bias, t->out * sizeof *param);
        return;
    }
    draw_weights(net.w1, t->hidden * t->dim, t->dim, &random);
    draw_weights(net.w2, t->out * t->hidden, t->hidden, &random);
}

/* ---- the head ---- */

static fc_status train(struct triplet *t, fc_head_report *report, fc_error *err)
{
    const fc_head_job *job = t->job;
    const fc_head_schedule how = {.epochs = job->settings->epochs ? job->settings->epochs : EPOCHS,
                                  .blind_epochs = BLIND_EPOCHS,
                                  .patience = PATIENCE,
                                  .rate = job->settings->rate,
                                  .seed = job->settings->seed};
    const fc_head_learner learner = {.n = t->n,
                                     .start = triplet_start,
                                     .epoch = triplet_epoch,
                                     .measure = triplet_measure,
                                     .ctx = t,
                                     .holds_out = report->held_out > 0,
                                     .stuck = MARGIN,
                                     .narrow = NARROW,
                                     .print = job->print};
    float *param = calloc(t->n, sizeof *param);
    fc_status s = param ? fc_head_learn(param, &report->course, &learner, &how, job->work, err)
                        : fc_fail_nomem(err, t->n * sizeof *param);

    if (!s)
        put_layers(t, param);
    free(param);
    return s;
}

fc_status fc_head_make_triplet(fc_head *h, const fc_head_job *job, fc_head_report *report, fc_error *err)
{
    struct triplet t;
    fc_status s = fc_head_add_layer(h, job->set.dim, job->settings->hidden, err);

    if (!s)
        s = fc_head_add_layer(h, job->settings->hidden, job->settings->out, err);
    if (s)
        return s;
    s = triplet_new(&t, h, job, err);
    if (!s)
        s = train(&t, report, err);
    triplet_clear(&t);
    return s ? s : fc_head_put_means(h, &job->set, false, err);
}
