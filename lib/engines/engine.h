/*
 * Engines run graphs. A net is a graph compiled with its weights: immutable, shared by all threads. A session is its
 * scratch memory, one per thread. After the first run nothing is allocated.
 */
#ifndef FC_ENGINES_ENGINE_H
#define FC_ENGINES_ENGINE_H
#include "nn/graph.h"
#include "nn/layers.h"
#include "nn/weights.h"

typedef struct fc_net fc_net;
typedef struct fc_session fc_session;

/* The engines' table: the i-th one's name, NULL behind the last; the one that runs graphs where none is named; whether
 * this build and machine have it, else why not; its name, version and device; and whether it runs whole files
 * alone, and no graphs. */
const char *fc_engine_name(size_t i);
const char *fc_engine_best(void);
fc_status fc_engine_available(const char *name, fc_error *err);
fc_status fc_engine_describe(fc_engine_facts *out, const char *name, fc_error *err);
bool fc_engine_wants_files(const char *name);

/* What can be asked for (kernels/precision_names.h), by fc_precision; NULL behind them. And what any of them is called. */
extern const char *const fc_precision_names[];
const char *fc_precision_name(fc_precision p);

/* Facts for people: "onednn 2.6.3 bf16", "torch 1.13.1 fp32 cuda:1". */
#define FC_ENGINE_TEXT 96
void fc_engine_text(char out[FC_ENGINE_TEXT], const fc_engine_facts *f);

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
const fc_engine_facts *fc_net_facts(const fc_net *n);
const char *fc_net_engine(const fc_net *n); /* fc_engine_text of them */
fc_precision fc_net_precision(const fc_net *n);
/* How many steps a run has, as far as the engine tells (else 0), and the i-th of them. */
int fc_net_layers(const fc_net *n);
void fc_net_layer(const fc_net *n, int i, fc_layer_facts *out);

/* How many inputs had better go through it at a time, where there are so many, FC_NET_BATCH at most: 1 where that is no faster. */
enum { FC_NET_BATCH = 8 };
int fc_net_batch(const fc_net *n);

fc_status fc_session_new(fc_session **out, const fc_net *n, fc_error *err);
/* One that takes up to fc_net_batch inputs at a time, and has the memory for it. */
fc_status fc_session_new_batch(fc_session **out, const fc_net *n, fc_error *err);
void fc_session_free(fc_session *s);
/* Where the input goes: float32 [c][h][w], 64-byte aligned. Valid until the session is freed. */
float *fc_session_input(fc_session *s);
fc_status fc_session_run(fc_session *s, fc_error *err);
/* The i-th output of the last run, float32 [c][h][w]. */
const float *fc_session_output(const fc_session *s, int i);

/* Of a session for a batch: the place of input number, and the i-th output of it after a run of the first n, which has the bits
 * that it has alone, whatever n. The functions above are about the first one. */
float *fc_session_input_of(fc_session *s, int number);
fc_status fc_session_run_batch(fc_session *s, int n, fc_error *err);
/* The same; what each step takes, in milliseconds, is added to ms[0..fc_net_layers - 1]. */
fc_status fc_session_run_timed(fc_session *s, int n, double *ms, fc_error *err);
const float *fc_session_output_of(const fc_session *s, int number, int i);

/* True where the CPU multiplies bfloat16 natively (AVX512_BF16 or AMX). */
bool fc_cpu_has_bf16(void);
/* True where bfloat16 is also faster than float32, which on Intel's takes AMX. */
bool fc_cpu_bf16_pays(void);

#endif
