#include "facecheck.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"
#include "match/assign.h"
#include "match/search.h"

enum { AT_ONCE = 256 }; /* faces that are searched for together */

struct work {
    const fc_table *t;
    const fc_identify_options *opt;
    size_t n, dim, most; /* most: candidates of a face */
    fc_identity *face;   /* [n] */
    fc_candidate *room;  /* [n][most + 1]: candidates, and who it is where they are not among them */
    fc_hit *hits;        /* [AT_ONCE][k] */
    size_t k, found[AT_ONCE];
    /* with unique: */
    fc_candidate *pair; /* who face i may be: [first[i], first[i + 1]) */
    size_t *first;      /* [n + 1] */
    size_t pairs_room;
};

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static fc_candidate *candidates_of(const struct work *w, size_t face)
{
    return w->room + face * (w->most + 1);
}

/* n faces from first on. Similarities are rounded before they are compared with the threshold. */
static fc_status find(struct work *w, const float *faces, size_t first, size_t n, fc_error *err)
{
    const fc_search_options opt = {
        .k = w->k, .fuse = w->opt->fuse, .sure = w->most, .least = w->opt->threshold - 1e-6};
    fc_status s = fc_search(w->t, faces + first * w->dim, n, &opt, w->hits, w->found, err);

    for (size_t i = 0; !s && i < n; i++)
        for (size_t c = 0; c < w->found[i]; c++)
            w->hits[i * w->k + c].score = fc_decimal(w->hits[i * w->k + c].score);
    return s;
}

static fc_candidate candidate_of(const struct work *w, const fc_hit *h)
{
    return (fc_candidate){.subject = h->subject,
                          .sample = h->sample,
                          .similarity = h->score,
                          .match = fc_accepts(h->score, w->opt->threshold)};
}

/* The candidates of a face; and the first of them is it where it is similar enough. */
static void keep(struct work *w, size_t face, const fc_hit *hits, size_t found)
{
    fc_candidate *c = candidates_of(w, face);
    fc_identity *who = &w->face[face];

    *who = (fc_identity){.candidate = c, .n = smaller(found, w->most)};
    for (size_t i = 0; i < who->n; i++)
        c[i] = candidate_of(w, &hits[i]);
    who->is = who->n && c->match ? c : NULL;
}

static fc_status add_pairs(struct work *w, size_t face, const fc_hit *hits, size_t found, fc_error *err)
{
    size_t at = w->first[face];
    fc_status s = fc_grow(&w->pair, at + found, &w->pairs_room, sizeof *w->pair, err);

    for (size_t i = 0; !s && i < found; i++) {
        const fc_candidate c = candidate_of(w, &hits[i]);
        if (c.match)
            w->pair[at++] = c;
    }
    w->first[face + 1] = at;
    return s;
}

/* ---- nobody twice ---- */

static int by_value(const void *a, const void *b)
{
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

/* The subjects of the pairs, each once, in order. */
static size_t list_subjects(size_t *subject, const struct work *w)
{
    const size_t count = w->first[w->n];
    size_t n = 0;

    for (size_t i = 0; i < count; i++)
        subject[i] = w->pair[i].subject;
    qsort(subject, count, sizeof *subject, by_value);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || subject[i] != subject[n - 1])
            subject[n++] = subject[i];
    return n;
}

/* What counts is by how much a similarity is above the threshold. who: [n], a subject or FC_ASSIGN_NONE. */
static fc_status choose(const struct work *w, size_t *who, fc_error *err)
{
    const size_t count = w->first[w->n];
    size_t *subject = calloc(count + 1, sizeof *subject);
    uint32_t *column = calloc(count + 1, sizeof *column);
    double *weight = calloc(count + 1, sizeof *weight);
    fc_status s = FC_OK;

    if (!subject || !column || !weight) {
        s = fc_fail_nomem(err, count * sizeof *subject);
        goto out;
    }
    const size_t columns = list_subjects(subject, w);
    for (size_t i = 0; i < count; i++) {
        const size_t *at = bsearch(&w->pair[i].subject, subject, columns, sizeof *subject, by_value);
        column[i] = (uint32_t)(at - subject);
        weight[i] = w->pair[i].similarity - w->opt->threshold + 1e-9; /* at the threshold counts, too */
    }
    s = fc_assign(&(fc_assign_pairs){w->n, columns, w->first, column, weight}, who, err);
    for (size_t i = 0; !s && i < w->n; i++)
        if (who[i] != FC_ASSIGN_NONE)
            who[i] = subject[who[i]];
out:
    free(subject);
    free(column);
    free(weight);
    return s;
}

/* The face is this subject, which is one of its pairs, or nobody known. */
static void name(struct work *w, size_t face, size_t subject)
{
    fc_candidate *c = candidates_of(w, face);
    fc_identity *who = &w->face[face];

    who->is = NULL;
    for (size_t i = 0; i < who->n; i++) {
        c[i].match = c[i].subject == subject;
        if (c[i].match)
            who->is = &c[i];
    }
    for (size_t i = w->first[face]; !who->is && i < w->first[face + 1]; i++)
        if (w->pair[i].subject == subject) {
            c[who->n] = w->pair[i];
            who->is = &c[who->n];
        }
}

static fc_status name_all(struct work *w, fc_error *err)
{
    size_t *who = calloc(w->n + 1, sizeof *who);
    fc_status s = who ? choose(w, who, err) : fc_fail_nomem(err, w->n * sizeof *who);

    for (size_t i = 0; !s && i < w->n; i++)
        name(w, i, who[i]);
    free(who);
    return s;
}

/* ---- all of it ---- */

static fc_status open_work(struct work *w, size_t subjects, fc_error *err)
{
    const size_t of_face = sizeof *w->face + (w->most + 1) * sizeof *w->room;

    w->k = w->most;
    if (w->opt->unique &&
        w->most < w->n) /* with as many to choose from as there are faces, nobody misses anything */
        w->k = smaller(smaller(w->n, FC_SEARCH_MAX_K), subjects);
    w->face = calloc(w->n + 1, of_face);
    w->hits = calloc(smaller(w->n, AT_ONCE) * w->k + 1, sizeof *w->hits);
    if (w->opt->unique)
        w->first = calloc(w->n + 1, sizeof *w->first);
    if (!w->face || !w->hits || (w->opt->unique && !w->first))
        return fc_fail_nomem(err, (w->n + 1) * of_face);
    w->room = (fc_candidate *)(void *)(w->face + w->n);
    return FC_OK;
}

static fc_status identify(struct work *w, const float *faces, fc_error *err)
{
    fc_status s = FC_OK;

    for (size_t first = 0, some; !s && first < w->n; first += some) {
        some = smaller(w->n - first, AT_ONCE);
        s = find(w, faces, first, some, err);
        for (size_t i = 0; !s && i < some; i++) {
            keep(w, first + i, w->hits + i * w->k, w->found[i]);
            if (w->opt->unique)
                s = add_pairs(w, first + i, w->hits + i * w->k, w->found[i], err);
        }
    }
    return s || !w->opt->unique ? s : name_all(w, err);
}

fc_status fc_identify(fc_identity **out, const fc_table *t, const float *faces, size_t n,
                      const fc_identify_options *opt, fc_error *err)
{
    const fc_table_size size = fc_table_get_size(t);
    struct work w = {
        .t = t, .opt = opt, .n = n, .dim = size.dim, .most = smaller(opt->candidates, size.subjects)};
    fc_status s;

    *out = NULL;
    if (opt->candidates < 1 || opt->candidates > FC_SEARCH_MAX_K)
        return fc_fail(err, FC_EUSAGE, "%zu candidates: want 1..%d", opt->candidates, FC_SEARCH_MAX_K);
    s = open_work(&w, size.subjects, err);
    if (!s && size.rows)
        s = identify(&w, faces, err);
    free(w.hits);
    free(w.pair);
    free(w.first);
    if (s)
        free(w.face);
    else
        *out = w.face;
    return s;
}
