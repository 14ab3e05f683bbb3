#include "detect/mtcnn_pnet_coarse.h"

#include <stdlib.h>

#include "base/error.h"
#include "nn/arena.h"
#include "detect/mtcnn_pnet_coarse_impl.h"

void fc_pnet_coarse_free(fc_pnet_coarse *s)
{
    free(s);
}

static fc_status pack(fc_pnet_coarse *s, const fc_weights *w, fc_error *err)
{
    const float *w1, *w2, *w3, *head, *b;
    fc_status st = fc_weights_f32(w, "conv1.weight", 10 * 3 * 9, &w1, err);

    if (!st)
        st = fc_weights_f32(w, "conv2.weight", 16 * 10 * 9, &w2, err);
    if (!st)
        st = fc_weights_f32(w, "conv3.weight", 32 * 16 * 9, &w3, err);
    if (!st)
        st = fc_weights_f32(w, "conv4_1.weight", 2 * 32, &head, err);
    if (!st)
        st = fc_weights_f32(w, "conv4_1.bias", 2, &b, err);
    if (!st)
        st = fc_weights_copy(w,
                             (fc_weights_part[]){{s->bias1, "conv1.bias", 10},
                                                 {s->slope1, "prelu1.weight", 10},
                                                 {s->bias2, "conv2.bias", 16},
                                                 {s->slope2, "prelu2.weight", 16},
                                                 {s->bias3[0], "conv3.bias", 32},
                                                 {s->slope3[0], "prelu3.weight", 32}},
                             6, err);
    if (st)
        return st;
    s->bias_head = b[1] - b[0];
    for (int ky = 0; ky < 3; ky++)
        for (int kx = 0; kx < 3; kx++) {
            const int tap = 3 * ky + kx;
            for (int o = 0; o < 10; o++)
                for (int c = 0; c < 3; c++)
                    s->conv1[ky][tile_at(3 * kx + c, o)] = to_bf16(w1[(o * 3 + c) * 9 + tap]);
            for (int o = 0; o < 16; o++)
                for (int c = 0; c < 10; c++)
                    s->conv2[ky][kx / 2][tile_at(kx % 2 * CH + c, o)] = to_bf16(w2[(o * 10 + c) * 9 + tap]);
            for (int o = 0; o < 32; o++)
                for (int c = 0; c < 16; c++)
                    s->conv3[ky][kx / 2][o / CH][tile_at(kx % 2 * CH + c, o % CH)] =
                        to_bf16(w3[(o * 16 + c) * 9 + tap]);
        }
    for (int c = 0; c < 32; c++)
        s->head[tile_at(c, 0)] = to_bf16(head[32 + c] - head[c]);
    return FC_OK;
}

fc_status fc_pnet_coarse_compile(fc_pnet_coarse **out, const fc_weights *w, fc_error *err)
{
    fc_status st;

    *out = fc_zeroed(sizeof **out);
    if (!*out)
        return fc_fail_nomem(err, sizeof **out);
    st = pack(*out, w, err);
    if (st) {
        free(*out);
        *out = NULL;
    }
    return st;
}

static void free_rows(fc_pnet_coarse_session *s)
{
    free(s->pixels[0]);
    free(s->in[0]);
    free(s->pooled[0]);
    free(s->second[0]);
    free(s->ahead);
    s->in[0] = s->pooled[0] = s->second[0] = NULL;
    s->pixels[0] = s->ahead = NULL;
    s->width = 0;
}

void fc_pnet_coarse_session_free(fc_pnet_coarse_session *s)
{
    if (!s)
        return;
    free_rows(s);
    free(s);
}

fc_status fc_pnet_coarse_session_new(fc_pnet_coarse_session **out, const fc_pnet_coarse *net, fc_error *err)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return fc_fail_nomem(err, sizeof **out);
    (*out)->net = net;
    return FC_OK;
}

/* n rows of floats or bfloat16, zero, with room for whole tiles and what a tile reads beyond them. */
static bool make_rows(bf16 **row, int n, size_t values)
{
    const size_t stride = (values + 63) / 32 * 32 + 1024;
    row[0] = fc_zeroed((size_t)n * stride * sizeof **row);
    if (!row[0])
        return false;
    for (int i = 1; i < n; i++)
        row[i] = row[0] + (size_t)i * stride;
    return true;
}

fc_status fc_pnet_coarse_reserve(fc_pnet_coarse_session *s, int w, fc_error *err)
{
    size_t n = (size_t)w;

    if (w <= s->width)
        return FC_OK;
    free_rows(s);
    s->ahead = aligned_alloc(64, (n + 127) / 64 * 64 * sizeof *s->ahead);
    s->pixels[0] = aligned_alloc(64, 3 * KEPT * ((n + 15) / 16 * 16) * sizeof *s->pixels[0]);
    if (!s->ahead || !s->pixels[0] || !make_rows(s->in, 4, 3 * n) || !make_rows(s->pooled, 3, n / 2 * CH) ||
        !make_rows(s->second, 3, n / 2 * CH)) {
        free_rows(s);
        return fc_fail_nomem(err, n * CH * 8);
    }
    for (size_t i = 1; i < 3 * KEPT; i++)
        s->pixels[i] = s->pixels[0] + i * ((n + 15) / 16 * 16);
    s->width = w;
    return FC_OK;
}

const float *fc_pnet_coarse_pixels(const fc_pnet_coarse_session *s, int y, int c)
{
    return s->pixels[3 * (y % KEPT) + c];
}
