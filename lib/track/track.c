#include "track/track.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"
#include "match/assign.h"
#include "match/similarity.h"
#include "track/streams.h"

#define REACH     1.5  /* sides by which a face may be off */
#define SCALE     2.5  /* of sides, at most */
#define MIN_SIDE  40   /* pixels, from which on an embedding counts */
#define DOUBTFUL  0.5  /* what is no track yet counts as so much of one */
#define HORIZON   1.0  /* seconds that a speed is believed for */
#define SPEED     10   /* sides a second, at most */
#define SHORTEST  0.01 /* seconds between frames that a speed is measured over */
#define REMEMBERS 50   /* faces that a track's mean is over, more or less */
enum { CHOICES = 16 }; /* tracks that a face is compared with, the likeliest */

struct track {
    uint64_t stream, number; /* number 0: too few faces yet */
    double box[4];
    double speed[2]; /* of the centre, pixels a second */
    double last;
    uint64_t seen; /* in frames of all streams */
    int hits, looks;
    float *mean; /* [dim], owned; NULL: nothing is known */
};

struct fc_tracker {
    fc_track_options opt;
    fc_look look;
    fc_streams streams;
    struct track *track; /* [n], owned, in the order of their first faces */
    size_t n, cap;
    size_t dim; /* of embeddings; 0: none came yet */
    uint64_t count;
    /* of one step: */
    size_t *column; /* [ncolumns]: the stream's tracks */
    size_t ncolumns, column_cap;
    uint32_t *pair; /* [npairs]: columns */
    double *weight; /* [npairs] */
    size_t npairs, pair_cap, weight_cap;
};

fc_status fc_tracker_new(fc_tracker **out, const fc_track_options *opt, fc_error *err)
{
    static const fc_track_options usual = {
        .min_hits = FC_TRACK_HITS, .max_age = FC_TRACK_MAX_AGE, .alike = NAN};

    *out = NULL;
    opt = opt ? opt : &usual;
    if (opt->min_hits < 1 || !(opt->max_age >= 0))
        return fc_fail(err, FC_EUSAGE, "no track: of %d faces at least, and over after %g seconds",
                       opt->min_hits, opt->max_age);
    fc_tracker *t = calloc(1, sizeof *t);
    if (!t)
        return fc_fail_nomem(err, sizeof *t);
    t->opt = *opt;
    t->look = (fc_look){.alike = opt->alike, .models = opt->models};
    *out = t;
    return FC_OK;
}

void fc_tracker_free(fc_tracker *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->n; i++)
        free(t->track[i].mean);
    free(t->track);
    free(t->column);
    free(t->pair);
    free(t->weight);
    fc_streams_clear(&t->streams);
    fc_look_clear(&t->look);
    free(t);
}

fc_look *fc_tracker_look(fc_tracker *t)
{
    return &t->look;
}

/* ---- how likely a face is a track's ---- */

static bool has_place(const double box[4])
{
    return box[2] > 0 && box[3] > 0;
}

static double side(const double box[4])
{
    return (box[2] + box[3]) / 2;
}

static double overlap(const double a[4], const double b[4])
{
    const double w = fmin(a[0] + a[2], b[0] + b[2]) - fmax(a[0], b[0]),
                 h = fmin(a[1] + a[3], b[1] + b[3]) - fmax(a[1], b[1]);

    if (!(w > 0 && h > 0))
        return 0;
    return w * h / (a[2] * a[3] + b[2] * b[3] - w * h);
}

/* Of two boxes, 0..1; 0: too far away, or too large. */
static double nearness(const double a[4], const double b[4])
{
    const double sides = (side(a) + side(b)) / 2,
                 off = hypot(a[0] + a[2] / 2 - b[0] - b[2] / 2, a[1] + a[3] / 2 - b[1] - b[3] / 2) / sides;

    if (!(off < REACH) || fmax(side(a), side(b)) > SCALE * fmin(side(a), side(b)))
        return 0;
    return 0.5 * overlap(a, b) + 0.5 * (1 - off / REACH);
}

static double place(const struct track *t, double now, const double box[4])
{
    const double ahead = fmin(now - t->last, HORIZON),
                 expected[4] = {t->box[0] + t->speed[0] * ahead, t->box[1] + t->speed[1] * ahead, t->box[2],
                                t->box[3]};

    return fmax(nearness(expected, box), 0.5 * nearness(t->box, box));
}

static bool counts(const fc_track_face *f)
{
    return f->e && fmin(f->box[2], f->box[3]) >= MIN_SIDE;
}

/* 0: it is not. */
static double likelihood(const fc_tracker *t, const struct track *at, const fc_track_face *f, double now)
{
    const double p = place(at, now, f->box), share = at->number ? 1 : DOUBTFUL;

    if (!counts(f))
        return share * p;
    const double c = at->mean ? fc_cosine(at->mean, f->e, t->dim) : FC_LOOK_UNLIKE;
    if (c < FC_LOOK_UNLIKE || (p <= 0 && !(c >= t->look.alike)))
        return 0;
    return share * (0.5 * p + 0.5 * c);
}

/* ---- the tracks ---- */

static void drop(fc_tracker *t, size_t i)
{
    free(t->track[i].mean);
    memmove(&t->track[i], &t->track[i + 1], (--t->n - i) * sizeof *t->track);
}

/* Those that are over. */
static void age(fc_tracker *t, const fc_tick *tick)
{
    for (size_t i = t->n; i-- > 0;) {
        const struct track *at = &t->track[i];
        const bool old = tick->restart || at->last + t->opt.max_age < tick->now;
        if (at->stream == tick->gone || (at->stream == tick->stream && old))
            drop(t, i);
    }
}

/* Its mean goes towards e. */
static fc_status learn(struct track *at, const float *e, size_t dim, fc_error *err)
{
    if (!at->mean && !(at->mean = calloc(dim, sizeof *at->mean)))
        return fc_fail_nomem(err, dim * sizeof *at->mean);
    at->looks += at->looks < REMEMBERS;
    for (size_t i = 0; i < dim; i++)
        at->mean[i] += (e[i] - at->mean[i]) / (float)at->looks;
    return FC_OK;
}

/* The speed of its centre from where it was to box. */
static void speed_up(struct track *at, const double box[4], double seconds)
{
    const double most = SPEED * side(box);

    for (int k = 0; k < 2; k++) {
        const double v =
            (box[k] + box[k + 2] / 2 - at->box[k] - at->box[k + 2] / 2) / fmax(seconds, SHORTEST);
        at->speed[k] = at->hits > 1 ? (at->speed[k] + v) / 2 : v;
        at->speed[k] = fmax(-most, fmin(most, at->speed[k]));
    }
}

static fc_status go_on(fc_tracker *t, struct track *at, const fc_track_face *f, const fc_tick *tick,
                       fc_error *err)
{
    if (tick->later) {
        if (at->hits)
            speed_up(at, f->box, tick->now - at->last);
        at->hits += at->hits < INT32_MAX;
    }
    memcpy(at->box, f->box, sizeof at->box);
    at->last = tick->now;
    at->seen = t->streams.frames;
    if (!at->number && at->hits >= t->opt.min_hits)
        at->number = ++t->count;
    return counts(f) ? learn(at, f->e, t->dim, err) : FC_OK;
}

/* The track that begins with a face. */
static fc_status begin(fc_tracker *t, const fc_track_face *f, const fc_tick *tick, uint64_t *number,
                       fc_error *err)
{
    if (t->n == FC_TRACK_MOST) {
        size_t oldest = 0;
        for (size_t i = 1; i < t->n; i++)
            if (t->track[i].seen < t->track[oldest].seen)
                oldest = i;
        drop(t, oldest);
    }
    fc_status s = fc_grow(&t->track, t->n + 1, &t->cap, sizeof *t->track, err);
    if (s)
        return s;
    struct track *at = &t->track[t->n++];
    *at = (struct track){.stream = tick->stream, .last = tick->now};
    s = go_on(t, at, f, &(fc_tick){.now = tick->now, .later = true}, err);
    *number = at->number;
    return s;
}

/* ---- one frame ---- */

/* Puts the likeliest tracks of a face into the list of pairs, by rising column. */
static fc_status pair_up(fc_tracker *t, const fc_track_face *f, double now, fc_error *err)
{
    struct {
        double weight;
        uint32_t column;
    } best[CHOICES];
    size_t n = 0;

    for (size_t i = 0; has_place(f->box) && i < t->ncolumns; i++) {
        const double w = likelihood(t, &t->track[t->column[i]], f, now);
        if (!(w > 0) || (n == CHOICES && w <= best[n - 1].weight))
            continue;
        size_t at = n < CHOICES ? n++ : n - 1;
        for (; at > 0 && best[at - 1].weight < w; at--)
            best[at] = best[at - 1];
        best[at].weight = w;
        best[at].column = (uint32_t)i;
    }
    fc_status s = fc_grow(&t->pair, t->npairs + n, &t->pair_cap, sizeof *t->pair, err);
    if (!s)
        s = fc_grow(&t->weight, t->npairs + n, &t->weight_cap, sizeof *t->weight, err);
    for (size_t i = 0; !s && i < n; i++) {
        t->pair[t->npairs] = best[i].column;
        t->weight[t->npairs++] = best[i].weight;
    }
    return s;
}

/* Which track each of the n faces goes on with: an index, or FC_ASSIGN_NONE. */
static fc_status assign(fc_tracker *t, const fc_track_frame *f, size_t n, const fc_tick *tick, size_t *to,
                        fc_error *err)
{
    size_t *first = calloc(n + 1, sizeof *first);
    fc_status s = first ? fc_grow(&t->column, t->n + 1, &t->column_cap, sizeof *t->column, err)
                        : fc_fail_nomem(err, (n + 1) * sizeof *first);

    t->ncolumns = t->npairs = 0;
    for (size_t i = 0; !s && i < t->n; i++)
        if (t->track[i].stream == tick->stream)
            t->column[t->ncolumns++] = i;
    for (size_t i = 0; !s && i < n; i++) {
        s = pair_up(t, &f->face[i], tick->now, err);
        first[i + 1] = t->npairs;
    }
    if (!s)
        s = fc_assign(
            &(fc_assign_pairs){
                .rows = n, .columns = t->ncolumns, .first = first, .column = t->pair, .weight = t->weight},
            to, err);
    for (size_t i = 0; !s && i < n; i++)
        if (to[i] != FC_ASSIGN_NONE)
            to[i] = t->column[to[i]];
    free(first);
    return s;
}

/* Tracks that go on do so before others begin, which may push one out. */
static fc_status move(fc_tracker *t, const fc_track_frame *f, size_t n, const fc_tick *tick, const size_t *to,
                      uint64_t *track, fc_error *err)
{
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < n; i++) {
        if (to[i] == FC_ASSIGN_NONE)
            continue;
        s = go_on(t, &t->track[to[i]], &f->face[i], tick, err);
        track[i] = t->track[to[i]].number;
    }
    for (size_t i = 0; !s && i < n; i++)
        if (to[i] == FC_ASSIGN_NONE && has_place(f->face[i].box))
            s = begin(t, &f->face[i], tick, &track[i], err);
    return s;
}

static fc_status check(fc_tracker *t, const fc_track_frame *f, fc_error *err)
{
    for (size_t i = 0; i < f->n; i++) {
        const double *b = f->face[i].box;
        if (!isfinite(b[0]) || !isfinite(b[1]) || !isfinite(b[2]) || !isfinite(b[3]))
            return fc_fail(err, FC_EUSAGE, "the box of face %zu is not finite", i);
        if (f->face[i].e && !t->dim)
            t->dim = f->dim;
        if (f->face[i].e && f->dim != t->dim)
            return fc_fail(err, FC_EUSAGE, "embeddings of %zu and of %zu numbers", t->dim, f->dim);
    }
    return FC_OK;
}

fc_status fc_tracker_step(fc_tracker *t, const fc_track_frame *f, uint64_t *track, fc_error *err)
{
    const size_t n = f->n < FC_TRACK_FACES ? f->n : FC_TRACK_FACES;
    fc_tick tick;
    size_t *to;
    fc_status s = check(t, f, err);

    for (size_t i = 0; i < f->n; i++)
        track[i] = 0;
    if (!s)
        s = fc_streams_tick(&t->streams, f->stream, f->time, t->opt.max_age, &tick, err);
    if (s)
        return s;
    age(t, &tick);
    if (n == 0)
        return FC_OK;
    to = calloc(n, sizeof *to);
    if (!to)
        return fc_fail_nomem(err, n * sizeof *to);
    s = assign(t, f, n, &tick, to, err);
    if (!s)
        s = move(t, f, n, &tick, to, track, err);
    free(to);
    return s;
}
