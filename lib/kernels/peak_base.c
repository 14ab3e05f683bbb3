/* Any CPU: without fused operations. */
#define NAME(f) f##_base
#define LANES   4
#define SUMS    12
#include "kernels/peak_kernel.h"
