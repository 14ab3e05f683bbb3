/*
 * A network whose parameters change: results and gradients, by libtorch. What is done with the gradients is the caller's
 * affair. Batch norms keep the means and variances that they have.
 *
 * A batch is done in lanes, each on one thread, so that any number of threads gives the same bits.
 */
#ifndef FC_ENGINES_TRAINER_H
#define FC_ENGINES_TRAINER_H
#include "nn/graph.h"
#include "nn/weights.h"

/* A tensor that is trained, of a node of the graph: its weight (which 0) or bias (1); of a batch norm and PReLU as well. */
typedef struct fc_trained {
    int node, which;
} fc_trained;

typedef struct fc_trainer fc_trainer;
/* device: "cpu", "cuda", "cuda:N"; NULL: cpu. The graph has one output. FC_EUNSUPPORTED: there is no libtorch. */
fc_status fc_trainer_new(fc_trainer **out, const fc_graph *g, const fc_weights *w, const fc_trained *trained,
                         int ntrained, int lanes, const char *device, fc_error *err);
void fc_trainer_free(fc_trainer *t); /* NULL will do */
/* New values of trained[i]; no lane is at work. */
fc_status fc_trainer_set(fc_trainer *t, int i, const float *v, fc_error *err);
/* in [n][c][h][w] to out [n][dim]. keep: fc_trainer_backward of the lane follows. */
fc_status fc_trainer_forward(fc_trainer *t, int lane, const float *in, int n, bool keep, float *out,
                             fc_error *err);
/* by_out [n][dim]: the gradient by the lane's results. gradient[i]: becomes that by trained[i]. */
fc_status fc_trainer_backward(fc_trainer *t, int lane, const float *by_out, float *const *gradient,
                              fc_error *err);

#endif
