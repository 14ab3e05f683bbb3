/* Lines of the tools as messages. */
#ifndef FC_MONITOR_MESSAGE_H
#define FC_MONITOR_MESSAGE_H
#include <jansson.h>
#include "monitor/topic.h"

/* A message as it is sent. */
typedef struct fc_message {
    int64_t id;    /* the spool's */
    char *topic;   /* owned */
    char *payload; /* [n], owned */
    size_t n;
    bool retain;
} fc_message;
void fc_message_clear(fc_message *m);

/* What the words of a topic stand for: kind is "event", "match", "error", "gap", "record", or "line" for anything else. Borrowed
 * from the line. */
fc_topic_names fc_message_names(const json_t *line, const char *node);
/* Takes out of the line, wherever it is, what is not for others to see: embeddings, crops, paths, hashes of files, and
 * messages of errors, which have paths. */
void fc_message_strip(json_t *line);
/* The line as it is sent. Caller frees. */
fc_status fc_message_payload(char **out, size_t *n, const json_t *line, fc_error *err);

/* ---- counts ---- */

/* How many faces, or people, a camera sees, as far as lines tell. */
typedef struct fc_camera_counts fc_camera_counts;
fc_status fc_camera_counts_new(fc_camera_counts **out, fc_error *err);
void fc_camera_counts_free(fc_camera_counts *c);
/* *count: of the line's camera, where it is another one than before; -1: there is nothing to tell. *first: nothing of this
 * camera came before. At most 1000 cameras are counted. */
fc_status fc_camera_counts_take(fc_camera_counts *c, const json_t *line, int64_t *count, bool *first,
                                fc_error *err);

/* ---- Home Assistant ---- */

/* The two messages that make a camera known to it (docs: MQTT discovery): sensors of the count and of who was last seen, who:
 * the topic of the latter, NULL: there is none. */
typedef struct fc_discovery {
    const char *node, *camera, *status, *count, *who;
} fc_discovery;
fc_status fc_discovery_count(fc_message *m, const fc_discovery *d, fc_error *err);
fc_status fc_discovery_person(fc_message *m, const fc_discovery *d, fc_error *err);

#endif
