/* AVX2. */
#ifdef __x86_64__
#define NAME(f) f##_avx2
#define LANES   8
#include "detect/area_kernel.h"
#endif
