#include "facecheck.h"

#include <math.h>

double fc_fmr_for(double fpir, uint64_t people)
{
    return -expm1(log1p(-fpir) / (double)people);
}

bool fc_curve_threshold(double *threshold, const fc_fmr_curve *c, double fmr)
{
    size_t i = 0;

    while (i + 1 < c->n && c->point[i].fmr > fmr)
        i++;
    *threshold = c->point[i].threshold;
    return c->point[i].fmr <= fmr;
}
