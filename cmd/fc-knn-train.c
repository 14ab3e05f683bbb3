/* fc-knn-train: a classifier from the nearest neighbours, with its operating point. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/stats.h"
#include "base/threads.h"
#include "base/text.h"
#include "pipeline/record.h"
#include "models.h"
#include "labelled.h"
#include "option_rows.h"
#include "classify/knn_train.h"
#include "say.h"

enum { MOST_SAID = 20 };

enum format { FORMAT_TEXT, FORMAT_JSON };
static const char *const formats[] = {"text", "json", NULL};

static struct args {
    struct labelled_args from;
    const char *output, *models;
    int k, vote, format, jobs;
    double fpir, floor;
    bool quiet, no_progress;
} args = {.from.id_field = "id", .k = 3, .fpir = 0.01, .floor = NAN};

#define AT(field) offsetof(struct args, field)
static const option own_options[] = {
    ROW_OWN_GALLERY(AT(from.gallery.path), "the gallery to learn from"),
    ROW_OUTPUT(AT(output), "the classifier to write"),
    ROW_NEIGHBOURS(AT(k), NULL),
    {"vote", .kind = OPTION_CHOICE, .arg = "HOW", .at = AT(vote), .choices = fc_knn_vote_names,
     .help = "a vote's weight: distance (nearer ones count more) or majority (all the same) (distance)"},
    ROW_FPIR(AT(fpir), NULL,
             "strangers who may be taken for somebody, of all strangers; sets the threshold (0.01)"),
    {"floor", .kind = OPTION_REAL, .arg = "X", .at = AT(floor), .min = -1, .max = 1,
     .help = "the threshold is not below X, whatever few strangers show (the model's own)"},
    ROW_ID_FIELD(AT(from.id_field)),
    ROW_PLAIN(AT(from.plain), NULL),
    ROW_FORMAT(AT(format), formats, "of the report: text or json (text)"),
    {0},
};

static const option running_options[] = {
    ROW_MODELS(AT(models), "for the threshold's floor, "),
    ROW_JOBS(AT(jobs), "threads"),
    ROW_QUIET(AT(quiet), ""),
    ROW_NO_PROGRESS(AT(no_progress)),
    {0},
};

static const option_group groups[] = {
    {"Training", own_options, &args},
    {"Sealed galleries", key_options, &args.from.gallery},
    {"Run", running_options, &args},
    {0},
};

static const program self = {
    .name = "fc-knn-train",
    .summary = "Train a classifier of nearest neighbours on a gallery or labelled records.",
    .operands = "-o FILE [-g GALLERY | RECORDS...]",
    .operand = OPTION_FILE,
    .groups = groups,
};

/* ---- what is to be said ---- */

/* Who has so few samples that they are hard to tell, or never reach the threshold. */
static void warn_of_people(const fc_labelled *l, const fc_knn_report *r, double threshold)
{
    for (size_t i = 0; i < r->nfew && i < MOST_SAID; i++) {
        const fc_knn_few *few = &r->few[i];
        const char *name = fc_labelled_name(l, few->person);
        char never[100] = "";
        if (few->never)
            snprintf(never, sizeof never, ": the score, at most %.3f, never reaches the threshold, %.6f",
                     few->most, threshold);
        if (few->samples == 0)
            note("warning: %s has no sample, and is left out", name);
        else
            note("warning: %s has %zu sample%s, fewer than k = %d%s", name, few->samples,
                 few->samples == 1 ? "" : "s", args.k, never);
    }
    if (r->nfew > MOST_SAID)
        note("warning: %zu more people with fewer samples than k = %d", r->nfew - MOST_SAID, args.k);
}

static void warn_of_rate(const fc_knn_rate *fpir)
{
    const uint64_t n = fpir->all;
    char want[60] = "";

    if (fc_shows_rate(n, args.fpir))
        return;
    if (args.fpir > 0)
        snprintf(want, sizeof want, "; that takes %.0f", ceil(3 / args.fpir));
    note("warning: %llu samples held out cannot show an FPIR of %g%s: of strangers up to %.1f %% may be "
         "taken for somebody (95 %% interval)",
         (unsigned long long)n, args.fpir, want, 100 * fpir->interval.high);
}

/* ---- the report ---- */

static json_t *name_of(const fc_table *t, size_t subject)
{
    fc_table_subject who;
    return fc_table_get_subject(t, subject, &who, NULL) ? json_null() : json_stringn(who.name, who.length);
}

static json_t *confusions_of(const fc_knn *m, const fc_knn_confusion *list, size_t n)
{
    const fc_table *t = fc_knn_table(m);
    json_t *out = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(out, json_pack("{s:o,s:o,s:I,s:f}", "is", name_of(t, list[i].is), "taken_for",
                                             name_of(t, list[i].taken_for), "times",
                                             (json_int_t)list[i].times, "score", list[i].score));
    return out;
}

static json_t *interval_of(const fc_knn_rate *r)
{
    return json_pack("[f,f]", fc_decimal(r->interval.low), fc_decimal(r->interval.high));
}

/* null where there was nothing to count */
static json_t *rate_of(const fc_knn_rate *r)
{
    return r->all ? json_real(r->rate) : json_null();
}

static json_t *json_of(const fc_knn *m, const fc_knn_report *r)
{
    const fc_knn_settings *s = fc_knn_get_settings(m);
    const fc_table_size size = fc_table_get_size(fc_knn_table(m));
    json_t *o = json_pack("{s:i,s:s,s:I,s:I,s:i,s:s}", "v", 1, "contract", fc_knn_contract(m), "people",
                          (json_int_t)size.subjects, "samples", (json_int_t)size.rows, "k", s->k, "vote",
                          fc_knn_vote_names[s->vote]);

    json_object_set_new(o, "tested", json_integer((json_int_t)r->accuracy.all));
    json_object_set_new(o, "accuracy", rate_of(&r->accuracy));
    json_object_set_new(o, "threshold", json_real(fc_knn_get_measured(m)->threshold));
    json_object_set_new(o, "held_out", json_integer((json_int_t)r->fpir.all));
    json_object_set_new(o, "fpir", json_real(r->fpir.rate));
    json_object_set_new(o, "fpir_interval", interval_of(&r->fpir));
    json_object_set_new(o, "fpir_wanted", json_real(s->fpir));
    json_object_set_new(o, "floor", s->floor > 0 ? json_real(s->floor) : json_null());
    json_object_set_new(o, "fnir", rate_of(&r->fnir));
    json_object_set_new(o, "fnir_interval", interval_of(&r->fnir));
    json_object_set_new(o, "confusions", confusions_of(m, r->confusions, r->nconfusions));
    json_object_set_new(o, "strangers", confusions_of(m, r->strangers, r->nstrangers));
    return o;
}

static fc_status write_json(const fc_knn *m, const fc_knn_report *r, fc_error *err)
{
    fc_record line = {json_of(m, r)};
    const fc_status s = line.json ? fc_record_write(&line, stdout, err) : fc_fail_nomem(err, 0);

    fc_record_clear(&line);
    return s;
}

static void put_name(const fc_table *t, size_t subject)
{
    fc_table_subject who = {0};

    if (!fc_table_get_subject(t, subject, &who, NULL))
        fc_text_put(stdout, who.name, who.length);
}

static void print_confusions(const fc_knn *m, const fc_knn_confusion *list, size_t n, const char *what)
{
    for (size_t i = 0; i < n; i++) {
        if (i == MOST_SAID) {
            printf("  and %zu more\n", n - i);
            break;
        }
        printf("  %s", what);
        put_name(fc_knn_table(m), list[i].is);
        fputs(" is taken for ", stdout);
        put_name(fc_knn_table(m), list[i].taken_for);
        printf(" (%zu, score %.3f)\n", list[i].times, list[i].score);
    }
}

/* "FPIR 0.00 %, 95 % interval 0.00 to 21.80 %" */
static void print_rate(const char *name, const fc_knn_rate *r)
{
    printf("%s %.2f %%, %.0f %% interval %.2f to %.2f %%", name, 100 * r->rate, 100 * FC_CONFIDENCE,
           100 * r->interval.low, 100 * r->interval.high);
}

static void print_report(const fc_knn *m, const fc_knn_report *r)
{
    const double threshold = fc_knn_get_measured(m)->threshold, floor = fc_knn_get_settings(m)->floor;
    const fc_table_size size = fc_table_get_size(fc_knn_table(m));

    printf("%zu samples of %zu people, k = %d, %s vote\n", size.rows, size.subjects, args.k,
           fc_knn_vote_names[args.vote]);
    printf("leave-one-out: %llu of %llu right (%.2f %%)\n", (unsigned long long)r->accuracy.part,
           (unsigned long long)r->accuracy.all, 100 * r->accuracy.rate);
    print_confusions(m, r->confusions, r->nconfusions, "");
    printf("threshold %.6f%s: of %llu strangers %llu taken for somebody (", threshold,
           floor > 0 && threshold <= fc_decimal(floor) ? ", the floor" : "", (unsigned long long)r->fpir.all,
           (unsigned long long)r->fpir.part);
    print_rate("FPIR", &r->fpir);
    printf("), of %llu known faces %llu missed (", (unsigned long long)r->fnir.all,
           (unsigned long long)r->fnir.part);
    print_rate("FNIR", &r->fnir);
    puts(")");
    print_confusions(m, r->strangers, r->nstrangers, "stranger ");
}

/* ---- training ---- */

static void show_progress(void *ctx, size_t done, size_t all)
{
    if (progress_due(ctx))
        progress_show("%zu of %zu samples", done, all);
}

static fc_status floor_for(double *floor, const char *contract, fc_error *err)
{
    fc_status s = FC_OK;

    *floor = args.floor;
    if (isnan(*floor))
        s = models_threshold(floor, contract, args.models, err);
    if (!s && isnan(*floor)) {
        if (*contract) /* else there are no samples, which ends the run */
            note("warning: no model of %s is known here, so that the threshold has no floor", contract);
        *floor = 0;
    }
    return s;
}

static fc_status train(const fc_labelled *l, fc_error *err)
{
    progress shown = progress_begin(progress_wanted(args.no_progress || args.quiet, false));
    const fc_knn_work work = {.workers = fc_jobs(args.jobs), .progress = show_progress, .ctx = &shown};
    fc_knn_settings settings = {.k = args.k, .vote = (fc_knn_vote)args.vote, .fpir = args.fpir};
    fc_knn_report report = {0};
    fc_knn *m = NULL;
    fc_status s = floor_for(&settings.floor, fc_labelled_contract(l), err);

    if (!s)
        s = fc_knn_learn(&m, &report, l, &settings, &work, err);
    progress_clear();
    if (!s) {
        warn_of_people(l, &report, fc_knn_get_measured(m)->threshold);
        warn_of_rate(&report.fpir);
        s = fc_knn_save(m, args.output, err);
    }
    if (!s && args.format == FORMAT_JSON)
        s = write_json(m, &report, err);
    else if (!s)
        print_report(m, &report);
    fc_knn_report_clear(&report);
    fc_knn_free(m);
    return s;
}

static fc_status check_args(int operands, fc_error *err)
{
    const fc_knn_settings settings = {.k = args.k, .vote = (fc_knn_vote)args.vote, .fpir = args.fpir};

    if (!args.output)
        return fc_fail(err, FC_EUSAGE, "no file to write (-o FILE)");
    if (operands && args.from.gallery.path)
        return fc_fail(err, FC_EUSAGE, "-g and records: want one of them");
    return fc_knn_check(&settings, err);
}

static fc_status run(char **operands, int n, fc_error *err)
{
    fc_labelled *l = NULL;
    fc_status s = check_args(n, err);

    if (!s)
        s = labelled_gather(&l, &args.from, "the classifier", operands, n, NULL, err);
    if (!s)
        s = train(l, err);
    fc_labelled_free(l);
    return s;
}

int main(int argc, char **argv)
{
    const int n = options_or_exit(&self, argc, argv);
    fc_error err;

    be_quiet(args.quiet);
    return close_stdout(run(argv, n, &err) ? program_error(&self, &err) : EXIT_DONE);
}
