/*
 * Fine-tuning: a classification layer over an embedding, trained on a data set's photos and their views; and the embedding
 * with it, where that is wanted.
 *
 * The layer is a softmax with ArcFace's margin in the angle (Deng et al. 2019, equation 3), over cosines, or a plain one, of
 * vectors and biases. It begins at the means of people's photos (imprinting: Qi, Brown and Lowe 2018). An epoch goes through
 * all training photos' samples once in a new order, in batches; steps are Adam's (classify/head_learn.h), whose rate falls
 * along a half cosine to a twentieth. Each person weighs the same, or each photo. The epoch with the least loss on held-out
 * photos is kept.
 *
 * A stranger's face is answered by the people who are trained on as well. What a held-out photo scores for the best of the
 * others, with its own person left out, stands for that: the threshold is the lowest that refuses all of these but a share.
 */
#ifndef FC_TUNE_TUNE_H
#define FC_TUNE_TUNE_H
#include "classify/head_learn.h"
#include "classify/layer.h"
#include "tune/backbone.h"
#include "tune/set.h"

typedef enum fc_tune_loss { FC_TUNE_ARCFACE, FC_TUNE_SOFTMAX } fc_tune_loss;
extern const char *const fc_tune_loss_names[]; /* by fc_tune_loss; a NULL ends them */

typedef struct fc_tune_settings {
    fc_tune_loss loss;
    double margin; /* of ArcFace, radians */
    size_t epochs, patience, batch;
    double rate;
    bool by_photos; /* each photo weighs the same */
    uint64_t seed;
    double fpir;  /* share of strangers who may get a name */
    double floor; /* the threshold is not below; NAN: none */
} fc_tune_settings;
enum { FC_TUNE_MAX_BATCH = 256 };

/* Held-out photos of one person that were taken for another. */
typedef struct fc_tune_confusion {
    size_t is, taken_for, times;
    double score; /* the greatest */
} fc_tune_confusion;

typedef struct fc_tune_report {
    fc_head_course course;
    size_t refused,
        passed; /* held-out photos whose right answer the threshold refuses; those let by as strangers */
    fc_tune_confusion *confusion; /* [nconfusions], the most frequent first; owned */
    size_t nconfusions;
} fc_tune_report;
void fc_tune_report_clear(fc_tune_report *r);

/* The layer; contract empty. backbone NULL: the set has embeddings, which stay. Else it has crops, and *weights becomes the
 * trained network's. print: of all else that decides the result (the model), so that a checkpoint of another is refused.
 * FC_EDATA: training failed before an epoch was good. */
fc_status fc_tune_train(fc_layer **out, fc_weights **weights, fc_tune_report *report, const fc_tune_set *set,
                        const fc_tune_settings *settings, fc_backbone *backbone, const char *print,
                        const fc_head_work *work, fc_error *err);

#endif
