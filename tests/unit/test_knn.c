/* k-NN: votes, the threshold, people left out, files. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "facecheck.h"
#include "classify/knn_train.h"
#include "match/similarity.h"
#include "seed.h"

enum { DIM = 16 };

static uint64_t seed = 7;

static double uniform(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(int64_t)(seed ^ seed >> 31) / 9223372036854775808.0;
}

/* A sample of person p: her place, and some noise. */
static void make_sample(float *e, int p, double noise)
{
    for (int i = 0; i < DIM; i++)
        e[i] = (float)(sin((p + 1) * (i + 1) * (i + 2.5) * 77.7) + noise * uniform());
}

static fc_labelled *new_labelled(void)
{
    fc_labelled *l;
    assert_int_equal(fc_labelled_new(&l, NULL), FC_OK);
    return l;
}

static void add(fc_labelled *l, const char *name, const float *e, const char *photo)
{
    fc_error err = {0};
    if (fc_labelled_add(l, name, "m:1", e, DIM, photo, &err))
        fail_msg("%s", err.message);
}

static void add_people(fc_labelled *l, int people, int samples, double noise)
{
    for (int p = 0; p < people; p++) {
        for (int i = 0; i < samples; i++) {
            float e[DIM];
            char name[20];
            snprintf(name, sizeof name, "P%02d", p);
            make_sample(e, p, noise);
            add(l, name, e, NULL);
        }
    }
}

struct answers {
    fc_knn_answer loo[400], held_out[400];
};

static fc_knn *train(const fc_labelled *l, fc_knn_settings s, struct answers *a)
{
    fc_table *t;
    size_t *photo;
    fc_knn *m = NULL;
    fc_error err = {0};
    if (fc_labelled_table(l, &t, &photo, &err) ||
        fc_knn_train(&m, t, "m:1", photo, &s, NULL, a ? a->loo : NULL, a ? a->held_out : NULL, &err))
        fail_msg("%s", err.message);
    free(photo);
    return m;
}

static const char *name_of(const fc_knn *m, size_t subject)
{
    static char name[FC_NAME_MAX + 1];
    fc_table_subject who;
    assert_int_equal(fc_table_get_subject(fc_knn_table(m), subject, &who, NULL), FC_OK);
    snprintf(name, sizeof name, "%.*s", (int)who.length, who.name);
    return name;
}

static void people_are_told_apart(void **state)
{
    (void)state;
    static struct answers a;
    fc_labelled *l = new_labelled();
    add_people(l, 20, 5, 0.4);
    fc_labelled_person(l, "nobody yet", NULL);
    assert_int_equal(fc_labelled_people(l), 21);
    assert_int_equal(fc_labelled_samples(l, 20), 0);
    fc_knn *m = train(l, (fc_knn_settings){3, FC_KNN_DISTANCE, 0.01, 0}, &a);
    const fc_knn_measured *d = fc_knn_get_measured(m);
    assert_int_equal(fc_table_get_size(fc_knn_table(m)).subjects, 20);
    assert_int_equal(d->tested, 100);
    assert_true(d->correct >= 98);
    assert_int_equal(d->held_out, 100);
    for (int p = 0; p < 20; p++) {
        float e[DIM];
        char name[20];
        fc_knn_answer answer;
        make_sample(e, p, 0.2);
        snprintf(name, sizeof name, "P%02d", p);
        assert_int_equal(fc_knn_predict(m, e, 1, &answer, NULL), FC_OK);
        assert_string_equal(name_of(m, answer.subject), name);
        assert_true(answer.votes == 3);
        assert_true(answer.score >= d->threshold);
        assert_true(answer.nearest >= answer.score);
    }
    fc_knn_free(m);
    fc_labelled_free(l);
}

/* Two votes against one that is much nearer. */
static void the_two_ways_of_voting(void **state)
{
    (void)state;
    static const float near[DIM] = {1, 0.02f}, far1[DIM] = {1, 0.9f}, far2[DIM] = {1, -0.9f},
                       other[DIM] = {0, 0, 1};
    static const float probe[DIM] = {1};
    fc_knn_answer answer;
    fc_labelled *l = new_labelled();
    add(l, "near", near, NULL);
    add(l, "far", far1, NULL);
    add(l, "far", far2, NULL);
    add(l, "other", other, NULL);
    fc_knn *m = train(l, (fc_knn_settings){3, FC_KNN_MAJORITY, 1, 0}, NULL);
    assert_int_equal(fc_knn_predict(m, probe, 1, &answer, NULL), FC_OK);
    assert_string_equal(name_of(m, answer.subject), "far");
    assert_int_equal(answer.votes, 2);
    assert_true(answer.score == fc_decimal(2 * fc_cosine(far1, probe, DIM) / 3));
    assert_true(answer.nearest == fc_decimal(fc_cosine(far1, probe, DIM)));
    fc_knn_free(m);
    m = train(l, (fc_knn_settings){3, FC_KNN_DISTANCE, 1, 0}, NULL);
    assert_int_equal(fc_knn_predict(m, probe, 1, &answer, NULL), FC_OK);
    assert_string_equal(name_of(m, answer.subject), "near");
    assert_int_equal(answer.votes, 1);
    fc_knn_free(m);
    m = train(l, (fc_knn_settings){1, FC_KNN_MAJORITY, 1, 0}, NULL);
    assert_int_equal(fc_knn_predict(m, other, 1, &answer, NULL), FC_OK);
    assert_string_equal(name_of(m, answer.subject), "other");
    fc_knn_free(m);
    fc_labelled_free(l);
}

/* As many votes each: the nearest decides. */
static void the_nearest_decides_when_votes_are_even(void **state)
{
    (void)state;
    static const float a[DIM] = {1, 0.3f}, b[DIM] = {1, 0.2f}, c[DIM] = {1, 0.4f};
    fc_knn_answer answer;
    fc_labelled *l = new_labelled();
    add(l, "a", a, NULL);
    add(l, "b", b, NULL);
    add(l, "c", c, NULL);
    fc_knn *m = train(l, (fc_knn_settings){3, FC_KNN_MAJORITY, 1, 0}, NULL);
    assert_int_equal(fc_knn_predict(m, (float[DIM]){1}, 1, &answer, NULL), FC_OK);
    assert_string_equal(name_of(m, answer.subject), "b");
    fc_knn_free(m);
    fc_labelled_free(l);
}

static void the_threshold_keeps_the_rate(void **state)
{
    (void)state;
    static const double rates[] = {0, 0.01, 0.05, 0.5, 1};
    static struct answers a;
    fc_labelled *l = new_labelled();
    add_people(l, 60, 4, 1.2);
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        fc_knn *m = train(l, (fc_knn_settings){3, FC_KNN_DISTANCE, rates[i], 0}, &a);
        const fc_knn_measured *d = fc_knn_get_measured(m);
        size_t accepted = 0, one_lower = 0, missed = 0;
        for (size_t k = 0; k < 240; k++) {
            fc_table_row r;
            assert_int_equal(fc_table_get(fc_knn_table(m), k, &r, NULL), FC_OK);
            assert_true(a.held_out[k].subject != r.subject); /* its person was left out */
            accepted += a.held_out[k].score >= d->threshold;
            one_lower += a.held_out[k].score >= d->threshold - 1.1e-6;
            missed += a.loo[k].subject != r.subject || a.loo[k].score < d->threshold;
        }
        assert_int_equal(d->accepted, accepted);
        assert_int_equal(d->missed, missed);
        assert_true((double)accepted <= rates[i] * 240);
        if (rates[i] < 1)
            assert_true((double)one_lower > rates[i] * 240); /* and no threshold below does */
        fc_knn_free(m);
    }
    fc_labelled_free(l);
}

/* Views of a photo say nothing about other photos; a person with one photo cannot be tested. */
static void views_of_the_photo_are_left_out_with_it(void **state)
{
    (void)state;
    static struct answers a;
    float e[DIM];
    fc_labelled *l = new_labelled();
    for (int i = 0; i < 6; i++) { /* "twin" is one photo and five views of it; "pair" is two photos */
        make_sample(e, 1, 0.01);
        add(l, "twin", e, "one.jpg");
    }
    make_sample(e, 2, 0.01);
    add(l, "pair", e, "a.jpg");
    make_sample(e, 2, 0.01);
    add(l, "pair", e, "b.jpg");
    fc_knn *m = train(l, (fc_knn_settings){1, FC_KNN_DISTANCE, 0.5, 0}, &a);
    assert_int_equal(fc_knn_get_measured(m)->tested, 2);
    assert_int_equal(fc_knn_get_measured(m)->correct, 2);
    for (size_t i = 0; i < 8; i++) {
        fc_table_row r;
        assert_int_equal(fc_table_get(fc_knn_table(m), i, &r, NULL), FC_OK);
        if (r.subject == 1) /* by name: pair, twin */
            assert_true(a.loo[i].subject == SIZE_MAX);
    }
    fc_knn_free(m);
    fc_labelled_free(l);
}

/* A stranger at the very score that the threshold was set to refuse stays one: the score is rounded once. */
static void what_the_threshold_refuses_it_refuses_always(void **state)
{
    (void)state;
    for (int i = 0; i < 2000; i++) {
        const double c = 0.4567 + i * 1.0e-7; /* at every place between two numbers of six places */
        float a[DIM] = {1}, b[DIM] = {(float)c, (float)sqrt(1 - c * c)};
        fc_knn_answer answer;
        fc_labelled *l = new_labelled();
        add(l, "a", a, NULL);
        add(l, "b", b, NULL);
        fc_knn *m = train(l, (fc_knn_settings){1, FC_KNN_DISTANCE, 0, 0}, NULL);
        assert_int_equal(fc_knn_get_measured(m)->accepted, 0);
        /* the same two, as fc-match gets them: b among people without b */
        assert_true(!fc_accepts(fc_cosine(a, b, DIM), fc_knn_get_measured(m)->threshold));
        assert_true(fc_accepts(fc_cosine(a, b, DIM) + 1e-6, fc_knn_get_measured(m)->threshold));
        assert_int_equal(fc_knn_predict(m, b, 1, &answer, NULL), FC_OK);
        assert_true(fc_knn_accepts(m, &answer) && answer.score == fc_decimal(answer.score));
        fc_knn_free(m);
        fc_labelled_free(l);
    }
}

/* Few strangers show little: the threshold is not below the floor. */
static void the_threshold_has_a_floor(void **state)
{
    (void)state;
    fc_labelled *l = new_labelled();
    add_people(l, 6, 3, 0.3);
    const double chosen = 0.2, high = 0.999;
    fc_knn *m = train(l, (fc_knn_settings){3, FC_KNN_DISTANCE, 0.5, 0}, NULL);
    const double without = fc_knn_get_measured(m)->threshold;
    fc_knn_free(m);
    m = train(l, (fc_knn_settings){3, FC_KNN_DISTANCE, 0.5, high}, NULL);
    assert_true(without < high && fc_knn_get_measured(m)->threshold == high);
    assert_int_equal(fc_knn_get_measured(m)->accepted, 0);
    assert_true(fc_knn_get_measured(m)->missed > 0);
    fc_knn_free(m);
    m = train(l, (fc_knn_settings){3, FC_KNN_DISTANCE, 0, chosen / 1000}, NULL);
    assert_true(fc_knn_get_measured(m)->threshold > chosen / 1000); /* it only lifts */
    fc_knn_free(m);
    fc_labelled_free(l);
}

struct near {
    double score;
    size_t row;
};

static int by_score(const void *a, const void *b)
{
    const struct near *x = a, *y = b;
    return x->score != y->score ? (x->score < y->score ? 1 : -1) : x->row < y->row ? -1 : x->row > y->row;
}

/* The answer for a row, from all rows but those for which left_out is the same as its own. */
static fc_knn_answer by_hand(const fc_table *t, size_t row, const size_t *left_out, int k)
{
    static struct near near[400];
    const size_t rows = fc_table_get_size(t).rows;
    fc_table_row own, r;
    fc_knn_answer best = {.subject = SIZE_MAX};
    double most = -1;
    size_t n = 0;

    fc_table_get(t, row, &own, NULL);
    for (size_t i = 0; i < rows; i++) {
        fc_table_get(t, i, &r, NULL);
        if (left_out[i] != left_out[row]) {
            near[n].row = i;
            near[n++].score = fc_cosine(own.e, r.e, DIM);
        }
    }
    qsort(near, n, sizeof *near, by_score);
    n = n < (size_t)k ? n : (size_t)k;
    for (size_t i = 0; i < n; i++) {
        double votes = 0, sum = 0, nearest = -2;
        int count = 0;
        fc_table_get(t, near[i].row, &own, NULL);
        for (size_t j = 0; j < n; j++) {
            fc_table_get(t, near[j].row, &r, NULL);
            if (r.subject != own.subject)
                continue;
            votes += 1 / (sqrt(2 - 2 * near[j].score) + 1e-6);
            sum += near[j].score;
            nearest = fmax(nearest, near[j].score);
            count++;
        }
        if (votes > most) {
            most = votes;
            best = (fc_knn_answer){own.subject, fc_decimal(sum / k), fc_decimal(nearest), count};
        }
    }
    return best;
}

static void assert_same(const fc_knn_answer *a, const fc_knn_answer *b)
{
    assert_true(a->subject == b->subject && a->score == b->score && a->nearest == b->nearest &&
                a->votes == b->votes);
}

/* Each row is searched for once; its own person's rows are put among what was found. Equal rows, people with most of
 * the rows and people with one: the answers are those of comparing all with all, with any number of workers. */
static void training_answers_as_comparing_all_does(void **state)
{
    (void)state;
    static struct answers a, b;
    static size_t person[400];
    for (int round = 0; round < 12; round++) {
        fc_labelled *l = new_labelled();
        fc_table *t;
        size_t *photo;
        fc_knn *m, *n;
        for (int i = 0; i < 390; i++) {
            float e[DIM];
            char name[20], photo_name[20];
            const int p = round % 3 == 0 ? i % 100 : i % 4 ? 0 : i % 60;
            make_sample(e, p, round % 2 ? 0.5 : i % 3 * 0.3); /* without noise, all of a person's are equal */
            snprintf(name, sizeof name, "P%02d", p);
            snprintf(photo_name, sizeof photo_name, "%02d %d", p, i / 7 % 5);
            add(l, name, e, photo_name);
        }
        const fc_knn_settings s = {round % 4 * 2 + 1, FC_KNN_DISTANCE, 0.05, 0};
        assert_int_equal(fc_labelled_table(l, &t, &photo, NULL), FC_OK);
        assert_int_equal(fc_knn_train(&m, t, "m:1", photo, &s, NULL, a.loo, a.held_out, NULL), FC_OK);
        for (size_t i = 0; i < 390; i++) {
            fc_table_row r;
            assert_int_equal(fc_table_get(fc_knn_table(m), i, &r, NULL), FC_OK);
            person[i] = r.subject;
        }
        for (size_t i = 0; i < 390; i++) {
            const fc_knn_answer held_out = by_hand(fc_knn_table(m), i, person, s.k),
                                loo = by_hand(fc_knn_table(m), i, photo, s.k);
            assert_same(&a.held_out[i], &held_out);
            if (a.loo[i].subject != SIZE_MAX) /* the person has another photo */
                assert_same(&a.loo[i], &loo);
        }
        free(photo);
        assert_int_equal(fc_labelled_table(l, &t, &photo, NULL), FC_OK);
        assert_int_equal(
            fc_knn_train(&n, t, "m:1", photo, &s, &(fc_knn_work){.workers = 3}, b.loo, b.held_out, NULL),
            FC_OK);
        assert_memory_equal(fc_knn_get_measured(m), fc_knn_get_measured(n), sizeof(fc_knn_measured));
        for (size_t i = 0; i < 390; i++) {
            assert_same(&a.loo[i], &b.loo[i]);
            assert_same(&a.held_out[i], &b.held_out[i]);
        }
        free(photo);
        fc_knn_free(m);
        fc_knn_free(n);
        fc_labelled_free(l);
    }
}

static void senseless_settings_are_refused(void **state)
{
    (void)state;
    static const fc_knn_settings bad[] = {{2, FC_KNN_DISTANCE, 0.1, 0},  {0, FC_KNN_DISTANCE, 0.1, 0},
                                          {-1, FC_KNN_DISTANCE, 0.1, 0}, {1001, FC_KNN_DISTANCE, 0.1, 0},
                                          {3, (fc_knn_vote)2, 0.1, 0},   {3, FC_KNN_DISTANCE, 1.5, 0},
                                          {3, FC_KNN_DISTANCE, NAN, 0}};
    fc_table *t;
    size_t *photo;
    fc_knn *m;
    fc_error err;
    float e[DIM];
    fc_labelled *l = new_labelled();

    assert_int_equal(fc_labelled_table(l, &t, &photo, &err), FC_EEMPTY);
    add_people(l, 1, 3, 0.1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(fc_labelled_table(l, &t, &photo, &err), FC_OK);
        assert_int_equal(fc_knn_train(&m, t, "m:1", photo, &bad[i], NULL, NULL, NULL, &err), FC_EUSAGE);
        if (i == 0) {
            assert_non_null(strstr(err.message, "even"));
            assert_non_null(strstr(err.message, "1 or 3"));
        }
        free(photo);
    }
    assert_int_equal(fc_labelled_table(l, &t, &photo, &err), FC_OK);
    assert_int_equal(fc_knn_train(&m, t, "m:1", photo, &(fc_knn_settings){3, FC_KNN_DISTANCE, 0.1, 0}, NULL,
                                  NULL, NULL, &err),
                     FC_EEMPTY); /* one person */
    free(photo);
    make_sample(e, 1, 1);
    assert_int_equal(fc_labelled_add(l, "x", "m:2", e, DIM, NULL, &err), FC_ECONTRACT);
    assert_non_null(strstr(err.message, "m:1 and of m:2"));
    assert_int_equal(fc_labelled_add(l, "x", "m:1", e, DIM - 1, NULL, &err), FC_ECONTRACT);
    assert_int_equal(fc_labelled_add(l, "", "m:1", e, DIM, NULL, &err), FC_EUSAGE);
    memset(e, 0, sizeof e);
    assert_int_equal(fc_labelled_add(l, "x", "m:1", e, DIM, NULL, &err), FC_EUSAGE);
    fc_labelled_free(l);
}

static void write_bytes(const char *path, const uint8_t *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* Writes m with `with` in place of what it measured, checksums and all: what comes of reading it. */
static fc_status read_forged(const fc_knn *m, const fc_knn_measured *with, const char *path)
{
    fc_table_label label;
    fc_table *t;
    fc_knn *again;
    fc_error err;
    uint8_t *at;

    assert_int_equal(fc_knn_save(m, path, &err), FC_OK);
    assert_int_equal(fc_table_map(&t, &label, path, "knn", &err), FC_OK);
    at = memmem(label.note, sizeof label.note, fc_knn_get_measured(m), sizeof *with);
    assert_non_null(at);
    memcpy(at, with, sizeof *with);
    assert_int_equal(unlink(path), 0); /* it is mapped */
    assert_int_equal(fc_table_save(t, &label, path, &err), FC_OK);
    fc_table_free(t);
    const fc_status s = fc_knn_load(&again, path, &err);
    fc_knn_free(again);
    return s;
}

static void impossible_measurements_are_refused(void **state)
{
    (void)state;
    char path[] = "/tmp/test_knn.XXXXXX";
    const double thresholds[] = {NAN, INFINITY, -INFINITY, 1e308, -1.5, 2.5};
    fc_labelled *l = new_labelled();
    fc_knn *m;

    close(mkstemp(path));
    add_people(l, 5, 3, 0.3);
    m = train(l, (fc_knn_settings){5, FC_KNN_MAJORITY, 0.25, 0}, NULL);
    const fc_knn_measured good = *fc_knn_get_measured(m);
    fc_knn_measured with = good;
    assert_int_equal(read_forged(m, &with, path), FC_OK);
    for (size_t i = 0; i < sizeof thresholds / sizeof *thresholds; i++) {
        with.threshold = thresholds[i];
        assert_int_equal(read_forged(m, &with, path), FC_ECORRUPT);
    }
    with = good;
    with.accepted = with.held_out + 1;
    assert_int_equal(read_forged(m, &with, path), FC_ECORRUPT);
    with = good;
    with.correct = with.tested + 1;
    assert_int_equal(read_forged(m, &with, path), FC_ECORRUPT);
    unlink(path);
    fc_knn_free(m);
    fc_labelled_free(l);
}

/* Kept in a file, it answers the same; with a byte changed, the same or with an error. */
static void files_are_checked(void **state)
{
    (void)state;
    char path[] = "/tmp/test_knn.XXXXXX";
    float queries[8 * DIM];
    fc_knn_answer want[8], got[8];
    fc_knn *m, *again;
    fc_bytes file;
    fc_error err;
    size_t refused = 0;
    fc_labelled *l = new_labelled();

    close(mkstemp(path));
    add_people(l, 5, 3, 0.3);
    m = train(l, (fc_knn_settings){5, FC_KNN_MAJORITY, 0.25, 0}, NULL);
    for (int i = 0; i < 8; i++)
        make_sample(queries + i * DIM, i, 0.5);
    assert_int_equal(fc_knn_predict(m, queries, 8, want, &err), FC_OK);
    assert_int_equal(fc_knn_save(m, path, &err), FC_OK);
    keep_seed_file("table", path);
    assert_int_equal(fc_knn_load(&again, path, &err), FC_OK);
    assert_int_equal(fc_knn_get_settings(again)->k, 5);
    assert_int_equal(fc_knn_get_settings(again)->vote, FC_KNN_MAJORITY);
    assert_memory_equal(fc_knn_get_measured(again), fc_knn_get_measured(m), sizeof(fc_knn_measured));
    assert_string_equal(fc_knn_contract(again), "m:1");
    fc_knn_free(again);
    fc_knn_free(m);
    assert_int_equal(fc_bytes_read_file(&file, path, 1 << 20, &err), FC_OK);
    for (size_t i = 0; i < file.n; i += i < 1200 ? 1 : 7) {
        file.data[i] ^= (uint8_t)(1u << i % 8);
        write_bytes(path, file.data, file.n);
        file.data[i] ^= (uint8_t)(1u << i % 8);
        fc_status s = fc_knn_load(&m, path, &err);
        memset(got, 0, sizeof got);
        if (!s)
            s = fc_knn_predict(m, queries, 8, got, &err);
        for (int k = 0; !s && k < 8; k++)
            assert_true(got[k].subject == want[k].subject && got[k].score == want[k].score &&
                        got[k].nearest == want[k].nearest && got[k].votes == want[k].votes);
        refused += s != FC_OK;
        fc_knn_free(m);
    }
    assert_true(refused > 1200);
    for (size_t n = 0; n < file.n; n += 211) {
        write_bytes(path, file.data, n);
        assert_int_not_equal(fc_knn_load(&m, path, &err), FC_OK);
    }
    unlink(path);
    assert_int_equal(fc_knn_load(&m, path, &err), FC_EMISSING);
    fc_bytes_clear(&file);
    fc_labelled_free(l);
}

/* A fuzzer's finding: a forged file, its sums right, of whose rows none is near to anything. */
static void nobody_is_damage(void **state)
{
    char path[300];
    fc_knn *m;
    fc_knn_answer answer;
    fc_error err;

    (void)state;
    snprintf(path, sizeof path, "%s/data/nobody.knn", getenv("FC_TESTS"));
    assert_int_equal(fc_knn_load(&m, path, &err), FC_OK);
    float *query = calloc(fc_table_get_size(fc_knn_table(m)).dim, sizeof *query);
    assert_non_null(query);
    query[0] = 1;
    assert_int_equal(fc_knn_predict(m, query, 1, &answer, &err), FC_ECORRUPT);
    free(query);
    fc_knn_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_damage),
        cmocka_unit_test(people_are_told_apart),
        cmocka_unit_test(the_two_ways_of_voting),
        cmocka_unit_test(the_nearest_decides_when_votes_are_even),
        cmocka_unit_test(the_threshold_keeps_the_rate),
        cmocka_unit_test(views_of_the_photo_are_left_out_with_it),
        cmocka_unit_test(what_the_threshold_refuses_it_refuses_always),
        cmocka_unit_test(the_threshold_has_a_floor),
        cmocka_unit_test(training_answers_as_comparing_all_does),
        cmocka_unit_test(senseless_settings_are_refused),
        cmocka_unit_test(impossible_measurements_are_refused),
        cmocka_unit_test(files_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
