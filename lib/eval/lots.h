/* Which pictures of a labelled set are used for what: drawn by lot, the same on every machine. */
#ifndef FC_EVAL_LOTS_H
#define FC_EVAL_LOTS_H
#include <stddef.h>
#include <stdint.h>

#include "facecheck.h"

/* The pictures of each person, each person's in an order drawn by lot. */
typedef struct fc_people_images {
    size_t *first; /* [people + 1], owned: person p has image[first[p]..first[p + 1] - 1] */
    size_t *image; /* [n], owned */
} fc_people_images;

/* label [n]: whom each picture shows, below people. out is to be cleared with fc_people_images_clear. */
fc_status fc_people_images_draw(fc_people_images *out, const uint32_t *label, size_t n, size_t people,
                                uint64_t seed, fc_error *err);
void fc_people_images_clear(fc_people_images *p);

#endif
