#include "monitor/message.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "pipeline/record.h"
#include "track/event_line.h"

enum { CAMERAS = 1000 };

void fc_message_clear(fc_message *m)
{
    free(m->topic);
    free(m->payload);
    *m = (fc_message){0};
}

static const char *kind_of(const json_t *line)
{
    fc_event_type type;

    if (fc_event_line_type(line, &type))
        return "event";
    if (json_object_get(line, "error"))
        return "error";
    if (json_is_boolean(json_object_get(line, "match")))
        return "match";
    if (json_object_get(line, "gap"))
        return "gap";
    return json_is_array(json_object_get(line, "faces")) ? "record" : "line";
}

fc_topic_names fc_message_names(const json_t *line, const char *node)
{
    /* The id of an event is its own, and that of a decision a person. */
    fc_event_type type;
    const bool event = fc_event_line_type(line, &type);

    return (fc_topic_names){.node = node,
                            .camera = fc_json_text(line, "camera"),
                            .kind = kind_of(line),
                            .type = event ? fc_event_type_name(type) : NULL,
                            .person = fc_json_text(line, event ? "person" : "id")};
}

/* ---- what is sent ---- */

static bool is_private(const char *key)
{
    static const char *const keys[] = {"embedding", "crop",    "src",   "src_b64", "probe",   "probe_b64",
                                       "ref",       "ref_b64", "video", "sha256",  "message", "crop_file"};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!strcmp(key, keys[i]))
            return true;
    return false;
}

void fc_message_strip(json_t *line)
{
    const char *key;
    json_t *value;
    void *next;
    size_t i;

    json_object_foreach_safe(line, next, key, value)
    {
        if (is_private(key))
            json_object_del(line, key);
        else
            fc_message_strip(value);
    }
    json_array_foreach(line, i, value)
    {
        fc_message_strip(value);
    }
}

fc_status fc_message_payload(char **out, size_t *n, const json_t *line, fc_error *err)
{
    const fc_record r = {(json_t *)line};
    fc_status s = fc_record_text(&r, out, n, err);

    if (!s && *n && (*out)[*n - 1] == '\n')
        (*out)[--*n] = '\0';
    return s;
}

/* ---- counts ---- */

struct fc_camera_counts {
    json_t *camera; /* its name: the count; owned */
};

fc_status fc_camera_counts_new(fc_camera_counts **out, fc_error *err)
{
    fc_camera_counts *c = *out = calloc(1, sizeof *c);

    if (c && (c->camera = json_object()))
        return FC_OK;
    free(c);
    *out = NULL;
    return fc_fail_nomem(err, sizeof *c);
}

void fc_camera_counts_free(fc_camera_counts *c)
{
    if (c)
        json_decref(c->camera);
    free(c);
}

/* By how much, or to what, a line changes the count; false: not at all. */
static bool counts(const json_t *line, json_int_t before, json_int_t *after)
{
    const json_t *faces = json_object_get(line, "faces");
    fc_event_type type;
    const bool event = fc_event_line_type(line, &type);

    *after = before;
    if (event && type == FC_EVENT_START)
        *after = before + 1;
    else if (event && type == FC_EVENT_END)
        *after = before > 0 ? before - 1 : 0;
    else if (!event && json_is_array(faces))
        *after = (json_int_t)json_array_size(faces);
    else
        return false;
    return true;
}

fc_status fc_camera_counts_take(fc_camera_counts *c, const json_t *line, int64_t *count, bool *first,
                                fc_error *err)
{
    const char *camera = fc_json_text(line, "camera");
    json_t *known = json_object_get(c->camera, camera);
    const json_int_t before = json_integer_value(known);
    json_int_t after;

    *count = -1;
    *first = false;
    if (!counts(line, before, &after) || (!known && json_object_size(c->camera) >= CAMERAS))
        return FC_OK;
    *first = !known;
    if (!known || after != before)
        *count = after;
    if (*count >= 0 && json_object_set_new(c->camera, camera, json_integer(after)))
        return fc_fail_nomem(err, 0);
    return FC_OK;
}
