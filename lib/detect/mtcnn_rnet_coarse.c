#include "detect/mtcnn_rnet_coarse.h"

#include <stdlib.h>

#include "base/error.h"
#include "nn/arena.h"
#include "detect/mtcnn_rnet_coarse_impl.h"

void fc_rnet_coarse_free(fc_rnet_coarse *s)
{
    free(s);
}

static fc_status pack(fc_rnet_coarse *s, const fc_weights *w, fc_error *err)
{
    const float *w1, *w2, *w3, *w4, *w5, *b5;
    fc_status st = fc_weights_copy(w,
                                   (fc_weights_part[]){{s->bias1, "conv1.bias", 28},
                                                       {s->slope1, "prelu1.weight", 28},
                                                       {s->bias2, "conv2.bias", 48},
                                                       {s->slope2, "prelu2.weight", 48},
                                                       {s->bias3, "conv3.bias", 64},
                                                       {s->slope3, "prelu3.weight", 64},
                                                       {s->bias4, "dense4.bias", 128},
                                                       {s->slope4, "prelu4.weight", 128}},
                                   8, err);

    if (!st)
        st = fc_weights_f32(w, "conv1.weight", 28 * 3 * 9, &w1, err);
    if (!st)
        st = fc_weights_f32(w, "conv2.weight", 48 * 28 * 9, &w2, err);
    if (!st)
        st = fc_weights_f32(w, "conv3.weight", 64 * 48 * 4, &w3, err);
    if (!st)
        st = fc_weights_f32(w, "dense4.weight", 128 * 576, &w4, err);
    if (!st)
        st = fc_weights_f32(w, "dense5_1.weight", 2 * 128, &w5, err);
    if (!st)
        st = fc_weights_f32(w, "dense5_1.bias", 2, &b5, err);
    if (st)
        return st;
    for (int t = 0; t < 9; t++) {
        for (int o = 0; o < 28; o++)
            for (int c = 0; c < 3; c++)
                s->conv1[t / 3][o / 16][tile_at(t % 3 * 3 + c, o % 16)] = to_bf16(w1[(o * 3 + c) * 9 + t]);
        for (int o = 0; o < 48; o++)
            for (int c = 0; c < 28; c++)
                s->conv2[t][o / 16][tile_at(c, o % 16)] = to_bf16(w2[(o * 28 + c) * 9 + t]);
    }
    for (int t = 0; t < 4; t++)
        for (int o = 0; o < 64; o++)
            for (int c = 0; c < 48; c++)
                s->conv3[t][c / 32][o / 16][tile_at(c % 32, o % 16)] = to_bf16(w3[(o * 48 + c) * 4 + t]);
    for (int o = 0; o < DENSE; o++) {
        for (int k = 0; k < FLAT; k++)
            s->dense[k / 32][o / 16][tile_at(k % 32, o % 16)] = to_bf16(w4[o * FLAT + k]);
        s->head[o] = w5[DENSE + o] - w5[o];
    }
    s->bias5 = b5[1] - b5[0];
    return FC_OK;
}

fc_status fc_rnet_coarse_compile(fc_rnet_coarse **out, const fc_weights *w, fc_error *err)
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
