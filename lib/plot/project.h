/*
 * Many numbers to two: where vectors lie in the plane. Both ways give the same bits for the same input on every
 * machine with the same arithmetic, whatever its vector length.
 */
#ifndef FC_PLOT_PROJECT_H
#define FC_PLOT_PROJECT_H
#include "facecheck.h"

/* Principal components: the two directions of greatest variance, by subspace iteration. v [n][dim], out [n][2]. A
 * direction's sign is such that its largest component is positive. n >= 1. */
fc_status fc_project_pca(double (*out)[2], const float *v, size_t n, size_t dim, fc_error *err);

typedef struct fc_tsne_options {
    double perplexity; /* at most (n - 1) / 3 is used */
    int iterations;
    uint64_t seed;
    /* May be NULL. Returns false to stop. */
    bool (*progress)(void *ctx, int done, int total);
    void *ctx;
} fc_tsne_options;
#define FC_TSNE_DEFAULTS ((fc_tsne_options){30, 1000, 1, NULL, NULL})

/* t-SNE (van der Maaten and Hinton 2008): attraction between the 3 * perplexity nearest neighbours (van der Maaten
 * 2014), repulsion between all points, exact; early exaggeration 12 for 250 iterations, rate n / 12 (Belkina et al.
 * 2019), start from the principal components (Kobak and Berens 2019) and a trace of noise. Time grows with n squared. */
fc_status fc_project_tsne(double (*out)[2], const float *v, size_t n, size_t dim, const fc_tsne_options *opt,
                          fc_error *err);
enum { FC_TSNE_MAX = 20000 }; /* points */

#endif
