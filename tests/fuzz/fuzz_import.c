/* Any bytes to one of the importers, IMPORT: a TensorFlow Lite file, or a PyTorch state dict of either
 * format. */
#include "models/import_tflite.h"
#include "models/import_torch.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    fc_error err;
    fc_weights *w;

    if (IMPORT(&w, bytes, n, "fuzz", &err) == FC_OK)
        fc_weights_free(w);
    return 0;
}
