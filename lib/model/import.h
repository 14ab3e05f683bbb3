/* Weights out of whatever file there is. */
#ifndef FC_MODEL_IMPORT_H
#define FC_MODEL_IMPORT_H
#include "nn/weights.h"

/* TensorFlow Lite, PyTorch state dicts (the zip format and the older one) and safetensors, told apart by
 * content. The metadata "arch" states the network of nets.h that the tensors fit, if there is one. */
fc_status fc_import(fc_weights **out, const char *path, fc_error *err);

#endif
