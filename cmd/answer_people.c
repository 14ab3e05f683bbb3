/* Who of a gallery it is. */
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/clock.h"
#include "base/error.h"
#include "match/fuse_names.h"
#include "pipeline/record.h"

/* ---- the people ---- */

/* Nobody, and no place for anybody. */
static fc_status no_people(struct people *p, fc_error *err)
{
    const fc_table_size none = {.dim = 1};

    return fc_table_new(&p->t, &none, err);
}

fc_status people_read(struct people *p, fc_gallery *g, bool count, fc_error *err)
{
    fc_gallery_info info;
    fc_table_label label;
    fc_status s;

    if (fc_gallery_is_new(g))
        return no_people(p, err);
    s = fc_gallery_get_info(g, &info, err);
    if (!s)
        s = fc_gallery_get_calibration(g, &p->calibration, err);
    if (!s && count)
        s = fc_gallery_count_photos(g, &p->photos, err);
    if (!s)
        s = fc_index_open(g, &p->t, &label, NULL, err);
    if (s)
        return s;
    p->size = fc_table_get_size(p->t);
    strcpy(p->contract, label.contract);
    memcpy(p->state, info.samples_state, sizeof p->state);
    return FC_OK;
}

fc_status people_open_head(struct people *p, const char *path, bool *stale, fc_error *err)
{
    char state[2 * sizeof p->state + 1];
    fc_status s = fc_head_load(&p->head, path, err);

    if (!s)
        s = fc_two_stage_new(&p->stages, p->head, p->t, p->contract, err);
    if (s)
        return s;
    sodium_bin2hex(state, sizeof state, p->state, sizeof p->state);
    *stale = !fc_two_stage_is_current(p->stages, state);
    return FC_OK;
}

void people_clear(struct people *p)
{
    fc_two_stage_free(p->stages);
    fc_head_free(p->head);
    fc_table_free(p->t);
    free(p->calibration);
    *p = (struct people){0};
}

/* ---- what is found ---- */

static void free_found(void *result)
{
    struct found *found = result;

    if (!found)
        return;
    free(found->who);
    free(found->decision);
    free(found);
}

fc_status people_find(const struct people_how *how, fc_item *it, fc_error *err)
{
    const struct people *p = how->people;
    const double start = fc_now_ms();
    struct found *found;
    float *queries;
    size_t n;
    fc_status s;

    if (it->failed || fc_record_face_count(&it->rec) == 0)
        return FC_OK;
    s = answer_vectors(it, p->size.dim, &queries, &n, err);
    if (s)
        return s;
    it->result = found = calloc(1, sizeof *found);
    it->free_result = free_found;
    if (!found || !(found->decision = calloc(n, sizeof *found->decision)))
        s = fc_fail_nomem(err, n * sizeof *found->decision);
    if (!s)
        s = fc_identify(&found->who, p->t, queries, n, &how->identify, err);
    if (!s)
        s = fc_decide(p->stages, found->who, queries, n, found->decision, err);
    free(queries);
    if (s)
        return s;
    return how->timings ? fc_record_add_ms(&it->rec, "match", fc_now_ms() - start, err) : FC_OK;
}

fc_status people_who(const struct people_how *how, const fc_item *it, size_t face, fc_table_subject *who,
                     bool *known, fc_error *err)
{
    const struct found *found = it->result;
    const size_t subject = found->decision[face].subject;

    *known = subject != SIZE_MAX;
    return *known ? fc_table_get_subject(how->people->t, subject, who, err) : FC_OK;
}

/* ---- the line ---- */

static json_t *name_of(const fc_table_subject *who)
{
    return json_stringn(who->name, who->length);
}

static json_t *list_candidates(const struct people *p, const fc_identity *who, fc_status *s, fc_error *err)
{
    json_t *list = json_array();

    for (size_t i = 0; !*s && i < who->n; i++) {
        const fc_candidate *c = &who->candidate[i];
        fc_table_subject person = {0};
        *s = fc_table_get_subject(p->t, c->subject, &person, err);
        if (*s)
            break;
        json_array_append_new(list,
                              json_pack("{s:o,s:f,s:b,s:I}", "id", name_of(&person), "similarity",
                                        c->similarity, "match", c->match, "sample", (json_int_t)c->sample));
    }
    return list;
}

/* What the threshold was chosen by. */
static const char *threshold_by(const fc_threshold *t)
{
    static const char *const names[] = {[FC_THRESHOLD_CALIBRATED] = "calibration",
                                        [FC_THRESHOLD_CURVE] = "curve",
                                        [FC_THRESHOLD_CURVE_END] = "curve",
                                        [FC_THRESHOLD_MODEL] = "model"};

    return names[t->source];
}

/* What the head says; null where it was not asked. */
static json_t *head_of(const struct people *p, const fc_decision *d)
{
    if (!d->asked)
        return json_null();
    return json_pack("{s:s,s:s,s:f,s:b}", "type", fc_head_type_name(fc_head_get_facts(p->head)->type), "id",
                     d->head.name, "score", d->head.score, "stranger", d->head.background);
}

fc_status people_line(const struct people_how *how, const fc_item *it, size_t face,
                      const fc_table_subject *is, json_t **line, fc_error *err)
{
    const struct found *found = it->result;
    const fc_identity *who = &found->who[face];
    fc_status s = FC_OK;
    json_t *o = answer_begin(it, face), *list = list_candidates(how->people, who, &s, err);
    const fc_candidate *nearest = who->is ? who->is : who->n ? who->candidate : NULL;

    json_object_set_new(o, "match", json_boolean(is));
    json_object_set_new(o, "id", is ? name_of(is) : json_string("unknown"));
    json_object_set_new(o, "similarity", nearest ? json_real(nearest->similarity) : json_null());
    json_object_set_new(o, "threshold", json_real(how->identify.threshold));
    if (!isnan(how->chosen.threshold)) {
        json_object_set_new(o, "threshold_by", json_string(threshold_by(&how->chosen)));
        json_object_set_new(o, "fpir", json_real(how->chosen.fpir));
    }
    json_object_set_new(o, "fuse", json_string(fc_fuse_names[how->identify.fuse]));
    json_object_set_new(o, "candidates", list);
    if (how->people->head)
        json_object_set_new(o, "head", head_of(how->people, &found->decision[face]));
    answer_end(o, how->timings, it, face);
    *line = s ? NULL : o;
    if (s)
        json_decref(o);
    return s;
}
