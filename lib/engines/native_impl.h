/* The native engine from inside: a network as it is compiled, step by step. */
#ifndef FC_ENGINES_NATIVE_IMPL_H
#define FC_ENGINES_NATIVE_IMPL_H
#include "engines/engine_impl.h"
#include "engines/onednn_conv.h"
#include "nn/arena.h"
#include "nn/fold.h"
#include "nn/plan.h"

/* A step, compiled. */
typedef struct native_op {
    fc_nhwc_fn *fn; /* NULL: oneDNN's convolution */
    bool many;      /* it takes several inputs at once */
    fc_nhwc_op map; /* its pointers to maps are set in a session */
    const fc_onednn_conv *conv;
    dnnl_memory_t weights, bias;
    fc_layer_facts facts;
} native_op;

/* Where something lies in a session's arena. */
typedef struct native_place {
    ptrdiff_t at; /* bytes; -1: the caller's input, or nothing */
    size_t each;  /* bytes from one input's to the next one's */
} native_place;

typedef struct native_places {
    native_place src[2], dst;
    ptrdiff_t scratch;
} native_places;

/* The arena of sessions that take up to batch inputs at a time: each alone through the steps before together, all through each of
 * the others before the next one. */
typedef struct native_layout {
    int batch, together;
    native_places *op;    /* [nops] */
    native_place *output; /* [noutputs] */
    size_t arena;         /* bytes */
} native_layout;

typedef struct native_net {
    fc_net base;
    dnnl_engine_t engine;
    const fc_nhwc_kernels *kernels;
    fc_arena weights;
    fc_onednn_conv *conv; /* that differ */
    int nconvs;
    native_op *op;
    int nops;
    int noutputs;
    size_t input;             /* bytes */
    native_layout one, batch; /* batch.batch 1: there is nothing in it */
} native_net;

/* What the compiler of one net carries along. */
typedef struct native_compiler {
    native_net *n;
    const fc_graph *g;
    fc_folder fold;
    fc_plan plan;
    bool bf16;
    fc_error *err;
} native_compiler;

/* Makes o of the step: which function does it, with its weights in the order that it wants. */
fc_status fc_native_compile_step(native_compiler *c, fc_step *st, native_op *o);
/* Lays out a session's arena, once all steps are compiled. */
fc_status fc_native_lay_out(native_layout *l, native_compiler *c, int batch, int together);
/* How many inputs had better go through the network at a time, and from which step on together. */
int fc_native_batch(const native_net *n, int *together);
/* Fills in o's facts, once it is compiled. */
void fc_native_tell_step(const native_compiler *c, const fc_step *st, native_op *o);
/* The highest instruction set of the kernels of all steps. */
fc_isa fc_native_isa(const native_net *n);

#endif
