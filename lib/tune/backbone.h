/*
 * The embedding's network, as far as it is trained with the layer.
 *
 * bn: scales and shifts alone. Of batch norms those; where they are folded into convolutions (MobileFaceNet), a factor for each
 * channel, which its weights are multiplied by, and the bias. last: the last convolution or dense layer and what is behind it.
 * all: all weights. Means and variances of batch norms stay in any case.
 */
#ifndef FC_TUNE_BACKBONE_H
#define FC_TUNE_BACKBONE_H
#include "models/registry.h"
#include "nn/weights.h"

typedef enum fc_tune_depth { FC_TUNE_NONE, FC_TUNE_BN, FC_TUNE_LAST, FC_TUNE_ALL } fc_tune_depth;
extern const char *const fc_tune_depth_names[]; /* by fc_tune_depth; a NULL ends them */

typedef struct fc_backbone fc_backbone;
/* arch: of fc_net_by_name; w outlives it. depth is not FC_TUNE_NONE. */
fc_status fc_backbone_new(fc_backbone **out, const fc_model *m, const char *arch, const fc_weights *w,
                          fc_tune_depth depth, int workers, const char *device, fc_error *err);
void fc_backbone_free(fc_backbone *b); /* NULL will do */
size_t fc_backbone_dim(const fc_backbone *b);
size_t fc_backbone_params(const fc_backbone *b);
/* What they are at first: param [params]. */
void fc_backbone_start(const fc_backbone *b, float *param);
fc_status fc_backbone_set(fc_backbone *b, const float *param, fc_error *err);
/* crop [n]: each uint8_t [size][size][3]; out [n][dim], of unit length; n up to FC_TUNE_MAX_BATCH. keep: backward follows. */
fc_status fc_backbone_forward(fc_backbone *b, const uint8_t *const *crop, size_t n, bool keep, float *out,
                              fc_error *err);
/* by_out [n][dim]: the gradient by the last results. gradient [params]: becomes that by the parameters. */
fc_status fc_backbone_backward(fc_backbone *b, const float *by_out, float *gradient, fc_error *err);
/* All of w's tensors, with these parameters. */
fc_status fc_backbone_weights(fc_weights **out, const fc_backbone *b, const float *param, fc_error *err);

#endif
