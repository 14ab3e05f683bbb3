/* The best of somebody's faces, and their mean. */
#ifndef FC_TRACK_BEST_H
#define FC_TRACK_BEST_H
#include <jansson.h>

#include "facecheck.h"

/* How much a face counts, above 0. */
double fc_face_weight(const json_t *json, const fc_face *face);

typedef struct fc_best {
    float *e; /* [FC_EVENT_BEST][dim], owned */
    double weight[FC_EVENT_BEST];
    size_t n;
} fc_best;

/* *changed: it is one of the best. */
fc_status fc_best_add(fc_best *b, const float *e, size_t dim, double weight, bool *changed, fc_error *err);
/* Of unit length; false, and zero, where they cancel each other out, or there are none. */
bool fc_best_mean(const fc_best *b, size_t dim, float *mean);
void fc_best_clear(fc_best *b);

#endif
