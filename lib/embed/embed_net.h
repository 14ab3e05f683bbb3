/* The network of an embedding model, whatever file it is in. */
#ifndef FC_EMBED_EMBED_NET_H
#define FC_EMBED_EMBED_NET_H
#include "models/registry.h"
#include "engines/engine.h"

/* Weights (safetensors, PyTorch's state dicts, TensorFlow Lite) of a network of nets.h, a TorchScript program, or
 * ONNX. Its input is 3 x size x size, its output *dim numbers. */
fc_status fc_embed_net(fc_net **out, int *dim, const fc_model *m, const fc_engine_options *opt,
                       fc_error *err);

/* The weights of such a network, and which one it is (fc_net_by_name). FC_EMODEL: the file is a program (TorchScript, ONNX),
 * or of no network that is known here. */
fc_status fc_embed_weights(fc_weights **out, const char **arch, const fc_model *m, fc_error *err);

#endif
