/* k nearest neighbours, by cross-validation. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "classify/knn_train.h"
#include "eval/lots.h"
#include "eval/protocol_impl.h"

enum { OUTSIDE = -1 }; /* in no fold: people with too few pictures, who are strangers */

struct trial {
    const fc_eval_set *set;
    const fc_knn_protocol_settings *settings;
    int *fold;   /* [set->n] */
    bool *right; /* [set->n] */
};

static void trial_free(struct trial *t)
{
    free(t->fold);
    free(t->right);
}

void fc_knn_protocol_result_clear(fc_knn_protocol_result *r)
{
    fc_eval_result_clear(&r->common);
    free(r->accuracy);
    *r = (fc_knn_protocol_result){0};
}

/* Each person's pictures are dealt to the folds in turn. */
static void deal_people(fc_knn_protocol_result *out, struct trial *t, const fc_people_images *people)
{
    for (size_t p = 0; p < t->set->people; p++) {
        const size_t n = people->first[p + 1] - people->first[p];
        const bool in = n >= (size_t)t->settings->min_images;
        for (size_t i = 0; i < n; i++)
            t->fold[people->image[people->first[p] + i]] =
                in ? (int)((i + out->enrolled) % (size_t)t->settings->folds) : OUTSIDE;
        out->enrolled += in;
    }
}

static fc_status deal(fc_knn_protocol_result *out, struct trial *t, fc_error *err)
{
    const fc_eval_set *set = t->set;
    fc_people_images people;
    fc_status s = fc_people_images_draw(&people, set->label, set->n, set->people, t->settings->seed, err);

    if (s)
        return s;
    out->folds = t->settings->folds;
    t->fold = calloc(set->n + 1, sizeof *t->fold);
    t->right = calloc(set->n + 1, sizeof *t->right);
    out->accuracy = calloc((size_t)out->folds, sizeof *out->accuracy);
    out->common.cases = calloc(set->n + 1, sizeof *out->common.cases);
    if (!t->fold || !t->right || !out->accuracy || !out->common.cases)
        s = fc_fail_nomem(err, set->n * sizeof *out->common.cases);
    else
        deal_people(out, t, &people);
    fc_people_images_clear(&people);
    if (!s && out->enrolled < 2)
        s = fc_fail(err, FC_EDATA, "knn: want two people with %d pictures (--min-images) or more",
                    t->settings->min_images);
    return s;
}

/* ---- one fold ---- */

/* People have numbers for names here: a folder may be called what nobody can be enrolled as. */
enum { DIGITS = 10 };
static const char contract[] = "protocol"; /* all are of one */

static uint32_t number_of(const fc_prediction *who)
{
    char name[DIGITS + 1] = "";
    memcpy(name, who->name, who->length < DIGITS ? who->length : DIGITS);
    return (uint32_t)strtoul(name, NULL, 10);
}

static bool is_trained_with(const struct trial *t, int fold, size_t i)
{
    return t->fold[i] != fold && t->fold[i] != OUTSIDE && fc_eval_has(t->set, i);
}

static fc_status gather(fc_labelled *l, const struct trial *t, int fold, fc_error *err)
{
    fc_status s = FC_OK;

    for (size_t i = 0; i < t->set->n && !s; i++) {
        char name[DIGITS + 1];
        if (!is_trained_with(t, fold, i))
            continue;
        snprintf(name, sizeof name, "%0*u", DIGITS, t->set->label[i]);
        s = fc_labelled_add(l, name, contract, fc_eval_row(t->set, i), t->set->dim, NULL, err);
    }
    return s;
}

static fc_status train(fc_classifier **out, const struct trial *t, int fold, fc_error *err)
{
    const double own = t->settings->threshold;
    const fc_knn_settings settings = {t->settings->k, FC_KNN_DISTANCE, FC_KNN_PROTOCOL_FPIR,
                                      isnan(own) ? 0 : own};
    const fc_knn_work work = {.workers = t->set->workers};
    fc_labelled *l = NULL;
    fc_table *table = NULL;
    size_t *photo = NULL;
    fc_knn *m = NULL;
    fc_status s = fc_labelled_new(&l, err);

    if (!s)
        s = gather(l, t, fold, err);
    if (!s)
        s = fc_labelled_table(l, &table, &photo, err);
    if (!s)
        s = fc_knn_train(&m, table, contract, photo, &settings, &work, NULL, NULL, err);
    if (!s)
        s = fc_knn_classifier(out, m, err);
    free(photo);
    fc_labelled_free(l);
    return s;
}

/* The picture among those that were trained with that shows this person and is the nearest. */
static size_t nearest_of(const struct trial *t, int fold, uint32_t person, size_t image, double *score)
{
    size_t best = image;

    *score = -INFINITY;
    for (size_t i = 0; i < t->set->n; i++) {
        if (!is_trained_with(t, fold, i) || t->set->label[i] != person)
            continue;
        const double s = fc_eval_score(t->set, i, image);
        if (s > *score) {
            *score = s;
            best = i;
        }
    }
    return best;
}

static fc_eval_case no_answer(size_t image)
{
    return (fc_eval_case){.a = image, .b = image, .same = true, .score = -INFINITY, .threshold = -1};
}

static fc_eval_case wrong_answer(const struct trial *t, int fold, uint32_t person, size_t image)
{
    fc_eval_case c = {.a = image, .other_nearer = true, .threshold = -1};
    c.b = nearest_of(t, fold, person, image, &c.score);
    return c;
}

/* One picture, which has a template, asked about. */
static fc_status ask(fc_knn_protocol_result *out, struct trial *t, const fc_classifier *m, int fold, size_t i,
                     fc_error *err)
{
    fc_prediction p;
    fc_status s = fc_classifier_predict(m, fc_eval_row(t->set, i), 1, &p, err);

    if (s)
        return s;
    const bool accepted = fc_classifier_accepts(m, &p);
    const uint32_t person = number_of(&p);
    if (t->fold[i] == OUTSIDE) {
        out->named += accepted;
    } else if (person == t->set->label[i]) {
        t->right[i] = true;
        out->accepted += accepted;
    } else {
        out->common.cases[out->common.ncases++] = wrong_answer(t, fold, person, i);
    }
    return FC_OK;
}

static fc_status test_fold(fc_knn_protocol_result *out, struct trial *t, int fold, fc_error *err)
{
    fc_classifier *m = NULL;
    size_t tested = 0, right = 0;
    fc_status s = train(&m, t, fold, err);

    for (size_t i = 0; i < t->set->n && !s; i++) {
        if (t->fold[i] != fold && t->fold[i] != OUTSIDE)
            continue;
        const bool stranger = t->fold[i] == OUTSIDE;
        out->strangers += stranger;
        tested += !stranger;
        if (fc_eval_has(t->set, i))
            s = ask(out, t, m, fold, i, err);
        else if (!stranger)
            out->common.cases[out->common.ncases++] = no_answer(i);
        right += t->right[i];
    }
    fc_classifier_free(m);
    out->tested += tested;
    out->correct += right;
    out->accuracy[fold] = tested ? (double)right / (double)tested : NAN;
    return s;
}

/* ---- results ---- */

static void average(fc_knn_protocol_result *r)
{
    double sum = 0, squares = 0;

    for (int k = 0; k < r->folds; k++)
        if (isfinite(r->accuracy[k])) {
            sum += r->accuracy[k];
            r->nfolds++;
        }
    r->mean = sum / (double)r->nfolds;
    for (int k = 0; k < r->folds; k++)
        if (isfinite(r->accuracy[k]))
            squares += (r->accuracy[k] - r->mean) * (r->accuracy[k] - r->mean);
    r->error = r->nfolds > 1 ? sqrt(squares / (double)(r->nfolds - 1) / (double)r->nfolds) : NAN;
}

/* Of the enrolled people's pictures, which were answered rightly. */
static fc_status keep_answers(fc_eval_result *r, const struct trial *t, fc_error *err)
{
    if (!(r->right = calloc(t->set->n + 1, sizeof *r->right)))
        return fc_fail_nomem(err, t->set->n);
    for (size_t i = 0; i < t->set->n; i++)
        if (t->fold[i] != OUTSIDE)
            r->right[r->nright++] = t->right[i];
    return FC_OK;
}

fc_status fc_protocol_knn(fc_knn_protocol_result *out, const fc_eval_set *set,
                          const fc_knn_protocol_settings *settings, fc_error *err)
{
    struct trial t = {.set = set, .settings = settings};
    fc_status s = deal(out, &t, err);

    out->people = set->people;
    for (int k = 0; k < settings->folds && !s; k++)
        s = test_fold(out, &t, k, err);
    if (!s) {
        average(out);
        out->common.stranger_pictures = out->strangers / (size_t)settings->folds;
        fc_eval_sort_cases(&out->common);
        s = keep_answers(&out->common, &t, err);
    }
    trial_free(&t);
    return s;
}
