/* AVX2. */
#ifdef __x86_64__
#define NAME(f) f##_avx2
#include "plot/tsne_kernel.h"
#endif
