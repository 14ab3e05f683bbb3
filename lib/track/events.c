#include "facecheck.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"
#include "pipeline/record.h"
#include "track/look.h"
#include "track/moment.h"
#include "track/streams.h"
#include "track/visit.h"

enum { MOST_SIGHTS = 4 * FC_EVENT_MOST };

/* A track, and whose it is. */
struct sight {
    uint64_t stream, track;
    double last;
    fc_visit *visit;
};

struct fc_events {
    fc_event_options opt;
    double hold; /* seconds without a face after which a visit ends */
    fc_look look;
    fc_streams streams;
    fc_visit **visit; /* [n], owned, in the order of their first faces */
    size_t n, cap;
    struct sight *sight; /* [nsights], owned */
    size_t nsights, sight_cap;
    double now; /* of the record that is looked at; -INFINITY: of none */
};

static bool is_duration(double seconds)
{
    return seconds >= 0 && isfinite(seconds);
}

fc_status fc_events_new(fc_events **out, const fc_event_options *opt, fc_error *err)
{
    *out = NULL;
    if (opt->min_faces < 1 || !is_duration(opt->patience) || !is_duration(opt->max_age) ||
        !is_duration(opt->rejoin) || !is_duration(opt->cooldown))
        return fc_fail(err, FC_EUSAGE, "no events: of %d faces at least, and %g, %g, %g and %g seconds",
                       opt->min_faces, opt->patience, opt->max_age, opt->rejoin, opt->cooldown);
    fc_events *ev = calloc(1, sizeof *ev);
    if (!ev)
        return fc_fail_nomem(err, sizeof *ev);
    ev->opt = *opt;
    ev->hold = fmax(opt->max_age, opt->rejoin);
    ev->look = (fc_look){.alike = opt->alike, .models = opt->models};
    if (opt->contract && !(ev->look.contract = strdup(opt->contract))) {
        fc_events_free(ev);
        return fc_fail_nomem(err, strlen(opt->contract) + 1);
    }
    *out = ev;
    return FC_OK;
}

void fc_events_free(fc_events *ev)
{
    if (!ev)
        return;
    for (size_t i = 0; i < ev->n; i++)
        fc_visit_free(ev->visit[i]);
    free(ev->visit);
    free(ev->sight);
    fc_streams_clear(&ev->streams);
    fc_look_clear(&ev->look);
    free(ev);
}

/* ---- what is told ---- */

static fc_status tell(const fc_events *ev, fc_event_type type, const fc_visit *v, fc_error *err)
{
    fc_event e = {.type = type,
                  .from = v->from,
                  .track = v->track,
                  .time = fmax(ev->now, v->last),
                  .unix_time = v->unix_time,
                  .first = v->first,
                  .last = v->last,
                  .frames = v->frames,
                  .name = v->name,
                  .similarity = v->similarity,
                  .face = v->face,
                  .mean = v->mean,
                  .dim = ev->look.dim,
                  .contract = ev->look.contract};

    memcpy(e.id, v->id, sizeof e.id);
    return ev->opt.sink(ev->opt.ctx, &e, err);
}

/* ---- who it is ---- */

/* Looks for whoever the faces show together. A name that was found stays until another one is. *renamed: it is another. */
static fc_status identify(fc_events *ev, fc_visit *v, bool *renamed, fc_error *err)
{
    char *name = NULL;
    double similarity = NAN;
    fc_status s;

    *renamed = false;
    if (!v->changed || !v->mean || !ev->opt.who)
        return FC_OK;
    v->changed = false;
    s = ev->opt.who(ev->opt.ctx, v->mean, ev->look.dim, &name, &similarity, err);
    if (s)
        return s;
    *renamed = name && (!v->name || strcmp(name, v->name) != 0);
    if (name || !v->name)
        v->similarity = similarity;
    if (*renamed) {
        free(v->name);
        v->name = name;
    } else {
        free(name);
    }
    return FC_OK;
}

static bool is_same_name(const fc_visit *a, const fc_visit *b)
{
    return a->name && b->name && !strcmp(a->name, b->name);
}

/* How alike two are who are not both known; -2: they are not. */
static double likeness(const fc_events *ev, const fc_visit *a, const fc_visit *b)
{
    if ((a->name && b->name) || !a->mean || !b->mean)
        return -2;
    const double c = fc_cosine(a->mean, b->mean, ev->look.dim);
    return c >= ev->look.alike ? c : -2;
}

/* The visit of the same person that goes on; NULL: none. One that is seen at this very moment is somebody else's, unless it has
 * the name. */
static fc_visit *find_open(const fc_events *ev, const fc_visit *v)
{
    fc_visit *found = NULL;
    double best = -2;

    for (size_t i = 0; i < ev->n; i++) {
        fc_visit *other = ev->visit[i];
        if (other->state != FC_VISIT_OPEN || other->stream != v->stream)
            continue;
        if (is_same_name(other, v))
            return other;
        const double c = other->last < v->first ? likeness(ev, other, v) : -2;
        if (c > best) {
            best = c;
            found = other;
        }
    }
    return found;
}

/* Whether a visit of the same person was there a short while ago. */
static bool is_cooling(const fc_events *ev, const fc_visit *v)
{
    for (size_t i = 0; i < ev->n; i++) {
        const fc_visit *other = ev->visit[i];
        if (other->state == FC_VISIT_OVER && other->stream == v->stream &&
            fmax(ev->now, v->last) < other->last + ev->opt.cooldown &&
            (is_same_name(other, v) || likeness(ev, other, v) > -2))
            return true;
    }
    return false;
}

/* ---- the list ---- */

static void drop_sight(fc_events *ev, size_t k)
{
    memmove(&ev->sight[k], &ev->sight[k + 1], (--ev->nsights - k) * sizeof *ev->sight);
}

static void forget_sights(fc_events *ev, const fc_visit *v)
{
    for (size_t k = ev->nsights; k-- > 0;)
        if (ev->sight[k].visit == v)
            drop_sight(ev, k);
}

static void drop(fc_events *ev, size_t i)
{
    forget_sights(ev, ev->visit[i]);
    fc_visit_free(ev->visit[i]);
    memmove(&ev->visit[i], &ev->visit[i + 1], (--ev->n - i) * sizeof(fc_visit *));
}

static void drop_visit(fc_events *ev, const fc_visit *v)
{
    for (size_t i = 0; i < ev->n; i++)
        if (ev->visit[i] == v) {
            drop(ev, i);
            return;
        }
}

static fc_status join(fc_events *ev, fc_visit *v, fc_visit *to, fc_error *err)
{
    bool renamed;
    fc_status s = fc_visit_join(to, v, ev->look.dim, err);

    for (size_t k = 0; k < ev->nsights; k++)
        if (ev->sight[k].visit == v)
            ev->sight[k].visit = to;
    drop_visit(ev, v);
    if (!s)
        s = identify(ev, to, &renamed, err);
    return s || !renamed ? s : tell(ev, FC_EVENT_UPDATE, to, err);
}

/* Starts, updates or joins what can be. last: there will be no more faces of it. */
static fc_status decide(fc_events *ev, fc_visit *v, bool last, fc_error *err)
{
    bool renamed;
    fc_visit *to;
    fc_status s;

    if (v->state == FC_VISIT_OVER || (v->state == FC_VISIT_PENDING && v->faces < (size_t)ev->opt.min_faces))
        return FC_OK;
    s = identify(ev, v, &renamed, err);
    if (s)
        return s;
    if (v->state == FC_VISIT_OPEN)
        return renamed ? tell(ev, FC_EVENT_UPDATE, v, err) : FC_OK;
    if ((to = find_open(ev, v)))
        return join(ev, v, to, err);
    if (!last && !v->name && v->mean && ev->opt.who && ev->now < v->first + ev->opt.patience)
        return FC_OK;
    if (is_cooling(ev, v))
        return FC_OK;
    v->state = FC_VISIT_OPEN;
    return tell(ev, FC_EVENT_START, v, err);
}

/* Ends the i-th visit, and *kept says whether it is still there. */
static fc_status end(fc_events *ev, size_t i, bool keep, bool *kept, fc_error *err)
{
    fc_visit *v = ev->visit[i];
    const size_t before = ev->n;
    fc_status s = decide(ev, v, true, err);

    *kept = false;
    if (s || ev->n < before) /* it has joined another one */
        return s;
    if (v->state == FC_VISIT_OPEN) {
        s = tell(ev, FC_EVENT_END, v, err);
        *kept = keep && ev->opt.cooldown > 0;
    }
    if (*kept)
        fc_visit_end(v);
    forget_sights(ev, v);
    if (!*kept)
        drop(ev, i);
    return s;
}

/* Ends what nobody was seen of for long: of the record's stream, and where all clocks are the same, of all. */
static fc_status age(fc_events *ev, uint64_t stream, bool unix_time, fc_error *err)
{
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < ev->n;) {
        const fc_visit *v = ev->visit[i];
        bool kept = true;
        if (v->stream != stream && !(unix_time && v->unix_time))
            kept = true;
        else if (v->state == FC_VISIT_OVER && ev->now >= v->last + ev->opt.cooldown) {
            drop(ev, i);
            kept = false;
        } else if (v->state != FC_VISIT_OVER && ev->now > v->last + ev->hold) {
            s = end(ev, i, true, &kept, err);
        }
        i += kept;
    }
    for (size_t k = ev->nsights; k-- > 0;)
        if (ev->sight[k].stream == stream && ev->now > ev->sight[k].last + ev->hold)
            drop_sight(ev, k);
    return s;
}

/* Ends all of a stream (0: of all), and forgets it. */
static fc_status end_all(fc_events *ev, uint64_t stream, fc_error *err)
{
    fc_status s = FC_OK;

    ev->now = -INFINITY;
    for (size_t i = 0; !s && i < ev->n;) {
        const fc_visit *v = ev->visit[i];
        bool kept = true;
        if (v->state != FC_VISIT_OVER && (!stream || v->stream == stream))
            s = end(ev, i, true, &kept, err);
        i += kept;
    }
    for (size_t i = ev->n; i-- > 0;)
        if (!stream || ev->visit[i]->stream == stream)
            drop(ev, i);
    return s;
}

/* ---- faces ---- */

static fc_status make_room(fc_events *ev, fc_error *err)
{
    size_t oldest = 0;
    bool kept;

    if (ev->n < FC_EVENT_MOST)
        return fc_grow(&ev->visit, ev->n + 1, &ev->cap, sizeof(fc_visit *), err);
    for (size_t i = 1; i < ev->n; i++)
        if ((ev->visit[i]->state == FC_VISIT_OVER) > (ev->visit[oldest]->state == FC_VISIT_OVER) ||
            ((ev->visit[i]->state == FC_VISIT_OVER) == (ev->visit[oldest]->state == FC_VISIT_OVER) &&
             ev->visit[i]->last < ev->visit[oldest]->last))
            oldest = i;
    if (ev->visit[oldest]->state != FC_VISIT_OVER)
        return end(ev, oldest, false, &kept, err);
    drop(ev, oldest);
    return FC_OK;
}

static fc_status begin(fc_events *ev, const fc_moment *m, const fc_tick *tick, uint64_t track,
                       struct sight **out, fc_error *err)
{
    fc_visit *v;
    fc_status s = make_room(ev, err);

    if (ev->nsights >= MOST_SIGHTS)
        drop_sight(ev, 0);
    if (!s)
        s = fc_grow(&ev->sight, ev->nsights + 1, &ev->sight_cap, sizeof *ev->sight, err);
    if (!s)
        s = fc_visit_new(&v, m->stream, tick->stream, track, tick->now, err);
    if (s)
        return s;
    v->unix_time = m->unix_time;
    ev->visit[ev->n++] = v;
    *out = &ev->sight[ev->nsights++];
    **out = (struct sight){.stream = tick->stream, .track = track, .last = tick->now, .visit = v};
    return FC_OK;
}

/* The track with that number; NULL: it is new, or was another one's, of a tracker that began again. */
static struct sight *find_sight(fc_events *ev, uint64_t stream, uint64_t track, const float *e)
{
    for (size_t i = 0; i < ev->nsights; i++) {
        struct sight *at = &ev->sight[i];
        if (at->stream != stream || at->track != track)
            continue;
        if (!e || !at->visit->mean || fc_cosine(e, at->visit->mean, ev->look.dim) >= FC_LOOK_UNLIKE)
            return at;
        drop_sight(ev, i);
        return NULL;
    }
    return NULL;
}

static fc_status see(fc_events *ev, const fc_record *r, size_t i, const fc_moment *m, const fc_tick *tick,
                     json_t *from, fc_error *err)
{
    const json_t *json = fc_record_face(r, i), *track = json_object_get(json, "track");
    struct sight *at;
    fc_face face;
    float *e;
    fc_error why;
    fc_status s;

    if (!json_is_integer(track) || json_integer_value(track) < 1)
        return FC_OK;
    s = fc_record_get_face(r, i, &face, &why);
    if (s)
        return fc_fail(err, s, "faces[%zu]: %s", i, why.message);
    s = fc_look_take(&ev->look, json, i, &e, err);
    if (s)
        return s;
    const uint64_t number = (uint64_t)json_integer_value(track);
    at = find_sight(ev, tick->stream, number, e);
    if (!at)
        s = begin(ev, m, tick, number, &at, err);
    if (!s) {
        at->last = tick->now;
        json_decref(at->visit->from);
        at->visit->from = json_incref(from);
        s = fc_visit_add(at->visit, json, &face, e, ev->look.dim, tick, err);
    }
    free(e);
    return s;
}

/* What is still open of the stream is decided: a name may have come, or patience may have ended. */
static fc_status decide_all(fc_events *ev, uint64_t stream, fc_error *err)
{
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < ev->n;) {
        const size_t before = ev->n;
        if (ev->visit[i]->stream == stream)
            s = decide(ev, ev->visit[i], false, err);
        i += ev->n == before;
    }
    return s;
}

static fc_status take(fc_events *ev, const fc_record *r, const fc_moment *m, json_t *from, fc_error *err)
{
    fc_tick tick;
    fc_status s = fc_streams_tick(&ev->streams, m->stream, m->time, ev->opt.max_age, &tick, err);

    if (!s && (tick.restart || tick.gone))
        s = end_all(ev, tick.gone ? tick.gone : tick.stream, err);
    if (s)
        return s;
    ev->now = tick.now;
    s = age(ev, tick.stream, m->unix_time, err);
    for (size_t i = 0; !s && i < fc_record_face_count(r); i++)
        s = see(ev, r, i, m, &tick, from, err);
    return s ? s : decide_all(ev, tick.stream, err);
}

fc_status fc_events_record(fc_events *ev, const fc_record *r, fc_error *err)
{
    fc_moment m;
    json_t *from;
    fc_status s = fc_moment_of(&m, r, err);

    if (s || !m.stream)
        return s;
    from = fc_moment_from(r);
    s = from ? take(ev, r, &m, from, err) : fc_fail_nomem(err, 0);
    json_decref(from);
    free(m.stream);
    return s;
}

fc_status fc_events_finish(fc_events *ev, fc_error *err)
{
    return end_all(ev, 0, err);
}
