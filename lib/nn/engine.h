/*
 * Engines run graphs. A net is a graph compiled with its weights: immutable, shared by all threads. A session is its
 * scratch memory, one per thread. After the first run nothing is allocated.
 */
#ifndef FC_NN_ENGINE_H
#define FC_NN_ENGINE_H
#include "nn/graph.h"
#include "nn/weights.h"

typedef struct fc_net fc_net;
typedef struct fc_session fc_session;

/* opt NULL: the default engine in float32. The graph and the weights may be freed afterwards. */
fc_status fc_net_compile(fc_net **out, const fc_graph *g, const fc_weights *w, const fc_engine_options *opt,
                         fc_error *err);
/* The same for a network that is a program in a file, read from memory: TorchScript, which libtorch runs, or ONNX,
 * which OpenCV's dnn module runs. Its input is chw, its only output a row of *dim numbers, which a trial run tells.
 * name is for messages. */
typedef enum fc_program { FC_PROGRAM_TORCHSCRIPT, FC_PROGRAM_ONNX } fc_program;
fc_status fc_net_load(fc_net **out, int *dim, fc_program kind, const void *bytes, size_t n, const char *name,
                      const int chw[3], const fc_engine_options *opt, fc_error *err);
void fc_net_free(fc_net *n);
const char *fc_net_engine(const fc_net *n);     /* "onednn 2.6.3 bf16" */
fc_precision fc_net_precision(const fc_net *n); /* never AUTO */

fc_status fc_session_new(fc_session **out, const fc_net *n, fc_error *err);
void fc_session_free(fc_session *s);
/* Where the input goes: float32 [c][h][w], 64-byte aligned. Valid until the session is freed. */
float *fc_session_input(fc_session *s);
fc_status fc_session_run(fc_session *s, fc_error *err);
/* The i-th output of the last run, float32 [c][h][w]. */
const float *fc_session_output(const fc_session *s, int i);

/* True where the CPU multiplies bfloat16 natively (AVX512_BF16 or AMX). */
bool fc_cpu_has_bf16(void);
/* True where bfloat16 is also faster than float32, which on Intel's takes AMX. */
bool fc_cpu_bf16_pays(void);

#endif
