/* Where and when a record is from. */
#ifndef FC_TRACK_MOMENT_H
#define FC_TRACK_MOMENT_H
#include <jansson.h>

#include "facecheck.h"

typedef struct fc_moment {
    char *stream; /* owned; NULL: the record has no time, or an error */
    double time;
    bool unix_time;
} fc_moment;
/* Whether the record has a time. */
bool fc_moment_is_known(const fc_record *r);
fc_status fc_moment_of(fc_moment *out, const fc_record *r, fc_error *err);

/* What a record says of its source: camera, video, src and src_b64, as far as they are there. NULL: no memory. */
json_t *fc_moment_from(const fc_record *r);

#endif
