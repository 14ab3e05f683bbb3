/* A file of a request as a tool takes it: records, line by line, or a picture. */
#ifndef FC_SERVE_INPUTS_H
#define FC_SERVE_INPUTS_H
#include "facecheck.h"

typedef struct fc_inputs {
    const char *name;
    const uint8_t *at, *end;
    size_t line;
    bool records, done;
} fc_inputs;

/* What begins with a brace, behind blanks, is records. name and data outlive it. */
void fc_inputs_open(fc_inputs *in, const char *name, const uint8_t *data, size_t n);
/* The next picture, or line that is not blank; a copy of its bytes. FC_END: that was all. FC_EEMPTY: a file of no bytes. */
fc_status fc_inputs_next(fc_inputs *in, fc_input *out, fc_error *err);

#endif
