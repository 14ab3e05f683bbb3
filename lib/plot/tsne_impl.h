/* What tsne.c and its kernels share. */
#ifndef FC_PLOT_TSNE_IMPL_H
#define FC_PLOT_TSNE_IMPL_H
#include <stddef.h>

#define FC_TSNE_LANES 8

typedef struct fc_tsne_plane {
    float *x, *y;                        /* [padded], points behind the n-th are far away */
    double *dx, *dy, *vx, *vy, *gx, *gy; /* [n]: gradient parts, velocity, gain */
    size_t n, padded;
} fc_tsne_plane;

typedef struct fc_tsne_kernel {
    float (*squared_distance)(const float *a, const float *b, size_t dim);
    /* Repulsion on all points, not yet divided by the sum of weights, which is returned. */
    double (*repel)(fc_tsne_plane *p);
} fc_tsne_kernel;

extern const fc_tsne_kernel fc_tsne_kernel_avx2, fc_tsne_kernel_base;

#endif
