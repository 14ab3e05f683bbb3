#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/random.h"
#include "base/size.h"
#include "plot/project.h"
#include "plot/tsne_impl.h"

enum { EXAGGERATED = 250 };
static const double exaggeration = 12;

struct near {
    uint32_t index;
    float d2; /* squared distance */
    double p;
};

static const fc_tsne_kernel *best_kernel(void)
{
#ifdef __x86_64__
    if (fc_cpu_has(FC_ISA_AVX2))
        return &fc_tsne_kernel_avx2;
#endif
    return &fc_tsne_kernel_base;
}

/* Row's width, so that the distribution over its k neighbours has this perplexity; sets p, which sums to one. */
static void set_width(struct near *row, size_t k, double perplexity)
{
    double beta = 1, low = 0, high = INFINITY, sum = 0;

    for (int i = 0; i < 100; i++) {
        double entropy = 0;
        sum = 0;
        for (size_t j = 0; j < k; j++) {
            row[j].p = exp(-beta * (double)(row[j].d2 - row[0].d2));
            sum += row[j].p;
            entropy += row[j].p * beta * (double)(row[j].d2 - row[0].d2);
        }
        entropy = log(sum) + entropy / sum;
        if (fabs(entropy - log(perplexity)) < 1e-7)
            break;
        if (entropy > log(perplexity)) {
            low = beta;
            beta = isinf(high) ? beta * 2 : (beta + high) / 2;
        } else {
            high = beta;
            beta = (beta + low) / 2;
        }
    }
    for (size_t j = 0; j < k; j++)
        row[j].p /= sum;
}

/* The k nearest of each, nearest first, with their probabilities; near [n][k]. */
static void find_near(struct near *near, const float *v, size_t n, size_t dim, size_t k, double perplexity)
{
    const fc_tsne_kernel *kernel = best_kernel();

    for (size_t i = 0; i < n; i++) {
        struct near *row = near + i * k;
        size_t m = 0;
        for (size_t j = 0; j < n; j++) {
            float d2 = j == i ? INFINITY : kernel->squared_distance(v + i * dim, v + j * dim, dim);
            if (j == i || (m == k && d2 >= row[k - 1].d2))
                continue;
            size_t at = m < k ? m++ : k - 1;
            for (; at > 0 && row[at - 1].d2 > d2; at--)
                row[at] = row[at - 1];
            row[at] = (struct near){(uint32_t)j, d2, 0};
        }
        set_width(row, k, perplexity);
    }
}

static void step(fc_tsne_plane *p, const struct near *near, const size_t *first, double push, double rate,
                 double momentum)
{
    const double total = best_kernel()->repel(p);
    double mx = 0, my = 0;

    for (size_t i = 0; i < p->n; i++) {
        double fx = p->dx[i] / total, fy = p->dy[i] / total;
        for (size_t k = first[i]; k < first[i + 1]; k++) {
            const double dx = (double)p->x[i] - (double)p->x[near[k].index],
                         dy = (double)p->y[i] - (double)p->y[near[k].index];
            const double w = push * near[k].p / (1 + dx * dx + dy * dy);
            fx += w * dx;
            fy += w * dy;
        }
        p->dx[i] = 4 * fx;
        p->dy[i] = 4 * fy;
    }
    for (size_t i = 0; i < p->n; i++) {
        /* Gains grow while the direction is kept (Jacobs 1988). */
        p->gx[i] = (p->dx[i] > 0) != (p->vx[i] > 0) ? p->gx[i] + 0.2 : fmax(p->gx[i] * 0.8, 0.01);
        p->gy[i] = (p->dy[i] > 0) != (p->vy[i] > 0) ? p->gy[i] + 0.2 : fmax(p->gy[i] * 0.8, 0.01);
        p->vx[i] = momentum * p->vx[i] - rate * p->gx[i] * p->dx[i];
        p->vy[i] = momentum * p->vy[i] - rate * p->gy[i] * p->dy[i];
        p->x[i] += (float)p->vx[i];
        p->y[i] += (float)p->vy[i];
        mx += (double)p->x[i];
        my += (double)p->y[i];
    }
    for (size_t i = 0; i < p->n; i++) {
        p->x[i] -= (float)(mx / (double)p->n);
        p->y[i] -= (float)(my / (double)p->n);
    }
}

/* p_ij = (p_j|i + p_i|j) / 2n as rows of neighbours; *out [first[n]], first [n + 1]. */
static fc_status make_symmetric(struct near **out, size_t *first, const struct near *near, size_t n, size_t k,
                                fc_error *err)
{
    struct near *rows = calloc(2 * n * k + 1, sizeof *rows);
    size_t *at = calloc(n + 2, sizeof *at), m = 0;

    if (!rows || !at) {
        free(rows);
        free(at);
        return fc_fail_nomem(err, 2 * n * k * sizeof *rows);
    }
    for (size_t i = 0; i < n * k; i++) {
        at[i / k + 2]++;
        at[near[i].index + 2]++;
    }
    for (size_t i = 0; i < n; i++)
        at[i + 2] += at[i + 1];
    for (size_t i = 0; i < n * k; i++) { /* at[i + 1] is where row i goes on */
        rows[at[i / k + 1]++] = near[i];
        rows[at[near[i].index + 1]++] = (struct near){(uint32_t)(i / k), near[i].d2, near[i].p};
    }
    /* Rows in the order of their neighbours, those that come twice together. */
    for (size_t i = 0; i < n; i++) {
        const size_t from = at[i], to = at[i + 1];
        first[i] = m;
        for (size_t a = from + 1; a < to; a++)
            for (size_t b = a; b > from && rows[b - 1].index > rows[b].index; b--) {
                struct near swap = rows[b];
                rows[b] = rows[b - 1];
                rows[b - 1] = swap;
            }
        for (size_t a = from; a < to; a++) {
            if (m > first[i] && rows[m - 1].index == rows[a].index)
                rows[m - 1].p += rows[a].p / (2 * (double)n);
            else {
                rows[m] = rows[a];
                rows[m++].p = rows[a].p / (2 * (double)n);
            }
        }
    }
    first[n] = m;
    free(at);
    *out = rows;
    return FC_OK;
}

static fc_status plane_new(fc_tsne_plane *p, size_t n, fc_error *err)
{
    p->n = n;
    p->padded = (n + FC_TSNE_LANES - 1) / FC_TSNE_LANES * FC_TSNE_LANES;
    p->x = malloc(2 * p->padded * sizeof *p->x);
    p->dx = calloc(6 * n, sizeof *p->dx);
    if (!p->x || !p->dx)
        return fc_fail_nomem(err, 6 * n * sizeof *p->dx);
    p->y = p->x + p->padded;
    p->dy = p->dx + n;
    p->vx = p->dy + n;
    p->vy = p->vx + n;
    p->gx = p->vy + n;
    p->gy = p->gx + n;
    for (size_t i = 0; i < p->padded; i++)
        p->x[i] = p->y[i] = 1e15f; /* adds nothing to any sum */
    for (size_t i = 0; i < n; i++)
        p->gx[i] = p->gy[i] = 1;
    return FC_OK;
}

/* The principal components, scaled to a spread of 1e-4, so that no force is far away at first. */
static fc_status start(fc_tsne_plane *p, double (*out)[2], const float *v, size_t dim, uint64_t seed,
                       fc_error *err)
{
    double spread = 0;
    fc_status s = fc_project_pca(out, v, p->n, dim, err);

    for (size_t i = 0; i < p->n && !s; i++)
        spread += out[i][0] * out[i][0] / (double)p->n;
    spread = sqrt(spread) > 1e-12 ? sqrt(spread) : 1;
    for (size_t i = 0; i < p->n && !s; i++) {
        const double a = fc_random_fraction(&seed) - 0.5, b = fc_random_fraction(&seed) - 0.5;
        p->x[i] = (float)(1e-4 * out[i][0] / spread + 1e-6 * a);
        p->y[i] = (float)(1e-4 * out[i][1] / spread + 1e-6 * b);
    }
    return s;
}

fc_status fc_project_tsne(double (*out)[2], const float *v, size_t n, size_t dim, const fc_tsne_options *opt,
                          fc_error *err)
{
    double perplexity = opt->perplexity < (double)(n - 1) / 3 ? opt->perplexity : (double)(n - 1) / 3;
    size_t k = (size_t)ceil(3 * perplexity), *first = NULL;
    struct near *near = NULL, *rows = NULL;
    fc_tsne_plane p = {0};
    fc_status s;

    if (n < 4)
        return fc_project_pca(out, v, n, dim, err);
    if (n > FC_TSNE_MAX)
        return fc_fail(err, FC_ELIMIT, "t-SNE of %zu points: at most %d", n, FC_TSNE_MAX);
    k = k > n - 1 ? n - 1 : k;
    near = calloc(n * k, sizeof *near);
    first = calloc(n + 1, sizeof *first);
    if (!near || !first)
        s = fc_fail_nomem(err, n * k * sizeof *near);
    else
        s = plane_new(&p, n, err);
    if (s)
        goto out;
    find_near(near, v, n, dim, k, perplexity);
    if ((s = make_symmetric(&rows, first, near, n, k, err)) || (s = start(&p, out, v, dim, opt->seed, err)))
        goto out;
    const double rate = (double)n / exaggeration > 50 ? (double)n / exaggeration : 50;
    for (int i = 0; i < opt->iterations; i++) {
        step(&p, rows, first, i < EXAGGERATED ? exaggeration : 1, rate, i < EXAGGERATED ? 0.5 : 0.8);
        if (opt->progress && !opt->progress(opt->ctx, i + 1, opt->iterations))
            break;
    }
    for (size_t i = 0; i < n; i++) {
        out[i][0] = (double)p.x[i];
        out[i][1] = (double)p.y[i];
    }
out:
    free(p.dx);
    free(p.x);
    free(rows);
    free(first);
    free(near);
    return s;
}
