#include "detect/mtcnn_rnet_coarse.h"

#include <stdlib.h>

#include "base/error.h"
#include "nn/arena.h"
#include "detect/mtcnn_rnet_coarse_impl.h"

void fc_rnet_coarse_free(fc_rnet_coarse *s)
{
    free(s);
}

static const fc_rnet_coarse_kernel *best_kernel(void)
{
#ifdef __x86_64__
    if (fc_cpu_has(FC_ISA_AMX))
        return &fc_rnet_coarse_amx;
    if (fc_cpu_has(FC_ISA_AVX512_VNNI))
        return &fc_rnet_coarse_avx512_vnni;
    if (fc_cpu_has(FC_ISA_AVX2_VNNI))
        return &fc_rnet_coarse_avx2_vnni;
#elif defined __aarch64__
    if (fc_cpu_has(FC_ISA_NEON_DOT))
        return &fc_rnet_coarse_neon_dot;
#endif
    return NULL;
}

bool fc_rnet_coarse_possible(void)
{
    return best_kernel() != NULL;
}

fc_isa fc_rnet_coarse_isa(const fc_rnet_coarse *s)
{
    return s->kernel->isa;
}

fc_status fc_rnet_coarse_compile(fc_rnet_coarse **out, const fc_weights *w, fc_error *err)
{
    const fc_rnet_coarse_kernel *kernel = best_kernel();
    fc_status st;

    *out = NULL;
    if (!kernel)
        return fc_fail(err, FC_EUNSUPPORTED, "this CPU has neither matrix tiles nor products of bytes");
    *out = fc_zeroed(sizeof **out);
    if (!*out)
        return fc_fail_nomem(err, sizeof **out);
    (*out)->kernel = kernel;
    st = kernel->isa == FC_ISA_AMX ? fc_rnet_bf16_pack(&(*out)->net.bf16, w, err)
                                   : fc_rnet_int8_pack(&(*out)->net.int8, w, err);
    if (st) {
        free(*out);
        *out = NULL;
    }
    return st;
}

void fc_rnet_coarse_run(const fc_rnet_coarse *s, const float (*crop)[FC_RNET_COARSE_CROP], int n,
                        float *ahead)
{
    s->kernel->run(s, crop, n, ahead);
}
