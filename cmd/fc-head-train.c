/* fc-head-train: a head that is trained on the people of a gallery. */
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/outputs.h"
#include "classify/head_names.h"
#include "base/threads.h"
#include "head.h"
#include "labelled.h"
#include "option_rows.h"
#include "say.h"

enum { CHECKPOINT_SECONDS = 5 };

enum format { FORMAT_TEXT, FORMAT_JSON };
static const char *const formats[] = {"text", "json", NULL};

static struct args {
    struct labelled_args from;
    const char *output, *negatives, *background, *log, *checkpoint;
    int type, epochs, hidden, dim, mining, format, jobs;
    double rate;
    uint64_t seed;
    bool update, quiet, no_progress;
} args = {.from.id_field = "id", .hidden = 128, .dim = 64, .rate = 1e-3, .seed = 1};

#define AT(field) offsetof(struct args, field)
static const option own_options[] = {
    ROW_OWN_GALLERY(AT(from.gallery.path), "the gallery to learn from"),
    ROW_OUTPUT(AT(output), "the head to write"),
    {"type", .kind = OPTION_CHOICE, .arg = "TYPE", .at = AT(type), .choices = fc_head_type_names,
     .help = "mean, linear, lda or triplet (mean)"},
    {"update", .at = AT(update), .role = OPTION_ONCE,
     .help = "bring FILE up to date with what was enrolled since: it is where training begins"},
    {"negatives", .kind = OPTION_FILE, .arg = "RECORDS", .at = AT(negatives), .role = OPTION_ONCE,
     .help = "linear: records of strangers, who become a class of their own"},
    {"background", .kind = OPTION_FILE, .arg = "RECORDS", .at = AT(background), .role = OPTION_APART,
     .help = "lda: records of other people, named, of whom 300 or more have two photos"},
    ROW_ID_FIELD(AT(from.id_field)),
    ROW_PLAIN(AT(from.plain), NULL),
    ROW_FORMAT(AT(format), formats, "of the report: text or json (text)"),
    {0},
};
static const option epoch_options[] = {
    {"epochs", .kind = OPTION_INT, .arg = "N", .at = AT(epochs), .min = 1, .max = 100000,
     .help = "at most so many (200 for linear, 100 for triplet)"},
    {"rate", .kind = OPTION_REAL, .arg = "X", .at = AT(rate), .min = 1e-9, .max = 10,
     .help = "of Adam (0.001)"},
    {"hidden", .kind = OPTION_INT, .arg = "N", .at = AT(hidden), .min = 1, .max = FC_MAX_DIM,
     .help = "triplet: numbers between its layers (128)"},
    {"dim", .kind = OPTION_INT, .arg = "N", .at = AT(dim), .min = 2, .max = FC_MAX_DIM,
     .help = "triplet: numbers of its result (64)"},
    {"mining", .kind = OPTION_CHOICE, .arg = "HOW", .at = AT(mining), .choices = fc_head_mining_names,
     .help = "triplet: its negatives, semi-hard or batch-hard (semi-hard)"},
    ROW_SEED(AT(seed), NULL, "which photos are held out, and where training begins"),
    {"log", .kind = OPTION_OUTPUT, .arg = "FILE", .at = AT(log),
     .help = "write a table with a line for each epoch"},
    {"checkpoint", .kind = OPTION_OUTPUT, .arg = "FILE", .at = AT(checkpoint),
     .help = "write to FILE every few seconds how far training is, and go on from there where FILE is there"},
    {0},
};
static const option running_options[] = {
    ROW_JOBS(AT(jobs), "threads"),
    ROW_QUIET(AT(quiet), ""),
    ROW_NO_PROGRESS(AT(no_progress)),
    {0},
};

static const option_group groups[] = {
    {"Training", own_options, &args},
    {"Linear and triplet", epoch_options, &args},
    {"Sealed galleries", key_options, &args.from.gallery},
    {"Run", running_options, &args},
    {0},
};

static const program self = {
    .name = "fc-head-train",
    .summary = "Train a head, which says who of a gallery's people a face is.",
    .operands = "-o FILE [-g GALLERY | RECORDS...]",
    .operand = OPTION_FILE,
    .groups = groups,
};

/* What is read. */
struct material {
    fc_labelled *samples, *negatives, *background;
    fc_head *old;
    char state[33]; /* of the gallery */
};

static void material_free(struct material *m)
{
    fc_labelled_free(m->samples);
    fc_labelled_free(m->negatives);
    fc_labelled_free(m->background);
    fc_head_free(m->old);
}

static fc_status read_all(struct material *m, char **operands, int n, fc_error *err)
{
    fc_status s = labelled_gather(&m->samples, &args.from, "the head", operands, n, m->state, err);

    if (!s && args.negatives)
        s = labelled_read(&m->negatives, &args.from, args.negatives, false, err);
    if (!s && args.background)
        s = labelled_read(&m->background, &args.from, args.background, true, err);
    if (!s && args.checkpoint) /* now that neither is found to be one of the others */
        fc_outputs_renew(args.checkpoint);
    if (s || !args.update)
        return s;
    fc_outputs_renew(args.output);
    return fc_head_load(&m->old, args.output, err);
}

/* Of an old head, its type and its layers stay. */
static fc_status settings_for(fc_head_settings *out, const fc_head *old, fc_error *err)
{
    fc_head_settings was;

    *out = (fc_head_settings){.type = (fc_head_type)args.type,
                              .epochs = (size_t)args.epochs,
                              .rate = args.rate,
                              .seed = args.seed,
                              .hidden = (size_t)args.hidden,
                              .out = (size_t)args.dim,
                              .mining = (fc_head_mining)args.mining};
    if (!old)
        return FC_OK;
    const fc_status s = fc_head_settings_of(&was, old, err);
    out->type = was.type;
    out->hidden = was.hidden;
    out->out = was.out;
    return s;
}

static void warn(const struct material *m, const fc_head_report *r)
{
    for (size_t i = 0; i < fc_labelled_people(m->samples); i++)
        if (!fc_labelled_samples(m->samples, i))
            note("warning: %s has no sample, and is left out", fc_labelled_name(m->samples, i));
    if (*r->course.stopped)
        say("%s; the head is that of the last good epoch, %zu", r->course.stopped, r->course.epochs);
}

static fc_status train(int *code, const struct material *m, fc_error *err)
{
    fc_head_settings settings;
    const fc_head_input in = {.samples = m->samples,
                              .negatives = m->negatives,
                              .background = m->background,
                              .old = m->old,
                              .gallery = m->state};
    struct head_log log =
        head_log_of(args.log, progress_wanted(args.no_progress || args.quiet, false), false);
    fc_head_work work = {.workers = fc_jobs(args.jobs),
                         .begin = head_log_begin,
                         .progress = head_log_epoch,
                         .ctx = &log,
                         .checkpoint = args.checkpoint,
                         .checkpoint_each = CHECKPOINT_SECONDS};
    fc_head_report report;
    fc_head *h = NULL;
    fc_error log_err;
    fc_status s = settings_for(&settings, m->old, err);

    if (s)
        return s;
    s = fc_head_train(&h, &report, &in, &settings, &work, err);
    if (!s && !log.f) /* of a type that has no epochs: the heading alone */
        s = head_log_begin(&log, err);
    if (head_log_close(&log, &log_err) && !s) {
        *err = log_err;
        s = err->status;
    }
    if (!s)
        s = fc_head_save(h, args.output, err);
    if (!s) {
        warn(m, &report);
        *code = *report.course.stopped ? EXIT_PARTLY : EXIT_DONE;
        if (args.format == FORMAT_JSON)
            s = head_print_json(h, &report, err);
        else
            head_print_text(h, &report);
    }
    fc_head_free(h);
    return s;
}

static fc_status run(int *code, char **operands, int n, fc_error *err)
{
    struct material m = {0};
    fc_status s;

    if (!args.output)
        return fc_fail(err, FC_EUSAGE, "no file to write (-o FILE)");
    if (n && args.from.gallery.path)
        return fc_fail(err, FC_EUSAGE, "-g and records: want one of them");
    s = read_all(&m, operands, n, err);
    if (!s)
        s = train(code, &m, err);
    material_free(&m);
    return s;
}

int main(int argc, char **argv)
{
    const int n = options_or_exit(&self, argc, argv);
    int code = EXIT_DONE;
    fc_error err;

    be_quiet(args.quiet);
    if (run(&code, argv, n, &err))
        code = program_error(&self, &err);
    return close_stdout(code);
}
