#include "video/scene.h"

#include <math.h>
#include <string.h>

/* Of some of the pixels from x0, y0 up to x1, y1. */
static void mean_of(double mean[3], const fc_image *img, int x0, int x1, int y0, int y1)
{
    const int step_x = (x1 - x0) / 8 + 1, step_y = (y1 - y0) / 8 + 1;
    int n = 0;

    mean[0] = mean[1] = mean[2] = 0;
    for (int y = y0; y < y1; y += step_y)
        for (int x = x0; x < x1; x += step_x, n++)
            for (int c = 0; c < 3; c++)
                mean[c] += img->rgb[(size_t)y * img->stride + (size_t)x * 3 + (size_t)c];
    for (int c = 0; n && c < 3; c++)
        mean[c] /= n;
}

bool fc_scene_changed(fc_scene *s, const fc_image *img, double threshold)
{
    enum { N = FC_SCENE_CELLS };
    double cell[N * N][3], sum = 0;

    for (int i = 0; i < N * N; i++) {
        const int x = i % N, y = i / N;
        mean_of(cell[i], img, img->w * x / N, img->w * (x + 1) / N, img->h * y / N, img->h * (y + 1) / N);
        for (int c = 0; c < 3; c++)
            sum += fabs(cell[i][c] - s->cell[i][c]);
    }
    if (s->any && sum / (3 * N * N) < threshold)
        return false;
    s->any = true;
    memcpy(s->cell, cell, sizeof cell);
    return true;
}
