/* The measures of fc_quality by name, for records and tables. */
#ifndef FC_QUALITY_MEASURES_H
#define FC_QUALITY_MEASURES_H
#include "facecheck.h"

typedef struct fc_measure {
    const char *name;
    size_t at; /* offset of the double in fc_quality */
    double min, max;
} fc_measure;
extern const fc_measure fc_measures[]; /* ends with a name of NULL */

static inline double fc_measure_of(const fc_quality *q, const fc_measure *m)
{
    return *(const double *)((const char *)q + m->at);
}

static inline void fc_measure_set(fc_quality *q, const fc_measure *m, double v)
{
    *(double *)((char *)q + m->at) = v;
}

#endif
