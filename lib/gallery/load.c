#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"
#include "gallery/impl.h"

struct person {
    int64_t id;
    char *name; /* owned */
    size_t rows;
    size_t next; /* row of the table that its next sample takes */
};

struct load {
    const fc_gallery *g;
    struct person *person; /* [n], by rising id */
    size_t n, cap, names;
    size_t rows;
    fc_table *table;
};

static fc_status take_person(void *ctx, const fc_subject *s, fc_error *err)
{
    struct load *l = ctx;

    fc_status grown = fc_grow(&l->person, l->n + 1, &l->cap, sizeof *l->person, err);

    if (grown)
        return grown;
    char *name = strdup(s->name);
    if (!name)
        return fc_fail_nomem(err, strlen(s->name) + 1);
    l->person[l->n++] = (struct person){.id = s->id, .name = name, .rows = s->photos};
    l->names += strlen(name);
    l->rows += s->photos;
    return FC_OK;
}

static fc_status make_table(struct load *l, fc_error *err)
{
    const fc_table_size size = {l->rows, l->g->info.dim ? l->g->info.dim : 1, l->n, l->names};
    size_t row = 0;
    fc_status s = fc_table_new(&l->table, &size, err);

    for (size_t i = 0; !s && i < l->n; i++) {
        struct person *p = &l->person[i];
        s = fc_table_put_subject(l->table, p->id, p->name, strlen(p->name), p->rows, err);
        p->next = row;
        row += p->rows;
    }
    return s;
}

static int by_id(const void *key, const void *element)
{
    const int64_t id = *(const int64_t *)key, other = ((const struct person *)element)->id;

    return id < other ? -1 : id > other;
}

static fc_status take_sample(void *ctx, const fc_sample *s, fc_error *err)
{
    struct load *l = ctx;
    struct person *p = l->n ? bsearch(&s->subject, l->person, l->n, sizeof *p, by_id) : NULL;

    if (!p || p->rows == 0)
        return fc_gallery_damaged(l->g, "sample", s->id, err);
    p->rows--;
    return fc_table_put(l->table, p->next++, &(fc_table_row){s->e, s->id, (size_t)(p - l->person)}, err);
}

static fc_status load(struct load *l, fc_gallery *g, fc_error *err)
{
    fc_status s = fc_gallery_subject_rows(g, take_person, l, err);

    if (!s)
        s = make_table(l, err);
    if (!s)
        s = fc_gallery_each_sample(g, 0, true, take_sample, l, err);
    return s;
}

fc_status fc_gallery_load(fc_gallery *g, fc_table **out, fc_table_label *label, fc_error *err)
{
    struct load l = {.g = g};
    bool own;
    fc_status s = fc_gallery_enter(g, false, &own, err);

    *out = NULL;
    if (s)
        return s;
    s = load(&l, g, err);
    if (!s) {
        *label = (fc_table_label){.kind = "index"};
        memcpy(label->state, g->info.state, sizeof label->state);
        memcpy(label->contract, g->info.contract, sizeof label->contract);
    }
    s = fc_gallery_leave(g, own, s, err);
    for (size_t i = 0; i < l.n; i++)
        free(l.person[i].name);
    free(l.person);
    if (s)
        fc_table_free(l.table);
    else
        *out = l.table;
    return s;
}
