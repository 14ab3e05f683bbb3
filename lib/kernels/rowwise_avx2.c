/* AVX2 and FMA: 12 sums in 16 registers. */
#ifdef __x86_64__
#define NAME(f) f##_avx2
#define LANES   8
#define ROW_O   4
#define ROW_X   3
#define PAIR_O  1
#define PAIR_X  3
#define TILE_O  4
#define TILE_X  3
#include "kernels/rowwise_kernel.h"
#endif
