/* Inside fine-tuning: what is trained, and on what. */
#ifndef FC_TUNE_LEARN_H
#define FC_TUNE_LEARN_H
#include "classify/softmax.h"
#include "tune/backbone.h"
#include "tune/tune.h"

typedef struct fc_tune {
    const fc_tune_set *set;
    const fc_tune_settings *settings;
    const fc_head_work *work;
    fc_backbone
        *backbone; /* NULL: the set has embeddings, which stay; else crops, and its parameters stand first */
    size_t under;  /* its parameters */
    fc_softmax softmax;
    size_t dim;
    size_t *order; /* [samples]: photo times set->samples and view, of training photos; owned, as all here */
    size_t samples;
    float *weight;            /* [people]: of a sample in the loss, at the mean 1 */
    float *x, *by_x;          /* [batch][dim] */
    size_t *class;            /* [batch] */
    float *weights, *margins; /* [batch] */
    float *start;             /* the layer's parameters at first */
    const uint8_t **crop;     /* [batch]; borrowed */
    float *e; /* [photos][dim]: with a backbone, its embeddings of the photos themselves, as last made */
    float *gradient; /* [under and the layer's] */
} fc_tune;

/* The embedding of the photo itself, of unit length; with a backbone, as last made. */
const float *fc_tune_embedding(const fc_tune *t, size_t photo);
/* tune.c. backbone: NULL: none; else it outlives t. */
fc_status fc_tune_new(fc_tune *t, const fc_tune_set *set, const fc_tune_settings *settings,
                      fc_backbone *backbone, const fc_head_work *work, fc_error *err);
void fc_tune_clear(fc_tune *t);
/* learn.c: trains; param [under and the layer's]. With a backbone, its embeddings of held-out photos are those of the result. */
fc_status fc_tune_learn(float *param, fc_head_course *course, fc_tune *t, const char *print, fc_error *err);
/* With a backbone: makes its embeddings of the photos, or of those held out alone. */
fc_status fc_tune_embed(fc_tune *t, bool held, fc_error *err);
/* What the held-out photos come to with the softmax as it is. */
fc_status fc_tune_judge(const fc_tune *t, fc_head_measured *out, fc_error *err);
/* The layer's threshold, and the report's counts and confusions. */
fc_status fc_tune_conclude(fc_layer *l, fc_tune_report *r, const fc_tune *t, fc_error *err);

#endif
