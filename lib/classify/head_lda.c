/* Linear discriminants: the covariance within people, undone. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "classify/head_kinds.h"

/* What is gathered of the background. */
struct within {
    size_t dim, people, photos; /* of people with two photos or more */
    double *mean;               /* [dim], of all of these photos */
    double *cov;                /* [dim][dim] */
    double *rest;               /* [photos][dim]: each photo less its person's mean */
};

static void within_clear(struct within *w)
{
    free(w->mean);
    free(w->cov);
    free(w->rest);
}

static fc_status within_new(struct within *w, const fc_head_set *s, fc_error *err)
{
    *w = (struct within){.dim = s->dim};
    for (size_t p = 0; p < s->people; p++) {
        const size_t n = s->shot[p + 1] - s->shot[p];
        w->people += n > 1;
        w->photos += n > 1 ? n : 0;
    }
    if (w->people < FC_HEAD_LDA_PEOPLE)
        return fc_fail(err, FC_EDATA, "lda: a background of %zu people with two photos or more; it wants %d",
                       w->people, FC_HEAD_LDA_PEOPLE);
    w->mean = calloc(w->dim, sizeof *w->mean);
    w->cov = calloc(w->dim * w->dim, sizeof *w->cov);
    w->rest = calloc(w->photos * w->dim, sizeof *w->rest);
    return w->mean && w->cov && w->rest ? FC_OK : fc_fail_nomem(err, w->photos * w->dim * sizeof *w->rest);
}

/* to: the next free row of rest. */
static fc_status gather_person(struct within *w, const fc_head_set *s, size_t person, double *to,
                               fc_error *err)
{
    const size_t n = s->shot[person + 1] - s->shot[person], dim = w->dim;
    float *v = malloc(n * dim * sizeof *v);
    bool *use = malloc(n * sizeof *use);
    double *sum = malloc(n * dim * sizeof *sum);
    const fc_status st = v && use && sum ? FC_OK : fc_fail_nomem(err, n * dim * sizeof *sum);

    if (!st) {
        fc_head_shots(s, person, s->x, dim, NULL, v, use, sum);
        for (size_t k = 0; k < dim; k++) {
            double mean = 0;
            for (size_t i = 0; i < n; i++)
                mean += (double)v[i * dim + k] / (double)n;
            for (size_t i = 0; i < n; i++)
                to[i * dim + k] = (double)v[i * dim + k] - mean;
            w->mean[k] += mean * (double)n / (double)w->photos;
        }
    }
    free(v);
    free(use);
    free(sum);
    return st;
}

static fc_status gather(struct within *w, const fc_head_set *s, fc_error *err)
{
    fc_status st = FC_OK;
    double *to = w->rest;

    for (size_t p = 0; !st && p < s->people; p++)
        if (s->shot[p + 1] - s->shot[p] > 1) {
            st = gather_person(w, s, p, to, err);
            to += (s->shot[p + 1] - s->shot[p]) * w->dim;
        }
    return st;
}

/* The covariance, one degree of freedom a person less. */
static void cover(struct within *w)
{
    const size_t dim = w->dim;
    const double scale = 1 / (double)(w->photos - w->people);

    for (size_t i = 0; i < w->photos; i++) {
        const double *d = w->rest + i * dim;
        for (size_t a = 0; a < dim; a++)
            for (size_t b = 0; b <= a; b++)
                w->cov[a * dim + b] += scale * d[a] * d[b];
    }
    for (size_t a = 0; a < dim; a++)
        for (size_t b = a + 1; b < dim; b++)
            w->cov[a * dim + b] = w->cov[b * dim + a];
}

/* The share of a sphere that the covariance is mixed with: Ledoit and Wolf's, from how much the photos' own products differ
 * from it. */
static double shrinkage(const struct within *w)
{
    const size_t dim = w->dim;
    const double n = (double)(w->photos - w->people);
    double trace = 0, square = 0, noise = 0;

    for (size_t a = 0; a < dim; a++) {
        trace += w->cov[a * dim + a];
        for (size_t b = 0; b < dim; b++)
            square += w->cov[a * dim + b] * w->cov[a * dim + b];
    }
    for (size_t i = 0; i < w->photos; i++) { /* |dd' - S|^2 = (d'd)^2 - 2 d'Sd + |S|^2 */
        const double *d = w->rest + i * dim;
        double length = 0, form = 0;
        for (size_t a = 0; a < dim; a++) {
            double row = 0;
            for (size_t b = 0; b < dim; b++)
                row += w->cov[a * dim + b] * d[b];
            form += row * d[a];
            length += d[a] * d[a];
        }
        noise += length * length - 2 * form + square;
    }
    const double distance = square - trace * trace / (double)dim;
    return distance > 0 ? fmin(1, fmax(0, noise / (n * n) / distance)) : 1;
}

static void shrink(struct within *w)
{
    const size_t dim = w->dim;
    const double share = shrinkage(w);
    double trace = 0;

    for (size_t a = 0; a < dim; a++)
        trace += w->cov[a * dim + a];
    for (size_t a = 0; a < dim; a++)
        for (size_t b = 0; b < dim; b++)
            w->cov[a * dim + b] =
                (1 - share) * w->cov[a * dim + b] + (a == b ? share * trace / (double)dim : 0);
}

/* The covariance becomes its lower Cholesky factor. false: it has none. */
static bool factor(double *c, size_t dim)
{
    for (size_t a = 0; a < dim; a++)
        for (size_t b = 0; b <= a; b++) {
            double sum = c[a * dim + b];
            for (size_t k = 0; k < b; k++)
                sum -= c[a * dim + k] * c[b * dim + k];
            if (a == b && !(sum > 0))
                return false;
            c[a * dim + b] = a == b ? sqrt(sum) : sum / c[b * dim + b];
        }
    return true;
}

/* The layer that solves L y = x - mean: L's inverse, column by column, by substitution. */
static void invert(fc_head_layer *to, const struct within *w)
{
    const size_t dim = w->dim;
    const double *l = w->cov;

    for (size_t column = 0; column < dim; column++) {
        double y[FC_MAX_DIM] = {0};
        for (size_t a = column; a < dim; a++) {
            double sum = a == column;
            for (size_t k = column; k < a; k++)
                sum -= l[a * dim + k] * y[k];
            y[a] = sum / l[a * dim + a];
            to->weight[a * dim + column] = (float)y[a];
        }
    }
    for (size_t a = 0; a < dim; a++) {
        double sum = 0;
        for (size_t k = 0; k <= a; k++)
            sum -= (double)to->weight[a * dim + k] * w->mean[k];
        to->bias[a] = (float)sum;
    }
}

static fc_status make_layer(fc_head *h, const fc_head_set *background, fc_error *err)
{
    struct within w;
    fc_status st = within_new(&w, background, err);

    if (!st)
        st = gather(&w, background, err);
    if (!st) {
        cover(&w);
        shrink(&w);
        st = factor(w.cov, w.dim) ? fc_head_add_layer(h, w.dim, w.dim, err)
                                  : fc_fail(err, FC_EDATA, "lda: the background's photos do not differ");
    }
    if (!st)
        invert(&h->layer[0], &w);
    within_clear(&w);
    return st;
}

static fc_status copy_layer(fc_head *h, const fc_head_layer *l, fc_error *err)
{
    const fc_status s = fc_head_add_layer(h, l->in, l->out, err);

    if (!s) {
        memcpy(h->layer[0].weight, l->weight, l->in * l->out * sizeof *l->weight);
        memcpy(h->layer[0].bias, l->bias, l->out * sizeof *l->bias);
    }
    return s;
}

fc_status fc_head_make_lda(fc_head *h, const fc_head_job *job, fc_head_report *report, fc_error *err)
{
    fc_status s;

    if (job->background.n)
        s = make_layer(h, &job->background, err);
    else if (job->in->old)
        s = copy_layer(h, &job->in->old->layer[0], err);
    else
        s = fc_fail(err, FC_EDATA,
                    "lda: no photos of other people (a background) to learn from what differs "
                    "between photos of one");
    if (!s)
        s = fc_head_put_means(h, &job->set, false, err);
    return s ? s : fc_head_leave_one_out(h, &job->set, report, err);
}
