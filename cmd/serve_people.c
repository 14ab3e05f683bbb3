/* The gallery of fc-serve: its people in memory. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "serve.h"

static void release(struct shared_people *p)
{
    if (!p || --p->users)
        return;
    people_clear(&p->people);
    free(p);
}

fc_status people_load(struct serve *s, fc_error *err)
{
    struct shared_people *new = calloc(1, sizeof *new), *old;
    fc_status st =
        new ? people_open(&new->people, &s->args->gallery, true, err) : fc_fail_nomem(err, sizeof *new);

    if (st) {
        if (new)
            people_clear(&new->people);
        free(new);
        return st;
    }
    const fc_model_facts *model = s->stages ? fc_stages_model(s->stages) : NULL;
    if (model && *new->people.contract && strcmp(model->contract, new->people.contract) != 0) {
        st = fc_fail(err, FC_ECONTRACT, "%s holds embeddings of %s, and this server makes those of %s",
                     s->args->gallery.path, new->people.contract, model->contract);
        people_clear(&new->people);
        free(new);
        return st;
    }
    if (model && !*new->people.contract) /* nobody is there, but pictures are looked at all the same */
        new->people.size.dim = (size_t)model->dim;
    new->users = 1;
    pthread_mutex_lock(&s->people_lock);
    old = s->people;
    s->people = new;
    release(old);
    pthread_mutex_unlock(&s->people_lock);
    return FC_OK;
}

fc_status people_take(struct serve *s, struct shared_people **out, fc_error *err)
{
    pthread_mutex_lock(&s->people_lock);
    *out = s->people;
    if (*out)
        (*out)->users++;
    pthread_mutex_unlock(&s->people_lock);
    return *out ? FC_OK : fc_fail(err, FC_EDATA, "this server has no gallery (-g GALLERY)");
}

void people_give(struct serve *s, struct shared_people *p)
{
    pthread_mutex_lock(&s->people_lock);
    release(p);
    pthread_mutex_unlock(&s->people_lock);
}
