#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/size.h"
#include "plot/project.h"

enum { ITERATIONS = 300 };

/* w [dim] becomes X^T X w, X the centred vectors; at [n] is scratch, and X w in the end. */
static void multiply(double *w, double *at, const float *v, const double *mean, size_t n, size_t dim)
{
    double shift = 0, sum = 0;

    for (size_t k = 0; k < dim; k++)
        shift += mean[k] * w[k];
    for (size_t i = 0; i < n; i++) {
        double dot = 0;
        for (size_t k = 0; k < dim; k++)
            dot += (double)v[i * dim + k] * w[k];
        at[i] = dot - shift;
        sum += at[i];
    }
    for (size_t k = 0; k < dim; k++)
        w[k] = -mean[k] * sum;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < dim; k++)
            w[k] += (double)v[i * dim + k] * at[i];
}

/* To length one, orthogonal to against (NULL: nothing). False where nothing is left. */
static bool straighten(double *w, const double *against, size_t dim)
{
    double dot = 0, length = 0;

    for (size_t k = 0; against && k < dim; k++)
        dot += w[k] * against[k];
    for (size_t k = 0; against && k < dim; k++)
        w[k] -= dot * against[k];
    for (size_t k = 0; k < dim; k++)
        length += w[k] * w[k];
    length = sqrt(length);
    if (!(length > 1e-12))
        return false;
    for (size_t k = 0; k < dim; k++)
        w[k] /= length;
    return true;
}

fc_status fc_project_pca(double (*out)[2], const float *v, size_t n, size_t dim, fc_error *err)
{
    double *mean = calloc(dim + 1, sizeof *mean),
           *w[2] = {calloc(dim + 1, sizeof **w), calloc(dim + 1, sizeof **w)};
    double *at = calloc(n + 1, sizeof *at), *before = calloc(dim + 1, sizeof *before);
    fc_status s = FC_OK;

    if (!mean || !w[0] || !w[1] || !at || !before) {
        s = fc_fail_nomem(err, (n + 4 * dim) * sizeof *at);
        goto out;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < dim; k++)
            mean[k] += (double)v[i * dim + k] / (double)n;
    for (int c = 0; c < 2; c++) {
        for (size_t k = 0; k < dim; k++)
            w[c][k] = 1 + sin((double)(k + 1) *
                              (c + 1)); /* some direction, not at a right angle to the one wanted */
        bool left = straighten(w[c], c ? w[0] : NULL, dim);
        for (int i = 0; i < ITERATIONS && left; i++) {
            double change = 0;
            for (size_t k = 0; k < dim; k++)
                before[k] = w[c][k];
            multiply(w[c], at, v, mean, n, dim);
            left = straighten(w[c], c ? w[0] : NULL, dim);
            for (size_t k = 0; k < dim && left; k++)
                change += fabs(w[c][k] - before[k]);
            if (change < 1e-10 * (double)dim)
                break;
        }
        size_t largest = 0;
        for (size_t k = 0; k < dim; k++) {
            before[k] = left ? w[c][k] : 0;
            largest = fabs(before[k]) > fabs(before[largest]) ? k : largest;
        }
        const double sign = before[largest] < 0 ? -1 : 1;
        multiply(before, at, v, mean, n, dim);
        for (size_t i = 0; i < n; i++)
            out[i][c] = sign * at[i];
    }
out:
    free(before);
    free(at);
    free(w[1]);
    free(w[0]);
    free(mean);
    return s;
}
