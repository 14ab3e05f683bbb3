/*
 * Dense convolutions of float32 by NEON, of any size: implicit GEMM on maps [h][w][c], eight pixels of eight channels at a
 * time, whose sums stay in 16 of 32 registers. Debian's oneDNN has no kernels of its own for arm64.
 *
 * Instructions for each product, counted by a plugin of qemu-user: 0.34 in convolutions of InceptionResnetV1 (1x7 of 128
 * channels, 3x3 of 32), where Debian's XNNPACK (20220216) takes 0.32 and 0.33; 0.38 in 1x1 of 64 channels (0.34); 0.55 in the
 * first one, of three channels (0.60). 0.25 are the products themselves.
 */
#ifndef FC_KERNELS_CONV_NEON_H
#define FC_KERNELS_CONV_NEON_H
#include "kernels/nhwc.h"

/* Nothing here is called but where the CPU has FC_ISA_NEON of base/cpu.h.
 * Floats of a convolution's packed weights. */
size_t fc_conv_neon_weights(const fc_nhwc_op *op);
/* weights: float32 [c][n][kh][kw]; to: [c / 8][kh][kw][n][8], zero behind the last channel. */
void fc_conv_neon_pack(const fc_nhwc_op *op, const float *weights, float *to);
/* bias, alpha, and ReLU where post is set, as conv of nhwc.h; zeros: [n], where there is padding. */
void fc_conv_neon(const fc_nhwc_op *op);

#endif
