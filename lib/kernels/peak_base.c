/* Any CPU: without fused operations. */
#define NAME(f) f##_base
#define LANES   4
#define SUMS    12
#ifdef __x86_64__
#define ANY "x"
#else
#define ANY "w"
#endif
#include "kernels/peak_kernel.h"
