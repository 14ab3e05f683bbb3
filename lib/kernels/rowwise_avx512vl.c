/* Half a vector of AVX-512, in as many registers: for batches that fill no more. It takes the weights of the whole one. */
#ifdef __x86_64__
#define NAME(f) f##_avx512vl
#define LANES   8
#include "kernels/rowwise_avx512.h"
#include "kernels/rowwise_kernel.h"
#endif
