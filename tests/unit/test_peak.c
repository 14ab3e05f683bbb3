/* What the CPU can do, as far as it is known beforehand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "kernels/peak.h"
#include "kernels/peak_impl.h"
#include "nn/roofline.h"

/* Each set of numbers once, float32 first, by an instruction set that is in use. */
static void peaks(void **state)
{
    static const char *const names[] = {"fp32", "bf16", "int8"};
    const bool there[] = {true, fc_cpu_has(FC_ISA_AVX512_BF16),
                          fc_cpu_has(FC_ISA_AVX512_VNNI) || fc_cpu_has(FC_ISA_AVX2_VNNI) ||
                              fc_cpu_has(FC_ISA_NEON_DOT)};
    fc_peak peak[FC_PEAKS];
    const int n = fc_peak_measure(peak);
    int at = 0;
    (void)state;

    for (int i = 0; i < 3; i++)
        if (there[i]) {
            assert_true(at < n);
            assert_string_equal(peak[at].numbers, names[i]);
            assert_true(peak[at++].gflops > 0.001);
        }
    assert_int_equal(at, n);
}

/* Every number is read: the sum says so. */
static void reading(void **state)
{
    static float p[3 * FC_PEAK_READ];
    float sum = 0;
    (void)state;

    for (int i = 0; i < 3 * FC_PEAK_READ; i++)
        sum += p[i] = (float)(i % 17);
    assert_true(fc_peak_read_base(p, 3 * FC_PEAK_READ) == sum);
#ifdef __x86_64__
    if (fc_cpu_has(FC_ISA_AVX2))
        assert_true(fc_peak_read_avx2(p, 3 * FC_PEAK_READ) == sum);
    if (fc_cpu_has(FC_ISA_AVX512))
        assert_true(fc_peak_read_avx512(p, 3 * FC_PEAK_READ) == sum);
#elif defined __aarch64__
    assert_true(fc_peak_read_neon(p, 3 * FC_PEAK_READ) == sum);
#endif
}

static void bandwidths(void **state)
{
    fc_bandwidth all[FC_BANDWIDTHS];
    (void)state;

    assert_int_equal(fc_bandwidth_measure(all, NULL), FC_OK);
    for (int i = 0; i < FC_BANDWIDTHS; i++) {
        assert_true(all[i].gbs > 0.01);
        assert_true(!i || all[i].bytes > all[i - 1].bytes);
        assert_ptr_equal(fc_bandwidth_for(all, (double)all[i].bytes), &all[i]);
        assert_ptr_equal(fc_bandwidth_for(all, (double)all[i].bytes - 1), &all[i ? i - 1 : 0]);
    }
    assert_ptr_equal(fc_bandwidth_for(all, 1e15), &all[FC_BANDWIDTHS - 1]);
}

/* The larger of both sides, of numbers that are made up. */
static void floors(void **state)
{
    const fc_roofline r = {
        .peak = {{"fp32", "AVX2", 100}, {"int8", "AVX512_CORE_VNNI", 400}, {"bf16", "AVX512_CORE_BF16", 200}},
        .npeaks = 3,
        .bandwidth = {{1000, 50}, {2000, 20}, {3000, 10}, {4000, 5}}};
    fc_layer_facts f[2] = {{.kernel = "nhwc:avx2", .flops = 1e9, .weights = 1000, .maps = 500},
                           {.kernel = "jit:avx512_core_amx", .flops = 0, .weights = 1e6, .maps = 1500}};
    (void)state;

    assert_string_equal(fc_roofline_peak(&r, &f[0], FC_PRECISION_FP32)->numbers, "fp32");
    assert_string_equal(fc_roofline_peak(&r, &f[0], FC_PRECISION_BF16)->numbers, "fp32");
#ifdef __x86_64__
    assert_string_equal(fc_roofline_peak(&r, &f[1], FC_PRECISION_FP32)->numbers, "bf16");
#endif
    strcpy(f[0].kernel, "brgconv:avx512_core_bf16");
    assert_string_equal(fc_roofline_peak(&r, &f[0], FC_PRECISION_FP32)->numbers, "fp32");
    assert_string_equal(fc_roofline_peak(&r, &f[0], FC_PRECISION_BF16)->numbers, "bf16");
    assert_int_equal(fc_roofline_bandwidth(&r, f, 1)->bytes, 1000);
    f[1].weights = 0; /* the larger maps count, and weights of both */
    assert_int_equal(fc_roofline_bandwidth(&r, f, 2)->bytes, 2000);
    assert_true(fabs(fc_roofline_floor(&f[0], &r.peak[0], &r.bandwidth[0], 3) - 30) < 1e-9);
    assert_true(fabs(fc_roofline_floor(&f[1], &r.peak[0], &r.bandwidth[3], 2) - 600e-6) < 1e-12);
    assert_true(fc_roofline_floor(&f[0], &r.peak[0], &r.bandwidth[0], 0) == 0);
    f[1] = (fc_layer_facts){0};
    assert_true(fc_roofline_floor(&f[1], &r.peak[0], &r.bandwidth[0], 1) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(peaks), cmocka_unit_test(reading),
                                       cmocka_unit_test(bandwidths), cmocka_unit_test(floors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
