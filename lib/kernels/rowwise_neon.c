/* NEON: 24 sums in 32 registers. */
#ifdef __aarch64__
#define NAME(f) f##_neon
#define LANES   4
#define ROW_O   8
#define ROW_X   3
#define PAIR_O  3
#define PAIR_X  2
#define TILE_O  6
#define TILE_X  4
#include "kernels/rowwise_kernel.h"
#endif
