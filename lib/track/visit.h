/* Somebody who is there, or was: what their faces say together. */
#ifndef FC_TRACK_VISIT_H
#define FC_TRACK_VISIT_H
#include <jansson.h>

#include "facecheck.h"
#include "track/best.h"
#include "track/streams.h"

enum fc_visit_state {
    FC_VISIT_PENDING, /* not decided yet */
    FC_VISIT_OPEN,    /* its start was told */
    FC_VISIT_OVER     /* its end was told; kept for the cooldown */
};

typedef struct fc_visit {
    enum fc_visit_state state;
    uint64_t stream, track;
    char id[FC_EVENT_ID];
    json_t *from; /* owned */
    double first, last;
    bool unix_time;
    size_t faces;
    size_t frames; /* that they were seen in */
    uint64_t last_frame;
    uint64_t recent; /* bit i: they were seen in the i-th before last_frame, too; bit 0 is itself */
    fc_best best;
    float *mean;  /* [dim], owned; NULL: there were no embeddings that have one */
    bool changed; /* mean, since it was looked for last */
    json_t *face; /* the best one; owned */
    double weight;
    char *name; /* owned; NULL: nobody known */
    double similarity;
} fc_visit;

/* key: the stream's. */
fc_status fc_visit_new(fc_visit **out, const char *key, uint64_t stream, uint64_t track, double now,
                       fc_error *err);
void fc_visit_free(fc_visit *v);
/* e: [dim]; NULL: not known. */
fc_status fc_visit_add(fc_visit *v, const json_t *json, const fc_face *face, const float *e, size_t dim,
                       const fc_tick *tick, fc_error *err);
/* v goes on with what from had, which stays as it is otherwise. A frame that both were seen in is one, as long as it is one of
 * the last 64: a visit joins another one when it is young. */
fc_status fc_visit_join(fc_visit *v, const fc_visit *from, size_t dim, fc_error *err);
/* Keeps what a cooldown needs. */
void fc_visit_end(fc_visit *v);

#endif
