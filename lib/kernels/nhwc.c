#include "kernels/nhwc.h"

#include <math.h>
#include <string.h>

#include "kernels/winograd.h"

const fc_nhwc_kernels *fc_nhwc_kernels_for(bool bf16)
{
#ifdef __x86_64__
    if (bf16)
        return fc_cpu_has(FC_ISA_AVX512_BF16) ? &fc_nhwc_avx512_bf16 : NULL;
    if (fc_cpu_has(FC_ISA_AVX512))
        return &fc_nhwc_avx512;
    if (fc_cpu_has(FC_ISA_AVX2))
        return &fc_nhwc_avx2;
#elif defined __aarch64__
    if (!bf16 && fc_cpu_has(FC_ISA_NEON))
        return &fc_nhwc_neon;
#endif
    return bf16 ? NULL : &fc_nhwc_base;
}

fc_isa fc_nhwc_isa(const fc_nhwc_kernels *k)
{
#ifdef __x86_64__
    if (k == &fc_nhwc_avx512_bf16)
        return FC_ISA_AVX512_BF16;
    if (k == &fc_nhwc_avx512)
        return FC_ISA_AVX512;
    if (k == &fc_nhwc_avx2)
        return FC_ISA_AVX2;
#elif defined __aarch64__
    if (k == &fc_nhwc_neon)
        return FC_ISA_NEON;
#else
    (void)k;
#endif
    return FC_ISA_BASE;
}

size_t fc_nhwc_scratch(const fc_nhwc_op *p)
{
    if (p->kh != 3 || p->kw != 3 || p->sh != p->sw || p->sh > 2)
        return 0;
    return 3 * ((size_t)(p->ow - 1) * (size_t)p->sw + 3) * FC_NHWC_CHANNELS * sizeof(float);
}

bool fc_nhwc_few(const fc_nhwc_op *p)
{
    enum { FEW = 64 };
    return p->oh * p->ow <= FEW && p->c % FC_NHWC_PANEL == 0;
}

/* ---- in tiles ------------------------------------------------------------------------------------------- */

/* With fewer channels, or outputs, tiles take more than they save. */
bool fc_nhwc_tiled(const fc_nhwc_op *p)
{
    return p->kh == 3 && p->kw == 3 && p->sh == 1 && p->sw == 1 && p->n >= 16 && p->c >= 16 && p->oh >= 6 &&
           p->ow >= 6;
}

/* Bytes of a group's factors and sums, at most: they stay in the second cache. */
#define GROUP_BYTES (512 * 1024)

static size_t tile_floats(const fc_nhwc_op *p, int lanes)
{
    return (p->n + (size_t)lanes - 1) / (size_t)lanes * (size_t)lanes + 2 * (size_t)lanes;
}

fc_nhwc_tiles fc_nhwc_tiles_of(const fc_nhwc_op *p, int lanes)
{
    const int three = fc_winograd_products(p->oh, 3) * fc_winograd_products(p->ow, 3);
    const int four = fc_winograd_products(p->oh, 4) * fc_winograd_products(p->ow, 4);
    const int m = three <= four ? 3 : 4, across = (p->ow + m - 1) / m, all = (p->oh + m - 1) / m * across;
    const size_t most = GROUP_BYTES / (tile_floats(p, lanes) * (size_t)((m + 2) * (m + 2)) * sizeof(float));

    return (fc_nhwc_tiles){m, across, all, most < 4 ? 4 : most < (size_t)all ? (int)most : all};
}

size_t fc_nhwc_tiles_weights(const fc_nhwc_op *p, int lanes)
{
    const int m = fc_nhwc_tiles_of(p, lanes).m;
    const size_t channels = ((size_t)p->c + (size_t)lanes - 1) / (size_t)lanes * (size_t)lanes;

    return channels * p->n * (size_t)((m + 2) * (m + 2));
}

size_t fc_nhwc_tiles_scratch(const fc_nhwc_op *p, int lanes)
{
    const fc_nhwc_tiles g = fc_nhwc_tiles_of(p, lanes);

    return ((size_t)g.group * tile_floats(p, lanes) + 2 * FC_NHWC_PAD) * (size_t)((g.m + 2) * (g.m + 2)) *
           sizeof(float);
}

void fc_nhwc_tiles_pack(const fc_nhwc_op *p, int lanes, const float *weights, float *to)
{
    const int m = fc_nhwc_tiles_of(p, lanes).m, inputs = (int)p->n;

    memset(to, 0, fc_nhwc_tiles_weights(p, lanes) * sizeof *to);
    for (int o = 0, wide; o < p->c; o += wide, to += (m + 2) * (m + 2) * inputs * wide) {
        wide = p->c - o > lanes ? 2 * lanes : lanes;
        for (int k = 0; k < wide && o + k < p->c; k++)
            for (int i = 0; i < inputs; i++)
                fc_winograd_weights(to + i * wide + k, inputs * wide,
                                    weights + ((size_t)(o + k) * p->n + (size_t)i) * 9, m);
    }
}

void fc_nhwc_softmax(const fc_nhwc_op *p)
{
    for (size_t i = 0; i < p->n; i++) {
        const float *from = (const float *)p->src[0] + i * p->src_ld[0];
        float *to = (float *)p->dst + i * p->dst_ld, most = from[0], sum = 0;
        for (int c = 1; c < p->c; c++)
            most = fmaxf(most, from[c]);
        for (int c = 0; c < p->c; c++)
            sum += to[c] = expf(from[c] - most);
        for (int c = 0; c < p->c; c++)
            to[c] /= sum;
    }
}

/* As PyTorch's normalize: a zero vector stays one. */
void fc_nhwc_l2norm(const fc_nhwc_op *p)
{
    double sum = 0;

    for (size_t i = 0; i < p->n; i++) {
        const float *from = (const float *)p->src[0] + i * p->src_ld[0];
        for (int c = 0; c < p->c; c++)
            sum += (double)from[c] * from[c];
    }
    const double scale = 1 / fmax(sqrt(sum), 1e-12);
    for (size_t i = 0; i < p->n; i++) {
        const float *from = (const float *)p->src[0] + i * p->src_ld[0];
        float *to = (float *)p->dst + i * p->dst_ld;
        for (int c = 0; c < p->c; c++)
            to[c] = (float)(from[c] * scale);
    }
}

void fc_nhwc_pad(const fc_nhwc_op *p)
{
    const size_t size = fc_elem_size(p->out), from = p->n * size, to = (size_t)p->c * size;

    for (int y = 0; y < p->oh; y++)
        for (int x = 0; x < p->ow; x++) {
            uint8_t *d = (uint8_t *)p->dst + ((size_t)y * (size_t)p->ow + (size_t)x) * p->dst_ld * size;
            size_t n = 0;
            if (y < p->h && x < p->w) {
                n = from;
                memcpy(d,
                       (const uint8_t *)p->src[0] +
                           ((size_t)y * (size_t)p->w + (size_t)x) * p->src_ld[0] * size,
                       n);
            }
            memset(d + n, 0, to - n);
        }
}
