/* AVX-512 with its bfloat16 extension. */
#ifdef __x86_64__
#define NAME(f) f##_avx512_bf16
#define LANES   16
#define BF16    1
#include "kernels/nhwc_kernel.h"
#endif
