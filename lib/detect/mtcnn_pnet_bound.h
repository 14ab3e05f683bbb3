/*
 * An upper bound of P-Net's logit that takes half of its last convolution.
 *
 * Behind that convolution a logit of "face" less that of "no face" is a sum over its 32 channels, v prelu(z), which is v a z + b relu(z)
 * with b = v (1 - a). The first parts are one linear channel, all together. Where b is above zero the second part needs a channel of its
 * own. Where it is below zero, relu is replaced by something that is never above it: 0, z, or for several channels together
 * relu(|b1| z1 + |b2| z2 + ...) in place of |b1| relu(z1) + |b2| relu(z2) + ... (a maximum of a sum is no more than the sum of maxima). What
 * comes out is never below the logit, whatever the weights and the picture are, but for float32's rounding: a cell whose bound is
 * below a threshold has its logit there, and only the others need all channels. With the weights that facecheck has these are 2 cells in 100
 * (tests/lfw/coarse.sh with every 60th photo of LFW and the demo's six: 66,431 of 3.4 million, of which 15,778 are above the threshold).
 */
#ifndef FC_DETECT_MTCNN_PNET_BOUND_H
#define FC_DETECT_MTCNN_PNET_BOUND_H
#include "nn/rowwise.h"

/* The input of P-Net's last convolution, for one cell: channels, and rows and columns of each. */
#define FC_PNET_WINDOW_C    16
#define FC_PNET_WINDOW_SIDE 3

/* More than what rounding makes of a bound: 0.00003 at the most in those cells. */
#define FC_PNET_BOUND_MARGIN 0.02

/* From P-Net's tensors: a wide network from pictures to the bound, its only output, and one from windows of one cell
 * ([16][3][3], fc_rowwise_window of the first) to P-Net's outputs, logits and regression. */
fc_status fc_pnet_bound_compile(fc_rowwise **bound, fc_rowwise **rest, const fc_weights *w, fc_error *err);

#endif
