/* What the files of fc-draw share. */
#ifndef CMD_DRAW_H
#define CMD_DRAW_H
#include "facecheck.h"

struct contact_args {
    const char *output;
    int people, each;
    fc_image_options decoding;
};

/* fc-draw --sheet: all inputs on one page. *failed: records and faces that are not on it. */
fc_status draw_contact(const struct contact_args *a, char **operands, int n, bool quiet, size_t *failed,
                       fc_error *err);

#endif
