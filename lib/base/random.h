/* Numbers that look random, the same on every machine. Not for secrets. */
#ifndef FC_BASE_RANDOM_H
#define FC_BASE_RANDOM_H
#include <stddef.h>
#include <stdint.h>

/* The next number of SplitMix64 (Steele, Lea and Flood 2014); *state, the seed at first, moves on. */
uint64_t fc_random(uint64_t *state);
/* The next one as a double, 0 or more and less than 1. */
double fc_random_fraction(uint64_t *state);
/* v [n] in another order (Fisher and Yates), by the numbers from that seed. */
void fc_shuffle(size_t *v, size_t n, uint64_t seed);

#endif
