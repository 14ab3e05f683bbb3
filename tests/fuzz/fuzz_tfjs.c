/* Any bytes as a weights manifest of TensorFlow.js and, behind its first zero, the numbers that it is of: in a.bin, or half of them in
 * b.bin, where the manifest names that. What is taken has all its tensors' numbers. */
#include <stdlib.h>
#include <string.h>

#include "models/import_tfjs.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const char *manifest, *first, *second;
    const uint8_t *end = n ? memchr(bytes, 0, n) : NULL, *numbers = end ? end + 1 : bytes + n;
    const size_t text = end ? (size_t)(end - bytes) : n, all = (size_t)(bytes + n - numbers),
                 one = memmem(bytes, text, "b.bin", 5) ? all / 2 : all;
    fc_weights *w = NULL;
    fc_error err = {0};

    if (!manifest) {
        manifest = scratch_path("m.json");
        first = scratch_path("a.bin");
        second = scratch_path("b.bin");
    }
    scratch_write(first, numbers, one);
    scratch_write(second, numbers + one, all - one);
    if (!fc_tfjs_sniff(bytes, text))
        return 0;
    if (fc_import_tfjs(&w, bytes, text, manifest, &err)) {
        if (w || !err.status)
            abort();
        return 0;
    }
    fc_weights_free(w);
    return 0;
}
