/*
 * The operations on maps for each instruction set that this CPU has, against those for any CPU. (test_engine holds the
 * best set against the definitions.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "engines/engine.h"
#include "kernels/nhwc.h"
#include "kernels/conv_amx.h"
#include "kernels/conv_neon.h"

static uint64_t seed = 1;

/* xorshift64* (Vigna 2016), 0 <= x < n */
static int below(int n)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (int)((seed * 2685821657736338717u) >> 33) % n;
}

/* Room for any map here, and what must not be written behind it. */
enum { ROOM = 64 * 1024, GUARD = 64 };

static float source[2][ROOM], made[2][ROOM + GUARD], parameter[4][ROOM];
static _Alignas(64) float scratch[16 * 1024];

static void fill(float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        v[i] = (float)below(2001) / 1000 - 1;
}

/* The same call by both sets: equal but for rounding, and nothing written that is not part of the result. */
static void compare(fc_nhwc_op op, fc_nhwc_fn *const f[2], const char *what)
{
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < ROOM + GUARD; i++)
            made[k][i] = 12345;
        op.dst = made[k];
        memset(scratch, 0xff, sizeof scratch); /* NaN */
        f[k](&op);
    }
    for (int i = 0; i < ROOM + GUARD; i++)
        if (!(fabsf(made[0][i] - made[1][i]) <= 1e-4f * (1 + fabsf(made[0][i]))))
            fail_msg("%s: %g and %g at %d (%d channels, %dx%d to %dx%d, kernel %dx%d/%d)", what,
                     (double)made[0][i], (double)made[1][i], i, op.c, op.h, op.w, op.oh, op.ow, op.kh, op.kw,
                     op.sh);
}

static fc_nhwc_op random_op(int c)
{
    fc_nhwc_op op = {.c = c, .h = 1 + below(17), .w = 1 + below(17), .alpha = 0.3f};
    op.oh = op.h;
    op.ow = op.w;
    op.n = (size_t)op.h * (size_t)op.w;
    for (int i = 0; i < 2; i++) {
        op.src[i] = source[i];
        op.src_ld[i] = (size_t)(c + below(2) * below(20));
    }
    op.dst_ld = (size_t)(c + below(2) * below(20));
    op.weights = parameter[0];
    op.bias = parameter[1];
    op.pre = below(2) ? parameter[2] : NULL;
    op.post = below(2) ? parameter[3] : NULL;
    for (int i = 0; i < 4; i++)
        fill(parameter[i], ROOM);
    fill(source[0], ROOM);
    fill(source[1], ROOM);
    return op;
}

static void window(fc_nhwc_op *op, bool padded)
{
    op->kh = below(2) ? 3 : 1 + below(op->h < 4 ? op->h : 4);
    op->kw = below(2) ? op->kh : 1 + below(op->w < 4 ? op->w : 4);
    if (op->h < 3 || op->w < 3)
        op->kh = op->kw = 1;
    op->sh = op->sw = 1 + below(2);
    op->pt = padded ? below(op->kh) : 0;
    op->pl = padded ? below(op->kw) : 0;
    op->oh = (op->h + op->pt + (padded ? below(op->kh) : 0) - op->kh) / op->sh + 1;
    op->ow = (op->w + op->pl + (padded ? below(op->kw) : 0) - op->kw) / op->sw + 1;
    if (op->oh < 1 || op->ow < 1)
        window(op, padded);
}

static void all_ops(const fc_nhwc_kernels *set)
{
    const fc_nhwc_kernels *base = &fc_nhwc_base;
    fc_nhwc_op op;

    for (int c = 1; c <= 67; c++) {
        for (int round = 0; round < 4; round++) {
            op = random_op(c);
            window(&op, true);
            op.scratch = fc_nhwc_scratch(&op) ? scratch : NULL;
            assert_true(fc_nhwc_scratch(&op) <= sizeof scratch);
            compare(op, (fc_nhwc_fn *[]){base->depthwise, set->depthwise}, "depthwise");
            op = random_op(c);
            window(&op, false);
            compare(op, (fc_nhwc_fn *[]){base->maxpool, set->maxpool}, "maxpool");
        }
        op = random_op(c);
        compare(op, (fc_nhwc_fn *[]){base->avgpool, set->avgpool}, "avgpool");
        compare(op, (fc_nhwc_fn *[]){base->affine, set->affine}, "affine");
        compare(op, (fc_nhwc_fn *[]){base->add, set->add}, "add");
        compare(op, (fc_nhwc_fn *[]){base->copy, set->copy}, "copy");
        compare(op, (fc_nhwc_fn *[]){base->input, set->input}, "input");
        compare(op, (fc_nhwc_fn *[]){base->output, set->output}, "output");
        op.post = parameter[3];
        compare(op, (fc_nhwc_fn *[]){base->prelu, set->prelu}, "prelu");
        op.n = (size_t)(1 + below(200));
        op.post = below(2) ? parameter[3] : NULL;
        compare(op, (fc_nhwc_fn *[]){base->linear, set->linear}, "linear");
    }
}

/* What this CPU lacks is not tried here; the test of that level is skipped (fc_level_tests in CMakeLists.txt). */
static void avx2(void **state)
{
    (void)state;
#ifdef __x86_64__
    if (fc_cpu_has(FC_ISA_AVX2))
        all_ops(&fc_nhwc_avx2);
#endif
}

static void avx512(void **state)
{
    (void)state;
#ifdef __x86_64__
    if (fc_cpu_has(FC_ISA_AVX512))
        all_ops(&fc_nhwc_avx512);
#endif
}

static void neon(void **state)
{
    (void)state;
#ifdef __aarch64__
    all_ops(&fc_nhwc_neon);
#endif
}

static void avx512_bf16(void **state)
{
    const fc_nhwc_kernels *set = fc_nhwc_kernels_for(true);
    (void)state;
    if (!set)
        return;
    assert_true(set->bf16);
    all_ops(set);
}

/* To bfloat16 and back: to nearest, ties to even, whichever way it is done. */
static void rounding(void **state)
{
    const fc_nhwc_kernels *set = fc_nhwc_kernels_for(true);
    static const float from[] = {1.0f,   1.00390625f, 1.01171875f, -1.00390625f,
                                 1.005f, 3.4e38f,     0.0f,        -2.5e-20f};
    static const float want[] = {1.0f, 1.0f, 1.015625f, -1.0f, 1.0078125f, INFINITY, 0.0f, -2.4987e-20f};
    uint16_t half[2][8];
    float back[8];
    fc_nhwc_op op = {.c = 8, .n = 1, .h = 1, .w = 1, .src = {from}, .src_ld = {8}, .dst_ld = 8};

    (void)state;
    if (!set)
        return;
    op.out = FC_ELEM_BF16;
    op.dst = half[0];
    set->copy(&op);
    op.dst = half[1];
    set->input(&op);
    assert_memory_equal(half[0], half[1], sizeof half[0]);
    op = (fc_nhwc_op){
        .c = 8, .n = 1, .in = FC_ELEM_BF16, .src = {half[0]}, .src_ld = {8}, .dst = back, .dst_ld = 8};
    set->copy(&op);
    for (int i = 0; i < 8; i++)
        if (!(back[i] == want[i] || fabsf(back[i] - want[i]) <= fabsf(want[i]) * 1e-4f))
            fail_msg("%g became %g, want %g", (double)from[i], (double)back[i], (double)want[i]);
}

/* ---- dense convolutions: on matrix tiles, and by NEON ---- */

static float at(const void *map, fc_elem e, size_t i)
{
    float v;
    const uint32_t bits = e == FC_ELEM_BF16 ? (uint32_t)((const uint16_t *)map)[i] << 16 : 0;

    memcpy(&v, &bits, sizeof v);
    return e == FC_ELEM_BF16 ? v : ((const float *)map)[i];
}

/* The numbers cut to bfloat16, in place: as its bits in [n] of uint16_t, or still as float. */
static void cut(float *v, size_t n, bool packed)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &v[i], sizeof bits);
        bits &= 0xffff0000;
        if (packed)
            ((uint16_t *)(void *)v)[i] = (uint16_t)(bits >> 16);
        else
            memcpy(&v[i], &bits, sizeof bits);
    }
}

static double one_result(const fc_nhwc_op *op, const float *weights, int o, int oy, int ox)
{
    double sum = op->bias[o];
    for (int ky = 0; ky < op->kh; ky++)
        for (int kx = 0; kx < op->kw; kx++) {
            const int y = oy * op->sh + ky - op->pt, x = ox * op->sw + kx - op->pl;
            const size_t pixel = (size_t)(y * op->w + x) * op->src_ld[0];
            if (y >= 0 && y < op->h && x >= 0 && x < op->w)
                for (int i = 0; i < (int)op->n; i++)
                    sum += (double)at(op->src[0], op->in, pixel + (size_t)i) *
                           weights[((o * (int)op->n + i) * op->kh + ky) * op->kw + kx];
        }
    return sum;
}

/* What is in dst before, and what it must hold then: in the result's channels, and behind them. */
static void check_conv(fc_nhwc_op op, const float *weights)
{
    const bool neon = fc_cpu_has(FC_ISA_NEON);
    const size_t bytes = neon ? fc_conv_neon_weights(&op) * 4 : fc_conv_amx_weights(&op) * 2;
    const size_t room = ((neon ? op.n * 4 : fc_conv_amx_scratch(&op)) + 63) / 64 * 64;
    const double bound = op.out == FC_ELEM_BF16 ? 0x1p-9 : neon ? 0x1p-20 : 0x1p-17;
    void *packed = aligned_alloc(64, (bytes + 63) / 64 * 64);
    float *was = made[1];
    double off = 0, length = 0;

    op.scratch = aligned_alloc(64, room);
    assert_non_null(packed);
    assert_non_null(op.scratch);
    memset(op.scratch, neon ? 0 : 0xff, room); /* NaN */
    op.zeros = neon ? op.scratch : NULL;
    if (neon)
        fc_conv_neon_pack(&op, weights, packed);
    else
        fc_conv_amx_pack(&op, weights, packed);
    op.weights = packed;
    op.dst = made[0];
    fill(made[0], ROOM + GUARD);
    if (op.out == FC_ELEM_BF16)
        cut(made[0], ROOM + GUARD, true);
    memcpy(was, made[0], sizeof made[0]);
    if (neon)
        fc_conv_neon(&op);
    else
        fc_conv_amx(&op);
    for (int i = 0; i < op.oh * op.ow; i++)
        for (int o = 0; o < (int)op.dst_ld; o++) {
            const size_t place = (size_t)i * op.dst_ld + (size_t)o;
            const double is = at(made[0], op.out, place), before = at(was, op.out, place);
            if (o >= op.c) {
                assert_true(is == before);
                continue;
            }
            double want = one_result(&op, weights, o, i / op.ow, i % op.ow) + (double)op.alpha * before;
            if (op.post)
                want = fmax(want, 0);
            off += (want - is) * (want - is);
            length += want * want;
        }
    const size_t end = (size_t)(op.oh * op.ow) * op.dst_ld * fc_elem_size(op.out);
    assert_memory_equal((char *)made[0] + end, (char *)was + end, sizeof made[0] - end);
    if (!(sqrt(off) <= bound * sqrt(length)))
        fail_msg("%d of %zu channels, %dx%d to %dx%d, kernel %dx%d/%d,%d padding %d %d: off by %g", op.c,
                 op.n, op.h, op.w, op.oh, op.ow, op.kh, op.kw, op.sh, op.sw, op.pt, op.pl,
                 sqrt(off / length));
    free(op.scratch);
    free(packed);
}

enum { INPUT = 256 * 1024 };
static float input[INPUT];

/* A convolution with padding of all kinds: what is behind is what the input falls short of, or some input is left. */
static void one_conv(fc_nhwc_op op)
{
    static const float none[FC_NHWC_PAD * 32];
    const size_t count = (size_t)op.c * op.n * (size_t)(op.kh * op.kw);
    float *weights = malloc(count * sizeof *weights);

    op.sh = 1 + below(2);
    op.sw = 1 + below(2);
    op.pt = below(op.kh);
    op.pl = below(op.kw);
    op.h = (op.oh - 1) * op.sh + op.kh - op.pt - below(op.kh) + below(2);
    op.w = (op.ow - 1) * op.sw + op.kw - op.pl - below(op.kw) + below(2);
    op.src_ld[0] = op.n + (size_t)below(3);
    op.dst_ld = (size_t)(op.c + below(3));
    op.src[0] = input;
    op.bias = parameter[0];
    op.alpha = below(2) ? 0 : 0.25f;
    op.post = below(2) ? none : NULL;
    assert_non_null(weights);
    const size_t inputs = (size_t)(op.h * op.w) * op.src_ld[0];
    assert_true(op.h > 0 && op.w > 0 && inputs <= INPUT);
    assert_true((size_t)(op.oh * op.ow) * op.dst_ld <= ROOM);
    fill(input, inputs);
    fill(parameter[0], FC_NHWC_PAD * 32);
    fill(weights, count);
    if (op.in == FC_ELEM_BF16) {
        cut(input, inputs, true);
        cut(weights, count, false);
    }
    check_conv(op, weights);
    free(weights);
}

static void tiles(void **state)
{
    (void)state;
    fc_nhwc_op any = {.c = 16, .n = 16, .h = 3, .w = 3, .oh = 3, .ow = 3, .kh = 1, .kw = 1, .sh = 1, .sw = 1};

    if (!fc_cpu_has(FC_ISA_AMX))
        return;
    assert_true(fc_conv_amx_fit(&any));
    any.n = 3;
    assert_false(fc_conv_amx_fit(&any));
    for (int round = 0; round < 800; round++) {
        static const int depth[] = {16, 17, 28, 32, 48, 80, 96};
        const fc_elem e = round % 2 ? FC_ELEM_BF16 : FC_ELEM_F32;
        one_conv((fc_nhwc_op){.in = e,
                              .out = e,
                              .c = 16 + below(40),
                              .n = (size_t)depth[below(7)],
                              .kh = 1 + below(3),
                              .kw = 1 + below(3),
                              .oh = 3 + below(8),
                              .ow = 3 + below(8)});
    }
    for (int round = 0; round < 24; round++) {
        const fc_elem e = round % 2 ? FC_ELEM_BF16 : FC_ELEM_F32;
        const bool flat = below(2);
        /* More weights than the second cache holds, for one, two and four blocks of results, and of channels that fill no
         * tile; few, for ten blocks. */
        const fc_nhwc_op op[] = {
            {.c = 400, .n = 96, .kh = 3, .kw = 3, .oh = 4, .ow = 7},
            {.c = 400, .n = 96, .kh = 3, .kw = 3, .oh = 7, .ow = 11},
            {.c = 288, .n = 160, .kh = flat ? 1 : 7, .kw = flat ? 7 : 1, .oh = 17, .ow = 12},
            {.c = 413, .n = 113, .kh = 3, .kw = 3, .oh = 3, .ow = 3},
            {.c = 309, .n = 525, .kh = 1, .kw = 1, .oh = 5, .ow = 5},
            {.c = 32, .n = 32, .kh = 3, .kw = 3, .oh = 24, .ow = 24},
        };
        fc_nhwc_op one = op[round / 4];
        one.in = one.out = e;
        one_conv(one);
    }
}

static void neon_conv(void **state)
{
    (void)state;
    if (!fc_cpu_has(FC_ISA_NEON))
        return;
    for (int round = 0; round < 400; round++) {
        const int side = 1 + below(3), least = side == 1 ? 1 : 3; /* so that some input is left */
        one_conv((fc_nhwc_op){.c = 1 + below(40),
                              .n = (size_t)(1 + below(40)),
                              .kh = side,
                              .kw = side == 1 ? 1 : 1 + below(3),
                              .oh = least + below(8),
                              .ow = least + below(8)});
    }
    /* More input than weights. */
    one_conv((fc_nhwc_op){.c = 24, .n = 3, .kh = 3, .kw = 3, .oh = 29, .ow = 31});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(avx2),      cmocka_unit_test(avx512),   cmocka_unit_test(avx512_bf16),
        cmocka_unit_test(neon),      cmocka_unit_test(rounding), cmocka_unit_test(tiles),
        cmocka_unit_test(neon_conv),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
