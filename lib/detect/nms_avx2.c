/* AVX2. */
#ifdef __x86_64__
#define NAME(f) f##_avx2
#include "detect/nms_kernel.h"
#endif
