/* JSON from outside: what it may become is known before it is built. */
#ifndef FC_BASE_JSON_H
#define FC_BASE_JSON_H
#include <jansson.h>
#include "facecheck.h"

/* json_loadb, with three differences. A text of which jansson would make more than memory bytes, as fc_json_cost says,
 * is FC_ELIMIT and not begun (60 MiB of "{}," would become 5 GB). Out of memory is FC_ENOMEM, and not a text that is
 * not JSON. What is not JSON is FC_EFORMAT; *why (which may be NULL) then says where, as jansson does. The message in
 * err names neither file nor line: the caller knows them. Depth is bounded by jansson (2048). */
fc_status fc_json_read(json_t **out, const char *text, size_t n, size_t flags, size_t memory,
                       json_error_t *why, fc_error *err);

/* A member's text; "" where there is none. */
const char *fc_json_text(const json_t *object, const char *key);

/* No less than the bytes that jansson 2.14 and glibc's malloc take for the text's values, once they are built: for an
 * empty object 240, an empty array 160, a member 128, any value 96 and its text. The text is only looked through for
 * brackets, commas, colons and quotes. SIZE_MAX: more than can be counted. */
size_t fc_json_cost(const char *text, size_t n);

#endif
