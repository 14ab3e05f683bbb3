#ifdef __x86_64__
#define NAME(f) f##_avx2
#define LANES   8
#define BF16    0
#include "nn/map_kernel.h"
#endif
