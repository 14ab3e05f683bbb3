/* How long to wait before a server is tried again. */
#ifndef FC_VIDEO_BACKOFF_H
#define FC_VIDEO_BACKOFF_H
#include <stdint.h>

typedef struct fc_backoff {
    uint64_t seed; /* of the differences; the same gives the same */
    double most;   /* seconds */
    int failed;    /* tries in a row */
} fc_backoff;

/* One of its own for each name, so that not all cameras of a switch are tried at the same time. */
fc_backoff fc_backoff_of(const char *name, double most);
/* After one try more that failed: seconds, the half up to the whole of 1, 2, 4... and at most most. */
double fc_backoff_next(fc_backoff *b);

#endif
