/* Topics of MQTT from templates: "facecheck/{node}/{camera}/{kind}". */
#ifndef FC_MONITOR_TOPIC_H
#define FC_MONITOR_TOPIC_H
#include "facecheck.h"

enum { FC_TOPIC_SIZE = 65535 }; /* bytes, of the protocol */

/* What the words in braces stand for; NULL and "" are "-". */
typedef struct fc_topic_names {
    const char *node, *camera, *kind, *type, *person;
} fc_topic_names;

/* FC_EUSAGE: an unknown word, a brace that does not close, a wildcard, nothing at all. */
fc_status fc_topic_check(const char *template, fc_error *err);
/* Whether the word is in it. */
bool fc_topic_has(const char *template, const char *word);
/* The topic; caller frees. In names, what would be a level or a wildcard (/ + #), %, control characters and bytes that are
 * not UTF-8 become %HH; a name cannot make a topic of the broker's own ($) out of one of ours. */
fc_status fc_topic_make(char **out, const char *template, const fc_topic_names *names, fc_error *err);

#endif
