#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "items.h"
#include "pipeline/record.h"

const char *const metric_names[] = FC_NAMES_TABLE(METRICS);

json_t *answer_score_of(const json_t *rec, size_t face)
{
    json_t *score = json_object_get(json_array_get(json_object_get(rec, "faces"), face), "score");
    return score ? score : json_null();
}

json_t *answer_begin(const fc_item *it, size_t face)
{
    const json_t *f = fc_record_face(&it->rec, face);
    json_t *o = json_object();

    json_object_set_new(o, "v", json_integer(1));
    copy_picture(o, "probe", it->rec.json);
    json_object_set_new(o, "face", json_integer((json_int_t)face));
    if (json_object_get(f, "box"))
        json_object_set(o, "box", json_object_get(f, "box"));
    return o;
}

void answer_end(json_t *o, bool timings, const fc_item *it, size_t face)
{
    const json_t *f = fc_record_face(&it->rec, face);

    json_object_set(o, "model", json_object_get(json_object_get(f, "embedding"), "model"));
    json_object_set(o, "probe_score", answer_score_of(it->rec.json, face));
    if (!timings)
        return;
    json_object_set(o, "ms", json_object_get(it->rec.json, "ms"));
    if (json_object_get(it->rec.json, "engine"))
        json_object_set(o, "engine", json_object_get(it->rec.json, "engine"));
}

json_t *answer_failed(const fc_item *it)
{
    json_t *o = json_object();

    json_object_set_new(o, "v", json_integer(1));
    copy_picture(o, "probe", it->rec.json);
    json_object_set(o, "error", json_object_get(it->rec.json, "error"));
    return o;
}

fc_status answer_vectors(const fc_item *it, size_t dim, float **out, size_t *n, fc_error *err)
{
    fc_status s = FC_OK;

    *n = fc_record_face_count(&it->rec);
    *out = calloc(*n * dim + 1, sizeof **out);
    if (!*out)
        return fc_fail_nomem(err, *n * dim * sizeof **out);
    for (size_t i = 0; !s && i < *n; i++) {
        const char *contract;
        float *e;
        size_t has;
        s = fc_item_embedding(it, i, &contract, &e, &has, err);
        if (s)
            break;
        if (has != dim)
            s = fc_fail(err, FC_ECONTRACT, "%s: faces[%zu]: an embedding of %zu numbers, want %zu",
                        it->in.path, i, has, dim);
        else
            memcpy(*out + i * dim, e, dim * sizeof *e);
        free(e);
    }
    if (s) {
        free(*out);
        *out = NULL;
    }
    return s;
}
