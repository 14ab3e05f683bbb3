/* Weights out of PyTorch's state dicts. */
#ifndef FC_MODELS_IMPORT_TORCH_H
#define FC_MODELS_IMPORT_TORCH_H
#include "nn/weights.h"

/* Does this look like a file of torch.save: a zip archive, or a pickle? */
bool fc_torch_sniff(const uint8_t *bytes, size_t n);
/* Is it a zip archive of a TorchScript program? */
bool fc_torch_is_program(const uint8_t *bytes, size_t n);
/* A state dict, or a dictionary that has one under "state_dict". Both formats of torch.save are read: the zip
 * archive of PyTorch 1.6 and later, and the row of pickles before it. Nothing in the file is run. Tensors are
 * made contiguous and keep their names and order. name is for messages. */
fc_status fc_import_torch(fc_weights **out, const uint8_t *bytes, size_t n, const char *name, fc_error *err);
/* The same, and a tensor that was saved by itself is one called "tensor". */
fc_status fc_import_torch_tensors(fc_weights **out, const uint8_t *bytes, size_t n, const char *name,
                                  fc_error *err);

#endif
