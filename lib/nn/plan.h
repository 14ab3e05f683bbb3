/*
 * A graph as a list of steps on maps [h][w][c]: batch norms, activations and residual sums folded into the
 * steps before them, concatenations written in place where a step can, and every map given its place in one
 * arena.
 */
#ifndef FC_NN_PLAN_H
#define FC_NN_PLAN_H
#include "nn/graph.h"
#include "kernels/nhwc.h"

typedef enum fc_step_kind {
    FC_STEP_INPUT, /* from the caller's planes */
    FC_STEP_CONV,
    FC_STEP_DEPTHWISE,
    FC_STEP_LINEAR, /* a dense layer, or a convolution as large as its input */
    FC_STEP_PRELU,  /* or ReLU */
    FC_STEP_AFFINE, /* batch norm */
    FC_STEP_ADD,
    FC_STEP_COPY,
    FC_STEP_MAXPOOL,
    FC_STEP_AVGPOOL, /* over the whole map; of windows: DEPTHWISE, its node an AVGPOOL */
    FC_STEP_PAD,
    FC_STEP_SOFTMAX,
    FC_STEP_L2NORM,
    FC_STEP_OUTPUT /* to planes */
} fc_step_kind;

/* Nodes are the graph's; -1 for none. */
typedef struct fc_step {
    fc_step_kind kind;
    int node;
    int src[2], dst; /* values; src[0] of INPUT is -1 */
    int batchnorm;   /* node, folded into the weights */
    int inner;       /* CONV: a 1x1 convolution before this one, multiplied into its weights */
    int inner_norm;  /* inner's batch norm */
    int pre, post;   /* PRELU or RELU nodes, on the input and on the result */
    float scale;     /* CONV: of weights and bias */
    float sum;       /* CONV: dst's old content, times this, is added; 0: it is not */
    size_t scratch;  /* bytes; set by the engine before fc_plan_layout */
    size_t scratch_offset;
} fc_step;

typedef struct fc_value {
    int c, h, w;
    fc_elem elem;
    size_t ld;      /* elements from one pixel to the next; c unless it is a part of base */
    int base;       /* the value whose memory it lies in; itself */
    size_t channel; /* of base, where it begins */
    size_t offset;  /* bytes into the arena; set by fc_plan_layout */
    size_t each;    /* bytes from one input's to the next one's, 0: inputs take turns with it; the same */
} fc_value;

typedef struct fc_plan {
    fc_value *value;
    int nvalues;
    size_t value_cap;
    fc_step *step;
    int nsteps;
    size_t step_cap;
    int *output; /* values, [noutputs]: float32 planes, or vectors */
    int noutputs;
    size_t arena; /* bytes; set by fc_plan_layout */
} fc_plan;

/* The graph must have passed fc_graph_check and have fixed sizes. bf16: maps are bfloat16 inside. */
fc_status fc_plan_make(fc_plan *p, const fc_graph *g, bool bf16, fc_error *err);
/* Places values and scratch so that no two that live at the same time overlap. For up to batch inputs: each goes alone through the
 * steps before together, and all go through each of the others before the next; scratch is not multiplied. */
fc_status fc_plan_layout(fc_plan *p, int batch, int together, fc_error *err);
void fc_plan_clear(fc_plan *p);

#endif
