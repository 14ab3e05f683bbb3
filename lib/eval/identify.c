#include "facecheck.h"

void fc_cmc(const size_t *rank, size_t n, uint64_t *hits, size_t kmax)
{
    for (size_t k = 1; k <= kmax; k++) {
        hits[k - 1] = 0;
        for (size_t i = 0; i < n; i++)
            hits[k - 1] += rank[i] && rank[i] <= k;
    }
}
