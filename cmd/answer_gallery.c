#include "answer_gallery.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "items.h"

fc_status answer_person(json_t **out, const fc_subject *s, fc_error *err)
{
    json_t *meta;

    *out = NULL;
    if (fc_json_read(&meta, s->meta, strlen(s->meta), 0, FC_RECORD_MAX_MEMORY, NULL, err) == FC_ENOMEM)
        return FC_ENOMEM;
    *out = json_pack("{s:i,s:s,s:I,s:I,s:o}", "v", 1, "id", s->name, "photos", (json_int_t)s->photos, "views",
                     (json_int_t)s->views, "meta", meta ? meta : json_object());
    return *out ? FC_OK : fc_fail_nomem(err, 0);
}

fc_status answer_sample(json_t **out, const char *name, const fc_sample *s, fc_error *err)
{
    fc_record rec;
    fc_status st = fc_record_new(&rec, s->source, err);

    *out = NULL;
    if (st)
        return st;
    json_object_set_new(rec.json, "id", json_string(name));
    json_object_set_new(rec.json, "sample", json_integer(s->id));
    json_object_set_new(rec.json, "face", json_integer(s->face));
    json_object_set_new(rec.json, "view", json_integer(s->view));
    if (!isnan(s->quality))
        json_object_set_new(rec.json, "quality", json_real(s->quality));
    *out = rec.json;
    return FC_OK;
}

json_t *answer_enrolled(const fc_enrolled *r)
{
    static const char *const outcomes[] = {
        [FC_ENROLLED] = "enrolled", [FC_KNOWN] = "known", [FC_REFUSED] = "failed"};
    json_t *o;

    if (r->outcome == FC_NO_PHOTO)
        return json_incref(r->record->json);
    o = json_object();
    json_object_set_new(o, "v", json_integer(1));
    copy_picture(o, "src", r->record->json);
    if (r->id)
        json_object_set_new(o, "id", json_string(r->id)); /* what is not UTF-8 is in the message */
    json_object_set_new(o, "result", json_string(outcomes[r->outcome]));
    if (r->outcome == FC_ENROLLED)
        json_object_set_new(o, "samples", json_integer((json_int_t)r->samples));
    if (r->outcome == FC_REFUSED)
        json_object_set(o, "error", json_object_get(r->record->json, "error"));
    return o;
}
