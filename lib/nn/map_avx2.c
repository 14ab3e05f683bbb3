#ifdef __x86_64__
#pragma GCC target("avx2,fma")
#define NAME(f) f##_avx2
#define LANES   8
#define BF16    0
#include "nn/map_kernel.h"
#endif
