/* NEON's products of bytes: four a number of the sum. */
#ifdef __aarch64__
#define FUNCTION            fc_peak_neon_dot
#define LANES               4
#define SUM                 int32x4_t
#define SUMS                16
#define EACH                4
#define PRODUCTS(sum, bits) vdotq_s32(sum, (int8x16_t)(bits), (int8x16_t)(bits))
#include "kernels/peak_products_kernel.h"
#endif
