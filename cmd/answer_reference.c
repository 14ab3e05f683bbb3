/* Probes compared with a reference. */
#include <math.h>
#include <stdlib.h>

#include "answer.h"
#include "base/clock.h"
#include "base/error.h"
#include "items.h"
#include "pipeline/record.h"

/* What went wrong with the reference ends the run. */
static fc_status reference_fault(const fc_item *it, const char *path, fc_error *err)
{
    const json_t *fault = json_object_get(it->rec.json, "error");

    if (it->failed_here)
        return fc_fail(err, it->fault.status, "%s", it->fault.message);
    if (it->failed)
        return fc_fail(err, FC_EFACES, "the reference's record is a failure: %s",
                       json_string_value(json_object_get(fault, "message")));
    if (fc_record_face_count(&it->rec) == 0)
        return fc_fail(err, FC_EFACES, "%s: no face to compare with", path);
    return FC_OK;
}

fc_status reference_take(struct reference *r, const fc_item *it, const char *path, fc_error *err)
{
    const char *contract;
    fc_status s = reference_fault(it, path, err);

    if (!s)
        s = fc_item_embedding(it, 0, &contract, &r->vector, &r->dim, err);
    r->rec = json_incref(it->rec.json);
    return s;
}

void reference_clear(struct reference *r)
{
    json_decref(r->rec);
    free(r->vector);
    *r = (struct reference){0};
}

fc_status comparison_threshold(double *out, double asked, int metric, double of_model, const char *name,
                               fc_error *err)
{
    const bool cosine = metric == METRIC_COSINE;
    double t = asked;

    if (isnan(t)) {
        if (isnan(of_model))
            return fc_fail(err, FC_EMODEL, "the model states no threshold; give one with %s", name);
        t = cosine ? of_model : fc_distance_at(of_model);
    }
    if (cosine ? t > 1 : t < 0)
        return fc_fail(err, FC_EUSAGE, "%s: want %s for %s, got %.15g", name, cosine ? "-1..1" : "0..2",
                       metric_names[metric], t);
    *out = fc_decimal(t);
    return FC_OK;
}

bool comparison_has_parts(const struct comparison *c)
{
    return c->model && c->model->parts;
}

/* One behind the other in the vectors. */
static void compare_parts(struct compared *d, const struct reference *r, const fc_model_facts *m,
                          const float *probe)
{
    size_t at = 0;

    for (int i = 0; i < m->parts; i++) {
        const size_t dim = (size_t)m->part[i].dim;
        d->part[i] = fc_decimal(fc_cosine(r->vector + at, probe + at, dim));
        at += dim;
    }
}

static struct compared decide(const struct reference *r, const struct comparison *c, const float *probe)
{
    struct compared d = {0};
    double start = fc_now_ms();

    d.similarity = fc_decimal(fc_cosine(r->vector, probe, r->dim));
    d.distance =
        fc_decimal(c->metric == METRIC_COSINE ? 1 - d.similarity : fc_euclidean(r->vector, probe, r->dim));
    d.match = c->metric == METRIC_COSINE ? fc_accepts(d.similarity, c->threshold)
                                         : fc_accepts_distance(d.distance, c->threshold);
    if (comparison_has_parts(c))
        compare_parts(&d, r, c->model, probe);
    d.ms = fc_now_ms() - start;
    return d;
}

fc_status reference_compare(const struct reference *r, const struct comparison *c, const fc_item *it,
                            size_t face, struct compared *out, fc_error *err)
{
    const char *contract;
    float *vector;
    size_t dim;
    fc_status s = fc_item_embedding(it, face, &contract, &vector, &dim, err);

    if (s)
        return s;
    if (dim != r->dim)
        s = fc_fail(err, FC_ECONTRACT, "%s: faces[%zu]: an embedding of %zu numbers, the reference's has %zu",
                    it->in.path, face, dim, r->dim);
    else
        *out = decide(r, c, vector);
    free(vector);
    return s;
}

static json_t *new_line(const struct reference *r, const fc_item *it)
{
    json_t *o = json_object();

    json_object_set_new(o, "v", json_integer(1));
    copy_path(o, "ref", r->rec);
    copy_picture(o, "probe", it->rec.json);
    return o;
}

json_t *reference_failed(const struct reference *r, const fc_item *it)
{
    json_t *o = new_line(r, it);

    json_object_set(o, "error", json_object_get(it->rec.json, "error"));
    return o;
}

static json_t *parts_json(const fc_model_facts *m, const struct compared *d)
{
    json_t *parts = json_array();

    for (int i = 0; i < m->parts; i++)
        json_array_append_new(parts, json_pack("{s:s,s:f,s:f}", "model", m->part[i].contract, "share",
                                               fc_decimal(m->part[i].share), "similarity", d->part[i]));
    return parts;
}

json_t *reference_line(const struct reference *r, const struct comparison *c, const fc_item *it, size_t face,
                       const struct compared *d)
{
    const json_t *f = fc_record_face(&it->rec, face);
    json_t *o = new_line(r, it), *ms;

    json_object_set_new(o, "face", json_integer((json_int_t)face));
    if (json_object_get(f, "box"))
        json_object_set(o, "box", json_object_get(f, "box"));
    json_object_set_new(o, "match", json_boolean(d->match));
    json_object_set_new(o, "similarity", json_real(d->similarity));
    json_object_set_new(o, "distance", json_real(d->distance));
    json_object_set_new(o, "metric", json_string(metric_names[c->metric]));
    json_object_set_new(o, "threshold", json_real(c->threshold));
    json_object_set(o, "model", json_object_get(json_object_get(f, "embedding"), "model"));
    if (comparison_has_parts(c))
        json_object_set_new(o, "parts", parts_json(c->model, d));
    json_object_set(o, "ref_score", answer_score_of(r->rec, 0));
    json_object_set(o, "probe_score", answer_score_of(it->rec.json, face));
    if (c->timings) {
        ms = json_pack("{s:O*,s:O*,s:f}", "ref", json_object_get(r->rec, "ms"), "probe",
                       json_object_get(it->rec.json, "ms"), "match", fc_decimal(d->ms));
        json_object_set_new(o, "ms", ms);
        if (json_object_get(it->rec.json, "engine"))
            json_object_set(o, "engine", json_object_get(it->rec.json, "engine"));
    }
    return o;
}
