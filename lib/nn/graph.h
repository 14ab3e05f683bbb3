/*
 * A network, described once and run by any engine.
 *
 * Values are feature maps [c][h][w] of one picture (batch 1); a vector is [c][1][1]. A builder function takes values
 * and returns the new one. The first fault is kept in the graph and reported by fc_graph_check, so that a network's
 * description needs no error handling; builders given a negative value return -1.
 */
#ifndef FC_NN_GRAPH_H
#define FC_NN_GRAPH_H
#include "facecheck.h"

typedef struct fc_graph fc_graph;

typedef enum fc_op {
    FC_OP_INPUT,
    FC_OP_CONV,   /* with groups == channels: depthwise */
    FC_OP_LINEAR, /* dense layer on the flattened input */
    FC_OP_PRELU,  /* slope per channel */
    FC_OP_RELU,
    FC_OP_MAXPOOL,
    FC_OP_AVGPOOL, /* of windows, or over the whole map: to [c][1][1] */
    FC_OP_PAD,     /* zeros behind the last channel, row and column */
    FC_OP_ADD,     /* in[0] + alpha in[1] */
    FC_OP_CONCAT,  /* along channels */
    FC_OP_SOFTMAX, /* over channels, at each pixel */
    FC_OP_BATCHNORM,
    FC_OP_L2NORM /* over all elements */
} fc_op;

typedef enum fc_flatten {
    FC_FLATTEN_CHW, /* PyTorch's order */
    FC_FLATTEN_WHC  /* facenet-pytorch's MTCNN: x.permute(0, 3, 2, 1) */
} fc_flatten;

#define FC_MAX_INPUTS 4

typedef struct fc_node {
    fc_op op;
    int in[FC_MAX_INPUTS], nin;
    int c, h, w; /* of the result; h and w are 0 when the input's are not fixed */
    char weight
        [96]; /* tensor names; "" for none. BATCHNORM: the prefix of .weight .bias .running_mean .running_var */
    char bias[96];
    int kh, kw, sh, sw; /* CONV, MAXPOOL, AVGPOOL; kh 0: over the whole map */
    int pt, pl, pb, pr; /* zero padding: top, left, bottom, right */
    int groups;
    bool ceil_mode;     /* MAXPOOL */
    bool bare;          /* BATCHNORM: .weight and .bias alone, the mean being 0 and the variance 1 */
    fc_flatten flatten; /* LINEAR */
    float alpha;        /* ADD: scale of in[1]; BATCHNORM: epsilon */
} fc_node;

fc_graph *fc_graph_new(void); /* NULL when memory is out */
void fc_graph_free(fc_graph *g);
/* The first fault of the description, or FC_OK. */
fc_status fc_graph_check(const fc_graph *g, fc_error *err);

/* h, w 0: any size (fully convolutional networks). */
int fc_graph_input(fc_graph *g, int c, int h, int w);

typedef struct fc_conv {
    int out;
    int kh, kw;       /* 0: 1 */
    int stride;       /* 0: 1 */
    int pad_h, pad_w; /* both sides */
    int pad_end;      /* more at bottom and right: TensorFlow's SAME with stride 2 has 0 before, 1 after */
    int groups;       /* 0: 1 */
} fc_conv;
/* weight: tensor [out][in/groups][kh][kw]; bias: [out] or NULL. */
int fc_graph_conv(fc_graph *g, int x, const char *weight, const char *bias, fc_conv p);
int fc_graph_linear(fc_graph *g, int x, int out, const char *weight, const char *bias, fc_flatten order);
int fc_graph_prelu(fc_graph *g, int x, const char *slope);
int fc_graph_relu(fc_graph *g, int x);
int fc_graph_maxpool(fc_graph *g, int x, int k, int stride, bool ceil_mode);
int fc_graph_avgpool(fc_graph *g, int x);
/* Means of the windows of k x k that lie in the map whole. */
int fc_graph_meanpool(fc_graph *g, int x, int k, int stride);
/* x in the corner of a map of zeros, c x h x w. */
int fc_graph_pad(fc_graph *g, int x, int c, int h, int w);
int fc_graph_add(fc_graph *g, int x, int y, float alpha);
int fc_graph_concat(fc_graph *g, int n, const int *x);
int fc_graph_softmax(fc_graph *g, int x);
int fc_graph_batchnorm(fc_graph *g, int x, const char *prefix, float eps);
/* prefix.weight x + prefix.bias, by channel. */
int fc_graph_affine(fc_graph *g, int x, const char *prefix);
int fc_graph_l2norm(fc_graph *g, int x);
/* Marks x as the next output. */
void fc_graph_output(fc_graph *g, int x);

int fc_graph_count(const fc_graph *g);
const fc_node *fc_graph_node(const fc_graph *g, int i); /* in order of computation */
int fc_graph_outputs(const fc_graph *g);
int fc_graph_output_at(const fc_graph *g, int i);

#endif
