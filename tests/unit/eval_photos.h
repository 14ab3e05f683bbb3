/* A labelled set of five pictures of tests/data/photos, whose faces are found and embedded: two of one person, two of another,
 * and ice. */
#ifndef FC_TEST_EVAL_PHOTOS_H
#define FC_TEST_EVAL_PHOTOS_H
#include "facecheck.h"

enum { PHOTOS = 5, GRACE_1 = 0, GRACE_2, EILEEN_1, EILEEN_2, ICE };

typedef struct eval_photos {
    fc_eval_set set; /* labels: GRACE 0, EILEEN 1, ICE 2 */
    fc_eval_picture picture[PHOTOS];
    uint32_t label[PHOTOS];
    char path[PHOTOS][300];
    float *v;
} eval_photos;

/* Asserts that all goes well. */
void eval_photos_make(eval_photos *p);
void eval_photos_clear(eval_photos *p);

#endif
