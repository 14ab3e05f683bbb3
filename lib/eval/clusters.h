/*
 * Intervals for rates over all pairs of a set. Pairs that share a person are not independent, so that a binomial
 * interval over pairs is too narrow. Here the variance is taken over people:
 *   genuine pairs  of one person are a cluster: the ratio estimator's variance (Cochran, Sampling Techniques, 6.4);
 *   impostor pairs share a person with others in two ways: the dyadic cluster-robust variance (Aronow, Samii and
 *                  Assenova 2015, Political Analysis 23:564).
 * Its quotient by the binomial variance is the design effect, and the interval is Clopper and Pearson's for as many
 * independent pairs as the design effect leaves (Korn and Graubard 1998, Survey Methodology 24:193).
 */
#ifndef FC_EVAL_CLUSTERS_H
#define FC_EVAL_CLUSTERS_H
#include "eval/allpairs.h"

/* k of n, with n and k divided by the design effect (where it is above 1). */
fc_interval fc_korn_graubard(uint64_t k, uint64_t n, double design_effect, double confidence);

/* The design effect of a rate over all genuine, or all impostor, pairs of the vectors with these labels [n], all below
 * people. errors: the pairs that count. 1 where the variance cannot be told: none or all count. */
fc_status fc_design_effect(double *out, bool genuine, const uint32_t *label, size_t n, size_t people,
                           const fc_found_pair *errors, size_t nerrors, fc_error *err);

#endif
