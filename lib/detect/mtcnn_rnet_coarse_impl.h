/* What mtcnn_rnet_coarse.c and its kernels share. */
#ifndef FC_DETECT_MTCNN_RNET_COARSE_IMPL_H
#define FC_DETECT_MTCNN_RNET_COARSE_IMPL_H
#include "detect/mtcnn_rnet_coarse.h"
#include "kernels/amx.h"

/* Sides of R-Net's maps: input, first convolution, pooled, second convolution, pooled, third convolution. Channels are
 * padded to 32, 48 (64 as inputs of tiles) and 64. */
enum {
    IN = 24,
    M1 = 22,
    P1 = 11,
    M2 = 9,
    P2 = 4,
    M3 = 3,
    C1 = 32,
    C2 = 48,
    C2_IN = 64,
    C3 = 64,
    FLAT = M3 * M3 * C3,
    DENSE = 128
};
/* For matrix tiles. */
typedef struct fc_rnet_bf16 {
    bf16 conv1[3][2][TILE];                  /* kernel row; channels: 9 inputs count */
    bf16 conv2[9][3][TILE];                  /* tap; channels */
    bf16 conv3[4][2][4][TILE];               /* tap; inputs; channels */
    bf16 dense[FLAT / 32][DENSE / 16][TILE]; /* inputs; outputs */
    float bias1[C1], bias2[C2], bias3[C3], bias4[DENSE], bias5;
    float slope1[C1], slope2[C2], slope3[C3], slope4[DENSE];
    float head[DENSE]; /* "face" less "no face" */
} fc_rnet_bf16;

/* For sums of products of bytes, four neighbouring inputs of a channel to a weight. A map's numbers are bytes between the
 * least and the greatest of a crop's values, in units of what a channel's values are about; weights are bytes by a factor of
 * their channel. A sum of them, times unit and the step from a byte to the next, plus total times the least, plus bias, goes
 * through PReLU. */
typedef struct fc_rnet_int8 {
    int8_t conv1[9][C1][4];     /* tap; channel; inputs */
    int8_t conv2[9][7][C2][4];  /* tap; four of 28 inputs each; channel */
    int8_t conv3[4][12][C3][4]; /* tap; four of 48 inputs each; channel */
    int8_t dense[FLAT / 4][DENSE][4];
    float unit1[C1], unit2[C2], unit3[C3], unit4[DENSE];
    float total1[C1], total2[C2], total3[C3], total4[DENSE];
    float bias1[C1], bias2[C2], bias3[C3], bias4[DENSE], bias5;
    float slope1[C1], slope2[C2], slope3[C3], slope4[DENSE];
    float head[DENSE];
} fc_rnet_int8;

/* Of a layer's outputs, in fc_rnet_int8. */
typedef struct fc_rnet_int8_layer {
    float *unit, *total, *bias;
} fc_rnet_int8_layer;

fc_status fc_rnet_bf16_pack(fc_rnet_bf16 *s, const fc_weights *w, fc_error *err);
fc_status fc_rnet_int8_pack(fc_rnet_int8 *s, const fc_weights *w, fc_error *err);

typedef struct fc_rnet_coarse_kernel {
    fc_isa isa;
    void (*run)(const fc_rnet_coarse *s, const float (*crop)[FC_RNET_COARSE_CROP], int n, float *ahead);
} fc_rnet_coarse_kernel;

extern const fc_rnet_coarse_kernel fc_rnet_coarse_amx, fc_rnet_coarse_avx512_vnni, fc_rnet_coarse_avx2_vnni,
    fc_rnet_coarse_neon_dot;

struct fc_rnet_coarse {
    union {
        fc_rnet_bf16 bf16;
        fc_rnet_int8 int8;
    } net;
    const fc_rnet_coarse_kernel *kernel;
};

#endif
