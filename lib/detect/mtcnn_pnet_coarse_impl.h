/* What mtcnn_pnet_coarse.c and mtcnn_pnet_coarse_amx.c share. */
#ifndef FC_DETECT_MTCNN_PNET_COARSE_IMPL_H
#define FC_DETECT_MTCNN_PNET_COARSE_IMPL_H
#include "detect/mtcnn_pnet_coarse.h"
#include "kernels/amx.h"

/* Maps are [x][16], so the 32 inputs of a row of A are two neighbouring pixels. */
enum { CH = 16, KEPT = 12 };
struct fc_pnet_coarse {
    bf16 conv1[3][TILE];       /* a tile for each kernel row: 9 of its inputs count */
    bf16 conv2[3][2][TILE];    /* kernel row; columns 0 and 1, column 2 */
    bf16 conv3[3][2][2][TILE]; /* kernel row; columns; first and second 16 channels */
    bf16 head[TILE];           /* channel 0: "face" less "no face" */
    float bias1[CH], bias2[CH], bias3[2][CH], bias_head;
    float slope1[CH], slope2[CH], slope3[2][CH];
};

struct fc_pnet_coarse_session {
    const fc_pnet_coarse *net;
    float *pixels[3 * KEPT];     /* newest rows of the input: [y % KEPT][channel] */
    bf16 *in[4];                 /* the newest four, interleaved */
    bf16 *pooled[3], *second[3]; /* of the maps behind the pooling and the second convolution */
    float *ahead;
    int width; /* that the rows have room for */
};

/* Room for rows of w pixels. */
fc_status fc_pnet_coarse_reserve(fc_pnet_coarse_session *s, int w, fc_error *err);

#endif
