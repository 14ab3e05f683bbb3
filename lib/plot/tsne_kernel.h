/*
 * The loops of t-SNE that take its time. Included by tsne_*.c, once for each instruction set, with NAME(f), the
 * function's name for that set. Nothing is fused or reordered: all give the same bits.
 */
#include "plot/tsne_impl.h"

/* Eight at a time on every machine, so that sums have one order. */
#define LANES FC_TSNE_LANES
#include "kernels/simd.h"

static float squared_distance(const float *a, const float *b, size_t dim)
{
    vec lane = {0};
    float sum = 0;
    size_t q = 0;

    for (; q + LANES <= dim; q += LANES) {
        vec d = *(const vec *)(a + q) - *(const vec *)(b + q);
        lane += d * d;
    }
    for (int k = 0; k < LANES; k++)
        sum += lane[k];
    for (; q < dim; q++)
        sum += (a[q] - b[q]) * (a[q] - b[q]);
    return sum;
}

static double repel(fc_tsne_plane *p)
{
    double total = 0;

    for (size_t i = 0; i < p->n; i++) {
        const vec xi = (vec){0} + p->x[i], yi = (vec){0} + p->y[i], one = (vec){0} + 1;
        vec sum = {0}, sx = {0}, sy = {0};
        double s = 0, fx = 0, fy = 0;
        for (size_t j = 0; j < p->padded; j += LANES) {
            vec dx = xi - *(const vec *)(p->x + j), dy = yi - *(const vec *)(p->y + j);
            vec q = one / (one + dx * dx + dy * dy);
            sum += q;
            sx += q * q * dx;
            sy += q * q * dy;
        }
        for (int k = 0; k < LANES; k++) {
            s += (double)sum[k];
            fx += (double)sx[k];
            fy += (double)sy[k];
        }
        total += s - 1; /* the point itself */
        p->dx[i] = -fx;
        p->dy[i] = -fy;
    }
    return total;
}

const fc_tsne_kernel NAME(fc_tsne_kernel) = {squared_distance, repel};
