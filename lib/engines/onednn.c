#include "engines/onednn.h"

#include <omp.h>
#include <oneapi/dnnl/dnnl_debug.h>
#include <pthread.h>

#include "base/error.h"
#include "engines/engine.h"

int fc_onednn_one_thread(void)
{
    int before = omp_get_max_threads();
    if (before != 1)
        omp_set_num_threads(1);
    return before;
}

void fc_onednn_threads_back(int before)
{
    if (before != 1)
        omp_set_num_threads(before);
}

fc_status fc_onednn_failed(fc_error *err, dnnl_status_t s, const char *what)
{
    if (s == dnnl_out_of_memory)
        return fc_fail(err, FC_ENOMEM, "oneDNN: %s: out of memory", what);
    return fc_fail(err, FC_EENGINE, "oneDNN: %s: %s", what, dnnl_status2str(s));
}

static dnnl_status_t held_status;

static void hold(void)
{
#ifdef __x86_64__
    static const dnnl_cpu_isa_t isa[] = {[FC_ISA_SSE41] = dnnl_cpu_isa_sse41,
                                         [FC_ISA_AVX2] = dnnl_cpu_isa_avx2,
                                         [FC_ISA_AVX2_VNNI] = dnnl_cpu_isa_avx2_vnni,
                                         [FC_ISA_AVX512] = dnnl_cpu_isa_avx512_core,
                                         [FC_ISA_AVX512_VNNI] = dnnl_cpu_isa_avx512_core_vnni,
                                         [FC_ISA_AVX512_BF16] = dnnl_cpu_isa_avx512_core_bf16};
    if (fc_cpu_held() < FC_ISA_AMX)
        held_status = dnnl_set_max_cpu_isa(isa[fc_cpu_held()]);
#endif
}

dnnl_status_t fc_onednn_hold(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, hold);
    return held_status;
}

/* The CPU has the level, and oneDNN, which its caller may have held by its own means, uses it. */
static bool has_isa(fc_isa level, dnnl_cpu_isa_t isa)
{
    return fc_cpu_has(level) && !fc_onednn_hold() && (dnnl_get_effective_cpu_isa() & isa) == isa;
}

bool fc_onednn_has_tiles(void)
{
    return has_isa(FC_ISA_AMX, dnnl_cpu_isa_avx512_core_amx);
}

bool fc_cpu_has_bf16(void)
{
    return has_isa(FC_ISA_AVX512_BF16, dnnl_cpu_isa_avx512_core_bf16);
}

bool fc_cpu_bf16_pays(void)
{
    if (!fc_cpu_has_bf16())
        return false;
#ifdef __x86_64__
    /* Without AMX the convolutions of MobileFaceNet ran at 115 GFLOP/s in bfloat16, at 200 in float32. */
    return fc_onednn_has_tiles() || !__builtin_cpu_is("intel");
#else
    return true;
#endif
}
