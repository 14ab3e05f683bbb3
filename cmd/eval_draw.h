/* Drawing lots, the same on every machine. */
#ifndef CMD_EVAL_DRAW_H
#define CMD_EVAL_DRAW_H
#include <stddef.h>
#include <stdint.h>

#include "facecheck.h"

/* Fisher and Yates, with the numbers of SplitMix64 (Steele, Lea and Flood 2014). */
void eval_shuffle(size_t *v, size_t n, uint64_t seed);

/* The pictures of each person, each person's in an order drawn by lot. */
struct eval_people {
    size_t *first; /* [people + 1]: person p has image[first[p]..first[p + 1] - 1] */
    size_t *image;
};
/* label [n], each below people. */
fc_status eval_people_make(struct eval_people *out, const uint32_t *label, size_t n, size_t people,
                           uint64_t seed, fc_error *err);
void eval_people_free(struct eval_people *p);

#endif
