/* What a head is trained on: the samples of a fc_labelled, in one block. */
#ifndef FC_CLASSIFY_HEAD_SET_H
#define FC_CLASSIFY_HEAD_SET_H
#include "classify/labelled.h"

typedef struct fc_head_set {
    size_t n, dim, people, photos;
    float *x;       /* [n][dim], of unit length; owned, as all here */
    size_t *person; /* [n], rising: those of one person stand together */
    size_t *photo;  /* [n], 0..photos - 1: views have their photo's */
    size_t *first;  /* [people + 1]: a person's samples are [first[p], first[p + 1]) */
    size_t *shot;   /* [people + 1]: a person's photos are [shot[p], shot[p + 1]) */
    char **name;    /* [people], sorted */
} fc_head_set;

/* FC_EEMPTY where there is no sample. */
fc_status fc_head_set_of(fc_head_set *out, const fc_labelled *l, fc_error *err);
void fc_head_set_clear(fc_head_set *s);

/* The centre of a person among x [n][dim], which are the samples or what a layer made of them: the mean of the photos, a
 * photo being the mean of its views; all of unit length. take: [n], the samples that count; NULL: all. Where there are
 * five photos or more, the 15 % of them that are the least like their mean are left out (trim). centre: [dim]; zero, and
 * *there false, where nothing counts. */
fc_status fc_head_centre(const fc_head_set *s, size_t person, const float *x, size_t dim, const bool *take,
                         bool trim, float *centre, bool *there, fc_error *err);

/* The person's photos among the same: v [shot[person + 1] - shot[person]][dim], of unit length where use is set; sum: as
 * large as v, to work with. How many are set. */
size_t fc_head_shots(const fc_head_set *s, size_t person, const float *x, size_t dim, const bool *take,
                     float *v, bool *use, double *sum);

#endif
