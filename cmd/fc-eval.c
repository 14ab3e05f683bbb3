/* fc-eval: measures how well faces are told apart. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "classify/knn.h"
#include "match/fuse_names.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/threads.h"
#include "pipeline/record.h"
#include "base/text.h"
#include "detect/facts_json.h"
#include "option_rows.h"
#include "eval.h"
#include "plot/page.h"
#include "engines/engine.h"
#include "eval/report_file.h"
#include "say.h"

enum { CASES_SHOWN = 12 }; /* in the page, where --worst does not say */

static struct eval_args args = {.common = COMMON_ARGS_DEFAULTS,
                                .fmr = 1e-4,
                                .fpir = NAN,
                                .enroll = 3,
                                .min_images = 5,
                                .strangers = -1,
                                .k = 3,
                                .folds = 5,
                                .seed = 1};

#define AT(field) offsetof(struct eval_args, field)
static const option own_options[] = {
    {"root", .kind = OPTION_DIR, .arg = "DIR", .at = AT(root), .role = OPTION_ONCE,
     .help = "the data set: a folder with a folder of pictures for each person"},
    {"pairs", .kind = OPTION_FILE, .arg = "FILE", .at = AT(pairs), .commands = "pairs, compare, calibrate",
     .role = OPTION_ONCE,
     .help = "the list of pairs, as LFW's pairs.txt; calibrate: of two models (-m A,B), to find their "
             "weights by"},
    {"model", 'm', OPTION_TEXTS, .arg = "MODEL", .at = AT(models), .or_file = true,
     .help = "the model that embeds, or A,B, two whose scores are added; compare: two of these, -m A -m B "
             "(" FC_DEFAULT_MODEL ")"},
    ROW_FLIP(AT(flip)),
    ROW_REPORT_FORMAT(AT(format)),
    ROW_REPORT_OUTPUT(AT(output)),
    {"html", .kind = OPTION_OUTPUT, .arg = "FILE", .at = AT(html), .role = OPTION_ASIDE,
     .help = "write the report as one page with its figures"},
    {"worst", .kind = OPTION_INT_DIR, .arg = "N DIR", .at = AT(worst), .role = OPTION_ASIDE, .min = 1,
     .max = 10000, .help = "write the N worst comparisons, side by side, as pictures into DIR"},
    ROW_FORCE(AT(force), "--worst: "),
    {0},
};
static const option check_options[] = {
    {"assert", .kind = OPTION_TEXTS, .arg = "EXPR", .at = AT(asserts), .role = OPTION_ASIDE | OPTION_ONCE,
     .help = "exit 1 unless it holds, such as 'accuracy>=0.992' or 'tar@far=1e-3>=97.5%'; may be given "
             "several times"},
    ROW_BASELINE(AT(baseline),
                 "exit 1 when an earlier run's answers to the same questions were significantly better"),
    {"junit", .kind = OPTION_OUTPUT, .arg = "FILE", .at = AT(junit), .role = OPTION_ASIDE,
     .help = "write these checks as JUnit's XML"},
    {0},
};
static const option identify_options[] = {
    {"enroll", .kind = OPTION_INT, .arg = "N", .at = AT(enroll), .commands = "identify", .min = 1,
     .max = 1000, .help = "pictures of each person to enrol; the others are probes (3)"},
    {"min-images", .kind = OPTION_INT, .arg = "N", .at = AT(min_images), .commands = "identify, knn",
     .min = 1, .max = 100000, .help = "people with fewer pictures are not enrolled (5)"},
    {"strangers", .kind = OPTION_INT, .arg = "N", .at = AT(strangers), .commands = "identify", .min = 0,
     .max = 10000000, .help = "people to probe with who are not enrolled (as many as are)"},
    {"enrolled", .kind = OPTION_INT, .arg = "N", .at = AT(people), .commands = "identify", .min = 1,
     .max = 10000000, .help = "people to enrol, drawn by lot (all who have pictures enough)"},
    ROW_FPIR(AT(fpir), "identify",
             "an FPIR: measure the thresholds that are chosen for it, by half of the other people as a "
             "cohort and by the "
             "model's curve"),
    {"head", .kind = OPTION_TEXT, .arg = "TYPE|HEAD", .at = AT(head), .commands = "identify, compare",
     .role = OPTION_APART, .or_file = true,
     .help = "measure a head, too: identify: of that type, trained on the enrolled pictures: mean, linear, "
             "lda or "
             "triplet; compare: of that file, its space against the embedding's own"},
    ROW_FUSE(AT(fuse), "identify"),
    ROW_NEIGHBOURS(AT(k), "knn"),
    {"folds", .kind = OPTION_INT, .arg = "N", .at = AT(folds), .commands = "knn", .min = 2, .max = 1000,
     .help = "parts of the set, each of which is told by the others (5)"},
    ROW_SEED(AT(seed), "identify, knn", "which pictures and people are drawn"),
    {"fmr", .kind = OPTION_REAL, .arg = "X", .at = AT(fmr), .commands = "calibrate", .min = 1e-9, .max = 0.5,
     .help = "false match rate of the threshold (0.0001)"},
    {"dry-run", .at = AT(dry_run), .commands = "calibrate", .help = "leave the model's description as it is"},
    {0},
};

/* The detector's options, with another default for --faces. */
static option detection[DETECT_OPTIONS];
static const option_group groups[] = {{"Measuring", own_options, &args},
                                      {"Checks", check_options, &args},
                                      {"Sets of people", identify_options, &args},
                                      CACHE_GROUP(args.common),
                                      {"Detection", detection, &args.common.detect},
                                      {"Input", input_options, &args.common.input},
                                      {"Models", engine_options, &args.common.engine},
                                      {"Run", run_options, &args.common.run},
                                      {0}};

static const struct command {
    const char *name;
    fc_status (*run)(evaluation *e, fc_error *err);
    bool operands;
} commands[] = {
    {"pairs", eval_pairs, false},
    {"compare", eval_compare, false},
    {"all-pairs", eval_all_pairs, true},
    {"identify", eval_identify, true},
    {"knn", eval_knn, true},
    {"quality", eval_quality, true},
    {"calibrate", eval_calibrate, true},
};
enum { NCOMMANDS = sizeof commands / sizeof *commands };
static const char *const command_names[] = {"pairs", "compare", "all-pairs", "identify",
                                            "knn",   "quality", "calibrate", NULL};

static const program self = {
    .name = "fc-eval",
    .summary = "Measure how well faces are told apart, and fail when that gets worse.",
    .operands = "pairs | compare | all-pairs | identify | knn | quality | calibrate [DIR|RECORDS|-]...",
    .operand = OPTION_FILE,
    .commands = command_names,
    .groups = groups,
};

/* Data sets show their person in the middle. */
static void make_detection_options(void)
{
    args.common.detect.faces = FC_FACES_CENTER;
    detect_options_copy(
        detection,
        "the face of a picture with several: the largest, the best by score, the one nearest to the "
        "center, or one, which makes it a failure (center)");
}

static fc_status find_command(const struct command **out, char **operand, int n, fc_error *err)
{
    for (size_t i = 0; n && i < NCOMMANDS; i++) {
        if (strcmp(operand[0], commands[i].name))
            continue;
        *out = &commands[i];
        if (n > 1 && (!commands[i].operands || args.root))
            return fc_fail(err, FC_EUSAGE, "%s: what is '%s'? The data set is named by --root", operand[0],
                           operand[1]);
        return FC_OK;
    }
    return no_such_command(&self, n ? operand[0] : NULL, err);
}

/* The one that was given last; for compare the first of two. */
static fc_status choose_model(const struct command *c, fc_error *err)
{
    static const char *usual[] = {FC_DEFAULT_MODEL};

    if (!args.models.n)
        args.models = (fc_texts){.text = usual, .n = 1};
    if (c->run != eval_compare) {
        args.models.text[0] = args.models.text[args.models.n - 1];
        args.models.n = 1;
    }
    args.model = args.models.text[0];
    return args.models.n <= 2
               ? FC_OK
               : fc_fail(err, FC_EUSAGE, "compare: want two models (-m A -m B), got %zu", args.models.n);
}

static fc_status check_args(const struct command *c, fc_error *err)
{
    if (args.common.detect.faces == FC_FACES_ALL)
        return fc_fail(err, FC_EUSAGE, "--faces: all faces of a picture are no answer to whose it is");
    if (!c->operands && no_list(&args.common.input, "data sets, not for lists of pairs", err))
        return FC_EUSAGE;
    if (args.junit && !args.asserts.n && !args.baseline)
        return fc_fail(err, FC_EUSAGE, "--junit: wants checks (--assert, --baseline)");
    fc_status s = FC_OK;
    for (size_t i = 0; !s && i < args.asserts.n; i++)
        s = fc_assertion_check(args.asserts.text[i], c->name, err);
    return s;
}

fc_measuring evaluation_measures(const evaluation *e)
{
    return strcmp(e->command, "quality") ? FC_MEASURE_NOT : FC_MEASURE_ALL;
}

fc_status evaluation_open(evaluation *e, const fc_pipeline_plan *p, fc_error *err)
{
    const struct run_args *r = &args.common.run;
    fc_pipeline_plan full = *p;
    fc_status s = fc_report_begin(&e->report, e->command, err);

    if (s || (s = models_open(&e->models, args.common.engine.models, err)))
        return s;
    full.models = e->models;
    full.engine = engine_options_of(&args.common.engine);
    full.detect = &args.common.detect;
    full.quality = evaluation_measures(e);
    s = fc_stages_new(&e->stages, &full, fc_jobs(r->jobs), err);
    return s ? s : fc_stages_engine(e->stages, &e->engine, err);
}

void evaluation_close(evaluation *e)
{
    fc_report_clear(&e->report);
    fc_pairs_result_clear(&e->pairs);
    fc_compare_result_clear(&e->compare);
    fc_all_pairs_result_clear(&e->all_pairs);
    fc_identify_result_clear(&e->identify);
    fc_knn_protocol_result_clear(&e->knn);
    fc_discard_result_clear(&e->discard);
    free(e->picture);
    free(e->label);
    fc_templates_clear(&e->t);
    caching_close(e->cache, &args.common.cache, args.common.run.quiet);
    fc_stages_free(e->stages);
    fc_models_free(e->models);
}

/* What differs from run to run. */
static fc_status report_run(evaluation *e, double seconds, fc_error *err)
{
    const struct run_args *r = &args.common.run;
    const int jobs = fc_jobs(r->jobs);
    const char *protocol[][2] = {
        {"contract", "contract"}, {"engine", NULL}, {"data set", "dataset_sha256"}, {"repeat", "repeat"}};
    char engine[FC_ENGINE_TEXT] = "of the records";
    char when[32], note[200];
    fc_status s = FC_OK;

    fc_report_time(when);
    snprintf(note, sizeof note, "%.2f s of it for %zu templates on %d threads, %zu of them from the cache",
             e->t.seconds, e->t.n, jobs, e->t.cached);
    if (e->all_pairs.seconds > 0) {
        const size_t n = strlen(note);
        snprintf(note + n, sizeof note - n, "; %.2f s for counting the pairs", e->all_pairs.seconds);
    }
    if (!e->t.given)
        fc_engine_text(engine, e->engine);
    for (size_t i = 0; !s && i < sizeof protocol / sizeof *protocol; i++) {
        const char *text = protocol[i][1] ? json_string_value(json_object_get(
                                                json_object_get(e->report.json, "protocol"), protocol[i][1]))
                                          : engine;
        s = fc_report_row(&e->report, protocol[i][0], NULL, err, "%s", text ? text : "");
    }
    if (s || (s = fc_report_row(&e->report, "time", note, err, "%.2f s", seconds)))
        return s;
    return fc_report_set(&e->report, NULL, "run",
                         json_pack("{s:s, s:o, s:f, s:f, s:f, s:I, s:i}", "when", when, "detector",
                                   fc_detector_json(fc_stages_detector(e->stages)), "seconds", seconds,
                                   "template_seconds", e->t.seconds, "comparing_seconds",
                                   e->all_pairs.seconds, "cached", (json_int_t)e->t.cached, "threads", jobs),
                         err);
}

/* Those that failed are told on stderr, also where a later one could not be made. */
static fc_status run_checks(fc_checks *checks, evaluation *e, const json_t *baseline, fc_error *err)
{
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < args.asserts.n; i++)
        s = fc_checks_assert(checks, args.asserts.text[i], &e->report, e->result, err);
    if (!s && baseline)
        s = fc_checks_baseline(checks, baseline, &e->report, err);
    for (size_t i = 0; i < checks->n; i++)
        if (checks->check[i].failure)
            say("%s", checks->check[i].failure);
    return s;
}

static void print_rows(const json_t *rows)
{
    int width = 0;
    size_t i;
    json_t *row;

    json_array_foreach(rows, i, row)
    {
        const int n = (int)strlen(json_string_value(json_array_get(row, 0)));
        width = n > width ? n : width;
    }
    json_array_foreach(rows, i, row)
    {
        const char *name, *value, *note;
        json_unpack(row, "[s, s, s]", &name, &value, &note);
        printf("%-*s  ", width, name);
        fc_text_put(stdout, value, strlen(value));
        printf("%s%s\n", *note ? "  " : "", note);
    }
}

static fc_status save_page(const evaluation *e, const fc_checks *checks, fc_error *err)
{
    const fc_page page = {.command = e->command,
                          .model = args.model,
                          .report = &e->report,
                          .checks = checks,
                          .result = e->result,
                          .set = &e->set,
                          .cases = args.worst.dir ? (size_t)args.worst.n : CASES_SHOWN,
                          .decoding = fc_stages_showing(e->stages)};

    return fc_page_save(&page, args.html, err);
}

/* The report, to wherever it goes, and the checks. */
static fc_status give_report(evaluation *e, const json_t *baseline, size_t *failed, fc_error *err)
{
    const fc_record whole = {e->report.json};
    fc_checks checks = {0};
    fc_status s = run_checks(&checks, e, baseline, err);

    *failed = checks.failed;
    if (!s && args.output)
        s = fc_report_save(&e->report, args.output, err);
    if (!s && args.junit)
        s = fc_checks_save_junit(&checks, e->command, e->t.seconds, args.junit, err);
    if (!s && args.worst.dir)
        s = eval_write_worst(e, (size_t)args.worst.n, args.worst.dir, err);
    if (!s && args.html)
        s = save_page(e, &checks, err);
    if (!s && args.format == REPORT_JSON)
        s = fc_record_write(&whole, stdout, err);
    else if (!s)
        print_rows(e->report.rows);
    fc_checks_clear(&checks);
    return s;
}

static bool has_broken_pictures(const fc_templates *t)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->image[i].state == FC_TEMPLATE_NOT_DECODED || t->image[i].state == FC_TEMPLATE_NOT_EMBEDDED)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    const double start = fc_now();
    const struct command *command = NULL;
    evaluation e = {.program = &self, .args = &args};
    json_t *baseline = NULL;
    size_t failed = 0;
    fc_error err;
    fc_status s;
    int code = EXIT_BROKEN;

    make_detection_options();
    const int n = options_or_exit(&self, argc, argv);
    if ((s = find_command(&command, argv, n, &err)) || (s = choose_model(command, &err)) ||
        (s = check_args(command, &err)) ||
        (args.worst.dir && (s = eval_worst_outputs((size_t)args.worst.n, args.worst.dir, &err))))
        goto out;
    static const double even[] = {1, 1}; /* of two models that are still to get their weights */
    const fc_pipeline_plan p = {.upto = FC_STAGE_EMBED,
                                .model = args.model,
                                .weights = command->run == eval_calibrate ? even : NULL,
                                .flip = args.flip};
    e.command = command->name;
    e.operands = argv + 1;
    e.noperands = n - 1;
    e.input = args.common.input;
    if (command->operands && args.root) {
        argv[1] = (char *)args.root;
        e.noperands = 1;
        e.input.people = true;
        e.input.teller = args.common.run.quiet ? NULL : &say_teller;
    }
    if (command->operands)
        e.input.recursive = true;
    if ((args.baseline && (s = fc_baseline_load(&baseline, args.baseline, command->name, &err))) ||
        (s = evaluation_open(&e, &p, &err)) || (s = command->run(&e, &err)) ||
        (s = report_run(&e, fc_now() - start, &err)))
        goto out;
    s = give_report(&e, baseline, &failed, &err);
    code = failed ? EXIT_NO : has_broken_pictures(&e.t) || e.unwritten ? EXIT_PARTLY : EXIT_DONE;
out:
    if (s)
        code = program_error(&self, &err);
    json_decref(baseline);
    evaluation_close(&e);
    return close_stdout(code);
}
