/* AVX-512: 16 sums in 32 registers. */
#ifdef __x86_64__
#define NAME(f) f##_avx512
#define LANES   16
#define SUMS    16
#include "kernels/peak_kernel.h"
#endif
