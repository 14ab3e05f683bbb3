/* What stream.c and its kernels share. */
#ifndef FC_NN_STREAM_IMPL_H
#define FC_NN_STREAM_IMPL_H
#include <stddef.h>

/* One or two rows of a convolution's output. Rows may be read and written up to FC_STREAM_SLACK floats past
 * n. */
typedef struct fc_stream_conv {
    const float *const *rows; /* [nrows]: the input's rows under the kernel: each channel's, from top to
                               * bottom; four a channel for two rows of output */
    int nrows, kw;
    int step;             /* floats from one pixel to the next */
    const float *weights; /* tiles of output channels. One row: [nrows][kw][channels of the tile] each; two:
                           * [input channels][kw][4][channels of the tile], transformed */
    const float *bias;    /* [channels] */
    const float *slope;   /* [channels], PReLU; NULL for none */
    float *const *out;    /* [channels] */
    float *const *out2;   /* [channels], the second row */
    float *scratch;       /* two rows: [nrows][kw][pair_floats] */
    int channels;
    int n; /* floats in a row of the result */
} fc_stream_conv;

#define FC_STREAM_SLACK 96

/* Output channels of the next tile: as even as possible, so that no tile is nearly empty. */
static inline int fc_stream_tile(int left, int most)
{
    int tiles = (left + most - 1) / most;
    return (left + tiles - 1) / tiles;
}

typedef struct fc_stream_kernel {
    void (*row)(const fc_stream_conv *); /* any kernel */
    void (*pair)(
        const fc_stream_conv *);     /* kernels of three rows: half as many multiplications again saved */
    int row_channels, pair_channels; /* tiles' */
    int pair_floats;                 /* of a row, that one pass of pair takes */
} fc_stream_kernel;

extern const fc_stream_kernel fc_stream_kernel_avx512, fc_stream_kernel_avx2, fc_stream_kernel_base;

#endif
