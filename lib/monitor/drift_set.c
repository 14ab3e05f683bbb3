/* The samples that lines hold. */
#include <math.h>
#include <stdlib.h>

#include "base/grow.h"
#include "monitor/drift.h"
#include "monitor/drift_names.h"
#include "monitor/figures_impl.h"
#include "pipeline/json_lines.h"

const char *const fc_drift_names[] = FC_NAMES_TABLE(FC_DRIFT_VALUES);

void fc_drift_set_clear(fc_drift_set *s)
{
    for (size_t i = 0; i < FC_DRIFT_N; i++)
        free(s->value[i].v);
    *s = (fc_drift_set){0};
}

/* NAN is no sample. */
static fc_status add(fc_drift_set *s, fc_drift_value what, double v, fc_error *err)
{
    struct fc_drift_samples *x = &s->value[what];

    if (!isfinite(v))
        return FC_OK;
    if (fc_grow(&x->v, x->n + 1, &x->cap, sizeof *x->v, err))
        return FC_ENOMEM;
    x->v[x->n++] = v;
    return FC_OK;
}

static fc_status add_times(fc_drift_set *s, const json_t *ms, fc_error *err)
{
    static const struct {
        const char *name;
        fc_drift_value value;
    } stage[] = {{"decode", FC_DRIFT_DECODE},
                 {"detect", FC_DRIFT_DETECT},
                 {"align", FC_DRIFT_ALIGN},
                 {"embed", FC_DRIFT_EMBED}};
    double sum = 0;
    fc_status status = FC_OK;
    bool any = false;

    for (size_t i = 0; !status && i < sizeof stage / sizeof *stage; i++) {
        const double v = fc_figures_number(ms, stage[i].name);
        if (isnan(v))
            continue;
        sum += v;
        any = true;
        status = add(s, stage[i].value, v, err);
    }
    return status ? status : add(s, FC_DRIFT_TOTAL, any ? sum : NAN, err);
}

static fc_status add_face(fc_drift_set *s, const json_t *face, fc_error *err)
{
    const json_t *quality = json_object_get(face, "quality");
    fc_status status = add(s, FC_DRIFT_SCORE, fc_figures_number(face, "score"), err);

    if (!status)
        status = add(s, FC_DRIFT_FACE, fc_figures_width(face), err);
    if (!status)
        status = add(s, FC_DRIFT_SHARPNESS, fc_figures_number(quality, "sharpness"), err);
    return status ? status : add(s, FC_DRIFT_EYES, fc_figures_number(quality, "eye_distance"), err);
}

static fc_status add_record(fc_drift_set *s, const json_t *line, fc_error *err)
{
    const json_t *faces = json_object_get(line, "faces");
    const size_t n = json_array_size(faces);
    fc_status status = add(s, FC_DRIFT_FACES, (double)n, err);

    s->pictures++;
    s->faceless += n == 0;
    for (size_t i = 0; !status && i < n; i++)
        status = add_face(s, json_array_get(faces, i), err);
    return status ? status : add_times(s, json_object_get(line, "ms"), err);
}

/* The times of a line are its picture's, and counted for the first of its faces. */
static fc_status add_decision(fc_drift_set *s, const json_t *line, fc_error *err)
{
    const json_t *ms = json_object_get(line, "ms"), *of_probe = json_object_get(ms, "probe");
    const bool match = json_is_true(json_object_get(line, "match"));
    const double similarity = fc_figures_number(line, "similarity");
    fc_status status = add(s, FC_DRIFT_SIMILARITY, similarity, err);

    s->decided++;
    s->matched += match;
    if (!status)
        status = add(s, match ? FC_DRIFT_MATCH : FC_DRIFT_NO_MATCH, similarity, err);
    if (!status)
        status = add(s, FC_DRIFT_SCORE, fc_figures_number(line, "probe_score"), err);
    if (!status)
        status = add(s, FC_DRIFT_FACE, fc_figures_width(line), err);
    if (!status && json_integer_value(json_object_get(line, "face")) == 0)
        status = add_times(s, of_probe ? of_probe : ms, err);
    return status;
}

fc_status fc_drift_set_add(fc_drift_set *s, const json_t *line, fc_error *err)
{
    s->lines++;
    if (json_object_get(line, "error"))
        s->failed++;
    else if (json_is_boolean(json_object_get(line, "match")))
        return add_decision(s, line, err);
    else if (json_is_array(json_object_get(line, "faces")))
        return add_record(s, line, err);
    return FC_OK;
}

fc_status fc_drift_set_read(fc_drift_set *s, const char *path, fc_error *err)
{
    fc_reader in;
    json_t *line;
    fc_status status = fc_reader_open(&in, path, -1, err);

    if (status)
        return status;
    while (!(status = fc_json_line(&in, &line, NULL, err))) {
        status = fc_drift_set_add(s, line, err);
        json_decref(line);
        if (status)
            break;
    }
    fc_reader_close(&in);
    return status == FC_END ? FC_OK : status;
}
