#include "kernels/peak.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/error.h"
#include "kernels/peak_impl.h"
#include "kernels/precision_names.h"

/* What is measured: a loop, or reading. Returns what a round does, operations or bytes. */
struct work {
    fc_peak_loop *loop; /* NULL: read */
    fc_peak_reading *read;
    const float *memory;
    size_t bytes;
    float sink;
};

static double work(struct work *w, size_t rounds)
{
    if (w->loop)
        return w->loop(rounds, &w->sink);
    for (size_t i = 0; i < rounds; i++)
        w->sink += w->read(w->memory, w->bytes / sizeof(float));
    return (double)w->bytes;
}

/* 1e9 a second: the best of some loops, since a machine that does other things is never too fast. */
static double best_of(struct work *w, size_t rounds)
{
    enum { TIMES = 10 };
    const double least_ms = 5;
    double best = 0;

    for (int i = 0; i < TIMES;) {
        const double began = fc_now_ms(), each = work(w, rounds), took = fc_now_ms() - began;
        if (took < least_ms && rounds < (size_t)1 << 40) {
            rounds *= 2;
            continue;
        }
        const double speed = each * (double)rounds / took * 1e-6;
        best = speed > best ? speed : best;
        i++;
    }
    return best;
}

static fc_peak measure(const char *numbers, fc_isa isa, fc_peak_loop *loop)
{
    return (fc_peak){numbers, fc_isa_name(isa), best_of(&(struct work){.loop = loop}, 1000)};
}

int fc_peak_measure(fc_peak out[FC_PEAKS])
{
    int n = 0;

#ifdef __x86_64__
    if (fc_cpu_has(FC_ISA_AVX512))
        out[n++] = measure(FC_PRECISION_NAME_FP32, FC_ISA_AVX512, fc_peak_avx512);
    else if (fc_cpu_has(FC_ISA_AVX2))
        out[n++] = measure(FC_PRECISION_NAME_FP32, FC_ISA_AVX2, fc_peak_avx2);
#elif defined __aarch64__
    if (fc_cpu_has(FC_ISA_NEON))
        out[n++] = measure(FC_PRECISION_NAME_FP32, FC_ISA_NEON, fc_peak_neon);
#endif
    if (!n)
        out[n++] = measure(FC_PRECISION_NAME_FP32, FC_ISA_BASE, fc_peak_base);
#ifdef __x86_64__
    if (fc_cpu_has(FC_ISA_AMX))
        out[n++] = measure(FC_PRECISION_NAME_BF16, FC_ISA_AMX, fc_peak_amx);
    else if (fc_cpu_has(FC_ISA_AVX512_BF16))
        out[n++] = measure(FC_PRECISION_NAME_BF16, FC_ISA_AVX512_BF16, fc_peak_avx512_bf16);
    if (fc_cpu_has(FC_ISA_AVX512_VNNI))
        out[n++] = measure(FC_PRECISION_NAME_INT8, FC_ISA_AVX512_VNNI, fc_peak_avx512_vnni);
    else if (fc_cpu_has(FC_ISA_AVX2_VNNI))
        out[n++] = measure(FC_PRECISION_NAME_INT8, FC_ISA_AVX2_VNNI, fc_peak_avx2_vnni);
#elif defined __aarch64__
    if (fc_cpu_has(FC_ISA_NEON_DOT))
        out[n++] = measure(FC_PRECISION_NAME_INT8, FC_ISA_NEON_DOT, fc_peak_neon_dot);
#endif
    return n;
}

static fc_peak_reading *best_reading(void)
{
#ifdef __x86_64__
    if (fc_cpu_has(FC_ISA_AVX512))
        return fc_peak_read_avx512;
    if (fc_cpu_has(FC_ISA_AVX2))
        return fc_peak_read_avx2;
#elif defined __aarch64__
    if (fc_cpu_has(FC_ISA_NEON))
        return fc_peak_read_neon;
#endif
    return fc_peak_read_base;
}

fc_status fc_bandwidth_measure(fc_bandwidth out[FC_BANDWIDTHS], fc_error *err)
{
    static const size_t sizes[FC_BANDWIDTHS] = {256 << 10, 2 << 20, 16 << 20, 128 << 20};
    const size_t most = sizes[FC_BANDWIDTHS - 1];
    float *memory = aligned_alloc(2 << 20, most);

    if (!memory)
        return fc_fail_nomem(err, most);
#ifdef MADV_HUGEPAGE
    (void)madvise(memory, most, MADV_HUGEPAGE); /* it works without, too */
#endif
    memset(memory, 0, most);
    for (int i = 0; i < FC_BANDWIDTHS; i++) {
        struct work w = {.read = best_reading(), .memory = memory, .bytes = sizes[i]};
        out[i] = (fc_bandwidth){sizes[i], best_of(&w, 1)};
    }
    free(memory);
    return FC_OK;
}

const fc_bandwidth *fc_bandwidth_for(const fc_bandwidth all[FC_BANDWIDTHS], double bytes)
{
    const fc_bandwidth *b = all;

    for (int i = 1; i < FC_BANDWIDTHS; i++)
        if (bytes >= (double)all[i].bytes)
            b = &all[i];
    return b;
}
