/* Weights out of TensorFlow.js' weights manifests. */
#ifndef FC_MODELS_IMPORT_TFJS_H
#define FC_MODELS_IMPORT_TFJS_H
#include "nn/weights.h"

/* True when the bytes may be a manifest: JSON that is a list. */
bool fc_tfjs_sniff(const uint8_t *bytes, size_t n);
/* bytes: the manifest, which names files in path's folder that hold the numbers. Slashes in tensors' names become dots,
 * filters and weights "weight", biases "bias"; kernels [height][width][in][out] become [out][in][height][width], dense
 * layers' [in][out] become [out][in] and "NAME.weight". Tensors of float32; those quantised to bytes stay so, with scale
 * and least value in "NAME.quantization" (weights.h). Anything else is FC_EUNSUPPORTED. */
fc_status fc_import_tfjs(fc_weights **out, const uint8_t *bytes, size_t n, const char *path, fc_error *err);

#endif
