/* What mtcnn_pnet_coarse.c and its kernels share. */
#ifndef FC_DETECT_MTCNN_PNET_COARSE_IMPL_H
#define FC_DETECT_MTCNN_PNET_COARSE_IMPL_H
#include "detect/mtcnn_pnet_coarse.h"
#include "kernels/amx.h"

enum { CH = 16, KEPT = 12 };

/* For matrix tiles. Maps are [x][16], so the 32 inputs of a row of A are two neighbouring pixels. */
typedef struct fc_pnet_bf16 {
    bf16 conv1[3][TILE];       /* a tile for each kernel row: 9 of its inputs count */
    bf16 conv2[3][2][TILE];    /* kernel row; columns 0 and 1, column 2 */
    bf16 conv3[3][2][2][TILE]; /* kernel row; columns; first and second 16 channels */
    bf16 head[TILE];           /* channel 0: "face" less "no face" */
    float bias1[CH], bias2[CH], bias3[2][CH], bias_head;
    float slope1[CH], slope2[CH], slope3[2][CH];
} fc_pnet_bf16;

/* For sums of products of 16-bit numbers: a weight is two neighbouring inputs of a channel. A map's numbers are what
 * they stand for by a factor of their channel, by which they can never be too large; so are the weights of a channel, by
 * which no sum can. */
typedef struct fc_pnet_int16 {
    int32_t conv1[3][5][CH];       /* kernel row; pairs of its 9 inputs; channel */
    int32_t conv2[3][5][3][CH];    /* kernel row; pairs of 10 inputs; column; channel */
    int32_t conv3[3][8][3][2][CH]; /* kernel row; pairs of 16 inputs; column; first and second 16 channels */
    /* a sum times unit plus bias goes through PReLU, and is a number of the next map */
    float unit1[CH], unit2[CH], unit3[2][CH];
    float bias1[CH], bias2[CH], bias3[2][CH], bias_head;
    float slope1[CH], slope2[CH], slope3[2][CH];
    float head[2][CH]; /* "face" less "no face" */
} fc_pnet_int16;

#define FC_PNET_INT16_PIXEL 4096 /* a pixel of 1 */

typedef struct fc_pnet_coarse_kernel {
    fc_isa isa;
    /* Row y of the input, w wide, as the kernel wants it. */
    void (*input)(fc_pnet_coarse_session *s, int y, int w);
    /* Row y of the pooled map, pw wide, from rows 2y and 2y + 1 of the first convolution, cw x ch. */
    void (*pooled)(fc_pnet_coarse_session *s, int y, int pw, int cw, int ch);
    /* Row y of the second convolution, n wide. */
    void (*second)(fc_pnet_coarse_session *s, int y, int n);
    /* Row y of cells, n wide: the third convolution and the difference of its two outputs. */
    void (*cells)(fc_pnet_coarse_session *s, int y, int n);
    void (*end)(void); /* before anybody else computes; NULL: nothing to do */
} fc_pnet_coarse_kernel;

extern const fc_pnet_coarse_kernel fc_pnet_coarse_amx, fc_pnet_coarse_vnni;

struct fc_pnet_coarse {
    union {
        fc_pnet_bf16 bf16;
        fc_pnet_int16 int16;
    } net;
    const fc_pnet_coarse_kernel *kernel;
};

fc_status fc_pnet_bf16_pack(fc_pnet_bf16 *net, const fc_weights *w, fc_error *err);
fc_status fc_pnet_int16_pack(fc_pnet_int16 *net, const fc_weights *w, fc_error *err);

/* Numbers of maps are bfloat16 or int16. */
struct fc_pnet_coarse_session {
    const fc_pnet_coarse *of;
    float *pixels[3 * KEPT];         /* newest rows of the input: [y % KEPT][channel] */
    uint16_t *in[4];                 /* the newest four, interleaved */
    uint16_t *pooled[3], *second[3]; /* of the maps behind the pooling and the second convolution */
    float *ahead;
    int width; /* that the rows have room for */
};

#endif
