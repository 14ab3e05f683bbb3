/*
 * Dense convolutions on the CPU's matrix tiles (Intel AMX): of float32, and of bfloat16 where there are many weights.
 *
 * Tiles multiply bfloat16. A float32 number is here the sum of two of them, its first 8 and its next 8 bits, and a
 * product is the sum of three: high high + high low + low high. What is left out is below 2^-16 of a product, has
 * either sign, and disappears in a sum of some hundred products in float32, whose own rounding is as large. This is
 * the mode that matrix libraries call bf16x3 (Henry, Tang, Heinecke: Leveraging the bfloat16 artificial intelligence
 * datatype for higher-precision computations, 2019). Weights of large layers are rounded to 24 bits, 16 of them of the
 * number's own, since reading them is what takes the time.
 *
 * InceptionResnetV1 takes 0.47 of the time that it takes with AVX-512's float32 (0.51 with both parts of all weights), and in
 * bfloat16 0.7 of what it takes with oneDNN on the same tiles (bench_nets, medians of runs in turns with
 * ONEDNN_MAX_CPU_ISA=AVX512_CORE_BF16, and with the revisions before).
 */
#ifndef FC_KERNELS_CONV_AMX_H
#define FC_KERNELS_CONV_AMX_H
#include "kernels/nhwc.h"

/* Nothing here is called but where the CPU has tiles: FC_ISA_AMX of base/cpu.h.
 * Whether the convolution (shape and elements in op; its pointers need not be set) is one to do here. */
bool fc_conv_amx_fit(const fc_nhwc_op *op);
/* Elements, bfloat16, of its packed weights, and bytes of scratch that it wants. */
size_t fc_conv_amx_weights(const fc_nhwc_op *op);
size_t fc_conv_amx_scratch(const fc_nhwc_op *op);
/* weights: float32 [c][n][kh][kw]; to and the scratch: 64-byte aligned. */
void fc_conv_amx_pack(const fc_nhwc_op *op, const float *weights, void *to);
/* bias, alpha, and ReLU where post is set, as conv of nhwc.h. */
void fc_conv_amx(const fc_nhwc_op *op);

#endif
