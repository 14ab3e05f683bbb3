/* Weights for any graph, made up by the formula in ../data/nets/README.md. */
#ifndef FC_TEST_MADE_UP_H
#define FC_TEST_MADE_UP_H
#include "nn/graph.h"
#include "nn/weights.h"

/* Every tensor that g names. */
fc_status made_up_weights(fc_weights **out, const fc_graph *g, fc_error *err);

#endif
