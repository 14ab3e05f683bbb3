#include "kernels/winograd.h"

void fc_winograd_weights(float *to, int step, const float *w, int m)
{
    static const double g3[5][3] = {{0.5, 0, 0},
                                    {-0.5, -0.5, -0.5},
                                    {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                                    {1.0 / 6, 1.0 / 3, 2.0 / 3},
                                    {0, 0, 1}};
    static const double g4[6][3] = {{1.0 / 4, 0, 0},
                                    {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                                    {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                                    {1.0 / 24, 1.0 / 12, 1.0 / 6},
                                    {1.0 / 24, -1.0 / 12, 1.0 / 6},
                                    {0, 0, 1}};
    const double(*g)[3] = m == 3 ? g3 : g4;
    const int side = m + 2;

    for (int i = 0; i < side; i++) {
        double row[3];
        for (int k = 0; k < 3; k++)
            row[k] = g[i][0] * (double)w[k] + g[i][1] * (double)w[3 + k] + g[i][2] * (double)w[6 + k];
        for (int j = 0; j < side; j++, to += step)
            *to = (float)(row[0] * g[j][0] + row[1] * g[j][1] + row[2] * g[j][2]);
    }
}

int fc_winograd_products(int n, int m)
{
    return (n + m - 1) / m * (m + 2);
}
