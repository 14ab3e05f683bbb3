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
    fc_nhwc_fn *fn;        /* NULL: oneDNN's convolution */
    fc_nhwc_op map;        /* its pointers to maps are set in a session */
    ptrdiff_t src[2], dst; /* bytes into the arena; -1: the caller's input */
    const fc_onednn_conv *conv;
    dnnl_memory_t weights, bias;
    ptrdiff_t scratch; /* bytes into the arena; -1: none */
    fc_layer_facts facts;
} native_op;

typedef struct native_net {
    fc_net base;
    dnnl_engine_t engine;
    const fc_nhwc_kernels *kernels;
    fc_arena weights;
    fc_onednn_conv *conv; /* that differ */
    int nconvs;
    native_op *op;
    int nops;
    size_t *output; /* [noutputs] bytes into the arena */
    int noutputs;
    size_t arena, input; /* bytes */
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
/* Fills in o's facts, once it is compiled. */
void fc_native_tell_step(const native_compiler *c, const fc_step *st, native_op *o);
/* The highest instruction set of the kernels of all steps. */
fc_isa fc_native_isa(const native_net *n);

#endif
