#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "facecheck.h"
#include "match/fuse_names.h"
#include "pipeline/record.h"
#include "items.h"
#include "match.h"
#include "option_rows.h"
#include "output.h"
#include "say.h"

#define AT(field) offsetof(struct match_args, field)
const option people_options[] = {
    ROW_GALLERY(AT(gallery.path), NULL,
                "find the faces among the people of a gallery; all operands are probes"),
    {"candidates", 'k', OPTION_INT, .arg = "N", .at = AT(candidates), .min = 1, .max = 1000,
     .help = "people named for each face, the most similar first (5)"},
    ROW_FPIR(AT(fpir), NULL,
             "with -g: strangers who may get a name, of all strangers; chooses the threshold for the "
             "gallery's number "
             "of people (the rate that it is calibrated for, or 0.01)"),
    ROW_FUSE(AT(fuse), NULL),
    {"unique", .at = AT(unique),
     .help = "nobody is in a picture twice: the assignment of greatest similarity"},
    {"attendance", .at = AT(attendance),
     .help = "instead of the faces, a table of the people: present in any of the pictures, or absent"},
    {"head", .kind = OPTION_FILE, .arg = "HEAD", .at = AT(head),
     .help = "who a face is that the gallery knows: what a head of fc-head-train says"},
    {"knn", .kind = OPTION_FILE, .arg = "MODEL", .at = AT(knn),
     .help = "classify the faces by a model of fc-knn-train; all operands are probes"},
    {0},
};

void match_put_path(json_t *o, const char *key, const json_t *rec)
{
    char b64[32];

    snprintf(b64, sizeof b64, "%s_b64", key);
    if (json_object_get(rec, "src"))
        json_object_set(o, key, json_object_get(rec, "src"));
    else if (json_object_get(rec, "src_b64"))
        json_object_set(o, b64, json_object_get(rec, "src_b64"));
}

json_t *match_score_of(const json_t *rec, size_t face)
{
    json_t *score = json_object_get(json_array_get(json_object_get(rec, "faces"), face), "score");
    return score ? score : json_null();
}

void match_put_score(const json_t *score)
{
    put_number(json_is_number(score) ? json_number_value(score) : NAN);
}

int match_exit_code(int code, size_t probes, size_t matches)
{
    return code != EXIT_DONE || matches ? code : probes ? EXIT_NO : EXIT_PARTLY;
}

fc_status match_write_line(json_t *o, fc_error *err)
{
    fc_record line = {o};
    fc_status s = o ? fc_record_write(&line, stdout, err) : fc_fail_nomem(err, 0);

    fc_record_clear(&line);
    return s;
}

/* ---- without a reference ---- */

fc_status match_open_run(run *r, const struct match_args *args, const char *contract, const char *whose,
                         char **model, char **operands, int n, fc_error *err)
{
    fc_pipeline_plan p = {
        .upto = FC_STAGE_EMBED, .model = args->model, .flip = args->flip, .times = !args->no_timings};
    fc_status s = FC_OK;

    *model = NULL;
    if (args->metric != METRIC_COSINE)
        return fc_fail(err, FC_EUSAGE, "--metric: people are found by " COSINE);
    if (args->threshold > 1)
        return fc_fail(err, FC_EUSAGE, "--threshold: want -1..1 for " COSINE ", got %.15g", args->threshold);
    s = models_open(&r->models, args->common.engine.models, err);
    if (!s && !args->model && !args->flip)
        s = fc_contract_model(r->models, contract, (fc_precision)args->common.engine.precision, model,
                              &p.flip, err);
    if (!p.model)
        p.model = *model ? *model : FC_DEFAULT_MODEL;
    if (!s)
        s = run_open(r, &p, operands, n, err);
    if (!s && *contract && strcmp(fc_stages_model(r->stages)->contract, contract))
        s = fc_fail(err, FC_ECONTRACT, "%s holds embeddings of %s, and this run makes those of %s", whose,
                    contract, fc_stages_model(r->stages)->contract);
    return s;
}

fc_status match_vectors(const fc_item *it, size_t dim, float **out, size_t *n, fc_error *err)
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

json_t *match_new_line(const fc_item *it, size_t face)
{
    const json_t *f = fc_record_face(&it->rec, face);
    json_t *o = json_object();

    json_object_set_new(o, "v", json_integer(1));
    match_put_path(o, "probe", it->rec.json);
    json_object_set_new(o, "face", json_integer((json_int_t)face));
    if (json_object_get(f, "box"))
        json_object_set(o, "box", json_object_get(f, "box"));
    return o;
}

void match_end_line(json_t *o, const struct match_args *args, const fc_item *it, size_t face)
{
    const json_t *f = fc_record_face(&it->rec, face);

    json_object_set(o, "model", json_object_get(json_object_get(f, "embedding"), "model"));
    json_object_set(o, "probe_score", match_score_of(it->rec.json, face));
    if (args->no_timings)
        return;
    json_object_set(o, "ms", json_object_get(it->rec.json, "ms"));
    if (json_object_get(it->rec.json, "engine"))
        json_object_set(o, "engine", json_object_get(it->rec.json, "engine"));
}

fc_status match_no_faces(const struct match_args *args, const fc_item *it, bool *done, fc_error *err)
{
    const bool quiet = args->common.run.quiet;
    const bool table = args->format == MATCH_TSV || args->attendance;

    *done = it->failed || fc_record_face_count(&it->rec) == 0;
    if (it->failed && table) {
        say_old_fault(it, quiet);
    } else if (it->failed) {
        json_t *o = json_object();
        json_object_set_new(o, "v", json_integer(1));
        match_put_path(o, "probe", it->rec.json);
        json_object_set(o, "error", json_object_get(it->rec.json, "error"));
        return match_write_line(o, err);
    } else if (*done && !quiet) {
        char *path = record_path_or_end(&it->rec);
        say("%s: no face", path ? path : it->in.path);
        free(path);
    }
    return FC_OK;
}
