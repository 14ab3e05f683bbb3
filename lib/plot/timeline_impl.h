/* A time line from inside. */
#ifndef FC_PLOT_TIMELINE_IMPL_H
#define FC_PLOT_TIMELINE_IMPL_H
#include "plot/timeline.h"

#define UNKNOWN      "unknown" /* nobody known */
#define MOST_SECONDS 1e11      /* the year 5138 */

struct visit {
    char *person, *camera; /* owned; NULL where it could not be made */
    double first, last;
};

struct fc_timeline {
    struct visit *visit; /* [n], owned */
    size_t n, cap;
    json_t *ids; /* of events: their number; owned */
    bool clock;  /* times are of the day, and not of a video */
};

#endif
