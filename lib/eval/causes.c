/* Why answers are wrong. */
#include <stdlib.h>

#include "base/error.h"
#include "eval/protocol_impl.h"
#include "facecheck.h"

const char *fc_eval_cause_name(fc_eval_cause c)
{
    static const char *const names[FC_EVAL_CAUSES] = {[FC_CAUSE_NONE] = "",
                                                      [FC_CAUSE_NOT_DECODED] = "not decoded",
                                                      [FC_CAUSE_NOT_DETECTED] = "not detected",
                                                      [FC_CAUSE_NOT_EMBEDDED] = "not embedded",
                                                      [FC_CAUSE_WRONG_FACE] = "wrong face chosen",
                                                      [FC_CAUSE_BELOW] = "below threshold",
                                                      [FC_CAUSE_ABOVE] = "above threshold",
                                                      [FC_CAUSE_OTHER_NEARER] = "another person nearer"};
    return names[c];
}

static bool has_choice(const fc_eval_set *set, const fc_eval_case *c)
{
    return set->picture[c->a].found > 1 || set->picture[c->b].found > 1;
}

/* The faces of the pictures that have a choice. */
struct faces {
    size_t *at;      /* [set->n]: 1 + the picture's place among those below; 0: it is not there */
    size_t *picture; /* [n] */
    size_t n;
    float **v;    /* [n], each owned */
    size_t *each; /* [n] */
};

static void faces_clear(struct faces *f)
{
    for (size_t i = 0; f->v && i < f->n; i++)
        free(f->v[i]);
    free(f->v);
    free(f->each);
    free(f->picture);
    free(f->at);
}

static void add_picture(struct faces *f, size_t picture)
{
    if (f->at[picture])
        return;
    f->picture[f->n++] = picture;
    f->at[picture] = f->n;
}

static fc_status find_faces(struct faces *f, const fc_eval_result *r, const fc_eval_set *set,
                            const fc_face_finder *finder, fc_error *err)
{
    f->at = calloc(set->n + 1, sizeof *f->at);
    f->picture = calloc(set->n + 1, sizeof *f->picture);
    if (!f->at || !f->picture)
        return fc_fail_nomem(err, set->n * sizeof *f->at);
    for (size_t i = 0; i < r->ncases; i++)
        if (r->cases[i].cause == FC_CAUSE_BELOW && has_choice(set, &r->cases[i])) {
            add_picture(f, r->cases[i].a);
            add_picture(f, r->cases[i].b);
        }
    f->v = calloc(f->n + 1, sizeof *f->v);
    f->each = calloc(f->n + 1, sizeof *f->each);
    if (!f->v || !f->each)
        return fc_fail_nomem(err, f->n * sizeof *f->v);
    return f->n ? finder->find(finder->ctx, f->picture, f->n, f->v, f->each, err) : FC_OK;
}

/* Any two faces of the two pictures that would have been accepted. */
static bool other_faces_match(const struct faces *f, const fc_eval_case *c, size_t dim)
{
    const size_t a = f->at[c->a] - 1, b = f->at[c->b] - 1;

    for (size_t i = 0; i < f->each[a]; i++)
        for (size_t j = 0; j < f->each[b]; j++)
            if (fc_accepts(fc_cosine(f->v[a] + i * dim, f->v[b] + j * dim, dim), c->threshold))
                return true;
    return false;
}

static fc_eval_cause first_cause(const fc_eval_set *set, const fc_eval_case *c)
{
    const fc_eval_cause a = set->picture[c->a].missing, b = set->picture[c->b].missing;

    if (fc_accepts(c->score, c->threshold) == c->same)
        return FC_CAUSE_NONE;
    if (a == FC_CAUSE_NOT_DECODED || b == FC_CAUSE_NOT_DECODED)
        return FC_CAUSE_NOT_DECODED;
    if (a || b)
        return a ? a : b;
    return c->same ? FC_CAUSE_BELOW : c->other_nearer ? FC_CAUSE_OTHER_NEARER : FC_CAUSE_ABOVE;
}

fc_status fc_eval_causes(fc_eval_result *r, const fc_eval_set *set, const fc_face_finder *finder,
                         fc_error *err)
{
    struct faces f = {0};
    fc_status s = FC_OK;

    for (size_t i = 0; i < r->ncases; i++)
        r->cases[i].cause = first_cause(set, &r->cases[i]);
    if (finder)
        s = find_faces(&f, r, set, finder, err);
    for (size_t i = 0; !s && i < r->ncases; i++) {
        fc_eval_case *c = &r->cases[i];
        if (c->cause != FC_CAUSE_BELOW)
            continue;
        if (finder && has_choice(set, c) && other_faces_match(&f, c, set->dim))
            c->cause = FC_CAUSE_WRONG_FACE;
        else if (c->other_nearer)
            c->cause = FC_CAUSE_OTHER_NEARER;
    }
    faces_clear(&f);
    return s;
}
