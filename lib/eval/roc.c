#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/size.h"
#include "facecheck.h"
#include "base/stats.h"

void fc_roc_clear(fc_roc *r)
{
    free(r->point);
    *r = (fc_roc){0};
}

static fc_status reserve(fc_roc *r, size_t n, fc_error *err)
{
    size_t bytes;

    *r = (fc_roc){0};
    if (!fc_add(n, 1, &n) || !fc_mul(n, sizeof *r->point, &bytes) || !(r->point = malloc(bytes)))
        return fc_fail_nomem(err, n);
    r->point[r->n++] = (fc_roc_point){.threshold = INFINITY};
    return FC_OK;
}

static fc_status want_both(const fc_roc *r, fc_error *err)
{
    if (r->genuine && r->impostor)
        return FC_OK;
    return fc_fail(err, FC_EDATA,
                   "a curve wants comparisons of both kinds: there are %llu genuine and %llu impostor",
                   (unsigned long long)r->genuine, (unsigned long long)r->impostor);
}

/* A copy of v, sorted. */
static fc_status sorted(double **out, const double *v, size_t n, fc_error *err)
{
    double *copy;

    for (size_t i = 0; i < n; i++)
        if (isnan(v[i]))
            return fc_fail(err, FC_EDATA, "score %zu is not a number", i);
    if (!(copy = malloc(n * sizeof *copy)))
        return fc_fail_nomem(err, n * sizeof *copy);
    for (size_t i = 0; i < n; i++)
        copy[i] = v[i];
    fc_sort(copy, n);
    *out = copy;
    return FC_OK;
}

fc_status fc_roc_from_scores(fc_roc *out, const double *genuine, size_t ngenuine, const double *impostor,
                             size_t nimpostor, fc_error *err)
{
    double *g = NULL, *f = NULL;
    size_t i = ngenuine, j = nimpostor, n;
    fc_status s;

    *out = (fc_roc){.genuine = ngenuine, .impostor = nimpostor};
    if ((s = want_both(out, err)) || (s = sorted(&g, genuine, ngenuine, err)) ||
        (s = sorted(&f, impostor, nimpostor, err)))
        goto out;
    if (!fc_add(ngenuine, nimpostor, &n)) {
        s = fc_fail_nomem(err, SIZE_MAX);
        goto out;
    }
    if ((s = reserve(out, n, err)))
        goto out;
    out->genuine = ngenuine;
    out->impostor = nimpostor;
    while (i || j) {
        double t = i && (!j || g[i - 1] > f[j - 1]) ? g[i - 1] : f[j - 1];
        while (i && g[i - 1] == t)
            i--;
        while (j && f[j - 1] == t)
            j--;
        out->point[out->n++] = (fc_roc_point){t, ngenuine - i, nimpostor - j};
    }
out:
    free(f);
    free(g);
    return s;
}

fc_status fc_roc_from_counts(fc_roc *out, const double *edge, const uint64_t *genuine,
                             const uint64_t *impostor, size_t n, fc_error *err)
{
    fc_status s = reserve(out, n, err);

    for (size_t i = n; !s && i-- > 0;) {
        if (!genuine[i] && !impostor[i])
            continue;
        out->genuine += genuine[i];
        out->impostor += impostor[i];
        out->point[out->n++] = (fc_roc_point){edge[i], out->genuine, out->impostor};
    }
    if (!s && (s = want_both(out, err)))
        fc_roc_clear(out);
    return s;
}

double fc_roc_auc(const fc_roc *r)
{
    /* Trapezoids; in long double, whose 64 bits hold the products that arise. */
    long double twice = 0;

    for (size_t i = 1; i < r->n; i++) {
        const fc_roc_point *a = &r->point[i - 1], *b = &r->point[i];
        twice += (long double)(b->impostor - a->impostor) * (long double)(a->genuine + b->genuine);
    }
    return (double)(twice / 2 / (long double)r->genuine / (long double)r->impostor);
}

fc_eer fc_roc_eer(const fc_roc *r)
{
    double fmr0 = 0, fnmr0 = 1;

    for (size_t i = 1; i < r->n; i++) {
        double fmr = (double)r->point[i].impostor / (double)r->impostor;
        double fnmr = (double)(r->genuine - r->point[i].genuine) / (double)r->genuine;
        if (fmr >= fnmr) {
            /* fmr - fnmr goes from below zero to zero or above. */
            double below = fnmr0 - fmr0, above = fmr - fnmr, at = below / (below + above);
            double t = r->point[i].threshold, t0 = r->point[i - 1].threshold;
            return (fc_eer){fmr0 + at * (fmr - fmr0), isfinite(t) && isfinite(t0) ? t0 + at * (t - t0) : t};
        }
        fmr0 = fmr;
        fnmr0 = fnmr;
    }
    return (fc_eer){1, -INFINITY}; /* not reached: the last point has fmr 1 and fnmr 0 */
}

static fc_operating_point at(const fc_roc *r, size_t i)
{
    const fc_roc_point *p = &r->point[i];
    return (fc_operating_point){
        .threshold = p->threshold,
        .genuine = p->genuine,
        .impostor = p->impostor,
        .ngenuine = r->genuine,
        .nimpostor = r->impostor,
        .tar = (double)p->genuine / (double)r->genuine,
        .far = (double)p->impostor / (double)r->impostor,
        .tar_interval = fc_clopper_pearson(p->genuine, r->genuine, FC_CONFIDENCE),
        .far_interval = fc_clopper_pearson(p->impostor, r->impostor, FC_CONFIDENCE),
    };
}

bool fc_roc_shows_far(const fc_roc *r, double far)
{
    return fc_allowed(far, r->impostor) > 0;
}

fc_operating_point fc_roc_at_far(const fc_roc *r, double far)
{
    const uint64_t most = fc_allowed(far, r->impostor);
    size_t i = 0;

    /* -INFINITY is no threshold: what could not be compared is never accepted. */
    while (i + 1 < r->n && r->point[i + 1].impostor <= most && isfinite(r->point[i + 1].threshold))
        i++;
    return at(r, i);
}

fc_operating_point fc_roc_at_threshold(const fc_roc *r, double threshold)
{
    size_t i = 0;

    while (i + 1 < r->n && r->point[i + 1].threshold >= threshold && isfinite(r->point[i + 1].threshold))
        i++;
    fc_operating_point p = at(r, i);
    p.threshold = threshold;
    return p;
}
