/* What mtcnn_rnet_coarse.c and mtcnn_rnet_coarse_amx.c share. */
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
struct fc_rnet_coarse {
    bf16 conv1[3][2][TILE];                  /* kernel row; channels: 9 inputs count */
    bf16 conv2[9][3][TILE];                  /* tap; channels */
    bf16 conv3[4][2][4][TILE];               /* tap; inputs; channels */
    bf16 dense[FLAT / 32][DENSE / 16][TILE]; /* inputs; outputs */
    float bias1[C1], bias2[C2], bias3[C3], bias4[DENSE], bias5;
    float slope1[C1], slope2[C2], slope3[C3], slope4[DENSE];
    float head[DENSE]; /* "face" less "no face" */
};

#endif
