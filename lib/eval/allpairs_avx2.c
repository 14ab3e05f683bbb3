/* AVX2 and FMA: 12 sums in 16 registers. */
#ifdef __x86_64__
#define NAME(f) f##_avx2
#define LANES   8
#define ROWS    4
#define VECTORS 3
#include "eval/allpairs_kernel.h"
#endif
