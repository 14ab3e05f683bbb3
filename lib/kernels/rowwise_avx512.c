/* AVX-512: 24 sums in 32 registers. */
#ifdef __x86_64__
#define NAME(f) f##_avx512
#define LANES   16
#define ROW_O   8
#define ROW_X   3
#define PAIR_O  3
#define PAIR_X  2
#define TILE_O  6
#define TILE_X  4
#include "kernels/rowwise_kernel.h"
#endif
