/* Events of a time line, by their ids, and whom they are of. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/json.h"
#include "plot/timeline_impl.h"
#include "track/event_line.h"

fc_status fc_timeline_new(fc_timeline **out, fc_error *err)
{
    fc_timeline *t = *out = calloc(1, sizeof *t);

    if (t && (t->ids = json_object()))
        return FC_OK;
    free(t);
    *out = NULL;
    return fc_fail_nomem(err, sizeof *t);
}

void fc_timeline_free(fc_timeline *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->n; i++) {
        free(t->visit[i].person);
        free(t->visit[i].camera);
    }
    json_decref(t->ids);
    free(t->visit);
    free(t);
}

static bool is_event(const json_t *line)
{
    fc_event_type type;

    return *fc_json_text(line, "id") && fc_event_line_type(line, &type);
}

/* The event of the id, made where it is new. */
static fc_status find(fc_timeline *t, const char *id, struct visit **out, fc_error *err)
{
    const json_t *known = json_object_get(t->ids, id);

    if (!known) {
        if (fc_grow(&t->visit, t->n + 1, &t->cap, sizeof *t->visit, err))
            return FC_ENOMEM;
        if (json_object_set_new(t->ids, id, json_integer((json_int_t)t->n)))
            return fc_fail_nomem(err, 0);
        t->visit[t->n++] = (struct visit){0};
    }
    *out = &t->visit[known ? (size_t)json_integer_value(known) : t->n - 1];
    return FC_OK;
}

static fc_status put_text(char **to, const char *text, fc_error *err)
{
    char *copy = strdup(text);

    if (!copy)
        return fc_fail_nomem(err, strlen(text) + 1);
    free(*to);
    *to = copy;
    return FC_OK;
}

fc_status fc_timeline_add(fc_timeline *t, const json_t *line, fc_error *err)
{
    const json_t *first = json_object_get(line, "first"), *last = json_object_get(line, "last");
    const bool clock = json_object_get(line, "time") != NULL;
    const char *person = fc_json_text(line, "person");
    struct visit *v = NULL;
    fc_status s;

    if (!is_event(line))
        return FC_OK;
    if (!json_is_number(first) || !json_is_number(last))
        return fc_fail(err, FC_ERECORD, "an event without first and last");
    if (fabs(json_number_value(first)) > MOST_SECONDS || fabs(json_number_value(last)) > MOST_SECONDS)
        return fc_fail(err, FC_ERECORD, "an event beyond the year 5000");
    if (json_number_value(last) < json_number_value(first))
        return fc_fail(err, FC_ERECORD, "an event that ends before it begins");
    if (t->n && clock != t->clock)
        return fc_fail(err, FC_EDATA, "some events have the time of day, and others that of a video");
    t->clock = clock;
    s = find(t, fc_json_text(line, "id"), &v, err);
    if (!s)
        s = put_text(&v->person, *person ? person : UNKNOWN, err);
    if (!s)
        s = put_text(&v->camera, fc_json_text(line, "camera"), err);
    if (s)
        return s;
    v->first = json_number_value(first);
    v->last = json_number_value(last);
    return FC_OK;
}

size_t fc_timeline_events(const fc_timeline *t)
{
    return t->n;
}
