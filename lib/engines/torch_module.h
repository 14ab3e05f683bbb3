/* The module of libtorch, for the C files that use it. */
#ifndef FC_ENGINES_TORCH_MODULE_H
#define FC_ENGINES_TORCH_MODULE_H
#include "engines/torch_c.h"
#include "nn/weights.h"

/* Its table, loaded where it was not; or why this build or machine has none. */
fc_status fc_torch_module(const fc_torch_api **out, fc_error *err);
/* The parameters of l->node, a node of g, which are w's. */
fc_status fc_torch_find_params(fc_torch_layer *l, const fc_graph *g, const fc_weights *w, fc_error *err);

#endif
