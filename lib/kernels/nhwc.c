#include "kernels/nhwc.h"

#include <math.h>

const fc_nhwc_kernels *fc_nhwc_kernels_for(bool bf16)
{
#ifdef __x86_64__
    if (bf16)
        return fc_cpu_has(FC_ISA_AVX512_BF16) ? &fc_nhwc_avx512_bf16 : NULL;
    if (fc_cpu_has(FC_ISA_AVX512))
        return &fc_nhwc_avx512;
    if (fc_cpu_has(FC_ISA_AVX2))
        return &fc_nhwc_avx2;
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
#else
    (void)k;
#endif
    return FC_ISA_SSE41;
}

size_t fc_nhwc_scratch(const fc_nhwc_op *p)
{
    if (p->kh != 3 || p->kw != 3 || p->sh != p->sw || p->sh > 2)
        return 0;
    return 3 * ((size_t)(p->ow - 1) * (size_t)p->sw + 3) * FC_NHWC_CHANNELS * sizeof(float);
}

bool fc_nhwc_few(const fc_nhwc_op *p)
{
    int pixels = p->oh * p->ow;
    return (pixels == 64 || pixels == 9) && p->c % FC_NHWC_PANEL == 0;
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
