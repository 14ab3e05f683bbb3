#ifdef __x86_64__
#define NAME(f) f##_avx2
#define LANES   8
#define BF16    0
#include "kernels/nhwc_kernel.h"
#endif
