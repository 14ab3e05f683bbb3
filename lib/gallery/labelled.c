#include "gallery/labelled.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/error.h"
#include "base/grow.h"
#include "base/outputs.h"

struct gathering {
    fc_labelled *l;
    struct person {
        int64_t id;
        char *name; /* owned */
    } * person;     /* [n], by rising id */
    size_t n, cap;
};

static fc_status take_person(void *ctx, const fc_subject *s, fc_error *err)
{
    struct gathering *g = ctx;
    const fc_status grown = fc_grow(&g->person, g->n + 1, &g->cap, sizeof *g->person, err);

    if (grown)
        return grown;
    g->person[g->n] = (struct person){s->id, strdup(s->name)};
    if (!g->person[g->n++].name)
        return fc_fail_nomem(err, strlen(s->name) + 1);
    return fc_labelled_person(g->l, s->name, err);
}

static int by_id(const void *key, const void *element)
{
    const int64_t id = *(const int64_t *)key, other = ((const struct person *)element)->id;
    return id < other ? -1 : id > other;
}

static fc_status take_sample(void *ctx, const fc_sample *s, fc_error *err)
{
    struct gathering *g = ctx;
    const struct person *p = bsearch(&s->subject, g->person, g->n, sizeof *p, by_id);
    char photo[FC_SHA256_HEX + 24], hex[FC_SHA256_HEX];
    fc_status st;

    if (*s->source && (st = fc_outputs_spare_name(s->source, err)))
        return st;
    if (!p)
        return fc_fail(err, FC_ECORRUPT, "sample %lld is nobody's", (long long)s->id);
    sodium_bin2hex(hex, sizeof hex, s->content, sizeof s->content);
    snprintf(photo, sizeof photo, "%lld %s", (long long)s->subject, hex);
    return fc_labelled_add(g->l, p->name, s->contract, s->e, s->dim, photo, err);
}

fc_status fc_gallery_labelled(fc_gallery *g, fc_labelled *l, fc_error *err)
{
    struct gathering all = {.l = l};
    fc_status s = fc_gallery_each_subject(g, false, take_person, &all, err);

    if (!s)
        s = fc_gallery_each_sample(g, 0, true, take_sample, &all, err);
    for (size_t i = 0; i < all.n; i++)
        free(all.person[i].name);
    free(all.person);
    return s;
}
