/* Weights out of whatever file there is. */
#ifndef FC_MODELS_IMPORT_H
#define FC_MODELS_IMPORT_H
#include "base/size.h"
#include "nn/weights.h"

/* A file's tensors may share its memory; all together they may be this many times the file. */
#define FC_IMPORT_SHARING 4
/* Adds size bytes of a file of n bytes to what has been read of it so far; false when that is too much. */
static inline bool fc_import_add(size_t *total, size_t size, size_t n)
{
    size_t limit;
    if (!fc_mul(n, FC_IMPORT_SHARING, &limit))
        limit = SIZE_MAX;
    return fc_add(*total, size, total) && *total <= limit;
}

/* TensorFlow Lite, PyTorch state dicts (the zip format and the older one), TensorFlow.js' weights manifests (the files
 * that they name are read, too) and safetensors, told apart by content. The metadata "arch" states the network of nets.h that the tensors fit, if there is one. */
fc_status fc_import(fc_weights **out, const char *path, fc_error *err);

/* What a file holds, told by its content; safetensors where it is nothing else. */
typedef enum fc_file_kind {
    FC_FILE_SAFETENSORS,
    FC_FILE_TFLITE,
    FC_FILE_TFJS,
    FC_FILE_TORCH,
    FC_FILE_TORCHSCRIPT
} fc_file_kind;
fc_file_kind fc_file_kind_of(const uint8_t *bytes, size_t n);
/* fc_import of a file of TensorFlow Lite or PyTorch that is in memory; name is for messages. A manifest is
 * FC_EUNSUPPORTED: its numbers are in other files. */
fc_status fc_import_bytes(fc_weights **out, const uint8_t *bytes, size_t n, const char *name, fc_error *err);

#endif
