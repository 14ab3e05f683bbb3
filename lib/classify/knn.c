#include "classify/knn_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "classify/classifier_impl.h"

#define KIND "knn"

const char *const fc_knn_vote_names[] = {
    [FC_KNN_DISTANCE] = "distance", [FC_KNN_MAJORITY] = "majority", NULL};

/* What a file's note says. */
struct note {
    int32_t k, vote;
    double fpir;
    fc_knn_measured measured;
};
_Static_assert(sizeof(struct note) <= sizeof((fc_table_label *)0)->note, "it fits");

void fc_knn_free(fc_knn *m)
{
    if (!m)
        return;
    fc_table_free(m->t);
    free(m);
}

const fc_table *fc_knn_table(const fc_knn *m)
{
    return m->t;
}

const char *fc_knn_contract(const fc_knn *m)
{
    return m->contract;
}

const fc_knn_settings *fc_knn_get_settings(const fc_knn *m)
{
    return &m->settings;
}

const fc_knn_measured *fc_knn_get_measured(const fc_knn *m)
{
    return &m->measured;
}

/* ---- answers ---- */

static double weight_of(const fc_knn_settings *s, double similarity)
{
    /* of unit vectors: |a - b|^2 = 2 - 2 cos */
    return s->vote == FC_KNN_MAJORITY ? 1 : 1 / (sqrt(2 - 2 * similarity) + 1e-6);
}

/* hits: by falling score, so that the first of those that are even is the nearest. */
fc_knn_answer fc_knn_count_votes(const fc_knn_settings *s, const fc_hit *hits, size_t n)
{
    fc_knn_answer best = {.subject = SIZE_MAX};
    double most = -1;

    for (size_t i = 0; i < n; i++) {
        fc_knn_answer a = {.subject = hits[i].subject, .nearest = hits[i].score};
        double votes = 0;
        for (size_t k = 0; k < n; k++) {
            if (hits[k].subject != a.subject)
                continue;
            votes += weight_of(s, hits[k].score);
            a.score += hits[k].score;
            a.votes++;
            a.nearest = fmax(a.nearest, hits[k].score);
        }
        a.score /= s->k;
        if (votes > most) {
            most = votes;
            best = a;
        }
    }
    best.score = fc_decimal(best.score);
    best.nearest = fc_decimal(best.nearest);
    return best;
}

fc_status fc_knn_find_hits(const fc_knn *m, const float *queries, size_t n, const size_t *group,
                           const size_t *leave, fc_hit *hits, size_t *found, fc_error *err)
{
    const fc_search_options opt = {.k = (size_t)m->settings.k, .rows = true, .group = group, .leave = leave};
    return fc_search(m->t, queries, n, &opt, hits, found, err);
}

fc_status fc_knn_predict(const fc_knn *m, const float *queries, size_t n, fc_knn_answer *answers,
                         fc_error *err)
{
    const size_t k = (size_t)m->settings.k, dim = fc_table_get_size(m->t).dim;
    const size_t most = n < FC_KNN_AT_ONCE ? n : FC_KNN_AT_ONCE;
    fc_hit *hits = calloc(most * k + 1, sizeof *hits);
    size_t found[FC_KNN_AT_ONCE];
    fc_status s = hits ? FC_OK : fc_fail_nomem(err, most * k * sizeof *hits);

    for (size_t first = 0, some; !s && first < n; first += some) {
        some = n - first < FC_KNN_AT_ONCE ? n - first : FC_KNN_AT_ONCE;
        s = fc_knn_find_hits(m, queries + first * dim, some, NULL, NULL, hits, found, err);
        for (size_t i = 0; !s && i < some; i++) {
            answers[first + i] = fc_knn_count_votes(&m->settings, hits + i * k, found[i]);
            if (answers[first + i].subject == SIZE_MAX) /* there are rows, and the nearest is always found */
                s = fc_fail(err, FC_ECORRUPT, "a damaged classifier: nobody in it is near to anything");
        }
    }
    free(hits);
    return s;
}

bool fc_knn_accepts(const fc_knn *m, const fc_knn_answer *a)
{
    return a->subject != SIZE_MAX && fc_accepts(a->score, m->measured.threshold);
}

fc_status fc_knn_check(const fc_knn_settings *s, fc_error *err)
{
    if (s->k < 1 || s->k > FC_KNN_MAX_K)
        return fc_fail(err, FC_EUSAGE, "k = %d: want an odd number, 1..%d", s->k, FC_KNN_MAX_K);
    if (s->k % 2 == 0)
        return fc_fail(err, FC_EUSAGE,
                       "k = %d is even: two people could get as many votes each; take %d or %d", s->k,
                       s->k - 1, s->k + 1);
    if (!(s->floor >= -1 && s->floor <= 1))
        return fc_fail(err, FC_EUSAGE, "a least threshold of %g; want -1..1", s->floor);
    if (!(s->fpir >= 0 && s->fpir <= 1) || s->vote < FC_KNN_DISTANCE || s->vote > FC_KNN_MAJORITY)
        return fc_fail(err, FC_EUSAGE, "a false-positive identification rate of %g; want 0..1", s->fpir);
    return FC_OK;
}

/* ---- files ---- */

fc_status fc_knn_save(const fc_knn *m, const char *path, fc_error *err)
{
    const struct note note = {m->settings.k, m->settings.vote, m->settings.fpir, m->measured};
    fc_table_label label = {.kind = KIND};

    strcpy(label.contract, m->contract);
    memcpy(label.note, &note, sizeof note);
    return fc_table_save(m->t, &label, path, err);
}

/* A threshold that refuses everybody is above 1. */
static bool is_possible(const fc_knn_measured *m)
{
    return m->threshold >= -1 && m->threshold <= 2 && m->correct <= m->tested && m->missed <= m->tested &&
           m->accepted <= m->held_out;
}

fc_status fc_knn_load(fc_knn **out, const char *path, fc_error *err)
{
    fc_knn *m = calloc(1, sizeof *m);
    fc_table_label label;
    struct note note;
    fc_error why;
    fc_status s;

    *out = NULL;
    if (!m)
        return fc_fail_nomem(err, sizeof *m);
    s = fc_table_map(&m->t, &label, path, KIND, err);
    if (!s) {
        memcpy(&note, label.note, sizeof note);
        m->settings = (fc_knn_settings){.k = note.k, .vote = (fc_knn_vote)note.vote, .fpir = note.fpir};
        m->measured = note.measured;
        strcpy(m->contract, label.contract);
        if (fc_knn_check(&m->settings, &why) || !is_possible(&note.measured) ||
            fc_table_get_size(m->t).subjects < 2 || fc_table_get_size(m->t).rows < 1)
            s = fc_fail(err, FC_ECORRUPT, "%s: its settings make no sense", path);
    }
    if (s)
        fc_knn_free(m);
    else
        *out = m;
    return s;
}

/* ---- a kind of classifiers ---- */

static bool recognises(const uint8_t *bytes, size_t n)
{
    return fc_table_is(bytes, n, KIND);
}

static fc_status load(void **out, const char *path, fc_error *err)
{
    fc_knn *m;
    const fc_status s = fc_knn_load(&m, path, err);

    *out = m;
    return s;
}

static void free_model(void *model)
{
    fc_knn_free(model);
}

static void describe(const void *model, fc_classifier_facts *out)
{
    const fc_knn *m = model;
    const fc_table_size size = fc_table_get_size(m->t);

    *out = (fc_classifier_facts){.contract = m->contract,
                                 .dim = size.dim,
                                 .people = size.subjects,
                                 .threshold = m->measured.threshold,
                                 .voters = m->settings.k};
}

static fc_status get_prediction(const fc_knn *m, const fc_knn_answer *a, fc_prediction *out, fc_error *err)
{
    fc_table_subject who = {0};
    const fc_status s = fc_table_get_subject(m->t, a->subject, &who, err);

    *out = (fc_prediction){.name = who.name,
                           .length = who.length,
                           .score = a->score,
                           .similarity = a->nearest,
                           .votes = a->votes};
    return s;
}

static fc_status predict(const void *model, const float *embeddings, size_t n, fc_prediction *out,
                         fc_error *err)
{
    fc_knn_answer *answers = calloc(n + 1, sizeof *answers);
    fc_status s = answers ? fc_knn_predict(model, embeddings, n, answers, err)
                          : fc_fail_nomem(err, (n + 1) * sizeof *answers);

    for (size_t i = 0; !s && i < n; i++)
        s = get_prediction(model, &answers[i], &out[i], err);
    free(answers);
    return s;
}

const fc_classifier_kind fc_classifier_knn = {.name = KIND,
                                              .recognises = recognises,
                                              .load = load,
                                              .free = free_model,
                                              .describe = describe,
                                              .predict = predict};

fc_status fc_knn_classifier(fc_classifier **out, fc_knn *m, fc_error *err)
{
    return fc_classifier_of(out, &fc_classifier_knn, m, err);
}
