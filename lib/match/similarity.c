#include "match/similarity.h"

#include <math.h>

double fc_dot(const float *a, const float *b, size_t n)
{
    double lane[8] = {0}, sum = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int k = 0; k < 8; k++)
            lane[k] += (double)a[i + (size_t)k] * (double)b[i + (size_t)k];
    for (; i < n; i++)
        lane[i % 8] += (double)a[i] * (double)b[i];
    for (int k = 0; k < 8; k++)
        sum += lane[k];
    return sum;
}

bool fc_normalise(float *v, size_t n)
{
    double length = sqrt(fc_dot(v, v, n));
    if (!(length > 1e-30) || !isfinite(length))
        return false;
    for (size_t i = 0; i < n; i++)
        v[i] = (float)((double)v[i] / length);
    return true;
}

double fc_cosine(const float *a, const float *b, size_t n)
{
    double aa = fc_dot(a, a, n), bb = fc_dot(b, b, n), c;
    if (!(aa > 0 && bb > 0))
        return 0;
    c = fc_dot(a, b, n) / (sqrt(aa) * sqrt(bb));
    return c > 1 ? 1 : c < -1 ? -1 : c;
}

double fc_euclidean(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double d = (double)a[i] - (double)b[i];
        sum += d * d;
    }
    return sqrt(sum);
}
