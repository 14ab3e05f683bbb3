/* Inside fine-tuning: what is trained, and on what. */
#ifndef FC_TUNE_LEARN_H
#define FC_TUNE_LEARN_H
#include "classify/softmax.h"
#include "tune/tune.h"

typedef struct fc_tune {
    const fc_tune_set *set;
    const fc_tune_settings *settings;
    const fc_head_work *work;
    fc_softmax softmax;
    size_t dim;
    size_t *order; /* [samples]: photo times set->samples and view, of training photos; owned, as all here */
    size_t samples;
    float *weight;            /* [people]: of a sample in the loss, at the mean 1 */
    float *x, *by_x;          /* [batch][dim] */
    size_t *class;            /* [batch] */
    float *weights, *margins; /* [batch] */
    float *start;             /* the layer's parameters at first */
} fc_tune;

/* The embedding of that sample, of unit length. */
const float *fc_tune_embedding(const fc_tune *t, size_t photo, size_t view);
fc_status fc_tune_new(fc_tune *t, const fc_tune_set *set, const fc_tune_settings *settings,
                      const fc_head_work *work, fc_error *err);
void fc_tune_clear(fc_tune *t);
/* What the held-out photos come to with the softmax as it is. */
fc_status fc_tune_judge(const fc_tune *t, fc_head_measured *out, fc_error *err);
/* The layer's threshold, and the report's counts and confusions. */
fc_status fc_tune_conclude(fc_layer *l, fc_tune_report *r, const fc_tune *t, fc_error *err);

#endif
