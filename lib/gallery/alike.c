#include "gallery/alike.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"
#include "facecheck.h"

enum { MOST_SAID = 10 };

fc_status fc_alike_add(fc_alike *a, const char *name, bool is_new, fc_error *err)
{
    struct fc_alike_name one = {.is_new = is_new};

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

void fc_alike_clear(fc_alike *a)
{
    for (size_t i = 0; i < a->n; i++) {
        free(a->name[i].name);
        free(a->name[i].look);
    }
    free(a->name);
    *a = (fc_alike){0};
}

static int by_look(const void *a, const void *b)
{
    const struct fc_alike_name *x = a, *y = b;
    const int look = strcmp(x->look, y->look);

    return look ? look : strcmp(x->name, y->name);
}

static fc_status warn_of_two(const char *a, const char *b, const fc_teller *tell, fc_error *err)
{
    char *x = NULL, *y = NULL;
    fc_status s = fc_name_spell(&x, a, err);

    if (!s)
        s = fc_name_spell(&y, b, err);
    if (!s && !strcmp(x, a) && !strcmp(y, b))
        fc_tell(tell, "warning: the names '%s' and '%s' differ in case or blanks only", a, b);
    else if (!s)
        fc_tell(tell, "warning: the names '%s' and '%s' look alike: they are spelt %s and %s", a, b, x, y);
    free(x);
    free(y);
    return s;
}

/* Of names [from, to), which look alike, each with the one before it. */
static fc_status warn_of_group(const fc_alike *a, size_t from, size_t to, size_t *said, const fc_teller *tell,
                               fc_error *err)
{
    bool any = false;
    fc_status s = FC_OK;

    for (size_t i = from; i < to; i++)
        any |= a->name[i].is_new;
    for (size_t i = from + 1; any && !s && i < to; i++)
        if (++*said <= MOST_SAID)
            s = warn_of_two(a->name[i - 1].name, a->name[i].name, tell, err);
    return s;
}

fc_status fc_alike_warn(fc_alike *a, const fc_teller *tell, fc_error *err)
{
    size_t said = 0;
    fc_status s = FC_OK;

    if (a->n)
        qsort(a->name, a->n, sizeof *a->name, by_look);
    for (size_t from = 0, to; !s && from < a->n; from = to) {
        for (to = from + 1; to < a->n && !strcmp(a->name[from].look, a->name[to].look);)
            to++;
        s = warn_of_group(a, from, to, &said, tell, err);
    }
    if (!s && said > MOST_SAID)
        fc_tell(tell, "warning: %zu more names that look like another one", said - MOST_SAID);
    return s;
}

/* ---- in a gallery ---- */

struct looking {
    fc_alike all;
    const fc_ids *fresh; /* NULL: all */
};

static fc_status take_person(void *ctx, const fc_subject *p, fc_error *err)
{
    struct looking *l = ctx;

    return fc_alike_add(&l->all, p->name, !l->fresh || fc_ids_has(l->fresh, p->id), err);
}

fc_status fc_alike_warn_in(fc_gallery *g, fc_ids *fresh, const fc_teller *tell, fc_error *err)
{
    struct looking l = {.fresh = fresh};
    fc_status s = FC_OK;

    if (fresh && fresh->n == 0)
        return FC_OK;
    if (fresh)
        fc_ids_sort(fresh);
    s = fc_gallery_each_subject(g, false, take_person, &l, err);
    if (!s)
        s = fc_alike_warn(&l.all, tell, err);
    fc_alike_clear(&l.all);
    return s;
}
