/* All pairs of a set: every kernel this CPU has, against plain loops; and the time for a set as large as LFW. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "eval/allpairs.h"
#include "eval/allpairs_impl.h"

static uint64_t state64 = 1;

static double uniform(void)
{
    state64 = state64 * 6364136223846793005u + 1442695040888963407u;
    return (double)(state64 >> 11) / 9007199254740992.0;
}

/* n vectors of unit length; those of one label lie together. Labels 0..people-1 in no order. */
static fc_vectors make_set(size_t n, size_t dim, uint32_t people)
{
    float *v = calloc(n * dim + 1, sizeof *v), *centre = calloc(people * dim + 1, sizeof *centre);
    uint32_t *label = calloc(n, sizeof *label);

    for (size_t i = 0; i < people * dim; i++)
        centre[i] = (float)(uniform() - 0.5);
    for (size_t i = 0; i < n; i++) {
        double length = 0;
        label[i] = (uint32_t)(uniform() * people);
        for (size_t k = 0; k < dim; k++) {
            float x = centre[label[i] * dim + k] + (float)(uniform() - 0.5);
            v[i * dim + k] = x;
            length += (double)x * (double)x;
        }
        for (size_t k = 0; k < dim; k++)
            v[i * dim + k] = (float)((double)v[i * dim + k] / sqrt(length));
    }
    free(centre);
    return (fc_vectors){v, label, n, dim};
}

static void free_set(fc_vectors *s)
{
    free((void *)s->v);
    free((void *)s->label);
}

static double product(const fc_vectors *s, size_t a, size_t b)
{
    double sum = 0;
    for (size_t k = 0; k < s->dim; k++)
        sum += (double)s->v[a * s->dim + k] * (double)s->v[b * s->dim + k];
    return sum;
}

#define TOLERANCE 2e-6 /* of float32 sums of up to 512 products */

/* At every edge, the pairs counted above it are those whose exact score is above it, give or take scores closer to
 * it than rounding. */
static void check_counts(const fc_vectors *s, const fc_pair_counts *c)
{
    uint64_t total[2] = {0};
    const uint64_t *got[2] = {c->impostor, c->genuine};

    for (int kind = 0; kind < 2; kind++) {
        int64_t *least = calloc(FC_SCORE_BINS + 1, sizeof *least),
                *most = calloc(FC_SCORE_BINS + 1, sizeof *most);
        for (size_t a = 0; a < s->n; a++)
            for (size_t b = a + 1; b < s->n; b++) {
                if ((s->label[a] == s->label[b]) != kind)
                    continue;
                double x = product(s, a, b);
                double low = floor((x - TOLERANCE + 1) * FC_BINS_PER_UNIT),
                       high = floor((x + TOLERANCE + 1) * FC_BINS_PER_UNIT);
                low = low < 0 ? 0 : low > FC_SCORE_BINS - 1 ? FC_SCORE_BINS - 1 : low;
                high = high < 0 ? 0 : high > FC_SCORE_BINS - 1 ? FC_SCORE_BINS - 1 : high;
                least[(size_t)low]++;
                most[(size_t)high]++;
                total[kind]++;
            }
        int64_t sum = 0, sum_least = 0, sum_most = 0;
        for (size_t i = FC_SCORE_BINS; i-- > 0;) {
            sum += (int64_t)got[kind][i];
            sum_least += least[i];
            sum_most += most[i];
            if (sum < sum_least || sum > sum_most)
                fail_msg("bin %zu: %lld pairs above, want %lld..%lld", i, (long long)sum,
                         (long long)sum_least, (long long)sum_most);
        }
        free(least);
        free(most);
    }
    assert_int_equal(c->nimpostor, total[0]);
    assert_int_equal(c->ngenuine, total[1]);
}

static void counts_as_plain_loops(void **state)
{
    static const struct {
        size_t n, dim;
        uint32_t people;
    } sets[] = {{2, 1, 1},    {2, 3, 2},   {7, 5, 3},     {8, 192, 8},     {49, 16, 1},
                {97, 33, 60}, {128, 4, 3}, {129, 64, 40}, {400, 192, 150}, {300, 512, 299}};
    (void)state;

    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        fc_vectors s = make_set(sets[i].n, sets[i].dim, sets[i].people);
        fc_pair_counts one, three;
        assert_int_equal(fc_all_pairs_count(&one, &s, 1, NULL), FC_OK);
        assert_int_equal(one.ngenuine + one.nimpostor, s.n * (s.n - 1) / 2);
        check_counts(&s, &one);
        assert_int_equal(fc_all_pairs_count(&three, &s, 3, NULL), FC_OK);
        assert_memory_equal(one.genuine, three.genuine, FC_SCORE_BINS * sizeof *one.genuine);
        assert_memory_equal(one.impostor, three.impostor, FC_SCORE_BINS * sizeof *one.impostor);
        fc_pair_counts_clear(&one);
        fc_pair_counts_clear(&three);
        free_set(&s);
    }
}

static void found_pairs_are_those_counted(void **state)
{
    fc_vectors s = make_set(500, 24, 120);
    fc_pair_counts c;
    fc_found_pairs found, again;
    fc_error err;
    fc_roc r;
    (void)state;

    assert_int_equal(fc_all_pairs_count(&c, &s, 2, NULL), FC_OK);
    assert_int_equal(fc_pair_counts_roc(&r, &c, NULL), FC_OK);
    fc_operating_point p = fc_roc_at_far(&r, 1e-2);
    assert_true(p.impostor > 0 && p.genuine < p.ngenuine);
    assert_int_equal(fc_all_pairs_find(&found, &s, (float)p.threshold, (float)p.threshold, 1u << 20, 1, NULL),
                     FC_OK);
    assert_int_equal(found.n, p.impostor + p.ngenuine - p.genuine);
    for (size_t i = 0; i < found.n; i++) {
        const fc_found_pair *f = &found.pair[i];
        bool genuine = s.label[f->a] == s.label[f->b];
        assert_true(f->a < f->b);
        assert_true(genuine == ((double)f->score < p.threshold));
        assert_true(fabs((double)f->score - product(&s, f->a, f->b)) < TOLERANCE);
        if (i)
            assert_true(f[-1].a < f->a || (f[-1].a == f->a && f[-1].b < f->b));
    }
    assert_int_equal(fc_all_pairs_find(&again, &s, (float)p.threshold, (float)p.threshold, found.n, 3, NULL),
                     FC_OK);
    assert_int_equal(again.n, found.n);
    assert_memory_equal(again.pair, found.pair, found.n * sizeof *found.pair);
    fc_found_pairs_clear(&again);
    assert_int_equal(
        fc_all_pairs_find(&again, &s, (float)p.threshold, (float)p.threshold, found.n - 1, 3, &err),
        FC_ELIMIT);
    assert_null(again.pair);
    fc_found_pairs_clear(&found);
    fc_roc_clear(&r);
    fc_pair_counts_clear(&c);
    free_set(&s);
}

static void bad_sets_are_refused(void **state)
{
    float v[] = {1, 0, NAN, 0};
    uint32_t label[] = {0, 1};
    fc_pair_counts c;
    fc_error err;
    (void)state;

    assert_int_equal(fc_all_pairs_count(&c, &(fc_vectors){v, label, 1, 2}, 1, &err), FC_EDATA);
    assert_int_equal(fc_all_pairs_count(&c, &(fc_vectors){v, label, 2, 2}, 1, &err), FC_EDATA);
}

static void check_kernel(const fc_allpairs_kernel *k)
{
    enum { DIM = 37 };
    float rows[8][DIM], panel[DIM * 64], out[8 * 64];
    const float *row[8];
    const size_t n = (size_t)(k->rows * k->columns);

    assert_true(k->rows <= 8 && k->columns <= 48);
    for (int r = 0; r < 8; r++) {
        row[r] = rows[r];
        for (int i = 0; i < DIM; i++)
            rows[r][i] = (float)(uniform() - 0.5);
    }
    for (int i = 0; i < DIM * k->columns; i++)
        panel[i] = (float)(uniform() - 0.5);
    k->tile(row, panel, DIM, out);
    for (int r = 0; r < k->rows; r++)
        for (int c = 0; c < k->columns; c++) {
            double sum = 0;
            for (int i = 0; i < DIM; i++)
                sum += (double)rows[r][i] * (double)panel[i * k->columns + c];
            assert_true(fabs(sum - (double)out[r * k->columns + c]) < TOLERANCE);
        }

    /* Edges belong to the bin above them; what is out of range to the last ones. */
    uint32_t *hist = calloc(2 * FC_SCORE_BINS, sizeof *hist), *want = calloc(FC_SCORE_BINS, sizeof *want);
    for (size_t i = 0; i < n; i++) {
        float s = (float)(-1.2 + 2.4 * (double)i / (double)n);
        if (i % 3) /* an edge, or the number before it */
            s = floorf(s * FC_BINS_PER_UNIT) / FC_BINS_PER_UNIT;
        if (i % 3 == 2)
            s = nextafterf(s, -2);
        out[i] = s;
        double bin = floor(((double)s + 1) * FC_BINS_PER_UNIT);
        want[bin < 0 ? 0 : bin > FC_SCORE_BINS - 1 ? FC_SCORE_BINS - 1 : (size_t)bin]++;
    }
    k->count(out, n, (uint32_t *[]){hist, hist + FC_SCORE_BINS});
    for (size_t i = 0; i < FC_SCORE_BINS; i++)
        assert_int_equal(hist[i] + hist[i + FC_SCORE_BINS], want[i]);
    free(want);
    free(hist);

    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++)
            out[j] = (float)-uniform();
        out[i] = 0.5f;
        assert_true(k->greatest(out, n) == 0.5f);
    }
}

static void kernels_one_by_one(void **state)
{
    (void)state;
    check_kernel(&fc_allpairs_kernel_base);
#ifdef __x86_64__
    if (fc_cpu_has(FC_ISA_AVX2))
        check_kernel(&fc_allpairs_kernel_avx2);
    if (fc_cpu_has(FC_ISA_AVX512))
        check_kernel(&fc_allpairs_kernel_avx512);
#elif defined __aarch64__
    check_kernel(&fc_allpairs_kernel_neon);
#endif
}

/* Printed, not judged: a slow day is no fault. Not under sanitizers, whose time says nothing. */
#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
static void time_for_lfw(void **state)
{
    fc_pair_counts c;
    fc_vectors s = make_set(13233, 192, 5749);
    (void)state;

    const double start = fc_now();
    assert_int_equal(fc_all_pairs_count(&c, &s, 1, NULL), FC_OK);
    const double seconds = fc_now() - start;
    assert_int_equal(c.ngenuine + c.nimpostor, 87549528);
    printf("all pairs of 13233 vectors (192-d), one thread, %s: %.3f s\n", fc_all_pairs_isa(), seconds);
    fc_pair_counts_clear(&c);
    free_set(&s);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_as_plain_loops),
        cmocka_unit_test(found_pairs_are_those_counted),
        cmocka_unit_test(bad_sets_are_refused),
        cmocka_unit_test(kernels_one_by_one),
#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
        cmocka_unit_test(time_for_lfw),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
