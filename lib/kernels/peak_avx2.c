/* AVX2 and FMA: 12 sums in 16 registers. */
#ifdef __x86_64__
#define NAME(f) f##_avx2
#define LANES   8
#define SUMS    12
#include "kernels/peak_kernel.h"
#endif
