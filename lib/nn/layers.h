/* What a step of a network is, and which kernel runs it: for measuring. */
#ifndef FC_NN_LAYERS_H
#define FC_NN_LAYERS_H
#include "facecheck.h"

typedef struct fc_layer_facts {
    char step[16]; /* "conv", "depthwise", "maxpool" ... */
    char kernel
        [32]; /* who computes it, and with which instructions: "jit:avx2", "nhwc:avx2", "rowwise f43:avx2" */
    int c, h, w;    /* of its input; 0 where it is of any size */
    int oc, oh, ow; /* of its result */
    int kh, kw, stride;
    double
        flops; /* multiplications and additions of the plain sum over the kernel, whatever way it is computed; of what
                   * computes no sums of products 0 */
    /* Bytes that a run has to read, or write, beyond the first cache: the weights as they are stored, once for all inputs, and
     * the step's maps, of each input. Rows that stay in the cache count nothing. */
    double weights, maps;
} fc_layer_facts;

#endif
