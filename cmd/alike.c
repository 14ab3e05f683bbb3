#include "alike.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"
#include "match/name.h"
#include "say.h"

enum { MOST_SAID = 10 };

fc_status alike_add(alike *a, const char *name, bool new, fc_error *err)
{
    struct alike_name one = {.new = new};

    fc_status s = fc_grow(&a->name, a->n + 1, &a->cap, sizeof *a->name, err);
    if (s)
        return s;
    s = fc_name_look(&one.look, name, err);
    if (!s && !(one.name = strdup(name)))
        s = fc_fail_nomem(err, strlen(name) + 1);
    if (s)
        free(one.look);
    else
        a->name[a->n++] = one;
    return s;
}

void alike_clear(alike *a)
{
    for (size_t i = 0; i < a->n; i++) {
        free(a->name[i].name);
        free(a->name[i].look);
    }
    free(a->name);
    *a = (alike){0};
}

static int by_look(const void *a, const void *b)
{
    const struct alike_name *x = a, *y = b;
    const int look = strcmp(x->look, y->look);

    return look ? look : strcmp(x->name, y->name);
}

static fc_status warn_of_two(const char *a, const char *b, fc_error *err)
{
    char *x, *y = NULL;
    fc_status s = fc_name_spell(&x, a, err);

    if (!s)
        s = fc_name_spell(&y, b, err);
    if (!s && !strcmp(x, a) && !strcmp(y, b))
        note("warning: the names '%s' and '%s' differ in case or blanks only", a, b);
    else if (!s)
        note("warning: the names '%s' and '%s' look alike: they are spelt %s and %s", a, b, x, y);
    free(x);
    free(y);
    return s;
}

/* Of names [from, to), which look alike, each with the one before it. */
static fc_status warn_of_group(const alike *a, size_t from, size_t to, size_t *said, fc_error *err)
{
    bool any = false;
    fc_status s = FC_OK;

    for (size_t i = from; i < to; i++)
        any |= a->name[i].new;
    for (size_t i = from + 1; any && !s && i < to; i++)
        if (++*said <= MOST_SAID)
            s = warn_of_two(a->name[i - 1].name, a->name[i].name, err);
    return s;
}

fc_status alike_warn(alike *a, fc_error *err)
{
    size_t said = 0;
    fc_status s = FC_OK;

    if (a->n)
        qsort(a->name, a->n, sizeof *a->name, by_look);
    for (size_t from = 0, to; !s && from < a->n; from = to) {
        for (to = from + 1; to < a->n && !strcmp(a->name[from].look, a->name[to].look);)
            to++;
        s = warn_of_group(a, from, to, &said, err);
    }
    if (!s && said > MOST_SAID)
        note("warning: %zu more names that look like another one", said - MOST_SAID);
    return s;
}

/* ---- in a gallery ---- */

fc_status touched_add(touched *t, int64_t id, fc_error *err)
{
    if (t->n && t->id[t->n - 1] == id)
        return FC_OK;
    fc_status s = fc_grow(&t->id, t->n + 1, &t->cap, sizeof *t->id, err);
    if (!s)
        t->id[t->n++] = id;
    return s;
}

void touched_clear(touched *t)
{
    free(t->id);
    *t = (touched){0};
}

static int by_number(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

struct looking {
    alike all;
    const touched *touched;
};

static fc_status take_person(void *ctx, const fc_subject *p, fc_error *err)
{
    struct looking *l = ctx;
    const touched *t = l->touched;

    return alike_add(&l->all, p->name, !t || bsearch(&p->id, t->id, t->n, sizeof *t->id, by_number), err);
}

fc_status alike_warn_in(fc_gallery *g, touched *t, fc_error *err)
{
    struct looking l = {.touched = t};
    fc_status s = FC_OK;

    if (t && t->n == 0)
        return FC_OK;
    if (t)
        qsort(t->id, t->n, sizeof *t->id, by_number);
    s = fc_gallery_each_subject(g, false, take_person, &l, err);
    if (!s)
        s = alike_warn(&l.all, err);
    alike_clear(&l.all);
    return s;
}
