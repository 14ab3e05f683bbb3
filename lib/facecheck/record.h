/* facerecord(5): one line of JSON for each picture, which tools and stages pass on. */
#ifndef FACECHECK_RECORD_H
#define FACECHECK_RECORD_H

#include <stdio.h>
#include "facecheck/detect.h"

FC_BEGIN_DECLS

struct json_t; /* of jansson */
typedef struct fc_record {
    struct json_t *json; /* object; owned */
} fc_record;

/* The longest line that is read or written, its newline included: what a record of FC_DEFAULT_MAX_FACES faces can need,
 * each with a crop of 160 x 160 pixels (102,400 characters of base64), an embedding of FC_MAX_DIM numbers (21,848) and
 * 2,048 bytes for all else, which are 126,296,000 bytes. */
#define FC_RECORD_MAX_LINE (128u << 20)

/* The most memory that a line may become (fc_json_cost): the texts of such a record, and 6 KB for the other values of
 * each face. 20,000 faces with embeddings and no crops fit, too. Each thread works on one record, and up to three more
 * wait for it as lines, before and behind. */
#define FC_RECORD_MAX_MEMORY ((size_t)256 << 20)

/* A fresh record {"v":1,"src":path}; a path that is not UTF-8 goes into src_b64. */
fc_status fc_record_new(fc_record *r, const char *path, fc_error *err);
/* One line of text, without or with its newline. name and line number are for messages. Checks v, and the
 * types of every field facecheck knows; others pass as they are, their numbers as 64-bit integers or doubles.
 * Names that come twice in one object are refused. */
fc_status fc_record_parse(fc_record *r, const char *text, size_t n, const char *name, size_t line,
                          fc_error *err);
void fc_record_clear(fc_record *r);
/* One line with its newline. Numbers are the shortest decimals that read back as the same double. *n does
 * not count the NUL at the end; caller frees. */
fc_status fc_record_text(const fc_record *r, char **text, size_t *n, fc_error *err);
fc_status fc_record_write(const fc_record *r, FILE *f, fc_error *err);

/* The bytes of the path; caller frees. NULL when the record names none. */
char *fc_record_path(const fc_record *r);
/* The same, which tells a record without a path (NULL) from memory that ran out. */
fc_status fc_record_get_path(const fc_record *r, char **path, fc_error *err);
/* Path for people: control characters and invalid UTF-8 escaped, so that it fits on one line; caller frees.
 */
char *fc_record_display_path(const fc_record *r);

bool fc_record_has_faces(const fc_record *r);
size_t fc_record_face_count(const fc_record *r);
/* The score of an aligned face that has none is NAN. */
fc_status fc_record_get_face(const fc_record *r, size_t i, fc_face *out, fc_error *err);

bool fc_record_is_error(const fc_record *r);
/* Whether it is about no picture, but says when a live stream was away. */
bool fc_record_is_gap(const fc_record *r);
/* The embedding of a face; FC_ERECORD where it has none. *contract is the record's; *e is [*dim], caller frees. */
fc_status fc_record_get_embedding(const fc_record *r, size_t face, const char **contract, float **e,
                                  size_t *dim, fc_error *err);

FC_END_DECLS
#endif
