/* Blocks of both lengths of vectors: 24 sums in 32 registers. */
#ifndef FC_KERNELS_ROWWISE_AVX512_H
#define FC_KERNELS_ROWWISE_AVX512_H

#define ROW_O  8
#define ROW_X  3
#define PAIR_O 3
#define PAIR_X 2
#define TILE_O 6
#define TILE_X 4

#endif
