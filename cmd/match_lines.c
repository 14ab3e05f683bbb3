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
    ROW_OWN_GALLERY(AT(gallery.path),
                    "find the faces among the people of a gallery; all operands are probes"),
    {"candidates", 'k', OPTION_INT, .arg = "N", .at = AT(candidates), .min = 1, .max = 1000,
     .help = "people named for each face, the most similar first (5)"},
    ROW_FPIR_AS(AT(fpir), NULL, OPTION_APART,
                "with -g: strangers who may get a name, of all strangers; chooses the threshold for the "
                "gallery's number "
                "of people (the rate that it is calibrated for, or 0.01)"),
    ROW_FUSE(AT(fuse), NULL),
    {"unique", .at = AT(unique), .role = OPTION_APART,
     .help = "nobody is in a picture twice: the assignment of greatest similarity"},
    {"attendance", .at = AT(attendance), .role = OPTION_APART,
     .help = "instead of the faces, a table of the people: present in any of the pictures, or absent"},
    {"head", .kind = OPTION_FILE, .arg = "HEAD", .at = AT(head), .role = OPTION_APART,
     .help = "who a face is that the gallery knows: what a head of fc-head-train says"},
    {"knn", .kind = OPTION_FILE, .arg = "MODEL", .at = AT(knn), .role = OPTION_APART,
     .help = "classify the faces by a model of fc-knn-train; all operands are probes"},
    {"classify", .kind = OPTION_FILE, .arg = "MODEL", .at = AT(classify), .role = OPTION_APART,
     .help = "classify the faces by a model of fc-finetune, which embeds them, too; all operands are probes"},
    {0},
};

void match_put_score(const json_t *score)
{
    put_number(json_is_number(score) ? json_number_value(score) : NAN);
}

int match_exit_code(int code, size_t probes, size_t matches)
{
    return code != EXIT_DONE || matches ? code : probes ? EXIT_NO : EXIT_PARTLY;
}

static bool wants_figures(const struct match_args *args)
{
    return args->format == MATCH_INFLUX || args->format == MATCH_PROM;
}

fc_status match_begin(const struct match_args *args, const char *header, fc_error *err)
{
    const fc_figures_options o = {.form = args->format == MATCH_PROM ? FC_FIGURES_PROM : FC_FIGURES_INFLUX,
                                  .out = stdout,
                                  .path = args->output,
                                  .tag_person = args->tag_person,
                                  .timings = !args->no_timings};

    if (args->format == MATCH_TSV)
        fputs(header, stdout);
    return wants_figures(args) ? fc_figures_open(args->figures, &o, err) : FC_OK;
}

int match_end(const struct match_args *args, int code)
{
    fc_error err;
    fc_status s = fc_figures_close(*args->figures, &err);

    *args->figures = NULL;
    return s && code != EXIT_BROKEN ? say_error(&err) : code;
}

fc_status match_count_picture(const struct match_args *args, const fc_item *it, fc_error *err)
{
    return wants_figures(args) ? fc_figures_picture(*args->figures, it->rec.json, err) : FC_OK;
}

fc_status match_write_line(const struct match_args *args, const fc_item *it, json_t *o, fc_error *err)
{
    fc_record line = {o};
    fc_status s = o ? FC_OK : fc_fail_nomem(err, 0);

    if (!s && !wants_figures(args))
        s = fc_record_write(&line, stdout, err);
    else if (!s)
        s = fc_figures_decision(*args->figures, it->rec.json, o, err);
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

void match_say_no_face(const struct match_args *args, const fc_item *it)
{
    if (args->common.run.quiet || fc_record_is_frame(&it->rec))
        return;
    char *path = record_path_or_end(&it->rec);
    say("%s: no face", path ? path : it->in.path);
    free(path);
}

fc_status match_no_faces(const struct match_args *args, const fc_item *it, bool *done, fc_error *err)
{
    const bool table = args->format != MATCH_JSON || args->attendance;
    fc_status s;

    *done = it->failed || fc_record_face_count(&it->rec) == 0;
    if (it->away)
        return table ? FC_OK : fc_record_write(&it->rec, stdout, err);
    s = match_count_picture(args, it, err);
    if (s)
        return s;
    if (it->failed && table) {
        say_old_fault(it, args->common.run.quiet);
    } else if (it->failed) {
        s = match_write_line(args, it, answer_failed(it), err);
    } else if (*done) {
        match_say_no_face(args, it);
    }
    return s;
}
