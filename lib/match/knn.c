#include "match/knn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "match/search.h"

/* What a file's note says. */
struct note {
    int32_t k, vote;
    double fpir;
    fc_knn_measured measured;
};
_Static_assert(sizeof(struct note) <= sizeof((fc_table_label *)0)->note, "it fits");

struct fc_knn {
    fc_table *t;
    char contract[200];
    fc_knn_settings settings;
    fc_knn_measured measured;
};

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
static fc_knn_answer count_votes(const fc_knn_settings *s, const fc_hit *hits, size_t n)
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
    return best;
}

static fc_status classify(const fc_knn *m, const float *queries, size_t n, const size_t *group,
                          const size_t *leave, fc_knn_answer *answers, fc_error *err)
{
    const fc_search_options opt = {.k = (size_t)m->settings.k, .rows = true, .group = group, .leave = leave};
    fc_hit *hits = calloc(n ? n * opt.k : 1, sizeof *hits);
    size_t *found = calloc(n + 1, sizeof *found);
    fc_status s = hits && found ? FC_OK : fc_fail_nomem(err, n * opt.k * sizeof *hits);

    if (!s)
        s = fc_search(m->t, queries, n, &opt, hits, found, err);
    for (size_t i = 0; !s && i < n; i++)
        answers[i] = count_votes(&m->settings, hits + i * opt.k, found[i]);
    free(hits);
    free(found);
    return s;
}

fc_status fc_knn_predict(const fc_knn *m, const float *queries, size_t n, fc_knn_answer *answers,
                         fc_error *err)
{
    return classify(m, queries, n, NULL, NULL, answers, err);
}

/* ---- training ---- */

/* Each row with the rows of its own group left out. */
static fc_status classify_rows(const fc_knn *m, const size_t *group, fc_knn_answer *answers, fc_error *err)
{
    enum { AT_ONCE = 256 };
    const fc_table_size size = fc_table_get_size(m->t);
    float *queries = malloc(AT_ONCE * size.dim * sizeof *queries);
    fc_status s = queries ? FC_OK : fc_fail_nomem(err, AT_ONCE * size.dim * sizeof *queries);

    for (size_t first = 0; !s && first < size.rows; first += AT_ONCE) {
        const size_t left = size.rows - first, n = left < AT_ONCE ? left : AT_ONCE;
        for (size_t i = 0; !s && i < n; i++) {
            fc_table_row r;
            s = fc_table_get(m->t, first + i, &r, err);
            if (!s)
                memcpy(queries + i * size.dim, r.e, size.dim * sizeof *queries);
        }
        if (!s)
            s = classify(m, queries, n, group, group + first, answers + first, err);
    }
    free(queries);
    return s;
}

static int falling(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* The least threshold, in steps of 1e-6, that accepts at most the wanted share. scores: [n], sorted here. */
static double choose_threshold(double *scores, size_t n, double fpir)
{
    const size_t most = (size_t)floor(fpir * (double)n + 1e-9);

    qsort(scores, n, sizeof *scores, falling);
    if (most >= n)
        return -1;
    return (floor(scores[most] * 1e6) + 1) / 1e6;
}

static fc_status measure(fc_knn *m, const size_t *person, const fc_knn_answer *loo,
                         const fc_knn_answer *held_out, fc_error *err)
{
    const size_t n = fc_table_get_size(m->t).rows;
    fc_knn_measured *d = &m->measured;
    double *scores = malloc((n + 1) * sizeof *scores);

    if (!scores)
        return fc_fail_nomem(err, n * sizeof *scores);
    *d = (fc_knn_measured){.held_out = n};
    for (size_t i = 0; i < n; i++)
        scores[i] = held_out[i].score;
    d->threshold = choose_threshold(scores, n, m->settings.fpir);
    for (size_t i = 0; i < n; i++) {
        d->accepted += held_out[i].score >= d->threshold;
        if (loo[i].subject == SIZE_MAX)
            continue;
        const bool correct = loo[i].subject == person[i];
        d->tested++;
        d->correct += correct;
        d->missed += !correct || loo[i].score < d->threshold;
    }
    free(scores);
    return FC_OK;
}

/* Whose row each is; and loo answers of people with one photo, which cannot be right, are crossed out. */
static fc_status find_people(const fc_table *t, const size_t *photo, size_t *person, fc_knn_answer *loo,
                             fc_error *err)
{
    const fc_table_size size = fc_table_get_size(t);
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < size.subjects; i++) {
        fc_table_subject who;
        bool photos = false;
        s = fc_table_get_subject(t, i, &who, err);
        for (size_t k = 0; !s && k < who.rows; k++) {
            person[who.first + k] = i;
            photos |= photo[who.first + k] != photo[who.first];
        }
        for (size_t k = 0; !s && loo && !photos && k < who.rows; k++)
            loo[who.first + k].subject = SIZE_MAX;
    }
    return s;
}

static fc_status train(fc_knn *m, const size_t *photo, fc_knn_answer *loo, fc_knn_answer *held_out,
                       fc_error *err)
{
    const size_t n = fc_table_get_size(m->t).rows;
    size_t *person = calloc(n + 1, sizeof *person);
    fc_status s = person ? FC_OK : fc_fail_nomem(err, n * sizeof *person);

    if (!s)
        s = find_people(m->t, photo, person, NULL, err);
    if (!s)
        s = classify_rows(m, photo, loo, err);
    if (!s)
        s = classify_rows(m, person, held_out, err);
    if (!s)
        s = find_people(m->t, photo, person, loo, err);
    if (!s)
        s = measure(m, person, loo, held_out, err);
    free(person);
    return s;
}

fc_status fc_knn_check(const fc_knn_settings *s, fc_error *err)
{
    if (s->k < 1 || s->k > FC_KNN_MAX_K)
        return fc_fail(err, FC_EUSAGE, "k = %d: want an odd number, 1..%d", s->k, FC_KNN_MAX_K);
    if (s->k % 2 == 0)
        return fc_fail(err, FC_EUSAGE,
                       "k = %d is even: two people could get as many votes each; take %d or %d", s->k,
                       s->k - 1, s->k + 1);
    if (!(s->fpir >= 0 && s->fpir <= 1) || s->vote < FC_KNN_DISTANCE || s->vote > FC_KNN_MAJORITY)
        return fc_fail(err, FC_EUSAGE, "a false-positive identification rate of %g; want 0..1", s->fpir);
    return FC_OK;
}

fc_status fc_knn_train(fc_knn **out, fc_table *t, const char *contract, const size_t *photo,
                       const fc_knn_settings *settings, fc_knn_answer *loo, fc_knn_answer *held_out,
                       fc_error *err)
{
    const fc_table_size size = fc_table_get_size(t);
    fc_knn *m = calloc(1, sizeof *m);
    fc_knn_answer *own_loo = loo ? NULL : calloc(size.rows + 1, sizeof *own_loo);
    fc_knn_answer *own_held_out = held_out ? NULL : calloc(size.rows + 1, sizeof *own_held_out);
    fc_status s = fc_knn_check(settings, err);

    *out = NULL;
    if (!s && (!m || (!loo && !own_loo) || (!held_out && !own_held_out)))
        s = fc_fail_nomem(err, size.rows * sizeof *loo);
    if (!s && size.subjects < 2)
        s = fc_fail(err, FC_EEMPTY, "samples of %zu people: to tell people apart takes two", size.subjects);
    if (!s && strlen(contract) >= sizeof m->contract)
        s = fc_fail(err, FC_EUSAGE, "a contract of %zu bytes", strlen(contract));
    if (!s) {
        m->t = t;
        m->settings = *settings;
        strcpy(m->contract, contract);
        s = train(m, photo, loo ? loo : own_loo, held_out ? held_out : own_held_out, err);
    } else {
        fc_table_free(t);
    }
    free(own_loo);
    free(own_held_out);
    if (s)
        fc_knn_free(m);
    else
        *out = m;
    return s;
}

/* ---- files ---- */

fc_status fc_knn_save(const fc_knn *m, const char *path, fc_error *err)
{
    const struct note note = {m->settings.k, m->settings.vote, m->settings.fpir, m->measured};
    fc_table_label label = {.kind = "knn"};

    strcpy(label.contract, m->contract);
    memcpy(label.note, &note, sizeof note);
    return fc_table_save(m->t, &label, path, err);
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
    s = fc_table_map(&m->t, &label, path, "knn", err);
    if (!s) {
        memcpy(&note, label.note, sizeof note);
        m->settings = (fc_knn_settings){note.k, (fc_knn_vote)note.vote, note.fpir};
        m->measured = note.measured;
        strcpy(m->contract, label.contract);
        if (fc_knn_check(&m->settings, &why) || !isfinite(note.measured.threshold))
            s = fc_fail(err, FC_ECORRUPT, "%s: its settings make no sense", path);
    }
    if (s)
        fc_knn_free(m);
    else
        *out = m;
    return s;
}
