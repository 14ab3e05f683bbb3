/* fc-eval knn: k-NN classification by cross-validation. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/pipeline.h"
#include "eval.h"
#include "eval/clusters.h"
#include "eval/lots.h"
#include "classify/knn.h"
#include "classify/labelled.h"
#include "match/similarity.h"

static const double wanted_fpir = 0.01;
enum { OUTSIDE = -1 }; /* in no fold: people with too few pictures, who are strangers */

struct trial {
    uint32_t *label;
    size_t people, enrolled;
    int *fold;                        /* [t.n] */
    bool *right;                      /* [t.n] */
    double *accuracy;                 /* [folds] */
    size_t tested, correct, accepted; /* accepted: right answers that are above the threshold */
    size_t strangers, named;          /* questions about strangers, and those that got a name */
};

static void trial_free(struct trial *t)
{
    free(t->accuracy);
    free(t->right);
    free(t->fold);
    free(t->label);
}

/* Each person's pictures are dealt to the folds in turn. */
static fc_status deal(const evaluation *e, struct trial *t, fc_error *err)
{
    fc_people_images people;
    fc_status s = fc_people_images_draw(&people, t->label, e->t.n, t->people, e->args->seed, err);

    if (s)
        return s;
    t->fold = calloc(e->t.n + 1, sizeof *t->fold);
    t->right = calloc(e->t.n + 1, sizeof *t->right);
    t->accuracy = calloc((size_t)e->args->folds, sizeof *t->accuracy);
    if (!t->fold || !t->right || !t->accuracy)
        s = fc_fail_nomem(err, e->t.n * sizeof *t->fold);
    for (size_t p = 0; p < t->people && !s; p++) {
        const size_t n = people.first[p + 1] - people.first[p];
        const bool in = n >= (size_t)e->args->min_images;
        for (size_t i = 0; i < n; i++)
            t->fold[people.image[people.first[p] + i]] =
                in ? (int)((i + t->enrolled) % (size_t)e->args->folds) : OUTSIDE;
        t->enrolled += in;
    }
    fc_people_images_clear(&people);
    if (!s && t->enrolled < 2)
        s = fc_fail(err, FC_EDATA, "knn: want two people with %d pictures (--min-images) or more",
                    e->args->min_images);
    return s;
}

/* People have numbers for names here: a folder may be called what nobody can be enrolled as. */
enum { DIGITS = 10 };

static uint32_t number_of(const fc_table_subject *who)
{
    char name[DIGITS + 1] = "";
    memcpy(name, who->name, who->length < DIGITS ? who->length : DIGITS);
    return (uint32_t)strtoul(name, NULL, 10);
}

static fc_status train(fc_knn **out, const evaluation *e, const struct trial *t, int fold, fc_error *err)
{
    const double own = fc_stages_model(e->stages)->threshold;
    const fc_knn_settings settings = {e->args->k, FC_KNN_DISTANCE, wanted_fpir, isnan(own) ? 0 : own};
    const fc_knn_work work = {.workers = fc_jobs(e->args->common.run.jobs)};
    const char *contract = fc_stages_model(e->stages)->contract;
    fc_labelled *l = NULL;
    fc_table *table = NULL;
    size_t *photo = NULL;
    fc_status s = fc_labelled_new(&l, err);

    for (size_t i = 0; i < e->t.n && !s; i++) {
        if (t->fold[i] == fold || t->fold[i] == OUTSIDE || e->t.image[i].state != FC_TEMPLATE_MADE)
            continue;
        char name[DIGITS + 1];
        snprintf(name, sizeof name, "%0*u", DIGITS, t->label[i]);
        s = fc_labelled_add(l, name, contract, e->t.v + i * e->t.dim, e->t.dim, NULL, err);
    }
    if (!s)
        s = fc_labelled_table(l, &table, &photo, err);
    if (!s)
        s = fc_knn_train(out, table, contract, photo, &settings, &work, NULL, NULL, err);
    free(photo);
    fc_labelled_free(l);
    return s;
}

/* The picture among those that were trained with that shows this person and is the nearest. */
static size_t nearest_of(const evaluation *e, const struct trial *t, int fold, uint32_t person, size_t image,
                         double *score)
{
    size_t best = image;

    *score = -INFINITY;
    for (size_t i = 0; i < e->t.n; i++) {
        if (t->fold[i] == fold || t->fold[i] == OUTSIDE || e->t.image[i].state != FC_TEMPLATE_MADE ||
            t->label[i] != person)
            continue;
        const double s = fc_decimal(fc_cosine(e->t.v + i * e->t.dim, e->t.v + image * e->t.dim, e->t.dim));
        if (s > *score) {
            *score = s;
            best = i;
        }
    }
    return best;
}

static eval_case no_answer(size_t image)
{
    return (eval_case){.a = image, .b = image, .same = true, .score = -INFINITY, .threshold = -1};
}

static eval_case wrong_answer(const evaluation *e, const struct trial *t, int fold, uint32_t person,
                              size_t image)
{
    eval_case c = {.a = image, .other_nearer = true, .threshold = -1};
    c.b = nearest_of(e, t, fold, person, image, &c.score);
    return c;
}

static fc_status test_fold(evaluation *e, struct trial *t, int fold, fc_error *err)
{
    fc_knn *m = NULL;
    size_t tested = 0, right = 0;
    fc_status s = train(&m, e, t, fold, err);

    for (size_t i = 0; i < e->t.n && !s; i++) {
        fc_knn_answer a;
        fc_table_subject who;
        if (t->fold[i] != fold && t->fold[i] != OUTSIDE)
            continue;
        const bool stranger = t->fold[i] == OUTSIDE;
        t->strangers += stranger;
        tested += !stranger;
        if (e->t.image[i].state != FC_TEMPLATE_MADE) {
            if (!stranger)
                e->cases[e->ncases++] = no_answer(i);
            continue;
        }
        if ((s = fc_knn_predict(m, e->t.v + i * e->t.dim, 1, &a, err)) ||
            (s = fc_table_get_subject(fc_knn_table(m), a.subject, &who, err)))
            break;
        const bool accepted = fc_knn_accepts(m, &a);
        const uint32_t person = number_of(&who);
        if (stranger) {
            t->named += accepted;
        } else if (person == t->label[i]) {
            t->right[i] = true;
            right++;
            t->accepted += accepted;
        } else {
            e->cases[e->ncases++] = wrong_answer(e, t, fold, person, i);
        }
    }
    fc_knn_free(m);
    t->tested += tested;
    t->correct += right;
    t->accuracy[fold] = tested ? (double)right / (double)tested : NAN;
    return s;
}

/* One rate: in the report with its counts and interval, and in a line. Of questions that were asked several times, such
 * as each stranger's picture in every fold, only the pictures count as independent. what: the rest of the note. */
static fc_status report_rate(evaluation *e, const char *metric, const char *name, double rate, uint64_t k,
                             uint64_t n, int times, const char *what, fc_error *err)
{
    const uint64_t each = (uint64_t)times;
    const fc_interval in = k == 0 || k == n ? fc_clopper_pearson(k / each, n / each, FC_CONFIDENCE)
                                            : fc_korn_graubard(k, n, times, FC_CONFIDENCE);
    char note[200];
    fc_status s = eval_set_rate(e, metric, rate, k, n, err);

    snprintf(note, sizeof note, "%.2f..%.2f, %s", 100 * in.low, 100 * in.high, what);
    if (!s)
        s = eval_set(e, "intervals", metric, eval_interval(in), err);
    return s ? s : eval_row(e, name, note, err, "%.2f %%", 100 * rate);
}

static fc_status report_rates(evaluation *e, const struct trial *t, double mean, double error, size_t nfolds,
                              fc_error *err)
{
    const int folds = e->args->folds;
    char value[64], what[160];
    fc_status s;

    if (isfinite(error))
        snprintf(value, sizeof value, "standard error %.2f", 100 * error);
    else
        snprintf(value, sizeof value, "no standard error");
    snprintf(what, sizeof what, "%zu of %zu pictures; mean of %zu folds, %s; k = %d", t->correct, t->tested,
             nfolds, value, e->args->k);
    if ((s = report_rate(e, "accuracy", "accuracy", mean, t->correct, t->tested, 1, what, err)))
        return s;
    snprintf(what, sizeof what,
             "%zu of them right and above the threshold for an FPIR of %g on people held out", t->accepted,
             wanted_fpir);
    if ((s = report_rate(e, "answered", "answered rightly", (double)t->accepted / (double)t->tested,
                         t->accepted, t->tested, 1, what, err)))
        return s;
    if (!t->strangers)
        return eval_row(e, "strangers named", "there are none", err, "not measurable");
    snprintf(what, sizeof what,
             "%zu of %zu answers are above that threshold, to %zu pictures of strangers, each in every fold",
             t->named, t->strangers, t->strangers / (size_t)folds);
    return report_rate(e, "strangers-named", "strangers named", (double)t->named / (double)t->strangers,
                       t->named, t->strangers, folds, what, err);
}

/* The folds' accuracies, their mean, and its standard error (NAN of a single one). */
static size_t mean_of_folds(const struct trial *t, int folds, double *mean, double *error)
{
    double sum = 0, squares = 0;
    size_t n = 0;

    for (int k = 0; k < folds; k++)
        if (isfinite(t->accuracy[k])) {
            sum += t->accuracy[k];
            n++;
        }
    *mean = sum / (double)n;
    for (int k = 0; k < folds; k++)
        if (isfinite(t->accuracy[k]))
            squares += (t->accuracy[k] - *mean) * (t->accuracy[k] - *mean);
    *error = n > 1 ? sqrt(squares / (double)(n - 1) / (double)n) : NAN;
    return n;
}

static json_t *folds_json(const struct trial *t, int folds)
{
    json_t *all = json_array();

    for (int k = 0; all && k < folds; k++)
        if (isfinite(t->accuracy[k]) && json_array_append_new(all, json_real(t->accuracy[k]))) {
            json_decref(all);
            all = NULL;
        }
    return all;
}

/* Of the enrolled people's pictures, which were answered rightly. */
static fc_status report_answers(evaluation *e, const struct trial *t, fc_error *err)
{
    const struct eval_args *a = e->args;
    bool *right = calloc(e->t.n + 1, sizeof *right);
    char of[160];
    size_t n = 0;
    fc_status s;

    if (!right)
        return fc_fail_nomem(err, e->t.n);
    for (size_t i = 0; i < e->t.n; i++)
        if (t->fold[i] != OUTSIDE)
            right[n++] = t->right[i];
    snprintf(of, sizeof of, "knn k=%d folds=%d min=%d seed=%llu", a->k, a->folds, a->min_images,
             (unsigned long long)a->seed);
    s = eval_report_answers(e, of, right, n, err);
    free(right);
    return s;
}

static fc_status report_trial(evaluation *e, const struct trial *t, fc_error *err)
{
    const struct eval_args *a = e->args;
    double mean, error;
    const size_t nfolds = mean_of_folds(t, a->folds, &mean, &error);
    char note[200];
    fc_status s;

    snprintf(note, sizeof note, "%zu of them with %d pictures or more; the others are strangers", t->enrolled,
             a->min_images);
    if ((s = eval_set(e, NULL, "folds", folds_json(t, a->folds), err)) ||
        (s = eval_set(e, "protocol", "name", json_string("k nearest neighbours, cross-validation"), err)) ||
        (s = eval_set(e, "protocol", "k", json_integer(a->k), err)) ||
        (s = eval_set(e, "protocol", "vote", json_string("distance"), err)) ||
        (s = eval_set(e, "protocol", "enrolled", json_integer((json_int_t)t->enrolled), err)) ||
        (s = eval_set(e, "protocol", "no_template", json_string("answered wrongly"), err)) ||
        (s = eval_set(e, "metrics", "accuracy-se", eval_number(error), err)) ||
        (s = eval_row(e, "people", note, err, "%zu", t->people)) ||
        (s = report_rates(e, t, mean, error, nfolds, err)))
        return s;
    return report_answers(e, t, err);
}

fc_status eval_knn(evaluation *e, fc_error *err)
{
    struct trial t = {0};
    fc_status s;

    if (e->args->min_images < e->args->folds)
        return fc_fail(err, FC_EUSAGE,
                       "knn: --min-images %d is less than --folds %d: some folds would not show everybody",
                       e->args->min_images, e->args->folds);
    if ((s = eval_labelled(e, &t.label, NULL, &t.people, err)) || (s = deal(e, &t, err)))
        goto out;
    if (!(e->cases = calloc(e->t.n + 1, sizeof *e->cases))) {
        s = fc_fail_nomem(err, e->t.n * sizeof *e->cases);
        goto out;
    }
    for (int k = 0; k < e->args->folds && !s; k++)
        s = test_fold(e, &t, k, err);
    if (s || (s = report_trial(e, &t, err)))
        goto out;
    eval_sort_cases(e);
    if (!(s = eval_causes(e, err)))
        s = eval_report_cases(e, e->ncases, err);
out:
    trial_free(&t);
    return s;
}
