#include "match/decide.h"

#include <math.h>
#include <stdlib.h>

#include "facecheck.h"

#define STEPS 1e6 /* of a unit */

double fc_decimal(double v)
{
    return isfinite(v) ? round(v * STEPS) / STEPS + 0.0 : v;
}

bool fc_accepts(double score, double threshold)
{
    return isfinite(score) && fc_decimal(score) >= fc_decimal(threshold);
}

bool fc_accepts_distance(double distance, double threshold)
{
    return isfinite(distance) && fc_decimal(distance) <= fc_decimal(threshold);
}

double fc_distance_at(double cosine)
{
    return fc_decimal(sqrt(fmax(2 - 2 * cosine, 0)));
}

uint64_t fc_allowed(double rate, uint64_t impostors)
{
    return (uint64_t)(rate * (double)impostors * (1 + 1e-12)); /* 0.001 is a little less than a thousandth */
}

size_t fc_allowed_above(double rate, size_t n)
{
    const size_t most = fc_allowed(rate, n + 1);

    return most ? most - 1 : 0;
}

double fc_threshold_above(double score)
{
    return (round(score * STEPS) + 1) / STEPS;
}

/* What is never accepted comes last. */
static double rank_of(double score)
{
    return isfinite(score) ? score : -INFINITY;
}

static int by_rank(const void *a, const void *b)
{
    const double x = rank_of(*(const double *)a), y = rank_of(*(const double *)b);
    return x < y ? 1 : x > y ? -1 : 0;
}

double fc_threshold_of(const double *falling, size_t n, size_t most)
{
    return most >= n || !isfinite(falling[most]) ? -1 : fc_threshold_above(falling[most]);
}

double fc_threshold_for(double *scores, size_t n, size_t most)
{
    if (n > 1)
        qsort(scores, n, sizeof *scores, by_rank);
    return fc_threshold_of(scores, n, most);
}
