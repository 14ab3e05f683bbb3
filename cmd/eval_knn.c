/* fc-eval knn: k-NN classification by cross-validation. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/pipeline.h"
#include "eval.h"
#include "eval_draw.h"
#include "classify/knn.h"
#include "classify/labelled.h"
#include "match/similarity.h"

static const double wanted_fpir = 0.01;
enum { OUTSIDE = -1 }; /* in no fold: people with too few pictures, who are strangers */

struct trial {
    uint32_t *label;
    size_t people, enrolled;
    int *fold;               /* [t.n] */
    bool *right;             /* [t.n] */
    double *accuracy;        /* [folds] */
    size_t tested, accepted; /* and accepted: right answers that are above the threshold */
    size_t strangers, named; /* questions about strangers, and those that got a name */
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
    struct eval_people people;
    fc_status s = eval_people_make(&people, t->label, e->t.n, t->people, e->args->seed, err);

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
    eval_people_free(&people);
    if (!s && t->enrolled < 2)
        s = fc_fail(err, FC_EUSAGE, "knn: want two people with %d pictures (--min-images) or more",
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
    const double own = stages_model(e->stages)->threshold;
    const fc_knn_settings settings = {e->args->k, FC_KNN_DISTANCE, wanted_fpir, isnan(own) ? 0 : own};
    const fc_knn_work work = {.workers =
                                  e->args->common.run.jobs ? e->args->common.run.jobs : fc_cpu_count()};
    const char *contract = stages_model(e->stages)->contract;
    fc_labelled *l = NULL;
    fc_table *table = NULL;
    size_t *photo = NULL;
    fc_status s = fc_labelled_new(&l, err);

    for (size_t i = 0; i < e->t.n && !s; i++) {
        if (t->fold[i] == fold || t->fold[i] == OUTSIDE || e->t.image[i].state != TEMPLATE_MADE)
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
        if (t->fold[i] == fold || t->fold[i] == OUTSIDE || e->t.image[i].state != TEMPLATE_MADE ||
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
        if (e->t.image[i].state != TEMPLATE_MADE) {
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
    t->accuracy[fold] = tested ? (double)right / (double)tested : NAN;
    return s;
}

static fc_status report_trial(evaluation *e, const struct trial *t, fc_error *err)
{
    const struct eval_args *a = e->args;
    bool *right = calloc(e->t.n + 1, sizeof *right);
    double mean = 0, squares = 0;
    json_t *folds = json_array();
    char note[200], of[160];
    size_t n = 0, nfolds = 0;
    fc_status s = FC_OK;

    for (int k = 0; k < a->folds; k++)
        if (isfinite(t->accuracy[k])) {
            mean += t->accuracy[k];
            nfolds++;
            json_array_append_new(folds, json_real(t->accuracy[k]));
        }
    mean /= (double)nfolds;
    for (int k = 0; k < a->folds; k++)
        if (isfinite(t->accuracy[k]))
            squares += (t->accuracy[k] - mean) * (t->accuracy[k] - mean);
    for (size_t i = 0; right && i < e->t.n; i++)
        if (t->fold[i] != OUTSIDE)
            right[n++] = t->right[i];
    const double error = nfolds > 1 ? sqrt(squares / (double)(nfolds - 1) / (double)nfolds) : NAN;
    const double answered = (double)t->accepted / (double)t->tested;
    const double fpir = t->strangers ? (double)t->named / (double)t->strangers : NAN;
    snprintf(of, sizeof of, "knn k=%d folds=%d min=%d seed=%llu", a->k, a->folds, a->min_images,
             (unsigned long long)a->seed);
    if (!right)
        s = fc_fail_nomem(err, e->t.n);
    if (s || (s = eval_set(e, NULL, "folds", json_incref(folds), err)) ||
        (s = eval_set(e, "protocol", "name", json_string("k nearest neighbours, cross-validation"), err)) ||
        (s = eval_set(e, "protocol", "k", json_integer(a->k), err)) ||
        (s = eval_set(e, "protocol", "vote", json_string("distance"), err)) ||
        (s = eval_set(e, "protocol", "enrolled", json_integer((json_int_t)t->enrolled), err)) ||
        (s = eval_set(e, "protocol", "no_template", json_string("answered wrongly"), err)) ||
        (s = eval_set(e, "metrics", "accuracy", json_real(mean), err)) ||
        (s = eval_set(e, "metrics", "accuracy-se", eval_number(error), err)) ||
        (s = eval_set(e, "metrics", "answered", json_real(answered), err)) ||
        (s = eval_set(e, "metrics", "strangers-named", eval_number(fpir), err)))
        goto out;
    snprintf(note, sizeof note, "%zu of them with %d pictures or more; the others are strangers", t->enrolled,
             a->min_images);
    if ((s = eval_row(e, "people", note, err, "%zu", t->people)))
        goto out;
    snprintf(note, sizeof note, "mean of %zu folds, standard error of it; k = %d, %zu pictures", nfolds, a->k,
             t->tested);
    if ((s = eval_row(e, "accuracy", note, err, "%.2f %% +- %.2f", 100 * mean, 100 * error)))
        goto out;
    snprintf(note, sizeof note, "right and above the threshold for an FPIR of %g on people held out",
             wanted_fpir);
    if ((s = eval_row(e, "answered rightly", note, err, "%.2f %%", 100 * answered)))
        goto out;
    snprintf(note, sizeof note, "%zu of %zu answers are above that threshold", t->named, t->strangers);
    if (t->strangers && (s = eval_row(e, "strangers named", note, err, "%.2f %%", 100 * fpir)))
        goto out;
    s = eval_report_answers(e, of, right, n, err);
out:
    json_decref(folds);
    free(right);
    return s;
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
