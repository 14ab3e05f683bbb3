/* NEON: 24 sums in 32 registers. */
#ifdef __aarch64__
#define NAME(f) f##_neon
#define LANES   4
#define ROWS    8
#define VECTORS 3
#include "eval/allpairs_kernel.h"
#endif
