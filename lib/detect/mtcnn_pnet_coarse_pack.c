/* P-Net's weights as the coarse kernels want them. */
#include <math.h>

#include "detect/mtcnn_pnet_coarse_impl.h"

/* The tensors as the file has them. */
struct tensors {
    const float *w1, *w2, *w3; /* [10][3][3][3], [16][10][3][3], [32][16][3][3] */
    float head[32], bias_head; /* "face" less "no face" */
};

/* What both forms copy: biases and slopes of the three convolutions. */
struct copies {
    float *bias[3], *slope[3];
};

static fc_status find(struct tensors *t, const struct copies *to, const fc_weights *w, fc_error *err)
{
    const float *head, *b;
    fc_status st = fc_weights_f32(w, "conv1.weight", 10 * 3 * 9, &t->w1, err);

    if (!st)
        st = fc_weights_f32(w, "conv2.weight", 16 * 10 * 9, &t->w2, err);
    if (!st)
        st = fc_weights_f32(w, "conv3.weight", 32 * 16 * 9, &t->w3, err);
    if (!st)
        st = fc_weights_f32(w, "conv4_1.weight", 2 * 32, &head, err);
    if (!st)
        st = fc_weights_f32(w, "conv4_1.bias", 2, &b, err);
    if (!st)
        st = fc_weights_copy(w,
                             (fc_weights_part[]){{to->bias[0], "conv1.bias", 10},
                                                 {to->slope[0], "prelu1.weight", 10},
                                                 {to->bias[1], "conv2.bias", 16},
                                                 {to->slope[1], "prelu2.weight", 16},
                                                 {to->bias[2], "conv3.bias", 32},
                                                 {to->slope[2], "prelu3.weight", 32}},
                             6, err);
    if (st)
        return st;
    for (int c = 0; c < 32; c++)
        t->head[c] = head[32 + c] - head[c];
    t->bias_head = b[1] - b[0];
    return FC_OK;
}

fc_status fc_pnet_bf16_pack(fc_pnet_bf16 *net, const fc_weights *w, fc_error *err)
{
    struct tensors t;
    const struct copies to = {{net->bias1, net->bias2, net->bias3[0]},
                              {net->slope1, net->slope2, net->slope3[0]}};
    const fc_status st = find(&t, &to, w, err);

    if (st)
        return st;
    net->bias_head = t.bias_head;
    for (int ky = 0; ky < 3; ky++)
        for (int kx = 0; kx < 3; kx++) {
            const int tap = 3 * ky + kx;
            for (int o = 0; o < 10; o++)
                for (int c = 0; c < 3; c++)
                    net->conv1[ky][tile_at(3 * kx + c, o)] = to_bf16(t.w1[(o * 3 + c) * 9 + tap]);
            for (int o = 0; o < 16; o++)
                for (int c = 0; c < 10; c++)
                    net->conv2[ky][kx / 2][tile_at(kx % 2 * CH + c, o)] =
                        to_bf16(t.w2[(o * 10 + c) * 9 + tap]);
            for (int o = 0; o < 32; o++)
                for (int c = 0; c < 16; c++)
                    net->conv3[ky][kx / 2][o / CH][tile_at(kx % 2 * CH + c, o % CH)] =
                        to_bf16(t.w3[(o * 16 + c) * 9 + tap]);
        }
    for (int c = 0; c < 32; c++)
        net->head[tile_at(c, 0)] = to_bf16(t.head[c]);
    return FC_OK;
}

/* ---- 16-bit numbers ------------------------------------------------------------------------------------------- */

#define MOST_SUM 2.14e9 /* with room for what rounding adds */

/* A convolution that is being packed. */
struct layer {
    const float *w; /* [outputs][inputs][3][3] */
    int inputs;
    const double *low, *high; /* [inputs]: what the map's channels can be */
    const double *factor;     /* [inputs]: of the map's numbers */
};

/* What output o can be before its PReLU, without its bias, and the factor of its weights. */
static double weigh(const struct layer *l, int o, double *low, double *high)
{
    double sum = 0, most = 0;

    *low = *high = 0;
    for (int i = 0; i < 9 * l->inputs; i++) {
        const double v = (double)l->w[o * 9 * l->inputs + i];
        const int c = i / 9;
        const double a = v * l->low[c], b = v * l->high[c], whole = fabs(v) / l->factor[c];
        *low += fmin(a, b);
        *high += fmax(a, b);
        sum += whole * fmax(fabs(l->low[c]), fabs(l->high[c])) * l->factor[c];
        most = fmax(most, whole);
    }
    if (!(sum > 0) || !isfinite(sum))
        return 1;
    return fmin(MOST_SUM / sum, 32767 / most);
}

static int16_t whole_weight(const struct layer *l, double factor, int o, int c, int tap)
{
    if (c >= l->inputs)
        return 0;
    return (int16_t)lrint((double)l->w[(o * l->inputs + c) * 9 + tap] / l->factor[c] * factor);
}

static int32_t pair(int16_t first, int16_t second)
{
    return (int32_t)((uint32_t)(uint16_t)first | (uint32_t)(uint16_t)second << 16);
}

static double prelu(double v, double slope)
{
    return v > 0 ? v : v * slope;
}

/* From what goes into a PReLU, what comes out of it, and the factor by which that fits into 16 bits. */
static double range(double *low, double *high, double slope)
{
    const double a = prelu(*low, slope), b = prelu(*high, slope);

    *low = fmin(0, fmin(a, b));
    *high = fmax(0, fmax(a, b));
    const double most = fmax(-*low, *high);
    return most > 0 && isfinite(most) ? 32767 / most : 1;
}

/* The first convolution takes a kernel row as nine numbers, three pixels' colours. */
static void pack_first(fc_pnet_int16 *net, const struct layer *l, double factor, int o)
{
    for (int ky = 0; ky < 3; ky++)
        for (int p = 0; p < 5; p++) {
            int16_t v[2] = {0};
            for (int i = 0; i < 2 && 2 * p + i < 9; i++)
                v[i] = whole_weight(l, factor, o, (2 * p + i) % 3, 3 * ky + (2 * p + i) / 3);
            net->conv1[ky][p][o] = pair(v[0], v[1]);
        }
}

fc_status fc_pnet_int16_pack(fc_pnet_int16 *net, const fc_weights *w, fc_error *err)
{
    double low1[10], high1[10], factor1[10], low2[16], high2[16], factor2[16], low, high;
    struct tensors t;
    const struct copies to = {{net->bias1, net->bias2, net->bias3[0]},
                              {net->slope1, net->slope2, net->slope3[0]}};
    const fc_status st = find(&t, &to, w, err);

    if (st)
        return st;
    net->bias_head = t.bias_head;
    const double one[3] = {1, 1, 1}, minus[3] = {-1, -1, -1};
    const double pixel[3] = {FC_PNET_INT16_PIXEL, FC_PNET_INT16_PIXEL, FC_PNET_INT16_PIXEL};
    const struct layer first = {.w = t.w1, .inputs = 3, .low = minus, .high = one, .factor = pixel};
    for (int o = 0; o < 10; o++) {
        const double factor = weigh(&first, o, &low1[o], &high1[o]);
        pack_first(net, &first, factor, o);
        low1[o] += (double)net->bias1[o];
        high1[o] += (double)net->bias1[o];
        factor1[o] = range(&low1[o], &high1[o], (double)net->slope1[o]);
        net->unit1[o] = (float)(factor1[o] / factor);
        net->bias1[o] = (float)((double)net->bias1[o] * factor1[o]);
    }
    const struct layer second = {.w = t.w2, .inputs = 10, .low = low1, .high = high1, .factor = factor1};
    for (int o = 0; o < 16; o++) {
        const double factor = weigh(&second, o, &low2[o], &high2[o]);
        for (int i = 0; i < 3 * 5 * 3; i++) {
            const int ky = i / 15, p = i / 3 % 5, kx = i % 3;
            net->conv2[ky][p][kx][o] = pair(whole_weight(&second, factor, o, 2 * p, 3 * ky + kx),
                                            whole_weight(&second, factor, o, 2 * p + 1, 3 * ky + kx));
        }
        low2[o] += (double)net->bias2[o];
        high2[o] += (double)net->bias2[o];
        factor2[o] = range(&low2[o], &high2[o], (double)net->slope2[o]);
        net->unit2[o] = (float)(factor2[o] / factor);
        net->bias2[o] = (float)((double)net->bias2[o] * factor2[o]);
    }
    const struct layer third = {.w = t.w3, .inputs = 16, .low = low2, .high = high2, .factor = factor2};
    for (int o = 0; o < 32; o++) {
        const double factor = weigh(&third, o, &low, &high);
        for (int i = 0; i < 3 * 8 * 3; i++) {
            const int ky = i / 24, p = i / 3 % 8, kx = i % 3;
            net->conv3[ky][p][kx][o / CH][o % CH] =
                pair(whole_weight(&third, factor, o, 2 * p, 3 * ky + kx),
                     whole_weight(&third, factor, o, 2 * p + 1, 3 * ky + kx));
        }
        net->unit3[o / CH][o % CH] = (float)(1 / factor);
        net->head[o / CH][o % CH] = t.head[o];
    }
    return FC_OK;
}
