/* fc-match: are these the same person? */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "option_rows.h"
#include "facecheck.h"
#include "pipeline/record.h"
#include "items.h"
#include "match.h"
#include "match_socket.h"
#include "output.h"
#include "run.h"
#include "say.h"

static const char *const formats[] = {"json", "tsv", "influx", "prom", NULL};
static const char *const stage_names[] = {"decode", "detect", "align", "embed"};

static fc_figures *figures;
static struct match_args args = {.figures = &figures,
                                 .common = COMMON_ARGS_DEFAULTS,
                                 .common.input.videos = true,
                                 .threshold = NAN,
                                 .fpir = NAN,
                                 .candidates = 5};

#define AT(field) offsetof(struct match_args, field)
static const option own_options[] = {
    {"metric", .kind = OPTION_CHOICE, .arg = "METRIC", .at = AT(metric), .choices = metric_names,
     .help = COSINE " (similarity, a match from the threshold up) or " EUCLIDEAN
                    " (distance, a match up to it) (" COSINE ")"},
    {"threshold", .kind = OPTION_REAL, .arg = "X", .at = AT(threshold), .min = -1, .max = 2,
     .help = "where the metric decides (the model's; with -g, what --fpir takes)"},
    ROW_MODEL(AT(model), "the one that a reference's record names, else " FC_DEFAULT_MODEL),
    ROW_FLIP(AT(flip)),
    ROW_FORMAT(AT(format), formats,
               "json (an object a face), tsv (a line a face, under a header), influx (points of "
               "InfluxDB, a line each) or prom (figures for Prometheus) (json)"),
    ROW_FIGURES_OUTPUT(AT(output)),
    ROW_TAG_PERSON(AT(tag_person)),
    {"no-timings", .at = AT(no_timings), .help = "leave the milliseconds out, so that the output repeats"},
    {0},
};

static const option_group groups[] = {{"Decision", own_options, &args},
                                      {"People", people_options, &args},
                                      {"Sealed galleries", key_options, &args.gallery},
                                      CACHE_GROUP(args.common),
                                      VIDEO_GROUP(args.common),
                                      COMMON_GROUPS(args.common),
                                      {0}};

static const program self = {
    .name = "fc-match",
    .summary = "Compare the faces of pictures with a reference, or with the people of a gallery.",
    .operands =
        "REF [FILE|DIR|URL|-]... | -g GALLERY [FILE|DIR|URL|-]... | --knn MODEL [FILE|DIR|URL|-]... | "
        "--classify MODEL [FILE|DIR|URL|-]...",
    .operand = OPTION_FILE,
    .groups = groups,
};

#define COLUMNS                                                                                              \
    "ref\tprobe\tface\tmatch\tsimilarity\tdistance\tmetric\tthreshold\tmodel\tref_score\tprobe_"             \
    "score\tx\ty\tw\th"                                                                                      \
    "\tdecode_ms\tdetect_ms\talign_ms\tembed_ms\tmatch_ms\tengine"
static const char header[] = COLUMNS FRAME_COLUMNS "\n",
                  header_of_two[] = COLUMNS "\tsimilarity_1\tsimilarity_2" FRAME_COLUMNS "\n";

/* What all probes are compared with, from the first item on. */
struct match {
    bool have_reference;
    char *model; /* what the reference's record names, or NULL; owned */
    struct reference ref;
    struct comparison how;
    char *shown; /* the reference's path for a table; owned */
    size_t matches;
};

/* ---- output ---- */

static fc_status write_tsv(const struct match *m, const fc_item *it, size_t face, const struct compared *d,
                           fc_error *err)
{
    const json_t *f = fc_record_face(&it->rec, face), *box = json_object_get(f, "box"),
                 *ms = json_object_get(it->rec.json, "ms");
    const char *engine = json_string_value(json_object_get(it->rec.json, "engine"));
    char *probe = fc_record_display_path(&it->rec);

    if (!probe)
        return fc_fail_nomem(err, 0);
    fputs(m->shown, stdout);
    put_text(probe);
    printf("\t%zu\t%s", face, d->match ? "true" : "false");
    put_number(d->similarity);
    put_number(d->distance);
    put_text(metric_names[args.metric]);
    put_number(m->how.threshold);
    put_shown(json_string_value(json_object_get(json_object_get(f, "embedding"), "model")));
    match_put_score(answer_score_of(m->ref.rec, 0));
    match_put_score(answer_score_of(it->rec.json, face));
    for (size_t i = 0; i < 4; i++)
        match_put_score(json_array_get(box, i));
    for (size_t i = 0; i < 4; i++)
        match_put_score(args.no_timings ? NULL : json_object_get(ms, stage_names[i]));
    put_number(args.no_timings ? NAN : fc_decimal(d->ms));
    put_shown(args.no_timings || !engine ? "" : engine);
    for (int i = 0; comparison_has_parts(&m->how) && i < 2; i++)
        put_number(d->part[i]);
    put_frame(&it->rec);
    putchar('\n');
    free(probe);
    return FC_OK;
}

/* ---- the loop ---- */

static fc_status take_reference(struct match *m, const fc_item *it, fc_error *err)
{
    char *path = record_path_or_end(&it->rec);
    fc_status s = reference_take(&m->ref, it, path ? path : it->in.path, err);

    if (!s && !(m->shown = fc_record_display_path(&it->rec)))
        s = fc_fail_nomem(err, 0);
    if (!s && it->found > 1 && !args.common.run.quiet)
        say("%s: %zu faces; the reference is the one with the highest score", path ? path : it->in.path,
            it->found);
    if (!s)
        s = match_begin(&args, comparison_has_parts(&m->how) ? header_of_two : header, err);
    m->have_reference = true;
    free(path);
    return s;
}

static fc_status compare(struct match *m, const fc_item *it, size_t face, fc_error *err)
{
    struct compared d;
    fc_status s = reference_compare(&m->ref, &m->how, it, face, &d, err);

    if (s)
        return s;
    m->matches += d.match;
    return args.format == MATCH_TSV
               ? write_tsv(m, it, face, &d, err)
               : match_write_line(&args, it, reference_line(&m->ref, &m->how, it, face, &d), err);
}

static fc_status emit(void *ctx, fc_item *it, fc_error *err)
{
    struct match *m = ctx;
    const size_t n = fc_record_face_count(&it->rec);
    fc_status s = FC_OK;

    if (!m->have_reference)
        return take_reference(m, it, err);
    if (it->away)
        return args.format != MATCH_JSON ? FC_OK : fc_record_write(&it->rec, stdout, err);
    s = match_count_picture(&args, it, err);
    if (s)
        return s;
    if (it->failed && args.format != MATCH_JSON) {
        say_old_fault(it, args.common.run.quiet);
    } else if (it->failed) {
        return match_write_line(&args, it, reference_failed(&m->ref, it), err);
    } else if (n == 0) {
        match_say_no_face(&args, it);
    }
    for (size_t i = 0; !s && i < n; i++)
        s = compare(m, it, i, err);
    return s;
}

/* ---- the reference ---- */

/* One picture or one record. */
static fc_status read_reference(fc_input *out, char *name, fc_error *err)
{
    static const fc_source_options plain;
    fc_source *in;
    fc_input more = {0};
    fc_status s = fc_source_open(&in, &plain, &name, 1, err);

    *out = (fc_input){0};
    if (s)
        return s;
    s = fc_source_next(in, out, err);
    if (s == FC_END)
        s = fc_fail(err, FC_EEMPTY, "%s: no reference in it", name);
    else if (!s && out->kind == FC_INPUT_FAULT)
        s = fc_fail(err, out->fault.status, "%s", out->fault.message);
    if (!s) {
        s = fc_source_next(in, &more, err);
        if (s == FC_END)
            s = FC_OK;
        else if (!s)
            s = fc_fail(err, FC_EDATA, "%s: more than one picture or record, a reference is one", name);
    }
    fc_input_clear(&more);
    fc_source_close(in);
    if (s)
        fc_input_clear(out);
    return s;
}

/* The model and flip mode that the record's embeddings were made with, where they can be told and none are
 * asked for. model is to be freed; NULL: it does not say. */
static fc_status follow_reference(const fc_record *rec, const fc_models *models, char **model, bool *flip,
                                  fc_error *err)
{
    const json_t *f = fc_record_face(rec, 0);
    const char *contract = json_string_value(json_object_get(json_object_get(f, "embedding"), "model"));

    *model = NULL;
    return contract ? fc_contract_model(models, contract, (fc_precision)args.common.engine.precision, model,
                                        flip, err)
                    : FC_OK;
}

/* Everything up to the loop. operands: the reference, then the probes. */
static fc_status prepare(run *r, struct match *m, char **operands, int n, fc_error *err)
{
    fc_pipeline_plan p = {
        .upto = FC_STAGE_EMBED, .model = args.model, .flip = args.flip, .times = !args.no_timings};
    fc_record rec = {0};
    fc_input ref;
    fc_status s;

    if (n == 0)
        return fc_fail(err, FC_EUSAGE, "no reference given");
    for (int i = 1; i < n; i++)
        if (!strcmp(operands[0], "-") && !strcmp(operands[i], "-"))
            return fc_fail(err, FC_EUSAGE, "-: stdin is the reference already");
    if (!strcmp(operands[0], "-") && n == 1 && !args.common.input.files_from)
        return fc_fail(err, FC_EUSAGE, "no pictures to compare with the reference");
    s = read_reference(&ref, operands[0], err);
    if (!s)
        s = models_open(&r->models, args.common.engine.models, err);
    if (!s && ref.kind == FC_INPUT_LINE && !args.model && !args.flip) {
        s = fc_record_parse(&rec, (char *)ref.data.data, ref.data.n, ref.path, ref.line, err);
        if (!s)
            s = follow_reference(&rec, r->models, &m->model, &p.flip, err);
    }
    if (!p.model)
        p.model = m->model ? m->model : FC_DEFAULT_MODEL;
    if (!s)
        s = fc_item_new(&r->first, &ref, FC_FACES_BEST, err);
    if (!s)
        s = run_open(r, &p, operands + 1, n - 1, err);
    if (!s) {
        m->how.model = fc_stages_model(r->stages);
        s = comparison_threshold(&m->how.threshold, args.threshold, args.metric, m->how.model->threshold,
                                 "--threshold", err);
    }
    fc_record_clear(&rec);
    fc_input_clear(&ref);
    return s;
}

static int match_reference(char **operands, int n)
{
    struct match m = {.how = {.metric = args.metric, .timings = !args.no_timings}};
    run r = {.args = &args.common, .emit = emit, .ctx = &m};
    fc_error err;
    int code;

    if (prepare(&r, &m, operands, n, &err)) {
        code = program_error(&self, &err);
    } else {
        code = run_all(&r);
        code = match_end(&args, match_exit_code(code, r.done - m.have_reference, m.matches));
    }
    run_close(&r);
    reference_clear(&m.ref);
    free(m.shown);
    free(m.model);
    return code;
}

/* The server that runs already, where nothing but what it is asked is wanted. */
static bool ask_server(const struct match_args *defaults, char **operands, int n, int *code)
{
    const char *path = getenv("FACECHECK_SOCKET"), *variable;
    const struct common_args *a = &args.common, *b = &defaults->common;

    return path && *path && !isa_allowed(&variable) && !args.model && !args.flip &&
           args.format == MATCH_JSON && !a->input.files_from && !a->input.null &&
           options_same(detect_options, &a->detect, &b->detect) &&
           options_same(engine_options, &a->engine, &b->engine) &&
           match_by_socket(path, &args, operands, n, code);
}

static fc_status check_mode(fc_error *err)
{
    if ((args.gallery.path != NULL) + (args.knn != NULL) + (args.classify != NULL) > 1)
        return fc_fail(err, FC_EUSAGE, "-g, --knn and --classify: want one of them");
    if (args.classify && (args.model || args.flip))
        return fc_fail(err, FC_EUSAGE,
                       "--classify: its model embeds the faces; -m and --flip do not go with it");
    if (!args.gallery.path && (args.unique || args.attendance || args.head || !isnan(args.fpir) ||
                               args.gallery.key_file || args.gallery.key_command))
        return fc_fail(
            err, FC_EUSAGE,
            "--fpir, --unique, --attendance, --head, --key-file and --key-command: want -g GALLERY");
    if (args.attendance && args.format > MATCH_TSV)
        return fc_fail(err, FC_EUSAGE, "--attendance: is a table, and not for influx and prom");
    if (args.output && args.format != MATCH_PROM)
        return fc_fail(err, FC_EUSAGE, "-o: is for -f prom");
    if (args.tag_person && args.format <= MATCH_TSV)
        return fc_fail(err, FC_EUSAGE, "--tag-person: is for -f influx and prom");
    if (args.head && args.unique)
        return fc_fail(err, FC_EUSAGE, "--head and --unique: want one of them");
    return FC_OK;
}

int main(int argc, char **argv)
{
    static struct match_args defaults;
    fc_error err;
    int code;

    defaults = args;
    const int n = options_or_exit(&self, argc, argv);

    be_quiet(args.common.run.quiet);
    if (check_mode(&err))
        return close_stdout(program_error(&self, &err));
    if (args.gallery.path)
        return close_stdout(match_people(&self, &args, argv, n));
    if (args.knn || args.classify)
        return close_stdout(match_classifier(&self, &args, argv, n));
    if (ask_server(&defaults, argv, n, &code))
        return close_stdout(code);
    return close_stdout(match_reference(argv, n));
}
