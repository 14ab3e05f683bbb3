/* The mission's endpoints, with its names: /photo_match (/identity) and /cached_data. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "pipeline/record.h"
#include "serve.h"
#include "serve/vector.h"

/* How two faces are compared here: by their distance, a match up to the threshold. */
struct asked {
    int metric;
    double threshold;
};

static fc_status read_asked(struct request *r, struct asked *a, fc_error *err)
{
    /* what is sent for type is one of the first; the answer's score_type has always been the second */
    static const char *const types[] = {"",  "cosine", "cosine distance", "euclidean", "euclidean distance",
                                        NULL};
    const double of_model = fc_stages_model(r->serve->stages)->threshold;
    int type = 0;
    fc_status s = fc_form_choice(&r->form, "type", types, &type, err);

    a->metric = type >= 3 ? METRIC_EUCLIDEAN : METRIC_COSINE;
    a->threshold = a->metric == METRIC_EUCLIDEAN ? fc_distance_at(of_model) : 1 - of_model;
    if (!s)
        s = fc_form_real(&r->form, "threshold", 0, 2, &a->threshold, err);
    if (!s && isnan(a->threshold))
        s = fc_fail(err, FC_EMODEL, "the model states no threshold; give one as threshold");
    a->threshold = fc_decimal(a->threshold);
    return s;
}

/* The best match of all faces comes first in the answer. */
static fc_status compare_faces(const struct asked *a, const struct reference *ref, const fc_item *it,
                               json_t *o, fc_error *err)
{
    const struct comparison how = {.metric = a->metric};
    const size_t n = fc_record_face_count(&it->rec);
    json_t *faces = json_array();
    double best = INFINITY, similarity = NAN;
    fc_status s = n ? FC_OK : fc_fail(err, FC_EFACES, "sample: no face in the picture");

    for (size_t i = 0; !s && i < n; i++) {
        const json_t *face = fc_record_face(&it->rec, i);
        struct compared d;
        s = reference_compare(ref, &how, it, i, &d, err);
        if (s)
            break;
        if (d.distance < best) {
            best = d.distance;
            similarity = d.similarity;
        }
        json_array_append_new(faces, json_pack("{s:i,s:O*,s:O,s:b,s:f,s:f}", "face", (int)i, "box",
                                               json_object_get(face, "box"), "detection_probability",
                                               answer_score_of(it->rec.json, i), "match_status",
                                               fc_accepts_distance(d.distance, a->threshold), "score",
                                               d.distance, "similarity", d.similarity));
    }
    if (!s) {
        json_object_set_new(o, "match_status", json_integer(fc_accepts_distance(best, a->threshold)));
        json_object_set_new(o, "score", json_real(best));
        json_object_set_new(
            o, "score_type",
            json_string(a->metric == METRIC_EUCLIDEAN ? "euclidean distance" : "cosine distance"));
        json_object_set_new(o, "score_threshold", json_real(a->threshold));
        json_object_set_new(o, "similarity", json_real(similarity));
    }
    json_object_set_new(o, "faces", faces);
    return s;
}

static fc_status take_file(const struct request *r, const char *name, const fc_form_part **out, fc_error *err)
{
    *out = fc_form_find(&r->form, name);
    return *out ? FC_OK : fc_fail(err, FC_EUSAGE, "no file '%s' in the request", name);
}

static fc_status look(struct request *r, int worker, const fc_form_part *file, fc_face_choice choice,
                      fc_item **out, const char **stage, fc_error *err)
{
    const struct passage how = {.upto = FC_STAGE_EMBED, .choice = choice, .timings = true};
    fc_status s = serve_one_item(r, worker, file, &how, out, err);

    if (s || !(*out)->failed)
        return s;
    serve_item_fault(*out, stage, err);
    return err->status;
}

/* Ends the answer. */
static fc_status answer(struct request *r, const struct asked *a, const struct reference *ref, int worker,
                        const fc_form_part *sample, double start, const char **stage, fc_error *err)
{
    json_t *o = json_object();
    fc_item *it = NULL;
    fc_status s = look(r, worker, sample, (fc_face_choice)r->serve->args->detect.faces, &it, stage, err);

    if (!s) {
        *stage = "detect";
        s = compare_faces(a, ref, it, o, err);
    }
    if (!s) {
        json_object_set(o, "reference_detection_probability", answer_score_of(ref->rec, 0));
        json_object_set_new(o, "model", json_string(fc_stages_model(r->serve->stages)->contract));
        json_object_set_new(o, "inferencing_latency(ms)", json_real(fc_decimal(fc_now_ms() - start)));
        r->reply.status = 200;
        r->reply.type = "application/json";
        s = fc_reply_add_line(&r->reply, o, err);
    } else {
        json_decref(o);
    }
    fc_item_free(it);
    return s;
}

fc_status serve_photo_match(struct request *r, int worker, const char **stage, fc_error *err)
{
    const double start = fc_now_ms();
    const fc_form_part *reference, *sample;
    struct reference ref = {0};
    struct asked a;
    fc_item *it = NULL;
    fc_status s = read_asked(r, &a, err);

    if (!s)
        s = take_file(r, "reference", &reference, err);
    if (!s)
        s = take_file(r, "sample", &sample, err);
    if (!s)
        s = look(r, worker, reference, FC_FACES_BEST, &it, stage, err);
    if (!s) {
        *stage = "detect";
        s = reference_take(&ref, it, "reference", err);
    }
    fc_item_free(it);
    if (!s)
        s = answer(r, &a, &ref, worker, sample, start, stage, err);
    reference_clear(&ref);
    return s;
}

/* The stored embedding: a record's, or a vector alone, of which only the length tells whether it can be compared. */
static fc_status take_cached(struct request *r, int worker, const fc_form_part *file, struct reference *ref,
                             const char **stage, fc_error *err)
{
    const fc_model_facts *model = fc_stages_model(r->serve->stages);
    fc_item *it = NULL;
    fc_status s;

    if (!fc_vector_is(file->data, file->n)) {
        s = look(r, worker, file, FC_FACES_BEST, &it, stage, err);
        if (!s)
            s = reference_take(ref, it, "reference", err);
        fc_item_free(it);
        return s;
    }
    s = fc_vector_read(&ref->vector, &ref->dim, file->data, file->n, "reference", err);
    if (!s && ref->dim != (size_t)model->dim)
        s = fc_fail(err, FC_ECONTRACT, "reference: an embedding of %zu numbers; those of '%s' have %d",
                    ref->dim, model->contract, model->dim);
    return s;
}

fc_status serve_cached_data(struct request *r, int worker, const char **stage, fc_error *err)
{
    const double start = fc_now_ms();
    const fc_form_part *reference, *sample;
    struct reference ref = {0};
    struct asked a;
    fc_status s = read_asked(r, &a, err);

    if (!s)
        s = take_file(r, "reference", &reference, err);
    if (!s)
        s = take_file(r, "sample", &sample, err);
    if (!s) {
        *stage = "reference";
        s = take_cached(r, worker, reference, &ref, stage, err);
    }
    if (!s)
        s = answer(r, &a, &ref, worker, sample, start, stage, err);
    reference_clear(&ref);
    return s;
}
