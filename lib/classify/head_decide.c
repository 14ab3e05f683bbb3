#include "facecheck.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

struct fc_two_stage {
    const fc_head *h;
    size_t *subject; /* [people of the head]: of the table; SIZE_MAX: nobody; owned */
    bool *known;     /* [subjects of the table]: to the head; owned */
    size_t dim;
    bool same_people; /* who has samples in the table, and whom the head knows */
};

void fc_two_stage_free(fc_two_stage *d)
{
    if (!d)
        return;
    free(d->subject);
    free(d->known);
    free(d);
}

static fc_status map_people(fc_two_stage *d, const fc_table *t, fc_error *err)
{
    const size_t subjects = fc_table_get_size(t).subjects, people = fc_head_get_facts(d->h)->people;
    size_t with_rows = 0, found = 0;
    fc_status s = FC_OK;

    for (size_t i = 0; i < people; i++)
        d->subject[i] = SIZE_MAX;
    for (size_t i = 0; !s && i < subjects; i++) {
        fc_table_subject who;
        if ((s = fc_table_get_subject(t, i, &who, err)))
            break;
        const size_t person = fc_head_find(d->h, who.name, who.length);
        d->known[i] = person != SIZE_MAX;
        if (d->known[i])
            d->subject[person] = i;
        with_rows += who.rows > 0;
        found += who.rows > 0 && d->known[i];
    }
    d->same_people = found == with_rows && found == people;
    return s;
}

fc_status fc_two_stage_new(fc_two_stage **out, const fc_head *h, const fc_table *t, const char *contract,
                           fc_error *err)
{
    const fc_head_facts *f = fc_head_get_facts(h);
    fc_two_stage *d;
    fc_status s;

    *out = NULL;
    if (*contract && strcmp(contract, f->contract) != 0)
        return fc_fail(err, FC_ECONTRACT, "the head is of embeddings of %s, the gallery of %s", f->contract,
                       contract);
    if (!(d = calloc(1, sizeof *d)))
        return fc_fail_nomem(err, sizeof *d);
    d->h = h;
    d->dim = f->dim;
    d->subject = calloc(f->people + 1, sizeof *d->subject);
    d->known = calloc(fc_table_get_size(t).subjects + 1, sizeof *d->known);
    s = d->subject && d->known ? map_people(d, t, err) : fc_fail_nomem(err, f->people * sizeof *d->subject);
    if (s)
        fc_two_stage_free(d);
    else
        *out = d;
    return s;
}

bool fc_two_stage_is_current(const fc_two_stage *d, const char *samples_state)
{
    const char *trained = fc_head_get_facts(d->h)->gallery;

    return !*trained || (d->same_people && !strcmp(trained, samples_state));
}

static fc_status ask(const fc_two_stage *d, const float *face, fc_decision *out, fc_error *err)
{
    fc_status s = fc_head_predict(d->h, face, 1, &out->head, err);

    out->asked = !s;
    if (s)
        return s;
    if (out->head.background)
        out->subject = SIZE_MAX;
    else if (d->subject[out->head.person] != SIZE_MAX)
        out->subject = d->subject[out->head.person];
    return FC_OK;
}

fc_status fc_decide(const fc_two_stage *d, const fc_identity *who, const float *faces, size_t n,
                    fc_decision *out, fc_error *err)
{
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < n; i++) {
        const fc_candidate *is = who[i].is;
        out[i] = (fc_decision){.subject = is ? is->subject : SIZE_MAX};
        if (d && is && d->known[is->subject])
            s = ask(d, faces + i * d->dim, &out[i], err);
    }
    return s;
}
