/* What rowwise.c and its kernels share. */
#ifndef FC_KERNELS_ROWWISE_IMPL_H
#define FC_KERNELS_ROWWISE_IMPL_H
#include <stddef.h>

#define FC_ROWWISE_SLACK 96
#define FC_ROWWISE_MOST  4 /* rows of output at once */
#define FC_ROWWISE_FEW   3 /* input channels (a picture's) whose blocks in tiles have one output channel */
#define FC_ROWWISE_DENSE 8 /* output channels of a block where a row of the result is one vector */

/* One to four rows of a convolution's output. Rows may be read and written up to FC_ROWWISE_SLACK floats past
 * n. */
typedef struct fc_rowwise_conv {
    const float *const *rows; /* [nrows]: the input's rows under the kernel: each channel's, from top to
                               * bottom; two more a channel than there are rows of output, but for one row */
    int nrows, kw;
    int step;             /* floats from one pixel to the next */
    const float *weights; /* blocks of output channels. One row: [nrows][kw][channels of the block] each; two:
                           * [input channels][kw][4][channels of the block], transformed; M = 3 or 4:
                           * [(M + 2)^2][input channels][channels of the block], transformed */
    const float *bias;    /* [channels] */
    const float *slope;   /* [channels], PReLU; NULL for none */
    float *const *out[FC_ROWWISE_MOST]; /* [channels] of each row */
    float *scratch; /* two rows: [nrows][kw][pair_floats]; M: [nrows][M + 2][tile_floats] */
    int channels;
    int block; /* output channels of a block at most */
    int from;  /* of a row of the result, the first float that is made, for one row at a time; else 0 */
    /* M = 4 and FC_ROWWISE_FEW channels: of whole tiles up to so many pixels the largest of each 2 x 2 go to pooled, in place of the
     * outputs to out. */
    int pool_to;
    float *const *pooled[2];
    int n; /* floats in a row of the result */
} fc_rowwise_conv;

/* A row of a pooling, of vectors. FC_ROWWISE_MOST rows at most. */
typedef struct fc_rowwise_pool {
    const float *rows[FC_ROWWISE_MOST]; /* under the windows */
    int nrows;
    int side, stride; /* of a window along the row */
    float *out;
} fc_rowwise_pool;

/* Output channels (or tiles) of the next block: as even as possible, so that no block is nearly empty. */
static inline int fc_rowwise_tile(int left, int most)
{
    int tiles = (left + most - 1) / most;
    return (left + tiles - 1) / tiles;
}

typedef struct fc_rowwise_kernel {
    /* By rows of output at once: [1] any kernel; [2] kernels of three rows, two products in three; [3] and [4] kernels
     * of 3x3 and pixels of lanes floats, tiles of as many rows and columns, a third and a quarter of the products. */
    void (*conv[FC_ROWWISE_MOST + 1])(const fc_rowwise_conv *);
    void (*pool)(const fc_rowwise_pool *, int n); /* n windows that lie in the row */
    /* Strips of a row to pixels of a float of each, and back: to[x * lanes + l] = from[l * step + x], and to[l * n +
     * x] = from[x * lanes + l], for x < n. Up to three floats behind those of a strip are read. */
    void (*spread)(float *to, const float *from, int step, int n);
    void (*gather)(float *to, const float *from, int n);
    int block[FC_ROWWISE_MOST + 1]; /* output channels of a block, at most */
    int pair_floats;                /* of a row, that one pass of two takes */
    int tile_floats;                /* of one factor, that one pass of three or four takes */
    int lanes;                      /* floats in a vector */
} fc_rowwise_kernel;

extern const fc_rowwise_kernel fc_rowwise_kernel_avx512, fc_rowwise_kernel_avx512vl, fc_rowwise_kernel_avx2,
    fc_rowwise_kernel_neon, fc_rowwise_kernel_base;

#endif
