/*
 * Batch norms and scales folded into the weights and the bias of the layer before them, when a network is compiled.
 */
#ifndef FC_NN_FOLD_H
#define FC_NN_FOLD_H
#include "nn/graph.h"
#include "nn/arena.h"
#include "nn/plan.h"
#include "nn/weights.h"

/* Zeroed but for the first four. What it gives lies in the arena, or is valid until the next layer. */
typedef struct fc_folder {
    const fc_graph *g;
    const fc_weights *w;
    fc_arena *arena;
    fc_error *err;
    float *factor, *shift; /* of the layer at hand, by output channel */
    int channels;          /* room in both */
    float *scaled;         /* weights of the layer at hand times factor */
    size_t scaled_room;
} fc_folder;
void fc_fold_clear(fc_folder *f);

/* count elements of the arena, zeroed. */
fc_status fc_fold_take(fc_folder *f, void **out, size_t count, size_t size);
/* Channels, rounded up to FC_NHWC_PAD. */
size_t fc_fold_padded(int channels);

/* The padded slopes of an activation (a node; zeros for ReLU); NULL where there is none (-1). */
fc_status fc_fold_slopes(fc_folder *f, const float **out, int activation);
/* Sets factor and shift: a batch norm (a node; -1: none) as y = factor x + shift, times scale, after the layer's own bias
 * ("": none); in double, once. */
fc_status fc_fold_batchnorm(fc_folder *f, int channels, const char *bias, int batchnorm, float scale);
/* The node's weights, each output channel times its factor. [channels][each] */
fc_status fc_fold_weights(fc_folder *f, const float **out, const fc_node *n, size_t each);
/* shift, padded. */
fc_status fc_fold_shift(fc_folder *f, const float **out, int channels);
/* The weights of the step's two 1x1 convolutions in a row, from channels in: [o][i] = sum of [o][k] [k][i], and in shift
 * what both add. The caller's to free. */
fc_status fc_fold_merged(fc_folder *f, float **out, const fc_step *st, int from);

#endif
