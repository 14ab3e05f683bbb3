#ifdef __x86_64__
#define NAME(f) f##_avx512
#define LANES   16
#define BF16    0
#include "kernels/nhwc_kernel.h"
#endif
