/* multipart/form-data (RFC 7578) of a body that is there as a whole. */
#ifndef FC_SERVE_MULTIPART_H
#define FC_SERVE_MULTIPART_H
#include "facecheck.h"

enum { FC_BOUNDARY_MAX = 70 };

/* Whether the header Content-Type says multipart/form-data. */
bool fc_multipart_is(const char *type);
/* Its boundary, without the dashes in front. FC_EUSAGE: there is none, or it is none by RFC 2046. */
fc_status fc_multipart_boundary(char out[FC_BOUNDARY_MAX + 1], const char *type, fc_error *err);

typedef struct fc_multipart_part {
    char *name;          /* caller frees */
    char *file;          /* NULL: none; caller frees */
    const uint8_t *data; /* [n], in the body */
    size_t n;
} fc_multipart_part;

typedef struct fc_multipart {
    const uint8_t *at, *end;
    char mark[FC_BOUNDARY_MAX + 5]; /* CR LF, two dashes, the boundary */
    size_t nmark;
    bool begun;
} fc_multipart;

void fc_multipart_open(fc_multipart *m, const char *boundary, const uint8_t *body, size_t n);
/* FC_END: that was the last one. FC_ETRUNCATED: the body ends before its end; FC_EFORMAT: what a part has at its head is none;
 * FC_ELIMIT: its head is longer than FC_FORM_HEAD_BYTES (form.h). */
fc_status fc_multipart_next(fc_multipart *m, fc_multipart_part *out, fc_error *err);

#endif
