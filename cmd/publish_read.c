/* Lines from files and pipes, as messages into the spool. */
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/error.h"
#include "pipeline/json_lines.h"
#include "publish.h"

/* A message has at most so many bytes: what brokers take by default is more, and a line without pictures far less. */
enum { MAX_PAYLOAD = 1 << 20, WAITING = 1000 };

struct reading {
    struct publish *p;
    fc_camera_counts *counts;
    fc_reader in;
};

/* While the broker takes messages, or a file can wait, there is no need to have them all in the spool. The lock is held. */
static void wait_for_room(struct reading *r, const fc_message *m)
{
    struct publish *p = r->p;

    while (!p->stopping && (p->connected || r->in.is_file) &&
           (fc_spool_count(p->spool) >= WAITING ||
            (fc_spool_count(p->spool) && !fc_spool_has_room(p->spool, m))))
        pthread_cond_wait(&p->room, &p->lock);
}

/* FC_END: the rest of a file stays where it is, as nothing more is to be read; what came by a pipe is nowhere else. */
static fc_status put(struct reading *r, fc_message *m, fc_error *err)
{
    struct publish *p = r->p;
    size_t dropped = 0;
    fc_status s = FC_OK;

    pthread_mutex_lock(&p->lock);
    wait_for_room(r, m);
    if (p->stopping && r->in.is_file)
        s = FC_END;
    else if (m->n > MAX_PAYLOAD)
        dropped = 1;
    else
        s = fc_spool_put(p->spool, m, p->sent, &dropped, err);
    p->dropped += dropped;
    pthread_mutex_unlock(&p->lock);
    eventfd_write(p->wake, 1);
    return s;
}

/* Takes the topic. */
static fc_status put_text(struct reading *r, char *topic, char *payload, fc_error *err)
{
    fc_message m = {.topic = topic, .payload = payload, .n = strlen(payload), .retain = true};
    const fc_status s = put(r, &m, err);

    free(topic);
    return s;
}

static fc_status put_discovery(struct reading *r, const char *camera, const char *count, fc_error *err)
{
    const char *template = r->p->args->topic;
    const fc_topic_names names = {.node = r->p->node, .camera = camera, .kind = "event"};
    char *who = NULL;
    fc_message m = {0};
    fc_status s = FC_OK;

    /* One topic can say who was seen, where it is one for all. */
    if (!fc_topic_has(template, "type") && !fc_topic_has(template, "person"))
        s = fc_topic_make(&who, template, &names, err);
    const fc_discovery d = {
        .node = r->p->node, .camera = camera, .status = r->p->status, .count = count, .who = who};
    if (!s)
        s = fc_discovery_count(&m, &d, err);
    if (!s)
        s = put(r, &m, err);
    fc_message_clear(&m);
    if (!s && who)
        s = fc_discovery_person(&m, &d, err);
    if (!s && who)
        s = put(r, &m, err);
    fc_message_clear(&m);
    free(who);
    return s;
}

static fc_status put_count(struct reading *r, const json_t *line, fc_error *err)
{
    const char *camera = json_string_value(json_object_get(line, "camera"));
    const fc_topic_names names = {.node = r->p->node, .camera = camera};
    char text[24], *topic;
    int64_t count;
    bool first;
    fc_status s = fc_camera_counts_take(r->counts, line, &count, &first, err);

    if (s || count < 0)
        return s;
    s = fc_topic_make(&topic, PUBLISH_PREFIX "/{camera}/count", &names, err);
    if (!s && first && r->p->args->discovery == DISCOVERY_HOMEASSISTANT)
        s = put_discovery(r, camera ? camera : "-", topic, err);
    if (s) {
        free(topic);
        return s;
    }
    snprintf(text, sizeof text, "%lld", (long long)count);
    return put_text(r, topic, text, err);
}

/* The topic comes from the line before what is private is taken out. */
static fc_status put_line(struct reading *r, json_t *line, const fc_bytes *text, fc_error *err)
{
    const fc_topic_names names = fc_message_names(line, r->p->node);
    fc_message m = {0};
    fc_status s = fc_topic_make(&m.topic, r->p->args->topic, &names, err);

    if (!s)
        s = put_count(r, line, err);
    if (!s && r->p->args->whole) {
        m.payload = strndup((const char *)text->data, text->n);
        m.n = text->n;
        s = m.payload ? FC_OK : fc_fail_nomem(err, text->n);
    } else if (!s) {
        fc_message_strip(line);
        s = fc_message_payload(&m.payload, &m.n, line, err);
    }
    if (!s)
        s = put(r, &m, err);
    fc_message_clear(&m);
    return s;
}

static fc_status read_all(struct reading *r, const char *path, fc_error *err)
{
    fc_bytes text;
    json_t *line;
    fc_status s = fc_reader_open(&r->in, strcmp(path, "-") ? path : NULL, r->p->stop, err);

    if (s)
        return s;
    while (!(s = fc_json_line(&r->in, &line, &text, err))) {
        s = put_line(r, line, &text, err);
        json_decref(line);
        fc_bytes_clear(&text);
        if (s)
            break;
    }
    fc_reader_close(&r->in);
    return s == FC_END ? FC_OK : s;
}

void *publish_read(void *publish)
{
    struct publish *p = publish;
    struct reading r = {.p = p};
    fc_error err;
    fc_status s = fc_camera_counts_new(&r.counts, &err);

    for (int i = 0; !s && i < p->noperands; i++)
        s = read_all(&r, p->operands[i], &err);
    fc_camera_counts_free(r.counts);
    pthread_mutex_lock(&p->lock);
    p->read_all = true;
    if (s && !p->broken) {
        p->broken = s;
        p->fault = err;
    }
    pthread_mutex_unlock(&p->lock);
    eventfd_write(p->wake, 1);
    return NULL;
}
