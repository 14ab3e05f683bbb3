/* The population stability index and the distance of Kolmogorov and Smirnov, by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/drift_report.h"

#define NEAR(a, b, eps) assert_true(fabs((a) - (b)) <= (eps))

/* n values of which each is repeated: 0, 1 ... n / repeat - 1, plus by. */
static double *ramp(size_t n, size_t repeat, double by)
{
    double *v = malloc(n * sizeof *v);

    for (size_t i = 0; i < n; i++)
        v[n - 1 - i] = floor((double)i / (double)repeat) + by; /* not sorted */
    return v;
}

static fc_drift compared(double *base, size_t n, double *now, size_t m, size_t bins)
{
    fc_drift d;

    assert_int_equal(fc_drift_compare(&d, base, n, now, m, bins, NULL), FC_OK);
    free(base);
    free(now);
    return d;
}

static void what_did_not_move(void **state)
{
    const fc_drift d = compared(ramp(1000, 1, 0), 1000, ramp(2000, 2, 0), 2000, 10);

    (void)state;
    assert_true(d.psi == 0 && d.ks == 0 && d.p == 1);
    assert_int_equal(d.bins, 10);
    NEAR(d.noise, 9 * (1. / 1000 + 1. / 2000), 1e-15);
    NEAR(d.base_quantile[1], 499.5, 0);
}

static void what_moved_by_a_bin(void **state)
{
    /* Each of NOW's values is a tenth of the range higher: a bin becomes empty, and the last one twice as full. */
    const fc_drift d = compared(ramp(1000, 1, 0), 1000, ramp(1000, 1, 100), 1000, 10);

    (void)state;
    NEAR(d.psi, (1e-4 - 0.1) * log(1e-4 / 0.1) + 0.1 * log(2), 1e-12);
    NEAR(d.ks, 0.1, 1e-15);
    NEAR(d.p, fc_kolmogorov(sqrt(500) * 0.1), 1e-12);
    /* All of it, and back. */
    const fc_drift up = compared(ramp(500, 1, 0), 500, ramp(500, 1, 1000), 500, 10);
    const fc_drift down = compared(ramp(500, 1, 1000), 500, ramp(500, 1, 0), 500, 10);
    assert_true(up.ks == 1 && down.ks == 1 && up.p < 1e-100 && up.psi > 5 && down.psi > 5);
}

/* Values that repeat: what is beyond the lowest or highest of them is no part of their bin. */
static void what_is_always_the_same(void **state)
{
    const fc_drift same = compared(ramp(500, 500, 5), 500, ramp(500, 500, 5), 500, 10);
    const fc_drift more = compared(ramp(500, 500, 5), 500, ramp(500, 500, 7), 500, 10);
    const fc_drift less = compared(ramp(500, 500, 5), 500, ramp(500, 500, 3), 500, 10);

    (void)state;
    assert_true(same.psi == 0 && same.ks == 0);
    assert_true(more.psi > 15 && more.ks == 1);
    assert_true(less.psi > 15 && less.ks == 1);
}

static void kolmogorov(void **state)
{
    (void)state;
    /* Smirnov's table (1948), and where the two series meet */
    NEAR(fc_kolmogorov(0.5), 0.9639452436, 1e-9);
    NEAR(fc_kolmogorov(1), 0.2699996717, 1e-9);
    NEAR(fc_kolmogorov(1.3580986), 0.05, 1e-7);
    NEAR(fc_kolmogorov(1.6276236), 0.01, 1e-7);
    NEAR(fc_kolmogorov(nextafter(1, 0)), fc_kolmogorov(1), 1e-13);
    assert_true(fc_kolmogorov(0) == 1 && fc_kolmogorov(0.01) == 1 && fc_kolmogorov(100) == 0);
}

static void too_few(void **state)
{
    double v[499] = {0}, w[500] = {0};
    fc_drift d;
    fc_error err;

    (void)state;
    assert_int_equal(fc_drift_compare(&d, v, 499, w, 500, 10, &err), FC_EDATA);
    assert_non_null(strstr(err.message, "want 500 of each"));
    assert_int_equal(fc_drift_compare(&d, w, 500, v, 499, 10, &err), FC_EDATA);
    assert_int_equal(fc_drift_compare(&d, NULL, 0, NULL, 0, 10, &err), FC_EDATA);
    assert_int_equal(fc_drift_compare(&d, w, 500, w, 500, 1, &err), FC_EUSAGE);
    assert_int_equal(fc_drift_compare(&d, w, 500, w, 500, 101, &err), FC_EUSAGE);
    assert_int_equal(fc_drift_least(10, 0.2), 180);
    assert_true(fc_drift_least(10, 0) == SIZE_MAX && fc_drift_least(10, -1) == SIZE_MAX);
}

static void lines_to_samples(void **state)
{
    static const char *const lines[] = {
        "{\"v\":1,\"src\":\"a\",\"faces\":[{\"box\":[0,0,50,60],\"score\":0.9,\"quality\":{\"sharpness\":7}},"
        "{}],"
        "\"ms\":{\"decode\":1,\"detect\":2,\"other\":9}}",
        "{\"v\":1,\"src\":\"b\",\"faces\":[]}",
        "{\"v\":1,\"src\":\"c\",\"error\":{}}",
        "{\"v\":1,\"face\":0,\"match\":true,\"similarity\":0.5,\"probe_score\":0.8,\"ms\":{\"ref\":{"
        "\"decode\":9},"
        "\"probe\":{\"decode\":3}}}",
        "{\"v\":1,\"face\":1,\"match\":false,\"similarity\":null,\"ms\":{\"decode\":4}}",
        "{\"gap\":{}}",
        "{\"match\":1,\"faces\":2}",
    };
    fc_drift_set s = {0};

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        json_t *o = json_loads(lines[i], 0, NULL);
        assert_non_null(o);
        assert_int_equal(fc_drift_set_add(&s, o, NULL), FC_OK);
        json_decref(o);
    }
    assert_int_equal(s.lines, 7);
    assert_true(s.pictures == 2 && s.faceless == 1 && s.failed == 1 && s.decided == 2 && s.matched == 1);
    assert_int_equal(s.value[FC_DRIFT_SCORE].n, 2);
    assert_int_equal(s.value[FC_DRIFT_FACE].n, 1);
    assert_int_equal(s.value[FC_DRIFT_SIMILARITY].n, 1);
    assert_int_equal(s.value[FC_DRIFT_DECODE].n, 2); /* of the second face's line: they are its picture's */
    assert_true(s.value[FC_DRIFT_TOTAL].v[0] == 3 && s.value[FC_DRIFT_DECODE].v[1] == 3);
    fc_drift_set_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_did_not_move),
        cmocka_unit_test(what_moved_by_a_bin),
        cmocka_unit_test(what_is_always_the_same),
        cmocka_unit_test(kolmogorov),
        cmocka_unit_test(too_few),
        cmocka_unit_test(lines_to_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
