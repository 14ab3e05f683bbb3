/* The measures of fc_quality by name, for records and tables. */
#ifndef FC_QUALITY_MEASURES_H
#define FC_QUALITY_MEASURES_H
#include <math.h>

#include "facecheck.h"

typedef struct fc_measure {
    const char *name;
    size_t at; /* offset of the double in fc_quality */
    double min, max;
    double best; /* INFINITY: more is better; else the nearer to it, the better */
} fc_measure;
extern const fc_measure fc_measures[]; /* ends with a name of NULL */

static inline double fc_measure_of(const fc_quality *q, const fc_measure *m)
{
    return *(const double *)((const char *)q + m->at);
}

/* More for a photo that is better by this measure. */
static inline double fc_measure_goodness(const fc_measure *m, double v)
{
    return isinf(m->best) ? v : -fabs(v - m->best);
}

static inline void fc_measure_set(fc_quality *q, const fc_measure *m, double v)
{
    *(double *)((char *)q + m->at) = v;
}

#endif
