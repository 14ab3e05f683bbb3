#include "base/stats.h"
#include "eval/clusters.h"

#include <stdlib.h>

#include "base/error.h"

fc_interval fc_korn_graubard(uint64_t k, uint64_t n, double design_effect, double confidence)
{
    double tail = (1 - confidence) / 2;

    if (!(design_effect > 1) || k == 0 || k == n)
        return fc_clopper_pearson(k, n, confidence);
    double neff = (double)n / design_effect, keff = (double)k / design_effect;
    return (fc_interval){fc_beta_inv(keff, neff - keff + 1, tail),
                         fc_beta_inv(keff + 1, neff - keff, 1 - tail)};
}

/* People a < b and how many of their pairs count. */
struct dyad {
    uint32_t a, b;
    uint64_t errors;
};

static int by_people(const void *x, const void *y)
{
    const struct dyad *p = x, *q = y;
    if (p->a != q->a)
        return p->a < q->a ? -1 : 1;
    return (p->b > q->b) - (p->b < q->b);
}

/* One dyad for each pair of people with errors; returns how many. */
static size_t make_dyads(struct dyad *d, const uint32_t *label, const fc_found_pair *errors, size_t n)
{
    size_t m = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t a = label[errors[i].a], b = label[errors[i].b];
        d[i] = (struct dyad){a < b ? a : b, a < b ? b : a, 1};
    }
    if (n)
        qsort(d, n, sizeof *d, by_people);
    for (size_t i = 0; i < n; i++) {
        if (m && !by_people(&d[m - 1], &d[i]))
            d[m - 1].errors++;
        else
            d[m++] = d[i];
    }
    return m;
}

/* Sum of (errors - rate * pairs)^2 over people, with the small-sample factor. */
static double genuine_squares(const double *images, size_t people, const struct dyad *d, size_t nd,
                              double rate)
{
    double sum = 0, clusters = 0;
    size_t k = 0;

    for (size_t p = 0; p < people; p++) {
        double pairs = images[p] * (images[p] - 1) / 2, e = 0;
        while (k < nd && d[k].a == p)
            e += (double)d[k++].errors;
        sum += (e - rate * pairs) * (e - rate * pairs);
        clusters += pairs > 0;
    }
    return clusters > 1 ? sum * clusters / (clusters - 1) : 0;
}

/* u_ab = errors - rate * pairs of people a and b: the sum of u_ab u_cd over all dyads that share a person, which is
 * that of the squares of each person's total less that of the dyads' own squares. scratch [people] is zero. */
static double impostor_squares(const double *images, size_t people, const struct dyad *d, size_t nd,
                               double rate, double *scratch)
{
    double all = 0, squares = 0, fourths = 0, sum = 0, own = 0;

    for (size_t p = 0; p < people; p++) {
        double sq = images[p] * images[p];
        all += images[p];
        squares += sq;
        fourths += sq * sq;
    }
    own = rate * rate * (squares * squares - fourths) / 2;
    for (size_t k = 0; k < nd; k++) {
        double e = (double)d[k].errors;
        scratch[d[k].a] += e;
        scratch[d[k].b] += e;
        own += e * e - 2 * rate * e * images[d[k].a] * images[d[k].b];
    }
    for (size_t p = 0; p < people; p++) {
        double u = scratch[p] - rate * images[p] * (all - images[p]);
        sum += u * u;
    }
    return sum - own;
}

fc_status fc_design_effect(double *out, bool genuine, const uint32_t *label, size_t n, size_t people,
                           const fc_found_pair *errors, size_t nerrors, fc_error *err)
{
    double *images = calloc(people ? people : 1, sizeof *images),
           *scratch = calloc(people ? people : 1, sizeof *scratch);
    struct dyad *d = malloc(nerrors ? nerrors * sizeof *d : 1);
    double within = 0, pairs, rate, squares, binomial;
    fc_status s = FC_OK;

    *out = 1;
    if (!images || !scratch || !d) {
        s = fc_fail_nomem(err, nerrors * sizeof *d);
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        if (label[i] >= people) {
            s = fc_fail(err, FC_EUSAGE, "label %u of %zu people", label[i], people);
            goto out;
        }
        within += images[label[i]]++;
    }
    pairs = genuine ? within : (double)n * ((double)n - 1) / 2 - within;
    rate = pairs > 0 ? (double)nerrors / pairs : 0;
    if (!(rate > 0 && rate < 1))
        goto out;
    size_t nd = make_dyads(d, label, errors, nerrors);
    squares = genuine ? genuine_squares(images, people, d, nd, rate)
                      : impostor_squares(images, people, d, nd, rate, scratch);
    binomial = rate * (1 - rate) * pairs;
    if (squares > binomial)
        *out = squares / binomial;
out:
    free(d);
    free(scratch);
    free(images);
    return s;
}
