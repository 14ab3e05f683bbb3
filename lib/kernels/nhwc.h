/*
 * What a network does besides dense convolutions, on maps in the order [h][w][c]. One table of functions for
 * each instruction set; within a table a function takes maps of float32 or, where bf16 is set, of bfloat16.
 */
#ifndef FC_KERNELS_NHWC_H
#define FC_KERNELS_NHWC_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

typedef enum fc_elem { FC_ELEM_F32, FC_ELEM_BF16 } fc_elem;
static inline size_t fc_elem_size(fc_elem e)
{
    return e == FC_ELEM_F32 ? 4 : 2;
}

/* Parameter arrays per channel are padded to a multiple of this many floats. */
#define FC_NHWC_PAD 16
/* A convolution of few pixels makes this many channels at a time. */
#define FC_NHWC_PANEL 32
/* Depthwise kernels of 3x3 work on this many channels at a time: three rows of them stay in the first cache. */
#define FC_NHWC_CHANNELS 32

typedef struct fc_nhwc_op {
    const void *src[2];
    void *dst;
    size_t src_ld[2], dst_ld; /* elements from one pixel to the next */
    fc_elem in, out;
    int c;      /* channels of the result */
    int h, w;   /* of the input */
    int oh, ow; /* of the result */
    int kh, kw, sh, sw, pt, pl;
    /* depthwise: float32 [kh][kw][c padded]; linear: [c][n]; affine: scale[c]; conv: float32
     * [c / FC_NHWC_PANEL][kh][kw][n][FC_NHWC_PANEL]; tiles: of fc_nhwc_tiles_pack */
    const void *weights;
    const void *next;    /* conv: what it reads after its weights, fetched meanwhile; any address */
    const float *zeros;  /* conv, tiles: [n] */
    fc_elem weight_elem; /* linear */
    const float *bias;   /* [c] */
    const float *pre;    /* [c] slopes of a PReLU on the input as it is read; NULL for none */
    const float *post;   /* [c] slopes of a PReLU on the result; NULL for none */
    size_t n;            /* linear: elements of the input; conv, tiles, pad: its channels; others:
                          * pixels */
    float alpha;         /* add: of src[1]; conv, tiles: of dst's old content, where it is not 0 */
    /* conv, linear, conv_amx.h: inputs, and bytes from one to the next and from result to result. Each result has the bits that
     * it has alone. 0 is 1 */
    int count;
    size_t src_step, dst_step;
    void *scratch; /* depthwise: fc_nhwc_scratch bytes; contents do not matter. NULL where that is 0. tiles:
                          * fc_nhwc_tiles_scratch bytes, 64-byte aligned */
} fc_nhwc_op;

static inline int fc_nhwc_count(const fc_nhwc_op *p)
{
    return p->count > 1 ? p->count : 1;
}

typedef void fc_nhwc_fn(const fc_nhwc_op *);

typedef struct fc_nhwc_kernels {
    bool bf16;
    fc_nhwc_fn *depthwise; /* convolution of each channel for itself; pre, bias, post */
    fc_nhwc_fn *maxpool;   /* windows are clipped at the map's end; pre, post */
    fc_nhwc_fn *prelu;     /* post; dst may be src */
    fc_nhwc_fn *affine;    /* src * weights + bias; dst may be src */
    fc_nhwc_fn *add;       /* src[0] + alpha src[1]; dst may be either */
    fc_nhwc_fn *copy;      /* from one pixel stride, and element, to another */
    fc_nhwc_fn *avgpool;   /* mean of the n pixels */
    fc_nhwc_fn *linear;    /* dense layer on n elements; bias, post */
    fc_nhwc_fn *input;     /* float32 [c][h][w] to [h][w][c] */
    fc_nhwc_fn *output;    /* [h][w][c] to float32 [c][h][w] */
    fc_nhwc_fn *conv; /* dense, float32, where fc_nhwc_few; bias, alpha, ReLU where post is set. NULL: none */
    fc_nhwc_fn *tiles; /* the same where fc_nhwc_tiled, by weights of fc_nhwc_tiles_pack. NULL: none */
    int lanes;         /* floats in a vector */
} fc_nhwc_kernels;

extern const fc_nhwc_kernels fc_nhwc_base, fc_nhwc_avx2, fc_nhwc_avx512, fc_nhwc_avx512_bf16, fc_nhwc_neon;

/* What a table is compiled for. */
fc_isa fc_nhwc_isa(const fc_nhwc_kernels *k);

/* The best table for this CPU with, or without, bfloat16; NULL where there is none. */
const fc_nhwc_kernels *fc_nhwc_kernels_for(bool bf16);

/* Bytes of scratch that depthwise wants for op; its pointers need not be set. */
size_t fc_nhwc_scratch(const fc_nhwc_op *op);

/* Whether conv takes the convolution; its pointers need not be set. */
bool fc_nhwc_few(const fc_nhwc_op *op);

/* Whether tiles takes the convolution, 3x3 of stride 1 in Winograd's tiles; its pointers need not be set. */
bool fc_nhwc_tiled(const fc_nhwc_op *op);

/* How it is cut: all tiles of m x m outputs, across of them side by side, group (at most) at a time. */
typedef struct fc_nhwc_tiles {
    int m, across, all, group;
} fc_nhwc_tiles;
fc_nhwc_tiles fc_nhwc_tiles_of(const fc_nhwc_op *op, int lanes);

/* Floats of its packed weights, and bytes of scratch that it wants. */
size_t fc_nhwc_tiles_weights(const fc_nhwc_op *op, int lanes);
size_t fc_nhwc_tiles_scratch(const fc_nhwc_op *op, int lanes);
/* weights: [c][n][3][3]; to: [c / (2 lanes)][(m + 2)^2][n][2 lanes, or lanes where no more channels are left]. */
void fc_nhwc_tiles_pack(const fc_nhwc_op *op, int lanes, const float *weights, float *to);

/* Over channels at each pixel, and over all elements; float32, dst may be src. */
void fc_nhwc_softmax(const fc_nhwc_op *p);
void fc_nhwc_l2norm(const fc_nhwc_op *p);
/* src, of n channels, in the corner of dst, the rest of which is 0; of one kind of elements. */
void fc_nhwc_pad(const fc_nhwc_op *p);

#endif
