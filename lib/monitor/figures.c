#include "monitor/figures.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/json.h"
#include "monitor/figures_impl.h"

const char *const fc_figures_stages[] = {"decode", "detect", "align", "embed", "quality", "match", NULL};

double fc_figures_number(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);

    return json_is_number(v) ? json_number_value(v) : NAN;
}

double fc_figures_width(const json_t *face)
{
    const json_t *width = json_array_get(json_object_get(face, "box"), 2);

    return json_is_number(width) ? json_number_value(width) : NAN;
}

struct picture fc_figures_read_picture(const fc_figures *f, const json_t *record)
{
    const json_t *error = json_object_get(record, "error");
    const char *code = json_string_value(json_object_get(error, "code")); /* whatever it says, one of ours */
    const size_t faces = json_array_size(json_object_get(record, "faces"));

    return (struct picture){.camera = fc_json_text(record, "camera"),
                            .result = error   ? "error"
                                      : faces ? "faces"
                                              : "none",
                            .code = error ? fc_status_name(fc_status_named(code)) : "",
                            .faces = faces,
                            .time = fc_figures_number(record, "time"),
                            .ms = f->how.timings ? json_object_get(record, "ms") : NULL};
}

struct decision fc_figures_read_decision(const fc_figures *f, const json_t *record, const json_t *line)
{
    const json_t *ms = json_object_get(line, "ms");
    const bool match = json_is_true(json_object_get(line, "match"));
    /* Of a comparison with a reference they are the face's own; else the picture's. */
    const bool own_ms = f->how.timings && json_object_get(ms, "ref");

    return (struct decision){.camera = fc_json_text(record, "camera"),
                             .decision = match ? "match" : "no_match",
                             .person = match && f->how.tag_person ? fc_json_text(line, "id") : "",
                             .contract = fc_json_text(line, "model"),
                             .engine = f->how.timings ? fc_json_text(line, "engine") : "",
                             .time = fc_figures_number(record, "time"),
                             .similarity = fc_figures_number(line, "similarity"),
                             .distance = fc_figures_number(line, "distance"),
                             .score = fc_figures_number(line, "score"),
                             .threshold = fc_figures_number(line, "threshold"),
                             .width = fc_figures_width(line),
                             .match_ms = own_ms ? fc_figures_number(ms, "match") : NAN};
}

/* ---- in either form ---- */

fc_status fc_figures_open(fc_figures **out, const fc_figures_options *o, fc_error *err)
{
    fc_figures *f = calloc(1, sizeof *f);
    fc_status s;

    *out = NULL;
    if (!f)
        return fc_fail_nomem(err, sizeof *f);
    f->how = *o;
    f->to.out = o->out;
    s = o->form == FC_FIGURES_PROM ? fc_figures_prom_open(f, err) : FC_OK;
    if (s)
        free(f);
    else
        *out = f;
    return s;
}

void fc_figures_people(fc_figures *f, size_t people)
{
    if (f->how.form == FC_FIGURES_PROM)
        fc_figures_prom_people(f, people);
}

fc_status fc_figures_picture(fc_figures *f, const json_t *record, fc_error *err)
{
    const struct picture p = fc_figures_read_picture(f, record);

    if (f->how.form == FC_FIGURES_INFLUX)
        return fc_figures_influx_picture(f, &p, err);
    fc_figures_prom_picture(f, &p);
    return fc_figure_check(&f->to, err);
}

fc_status fc_figures_decision(fc_figures *f, const json_t *record, const json_t *line, fc_error *err)
{
    const struct decision d = fc_figures_read_decision(f, record, line);

    if (f->how.form == FC_FIGURES_INFLUX)
        return fc_figures_influx_decision(f, &d, err);
    fc_figures_prom_decision(f, &d);
    return FC_OK;
}

fc_status fc_figures_close(fc_figures *f, fc_error *err)
{
    fc_status s;

    if (!f)
        return FC_OK;
    s = fc_figure_close(&f->to, err);
    free(f);
    return s;
}
