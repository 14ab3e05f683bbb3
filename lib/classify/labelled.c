#include "classify/labelled.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/text.h"
#include "match/similarity.h"

struct sample {
    size_t person, photo;
    float *e; /* [dim], unit length, owned */
};

struct person {
    char *name; /* owned */
    size_t samples;
};

struct fc_labelled {
    json_t *people, *photos; /* name to number; jansson's tables are salted */
    struct person *person;   /* [npeople] */
    size_t npeople, people_cap;
    struct sample *sample; /* [n] */
    size_t n, cap;
    size_t dim, nphotos;
    char contract[200];
};

fc_status fc_labelled_new(fc_labelled **out, fc_error *err)
{
    fc_labelled *l = calloc(1, sizeof *l);

    *out = NULL;
    if (!l || !(l->people = json_object()) || !(l->photos = json_object())) {
        fc_labelled_free(l);
        return fc_fail_nomem(err, sizeof *l);
    }
    *out = l;
    return FC_OK;
}

void fc_labelled_free(fc_labelled *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < l->npeople; i++)
        free(l->person[i].name);
    for (size_t i = 0; i < l->n; i++)
        free(l->sample[i].e);
    free(l->person);
    free(l->sample);
    json_decref(l->people);
    json_decref(l->photos);
    free(l);
}

/* The number of a key: next where it is new. */
static fc_status number_of(json_t *numbers, const char *key, size_t next, size_t *out, fc_error *err)
{
    const json_t *known = json_object_get(numbers, key);

    *out = known ? (size_t)json_integer_value(known) : next;
    if (!known && json_object_set_new_nocheck(numbers, key, json_integer((json_int_t)next)))
        return fc_fail_nomem(err, strlen(key) + 1);
    return FC_OK;
}

static fc_status person_of(fc_labelled *l, const char *name, size_t *out, fc_error *err)
{
    char *normal = NULL;
    fc_status s = fc_name_check_stored(name, err);

    if (!s)
        s = fc_name_normal(&normal, name, err);
    if (!s)
        s = fc_grow(&l->person, l->npeople + 1, &l->people_cap, sizeof *l->person, err);
    if (!s)
        s = number_of(l->people, normal, l->npeople, out, err);
    if (s || *out < l->npeople) {
        free(normal);
        return s;
    }
    l->person[l->npeople++] = (struct person){.name = normal};
    return FC_OK;
}

fc_status fc_labelled_person(fc_labelled *l, const char *name, fc_error *err)
{
    size_t person;
    return person_of(l, name, &person, err);
}

static fc_status check_contract(fc_labelled *l, const char *contract, size_t dim, fc_error *err)
{
    if (dim < 1 || dim > FC_MAX_DIM || !*contract || strlen(contract) >= sizeof l->contract)
        return fc_fail(err, FC_EUSAGE, "an embedding of contract '%.40s' with %zu numbers", contract, dim);
    if (l->dim == 0) {
        strcpy(l->contract, contract);
        l->dim = dim;
    }
    if (strcmp(l->contract, contract))
        return fc_fail(err, FC_ECONTRACT, "embeddings of %s and of %s cannot be compared", l->contract,
                       contract);
    if (l->dim != dim)
        return fc_fail(err, FC_ECONTRACT, "embeddings of %zu and of %zu numbers, both of %s", l->dim, dim,
                       contract);
    return FC_OK;
}

fc_status fc_labelled_add(fc_labelled *l, const char *name, const char *contract, const float *e, size_t dim,
                          const char *photo, fc_error *err)
{
    struct sample new = {.photo = l->nphotos};
    fc_status s = check_contract(l, contract, dim, err);

    if (!s)
        s = fc_grow(&l->sample, l->n + 1, &l->cap, sizeof *l->sample, err);
    if (!s)
        s = person_of(l, name, &new.person, err);
    if (!s && photo && *photo)
        s = number_of(l->photos, photo, l->nphotos, &new.photo, err);
    if (s)
        return s;
    l->nphotos += new.photo == l->nphotos;
    new.e = malloc(dim * sizeof *e);
    if (!new.e)
        return fc_fail_nomem(err, dim * sizeof *e);
    memcpy(new.e, e, dim * sizeof *e);
    if (!(fabs(fc_dot(e, e, dim) - 1) <= 1e-5) && !fc_normalise(new.e, dim)) {
        free(new.e);
        return fc_fail(err, FC_EUSAGE, "an embedding without a direction (all zero, or not numbers)");
    }
    l->sample[l->n++] = new;
    l->person[new.person].samples++;
    return FC_OK;
}

static fc_status add_face(fc_labelled *l, const char *name, const fc_record *rec, fc_error *err)
{
    const char *hash = json_string_value(json_object_get(rec->json, "sha256")), *contract;
    char *photo = NULL;
    float *e;
    size_t dim;
    fc_status s = fc_face_get_embedding(fc_record_face(rec, 0), &contract, &e, &dim, err);

    if (s)
        return s;
    if (hash && !(photo = fc_text_format("%s %s", name, hash)))
        s = fc_fail_nomem(err, strlen(name) + 1);
    if (!s)
        s = fc_labelled_add(l, name, contract, e, dim, photo, err);
    free(photo);
    free(e);
    return s;
}

fc_status fc_labelled_add_record(fc_labelled *l, const char *name, const fc_record *rec, fc_error *err)
{
    fc_status s = fc_name_check(name, err);

    if (!s)
        s = fc_labelled_person(l, name, err);
    if (s || !fc_record_face_count(rec))
        return s;
    s = fc_record_one_face(rec, err);
    return s ? s : add_face(l, name, rec, err);
}

size_t fc_labelled_people(const fc_labelled *l)
{
    return l->npeople;
}

const char *fc_labelled_name(const fc_labelled *l, size_t person)
{
    return l->person[person].name;
}

size_t fc_labelled_samples(const fc_labelled *l, size_t person)
{
    return l->person[person].samples;
}

const char *fc_labelled_contract(const fc_labelled *l)
{
    return l->contract;
}

/* ---- the table ---- */

static int by_name(const void *a, const void *b, void *ctx)
{
    const fc_labelled *l = ctx;
    return strcmp(l->person[*(const size_t *)a].name, l->person[*(const size_t *)b].name);
}

/* People with samples by name, and where in the table each one's next row goes: order: [n], next: [npeople]. */
static fc_status put_people(const fc_labelled *l, fc_table *t, const size_t *order, size_t n, size_t *next,
                            fc_error *err)
{
    size_t row = 0;
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < n; i++) {
        const struct person *p = &l->person[order[i]];
        s = fc_table_put_subject(t, (int64_t)order[i] + 1, p->name, strlen(p->name), p->samples, err);
        next[order[i]] = row;
        row += p->samples;
    }
    return s;
}

static fc_status put_samples(const fc_labelled *l, fc_table *t, const size_t *place, size_t *next,
                             size_t *photo, fc_error *err)
{
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < l->n; i++) {
        const struct sample *p = &l->sample[i];
        const size_t row = next[p->person]++;
        photo[row] = p->photo;
        s = fc_table_put(t, row, &(fc_table_row){p->e, (int64_t)i + 1, place[p->person]}, err);
    }
    return s;
}

fc_status fc_labelled_table(const fc_labelled *l, fc_table **out, size_t **photo, fc_error *err)
{
    fc_table_size size = {.rows = l->n, .dim = l->dim};
    size_t *order = calloc(l->npeople + 1, sizeof *order), *place = calloc(l->npeople + 1, sizeof *place),
           *next = calloc(l->npeople + 1, sizeof *next);
    fc_status s = FC_OK;

    *out = NULL;
    *photo = calloc(l->n + 1, sizeof **photo);
    if (!order || !place || !next || !*photo)
        s = fc_fail_nomem(err, (l->n + 1) * sizeof **photo);
    else if (l->n == 0)
        s = fc_fail(err, FC_EEMPTY, "no embeddings to learn from");
    for (size_t i = 0; !s && i < l->npeople; i++) {
        if (l->person[i].samples == 0)
            continue;
        order[size.subjects++] = i;
        size.names += strlen(l->person[i].name);
    }
    if (!s) {
        qsort_r(order, size.subjects, sizeof *order, by_name, (void *)l);
        for (size_t i = 0; i < size.subjects; i++)
            place[order[i]] = i;
        s = fc_table_new(out, &size, err);
    }
    if (!s)
        s = put_people(l, *out, order, size.subjects, next, err);
    if (!s)
        s = put_samples(l, *out, place, next, *photo, err);
    if (s) {
        fc_table_free(*out);
        free(*photo);
        *out = NULL;
        *photo = NULL;
    }
    free(order);
    free(place);
    free(next);
    return s;
}
