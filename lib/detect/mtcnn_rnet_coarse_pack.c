/* R-Net's weights as the coarse kernels want them. */
#include <math.h>
#include <string.h>

#include "detect/mtcnn_rnet_coarse_impl.h"

/* The tensors as the file has them. */
struct tensors {
    const float *w1, *w2, *w3, *w4; /* [28][3][3][3], [48][28][3][3], [64][48][2][2], [128][576] */
    const float *w5, *b5;           /* [2][128], [2] */
};

/* What both forms copy: biases and slopes of the four layers with a PReLU. */
struct copies {
    float *bias[4], *slope[4];
};

static fc_status find(struct tensors *t, const struct copies *to, const fc_weights *w, fc_error *err)
{
    fc_status st = fc_weights_copy(w,
                                   (fc_weights_part[]){{to->bias[0], "conv1.bias", 28},
                                                       {to->slope[0], "prelu1.weight", 28},
                                                       {to->bias[1], "conv2.bias", 48},
                                                       {to->slope[1], "prelu2.weight", 48},
                                                       {to->bias[2], "conv3.bias", 64},
                                                       {to->slope[2], "prelu3.weight", 64},
                                                       {to->bias[3], "dense4.bias", 128},
                                                       {to->slope[3], "prelu4.weight", 128}},
                                   8, err);

    if (!st)
        st = fc_weights_f32(w, "conv1.weight", 28 * 3 * 9, &t->w1, err);
    if (!st)
        st = fc_weights_f32(w, "conv2.weight", 48 * 28 * 9, &t->w2, err);
    if (!st)
        st = fc_weights_f32(w, "conv3.weight", 64 * 48 * 4, &t->w3, err);
    if (!st)
        st = fc_weights_f32(w, "dense4.weight", 128 * 576, &t->w4, err);
    if (!st)
        st = fc_weights_f32(w, "dense5_1.weight", 2 * 128, &t->w5, err);
    return st ? st : fc_weights_f32(w, "dense5_1.bias", 2, &t->b5, err);
}

fc_status fc_rnet_bf16_pack(fc_rnet_bf16 *s, const fc_weights *w, fc_error *err)
{
    struct tensors t;
    const struct copies to = {{s->bias1, s->bias2, s->bias3, s->bias4},
                              {s->slope1, s->slope2, s->slope3, s->slope4}};
    const fc_status st = find(&t, &to, w, err);

    if (st)
        return st;
    for (int tap = 0; tap < 9; tap++) {
        for (int o = 0; o < 28; o++)
            for (int c = 0; c < 3; c++)
                s->conv1[tap / 3][o / 16][tile_at(tap % 3 * 3 + c, o % 16)] =
                    to_bf16(t.w1[(o * 3 + c) * 9 + tap]);
        for (int o = 0; o < 48; o++)
            for (int c = 0; c < 28; c++)
                s->conv2[tap][o / 16][tile_at(c, o % 16)] = to_bf16(t.w2[(o * 28 + c) * 9 + tap]);
    }
    for (int tap = 0; tap < 4; tap++)
        for (int o = 0; o < 64; o++)
            for (int c = 0; c < 48; c++)
                s->conv3[tap][c / 32][o / 16][tile_at(c % 32, o % 16)] =
                    to_bf16(t.w3[(o * 48 + c) * 4 + tap]);
    for (int o = 0; o < DENSE; o++) {
        for (int k = 0; k < FLAT; k++)
            s->dense[k / 32][o / 16][tile_at(k % 32, o % 16)] = to_bf16(t.w4[o * FLAT + k]);
        s->head[o] = t.w5[DENSE + o] - t.w5[o];
    }
    s->bias5 = t.b5[1] - t.b5[0];
    return FC_OK;
}

/* ---- bytes ---------------------------------------------------------------------------------------------------- */

/* A layer that is being packed, of a map whose channels' values are about of[], and are numbers in units of that. */
struct layer {
    const float *w; /* [outputs][inputs][taps] */
    int outputs, inputs, taps;
    int room; /* of a pixel's inputs */
    const float *of;
    int8_t *to; /* [places / 4][outputs, padded][4] */
    int padded, places;
    fc_rnet_int8_layer constants;
};

/* The weights of output o in their places. */
static void place_weights(const struct layer *l, int o, float *row)
{
    memset(row, 0, (size_t)l->places * sizeof *row);
    for (int t = 0; t < l->taps; t++)
        for (int c = 0; c < l->inputs; c++)
            row[t * l->room + c] = l->w[(o * l->inputs + c) * l->taps + t] * l->of[c];
}

/* The largest weight of each output is 127. about NULL: outputs are what they are; else each is in units of what it is
 * about, which goes there. */
static void pack_layer(const struct layer *l, float *about)
{
    float row[FLAT];

    for (int o = 0; o < l->outputs; o++) {
        float most = 0, squares = 0, size;
        int sum = 0;
        place_weights(l, o, row);
        for (int i = 0; i < l->places; i++) {
            most = fmaxf(most, fabsf(row[i]));
            squares += row[i] * row[i];
        }
        size = about && squares > 0 && isfinite(squares) ? sqrtf(squares) : 1;
        const float unit = most > 0 && isfinite(most) ? most / 127 : 1;
        for (int i = 0; i < l->places; i++) {
            const int v = (int)lrintf(fmaxf(-127, fminf(127, row[i] / unit)));
            l->to[(i / 4 * l->padded + o) * 4 + i % 4] = (int8_t)v;
            sum += v;
        }
        l->constants.unit[o] = unit / size;
        l->constants.total[o] = (float)sum * unit / size;
        l->constants.bias[o] /= size;
        if (about)
            about[o] = size;
    }
}

fc_status fc_rnet_int8_pack(fc_rnet_int8 *s, const fc_weights *w, fc_error *err)
{
    const float pixel[3] = {1, 1, 1};
    float about1[C1], about2[C2], about3[C3], flat[FLAT];
    struct tensors t;
    const struct copies to = {{s->bias1, s->bias2, s->bias3, s->bias4},
                              {s->slope1, s->slope2, s->slope3, s->slope4}};
    const fc_status st = find(&t, &to, w, err);

    if (st)
        return st;
    pack_layer(&(struct layer){.w = t.w1,
                               .outputs = 28,
                               .inputs = 3,
                               .taps = 9,
                               .room = 4,
                               .of = pixel,
                               .to = &s->conv1[0][0][0],
                               .padded = C1,
                               .places = 36,
                               .constants = {s->unit1, s->total1, s->bias1}},
               about1);
    pack_layer(&(struct layer){.w = t.w2,
                               .outputs = 48,
                               .inputs = 28,
                               .taps = 9,
                               .room = 28,
                               .of = about1,
                               .to = &s->conv2[0][0][0][0],
                               .padded = C2,
                               .places = 9 * 28,
                               .constants = {s->unit2, s->total2, s->bias2}},
               about2);
    pack_layer(&(struct layer){.w = t.w3,
                               .outputs = 64,
                               .inputs = 48,
                               .taps = 4,
                               .room = 48,
                               .of = about2,
                               .to = &s->conv3[0][0][0][0],
                               .padded = C3,
                               .places = 4 * 48,
                               .constants = {s->unit3, s->total3, s->bias3}},
               about3);
    for (int i = 0; i < FLAT; i++)
        flat[i] = about3[i % C3];
    pack_layer(&(struct layer){.w = t.w4,
                               .outputs = DENSE,
                               .inputs = FLAT,
                               .taps = 1,
                               .room = FLAT,
                               .of = flat,
                               .to = &s->dense[0][0][0],
                               .padded = DENSE,
                               .places = FLAT,
                               .constants = {s->unit4, s->total4, s->bias4}},
               NULL);
    for (int o = 0; o < DENSE; o++)
        s->head[o] = t.w5[DENSE + o] - t.w5[o];
    s->bias5 = t.b5[1] - t.b5[0];
    return FC_OK;
}
