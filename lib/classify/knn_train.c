/* Training k-NN: every sample is classified without its photo, and without its person. */
#include "classify/knn_train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/threads.h"
#include "classify/knn_impl.h"

enum { SCAN_WORTH = 64 }; /* rows that a search passes in the time that a comparison of two takes */

struct training {
    const fc_knn *m;
    const size_t *photo, *person; /* [rows] */
    const fc_knn_work *work;
    fc_knn_answer *loo, *held_out; /* [rows] */
    size_t rows, next, done;
};

/* Some rows, as queries. */
struct chunk {
    size_t first, n;
    float *queries; /* [n][dim] */
    fc_hit *hits;   /* [n][k]: of other people's rows */
    size_t found[FC_KNN_AT_ONCE];
    size_t again[FC_KNN_AT_ONCE], nagain; /* queries that are searched once more */
};

static void chunk_free(struct chunk *c)
{
    if (!c)
        return;
    free(c->queries);
    free(c->hits);
    free(c);
}

static fc_status next_chunk(void *ctx, void **out, fc_error *err)
{
    struct training *t = ctx;
    const size_t dim = fc_table_get_size(t->m->t).dim, left = t->rows - t->next;
    struct chunk *c;
    fc_status s = FC_OK;

    *out = NULL;
    if (left == 0)
        return FC_END;
    c = calloc(1, sizeof *c);
    if (!c)
        return fc_fail_nomem(err, sizeof *c);
    c->first = t->next;
    c->n = left < FC_KNN_AT_ONCE ? left : FC_KNN_AT_ONCE;
    c->queries = malloc(c->n * dim * sizeof *c->queries);
    c->hits = calloc(c->n * (size_t)t->m->settings.k, sizeof *c->hits);
    if (!c->queries || !c->hits)
        s = fc_fail_nomem(err, c->n * dim * sizeof *c->queries);
    for (size_t i = 0; !s && i < c->n; i++) {
        fc_table_row r;
        s = fc_table_get(t->m->t, c->first + i, &r, err);
        if (!s)
            memcpy(c->queries + i * dim, r.e, dim * sizeof *c->queries);
    }
    t->next += c->n;
    if (s)
        chunk_free(c);
    else
        *out = c;
    return s;
}

/* In a search's order: by falling score, then rising row. */
static void insert(fc_hit *hits, size_t *n, size_t k, const fc_hit *h)
{
    size_t at = *n;

    while (at > 0 &&
           (hits[at - 1].score < h->score || (hits[at - 1].score == h->score && hits[at - 1].row > h->row)))
        at--;
    if (at == k)
        return;
    *n += *n < k;
    memmove(hits + at + 1, hits + at, (*n - at - 1) * sizeof *hits);
    hits[at] = *h;
}

/* hits of query i, which are other people's, with those of its own person's other photos. */
static fc_status add_own(const struct training *t, const struct chunk *c, size_t i,
                         const fc_table_subject *who, fc_hit *hits, size_t *n, fc_error *err)
{
    const size_t dim = fc_table_get_size(t->m->t).dim, row = c->first + i;
    fc_status s = FC_OK;

    for (size_t own = who->first; !s && own < who->first + who->rows; own++) {
        fc_table_row r;
        if (t->photo[own] == t->photo[row])
            continue;
        s = fc_table_get(t->m->t, own, &r, err);
        if (s)
            break;
        const double score = fc_cosine(c->queries + i * dim, r.e, dim);
        insert(
            hits, n, (size_t)t->m->settings.k,
            &(fc_hit){.score = score, .best = score, .subject = r.subject, .row = own, .sample = r.sample});
    }
    return s;
}

/* With only their photo left out: whose person has so many rows that a search is faster than comparing them all. */
static fc_status search_again(const struct training *t, struct chunk *c, fc_error *err)
{
    const size_t dim = fc_table_get_size(t->m->t).dim, k = (size_t)t->m->settings.k;
    size_t leave[FC_KNN_AT_ONCE];
    fc_status s;

    if (!c->nagain)
        return FC_OK;
    for (size_t i = 0; i < c->nagain; i++) {
        leave[i] = t->photo[c->first + c->again[i]];
        memmove(c->queries + i * dim, c->queries + c->again[i] * dim, dim * sizeof *c->queries);
    }
    s = fc_knn_find_hits(t->m, c->queries, c->nagain, t->photo, leave, c->hits, c->found, err);
    for (size_t i = 0; !s && i < c->nagain; i++)
        t->loo[c->first + c->again[i]] = fc_knn_count_votes(&t->m->settings, c->hits + i * k, c->found[i]);
    return s;
}

/* Each row with its person left out, and with its photo left out. */
static fc_status work_chunk(void *ctx, int worker, void *chunk, fc_error *err)
{
    const struct training *t = ctx;
    struct chunk *c = chunk;
    const size_t k = (size_t)t->m->settings.k;
    fc_status s =
        fc_knn_find_hits(t->m, c->queries, c->n, t->person, t->person + c->first, c->hits, c->found, err);

    (void)worker;
    for (size_t i = 0; !s && i < c->n; i++) {
        const size_t row = c->first + i;
        fc_table_subject who;
        t->held_out[row] = fc_knn_count_votes(&t->m->settings, c->hits + i * k, c->found[i]);
        s = fc_table_get_subject(t->m->t, t->person[row], &who, err);
        if (s)
            break;
        if (who.rows > t->rows / SCAN_WORTH) {
            c->again[c->nagain++] = i;
            continue;
        }
        s = add_own(t, c, i, &who, c->hits + i * k, &c->found[i], err);
        t->loo[row] = fc_knn_count_votes(&t->m->settings, c->hits + i * k, c->found[i]);
    }
    return s ? s : search_again(t, c, err);
}

static fc_status end_chunk(void *ctx, void *chunk, fc_error *err)
{
    struct training *t = ctx;

    (void)err;
    t->done += ((struct chunk *)chunk)->n;
    chunk_free(chunk);
    if (t->work && t->work->progress)
        t->work->progress(t->work->ctx, t->done, t->rows);
    return FC_OK;
}

static void drop_chunk(void *ctx, void *chunk)
{
    (void)ctx;
    chunk_free(chunk);
}

static double choose_threshold(const fc_knn *m, const fc_knn_answer *held_out, double *scores, size_t n)
{
    for (size_t i = 0; i < n; i++)
        scores[i] = held_out[i].score;
    const double chosen = fc_threshold_for(scores, n, fc_allowed(m->settings.fpir, n)),
                 least = fc_decimal(m->settings.floor);
    return least > 0 && least > chosen ? least : chosen;
}

static fc_status measure(fc_knn *m, const size_t *person, const fc_knn_answer *loo,
                         const fc_knn_answer *held_out, fc_error *err)
{
    const size_t n = fc_table_get_size(m->t).rows;
    fc_knn_measured *d = &m->measured;
    double *scores = malloc((n + 1) * sizeof *scores);

    if (!scores)
        return fc_fail_nomem(err, n * sizeof *scores);
    *d = (fc_knn_measured){.held_out = n, .threshold = choose_threshold(m, held_out, scores, n)};
    free(scores);
    for (size_t i = 0; i < n; i++) {
        d->accepted += fc_knn_accepts(m, &held_out[i]);
        if (loo[i].subject == SIZE_MAX)
            continue;
        const bool correct = loo[i].subject == person[i];
        d->tested++;
        d->correct += correct;
        d->missed += !correct || !fc_knn_accepts(m, &loo[i]);
    }
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

static fc_status train(fc_knn *m, const size_t *photo, const fc_knn_work *work, fc_knn_answer *loo,
                       fc_knn_answer *held_out, fc_error *err)
{
    static const fc_pipeline pipeline = {
        .read = next_chunk, .work = work_chunk, .write = end_chunk, .drop = drop_chunk};
    const size_t n = fc_table_get_size(m->t).rows;
    size_t *person = calloc(n + 1, sizeof *person);
    struct training t = {m, photo, person, work, loo, held_out, n, 0, 0};
    fc_status s = person ? FC_OK : fc_fail_nomem(err, n * sizeof *person);

    if (!s)
        s = find_people(m->t, photo, person, NULL, err);
    if (!s)
        s = fc_pipeline_run(&pipeline, &t, work && work->workers > 0 ? work->workers : 1, err);
    if (!s)
        s = find_people(m->t, photo, person, loo, err);
    if (!s)
        s = measure(m, person, loo, held_out, err);
    free(person);
    return s;
}

fc_status fc_knn_train(fc_knn **out, fc_table *t, const char *contract, const size_t *photo,
                       const fc_knn_settings *settings, const fc_knn_work *work, fc_knn_answer *loo,
                       fc_knn_answer *held_out, fc_error *err)
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
        s = train(m, photo, work, loo ? loo : own_loo, held_out ? held_out : own_held_out, err);
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
