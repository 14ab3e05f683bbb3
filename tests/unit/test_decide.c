/* The rule by which a score decides. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "facecheck.h"
#include "match/decide.h"

static uint64_t seed = 1;

static double uniform(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(int64_t)(seed ^ seed >> 31) / 9223372036854775808.0;
}

/* What is printed with six places, read back, is the number itself: so that it is compared as it is printed. */
static void decimals_are_what_is_printed(void **state)
{
    (void)state;
    assert_true(fc_decimal(0.4567896) == 0.45679 && fc_decimal(-1e-9) == 0 && !signbit(fc_decimal(-1e-9)));
    assert_true(isnan(fc_decimal(NAN)) && fc_decimal(-INFINITY) == -INFINITY &&
                fc_decimal(INFINITY) == INFINITY);
    for (int i = 0; i < 200000; i++) {
        const double v = fc_decimal(uniform() * 2);
        char text[40];
        snprintf(text, sizeof text, "%.6f", v);
        assert_true(strtod(text, NULL) == v && fc_decimal(v) == v);
    }
}

static void a_threshold_refuses_what_it_was_set_to(void **state)
{
    (void)state;
    for (int i = 0; i < 200000; i++) {
        const double score = uniform(), above = fc_threshold_above(score);
        assert_true(!fc_accepts(score, above));
        assert_true(fc_accepts(fc_decimal(score) + 1e-6, above)); /* and is the least one */
        assert_true(fc_accepts(score, fc_decimal(score)) && fc_accepts(score, score));
        assert_true(fc_accepts_distance(1 + score, 1 + score));
    }
    /* the cases of the report: beside a threshold of as many places */
    assert_true(!fc_accepts(0.4567896, fc_threshold_above(0.4567896)));
    assert_true(fc_accepts(0.4567896, 0.45679) && !fc_accepts(0.4567894, 0.45679));
    assert_true(fc_accepts_distance(1.0488088, fc_distance_at(0.45)) &&
                !fc_accepts_distance(1.0488097, fc_distance_at(0.45)));
    /* no score, no answer */
    assert_true(!fc_accepts(-INFINITY, -1) && !fc_accepts(NAN, -1) && !fc_accepts(1, NAN) &&
                !fc_accepts_distance(NAN, 2) && !fc_accepts(1, INFINITY));
    /* nor for what no similarity and no distance can be */
    assert_true(!fc_accepts(INFINITY, -1) && !fc_accepts(INFINITY, INFINITY) &&
                !fc_accepts(INFINITY, -INFINITY) && !fc_accepts(-INFINITY, -INFINITY));
    assert_true(!fc_accepts_distance(-INFINITY, 2) && !fc_accepts_distance(INFINITY, INFINITY) &&
                !fc_accepts_distance(-INFINITY, -INFINITY) && !fc_accepts_distance(1, NAN));
    assert_true(fc_distance_at(1) == 0 && fc_distance_at(1.0000001) == 0 && fc_distance_at(-1) == 2);
}

/* Many that are equal. */
static double round_to(double v)
{
    return floor(v * 4) / 4;
}

static size_t accepted(const double *score, size_t n, double threshold)
{
    size_t yes = 0;
    for (size_t i = 0; i < n; i++)
        yes += fc_accepts(score[i], threshold);
    return yes;
}

static void the_least_threshold_that_keeps_a_number(void **state)
{
    (void)state;
    static const double none[] = {-INFINITY, INFINITY, NAN};
    for (int round = 0; round < 2000; round++) {
        double score[40];
        const size_t n = (size_t)round % 40, most = (size_t)(round / 40) % 41;
        for (size_t i = 0; i < n; i++) {
            const double v = uniform();
            score[i] = round % 3 == 0 ? round_to(v) : round % 7 == 0 && i % 5 == 0 ? none[i / 5 % 3] : v;
        }
        const double t = fc_threshold_for(score, n, most);
        assert_true(t == fc_decimal(t) && accepted(score, n, t) <= most);
        if (t > -1)
            assert_true(accepted(score, n, t - 1e-6) > most);
    }
    assert_true(fc_threshold_for(NULL, 0, 0) == -1);
}

/* Rates to hand: 1 - 0.99^(1/N) for a hundredth of strangers. */
static void a_comparison_s_share_of_a_rate(void **state)
{
    (void)state;
    assert_true(fabs(fc_fmr_for(0.01, 1) - 0.01) < 1e-15);
    assert_true(fabs(fc_fmr_for(0.01, 10) - 1.0045289e-3) < 1e-9);
    assert_true(fabs(fc_fmr_for(0.01, 1000) - 1.00502854e-5) < 1e-12);
    assert_true(fabs(fc_fmr_for(0.75, 2) - 0.5) < 1e-15);
    /* the issue's: at 1e-3 a comparison, 1 % of looks at 10 people, 9.5 % at 100, 63 % at 1,000 */
    assert_true(fabs(fc_fmr_for(0.0952079, 100) - 1e-3) < 1e-8 &&
                fabs(fc_fmr_for(0.632305, 1000) - 1e-3) < 1e-8);
    assert_true(fabs(fc_fmr_for(1e-9, 1000000000) / 1e-18 - 1) < 1e-6);
}

static void the_curve_s_next_stricter_rate(void **state)
{
    const fc_fmr_curve c = {.n = 3, .pairs = 1000, .point = {{0.1, 0.25}, {0.01, 0.5}, {0.001, 0.75}}};
    const struct {
        double fmr, threshold;
        bool there;
    } cases[] = {{0.5, 0.25, true},   {0.1, 0.25, true},   {0.0999, 0.5, true},     {0.01, 0.5, true},
                 {0.009, 0.75, true}, {0.001, 0.75, true}, {0.000999, 0.75, false}, {1e-12, 0.75, false}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double t = -2;
        assert_int_equal(fc_curve_threshold(&t, &c, cases[i].fmr), cases[i].there);
        assert_true(t == cases[i].threshold);
    }
    const fc_fmr_curve one = {.n = 1, .pairs = 9, .point = {{0.1, 0.25}}};
    double t;
    assert_true(fc_curve_threshold(&t, &one, 0.2) && t == 0.25 && !fc_curve_threshold(&t, &one, 0.01) &&
                t == 0.25);
}

/* k + 1 of n + 1, at most the rate. */
static void looks_that_may_be_above(void **state)
{
    const struct {
        double rate;
        size_t n, above;
    } cases[] = {{0.01, 0, 0},   {0.01, 98, 0},  {0.01, 99, 0},  {0.01, 198, 0},
                 {0.01, 199, 1}, {0.01, 300, 2}, {0.01, 998, 8}, {0.01, 999, 9},
                 {0.5, 1, 0},    {0.5, 3, 1},    {0.999, 10, 9}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(fc_allowed_above(cases[i].rate, cases[i].n), cases[i].above);
    assert_int_equal(fc_allowed(0.01, 300), 3);
    assert_int_equal(fc_allowed(0.001, 1000), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_are_what_is_printed),
        cmocka_unit_test(a_threshold_refuses_what_it_was_set_to),
        cmocka_unit_test(the_least_threshold_that_keeps_a_number),
        cmocka_unit_test(a_comparison_s_share_of_a_rate),
        cmocka_unit_test(the_curve_s_next_stricter_rate),
        cmocka_unit_test(looks_that_may_be_above),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
