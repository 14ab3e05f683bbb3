/* AVX-512: 24 sums in 32 registers. */
#ifdef __x86_64__
#define NAME(f) f##_avx512
#define LANES   16
#define ROWS    8
#define VECTORS 3
#include "eval/allpairs_kernel.h"
#endif
