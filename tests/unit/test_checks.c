/* Reports of protocols, assertions on them, and comparisons with earlier ones. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "eval/checks.h"
#include "eval/report_file.h"

/* ---- a report of four genuine and four impostor pairs in two folds, one of them answered wrongly ---- */

static fc_pair pairs[] = {{0, 1, true, 0}, {2, 3, true, 0}, {0, 2, false, 0}, {1, 3, false, 0},
                          {0, 4, true, 1}, {1, 4, true, 1}, {2, 4, false, 1}, {3, 4, false, 1}};
enum { PAIRS = 8, PICTURES = 5 };
static const fc_pairs list = {.pair = pairs, .n = PAIRS, .folds = 2, .nimages = PICTURES};
static float v[PICTURES][2];
static fc_eval_picture picture[PICTURES];
static const fc_eval_set set = {.picture = picture, .v = v[0], .n = PICTURES, .dim = 2, .workers = 1};

/* Two people at 0 and 90 degrees; the last picture is the first person's, and lies at `last`. */
static void make_report(fc_report *r, fc_pairs_result *p, double last)
{
    const double angle[PICTURES] = {0, 5, 90, 85, last};
    const char *const message[PICTURES] = {"", "", "", "", ""};

    for (int i = 0; i < PICTURES; i++) {
        picture[i] = (fc_eval_picture){.path = "a\nb.jpg", .found = 1};
        v[i][0] = (float)cos(angle[i] * M_PI / 180);
        v[i][1] = (float)sin(angle[i] * M_PI / 180);
    }
    *r = (fc_report){0};
    *p = (fc_pairs_result){.n = 0};
    assert_int_equal(fc_report_begin(r, "pairs", NULL), FC_OK);
    assert_int_equal(fc_report_set(r, "protocol", "dataset_sha256", json_string("d"), NULL), FC_OK);
    assert_int_equal(fc_report_failures(r, &set, message, NULL), FC_OK);
    assert_int_equal(fc_protocol_pairs(p, &set, &list, NULL), FC_OK);
    assert_int_equal(fc_eval_causes(&p->common, &set, NULL, NULL), FC_OK);
    assert_int_equal(fc_report_pairs(r, p, &set, "hash", NULL), FC_OK);
}

static void free_report(fc_report *r, fc_pairs_result *p)
{
    fc_report_clear(r);
    fc_pairs_result_clear(p);
}

static double number(const fc_report *r, const char *section, const char *name)
{
    return fc_report_real(json_object_get(r->json, section), name);
}

/* ---- reports ---- */

static void a_report_says_what_the_protocol_counted(void **state)
{
    fc_report r;
    fc_pairs_result p;
    const char *same;
    size_t n;
    (void)state;

    make_report(&r, &p, 10);
    assert_string_equal(fc_report_kind(r.json), "pairs");
    assert_true(number(&r, "metrics", "accuracy") == 1 && number(&r, "metrics", "auc") == 1);
    assert_true(number(&r, "metrics", "fte") == 0);
    assert_true(number(&r, "protocol", "pairs") == PAIRS && number(&r, "protocol", "folds") == 2);
    assert_int_equal(json_array_size(json_object_get(r.json, "folds")), 2);
    assert_int_equal(json_unpack(r.json, "{s:{s:s%}}", "pairs", "same", &same, &n), 0);
    assert_int_equal(n, PAIRS);
    assert_memory_equal(same, "11001100", PAIRS);
    assert_int_equal(json_unpack(r.json, "{s:{s:s%}}", "answers", "right", &same, &n), 0);
    assert_memory_equal(same, "11111111", PAIRS);
    assert_int_equal(json_array_size(json_object_get(r.json, "errors")), 0);
    assert_int_equal(json_array_size(json_object_get(r.json, "operating_points")), 0);
    /* A tenth of the impostors cannot be seen among four: the line says so. */
    char *rows = json_dumps(r.rows, 0);
    assert_non_null(strstr(
        rows, "[\"TAR at FAR 1e-02\", \"not measurable\", \"less than one of the 4 impostor pairs\"]"));
    assert_non_null(strstr(rows, "[\"accuracy\", \"100.00 % +- 0.00\", "));
    free(rows);
    free_report(&r, &p);
}

static void wrong_answers_are_named_with_their_cause(void **state)
{
    fc_report r;
    fc_pairs_result p;
    const char *a, *cause;
    json_int_t below;
    (void)state;

    make_report(&r, &p, 70); /* near the other person */
    assert_true(number(&r, "metrics", "accuracy") < 1);
    assert_int_equal(json_unpack(r.json, "{s:[{s:s, s:s}], s:{s:I}}", "errors", "a", &a, "cause", &cause,
                                 "causes", "below threshold", &below),
                     0);
    assert_string_equal(a, "a\\nb.jpg");
    assert_int_equal(below, 2);
    assert_int_equal(json_object_size(json_object_get(r.json, "causes")), FC_EVAL_CAUSES - 1);
    free_report(&r, &p);
}

static void missing_templates_are_counted_by_state(void **state)
{
    static const char *const message[] = {"", "why", "", "", ""};
    fc_report r = {0};
    const char *state_name;
    (void)state;

    memset(picture, 0, sizeof picture);
    for (int i = 0; i < PICTURES; i++)
        picture[i].path = "p";
    picture[1].missing = FC_CAUSE_NOT_DETECTED;
    assert_int_equal(fc_report_begin(&r, "pairs", NULL), FC_OK);
    assert_int_equal(fc_report_failures(&r, &set, message, NULL), FC_OK);
    assert_true(number(&r, "metrics", "fte") == 0.2);
    assert_int_equal(json_unpack(r.json, "{s:[{s:s}]}", "failures", "state", &state_name), 0);
    assert_string_equal(state_name, "not detected");
    char *rows = json_dumps(r.rows, 0);
    assert_string_equal(rows, "[[\"without template\", \"1 of 5 pictures\", \"0 not decoded, 1 not detected, "
                              "0 not embedded\"], [\"\", \"not detected\", \"p\"]]");
    free(rows);
    fc_report_clear(&r);
}

static void scores_have_bins(void **state)
{
    (void)state;
    assert_int_equal(fc_eval_bin(-5), 0);
    assert_int_equal(fc_eval_bin(-1), 0);
    assert_int_equal(fc_eval_bin(0), FC_EVAL_BINS / 2);
    assert_int_equal(fc_eval_bin(1), FC_EVAL_BINS - 1);
    assert_int_equal(fc_eval_bin(7), FC_EVAL_BINS - 1);
}

/* A curve of so many points is told by fewer, from its first to its last, without gaps that an eye would see on an axis on which
 * the first step is one comparison of them. */
static void long_curves_are_thinned(void **state)
{
    enum { POINTS = 20000 };
    static fc_roc_point point[POINTS];
    const fc_roc roc = {point, POINTS, POINTS - 1, POINTS - 1};
    double t, fmr, tar, last = 0;
    size_t i;
    const json_t *one;
    (void)state;

    for (size_t k = 0; k < POINTS; k++)
        point[k] = (fc_roc_point){k ? 1 - (double)k / POINTS : INFINITY, k, k * k / (POINTS - 1)};
    json_t *curve = fc_report_curve(&roc);
    assert_in_range(json_array_size(curve), 300, 4000);
    assert_true(json_is_null(json_array_get(json_array_get(curve, 0), 0)));
    json_array_foreach(curve, i, one)
    {
        if (!i)
            continue;
        assert_int_equal(json_unpack((json_t *)one, "[F, F, F]", &t, &fmr, &tar), 0);
        assert_true(fmr >= last);
        assert_true(log10((fmr * (POINTS - 1) + 1) / (last * (POINTS - 1) + 1)) < 0.32);
        last = fmr;
    }
    assert_true(fmr == 1 && tar == 1);
    json_decref(curve);
}

/* ---- assertions ---- */

static void assertions_are_read_before_the_work(void **state)
{
    static const char *const good[] = {"accuracy>=0.99", "eer <= 1.5%", "tar@far=1e-3>=97.5%",
                                       "fte==0",         "auc>.5",      "fnmr@fmr=0.01<1e-2"};
    static const char *const bad[] = {
        "",          "accuracy",     "accuracy>=",     "accuracy>=x",        ">=1",
        "acc>=1",    "auc>=1x",      "tar@far=2>=0.5", "tar@far=>=0.5",      "auc=0.5",
        "auc>=1 %",  "rank-1>=0.5",  "auc>=inf",       "tar@far=1,5>=0.5",   "auc>=0x1",
        "auc>=+0.5", "accuracy1>=1", "auc => 1",       "fnmr@fmr=-0.1<=0.5", "auc>=nan"};
    fc_error err;
    (void)state;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(fc_assertion_check(good[i], "pairs", NULL), FC_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(fc_assertion_check(bad[i], "pairs", NULL), FC_EUSAGE);
    assert_int_equal(fc_assertion_check("rank-2>=0.5", "identify", NULL), FC_OK);
    assert_int_equal(fc_assertion_check("rank-0>=0.5", "identify", NULL), FC_EUSAGE);
    assert_int_equal(fc_assertion_check("rank-1.5>=0.5", "identify", NULL), FC_EUSAGE);
    assert_int_equal(fc_assertion_check("eer<1", "calibrate", &err), FC_EUSAGE);
    assert_string_equal(
        err.message, "--assert: fc-eval calibrate has no metric 'eer'; there are fte, tar@far=X, fnmr@fmr=X");
}

static void assertions_hold_or_fail(void **state)
{
    static const struct {
        const char *text, *failure;
    } cases[] = {{"accuracy>=1", NULL},
                 {"accuracy>=100%", NULL},
                 {"accuracy==1", NULL},
                 {"accuracy<1", "assertion failed: accuracy is 1, wanted < 1"},
                 {"eer<=0", NULL},
                 {"eer>0", "assertion failed: eer is 0, wanted > 0"},
                 {"tar@far=0.25>=1", NULL},
                 {"fnmr@fmr=0.25>=0.5", "assertion failed: fnmr@fmr=0.25 is 0, wanted >= 0.5"}};
    fc_report r;
    fc_pairs_result p;
    fc_checks c = {0};
    (void)state;

    make_report(&r, &p, 10);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(fc_checks_assert(&c, cases[i].text, &r, &p.common, NULL), FC_OK);
        assert_int_equal(c.n, i + 1);
        assert_string_equal(c.check[i].name, cases[i].text);
        assert_true(!c.check[i].failure == !cases[i].failure);
        if (cases[i].failure)
            assert_string_equal(c.check[i].failure, cases[i].failure);
    }
    assert_int_equal(c.failed, 3);
    fc_checks_clear(&c);
    free_report(&r, &p);
}

static void what_the_data_cannot_show_is_not_asserted(void **state)
{
    static const char *const bad[] = {"tar@far=0.1>=0.5", "accuracy>=0.9", "rank-1>=0.5", "answered>=1"};
    fc_report r;
    fc_pairs_result p;
    fc_checks c = {0};
    (void)state;

    make_report(&r, &p, 10);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(fc_checks_assert(&c, bad[i], &r, &p.common, NULL), FC_EEMPTY);
    assert_int_equal(c.n, 0);
    assert_int_equal(fc_checks_assert(&c, "accuracy>=0.875", &r, &p.common, NULL),
                     FC_OK); /* one wrong of eight */
    fc_checks_clear(&c);
    free_report(&r, &p);
}

/* ---- the baseline ---- */

/* Makes the first n answers of a report wrong. */
static void spoil(fc_report *r, size_t n)
{
    json_t *answers = json_object_get(r->json, "answers");
    char *right = strdup(json_string_value(json_object_get(answers, "right")));

    assert_non_null(right);
    memset(right, '0', n);
    json_object_set_new(answers, "right", json_string(right));
    free(right);
}

static void a_baseline_is_compared_answer_by_answer(void **state)
{
    static const struct {
        size_t was, is; /* wrong answers */
        const char *verdict;
        size_t failed;
    } cases[] = {{0, 0, "no significant difference", 0},
                 {0, 5, "no significant difference", 0}, /* p = 2 / 2^5 */
                 {0, 6, "worse", 1},                     /* 2 / 2^6 */
                 {6, 0, "better", 0}};
    fc_report was, is;
    fc_pairs_result p, q;
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fc_checks c = {0};
        make_report(&was, &p, 10);
        make_report(&is, &q, 10);
        spoil(&was, cases[i].was);
        spoil(&is, cases[i].is);
        assert_int_equal(fc_checks_baseline(&c, was.json, &is, NULL), FC_OK);
        assert_string_equal(fc_report_text(json_object_get(is.json, "baseline"), "verdict"),
                            cases[i].verdict);
        assert_int_equal(c.failed, cases[i].failed);
        assert_int_equal(c.n, 1);
        fc_checks_clear(&c);
        free_report(&was, &p);
        free_report(&is, &q);
    }
}

static void other_questions_are_not_compared(void **state)
{
    fc_report was, is;
    fc_pairs_result p, q;
    fc_checks c = {0};
    (void)state;

    make_report(&was, &p, 10);
    make_report(&is, &q, 10);
    json_object_set_new(json_object_get(was.json, "answers"), "of", json_string("others"));
    assert_int_equal(fc_checks_baseline(&c, was.json, &is, NULL), FC_EDATA);
    json_object_del(was.json, "answers");
    assert_int_equal(fc_checks_baseline(&c, was.json, &is, NULL), FC_EFORMAT);
    assert_int_equal(c.n, 0);
    free_report(&was, &p);
    free_report(&is, &q);
}

static void a_saved_report_is_a_baseline_for_its_command(void **state)
{
    char dir[] = "/tmp/fc-checks-XXXXXX", path[64];
    fc_report r;
    fc_pairs_result p;
    json_t *back;
    (void)state;

    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/report", dir);
    make_report(&r, &p, 10);
    assert_int_equal(fc_report_save(&r, path, NULL), FC_OK);
    assert_int_equal(fc_baseline_load(&back, path, "pairs", NULL), FC_OK);
    assert_true(json_equal(back, r.json));
    json_decref(back);
    assert_int_equal(fc_baseline_load(&back, path, "knn", NULL), FC_EDATA);
    assert_null(back);
    unlink(path);
    rmdir(dir);
    free_report(&r, &p);
}

/* ---- JUnit ---- */

static void checks_are_junit(void **state)
{
    static const char want[] =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuite name=\"fc-eval knn\" tests=\"2\" failures=\"1\" errors=\"0\" time=\"1.500\">\n"
        "  <testcase classname=\"fc-eval.knn\" name=\"a&#62;&#34;\"/>\n"
        "  <testcase classname=\"fc-eval.knn\" name=\"b\"><failure message=\"x &#38; y\"/></testcase>\n"
        "</testsuite>\n";
    char dir[] = "/tmp/fc-checks-XXXXXX", path[64], passed[] = "a>\"", failed[] = "b", why[] = "x\n&\ty";
    fc_check check[] = {{passed, NULL}, {failed, why}};
    const fc_checks c = {.check = check, .n = 2, .failed = 1};
    fc_bytes text = {0};
    (void)state;

    why[1] = ' ', why[3] = '\x1b'; /* a control character becomes a space */
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/junit.xml", dir);
    assert_int_equal(fc_checks_save_junit(&c, "knn", 1.5, path, NULL), FC_OK);
    assert_int_equal(fc_bytes_read_file(&text, path, 1 << 20, NULL), FC_OK);
    assert_int_equal(text.n, sizeof want - 1);
    assert_memory_equal(text.data, want, text.n);
    fc_bytes_clear(&text);
    unlink(path);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_says_what_the_protocol_counted),
        cmocka_unit_test(wrong_answers_are_named_with_their_cause),
        cmocka_unit_test(missing_templates_are_counted_by_state),
        cmocka_unit_test(scores_have_bins),
        cmocka_unit_test(long_curves_are_thinned),
        cmocka_unit_test(assertions_are_read_before_the_work),
        cmocka_unit_test(assertions_hold_or_fail),
        cmocka_unit_test(what_the_data_cannot_show_is_not_asserted),
        cmocka_unit_test(a_baseline_is_compared_answer_by_answer),
        cmocka_unit_test(other_questions_are_not_compared),
        cmocka_unit_test(a_saved_report_is_a_baseline_for_its_command),
        cmocka_unit_test(checks_are_junit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
