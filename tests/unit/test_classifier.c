/* Classifiers of any kind: loading by what the file is, answers, the threshold, hostile files. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "classify/classifier_impl.h"
#include "classify/knn_train.h"
#include "match/similarity.h"

enum { DIM = 8, PEOPLE = 4, SAMPLES = 3 };

static char path[] = "/tmp/test_classifier.XXXXXX";

static int make_file(void **state)
{
    (void)state;
    return close(mkstemp(path));
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

/* Person p, seen for the i-th time. */
static void make_sample(float *e, int p, int i)
{
    memset(e, 0, DIM * sizeof *e);
    e[p] = 1;
    e[PEOPLE + i] = 0.2f;
    assert_true(fc_normalise(e, DIM));
}

static fc_knn *make_knn(fc_knn_report *report)
{
    static const fc_knn_settings settings = {.k = 3, .vote = FC_KNN_DISTANCE, .fpir = 0};
    fc_labelled *l;
    fc_knn *m;

    assert_int_equal(fc_labelled_new(&l, NULL), FC_OK);
    for (int p = 0; p < PEOPLE; p++)
        for (int i = 0; i < SAMPLES; i++) {
            float e[DIM];
            make_sample(e, p, i);
            assert_int_equal(fc_labelled_add(l, (char[]){(char)('a' + p), 0}, "m:1", e, DIM, NULL, NULL),
                             FC_OK);
        }
    assert_int_equal(fc_knn_learn(&m, report, l, &settings, NULL, NULL), FC_OK);
    fc_labelled_free(l);
    return m;
}

static void save_knn(void)
{
    fc_knn_report report;
    fc_knn *m = make_knn(&report);

    assert_int_equal(fc_knn_save(m, path, NULL), FC_OK);
    fc_knn_report_clear(&report);
    fc_knn_free(m);
}

static fc_status load_failing(const char *file, fc_error *err)
{
    fc_classifier *c = (fc_classifier *)path;
    const fc_status s = fc_classifier_load(&c, file, err);

    assert_null(c);
    assert_non_null(strstr(err->message, file));
    return s;
}

static void a_file_is_loaded_by_its_kind(void **state)
{
    (void)state;
    fc_classifier *c;
    fc_prediction p[PEOPLE];
    float e[PEOPLE * DIM];

    save_knn();
    assert_int_equal(fc_classifier_load(&c, path, NULL), FC_OK);
    const fc_classifier_facts *f = fc_classifier_get_facts(c);
    assert_string_equal(f->kind, "knn");
    assert_string_equal(f->contract, "m:1");
    assert_true(f->dim == DIM && f->people == PEOPLE && f->voters == 3);
    for (int i = 0; i < PEOPLE; i++)
        make_sample(e + i * DIM, i, 0);
    assert_int_equal(fc_classifier_predict(c, e, PEOPLE, p, NULL), FC_OK);
    for (int i = 0; i < PEOPLE; i++) {
        assert_true(p[i].length == 1 && *p[i].name == 'a' + i);
        assert_true(p[i].votes == 3 && p[i].similarity == 1 && p[i].score > 0.9 && p[i].score < 1);
        assert_true(fc_classifier_accepts(c, &p[i]));
    }
    memset(e, 0, sizeof e);
    assert_int_equal(fc_classifier_predict(c, e, 1, p, &(fc_error){0}), FC_EUSAGE);
    fc_classifier_free(c);
    fc_classifier_free(NULL);
}

/* What it prints as its threshold is accepted, the next number below is not; what is no number never is. */
static void the_threshold_itself_is_accepted(void **state)
{
    (void)state;
    fc_classifier *c;
    fc_prediction p = {.name = "a", .length = 1};

    save_knn();
    assert_int_equal(fc_classifier_load(&c, path, NULL), FC_OK);
    const double t = fc_classifier_get_facts(c)->threshold;
    p.score = t;
    assert_true(fc_classifier_accepts(c, &p));
    p.score = t - 1e-6;
    assert_false(fc_classifier_accepts(c, &p));
    static const double none[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 3; i++) {
        p.score = none[i];
        assert_false(fc_classifier_accepts(c, &p));
    }
    fc_classifier_free(c);
}

static void write_bytes(const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");

    assert_true(f && fwrite(bytes, 1, n, f) == n && fclose(f) == 0);
}

/* A table of kind "knn" with a good note, all sums right. */
static void write_table(size_t people, const fc_table_label *label)
{
    fc_table *t;
    float e[DIM];

    assert_int_equal(fc_table_new(&t, &(fc_table_size){people, DIM, people, people}, NULL), FC_OK);
    for (size_t i = 0; i < people; i++) {
        make_sample(e, (int)i, 0);
        assert_int_equal(fc_table_put_subject(t, (int64_t)i + 1, "x", 1, 1, NULL), FC_OK);
        assert_int_equal(fc_table_put(t, i, &(fc_table_row){e, (int64_t)i, i}, NULL), FC_OK);
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(fc_table_save(t, label, path, NULL), FC_OK);
    fc_table_free(t);
}

static void hostile_files_are_refused(void **state)
{
    (void)state;
    fc_classifier *c;
    fc_error err;
    fc_bytes file;
    fc_table *t;
    fc_table_label label;

    assert_int_equal(load_failing("/nowhere/x.knn", &err), FC_EMISSING);
    write_bytes("", 0);
    assert_int_not_equal(load_failing(path, &err), FC_OK);
    write_bytes("{\"v\":1}\n", 8);
    assert_int_equal(load_failing(path, &err), FC_EFORMAT);
    save_knn();
    assert_int_equal(fc_bytes_read_file(&file, path, 1 << 20, &err), FC_OK);
    for (size_t n = 0; n < file.n; n += n < 200 ? 1 : 97) {
        write_bytes(file.data, n);
        assert_int_not_equal(load_failing(path, &err), FC_OK);
    }
    write_bytes(file.data, file.n);
    assert_int_equal(fc_table_map(&t, &label, path, "knn", &err), FC_OK);
    assert_int_equal(unlink(path), 0); /* it is mapped */
    assert_int_equal(fc_table_save(t, &label, path, NULL), FC_OK);
    fc_table_free(t);
    write_table(2, &label);
    assert_int_equal(fc_classifier_load(&c, path, &err), FC_OK);
    fc_classifier_free(c);
    for (size_t people = 0; people < 2; people++) { /* nobody to tell apart: no answer could be right */
        write_table(people, &label);
        assert_int_equal(load_failing(path, &err), FC_ECORRUPT);
    }
    strcpy(label.kind, "index");
    write_table(2, &label);
    assert_int_equal(load_failing(path, &err), FC_EFORMAT);
    fc_bytes_clear(&file);
}

static size_t freed;

static void count_free(void *model)
{
    freed++;
    free(model);
}

static void describe_nothing(const void *model, fc_classifier_facts *out)
{
    *out = (fc_classifier_facts){.contract = model, .dim = 1, .threshold = 0.5};
}

static fc_status predict_itself(const void *model, const float *e, size_t n, fc_prediction *out,
                                fc_error *err)
{
    (void)err;
    for (size_t i = 0; i < n; i++)
        out[i] =
            (fc_prediction){.name = model, .length = strlen(model), .score = (double)e[i], .similarity = NAN};
    return FC_OK;
}

/* A kind that was not known when classifier.c was written. */
static void any_kind_will_do(void **state)
{
    (void)state;
    static const fc_classifier_kind kind = {
        .name = "toy", .free = count_free, .describe = describe_nothing, .predict = predict_itself};
    fc_classifier *c;
    fc_prediction p[2];

    assert_int_equal(fc_classifier_of(&c, &kind, strdup("toy:1"), NULL), FC_OK);
    assert_string_equal(fc_classifier_get_facts(c)->kind, "toy");
    assert_string_equal(fc_classifier_get_facts(c)->contract, "toy:1");
    assert_int_equal(fc_classifier_predict(c, (float[]){0.5f, 0.25f}, 2, p, NULL), FC_OK);
    assert_true(fc_classifier_accepts(c, &p[0]) && !fc_classifier_accepts(c, &p[1]));
    fc_classifier_free(c);
    assert_int_equal(freed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_loaded_by_its_kind),
        cmocka_unit_test(the_threshold_itself_is_accepted),
        cmocka_unit_test(hostile_files_are_refused),
        cmocka_unit_test(any_kind_will_do),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
