#include "monitor/drift.h"

#include <math.h>

#include "base/error.h"
#include "base/stats.h"

/* ---- Kolmogorov and Smirnov ---- */

double fc_kolmogorov(double x)
{
    double sum = 0;

    if (!(x > 0))
        return 1;
    if (x < 1) { /* the series that converges fast there */
        for (int k = 1; k <= 9; k += 2)
            sum += exp(-k * k * M_PI * M_PI / (8 * x * x));
        return 1 - sqrt(2 * M_PI) / x * sum;
    }
    for (int k = 1; k <= 10; k++)
        sum += (k % 2 ? 1 : -1) * exp(-2.0 * k * k * x * x);
    return 2 * sum;
}

/* Both are sorted. */
static double greatest_difference(const double *a, size_t n, const double *b, size_t m)
{
    double most = 0;

    for (size_t i = 0, k = 0; i < n && k < m;) {
        const double v = a[i] < b[k] ? a[i] : b[k];
        while (i < n && a[i] == v)
            i++;
        while (k < m && b[k] == v)
            k++;
        most = fmax(most, fabs((double)i / (double)n - (double)k / (double)m));
    }
    return most;
}

/* ---- the index ---- */

/* How many of v, sorted, are at most end. */
static size_t upto(const double *v, size_t n, double end)
{
    size_t low = 0, high = n;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (v[middle] <= end)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static double share(size_t k, size_t n)
{
    return fmax((double)k / (double)n, FC_DRIFT_LEAST_SHARE);
}

/* The bins' ends, rising; the last bin has none. Where the lowest or the highest of BASE's values takes a bin for itself, what
 * is beyond it is another one, which has none of BASE. */
static size_t cut(double *end, const double *base, size_t n, size_t bins)
{
    size_t ends = 0;

    if (base[n / bins - 1] == base[0])
        end[ends++] = nextafter(base[0], -INFINITY);
    for (size_t i = 1; i < bins; i++) {
        const double q = base[i * n / bins - 1]; /* at least i / bins of BASE are at most that */
        if (!ends || q > end[ends - 1])
            end[ends++] = q;
    }
    return ends;
}

static void index_of(fc_drift *out, const double *base, const double *now, size_t bins)
{
    double end[FC_DRIFT_MAX_BINS + 1];
    const size_t ends = cut(end, base, out->base, bins);
    size_t base_below = 0, now_below = 0;

    out->bins = ends + 1;
    out->psi = 0;
    for (size_t i = 0; i <= ends; i++) {
        const size_t b = i < ends ? upto(base, out->base, end[i]) : out->base;
        const size_t k = i < ends ? upto(now, out->now, end[i]) : out->now;
        const double p = share(b - base_below, out->base), q = share(k - now_below, out->now);
        out->psi += (q - p) * log(q / p);
        base_below = b;
        now_below = k;
    }
    out->noise = (double)ends * (1 / (double)out->base + 1 / (double)out->now);
}

size_t fc_drift_least(size_t bins, double bound)
{
    const double least = bound > 0 ? ceil(4 * (double)(bins - 1) / bound) : INFINITY;

    return least < 1e15 ? (size_t)least : SIZE_MAX;
}

fc_status fc_drift_compare(fc_drift *out, double *base, size_t n, double *now, size_t m, size_t bins,
                           fc_error *err)
{
    static const double quantile[] = {0.05, 0.5, 0.95};

    *out = (fc_drift){.base = n, .now = m};
    if (bins < 2 || bins > FC_DRIFT_MAX_BINS)
        return fc_fail(err, FC_EUSAGE, "%zu bins, want 2..%d", bins, FC_DRIFT_MAX_BINS);
    if (n < bins * FC_DRIFT_PER_BIN || m < bins * FC_DRIFT_PER_BIN)
        return fc_fail(err, FC_EDATA, "%zu and %zu samples; %zu bins want %zu of each at least", n, m, bins,
                       bins * FC_DRIFT_PER_BIN);
    fc_sort(base, n);
    fc_sort(now, m);
    index_of(out, base, now, bins);
    out->ks = greatest_difference(base, n, now, m);
    out->p = fc_kolmogorov(sqrt((double)n / (double)(n + m) * (double)m) * out->ks);
    for (size_t i = 0; i < 3; i++) {
        out->base_quantile[i] = fc_quantile(base, n, quantile[i]);
        out->now_quantile[i] = fc_quantile(now, m, quantile[i]);
    }
    return FC_OK;
}
