#include "classify/softmax.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/threads.h"
#include "classify/products.h"
#include "match/similarity.h"

enum { CHUNK = 32 };

fc_status fc_softmax_new(fc_softmax *s, size_t classes, size_t dim, float scale, fc_softmax_margin margin,
                         bool units, int workers, fc_error *err)
{
    const size_t n = classes * dim;

    *s = (fc_softmax){
        .classes = classes, .dim = dim, .scale = scale, .margin = margin, .units = units, .workers = workers};
    s->vector = calloc(n, sizeof *s->vector);
    s->turned = calloc(n, sizeof *s->turned);
    s->bias = units ? NULL : calloc(classes, sizeof *s->bias);
    s->logit = calloc(classes * FC_SOFTMAX_BLOCK, sizeof *s->logit);
    s->lost = calloc(FC_SOFTMAX_BLOCK, sizeof *s->lost);
    s->gradient = calloc(fc_softmax_params(s), sizeof *s->gradient);
    return s->vector && s->turned && (units || s->bias) && s->logit && s->lost && s->gradient
               ? FC_OK
               : fc_fail_nomem(err, n * sizeof *s->vector);
}

void fc_softmax_clear(fc_softmax *s)
{
    free(s->vector);
    free(s->turned);
    free(s->bias);
    free(s->logit);
    free(s->lost);
    free(s->gradient);
    *s = (fc_softmax){0};
}

size_t fc_softmax_params(const fc_softmax *s)
{
    return s->classes * (s->dim + !s->units);
}

void fc_softmax_begin(fc_softmax *s, const float *param)
{
    const size_t n = s->classes * s->dim;

    memcpy(s->vector, param, n * sizeof *s->vector);
    for (size_t k = 0; s->units && k < s->classes; k++)
        fc_normalise(s->vector + k * s->dim, s->dim);
    if (!s->units)
        memcpy(s->bias, param + n, s->classes * sizeof *s->bias);
    fc_transpose(s->turned, s->vector, s->classes, s->dim);
    memset(s->gradient, 0, fc_softmax_params(s) * sizeof *s->gradient);
}

/* ---- rows ---- */

/* What there is to do for some rows. */
struct rows {
    fc_softmax *s;
    const float *x, *weight, *margin;
    const size_t *class;
    float *by_x;
    size_t n;
};

/* The own class's cosine with the margin, and how fast that changes with the cosine. */
static float with_margin(const fc_softmax *s, float v, float margin, float *slope)
{
    const double m = (double)margin, c = fmin(fmax((double)v, -1), 1), sine = sqrt(1 - c * c);

    *slope = 1;
    if (s->margin == FC_MARGIN_COSINE)
        return v - margin;
    if (!(m > 0))
        return v;
    if (c <= -cos(m)) /* past half a turn: on along a line, as ArcFace's own program does */
        return (float)(c - m * sin(m));
    *slope = (float)(cos(m) + c / fmax(sine, 1e-4) * sin(m));
    return (float)(c * cos(m) - sine * sin(m));
}

/* The loss of a row, and its gradient in place of the cosines. */
static double loss_of_row(const fc_softmax *s, float *v, size_t class, float margin, float weight)
{
    const size_t n = s->classes;
    float most, slope;
    double sum = 0;

    v[class] = with_margin(s, v[class], margin, &slope);
    most = v[0];
    for (size_t k = 1; k < n; k++)
        most = v[k] > most ? v[k] : most;
    const float own = v[class];
    for (size_t k = 0; k < n; k++) {
        v[k] = expf(s->scale * (v[k] - most));
        sum += (double)v[k];
    }
    const float scale = weight * s->scale / (float)sum;
    for (size_t k = 0; k < n; k++)
        v[k] *= scale;
    v[class] -= weight * s->scale;
    v[class] *= slope;
    return (log(sum) - (double)(s->scale * (own - most))) * (double)weight;
}

void fc_softmax_scores(const fc_softmax *s, const float *x, float *v)
{
    fc_product(v, x, s->turned, 1, s->dim, s->classes);
    for (size_t k = 0; s->bias && k < s->classes; k++)
        v[k] += s->bias[k];
}

/* Cosines, loss, gradient by them, and by the rows. */
static void do_rows(void *ctx, size_t chunk)
{
    const struct rows *r = ctx;
    fc_softmax *s = r->s;
    const size_t first = chunk * CHUNK, left = r->n - first, n = left < CHUNK ? left : CHUNK;
    float *v = s->logit + first * s->classes;

    fc_product(v, r->x + first * s->dim, s->turned, n, s->dim, s->classes);
    for (size_t i = 0; i < n; i++) {
        const size_t at = first + i;
        for (size_t k = 0; s->bias && k < s->classes; k++)
            v[i * s->classes + k] += s->bias[k];
        s->lost[at] = loss_of_row(s, v + i * s->classes, r->class[at], r -> margin[at], r -> weight[at]);
    }
    if (r->by_x)
        fc_product(r->by_x + first * s->dim, v, s->vector, n, s->classes, s->dim);
}

/* The gradient by one class's vector grows by the rows' part. */
static void do_class(void *ctx, size_t k)
{
    const struct rows *r = ctx;
    fc_softmax *s = r->s;
    float *to = s->gradient + k * s->dim;

    for (size_t i = 0; i < r->n; i++) {
        const float g = s->logit[i * s->classes + k], *x = r->x + i * s->dim;
        for (size_t d = 0; d < s->dim; d++)
            to[d] += g * x[d];
        if (s->bias)
            s->gradient[s->classes * s->dim + k] += g;
    }
}

fc_status fc_softmax_add(fc_softmax *s, const float *x, const size_t *class, const float *weight,
                         const float *margin, size_t n, double *loss, float *by_x, fc_error *err)
{
    struct rows r = {s, x, weight, margin, class, by_x, n};
    fc_status st = fc_each((n + CHUNK - 1) / CHUNK, s->workers, do_rows, &r, err);

    if (!st)
        st = fc_each(s->classes, s->workers, do_class, &r, err);
    for (size_t i = 0; i < n; i++)
        *loss += s->lost[i];
    return st;
}

/* From the gradient by a unit vector to that by the vector which it is made of. */
void fc_softmax_end(fc_softmax *s, const float *param)
{
    for (size_t k = 0; s->units && k < s->classes; k++) {
        float *g = s->gradient + k * s->dim;
        const float *u = s->vector + k * s->dim, *p = param + k * s->dim;
        const double along = fc_dot(g, u, s->dim), length = sqrt(fc_dot(p, p, s->dim));
        for (size_t d = 0; d < s->dim; d++)
            g[d] = (float)(((double)g[d] - along * (double)u[d]) / length);
    }
}
