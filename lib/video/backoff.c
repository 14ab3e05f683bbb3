#include "video/backoff.h"

#include <math.h>

#include "base/random.h"

fc_backoff fc_backoff_of(const char *name, double most)
{
    fc_backoff b = {.seed = 14695981039346656037u, .most = most};

    for (; *name; name++) /* FNV-1a */
        b.seed = (b.seed ^ (uint8_t)*name) * 1099511628211u;
    return b;
}

double fc_backoff_next(fc_backoff *b)
{
    const double whole = fmin(ldexp(1, b->failed), b->most);
    const double share = fc_random_fraction(&b->seed);

    if (b->failed < 32)
        b->failed++;
    return whole * (1 + share) / 2;
}
