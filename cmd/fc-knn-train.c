/* fc-knn-train: a classifier from the nearest neighbours, with its operating point. */
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/codec.h"
#include "alike.h"
#include "base/error.h"
#include "base/grow.h"
#include "base/outputs.h"
#include "base/threads.h"
#include "base/text.h"
#include "pipeline/record.h"
#include "models.h"
#include "eval/stats.h"
#include "items.h"
#include "gallery.h"
#include "source_options.h"
#include "classify/knn.h"
#include "classify/labelled.h"
#include "match/name.h"
#include "say.h"

enum { MOST_SAID = 20 };

enum format { FORMAT_TEXT, FORMAT_JSON };
static const char *const formats[] = {"text", "json", NULL};
static const char *const votes[] = {[FC_KNN_DISTANCE] = "distance", [FC_KNN_MAJORITY] = "majority", NULL};

static struct args {
    struct gallery_args gallery;
    const char *output, *id_field, *models;
    int k, vote, format, jobs;
    double fpir, floor;
    bool plain, quiet, no_progress;
} args = {.id_field = "id", .k = 3, .fpir = 0.01, .floor = NAN};

#define AT(field) offsetof(struct args, field)
static const option own_options[] = {
    {"gallery", 'g', OPTION_FILE, .arg = "GALLERY", .at = AT(gallery.path),
     .help = "the gallery to learn from"},
    {"output", 'o', OPTION_OUTPUT, .arg = "MODEL", .at = AT(output), .help = "the file to write"},
    {"neighbours", 'k', OPTION_INT, .arg = "K", .at = AT(k), .min = 1, .max = FC_KNN_MAX_K,
     .help = "neighbours that vote; an odd number (3)"},
    {"vote", .kind = OPTION_CHOICE, .arg = "HOW", .at = AT(vote), .choices = votes,
     .help = "a vote's weight: distance (nearer ones count more) or majority (all the same) (distance)"},
    {"fpir", .kind = OPTION_REAL, .arg = "RATE", .at = AT(fpir), .min = 0, .max = 1,
     .help = "strangers who may be taken for somebody, of all strangers; sets the threshold (0.01)"},
    {"floor", .kind = OPTION_REAL, .arg = "X", .at = AT(floor), .min = -1, .max = 1,
     .help = "the threshold is not below X, whatever few strangers show (the model's own)"},
    {"id-field", .kind = OPTION_TEXT, .arg = "FIELD", .at = AT(id_field),
     .help = "the field of records that names the person (id)"},
    {"plain", .at = AT(plain), .help = PLAIN_HELP},
    {"format", 'f', OPTION_CHOICE, .arg = "FORMAT", .at = AT(format), .choices = formats,
     .help = "of the report: text or json (text)"},
    {0},
};

static const option running_options[] = {
    {"models", .kind = OPTION_DIR, .arg = "DIR", .at = AT(models), .env = "FACECHECK_MODELS",
     .help = "look for the model, for its threshold, in DIR before the usual folders"},
    {"jobs", 'j', OPTION_INT, .arg = "N", .at = AT(jobs), .min = 1, .max = FC_MAX_JOBS,
     .help = "threads (the number of CPUs)"},
    {"quiet", 'q', .at = AT(quiet), .help = "no warnings"},
    {"no-progress", .at = AT(no_progress), .help = "no progress line on a terminal"},
    {0},
};

static const option_group groups[] = {
    {"Training", own_options, &args},
    {"Sealed galleries", key_options, &args.gallery},
    {"Run", running_options, &args},
    {0},
};

static const program self = {
    .name = "fc-knn-train",
    .summary = "Train a classifier of nearest neighbours on a gallery or labelled records.",
    .operands = "-o MODEL [-g GALLERY | RECORDS...]",
    .operand = OPTION_FILE,
    .groups = groups,
};

/* ---- from a gallery ---- */

struct gathering {
    fc_labelled *l;
    struct person {
        int64_t id;
        char *name; /* owned */
    } * person;     /* [n], by rising id */
    size_t n, cap;
};

static fc_status take_person(void *ctx, const fc_subject *s, fc_error *err)
{
    struct gathering *g = ctx;

    fc_status grown = fc_grow(&g->person, g->n + 1, &g->cap, sizeof *g->person, err);

    if (grown)
        return grown;
    g->person[g->n] = (struct person){s->id, strdup(s->name)};
    if (!g->person[g->n++].name)
        return fc_fail_nomem(err, strlen(s->name) + 1);
    return fc_labelled_person(g->l, s->name, err);
}

static int by_id(const void *key, const void *element)
{
    const int64_t id = *(const int64_t *)key, other = ((const struct person *)element)->id;
    return id < other ? -1 : id > other;
}

static fc_status take_sample(void *ctx, const fc_sample *s, fc_error *err)
{
    struct gathering *g = ctx;
    const struct person *p = bsearch(&s->subject, g->person, g->n, sizeof *p, by_id);
    char photo[FC_SHA256_HEX + 24], hex[FC_SHA256_HEX];
    fc_status st;

    if (*s->source && (st = fc_outputs_spare_name(s->source, err)))
        return st;
    if (!p)
        return fc_fail(err, FC_ECORRUPT, "sample %lld is nobody's", (long long)s->id);
    sodium_bin2hex(hex, sizeof hex, s->content, sizeof s->content);
    snprintf(photo, sizeof photo, "%lld %s", (long long)s->subject, hex);
    return fc_labelled_add(g->l, p->name, s->contract, s->e, s->dim, photo, err);
}

static fc_status gather_gallery(fc_labelled *l, fc_error *err)
{
    struct gathering all = {.l = l};
    fc_gallery *g;
    fc_status s = gallery_open(&g, &args.gallery, FC_GALLERY_READ, false, err);

    if (!s)
        s = gallery_may_leave(g, args.plain, "the classifier", err);
    if (!s)
        s = fc_gallery_begin(g, false, err);
    if (!s)
        s = fc_gallery_each_subject(g, false, take_person, &all, err);
    if (!s)
        s = fc_gallery_each_sample(g, 0, true, take_sample, &all, err);
    fc_gallery_free(g);
    for (size_t i = 0; i < all.n; i++)
        free(all.person[i].name);
    free(all.person);
    return s;
}

/* ---- from records ---- */

static fc_status take_face(fc_labelled *l, const char *name, const fc_record *rec, size_t i, fc_error *err)
{
    const char *hash = json_string_value(json_object_get(rec->json, "sha256")), *contract;
    char *photo = NULL;
    float *e;
    size_t dim;
    fc_status s = fc_face_get_embedding(fc_record_face(rec, i), &contract, &e, &dim, err);

    if (s)
        return s;
    if (hash && asprintf(&photo, "%s %s", name, hash) < 0)
        s = fc_fail_nomem(err, strlen(name) + 1);
    if (!s)
        s = fc_labelled_add(l, name, contract, e, dim, photo, err);
    free(photo);
    free(e);
    return s;
}

/* A failed record has no face, and its person perhaps no other. */
static fc_status take_record(fc_labelled *l, const fc_input *in, const fc_record *rec, fc_error *err)
{
    const char *name = json_string_value(json_object_get(rec->json, args.id_field));
    fc_error why;
    fc_status s;

    if (!name)
        return fc_fail(err, FC_ERECORD, "%s:%zu: no \"%s\" that says whose it is", in->path, in->line,
                       args.id_field);
    s = fc_name_check(name, &why);
    if (!s)
        s = fc_labelled_person(l, name, &why);
    if (!s && fc_record_face_count(rec)) {
        s = fc_record_one_face(rec, &why);
        if (!s)
            s = take_face(l, name, rec, 0, &why);
    }
    if (!s)
        return FC_OK;
    return fc_fail(err, s == FC_EUSAGE ? FC_ERECORD : s, "%s:%zu: %s", in->path, in->line, why.message);
}

static fc_status take_input(fc_labelled *l, const fc_input *in, fc_error *err)
{
    fc_record rec;
    fc_status s;

    if (in->kind != FC_INPUT_LINE)
        return fc_input_no_records(in, "fc-embed makes them", err);
    s = fc_record_parse(&rec, (const char *)in->data.data, in->data.n, in->path, in->line, err);
    if (!s)
        s = take_record(l, in, &rec, err);
    fc_record_clear(&rec);
    return s;
}

static fc_status gather_records(fc_labelled *l, char **operands, int n, fc_error *err)
{
    static const fc_source_options plain;
    fc_source *in;
    fc_input one;
    fc_status s = fc_source_open(&in, &plain, operands, n, err);

    while (!s && !(s = fc_source_next(in, &one, err))) {
        s = take_input(l, &one, err);
        fc_input_clear(&one);
    }
    if (s == FC_END)
        say_nothing_came(in);
    fc_source_close(in);
    return s == FC_END ? FC_OK : s;
}

/* ---- what is to be said ---- */

/* Who has so few samples that they are hard to tell, or never reach the threshold. */
static void warn_of_people(const fc_labelled *l, double threshold)
{
    size_t few = 0;

    for (size_t i = 0; i < fc_labelled_people(l); i++) {
        const size_t n = fc_labelled_samples(l, i);
        const double most = (double)n / args.k;
        char never[100] = "";
        if (n >= (size_t)args.k)
            continue;
        if (++few > MOST_SAID)
            continue;
        if (!fc_accepts(most, threshold))
            snprintf(never, sizeof never, ": the score, at most %.3f, never reaches the threshold, %.6f",
                     most, threshold);
        if (n == 0)
            note("warning: %s has no sample, and is left out", fc_labelled_name(l, i));
        else
            note("warning: %s has %zu sample%s, fewer than k = %d%s", fc_labelled_name(l, i), n,
                 n == 1 ? "" : "s", args.k, never);
    }
    if (few > MOST_SAID)
        note("warning: %zu more people with fewer samples than k = %d", few - MOST_SAID, args.k);
}

/* None of n still leaves a rate of 3 / n (95 %): what n strangers cannot show is not promised. */
static void warn_of_rate(const fc_knn_measured *d)
{
    const double n = (double)d->held_out;
    char want[60] = "";

    if (n > 0 && args.fpir >= 3 / n)
        return;
    if (args.fpir > 0)
        snprintf(want, sizeof want, "; that takes %.0f", ceil(3 / args.fpir));
    note("warning: %.0f samples held out cannot show an FPIR of %g%s: of strangers up to %.1f %% may be "
         "taken for "
         "somebody (95 %% interval)",
         n, args.fpir, want, 100 * fc_clopper_pearson(d->accepted, d->held_out, FC_CONFIDENCE).high);
}

static fc_status warn_of_names(const fc_labelled *l, fc_error *err)
{
    alike all = {0};
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < fc_labelled_people(l); i++)
        s = alike_add(&all, fc_labelled_name(l, i), true, err);
    if (!s)
        s = alike_warn(&all, err);
    alike_clear(&all);
    return s;
}

/* One person taken for another, so many times, with that score at most. */
struct confusion {
    size_t is, taken_for, times;
    double score;
};

static int by_people(const void *a, const void *b)
{
    const struct confusion *x = a, *y = b;

    if (x->is != y->is)
        return x->is < y->is ? -1 : 1;
    return x->taken_for < y->taken_for ? -1 : x->taken_for > y->taken_for;
}

static int by_weight(const void *a, const void *b)
{
    const struct confusion *x = a, *y = b;

    if (x->times != y->times)
        return x->times > y->times ? -1 : 1;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return by_people(a, b);
}

/* The answers that are wrong (accepted: and would be given), the frequent ones first; caller frees. */
static struct confusion *find_confusions(const fc_knn *m, const fc_knn_answer *answers, bool accepted,
                                         size_t *n)
{
    const fc_table *t = fc_knn_table(m);
    const size_t rows = fc_table_get_size(t).rows;
    struct confusion *list = calloc(rows + 1, sizeof *list);
    size_t all = 0;

    *n = 0;
    for (size_t i = 0; list && i < rows; i++) {
        fc_table_row r;
        if (answers[i].subject == SIZE_MAX || (accepted && !fc_knn_accepts(m, &answers[i])) ||
            fc_table_get(t, i, &r, NULL) || answers[i].subject == r.subject)
            continue;
        list[all++] = (struct confusion){r.subject, answers[i].subject, 1, answers[i].score};
    }
    if (!list)
        return NULL;
    qsort(list, all, sizeof *list, by_people);
    for (size_t i = 0; i < all; i++) {
        if (*n && !by_people(&list[*n - 1], &list[i])) {
            list[*n - 1].times++;
            list[*n - 1].score = fmax(list[*n - 1].score, list[i].score);
        } else {
            list[(*n)++] = list[i];
        }
    }
    qsort(list, *n, sizeof *list, by_weight);
    return list;
}

static json_t *name_of(const fc_table *t, size_t subject)
{
    fc_table_subject who;
    return fc_table_get_subject(t, subject, &who, NULL) ? json_null() : json_stringn(who.name, who.length);
}

static json_t *confusions_of(const fc_knn *m, const fc_knn_answer *answers, bool accepted)
{
    const fc_table *t = fc_knn_table(m);
    json_t *out = json_array();
    size_t n;
    struct confusion *list = find_confusions(m, answers, accepted, &n);

    for (size_t i = 0; list && i < n; i++)
        json_array_append_new(out, json_pack("{s:o,s:o,s:I,s:f}", "is", name_of(t, list[i].is), "taken_for",
                                             name_of(t, list[i].taken_for), "times",
                                             (json_int_t)list[i].times, "score", list[i].score));
    free(list);
    return out;
}

static double share(uint64_t part, uint64_t all)
{
    return all ? fc_decimal((double)part / (double)all) : 0;
}

/* Of a rate that was counted. */
static json_t *interval_of(uint64_t part, uint64_t all)
{
    const fc_interval i = fc_clopper_pearson(part, all, FC_CONFIDENCE);
    return json_pack("[f,f]", fc_decimal(i.low), fc_decimal(i.high));
}

static json_t *report_of(const fc_knn *m, const fc_knn_answer *loo, const fc_knn_answer *held_out)
{
    const fc_knn_settings *s = fc_knn_get_settings(m);
    const fc_knn_measured *d = fc_knn_get_measured(m);
    const fc_table_size size = fc_table_get_size(fc_knn_table(m));
    json_t *o = json_pack("{s:i,s:s,s:I,s:I,s:i,s:s}", "v", 1, "contract", fc_knn_contract(m), "people",
                          (json_int_t)size.subjects, "samples", (json_int_t)size.rows, "k", s->k, "vote",
                          votes[s->vote]);

    json_object_set_new(o, "tested", json_integer((json_int_t)d->tested));
    json_object_set_new(o, "accuracy", d->tested ? json_real(share(d->correct, d->tested)) : json_null());
    json_object_set_new(o, "threshold", json_real(d->threshold));
    json_object_set_new(o, "held_out", json_integer((json_int_t)d->held_out));
    json_object_set_new(o, "fpir", json_real(share(d->accepted, d->held_out)));
    json_object_set_new(o, "fpir_interval", interval_of(d->accepted, d->held_out));
    json_object_set_new(o, "fpir_wanted", json_real(s->fpir));
    json_object_set_new(o, "floor", s->floor > 0 ? json_real(s->floor) : json_null());
    json_object_set_new(o, "fnir", d->tested ? json_real(share(d->missed, d->tested)) : json_null());
    json_object_set_new(o, "fnir_interval", interval_of(d->missed, d->tested));
    json_object_set_new(o, "confusions", confusions_of(m, loo, false));
    json_object_set_new(o, "strangers", confusions_of(m, held_out, true));
    return o;
}

static void print_confusions(const json_t *list, const char *what)
{
    size_t i;
    const json_t *c;

    json_array_foreach(list, i, c)
    {
        if (i == MOST_SAID) {
            printf("  and %zu more\n", json_array_size(list) - i);
            break;
        }
        const json_t *is = json_object_get(c, "is"), *taken_for = json_object_get(c, "taken_for");
        printf("  %s", what);
        fc_text_put(stdout, json_string_value(is), json_string_length(is));
        fputs(" is taken for ", stdout);
        fc_text_put(stdout, json_string_value(taken_for), json_string_length(taken_for));
        printf(" (%lld, score %.3f)\n", (long long)json_integer_value(json_object_get(c, "times")),
               json_real_value(json_object_get(c, "score")));
    }
}

/* "FPIR 0.00 %, 95 % interval 0.00 to 21.80 %" */
static void print_rate(const char *name, uint64_t part, uint64_t all)
{
    const fc_interval i = fc_clopper_pearson(part, all, FC_CONFIDENCE);
    printf("%s %.2f %%, %.0f %% interval %.2f to %.2f %%", name, 100 * share(part, all), 100 * FC_CONFIDENCE,
           100 * i.low, 100 * i.high);
}

static void print_report(const fc_knn *m, const json_t *report)
{
    const fc_knn_measured *d = fc_knn_get_measured(m);
    const fc_table_size size = fc_table_get_size(fc_knn_table(m));
    const double floor = fc_knn_get_settings(m)->floor;

    printf("%zu samples of %zu people, k = %d, %s vote\n", size.rows, size.subjects, args.k,
           votes[args.vote]);
    printf("leave-one-out: %llu of %llu right (%.2f %%)\n", (unsigned long long)d->correct,
           (unsigned long long)d->tested, 100 * share(d->correct, d->tested));
    print_confusions(json_object_get(report, "confusions"), "");
    printf("threshold %.6f%s: of %llu strangers %llu taken for somebody (", d->threshold,
           floor > 0 && d->threshold <= fc_decimal(floor) ? ", the floor" : "",
           (unsigned long long)d->held_out, (unsigned long long)d->accepted);
    print_rate("FPIR", d->accepted, d->held_out);
    printf("), of %llu known faces %llu missed (", (unsigned long long)d->tested,
           (unsigned long long)d->missed);
    print_rate("FNIR", d->missed, d->tested);
    puts(")");
    print_confusions(json_object_get(report, "strangers"), "stranger ");
}

/* ---- training ---- */

static fc_status write_report(const fc_knn *m, const fc_knn_answer *loo, const fc_knn_answer *held_out,
                              fc_error *err)
{
    json_t *report = report_of(m, loo, held_out);
    fc_record line = {report};
    fc_status s = report ? FC_OK : fc_fail_nomem(err, 0);

    if (!s && args.format == FORMAT_JSON)
        s = fc_record_write(&line, stdout, err);
    else if (!s)
        print_report(m, report);
    json_decref(report);
    return s;
}

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
        note("warning: no model of %s is known here, so that the threshold has no floor", contract);
        *floor = 0;
    }
    return s;
}

static fc_status train(const fc_labelled *l, fc_error *err)
{
    progress shown = progress_begin(progress_wanted(args.no_progress || args.quiet, false));
    const fc_knn_work work = {fc_jobs(args.jobs), show_progress, &shown};
    fc_knn_settings settings = {args.k, (fc_knn_vote)args.vote, args.fpir, 0};
    fc_knn_answer *loo = NULL, *held_out = NULL;
    fc_table *t;
    size_t *photo;
    fc_knn *m = NULL;
    fc_status s = floor_for(&settings.floor, fc_labelled_contract(l), err);

    if (!s)
        s = fc_labelled_table(l, &t, &photo, err);
    if (s)
        return s;
    const size_t rows = fc_table_get_size(t).rows;
    loo = calloc(rows + 1, sizeof *loo);
    held_out = calloc(rows + 1, sizeof *held_out);
    if (!loo || !held_out) {
        fc_table_free(t);
        s = fc_fail_nomem(err, rows * sizeof *loo);
    } else {
        s = fc_knn_train(&m, t, fc_labelled_contract(l), photo, &settings, &work, loo, held_out, err);
        progress_clear();
    }
    if (!s) {
        warn_of_people(l, fc_knn_get_measured(m)->threshold);
        warn_of_rate(fc_knn_get_measured(m));
        s = fc_knn_save(m, args.output, err);
    }
    if (!s)
        s = write_report(m, loo, held_out, err);
    fc_knn_free(m);
    free(photo);
    free(loo);
    free(held_out);
    return s;
}

static fc_status check_args(int operands, fc_error *err)
{
    const fc_knn_settings settings = {.k = args.k, .vote = (fc_knn_vote)args.vote, .fpir = args.fpir};

    if (!args.output)
        return fc_fail(err, FC_EUSAGE, "no file to write (-o MODEL)");
    if (operands && args.gallery.path)
        return fc_fail(err, FC_EUSAGE, "-g and records: want one of them");
    return fc_knn_check(&settings, err);
}

static fc_status run(char **operands, int n, fc_error *err)
{
    fc_labelled *l = NULL;
    fc_status s = check_args(n, err);

    if (!s)
        s = fc_labelled_new(&l, err);
    if (!s)
        s = args.gallery.path ? gather_gallery(l, err) : gather_records(l, operands, n, err);
    if (!s)
        s = warn_of_names(l, err);
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
