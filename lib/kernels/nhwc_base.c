/* Any CPU. */
#define NAME(f) f##_base
#define LANES   4
#define BF16    0
#include "kernels/nhwc_kernel.h"
