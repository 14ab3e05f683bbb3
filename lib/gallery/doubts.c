#include "gallery/doubts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "facecheck.h"
#include "match/search.h"

enum {
    FEW_PHOTOS = 3,
    MOST_SAID = 20, /* of one kind */
    AT_ONCE = 256
};
#define MOST_PAIRS  2e9  /* seconds, with vector instructions */
#define NEARLY_SAME 0.98 /* cosine: two prints of a picture; not two pictures of a person */

/* A sample as the gallery has it. */
struct about {
    int64_t id;
    uint8_t content[32];
    char *source; /* owned */
    size_t photo; /* the same for views of one photo */
    size_t row;   /* of the table */
    bool view;
};

struct doubts {
    fc_gallery *g;
    const fc_teller *tell;
    const fc_ids *sample; /* NULL: all */
    double threshold;
    fc_table *t;
    fc_table_size size;
    struct about *about; /* [size.rows], by rising id */
    size_t nabout;
    size_t *person, *photo;       /* [size.rows of the table] */
    struct about **of_row;        /* [size.rows] */
    size_t few, strangers, twins; /* warnings */
};

static bool is_asked_for(const struct doubts *d, int64_t id)
{
    return !d->sample || fc_ids_has(d->sample, id);
}

/* Whether one more of a kind is to be said. */
static bool may_say(size_t *count)
{
    return ++*count <= MOST_SAID;
}

static void say_rest(const struct doubts *d, size_t count, const char *what)
{
    if (count > MOST_SAID)
        fc_tell(d->tell, "warning: %zu more %s", count - MOST_SAID, what);
}

/* ---- reading ---- */

static fc_status take_sample(void *ctx, const fc_sample *s, fc_error *err)
{
    struct doubts *d = ctx;
    struct about *a = &d->about[d->nabout];

    if (d->nabout == d->size.rows)
        return fc_fail(err, FC_ECORRUPT, "%s: more samples than it counts", fc_gallery_path(d->g));
    *a = (struct about){.id = s->id, .view = s->view > 0, .source = strdup(s->source)};
    if (!a->source)
        return fc_fail_nomem(err, strlen(s->source) + 1);
    memcpy(a->content, s->content, sizeof a->content);
    d->nabout++;
    return FC_OK;
}

static int by_id(const void *key, const void *element)
{
    const int64_t id = *(const int64_t *)key, other = ((const struct about *)element)->id;
    return id < other ? -1 : id > other;
}

/* By person, then content: samples of one photo stand together. */
static int by_photo(const void *a, const void *b, void *ctx)
{
    const struct doubts *d = ctx;
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;

    if (d->person[x] != d->person[y])
        return d->person[x] < d->person[y] ? -1 : 1;
    return memcmp(d->of_row[x]->content, d->of_row[y]->content, sizeof d->of_row[x]->content);
}

static fc_status number_photos(struct doubts *d, fc_error *err)
{
    size_t *row = malloc((d->size.rows + 1) * sizeof *row);
    size_t photo = 0;

    if (!row)
        return fc_fail_nomem(err, d->size.rows * sizeof *row);
    for (size_t i = 0; i < d->size.rows; i++)
        row[i] = i;
    qsort_r(row, d->size.rows, sizeof *row, by_photo, d);
    for (size_t i = 0; i < d->size.rows; i++) {
        photo += i > 0 && by_photo(&row[i - 1], &row[i], d) != 0;
        d->photo[row[i]] = photo;
    }
    free(row);
    return FC_OK;
}

static fc_status read_gallery(struct doubts *d, fc_error *err)
{
    fc_table_label label;
    fc_status s = fc_gallery_load(d->g, &d->t, &label, err);

    if (s)
        return s;
    d->size = fc_table_get_size(d->t);
    d->about = calloc(d->size.rows + 1, sizeof *d->about);
    d->person = calloc(d->size.rows + 1, sizeof *d->person);
    d->photo = calloc(d->size.rows + 1, sizeof *d->photo);
    d->of_row = calloc(d->size.rows + 1, sizeof *d->of_row);
    if (!d->about || !d->person || !d->photo || !d->of_row)
        return fc_fail_nomem(err, d->size.rows * sizeof *d->about);
    s = fc_gallery_each_sample(d->g, 0, false, take_sample, d, err);
    for (size_t i = 0; !s && i < d->size.rows; i++) {
        fc_table_row r;
        s = fc_table_get(d->t, i, &r, err);
        if (s)
            break;
        d->person[i] = r.subject;
        d->of_row[i] = bsearch(&r.sample, d->about, d->nabout, sizeof *d->about, by_id);
        if (!d->of_row[i])
            s = fc_fail(err, FC_ECORRUPT, "%s: sample %lld is gone", fc_gallery_path(d->g),
                        (long long)r.sample);
        else
            d->of_row[i]->row = i;
    }
    return s ? s : number_photos(d, err);
}

/* ---- looking ---- */

static fc_status find_few(struct doubts *d, fc_error *err)
{
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < d->size.subjects; i++) {
        fc_table_subject who;
        size_t photos = 0;
        bool asked = false;
        s = fc_table_get_subject(d->t, i, &who, err);
        for (size_t k = 0; !s && k < who.rows; k++) {
            photos += !d->of_row[who.first + k]->view;
            asked |= is_asked_for(d, d->of_row[who.first + k]->id);
        }
        if (!s && (asked || !d->sample) && photos < FEW_PHOTOS && may_say(&d->few))
            fc_tell(d->tell, "warning: %.*s has %zu photo%s; %d or more tell people apart better",
                    (int)who.length, who.name, photos, photos == 1 ? "" : "s", FEW_PHOTOS);
    }
    return s;
}

/* The most similar of the person's other photos; NULL: there is none. */
static fc_status nearest_own(const struct doubts *d, size_t row, struct about **out, double *similarity,
                             fc_error *err)
{
    fc_table_row own, other;
    fc_table_subject who;
    fc_status s = fc_table_get(d->t, row, &own, err);

    *out = NULL;
    *similarity = -2;
    if (!s)
        s = fc_table_get_subject(d->t, own.subject, &who, err);
    for (size_t i = who.first; !s && i < who.first + who.rows; i++) {
        if (d->photo[i] == d->photo[row] || d->of_row[i]->view)
            continue;
        s = fc_table_get(d->t, i, &other, err);
        const double v = s ? -2 : fc_cosine(own.e, other.e, d->size.dim);
        if (v > *similarity) {
            *similarity = v;
            *out = d->of_row[i];
        }
    }
    return s;
}

static fc_status look_at(struct doubts *d, size_t row, const fc_hit *other, fc_error *err)
{
    struct about *own, *here = d->of_row[row];
    double similarity;
    fc_table_subject who = {0}, them = {0};
    fc_status s = nearest_own(d, row, &own, &similarity, err);

    if (!s)
        s = fc_table_get_subject(d->t, d->person[row], &who, err);
    if (!s && other)
        s = fc_table_get_subject(d->t, other->subject, &them, err);
    if (s)
        return s;
    /* frames of one video are alike */
    if (own && similarity >= NEARLY_SAME && strcmp(own->source, here->source) != 0 &&
        (own->id < here->id || !is_asked_for(d, own->id)) && may_say(&d->twins))
        fc_tell(d->tell, "warning: %s of %.*s is nearly the same picture as %s (similarity %.2f)",
                here->source, (int)who.length, who.name, own->source, similarity);
    if (other && own && other->score > similarity && may_say(&d->strangers))
        fc_tell(
            d->tell,
            "warning: %s of %.*s looks more like %.*s (similarity %.2f) than like their other photos (%.2f)",
            here->source, (int)who.length, who.name, (int)them.length, them.name, other->score, similarity);
    if (other && !own && fc_accepts(other->score, d->threshold) && may_say(&d->strangers))
        fc_tell(d->tell, "warning: %s of %.*s looks like %.*s (similarity %.2f)", here->source,
                (int)who.length, who.name, (int)them.length, them.name, other->score);
    return FC_OK;
}

/* Rows that are asked for, [n] of them, with everybody else. */
static fc_status look_at_some(struct doubts *d, const size_t *row, size_t n, float *queries, fc_error *err)
{
    size_t leave[AT_ONCE], found[AT_ONCE];
    fc_hit hits[AT_ONCE];
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < n; i++) {
        fc_table_row r;
        s = fc_table_get(d->t, row[i], &r, err);
        if (s)
            break;
        memcpy(queries + i * d->size.dim, r.e, d->size.dim * sizeof *queries);
        leave[i] = r.subject;
    }
    if (!s)
        s = fc_search(d->t, queries, n, &(fc_search_options){.k = 1, .group = d->person, .leave = leave},
                      hits, found, err);
    for (size_t i = 0; !s && i < n; i++)
        s = look_at(d, row[i], found[i] ? &hits[i] : NULL, err);
    return s;
}

static fc_status compare(struct doubts *d, fc_error *err)
{
    float *queries = malloc(AT_ONCE * d->size.dim * sizeof *queries);
    size_t row[AT_ONCE], n = 0;
    fc_status s = queries ? FC_OK : fc_fail_nomem(err, AT_ONCE * d->size.dim * sizeof *queries);

    for (size_t i = 0; !s && i < d->nabout; i++) {
        if (!d->about[i].view && is_asked_for(d, d->about[i].id))
            row[n++] = d->about[i].row;
        if (n == AT_ONCE || (i + 1 == d->nabout && n)) {
            s = look_at_some(d, row, n, queries, err);
            n = 0;
        }
    }
    free(queries);
    return s;
}

static fc_status find_doubts(struct doubts *d, fc_error *err)
{
    fc_gallery_info info;
    fc_status s = fc_gallery_get_info(d->g, &info, err);
    const double pairs = (double)(d->sample ? d->sample->n : info.samples) * (double)info.samples;

    if (!s && pairs > MOST_PAIRS) {
        fc_tell(d->tell, "no warnings of photos that look like somebody else: there are %g pairs to compare",
                pairs);
        return FC_OK;
    }
    if (!s)
        s = read_gallery(d, err);
    if (!s)
        s = find_few(d, err);
    if (!s)
        s = compare(d, err);
    say_rest(d, d->few, "people with few photos");
    say_rest(d, d->strangers, "photos that look like somebody else");
    say_rest(d, d->twins, "nearly the same pictures");
    return s;
}

fc_status fc_gallery_doubts(fc_gallery *g, const fc_ids *sample, double threshold, const fc_teller *tell,
                            size_t *found, fc_error *err)
{
    struct doubts d = {.g = g, .tell = tell, .sample = sample, .threshold = isnan(threshold) ? 2 : threshold};
    fc_status s = fc_gallery_begin(g, false, err);

    *found = 0;
    if (s)
        return s;
    s = find_doubts(&d, err);
    fc_gallery_rollback(g); /* nothing was written */
    *found = d.few + d.strangers + d.twins;
    for (size_t i = 0; i < d.nabout; i++)
        free(d.about[i].source);
    free(d.about);
    free(d.person);
    free(d.photo);
    free(d.of_row);
    fc_table_free(d.t);
    return s;
}
