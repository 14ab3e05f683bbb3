#include <math.h>
#include <string.h>

#include "base/atomic.h"
#include "base/error.h"
#include "base/text.h"
#include "finetune.h"
#include "output.h"
#include "pipeline/record.h"

enum { MOST_SAID = 20 };

/* ---- for people ---- */

void finetune_print_begin(const char *model, const fc_tune_set *set)
{
    printf("%s: %zu photos of %zu people to train on (%zu samples of each), %zu held out\n", model,
           set->train, set->p.people, set->samples, set->held);
    puts("epoch     loss   held out: loss   top-1 %   top-5 %");
    fflush(stdout);
}

void finetune_print_epoch(const fc_head_epoch *e)
{
    if (!isfinite(e->loss))
        printf("%5zu        -\n", e->epoch);
    else
        printf("%5zu %8.4f %16.4f %9.2f %9.2f\n", e->epoch, e->loss, e->held.loss, 100 * e->held.accuracy,
               100 * e->held.top5);
    fflush(stdout);
}

static void put_name(FILE *to, const struct finetuned *f, size_t person)
{
    const char *name = f->layer->name[person];
    fc_text_put(to, name, strlen(name));
}

static double percent(size_t part, size_t all)
{
    return 100 * (double)part / (double)all;
}

void finetune_print_end(const struct finetuned *f)
{
    const fc_tune_report *r = f->report;
    const size_t held = f->set->held;

    printf("best: epoch %zu, top-1 %.2f %%, top-5 %.2f %%\n", r->course.epochs, 100 * r->course.held.accuracy,
           100 * r->course.held.top5);
    for (size_t i = 0; i < r->nconfusions && i < MOST_SAID; i++) {
        fputs("  ", stdout);
        put_name(stdout, f, r->confusion[i].is);
        fputs(" is taken for ", stdout);
        put_name(stdout, f, r->confusion[i].taken_for);
        printf(" (%zu, score %.3f)\n", r->confusion[i].times, r->confusion[i].score);
    }
    if (r->nconfusions > MOST_SAID)
        printf("  and %zu more\n", r->nconfusions - MOST_SAID);
    printf("threshold %.6f: of %zu held-out photos as strangers %zu get a name (%.2f %%), of right answers "
           "%zu are "
           "refused (%.2f %%)\n",
           f->layer->threshold, held, r->passed, percent(r->passed, held), r->refused,
           percent(r->refused, held));
}

void finetune_print_check(const struct finetune_checked *c)
{
    printf("pairs: %.2f %% right before, %.2f %% after (%zu pairs; %zu answers worse, %zu better, p = %.4f)",
           100 * c->before.accuracy, 100 * c->after.accuracy, c->pairs, c->worse, c->better, c->p);
    if (c->before.tar >= 0)
        printf("; TAR at FAR 1e-3 %.2f %% before, %.2f %% after", 100 * c->before.tar, 100 * c->after.tar);
    putchar('\n');
}

/* ---- for programs ---- */

static json_t *figure(double v)
{
    return isfinite(v) ? json_real(fc_decimal(v)) : json_null();
}

static json_t *check_of(const struct finetune_checked *c)
{
    if (!c->pairs)
        return json_null();
    return json_pack("{s:I,s:[o,o],s:[o,o],s:I,s:I,s:o}", "pairs", (json_int_t)c->pairs, "accuracy",
                     figure(c->before.accuracy), figure(c->after.accuracy), "tar",
                     figure(c->before.tar < 0 ? NAN : c->before.tar),
                     figure(c->after.tar < 0 ? NAN : c->after.tar), "worse", (json_int_t)c->worse, "better",
                     (json_int_t)c->better, "p", figure(c->p));
}

static json_t *epochs_of(const struct finetuned *f)
{
    json_t *list = json_array();

    for (size_t i = 0; i < f->epochs; i++) {
        const fc_head_epoch *e = &f->epoch[i];
        json_array_append_new(list, json_pack("{s:I,s:o,s:o,s:o,s:o}", "epoch", (json_int_t)e->epoch, "loss",
                                              figure(e->loss), "held_out_loss", figure(e->held.loss), "top1",
                                              figure(e->held.accuracy), "top5", figure(e->held.top5)));
    }
    return list;
}

static json_t *confusions_of(const struct finetuned *f)
{
    json_t *list = json_array();

    for (size_t i = 0; i < f->report->nconfusions; i++) {
        const fc_tune_confusion *c = &f->report->confusion[i];
        json_array_append_new(list, json_pack("{s:s,s:s,s:I,s:f}", "is", f->layer->name[c->is], "taken_for",
                                              f->layer->name[c->taken_for], "times", (json_int_t)c->times,
                                              "score", c->score));
    }
    return list;
}

fc_status finetune_print_json(const struct finetuned *f, fc_error *err)
{
    const fc_tune_report *r = f->report;
    const size_t held = f->set->held;
    json_t *o = json_pack("{s:i,s:s,s:I,s:I,s:I,s:I}", "v", 1, "model", f->model, "people",
                          (json_int_t)f->set->p.people, "trained", (json_int_t)f->set->train, "held_out",
                          (json_int_t)held, "samples", (json_int_t)f->set->samples);
    fc_record line = {o};

    json_object_set_new(o, "settings", json_loads(f->settings, 0, NULL));
    json_object_set_new(o, "epochs", epochs_of(f));
    json_object_set_new(o, "best_epoch", json_integer((json_int_t)r->course.epochs));
    json_object_set_new(o, "top1", figure(r->course.held.accuracy));
    json_object_set_new(o, "top5", figure(r->course.held.top5));
    json_object_set_new(o, "stopped", *r->course.stopped ? json_string(r->course.stopped) : json_null());
    json_object_set_new(o, "threshold", json_real(f->layer->threshold));
    json_object_set_new(o, "fpir", json_real(fc_decimal((double)r->passed / (double)held)));
    json_object_set_new(o, "fpir_wanted", json_real(f->fpir));
    json_object_set_new(o, "fnir", json_real(fc_decimal((double)r->refused / (double)held)));
    json_object_set_new(o, "confusions", confusions_of(f));
    json_object_set_new(o, "check", check_of(&f->checked));
    const fc_status s = o ? fc_record_write(&line, stdout, err) : fc_fail_nomem(err, 0);
    fc_record_clear(&line);
    return s;
}

fc_status finetune_write_confusions(const struct finetuned *f, const char *path, fc_error *err)
{
    fc_atomic_file a = {0};
    fc_status s = fc_atomic_open(&a, path, err);

    if (s)
        return s;
    fputs("is\ttaken_for\ttimes\tscore\n", a.f);
    for (size_t i = 0; i < f->report->nconfusions; i++) {
        const fc_tune_confusion *c = &f->report->confusion[i];
        put_name(a.f, f, c->is);
        fputc('\t', a.f);
        put_name(a.f, f, c->taken_for);
        fprintf(a.f, "\t%zu\t%.6f\n", c->times, c->score);
    }
    s = fc_atomic_commit(&a, err);
    fc_atomic_discard(&a);
    return s;
}
