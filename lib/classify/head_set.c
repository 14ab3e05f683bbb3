#include "classify/head_set.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "match/similarity.h"

enum { TRIM_FROM = 5 };
#define TRIM 0.15

void fc_head_set_clear(fc_head_set *s)
{
    for (size_t i = 0; s->name && i < s->people; i++)
        free(s->name[i]);
    free(s->name);
    free(s->x);
    free(s->person);
    free(s->photo);
    free(s->first);
    free(s->shot);
    *s = (fc_head_set){0};
}

/* ---- from labelled samples ---- */

static int by_number(const void *a, const void *b)
{
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

/* The photos of the rows [first, end) become next, next + 1... in the order of their numbers. */
static fc_status number_photos(size_t *photo, size_t first, size_t end, size_t *next, fc_error *err)
{
    const size_t n = end - first;
    size_t *seen = malloc((n + 1) * sizeof *seen), kept = 0;

    if (!seen)
        return fc_fail_nomem(err, (n + 1) * sizeof *seen);
    memcpy(seen, photo + first, n * sizeof *seen);
    qsort(seen, n, sizeof *seen, by_number);
    for (size_t i = 0; i < n; i++)
        if (!i || seen[i] != seen[i - 1])
            seen[kept++] = seen[i];
    for (size_t i = first; i < end; i++)
        photo[i] = *next + (size_t)((size_t *)bsearch(&photo[i], seen, kept, sizeof *seen, by_number) - seen);
    *next += kept;
    free(seen);
    return FC_OK;
}

static fc_status take_people(fc_head_set *s, const fc_table *t, fc_error *err)
{
    fc_status st = FC_OK;

    for (size_t p = 0; !st && p < s->people; p++) {
        fc_table_subject who;
        if ((st = fc_table_get_subject(t, p, &who, err)))
            break;
        s->first[p] = who.first;
        s->first[p + 1] = who.first + who.rows;
        s->shot[p] = s->photos;
        if (!(s->name[p] = strndup(who.name, who.length)))
            return fc_fail_nomem(err, who.length + 1);
        st = number_photos(s->photo, s->first[p], s->first[p + 1], &s->photos, err);
        s->shot[p + 1] = s->photos;
    }
    return st;
}

static fc_status take_rows(fc_head_set *s, const fc_table *t, fc_error *err)
{
    fc_status st = FC_OK;

    for (size_t i = 0; !st && i < s->n; i++) {
        fc_table_row row;
        if (!(st = fc_table_get(t, i, &row, err))) {
            memcpy(s->x + i * s->dim, row.e, s->dim * sizeof *s->x);
            s->person[i] = row.subject;
        }
    }
    return st;
}

fc_status fc_head_set_of(fc_head_set *out, const fc_labelled *l, fc_error *err)
{
    fc_table *t;
    fc_status s;

    *out = (fc_head_set){0};
    if ((s = fc_labelled_table(l, &t, &out->photo, err)))
        return s;
    const fc_table_size size = fc_table_get_size(t);
    out->n = size.rows;
    out->dim = size.dim;
    out->people = size.subjects;
    out->x = calloc(out->n * out->dim, sizeof *out->x);
    out->person = calloc(out->n, sizeof *out->person);
    out->first = calloc(out->people + 1, sizeof *out->first);
    out->shot = calloc(out->people + 1, sizeof *out->shot);
    out->name = calloc(out->people, sizeof *out->name);
    if (!out->x || !out->person || !out->first || !out->shot || !out->name)
        s = fc_fail_nomem(err, out->n * out->dim * sizeof *out->x);
    if (!s && !(s = take_people(out, t, err)))
        s = take_rows(out, t, err);
    fc_table_free(t);
    if (s)
        fc_head_set_clear(out);
    return s;
}

/* ---- centres ---- */

static void add(double *sum, const float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += (double)v[i];
}

/* to: [dim]; false, and zero, where the sum has no direction. */
static bool direction(float *to, const double *sum, size_t n)
{
    double square = 0;

    for (size_t i = 0; i < n; i++)
        square += sum[i] * sum[i];
    const double scale = square > 0 && isfinite(square) ? 1 / sqrt(square) : 0;
    for (size_t i = 0; i < n; i++)
        to[i] = (float)(sum[i] * scale);
    return scale > 0;
}

/* Of the vectors v [n][dim] those with use set. */
static bool mean(float *centre, const float *v, const bool *use, size_t n, size_t dim, double *sum)
{
    memset(sum, 0, dim * sizeof *sum);
    for (size_t i = 0; i < n; i++)
        if (use[i])
            add(sum, v + i * dim, dim);
    return direction(centre, sum, dim);
}

struct likeness {
    double score;
    size_t shot;
};

static int by_score(const void *a, const void *b)
{
    const struct likeness *x = a, *y = b;

    if (x->score != y->score)
        return x->score < y->score ? -1 : 1;
    return x->shot < y->shot ? -1 : x->shot > y->shot;
}

/* Takes the so many out that are least like the centre. like: [n], to work with. */
static void trim_away(bool *use, const float *centre, const float *v, size_t n, size_t dim, size_t out,
                      struct likeness *like)
{
    for (size_t i = 0; i < n; i++)
        like[i] = (struct likeness){use[i] ? fc_dot(centre, v + i * dim, dim) : INFINITY, i};
    qsort(like, n, sizeof *like, by_score);
    for (size_t i = 0; i < out; i++)
        use[like[i].shot] = false;
}

size_t fc_head_shots(const fc_head_set *s, size_t person, const float *x, size_t dim, const bool *take,
                     float *v, bool *use, double *sum)
{
    const size_t n = s->shot[person + 1] - s->shot[person];
    size_t used = 0;

    memset(sum, 0, n * dim * sizeof *sum);
    memset(use, 0, n * sizeof *use);
    for (size_t i = s->first[person]; i < s->first[person + 1]; i++) {
        if (take && !take[i])
            continue;
        const size_t shot = s->photo[i] - s->shot[person];
        add(sum + shot * dim, x + i * dim, dim);
        use[shot] = true;
    }
    for (size_t i = 0; i < n; i++) {
        use[i] = use[i] && direction(v + i * dim, sum + i * dim, dim);
        used += use[i];
    }
    return used;
}

fc_status fc_head_centre(const fc_head_set *s, size_t person, const float *x, size_t dim, const bool *take,
                         bool trim, float *centre, bool *there, fc_error *err)
{
    const size_t n = s->shot[person + 1] - s->shot[person];
    double *sum = calloc(n * dim + 1, sizeof *sum);
    float *v = calloc(n * dim + 1, sizeof *v);
    bool *use = calloc(n + 1, sizeof *use);
    struct likeness *like = calloc(n + 1, sizeof *like);
    const fc_status st = sum && v && use && like ? FC_OK : fc_fail_nomem(err, (n + 1) * dim * sizeof *sum);

    if (!st) {
        const size_t used = fc_head_shots(s, person, x, dim, take, v, use, sum);
        *there = mean(centre, v, use, n, dim, sum);
        if (*there && trim && used >= TRIM_FROM) {
            trim_away(use, centre, v, n, dim, (size_t)(TRIM * (double)used + 0.5), like);
            *there = mean(centre, v, use, n, dim, sum);
        }
    }
    free(sum);
    free(v);
    free(use);
    free(like);
    return st;
}
