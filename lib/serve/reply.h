/* What a request is answered: a status, and a body. */
#ifndef FC_SERVE_REPLY_H
#define FC_SERVE_REPLY_H
#include "facecheck.h"

typedef struct fc_reply {
    int status;       /* of HTTP; 0: none yet */
    const char *type; /* of the body; static */
    char *body;       /* [n], owned, unless fixed; NULL: empty */
    const char *fixed;
    size_t n, cap;
    int exit; /* what the tool whose lines they are would end with; -1: there is none */
} fc_reply;
void fc_reply_clear(fc_reply *r);

/* The status for a fault. of_request: it is the request that is wrong, and not the picture in it. */
int fc_reply_status(fc_status s, bool of_request);
/* The same for a fault of what the server has itself, its gallery: 503 where it may be there again, else 500. */
int fc_reply_status_own(fc_status s);
/* {"error":{"stage":...,"code":...,"message":...}} takes the body's place. */
void fc_reply_fail(fc_reply *r, int status, const char *stage, const char *code, const char *message);
void fc_reply_fault(fc_reply *r, const char *stage, const fc_error *fault);

/* Adds text to the body. */
fc_status fc_reply_add(fc_reply *r, const char *text, size_t n, fc_error *err);
/* Takes the object: a line, as records are written. */
struct json_t;
fc_status fc_reply_add_line(fc_reply *r, struct json_t *o, fc_error *err);

#endif
