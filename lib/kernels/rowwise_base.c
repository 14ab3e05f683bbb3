/* Any CPU. */
#define NAME(f) f##_base
#define LANES   4
#define ROW_O   4
#define ROW_X   2
#define PAIR_O  1
#define PAIR_X  2
#define TILE_O  4
#define TILE_X  2
#include "kernels/rowwise_kernel.h"
