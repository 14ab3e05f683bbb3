/* libtorch for C: what the module facecheck-torch.so exports. No exception and no C++ type leaves it. */
#ifndef FC_ENGINES_TORCH_C_H
#define FC_ENGINES_TORCH_C_H
#include "nn/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fc_torch_net fc_torch_net;         /* immutable, shared by threads */
typedef struct fc_torch_session fc_torch_session; /* of one thread */
typedef struct fc_torch_trainer fc_torch_trainer; /* a network whose parameters change */

/* A graph's node with its parameters, float32 in PyTorch's layout; NULL where there is none.
 * CONV, LINEAR: weight, bias. PRELU: slopes. BATCHNORM: weight, bias, mean, variance. */
typedef struct fc_torch_layer {
    const fc_node *node;
    const float *param[4];
} fc_torch_layer;

/* A parameter that is trained: param[which] of that layer. */
typedef struct fc_torch_trained {
    int layer, which;
} fc_torch_trained;

/* The symbol "fc_torch". */
typedef struct fc_torch_api {
    const char *built_for; /* FC_VERSION; of another version nothing else here may be used */
    const char *libtorch;  /* "1.13.1" */
    const char *(*isa)(
        void); /* what its kernels for the CPU use, as it names it: "AVX2"; "" where it does not say */

    /* "cpu", "cuda" or "cuda:N": whether there is one. */
    fc_status (*find_device)(const char *device, fc_error *err);
    /* Copies the parameters. output: layers, [noutputs]. */
    fc_status (*compile)(fc_torch_net **out, const fc_torch_layer *layer, int nlayers, const int *output,
                         int noutputs, bool bf16, const char *device, fc_error *err);
    /* A TorchScript program for input [1][c][h][w] with one output, [1][dim] or [dim]; a trial run tells dim.
     * name is for messages. */
    fc_status (*load)(fc_torch_net **out, int *dim, const void *bytes, size_t n, const char *name,
                      const int chw[3], const char *device, fc_error *err);
    void (*net_free)(fc_torch_net *n);
    /* *input: where the input goes, 64-byte aligned, for as long as the session lives. */
    fc_status (*session_new)(fc_torch_session **out, float **input, const fc_torch_net *n, fc_error *err);
    void (*session_free)(fc_torch_session *s);
    /* output[i]: the i-th output, valid until the next run. */
    fc_status (*run)(fc_torch_session *s, const float **output, fc_error *err);

    /* Copies the parameters; float32. output: the layer whose result [dim] is wanted. A lane holds a batch between forward and
     * backward; each is one thread's at a time. Batch norms keep their means and variances. */
    fc_status (*trainer_new)(fc_torch_trainer **out, const fc_torch_layer *layer, int nlayers, int output,
                             const fc_torch_trained *trained, int ntrained, int lanes, const char *device,
                             fc_error *err);
    void (*trainer_free)(fc_torch_trainer *t);
    /* New values of trained[i]; no lane is at work. */
    fc_status (*trainer_set)(fc_torch_trainer *t, int i, const float *v, fc_error *err);
    /* in [n][c][h][w] to out [n][dim]. keep: backward follows. */
    fc_status (*trainer_forward)(fc_torch_trainer *t, int lane, const float *in, int n, bool keep, float *out,
                                 fc_error *err);
    /* by_out [n][dim], the gradient by the lane's results, to gradient[i], that by trained[i], which is overwritten. */
    fc_status (*trainer_backward)(fc_torch_trainer *t, int lane, const float *by_out, float *const *gradient,
                                  fc_error *err);
} fc_torch_api;

#ifdef __cplusplus
}
#endif
#endif
