#include "track/visit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/error.h"
#include "base/text.h"

enum { LARGEST_CROP = 256 };

/* "SECONDS-HASH": the same for the same input. */
static fc_status make_id(fc_visit *v, const char *key, fc_error *err)
{
    char hex[FC_SHA256_HEX];
    char *what = fc_text_format("%s %llu %.6f", key, (unsigned long long)v->track, v->first);

    if (!what)
        return fc_fail_nomem(err, 0);
    fc_sha256_hex(hex, what, strlen(what));
    snprintf(v->id, sizeof v->id, "%.3f-%.8s", v->first, hex);
    free(what);
    return FC_OK;
}

fc_status fc_visit_new(fc_visit **out, const char *key, uint64_t stream, uint64_t track, double now,
                       fc_error *err)
{
    fc_visit *v = calloc(1, sizeof *v);
    fc_status s;

    *out = NULL;
    if (!v)
        return fc_fail_nomem(err, sizeof *v);
    *v = (fc_visit){.stream = stream, .track = track, .first = now, .last = now, .similarity = NAN};
    s = make_id(v, key, err);
    if (s)
        fc_visit_free(v);
    else
        *out = v;
    return s;
}

void fc_visit_free(fc_visit *v)
{
    if (!v)
        return;
    json_decref(v->from);
    json_decref(v->face);
    fc_best_clear(&v->best);
    free(v->mean);
    free(v->name);
    free(v);
}

/* The face without its embedding, which is in the mean, and without a crop that is too large to be kept. */
static json_t *keep_face(const json_t *face)
{
    json_t *copy = json_copy((json_t *)face); /* its values are shared */
    const json_t *crop = json_object_get(face, "crop");

    json_object_del(copy, "embedding");
    if (json_integer_value(json_object_get(crop, "w")) > LARGEST_CROP ||
        json_integer_value(json_object_get(crop, "h")) > LARGEST_CROP)
        json_object_del(copy, "crop");
    return copy;
}

static fc_status update_mean(fc_visit *v, size_t dim, fc_error *err)
{
    if (!v->mean && !(v->mean = calloc(dim, sizeof *v->mean)))
        return fc_fail_nomem(err, dim * sizeof *v->mean);
    if (!fc_best_mean(&v->best, dim, v->mean)) {
        free(v->mean);
        v->mean = NULL;
    }
    v->changed = true;
    return FC_OK;
}

/* What recent is when last_frame is that one. */
static uint64_t recent_at(const fc_visit *v, uint64_t frame)
{
    const uint64_t past = frame - v->last_frame;

    return past < 64 ? v->recent << past : 0;
}

/* Each frame is counted once, however many faces it has. */
static void count_frame(fc_visit *v, uint64_t frame)
{
    v->frames += frame != v->last_frame;
    v->recent = recent_at(v, frame) | 1;
    v->last_frame = frame;
}

static void join_frames(fc_visit *v, const fc_visit *from)
{
    const uint64_t last = from->last_frame > v->last_frame ? from->last_frame : v->last_frame;
    const uint64_t a = recent_at(v, last), b = recent_at(from, last);

    v->frames += from->frames - (size_t)__builtin_popcountll(a & b);
    v->recent = a | b;
    v->last_frame = last;
}

fc_status fc_visit_add(fc_visit *v, const json_t *json, const fc_face *face, const float *e, size_t dim,
                       const fc_tick *tick, fc_error *err)
{
    const double weight = fc_face_weight(json, face);
    bool changed = false;
    fc_status s = FC_OK;

    v->faces++;
    v->last = fmax(v->last, tick->now);
    count_frame(v, tick->frame);
    if (!v->face || weight > v->weight) {
        json_t *kept = keep_face(json);
        if (!kept)
            return fc_fail_nomem(err, 0);
        json_decref(v->face);
        v->face = kept;
        v->weight = weight;
    }
    if (e)
        s = fc_best_add(&v->best, e, dim, weight, &changed, err);
    return !s && changed ? update_mean(v, dim, err) : s;
}

fc_status fc_visit_join(fc_visit *v, const fc_visit *from, size_t dim, fc_error *err)
{
    bool any = false, changed;
    fc_status s = FC_OK;

    v->faces += from->faces;
    v->last = fmax(v->last, from->last);
    join_frames(v, from);
    v->track = from->track;
    if (from->face && from->weight > v->weight) {
        json_decref(v->face);
        v->face = json_incref(from->face);
        v->weight = from->weight;
    }
    for (size_t i = 0; !s && i < from->best.n; i++) {
        s = fc_best_add(&v->best, from->best.e + i * dim, dim, from->best.weight[i], &changed, err);
        any |= changed;
    }
    return !s && any ? update_mean(v, dim, err) : s;
}

void fc_visit_end(fc_visit *v)
{
    v->state = FC_VISIT_OVER;
    fc_best_clear(&v->best);
    json_decref(v->face);
    json_decref(v->from);
    v->face = v->from = NULL;
}
