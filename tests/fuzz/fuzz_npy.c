/* Any bytes as an array of NumPy's: what is taken has all its numbers inside the bytes. */
#include <stdlib.h>

#include "base/npy_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    fc_npy_table t;
    fc_error err;
    double sum = 0;

    if (fc_npy_parse(&t, bytes, n, "x", &err))
        return 0;
    if (t.size != 4 && t.size != 8)
        abort();
    for (size_t i = 0; i < t.rows && t.columns; i++)
        for (size_t k = 0; k < t.columns; k++)
            sum += fc_npy_number(&t, i, k);
    (void)sum;
    return 0;
}
