#include "kernels/peak.h"

#include "base/clock.h"
#include "kernels/peak_impl.h"

/* The best of some loops, since a machine that does other things is never too fast. */
static double best_of(fc_peak_loop *loop)
{
    enum { TIMES = 10 };
    const double least_ms = 5;
    float sink = 0;
    size_t rounds = 1000;
    double best = 0;

    for (int i = 0; i < TIMES;) {
        const double began = fc_now_ms(), each = loop(rounds, &sink), took = fc_now_ms() - began;
        if (took < least_ms && rounds < (size_t)1 << 40) {
            rounds *= 2;
            continue;
        }
        const double gflops = each * (double)rounds / took * 1e-6;
        best = gflops > best ? gflops : best;
        i++;
    }
    return best;
}

static fc_peak measure(const char *numbers, fc_isa isa, fc_peak_loop *loop)
{
    return (fc_peak){numbers, fc_isa_name(isa), best_of(loop)};
}

int fc_peak_measure(fc_peak out[FC_PEAKS])
{
    int n = 0;

#ifdef __x86_64__
    if (fc_cpu_has(FC_ISA_AVX512))
        out[n++] = measure("fp32", FC_ISA_AVX512, fc_peak_avx512);
    else if (fc_cpu_has(FC_ISA_AVX2))
        out[n++] = measure("fp32", FC_ISA_AVX2, fc_peak_avx2);
#endif
    if (!n)
        out[n++] = measure("fp32", FC_ISA_SSE41, fc_peak_base);
#ifdef __x86_64__
    if (fc_cpu_has(FC_ISA_AMX))
        out[n++] = measure("bf16", FC_ISA_AMX, fc_peak_amx);
    else if (fc_cpu_has(FC_ISA_AVX512_BF16))
        out[n++] = measure("bf16", FC_ISA_AVX512_BF16, fc_peak_avx512_bf16);
#endif
    return n;
}
