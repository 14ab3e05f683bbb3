/* Any bytes as LFW's pairs.txt: what is accepted names pictures below the folder alone, and every pair is of two of
 * them. Seed: a pairs.txt. */
#include <stdlib.h>
#include <string.h>

#include "facecheck.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    fc_pairs p;
    fc_error err = {0};

    if (fc_pairs_parse(&p, (const char *)bytes, n, "fuzz", &err)) {
        if (p.pair || p.image || !err.status || strncmp(err.message, "fuzz", 4) != 0)
            abort();
        return 0;
    }
    for (size_t i = 0; i < p.nimages; i++)
        if (p.image[i][0] == '/' || !strncmp(p.image[i], "../", 3) ||
            strchr(strchr(p.image[i], '/') + 1, '/'))
            abort();
    for (size_t i = 0; i < p.n; i++)
        if (p.pair[i].a >= p.nimages || p.pair[i].b >= p.nimages || p.pair[i].a == p.pair[i].b ||
            p.pair[i].fold < 0 || p.pair[i].fold >= p.folds)
            abort();
    fc_pairs_clear(&p);
    return 0;
}
