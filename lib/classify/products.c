#include "classify/products.h"

#include <string.h>

void fc_product(float *c, const float *a, const float *b, size_t n, size_t d, size_t m)
{
    for (size_t i = 0; i < n; i++) {
        float *to = c + i * m;
        memset(to, 0, m * sizeof *to);
        for (size_t k = 0; k < d; k++) {
            const float x = a[i * d + k], *row = b + k * m;
            for (size_t j = 0; j < m; j++)
                to[j] += x * row[j];
        }
    }
}

void fc_transpose(float *b, const float *a, size_t m, size_t d)
{
    for (size_t i = 0; i < m; i++)
        for (size_t k = 0; k < d; k++)
            b[k * m + i] = a[i * d + k];
}
