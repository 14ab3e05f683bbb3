#include "base/random.h"

uint64_t fc_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

double fc_random_fraction(uint64_t *state)
{
    return (double)(fc_random(state) >> 11) * 0x1p-53;
}

void fc_shuffle(size_t *v, size_t n, uint64_t seed)
{
    for (size_t i = n; i > 1; i--) {
        size_t k = (size_t)(fc_random(&seed) %
                            i); /* i is far below 2^64: no number is favoured that anyone could see */
        size_t swap = v[i - 1];
        v[i - 1] = v[k];
        v[k] = swap;
    }
}
