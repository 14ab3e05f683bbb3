/* fc-bench: how long it takes, stage by stage. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/error.h"
#include "base/grow.h"
#include "base/threads.h"
#include "pipeline/record.h"
#include "base/text.h"
#include "option_rows.h"
#include "bench.h"
#include "source_options.h"
#include "models.h"
#include "engines/engine.h"
#include "engines/engine_names.h"
#include "kernels/precision_names.h"
#include "options.h"
#include "eval/report_file.h"
#include "say.h"

enum { AUTO_RUNS = 120, LAYER_ROUNDS = 50, MAX_PICTURE = 512 << 20 };

static struct args {
    fc_source_options input;
    const char *models, *model, *compare, *precision, *device;
    int rounds, warmup, jobs;
    bool no_cold, no_progress, quiet, layers;
    int format;
    const char *output, *baseline, *max_slowdown;
} args = {.input.hints = &option_hints, .model = "mobilefacenet", .warmup = 10, .max_slowdown = "10%"};

#define AT(field) offsetof(struct args, field)
static const option own_options[] = {
    ROW_MODEL(AT(model), FC_DEFAULT_MODEL),
    {"compare", .kind = OPTION_TEXT, .arg = "ENGINES", .at = AT(compare),
     .help = "engines to compare, such as " FC_ENGINE_COMMAS "; those that this build lacks are named and "
             "left out (the "
             "best for this CPU)"},
    {"precision", .kind = OPTION_TEXT, .arg = "TYPES", .at = AT(precision), .role = OPTION_APART,
     .help = "precisions to compare, such as " FC_PRECISION_NAME_FP32 "," FC_PRECISION_NAME_BF16 " (auto)"},
    {"rounds", .kind = OPTION_INT, .arg = "N", .at = AT(rounds), .min = 1, .max = 100000,
     .help = "times that each picture is run (so many that there are 120 runs)"},
    {"warmup", .kind = OPTION_INT, .arg = "N", .at = AT(warmup), .min = 0, .max = 100000,
     .help = "runs at the beginning that do not count (10)"},
    ROW_JOBS(AT(jobs), "threads that throughput is measured with"),
    {"layers", .at = AT(layers),
     .help = "measure each step of each network on one picture instead: its shape, its kernel, and the share "
             "of this "
             "CPU's peak"},
    {"no-cold-start", .at = AT(no_cold), .help = "do not start fc-embed to see how long a cold start takes"},
    ROW_REPORT_FORMAT(AT(format)),
    ROW_REPORT_OUTPUT(AT(output)),
    ROW_BASELINE(AT(baseline), "compare with an earlier report of the same pictures and machine"),
    {"max-slowdown", .kind = OPTION_TEXT, .arg = "PERCENT", .at = AT(max_slowdown),
     .help = "exit 1 when the median slowdown to the baseline is surely above it (10%)"},
    ROW_MODELS(AT(models), ""),
    ROW_DEVICE(AT(device)),
    ROW_QUIET(AT(quiet), ""),
    ROW_NO_PROGRESS(AT(no_progress)),
    {0},
};
static const option_group groups[] = {
    {"Measuring", own_options, &args}, {"Input", input_options, &args.input}, {0}};
static const program self = {
    .name = "fc-bench",
    .summary = "Measure how long finding and embedding faces takes, stage by stage.",
    .operands = "[IMAGE|DIR]...",
    .operand = OPTION_FILE,
    .groups = groups,
};

/* ---- arguments ---- */

static fc_status read_percent(double *out, const char *text, fc_error *err)
{
    const char *stop;

    if (fc_text_read_number(out, text, &stop) && !strcmp(stop, "%") && *out >= 0 && *out <= 10000) {
        *out /= 100;
        return FC_OK;
    }
    return fc_fail(err, FC_EUSAGE, "--max-slowdown: want a percentage such as 10%%, got '%s'", text);
}

/* The next word of a list with commas, into word; NULL where there is none. */
static const char *next_word(const char *list, char word[32], bool *ok)
{
    size_t n = strcspn(list, ",");

    *ok = n > 0 && n < 32;
    snprintf(word, 32, "%.*s", (int)(n < 31 ? n : 31), list);
    return list[n] ? list + n + 1 : NULL;
}

static fc_status read_precision(fc_precision *out, const char *word, fc_error *err)
{
    for (int i = 0; fc_precision_names[i]; i++)
        if (!strcmp(word, fc_precision_names[i])) {
            *out = (fc_precision)i;
            return FC_OK;
        }
    return fc_fail(err, FC_EUSAGE, "--precision: want " FC_NAMES_OR(FC_PRECISIONS) ", got '%s'", word);
}

static fc_status set_engine(fc_engine_options *o, const char *word, fc_error *err)
{
    const char *name;

    for (size_t i = 0; (name = fc_engine_name(i)); i++)
        if (!strcmp(word, name)) {
            o->engine = name;
            return FC_OK;
        }
    return fc_fail(err, FC_EUSAGE, "--compare: want some of " FC_ENGINE_LIST ", got '%s'", word);
}

/* One variant; one that this build or this model lacks is told and left out. */
static fc_status add_variant(bench *b, const char *engine, const char *precision, bool *lacking,
                             fc_error *err)
{
    bench_variant *v;
    fc_status s = fc_grow(&b->variant, b->nvariants + 1, &b->variant_cap, sizeof *b->variant, err);

    if (s)
        return s;
    v = &b->variant[b->nvariants];
    *v = (bench_variant){
        .options = {.device = engine && !strcmp(engine, FC_ENGINE_TORCH) ? args.device : NULL}};
    if (precision && (s = read_precision(&v->options.precision, precision, err)))
        return s;
    s = engine ? set_engine(&v->options, engine, err) : FC_OK;
    if (!s)
        s = bench_variant_open(v, b, err);
    if (!s) {
        const fc_engine_facts *ran = fc_embedder_facts(v->embedder);
        const bool elsewhere = strcmp(ran->device, "cpu") != 0;
        snprintf(v->name, sizeof v->name, "%s %s%s%s", ran->engine, fc_precision_names[ran->precision],
                 elsewhere ? " " : "", elsewhere ? ran->device : "");
        for (size_t i = 0; i < b->nvariants && !s; i++)
            if (!strcmp(b->variant[i].name, v->name))
                s = fc_fail(err, FC_EUSAGE, "'%s' is asked for twice", v->name);
    }
    if (!s) {
        b->nvariants++;
        return FC_OK;
    }
    bench_variant_close(v);
    if (s == FC_EUNSUPPORTED && (args.compare || args.precision)) {
        note("left out: %s%s%s: %s", engine ? engine : "", engine && precision ? " " : "",
             precision ? precision : "", err->message);
        *lacking = true;
        return FC_OK;
    }
    return s;
}

static fc_status add_variants(bench *b, bool *lacking, fc_error *err)
{
    char engine[32], precision[32];
    bool ok = true;
    fc_status s = FC_OK;

    for (const char *e = args.compare ? args.compare : ""; e && !s;) {
        e = next_word(e, engine, &ok);
        if (args.compare && !ok)
            return fc_fail(err, FC_EUSAGE, "--compare: want names with commas between them, got '%s'",
                           args.compare);
        for (const char *p = args.precision ? args.precision : ""; p && !s;) {
            p = next_word(p, precision, &ok);
            if (args.precision && !ok)
                return fc_fail(err, FC_EUSAGE, "--precision: want names with commas between them, got '%s'",
                               args.precision);
            s = add_variant(b, args.compare ? engine : NULL, args.precision ? precision : NULL, lacking, err);
        }
    }
    if (!s && !b->nvariants)
        s = fc_fail(err, FC_EUNSUPPORTED, "nothing is left to measure");
    return s;
}

/* ---- pictures ---- */

/* A folder beside this program, or beside its build: bench/NAME. NULL where there is none; caller frees. */
static char *beside(const char *up, const char *name)
{
    char exe[PATH_MAX], *slash, *path;
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);

    if (n < 0)
        return NULL;
    exe[n] = '\0';
    if (!(slash = strrchr(exe, '/')))
        return NULL;
    *slash = '\0';
    if (asprintf(&path, "%s%s/%s", exe, up, name) < 0)
        return NULL;
    if (!access(path, R_OK))
        return path;
    free(path);
    return NULL;
}

static fc_status add_picture(bench *b, fc_input *in, fc_error *err)
{
    bench_picture *p;
    fc_image img = {0};
    fc_status s;

    if ((s = fc_grow(&b->picture, b->npictures + 1, &b->picture_cap, sizeof *b->picture, err)))
        return s;
    p = &b->picture[b->npictures++];
    *p = (bench_picture){.path = in->path};
    in->path = NULL;
    if ((s = fc_bytes_read_file(&p->file, p->path, MAX_PICTURE, err)) || (s = bench_decode(&img, b, p, err)))
        return s;
    p->w = img.w;
    p->h = img.h;
    fc_image_clear(&img);
    fc_sha256_hex(p->sha256, p->file.data, p->file.n);
    return FC_OK;
}

/* A picture that fails is an error here: it would make the times mean something else. */
static fc_status add_pictures(bench *b, char **operands, int n, fc_error *err)
{
    char *samples = n || args.input.files_from ? NULL : beside("/..", "photos");
    char *own[] = {samples};
    fc_source *in = NULL;
    fc_input one = {0};
    fc_status s;

    if (!n && !args.input.files_from && !samples)
        return fc_fail(err, FC_EUSAGE,
                       "no pictures given, and the sample photos are not beside this program");
    s = fc_source_open(&in, &args.input, samples ? own : operands, samples ? 1 : n, err);
    while (!s && !(s = fc_source_next(in, &one, err))) {
        if (one.kind == FC_INPUT_PATH)
            s = add_picture(b, &one, err);
        else if (one.kind == FC_INPUT_FAULT)
            s = fc_fail(err, one.fault.status, "%s", one.fault.message);
        else
            s = fc_fail(err, FC_EFORMAT, "%s: want files of pictures", one.path);
        fc_input_clear(&one);
    }
    if (s == FC_END)
        s = b->npictures ? FC_OK : fc_fail(err, FC_EEMPTY, "%s", fc_source_nothing(in));
    fc_source_close(in);
    free(samples);
    return s;
}

/* ---- the report ---- */

static fc_status load_baseline(json_t **out, fc_error *err)
{
    fc_status s = fc_report_load(out, args.baseline, "fc-bench", err);

    if (!s && strcmp(fc_report_kind(*out), "bench"))
        s = fc_fail(err, FC_EFORMAT, "%s: not a report of fc-bench", args.baseline);
    return s;
}

static fc_status give_report(const json_t *report, fc_error *err)
{
    const fc_record whole = {(json_t *)report};
    fc_atomic_file f;
    fc_status s = FC_OK;

    if (args.output && !(s = fc_atomic_open(&f, args.output, err))) {
        s = fc_record_write(&whole, f.f, err);
        if (s)
            fc_atomic_discard(&f);
        else
            s = fc_atomic_commit(&f, err);
    }
    if (!s && args.format == REPORT_JSON)
        s = fc_record_write(&whole, stdout, err);
    else if (!s && args.layers)
        bench_print_layers(report);
    else if (!s)
        bench_print(report);
    return s;
}

static fc_status measure(bench *b, fc_error *err)
{
    char *tool = args.no_cold ? NULL : beside("", "fc-embed");
    fc_status s = FC_OK;

    if (tool)
        s = bench_cold(b, tool, args.models, err);
    free(tool);
    if (!s)
        s = bench_latency(b, err);
    return s ? s : bench_throughput(b, err);
}

int main(int argc, char **argv)
{
    const int n = options_or_exit(&self, argc, argv);
    bench b = {.model = args.model, .warmup = args.warmup, .threads = fc_jobs(args.jobs)};
    fc_models *models = NULL;
    json_t *baseline = NULL, *report = NULL;
    bool lacking = false, slower = false;
    double limit;
    fc_error err;
    fc_status s;
    int code = EXIT_BROKEN;

    be_quiet(args.quiet);
    args.input.teller = args.quiet ? NULL : &say_teller;
    b.progress = progress_wanted(args.no_progress || args.quiet, false);
    if (args.layers && args.baseline) {
        s = fc_fail(&err, FC_EUSAGE, "--layers has no --baseline");
        goto out;
    }
    if ((s = read_percent(&limit, args.max_slowdown, &err)) ||
        (args.baseline && (s = load_baseline(&baseline, &err))) ||
        (s = models_open(&models, args.models, &err)))
        goto out;
    b.models = models;
    if ((s = fc_memory_new(&b.memory, 0, &err)) || (s = add_pictures(&b, argv, n, &err)) ||
        (s = add_variants(&b, &lacking, &err)))
        goto out;
    if (baseline && (s = bench_check_baseline(&b, baseline, &err)))
        goto out;
    if (args.layers) {
        b.rounds = args.rounds ? args.rounds : LAYER_ROUNDS;
        if (!(s = bench_layers(&report, &b, &err)) && !(s = give_report(report, &err)))
            code = lacking ? EXIT_PARTLY : EXIT_DONE;
        goto out;
    }
    b.rounds =
        args.rounds ? args.rounds : (int)((AUTO_RUNS + (size_t)b.warmup + b.npictures - 1) / b.npictures);
    if ((size_t)b.rounds * b.npictures <= (size_t)b.warmup) {
        s = fc_fail(&err, FC_EUSAGE, "--warmup: %d runs are left out, and there are only %zu", b.warmup,
                    (size_t)b.rounds * b.npictures);
        goto out;
    }
    if ((s = measure(&b, &err)) || (s = bench_report(&report, &b, &err)) ||
        (baseline && (s = bench_compare(report, &b, baseline, limit, &slower, &err))) ||
        (s = give_report(report, &err)))
        goto out;
    if (slower)
        say("slower than the baseline by more than %s", args.max_slowdown);
    code = slower ? EXIT_NO : lacking ? EXIT_PARTLY : EXIT_DONE;
out:
    if (s)
        code = program_error(&self, &err);
    json_decref(report);
    json_decref(baseline);
    bench_free(&b);
    fc_models_free(models);
    return close_stdout(code);
}
