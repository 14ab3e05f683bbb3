#include "base/stats.h"

#include <math.h>
#include <stdlib.h>

/* ln B(a, b) without lgamma's global signgam. */
static double log_beta(double a, double b)
{
    int sign;
    return lgamma_r(a, &sign) + lgamma_r(b, &sign) - lgamma_r(a + b, &sign);
}

/* The continued fraction, for x < (a + 1) / (a + b + 2); it takes some sqrt(max(a, b)) steps. */
static double beta_fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1), f;

    d = 1 / (fabs(d) < tiny ? tiny : d);
    f = d;
    for (int m = 1; m < 1000000; m++) {
        for (int odd = 0; odd < 2; odd++) {
            double t = odd ? -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
                           : m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
            d = 1 + t * d;
            c = 1 + t / c;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = fabs(c) < tiny ? tiny : c;
            f *= c * d;
        }
        if (fabs(c * d - 1) < 1e-15)
            break;
    }
    return f;
}

double fc_beta_inc(double a, double b, double x)
{
    if (x <= 0)
        return 0;
    if (x >= 1)
        return 1;
    double front = exp(a * log(x) + b * log1p(-x) - log_beta(a, b));
    if (x < (a + 1) / (a + b + 2))
        return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/* Bisection on ln x, so that small results are as precise as large ones. */
double fc_beta_inv(double a, double b, double p)
{
    double low = -750, high = 0;

    if (p <= 0)
        return 0;
    if (p >= 1)
        return 1;
    for (int i = 0; i < 100 && low < high; i++) {
        double middle = low + (high - low) / 2;
        if (middle == low || middle == high)
            break;
        if (fc_beta_inc(a, b, exp(middle)) < p)
            low = middle;
        else
            high = middle;
    }
    return exp(high);
}

fc_interval fc_clopper_pearson(uint64_t k, uint64_t n, double confidence)
{
    double tail = (1 - confidence) / 2;
    fc_interval i = {0, 1};

    if (n == 0)
        return i;
    /* The lower end for k of n is one minus the upper end for n - k of n: the side near zero is computed,
     * which keeps its digits. */
    if (k > n / 2) {
        fc_interval other = fc_clopper_pearson(n - k, n, confidence);
        return (fc_interval){1 - other.high, 1 - other.low};
    }
    if (k > 0)
        i.low = fc_beta_inv((double)k, (double)(n - k + 1), tail);
    i.high = fc_beta_inv((double)(k + 1), (double)(n - k), 1 - tail);
    return i;
}

bool fc_shows_rate(uint64_t trials, double rate)
{
    return trials > 0 && rate >= 3 / (double)trials;
}

double fc_mcnemar(uint64_t b, uint64_t c)
{
    uint64_t less = b < c ? b : c, n = b + c;

    if (b == c)
        return 1;
    /* P(X <= k) = I_1/2(n - k, k + 1) */
    double p = 2 * fc_beta_inc((double)(n - less), (double)(less + 1), 0.5);
    return p < 1 ? p : 1;
}

double fc_probit(double p)
{
    double low = -40, high = 40;

    if (!(p > 0))
        return -INFINITY;
    if (!(p < 1))
        return INFINITY;
    if (p > 0.5)
        return -fc_probit(1 - p);
    for (int i = 0; i < 200; i++) {
        double middle = (low + high) / 2;
        if (middle == low || middle == high)
            break;
        if (0.5 * erfc(-middle / M_SQRT2) < p)
            low = middle;
        else
            high = middle;
    }
    return high;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void fc_sort(double *v, size_t n)
{
    if (n)
        qsort(v, n, sizeof *v, by_value);
}

double fc_quantile(const double *v, size_t n, double q)
{
    double at = (double)(n - 1) * q;
    size_t i = (size_t)at;

    if (i + 1 >= n)
        return v[n - 1];
    return v[i] + (at - (double)i) * (v[i + 1] - v[i]);
}

/* The interval is v[r - 1] .. v[n - r] with the largest r for which P(X < r) <= tail, X ~ Bin(n, 1/2). */
fc_interval fc_median_interval(const double *v, size_t n, double confidence)
{
    double tail = (1 - confidence) / 2;
    size_t r = 0;

    /* P(X <= r) = I_1/2(n - r, r + 1) */
    while (r < n / 2 && fc_beta_inc((double)(n - r), (double)(r + 1), 0.5) <= tail)
        r++;
    if (r == 0)
        return (fc_interval){-INFINITY, INFINITY};
    return (fc_interval){v[r - 1], v[n - r]};
}
