/* Home Assistant's MQTT discovery: retained descriptions of sensors. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/error.h"
#include "base/text.h"
#include "monitor/message.h"

enum { ID_SIZE = 96 };

/* A name as an id may be, [a-zA-Z0-9_-], and 8 digits of its hash, as two names may look the same then. */
static fc_status make_id(char out[ID_SIZE], const char *node, const char *camera, fc_error *err)
{
    char *whole = fc_text_format("%s/%s", node, camera), hash[FC_SHA256_HEX];
    size_t n = 0;

    if (!whole)
        return fc_fail_nomem(err, 0);
    fc_sha256_hex(hash, whole, strlen(whole));
    for (const char *p = whole; *p && n < ID_SIZE - 10; p++)
        out[n++] = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", *p) ? *p : '_';
    snprintf(out + n, ID_SIZE - n, "_%.8s", hash);
    free(whole);
    return FC_OK;
}

/* Takes config. */
static fc_status describe(fc_message *m, const fc_discovery *d, const char *what, json_t *config,
                          fc_error *err)
{
    char id[ID_SIZE];
    fc_status s = make_id(id, d->node, d->camera, err);
    json_t *device = json_pack("{s:[s], s:o, s:s, s:s}", "identifiers", id, "name",
                               json_sprintf("facecheck %s", d->camera), "manufacturer", "facecheck",
                               "sw_version", fc_version());

    *m = (fc_message){.retain = true};
    if (!config || !device ||
        json_object_update_new(config,
                               json_pack("{s:o, s:s, s:o}", "unique_id", json_sprintf("%s_%s", id, what),
                                         "availability_topic", d->status, "device", device)))
        s = fc_fail_nomem(err, 0);
    if (!s && !(m->topic = fc_text_format("homeassistant/sensor/facecheck_%s/%s/config", id, what)))
        s = fc_fail_nomem(err, 0);
    if (!s)
        s = fc_message_payload(&m->payload, &m->n, config, err);
    json_decref(config);
    if (s)
        fc_message_clear(m);
    return s;
}

fc_status fc_discovery_count(fc_message *m, const fc_discovery *d, fc_error *err)
{
    return describe(m, d, "count",
                    json_pack("{s:s, s:s, s:s, s:s}", "name", "Faces", "state_topic", d->count, "state_class",
                              "measurement", "icon", "mdi:account-multiple"),
                    err);
}

fc_status fc_discovery_person(fc_message *m, const fc_discovery *d, fc_error *err)
{
    return describe(m, d, "person",
                    json_pack("{s:s, s:s, s:s, s:s}", "name", "Last seen", "state_topic", d->who,
                              "value_template", "{{ value_json.person | default('unknown') }}", "icon",
                              "mdi:face-recognition"),
                    err);
}
