#include "nn/fold.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"

void fc_fold_clear(fc_folder *f)
{
    free(f->factor);
    free(f->shift);
    free(f->scaled);
}

fc_status fc_fold_take(fc_folder *f, void **out, size_t count, size_t size)
{
    size_t bytes;

    *out = fc_mul(count, size, &bytes) ? fc_arena_take(f->arena, bytes) : NULL;
    return *out ? FC_OK : fc_fail_nomem(f->err, count);
}

size_t fc_fold_padded(int channels)
{
    return ((size_t)channels + FC_NHWC_PAD - 1) / FC_NHWC_PAD * FC_NHWC_PAD;
}

fc_status fc_fold_slopes(fc_folder *f, const float **out, int activation)
{
    const fc_node *n;
    const float *from;
    void *to;
    fc_status s;

    *out = NULL;
    if (activation < 0)
        return FC_OK;
    n = fc_graph_node(f->g, activation);
    s = fc_fold_take(f, &to, fc_fold_padded(n->c), sizeof(float));
    if (s)
        return s;
    *out = to;
    if (n->op == FC_OP_RELU)
        return FC_OK;
    s = fc_weights_f32(f->w, n->weight, (size_t)n->c, &from, f->err);
    if (!s)
        memcpy(to, from, (size_t)n->c * sizeof(float));
    return s;
}

fc_status fc_fold_batchnorm(fc_folder *f, int channels, const char *bias, int batchnorm, float scale)
{
    static const char *const suffix[] = {"weight", "bias", "running_mean", "running_var"};
    const float *b = NULL, *bn[4] = {0};
    int parts = 0;
    const fc_node *n = NULL;
    fc_status s;

    if (channels > f->channels) {
        free(f->factor);
        free(f->shift);
        f->factor = calloc((size_t)channels, sizeof(float));
        f->shift = calloc((size_t)channels, sizeof(float));
        f->channels = channels;
        if (!f->factor || !f->shift)
            return fc_fail_nomem(f->err, (size_t)channels * sizeof(float));
    }
    if (*bias) {
        s = fc_weights_f32(f->w, bias, (size_t)channels, &b, f->err);
        if (s)
            return s;
    }
    if (batchnorm >= 0) {
        n = fc_graph_node(f->g, batchnorm);
        parts = n->bare ? 2 : 4;
        for (int i = 0; i < parts; i++) {
            char name[128];
            snprintf(name, sizeof name, "%s.%s", n->weight, suffix[i]);
            s = fc_weights_f32(f->w, name, (size_t)channels, &bn[i], f->err);
            if (s)
                return s;
        }
    }
    for (int i = 0; i < channels; i++) {
        double factor = 1, shift = b ? b[i] : 0;
        if (parts == 2) {
            factor = bn[0][i];
            shift = shift * factor + bn[1][i];
        } else if (parts) {
            factor = bn[0][i] / sqrt((double)bn[3][i] + n->alpha);
            shift = (shift - bn[2][i]) * factor + bn[1][i];
        }
        f->factor[i] = (float)(factor * scale);
        f->shift[i] = (float)(shift * scale);
    }
    return FC_OK;
}

fc_status fc_fold_weights(fc_folder *f, const float **out, const fc_node *n, size_t each)
{
    size_t count;
    const float *from;
    fc_status s;

    *out = NULL;
    if (!fc_mul((size_t)n->c, each, &count) || count > SIZE_MAX / sizeof(float))
        return fc_fail(f->err, FC_EMODEL, "%s: too large", n->weight);
    s = fc_weights_f32(f->w, n->weight, count, &from, f->err);
    if (s)
        return s;
    bool same = true;
    for (int i = 0; i < n->c && same; i++)
        same = f->factor[i] == 1;
    if (same) {
        *out = from;
        return FC_OK;
    }
    if (count > f->scaled_room) {
        free(f->scaled);
        f->scaled_room = 0;
        f->scaled = malloc(count * sizeof(float));
        if (!f->scaled)
            return fc_fail_nomem(f->err, count * sizeof(float));
        f->scaled_room = count;
    }
    *out = f->scaled;
    for (int o = 0; o < n->c; o++) {
        float *restrict to = f->scaled + (size_t)o * each;
        const float factor = f->factor[o];
        for (size_t i = 0; i < each; i++)
            to[i] = *from++ * factor;
    }
    return FC_OK;
}

fc_status fc_fold_shift(fc_folder *f, const float **out, int channels)
{
    void *to;
    fc_status s = fc_fold_take(f, &to, fc_fold_padded(channels), sizeof(float));

    if (!s)
        memcpy(to, f->shift, (size_t)channels * sizeof(float));
    *out = to;
    return s;
}

fc_status fc_fold_merged(fc_folder *f, float **out, const fc_step *st, int from)
{
    const fc_node *inner = fc_graph_node(f->g, st->inner), *n = fc_graph_node(f->g, st->node);
    const size_t middle = (size_t)inner->c, in = (size_t)from;
    const float *w;
    float *first = malloc(middle * in * sizeof *first), *shift = malloc(middle * sizeof *shift);
    float *product = calloc((size_t)n->c * in, sizeof *product);
    fc_status s;

    *out = NULL;
    if (!first || !shift || !product) {
        s = fc_fail_nomem(f->err, (size_t)n->c * in * sizeof *product);
        goto out;
    }
    if ((s = fc_fold_batchnorm(f, inner->c, inner->bias, st->inner_norm, 1)) ||
        (s = fc_fold_weights(f, &w, inner, in)))
        goto out;
    memcpy(first, w, middle * in * sizeof *first);
    memcpy(shift, f->shift, middle * sizeof *shift);
    if ((s = fc_fold_batchnorm(f, n->c, n->bias, st->batchnorm, st->scale)) ||
        (s = fc_fold_weights(f, &w, n, middle)))
        goto out;
    for (size_t o = 0; o < (size_t)n->c; o++)
        for (size_t k = 0; k < middle; k++, w++) {
            float *restrict row = product + o * in;
            f->shift[o] += *w * shift[k];
            for (size_t i = 0; i < in; i++)
                row[i] += *w * first[k * in + i];
        }
    *out = product;
    product = NULL;
out:
    free(product);
    free(shift);
    free(first);
    return s;
}
