#ifdef __aarch64__
#define NAME(f) f##_neon
#define LANES   4
#define BF16    0
#include "kernels/nhwc_kernel.h"
#endif
