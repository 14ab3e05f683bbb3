/* What training reports: rates, intervals, who is taken for whom. test_knn.c holds its answers against comparing all. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "classify/knn_train.h"
#include "pipeline/record.h"

enum { DIM = 4 };

static void add(fc_labelled *l, const char *name, float x, float y, float z)
{
    assert_int_equal(fc_labelled_add(l, name, "m:1", (float[DIM]){x, y, z}, DIM, NULL, NULL), FC_OK);
}

/* Two of Bob's three look like Ann, whose neighbours they are; Cat is far from both. */
static fc_labelled *make_people(void)
{
    fc_labelled *l;

    assert_int_equal(fc_labelled_new(&l, NULL), FC_OK);
    add(l, "Ann", 1, 0, 0);
    add(l, "Ann", 1, 0.01f, 0);
    add(l, "Bob", 1, 0.03f, 0);
    add(l, "Bob", 1, -0.03f, 0);
    add(l, "Bob", 0, 1, 0);
    add(l, "Cat", 0, 0, 1);
    add(l, "Cat", 0, 0.01f, 1);
    return l;
}

static fc_knn *learn(fc_knn_report *r, const fc_labelled *l, double fpir, int workers)
{
    const fc_knn_settings s = {.k = 1, .vote = FC_KNN_MAJORITY, .fpir = fpir};
    fc_knn *m;

    assert_int_equal(fc_knn_learn(&m, r, l, &s, &(fc_knn_work){.workers = workers}, NULL), FC_OK);
    return m;
}

static void assert_rate(const fc_knn_rate *r, uint64_t part, uint64_t all)
{
    const fc_interval i = fc_clopper_pearson(part, all, FC_CONFIDENCE);

    assert_true(r->part == part && r->all == all);
    assert_true(r->rate == fc_decimal((double)part / (double)all));
    assert_true(r->interval.low == i.low && r->interval.high == i.high);
}

static void who_is_taken_for_whom(void **state)
{
    (void)state;
    fc_labelled *l = make_people();
    for (int workers = 1; workers <= 2; workers++) {
        fc_knn_report r;
        fc_knn *m = learn(&r, l, 1, workers);

        assert_rate(&r.accuracy, 5, 7);
        assert_int_equal(r.nconfusions, 1);
        assert_true(r.confusions->is == 1 && r.confusions->taken_for == 0 && r.confusions->times == 2);
        assert_true(r.confusions->score > 0.9997 && r.confusions->score < 1);
        assert_rate(&r.fpir, 7, 7); /* an FPIR of 1 lets all strangers in */
        assert_true(fc_knn_get_measured(m)->threshold == -1);
        size_t times = 0;
        for (size_t i = 0; i < r.nstrangers; i++) {
            times += r.strangers[i].times;
            assert_true(r.strangers[i].is != r.strangers[i].taken_for);
            assert_true(i == 0 || r.strangers[i - 1].times >= r.strangers[i].times);
        }
        assert_int_equal(times, 7);
        fc_knn_report_clear(&r);
        fc_knn_free(m);
    }
    fc_labelled_free(l);
}

static void no_stranger_passes_a_rate_of_none(void **state)
{
    (void)state;
    fc_labelled *l = make_people();
    fc_knn_report r;
    fc_knn *m = learn(&r, l, 0, 1);

    assert_rate(&r.fpir, 0, 7);
    assert_int_equal(r.nstrangers, 0);
    assert_non_null(r.confusions);
    assert_rate(&r.fnir, fc_knn_get_measured(m)->missed, 7);
    assert_true(r.fnir.part >= r.accuracy.all - r.accuracy.part);
    fc_knn_report_clear(&r);
    assert_null(r.confusions);
    fc_knn_free(m);
    fc_labelled_free(l);
}

static void what_cannot_be_learned_is_refused(void **state)
{
    (void)state;
    const fc_knn_settings good = {.k = 1, .fpir = 0.1}, even = {.k = 2, .fpir = 0.1};
    fc_labelled *l;
    fc_knn_report r;
    fc_knn *m = (fc_knn *)&r;
    fc_error err;

    assert_int_equal(fc_labelled_new(&l, NULL), FC_OK);
    assert_int_equal(fc_knn_learn(&m, &r, l, &good, NULL, &err), FC_EEMPTY);
    assert_null(m);
    add(l, "Ann", 1, 0, 0);
    add(l, "Ann", 1, 0.1f, 0);
    assert_int_equal(fc_knn_learn(&m, &r, l, &good, NULL, &err), FC_EEMPTY);
    add(l, "Bob", 0, 1, 0);
    assert_int_equal(fc_knn_learn(&m, &r, l, &even, NULL, &err), FC_EUSAGE);
    assert_true(!m && !r.confusions && !r.strangers);
    assert_int_equal(fc_knn_learn(&m, &r, l, &good, NULL, &err), FC_OK);
    assert_true(r.accuracy.all == 2 && r.fpir.all == 3); /* Bob has no other photo */
    fc_knn_report_clear(&r);
    fc_knn_free(m);
    fc_labelled_free(l);
}

/* With k = 3: whose score can reach the threshold, to its last place. */
static void who_has_few_samples(void **state)
{
    (void)state;
    const double two = 2.0 / 3, floors[] = {0.5, two, fc_threshold_above(two)};
    fc_labelled *l = make_people();
    assert_int_equal(fc_labelled_person(l, "Dan", NULL), FC_OK);
    add(l, "Eve", 0, 1, 1);
    for (int i = 0; i < 3; i++) {
        const fc_knn_settings s = {.k = 3, .vote = FC_KNN_MAJORITY, .fpir = 1, .floor = floors[i]};
        const size_t person[] = {0, 2, 3, 4}, samples[] = {2, 2, 0, 1}; /* Bob has three */
        fc_knn_report r;
        fc_knn *m;
        assert_int_equal(fc_knn_learn(&m, &r, l, &s, NULL, NULL), FC_OK);
        assert_true(fc_knn_get_measured(m)->threshold == fc_decimal(floors[i]));
        assert_int_equal(r.nfew, 4);
        for (size_t k = 0; k < 4; k++) {
            const fc_knn_few *few = &r.few[k];
            assert_true(few->person == person[k] && few->samples == samples[k]);
            assert_true(few->most == (double)samples[k] / 3 && few->never == (samples[k] < 2 || i == 2));
        }
        fc_knn_report_clear(&r);
        assert_true(!r.few && !r.nfew);
        fc_knn_free(m);
    }
    fc_labelled_free(l);
}

static fc_status add_record(fc_labelled *l, const char *name, const char *text)
{
    fc_record rec;
    fc_error err;

    assert_int_equal(fc_record_parse(&rec, text, strlen(text), "test", 1, &err), FC_OK);
    const fc_status s = fc_labelled_add_record(l, name, &rec, &err);
    fc_record_clear(&rec);
    return s;
}

static void records_have_one_face_or_none(void **state)
{
    (void)state;
#define FACE "{\"embedding\":{\"model\":\"m:1\",\"f32\":\"AACAPwAAAAA=\"}}"
    fc_labelled *l;
    assert_int_equal(fc_labelled_new(&l, NULL), FC_OK);
    assert_int_equal(add_record(l, "Ann", "{\"v\":1,\"src\":\"a\",\"faces\":[" FACE "]}"), FC_OK);
    assert_int_equal(add_record(l, "Dan", "{\"v\":1,\"src\":\"a\",\"faces\":[]}"), FC_OK);
    assert_int_equal(fc_labelled_people(l), 2);
    assert_true(fc_labelled_samples(l, 0) == 1 && fc_labelled_samples(l, 1) == 0);
    assert_string_equal(fc_labelled_contract(l), "m:1");
    assert_int_not_equal(add_record(l, "Ann", "{\"v\":1,\"src\":\"a\",\"faces\":[" FACE "," FACE "]}"),
                         FC_OK);
    assert_int_not_equal(add_record(l, "Ann", "{\"v\":1,\"src\":\"a\",\"faces\":[{}]}"), FC_OK);
    assert_int_equal(fc_labelled_samples(l, 0), 1);
    fc_labelled_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_taken_for_whom),
        cmocka_unit_test(no_stranger_passes_a_rate_of_none),
        cmocka_unit_test(what_cannot_be_learned_is_refused),
        cmocka_unit_test(who_has_few_samples),
        cmocka_unit_test(records_have_one_face_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
