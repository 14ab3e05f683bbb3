/* Curves, intervals and the LFW protocol: by hand, and against SciPy's figures in tests/data/metrics. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "facecheck.h"
#include "base/stats.h"

#define NEAR(a, b, eps) assert_true(fabs((a) - (b)) <= (eps))
#define COUNT(a)        (sizeof(a) / sizeof *(a))

/* ---- by hand ---- */

/* Genuine .9 .8 .8 .3, impostor .8 .4 .2 .1: of 16 pairs of one each, the genuine one is higher in
 * 4 + 3 + 3 + 2 = 12 and equal in 2, so the area is 13/16. */
static void curve_by_hand(void **state)
{
    const double g[] = {0.8, 0.9, 0.3, 0.8}, f[] = {0.1, 0.8, 0.4, 0.2};
    const fc_roc_point want[] = {{INFINITY, 0, 0}, {0.9, 1, 0}, {0.8, 3, 1}, {0.4, 3, 2},
                                 {0.3, 4, 2},      {0.2, 4, 3}, {0.1, 4, 4}};
    fc_roc r;
    (void)state;

    assert_int_equal(fc_roc_from_scores(&r, g, 4, f, 4, NULL), FC_OK);
    assert_int_equal(r.n, COUNT(want));
    for (size_t i = 0; i < r.n; i++) {
        assert_true(r.point[i].threshold == want[i].threshold);
        assert_int_equal(r.point[i].genuine, want[i].genuine);
        assert_int_equal(r.point[i].impostor, want[i].impostor);
    }
    assert_true(fc_roc_auc(&r) == 13.0 / 16);
    /* At .8 both rates are 1/4. */
    assert_true(fc_roc_eer(&r).rate == 0.25);
    assert_true(fc_roc_eer(&r).threshold == 0.8);

    fc_operating_point p = fc_roc_at_far(&r, 0.25);
    assert_true(p.threshold == 0.8 && p.tar == 0.75 && p.far == 0.25);
    p = fc_roc_at_far(&r, 0.2499);
    assert_true(p.threshold == 0.9 && p.tar == 0.25 && p.far == 0);
    p = fc_roc_at_far(&r, 1);
    assert_true(p.threshold == 0.1 && p.tar == 1 && p.far == 1);
    p = fc_roc_at_threshold(&r, 0.35);
    assert_true(p.threshold == 0.35 && p.tar == 0.75 && p.far == 0.5);
    p = fc_roc_at_threshold(&r, 0.3);
    assert_true(p.tar == 1);
    p = fc_roc_at_threshold(&r, 0.95);
    assert_true(p.tar == 0 && p.far == 0);
    fc_roc_clear(&r);
}

static void equal_error_rate_between_points(void **state)
{
    /* (fmr, fnmr) goes from (0, 1/2) to (2/3, 0): they meet on the line at 2/7. */
    const double g[] = {0.9, 0.5}, f[] = {0.5, 0.5, 0.1};
    fc_roc r;
    (void)state;

    assert_int_equal(fc_roc_from_scores(&r, g, 2, f, 3, NULL), FC_OK);
    NEAR(fc_roc_eer(&r).rate, 2.0 / 7, 1e-15);
    NEAR(fc_roc_eer(&r).threshold, 0.9 - 0.4 * 3 / 7, 1e-15);
    fc_roc_clear(&r);
}

static void perfect_and_useless_scores(void **state)
{
    const double g[] = {0.9, 0.8}, f[] = {0.2, 0.1}, same[] = {0.5, 0.5};
    fc_roc r;
    (void)state;

    assert_int_equal(fc_roc_from_scores(&r, g, 2, f, 2, NULL), FC_OK);
    assert_true(fc_roc_auc(&r) == 1 && fc_roc_eer(&r).rate == 0);
    fc_roc_clear(&r);
    assert_int_equal(fc_roc_from_scores(&r, f, 2, g, 2, NULL), FC_OK);
    assert_true(fc_roc_auc(&r) == 0 && fc_roc_eer(&r).rate == 1);
    fc_roc_clear(&r);
    assert_int_equal(fc_roc_from_scores(&r, same, 2, same, 2, NULL), FC_OK);
    assert_true(fc_roc_auc(&r) == 0.5 && fc_roc_eer(&r).rate == 0.5);
    assert_true(fc_roc_at_far(&r, 0.9).tar == 0);
    fc_roc_clear(&r);
}

/* A comparison without a face is rejected at every threshold, and counted. */
static void failures_stay_in_the_denominator(void **state)
{
    const double g[] = {0.9, -INFINITY}, f[] = {0.2, -INFINITY};
    fc_roc r;
    (void)state;

    assert_int_equal(fc_roc_from_scores(&r, g, 2, f, 2, NULL), FC_OK);
    assert_true(fc_roc_at_far(&r, 1).tar == 0.5);
    assert_true(fc_roc_at_threshold(&r, -2).tar == 0.5);
    assert_true(fc_roc_auc(&r) == (1 + 1 + 0 + 0.5) / 4);
    assert_true(fc_roc_eer(&r).rate == 0.5);
    fc_roc_clear(&r);
}

static void counts_are_a_curve(void **state)
{
    const double edge[] = {-INFINITY, 0, 0.25, 0.5, 0.75};
    const uint64_t genuine[] = {0, 1, 0, 2, 4}, impostor[] = {10, 80, 0, 9, 1};
    fc_roc r;
    (void)state;

    assert_int_equal(fc_roc_from_counts(&r, edge, genuine, impostor, 5, NULL), FC_OK);
    assert_int_equal(r.genuine, 7);
    assert_int_equal(r.impostor, 100);
    assert_int_equal(r.n, 5);
    fc_operating_point p = fc_roc_at_far(&r, 0.1);
    assert_true(p.threshold == 0.5 && p.genuine == 6 && p.impostor == 10);
    NEAR(fc_roc_auc(&r), (4 * 99.5 + 2 * (90 + 4.5) + 1 * (10 + 40)) / 700, 1e-15);
    fc_roc_clear(&r);
}

static void bad_scores_are_refused(void **state)
{
    const double g[] = {0.9, NAN}, f[] = {0.2, INFINITY};
    const bool same[] = {true, false, true, false};
    const int fold[] = {0, 0, 1, 1};
    fc_error err;
    fc_roc r;
    fc_folds folds;
    (void)state;

    assert_int_equal(fc_roc_from_scores(&r, g, 2, f, 2, &err), FC_EDATA);
    assert_int_equal(fc_roc_from_scores(&r, f, 2, g, 2, &err), FC_EDATA);
    assert_int_equal(fc_roc_from_scores(&r, f, 2, g, 0, &err), FC_EDATA);
    assert_int_equal(fc_roc_from_scores(&r, f, 0, f, 2, &err), FC_EDATA);
    assert_int_equal(fc_folds_run(&folds, (double[]){1, 0, 1, NAN}, same, fold, 4, 2, NULL, &err), FC_EDATA);
    assert_int_equal(fc_folds_run(&folds, (double[]){1, 0, 1, 0}, same, fold, 4, 1, NULL, &err), FC_EDATA);
    assert_int_equal(fc_folds_run(&folds, (double[]){1, 0, 1, 0}, same, fold, 4, 3, NULL, &err), FC_EDATA);
    assert_int_equal(
        fc_folds_run(&folds, (double[]){1, 0, -INFINITY, -INFINITY}, same, fold, 4, 2, NULL, &err), FC_EDATA);
}

static void best_threshold_by_hand(void **state)
{
    double t;
    (void)state;

    /* One gap. */
    assert_int_equal(fc_best_threshold(&t, (double[]){0.2, 0.8}, (bool[]){false, true}, 2, NULL), FC_OK);
    assert_true(t == 0.5);
    /* 1 right of 3 when all is accepted ... by rising threshold 2 1 2 right: .1, .4 (middle of .3 and .5) are
     * the best; of two the lower. */
    assert_int_equal(fc_best_threshold(&t, (double[]){0.1, 0.3, 0.5}, (bool[]){true, false, true}, 3, NULL),
                     FC_OK);
    assert_true(t == 0.1);
    /* Of three equally good ones the middle one: .1, .4, .8 all give 3 of 5. */
    assert_int_equal(fc_best_threshold(&t, (double[]){0.1, 0.3, 0.5, 0.7, 0.9},
                                       (bool[]){true, false, true, false, true}, 5, NULL),
                     FC_OK);
    assert_true(t == 0.3 + (0.5 - 0.3) / 2);
    /* All genuine: everything is accepted. All impostor: nothing. */
    assert_int_equal(fc_best_threshold(&t, (double[]){0.7, 0.3}, (bool[]){true, true}, 2, NULL), FC_OK);
    assert_true(t == 0.3);
    assert_int_equal(fc_best_threshold(&t, (double[]){0.7, 0.3}, (bool[]){false, false}, 2, NULL), FC_OK);
    assert_true(t == 0.700001); /* the next number of six places */
    /* Ties are taken together. */
    assert_int_equal(
        fc_best_threshold(&t, (double[]){0.5, 0.5, 0.5, 0.2}, (bool[]){true, true, false, false}, 4, NULL),
        FC_OK);
    assert_true(t == 0.35);
    assert_int_equal(fc_best_threshold(&t, (double[]){-INFINITY}, (bool[]){true}, 1, NULL), FC_EDATA);
}

/* A fold's own scores have no say in its threshold. */
static void folds_by_hand(void **state)
{
    const double score[] = {0.9, 0.4, 0.61, 0.1, 0.8, 0.3};
    const bool same[] = {true, false, true, false, true, false};
    const int fold[] = {0, 0, 1, 1, 2, 2};
    /* Fold 1 (.9 .4): the others split between .3 and .61, at .455. Fold 2 (.61 .1): between .4 and .8, at
     * .6: right. Fold 3 (.8 .3): between .4 and .61. */
    bool answer[6];
    fc_folds f;
    (void)state;

    assert_int_equal(fc_folds_run(&f, score, same, fold, 6, 3, answer, NULL), FC_OK);
    NEAR(f.fold[0].threshold, 0.455, 1e-15);
    NEAR(f.fold[1].threshold, 0.6, 1e-15);
    NEAR(f.fold[2].threshold, 0.505, 1e-15);
    assert_true(f.mean == 1 && f.error == 0);
    assert_memory_equal(answer, same, sizeof same);
    fc_folds_clear(&f);

    /* A little lower and the second fold's genuine pair is missed: accuracies 1, 1/2, 1; deviation 1/(2 sqrt
     * 3), error 1/6. */
    assert_int_equal(
        fc_folds_run(&f, (double[]){0.9, 0.4, 0.59, 0.1, 0.8, 0.3}, same, fold, 6, 3, answer, NULL), FC_OK);
    assert_int_equal(f.fold[1].right, 1);
    assert_false(answer[2]);
    NEAR(f.mean, 5.0 / 6, 1e-15);
    NEAR(f.error, 1.0 / 6, 1e-15);
    fc_folds_clear(&f);

    /* Without a face: "different", which is wrong for the matched pair. */
    assert_int_equal(fc_folds_run(&f, (double[]){-INFINITY, -INFINITY, 0.6, 0.1, 0.8, 0.3}, same, fold, 6, 3,
                                  answer, NULL),
                     FC_OK);
    assert_int_equal(f.fold[0].right, 1);
    assert_int_equal(f.fold[0].n, 2);
    assert_false(answer[0] || answer[1]);
    fc_folds_clear(&f);
}

static void cmc_by_hand(void **state)
{
    const size_t rank[] = {1, 3, 0, 1, 2};
    const uint64_t want[] = {2, 3, 4, 4};
    uint64_t hits[4];
    (void)state;

    fc_cmc(rank, 5, hits, 4);
    assert_memory_equal(hits, want, sizeof want);
}

static void intervals_by_hand(void **state)
{
    const double v[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    (void)state;

    /* None of n: 1 - .025^(1/n). */
    NEAR(fc_clopper_pearson(0, 10, 0.95).high, 1 - pow(0.025, 0.1), 1e-12);
    assert_true(fc_clopper_pearson(0, 0, 0.95).low == 0 && fc_clopper_pearson(0, 0, 0.95).high == 1);
    /* 1 of 4 against 4 of 5 coins: (1 + 5) / 32, twice. */
    NEAR(fc_mcnemar(1, 4), 0.375, 1e-15);
    assert_true(fc_mcnemar(0, 0) == 1 && fc_mcnemar(3, 3) == 1);
    /* P(X < 2) = 11/1024 <= .025 < P(X < 3) = 56/1024: from the second to the last but one. */
    assert_true(fc_median_interval(v, 10, 0.95).low == 2 && fc_median_interval(v, 10, 0.95).high == 9);
    assert_true(isinf(fc_median_interval(v, 5, 0.95).low) && isinf(fc_median_interval(v, 5, 0.95).high));
    assert_true(isinf(fc_median_interval(v, 0, 0.95).low));
    assert_true(fc_quantile(v, 10, 0.5) == 5.5 && fc_quantile(v, 1, 0.99) == 1);
    assert_true(isinf(fc_probit(0)) && isinf(fc_probit(1)));
    NEAR(fc_probit(0.5), 0, 1e-15);
}

/* ---- against SciPy ---- */

struct data {
    json_t *expected;
    double score[400];
    bool same[400];
    int fold[400];
    double g[200], f[200];
    size_t n, ng, nf;
};

static int load(void **state)
{
    static struct data d;
    char path[4096], score[64];
    int fold, same;

    snprintf(path, sizeof path, "%s/data/metrics/scores.tsv", getenv("FC_TESTS"));
    FILE *f = fopen(path, "r");
    if (!f)
        return -1;
    while (d.n < 400 && fscanf(f, "%d %d %63s", &fold, &same, score) == 3) {
        double s = strcmp(score, "-") ? strtod(score, NULL) : -INFINITY;
        d.fold[d.n] = fold;
        d.same[d.n] = same;
        d.score[d.n++] = s;
        if (same)
            d.g[d.ng++] = s;
        else
            d.f[d.nf++] = s;
    }
    fclose(f);
    snprintf(path, sizeof path, "%s/data/metrics/expected.json", getenv("FC_TESTS"));
    d.expected = json_load_file(path, 0, NULL);
    *state = &d;
    return d.expected && d.n == 400 && d.ng == 200 ? 0 : -1;
}

static int unload(void **state)
{
    json_decref(((struct data *)*state)->expected);
    return 0;
}

static double number(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    assert_true(json_is_number(v));
    return json_number_value(v);
}

static double at(const json_t *row, size_t i)
{
    assert_true(json_is_number(json_array_get(row, i)));
    return json_number_value(json_array_get(row, i));
}

/* The rows of a table, which has some. */
#define EACH_ROW(d, key, row)                                                                                \
    size_t row##_i;                                                                                          \
    json_t *row;                                                                                             \
    assert_true(json_array_size(json_object_get((d)->expected, key)) > 3);                                   \
    json_array_foreach(json_object_get((d)->expected, key), row##_i, row)

static void curve_as_scipy(void **state)
{
    const struct data *d = *state;
    fc_roc r;

    assert_int_equal(fc_roc_from_scores(&r, d->g, d->ng, d->f, d->nf, NULL), FC_OK);
    NEAR(fc_roc_auc(&r), number(d->expected, "auc"), 1e-14);
    NEAR(fc_roc_eer(&r).rate, number(d->expected, "eer"), 1e-14);
    EACH_ROW(d, "at_far", row)
    {
        fc_operating_point p = fc_roc_at_far(&r, number(row, "far"));
        assert_true(p.threshold == number(row, "threshold"));
        assert_int_equal(p.genuine, number(row, "genuine"));
        assert_int_equal(p.impostor, number(row, "impostor"));
        NEAR(p.tar_interval.low, number(row, "low"), 1e-12);
        NEAR(p.tar_interval.high, number(row, "high"), 1e-12);
    }
    fc_roc_clear(&r);
}

static void folds_as_scipy(void **state)
{
    const struct data *d = *state;
    fc_folds f;

    assert_int_equal(fc_folds_run(&f, d->score, d->same, d->fold, d->n, 5, NULL, NULL), FC_OK);
    EACH_ROW(d, "lfw", row)
    {
        NEAR(f.fold[row_i].threshold, number(row, "threshold"), 1e-15);
        assert_int_equal(f.fold[row_i].right, number(row, "right"));
    }
    NEAR(f.mean, number(d->expected, "accuracy"), 1e-15);
    NEAR(f.error, number(d->expected, "error"), 1e-15);
    fc_folds_clear(&f);
}

static bool relatively_near(double a, double b, double eps)
{
    return fabs(a - b) <= eps * fabs(b);
}

static void numerics_as_scipy(void **state)
{
    const struct data *d = *state;
    {EACH_ROW(d, "clopper_pearson",
              row){fc_interval i = fc_clopper_pearson((uint64_t)at(row, 0), (uint64_t)at(row, 1), 0.95);
    assert_true(relatively_near(i.low, at(row, 2), 1e-7));
    assert_true(relatively_near(i.high, at(row, 3), 1e-7));
    assert_true(relatively_near(1 - i.high, 1 - at(row, 3), 1e-6));
}
}
{EACH_ROW(d, "mcnemar", row){
    assert_true(relatively_near(fc_mcnemar((uint64_t)at(row, 0), (uint64_t)at(row, 1)), at(row, 2), 1e-11));
}
}
{EACH_ROW(d, "beta_inc", row){
    assert_true(relatively_near(fc_beta_inc(at(row, 0), at(row, 1), at(row, 2)), at(row, 3), 1e-6));
}
}
{EACH_ROW(d, "probit", row){NEAR(fc_probit(at(row, 0)), at(row, 1), 1e-9);
}
}
{
    double v[200];
    size_t n = 0;
    for (size_t i = 0; i < d->nf; i++)
        if (isfinite(d->f[i]))
            v[n++] = d->f[i];
    fc_sort(v, n);
    EACH_ROW(d, "quantile", row)
    {
        NEAR(fc_quantile(v, n, at(row, 0)), at(row, 1), 1e-15);
    }
}
{
    double v[1000];
    for (size_t i = 0; i < 1000; i++)
        v[i] = (double)(i + 1);
    EACH_ROW(d, "median_rank", row)
    {
        size_t n = (size_t)at(row, 0);
        double r = at(row, 1), low = fc_median_interval(v, n, 0.95).low;
        assert_true(r == 0 ? isinf(low) : low == r);
    }
}
}

static void few_strangers_show_no_small_rate(void **state)
{
    (void)state;
    assert_true(fc_shows_rate(300, 0.01) && !fc_shows_rate(299, 0.01));
    assert_true(!fc_shows_rate(0, 1) && !fc_shows_rate(1000000, 0) && fc_shows_rate(3, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(curve_by_hand),
        cmocka_unit_test(equal_error_rate_between_points),
        cmocka_unit_test(perfect_and_useless_scores),
        cmocka_unit_test(failures_stay_in_the_denominator),
        cmocka_unit_test(counts_are_a_curve),
        cmocka_unit_test(bad_scores_are_refused),
        cmocka_unit_test(best_threshold_by_hand),
        cmocka_unit_test(folds_by_hand),
        cmocka_unit_test(cmc_by_hand),
        cmocka_unit_test(intervals_by_hand),
        cmocka_unit_test(curve_as_scipy),
        cmocka_unit_test(folds_as_scipy),
        cmocka_unit_test(numerics_as_scipy),
        cmocka_unit_test(few_strangers_show_no_small_rate),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
