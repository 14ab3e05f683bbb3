/* Design effects by hand, and the coverage of the intervals they give. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/stats.h"
#include "eval/clusters.h"

#define NEAR(a, b, eps) assert_true(fabs((a) - (b)) <= (eps))

/* Persons 0 0 0, 1 1, 2 2: 3 + 1 + 1 genuine pairs. Two of person 0's fail: R = 2/5; squares: (2 - 6/5)^2 +
 * 2 (2/5)^2 = 24/25, by 3/2 for three clusters: 36/25. Binomial: 2/5 3/5 5 = 6/5. */
static void genuine_by_hand(void **state)
{
    const uint32_t label[] = {0, 0, 0, 1, 1, 2, 2};
    const fc_found_pair errors[] = {{0, 1, 0}, {1, 2, 0}};
    double d;
    (void)state;

    assert_int_equal(fc_design_effect(&d, true, label, 7, 3, errors, 2, NULL), FC_OK);
    NEAR(d, 1.2, 1e-14);
    assert_int_equal(fc_design_effect(&d, true, label, 7, 3, errors, 0, NULL), FC_OK);
    assert_true(d == 1);
    assert_int_equal(fc_design_effect(&d, true, label, 7, 2, errors, 0, NULL), FC_EUSAGE);
}

/* People with one or two pictures; every pair of dyads that share a person, one by one. */
static void impostor_by_hand(void **state)
{
    enum { N = 8, PEOPLE = 5, ERRORS = 6 };
    const uint32_t label[N] = {0, 0, 1, 1, 2, 3, 4, 4};
    const fc_found_pair errors[ERRORS] = {{0, 2, 0}, {1, 3, 0}, {0, 4, 0}, {1, 5, 0}, {0, 6, 0}, {1, 7, 0}};
    double pairs = 0, sum = 0, u[PEOPLE][PEOPLE] = {{0}}, d;
    (void)state;

    for (int i = 0; i < N; i++)
        for (int j = i + 1; j < N; j++)
            pairs += label[i] != label[j];
    double rate = ERRORS / pairs;
    for (int i = 0; i < N; i++)
        for (int j = i + 1; j < N; j++)
            if (label[i] != label[j])
                u[label[i]][label[j]] -= rate;
    for (int k = 0; k < ERRORS; k++)
        u[label[errors[k].a]][label[errors[k].b]] += 1;
    for (int a = 0; a < PEOPLE; a++)
        for (int b = a + 1; b < PEOPLE; b++)
            for (int e = 0; e < PEOPLE; e++)
                for (int f = e + 1; f < PEOPLE; f++)
                    if (a == e || a == f || b == e || b == f)
                        sum += u[a][b] * u[e][f];
    assert_true(sum > rate * (1 - rate) * pairs);
    assert_int_equal(fc_design_effect(&d, false, label, N, PEOPLE, errors, ERRORS, NULL), FC_OK);
    NEAR(d, sum / (rate * (1 - rate) * pairs), 1e-12);
}

static void intervals(void **state)
{
    fc_interval cp = fc_clopper_pearson(20, 1000, 0.95), kg = fc_korn_graubard(20, 1000, 1, 0.95);
    (void)state;

    assert_true(cp.low == kg.low && cp.high == kg.high);
    kg = fc_korn_graubard(20, 1000, 2, 0.95);
    cp = fc_clopper_pearson(10, 500, 0.95);
    NEAR(kg.low, cp.low, 1e-12);
    NEAR(kg.high, cp.high, 1e-12);
    assert_true(fc_korn_graubard(0, 1000, 5, 0.95).low == 0);
}

/* Sets of 60 people with an inclination of their own to be mistaken. The true rate lies in nine of ten intervals and
 * more; in the binomial ones much less often. */
static void coverage(void **state)
{
    enum { PEOPLE = 60, RUNS = 300 };
    uint32_t label[PEOPLE];
    double truth = 0, prone[PEOPLE];
    int covered = 0, binomial = 0;
    uint64_t seed = 7;
    (void)state;

    /* The odds of a pair are prone_a + prone_b, and prone is 0.2 with probability 1/10, else 0. */
    truth = 2 * 0.2 / 10;
    for (int run = 0; run < RUNS; run++) {
        fc_found_pair errors[PEOPLE * PEOPLE];
        size_t n = 0;
        double d;
        for (uint32_t p = 0; p < PEOPLE; p++) {
            label[p] = p;
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            prone[p] = (seed >> 33) % 10 == 0 ? 0.2 : 0;
        }
        for (uint32_t a = 0; a < PEOPLE; a++)
            for (uint32_t b = a + 1; b < PEOPLE; b++) {
                seed = seed * 6364136223846793005u + 1442695040888963407u;
                if ((double)(seed >> 11) / 9007199254740992.0 < prone[a] + prone[b])
                    errors[n++] = (fc_found_pair){a, b, 0};
            }
        assert_int_equal(fc_design_effect(&d, false, label, PEOPLE, PEOPLE, errors, n, NULL), FC_OK);
        fc_interval kg = fc_korn_graubard(n, PEOPLE * (PEOPLE - 1) / 2, d, 0.95);
        fc_interval cp = fc_clopper_pearson(n, PEOPLE * (PEOPLE - 1) / 2, 0.95);
        covered += kg.low <= truth && truth <= kg.high;
        binomial += cp.low <= truth && truth <= cp.high;
    }
    assert_true(covered >= RUNS * 85 / 100);
    assert_true(binomial <= RUNS * 75 / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(genuine_by_hand),
        cmocka_unit_test(impostor_by_hand),
        cmocka_unit_test(intervals),
        cmocka_unit_test(coverage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
