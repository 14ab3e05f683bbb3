/* A network's graph as an ONNX file, so that it runs in what reads nothing else. */
#ifndef FC_TEST_ONNX_GRAPH_H
#define FC_TEST_ONNX_GRAPH_H
#include "nn/graph.h"
#include "nn/weights.h"
#include "onnx_write.h"

/* The file, whose bytes (out->at) the caller frees. FC_EUNSUPPORTED where the graph's input has no fixed size. Nodes are written one
 * by one, as they stand in the graph: nothing is folded. */
fc_status onnx_of_graph(message *out, const fc_graph *g, const fc_weights *w, const char *name,
                        fc_error *err);

#endif
