/* Counts to intervals and tests. Exact or conservative; no normal approximations. */
#ifndef FC_BASE_STATS_H
#define FC_BASE_STATS_H
#include "facecheck.h"

/* Regularised incomplete beta function I_x(a, b) for a, b > 0 and 0 <= x <= 1, by the continued fraction of
 * DLMF 8.17.22, https://dlmf.nist.gov/8.17#v, evaluated by the modified Lentz algorithm (Thompson and Barnett
 * 1986). */
double fc_beta_inc(double a, double b, double x);
/* x with I_x(a, b) = p. */
double fc_beta_inv(double a, double b, double p);
/* Exact interval of a proportion when k of n were counted (Clopper and Pearson 1934): two-sided, each tail at
 * most (1 - confidence) / 2. n = 0: 0..1. */
fc_interval fc_clopper_pearson(uint64_t k, uint64_t n, double confidence);
/* Whether so many trials can show a rate: with none of 3 / rate or more, it is below the rate at 95 % (the rule of three). */
bool fc_shows_rate(uint64_t trials, double rate);
/* Exact McNemar test: two-sided p of b against c discordant pairs, binomial with probability 1/2. 1 where
 * there are none. */
double fc_mcnemar(uint64_t b, uint64_t c);

/* x with P(X <= x) = p for a standard normal X; the axes of DET curves. +-INFINITY at 0 and 1. */
double fc_probit(double p);

void fc_sort(double *v, size_t n);
/* 0 <= q <= 1, between the neighbours of (n - 1) q by straight line (Hyndman and Fan's type 7, as R and NumPy
 * have it). v is sorted and n > 0. */
double fc_quantile(const double *v, size_t n, double q);
/* Interval of the median of what v [n], sorted, is a sample of, from its order statistics, for any
 * distribution (Conover, Practical Nonparametric Statistics, 3.2). The coverage is at least confidence; where
 * n is too small for that (below 6 at 95 %) the ends are infinite. */
fc_interval fc_median_interval(const double *v, size_t n, double confidence);

#endif
