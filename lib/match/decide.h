/* Inside the decision: thresholds from scores that are sorted. */
#ifndef FC_MATCH_DECIDE_H
#define FC_MATCH_DECIDE_H
#include <stddef.h>

/* fc_threshold_for, of scores that fall, and behind which are those that are never accepted. */
double fc_threshold_of(const double *falling, size_t n, size_t most);

/* How many of n looks at strangers may be above a threshold so that one that is to come is above it with no more than this
 * probability: it is among the k + 1 greatest of n + 1 with the probability (k + 1) / (n + 1) (Vovk, Gammerman and Shafer,
 * Algorithmic Learning in a Random World, 2.2). 0, too, where the greatest of so few does not keep the rate either. */
size_t fc_allowed_above(double rate, size_t n);

#endif
