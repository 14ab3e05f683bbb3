/* AVX-512. */
#ifdef __x86_64__
#define NAME(f) f##_avx512
#define LANES   16
#include "kernels/rowwise_avx512.h"
#include "kernels/rowwise_kernel.h"
#endif
