#include "track/moment.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

/* The kind is a part of it: a camera may be called as a file is. */
static char *stream_of(const fc_record *r, fc_error *err)
{
    static const char *const names[] = {"camera", "video"};
    char *path = NULL, *key;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const json_t *v = json_object_get(r->json, names[i]);
        if (json_is_string(v)) {
            key = fc_text_format("%s %s", names[i], json_string_value(v));
            if (!key)
                fc_fail_nomem(err, 0);
            return key;
        }
    }
    if (fc_record_get_path(r, &path, err))
        return NULL;
    key = fc_text_format("src %s", path ? path : "");
    free(path);
    if (!key)
        fc_fail_nomem(err, 0);
    return key;
}

bool fc_moment_is_known(const fc_record *r)
{
    return json_is_number(json_object_get(r->json, "time")) ||
           json_is_number(json_object_get(r->json, "pts"));
}

fc_status fc_moment_of(fc_moment *out, const fc_record *r, fc_error *err)
{
    const json_t *time = json_object_get(r->json, "time"), *pts = json_object_get(r->json, "pts");
    fc_error why = {.status = FC_OK};

    *out = (fc_moment){.unix_time = json_is_number(time)};
    if (fc_record_is_error(r) || !fc_moment_is_known(r))
        return FC_OK;
    out->time = json_number_value(out->unix_time ? time : pts);
    out->stream = stream_of(r, &why);
    return out->stream ? FC_OK : fc_fail(err, why.status, "%s", why.message);
}

json_t *fc_moment_from(const fc_record *r)
{
    static const char *const names[] = {"camera", "video", "src", "src_b64"};
    json_t *o = json_object();

    for (size_t i = 0; o && i < sizeof names / sizeof *names; i++) {
        json_t *v = json_object_get(r->json, names[i]);
        if (v && json_object_set(o, names[i], v)) {
            json_decref(o);
            return NULL;
        }
    }
    return o;
}
