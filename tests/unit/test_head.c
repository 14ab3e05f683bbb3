/* Heads: what each type makes of photos, files, checkpoints, the decision in two stages. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/random.h"
#include "classify/head_impl.h"
#include "classify/head_set.h"
#include "classify/head_train.h"
#include "match/similarity.h"
#include "seed.h"

enum { DIM = 8 };

static char folder[] = "/tmp/test_head.XXXXXX";
static char path[64], other[64];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/head", folder);
    snprintf(other, sizeof other, "%s/other", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    (void)unlink(other);
    return rmdir(folder);
}

/* ---- material ---- */

static fc_labelled *new_set(void)
{
    fc_labelled *l;
    assert_int_equal(fc_labelled_new(&l, NULL), FC_OK);
    return l;
}

static void add(fc_labelled *l, const char *name, const char *photo, const float e[DIM])
{
    fc_error err = {0};
    const fc_status s = fc_labelled_add(l, name, "m:1", e, DIM, photo, &err);
    if (s)
        fail_msg("%s", err.message);
}

/* Between -1 and 1. */
static float even(uint64_t *random)
{
    return (float)(2 * fc_random_fraction(random) - 1);
}

/* So many people around directions of their own, with photos that differ by noise. */
static fc_labelled *crowd(size_t people, size_t photos, float noise, uint64_t seed)
{
    fc_labelled *l = new_set();

    for (size_t p = 0; p < people; p++) {
        float centre[DIM], e[DIM];
        char name[24];
        snprintf(name, sizeof name, "p%03zu", p);
        for (size_t d = 0; d < DIM; d++)
            centre[d] = even(&seed);
        for (size_t i = 0; i < photos; i++) {
            for (size_t d = 0; d < DIM; d++)
                e[d] = centre[d] + noise * even(&seed);
            add(l, name, NULL, e);
        }
    }
    return l;
}

static fc_head *train_on(const fc_head_input *in, const fc_head_settings *settings, const fc_head_work *work,
                         fc_head_report *report)
{
    fc_head *h = NULL;
    fc_error err = {0};

    if (fc_head_train(&h, report, in, settings, work, &err))
        fail_msg("%s", err.message);
    return h;
}

static fc_head *train(const fc_labelled *l, fc_head_type type)
{
    fc_head_settings settings = FC_HEAD_DEFAULTS;
    fc_head_report report;

    settings.type = type;
    settings.hidden = settings.out = DIM;
    return train_on(&(fc_head_input){.samples = l, .gallery = ""}, &settings, NULL, &report);
}

static fc_status refused(const fc_head_input *in, const fc_head_settings *settings, const char *message)
{
    fc_head *h = (fc_head *)path;
    fc_head_report report;
    fc_error err = {0};
    const fc_status s = fc_head_train(&h, &report, in, settings, NULL, &err);

    assert_null(h);
    if (!strstr(err.message, message))
        fail_msg("'%s' says nothing of '%s'", err.message, message);
    return s;
}

static fc_head_answer ask(const fc_head *h, const float e[DIM])
{
    fc_head_answer a;
    assert_int_equal(fc_head_predict(h, e, 1, &a, NULL), FC_OK);
    return a;
}

static fc_map bytes_of(const char *file)
{
    fc_map m;
    assert_int_equal(fc_map_open(&m, file, NULL), FC_OK);
    return m;
}

static void assert_same_files(const char *a, const char *b)
{
    fc_map x = bytes_of(a), y = bytes_of(b);

    assert_int_equal(x.n, y.n);
    assert_memory_equal(x.data, y.data, x.n);
    fc_map_close(&x);
    fc_map_close(&y);
}

/* ---- mean ---- */

/* Two photos at right angles, the first of them in three views: the centre is between the photos, not near the views. */
static void views_count_as_their_photo(void **state)
{
    (void)state;
    fc_labelled *l = new_set();

    for (int i = 0; i < 3; i++)
        add(l, "ann", "a", (float[DIM]){1});
    add(l, "ann", "b", (float[DIM]){0, 1});
    add(l, "bob", "c", (float[DIM]){0, 0, 1});
    fc_head *h = train(l, FC_HEAD_MEAN);
    fc_head_answer a = ask(h, (float[DIM]){2});
    assert_string_equal(a.name, "ann");
    assert_true(a.score == fc_decimal(sqrt(0.5)));
    a = ask(h, (float[DIM]){1, 1});
    assert_true(a.score == 1);
    assert_int_equal(fc_head_get_facts(h)->people, 2);
    assert_int_equal(fc_head_get_facts(h)->samples, 5);
    fc_head_free(h);
    fc_labelled_free(l);
}

/* Of seven photos, one is left out (15 %, rounded): somebody else's, here. */
static void a_photo_that_does_not_fit_is_left_out(void **state)
{
    (void)state;
    for (int photos = 4; photos <= 7; photos += 3) {
        fc_labelled *l = new_set();
        for (int i = 0; i < photos - 1; i++)
            add(l, "ann", NULL, (float[DIM]){1});
        add(l, "ann", NULL, (float[DIM]){0, 1});
        add(l, "bob", NULL, (float[DIM]){0, 0, 1});
        fc_head *h = train(l, FC_HEAD_MEAN);
        const double want = photos == 7 ? 1 : fc_decimal(3 / sqrt(10));
        assert_true(ask(h, (float[DIM]){1}).score == want);
        fc_head_free(h);
        fc_labelled_free(l);
    }
}

static void leave_one_out_is_counted(void **state)
{
    (void)state;
    fc_labelled *l = new_set();
    fc_head_settings settings = FC_HEAD_DEFAULTS;
    fc_head_report report;

    add(l, "ann", NULL, (float[DIM]){1, 0.1f});
    add(l, "ann", NULL, (float[DIM]){1, -0.1f});
    add(l, "ann", NULL, (float[DIM]){0, 0, 1}); /* of Bob, in truth */
    add(l, "bob", NULL, (float[DIM]){0, 0.1f, 1});
    add(l, "bob", NULL, (float[DIM]){0, -0.1f, 1});
    add(l, "eve", NULL, (float[DIM]){0, 0, 0, 1}); /* one photo: not asked */
    fc_head_free(train_on(&(fc_head_input){.samples = l, .gallery = ""}, &settings, NULL, &report));
    assert_int_equal(report.tested, 5);
    assert_int_equal(report.right, 4);
    fc_labelled_free(l);
}

static void a_new_person_leaves_other_centres_as_they_are(void **state)
{
    (void)state;
    fc_labelled *few = crowd(5, 6, 0.5f, 7), *more = crowd(6, 6, 0.5f, 7);
    fc_head *a = train(few, FC_HEAD_MEAN);
    fc_head_settings settings = FC_HEAD_DEFAULTS;
    fc_head_report report;
    fc_head *b =
        train_on(&(fc_head_input){.samples = more, .old = a, .gallery = ""}, &settings, NULL, &report);
    uint64_t random = 3;

    assert_int_equal(report.asked, 30);
    for (int i = 0; i < 100; i++) {
        float e[DIM];
        for (int d = 0; d < DIM; d++)
            e[d] = even(&random);
        const fc_head_answer x = ask(a, e), y = ask(b, e);
        if (strcmp(y.name, "p005") != 0) {
            assert_string_equal(x.name, y.name);
            assert_true(x.score == y.score);
        }
    }
    fc_head_free(a);
    fc_head_free(b);
    fc_labelled_free(few);
    fc_labelled_free(more);
}

/* ---- lda ---- */

/* Photos of one person differ along the first axis alone; people differ along the others. */
static fc_labelled *background(size_t people)
{
    fc_labelled *l = new_set();
    uint64_t random = 5;

    for (size_t p = 0; p < people; p++) {
        float centre[DIM];
        char name[24];
        snprintf(name, sizeof name, "b%03zu", p);
        for (size_t d = 1; d < DIM; d++)
            centre[d] = even(&random);
        for (int i = 0; i < 4; i++) {
            float e[DIM];
            for (size_t d = 1; d < DIM; d++)
                e[d] = centre[d] + 0.02f * even(&random);
            e[0] = 1.5f * even(&random);
            add(l, name, NULL, e);
        }
    }
    return l;
}

static void what_differs_between_photos_counts_less(void **state)
{
    (void)state;
    fc_labelled *l = new_set(), *more = background(FC_HEAD_LDA_PEOPLE);
    fc_head_settings settings = {.type = FC_HEAD_LDA, .rate = 1};
    fc_head_report report;
    const float probe[DIM] = {1, 0, 0.6f}; /* Bob's light on Ann's face */

    add(l, "ann", NULL, (float[DIM]){-0.5f, 0, 1});
    add(l, "bob", NULL, (float[DIM]){1, 0.7f, 0});
    fc_head *mean = train(l, FC_HEAD_MEAN);
    fc_head *lda =
        train_on(&(fc_head_input){.samples = l, .background = more, .gallery = ""}, &settings, NULL, &report);
    assert_string_equal(ask(mean, probe).name, "bob");
    assert_string_equal(ask(lda, probe).name, "ann");

    fc_head *again =
        train_on(&(fc_head_input){.samples = l, .old = lda, .gallery = ""}, &settings, NULL, &report);
    assert_true(ask(lda, probe).score == ask(again, probe).score); /* the background is in the old head */
    fc_head_free(mean);
    fc_head_free(lda);
    fc_head_free(again);
    fc_labelled_free(more);
    more = background(FC_HEAD_LDA_PEOPLE - 1);
    assert_int_equal(refused(&(fc_head_input){.samples = l, .background = more, .gallery = ""}, &settings,
                             "a background of 299 people with two photos or more; it wants 300"),
                     FC_EDATA);
    assert_int_equal(
        refused(&(fc_head_input){.samples = l, .gallery = ""}, &settings, "no photos of other people"),
        FC_EDATA);
    fc_labelled_free(more);
    fc_labelled_free(l);
}

/* ---- what is trained by epochs ---- */

static size_t right_of(const fc_head *h, const fc_labelled *l)
{
    fc_head_set s;
    size_t right = 0;

    assert_int_equal(fc_head_set_of(&s, l, NULL), FC_OK);
    for (size_t i = 0; i < s.n; i++)
        right += !strcmp(ask(h, s.x + i * s.dim).name, s.name[s.person[i]]);
    fc_head_set_clear(&s);
    return right;
}

/* Ann's photos lie on both sides of Bob's: the mean of hers is where his are, and a trained centre turns away. */
static void a_softmax_finds_what_means_cannot(void **state)
{
    (void)state;
    fc_labelled *l = new_set();
    fc_head_settings settings = {.type = FC_HEAD_LINEAR, .rate = 0.05, .seed = 1, .epochs = 200};
    fc_head_report report;

    add(l, "ann", NULL, (float[DIM]){1, 1, 0.3f}); /* two photos: no margin, none held out */
    add(l, "ann", NULL, (float[DIM]){1, -1, 0.3f});
    add(l, "bob", NULL, (float[DIM]){1, 0.1f, -0.1f});
    add(l, "bob", NULL, (float[DIM]){1, 0.9f, -0.4f});
    fc_head *mean = train(l, FC_HEAD_MEAN);
    fc_head *linear = train_on(&(fc_head_input){.samples = l, .gallery = ""}, &settings, NULL, &report);
    assert_true(right_of(mean, l) < 4);
    assert_int_equal(right_of(linear, l), 4);
    assert_int_equal(report.held_out, 0);
    assert_true(isnan(report.course.held.accuracy));
    fc_head_free(mean);
    fc_head_free(linear);
    fc_labelled_free(l);
}

static void strangers_are_a_class(void **state)
{
    (void)state;
    fc_labelled *l = crowd(4, 4, 0.2f, 11), *strangers = new_set();
    fc_head_settings settings = {.type = FC_HEAD_LINEAR, .rate = 0.01, .seed = 1};
    fc_head_report report;
    float away[DIM] = {0};

    fc_head *plain = train_on(&(fc_head_input){.samples = l, .gallery = ""}, &settings, NULL, &report);
    for (int p = 0; p < 4; p++) { /* away from all of them */
        char name[8];
        snprintf(name, sizeof name, "p%03d", p);
        assert_int_equal(fc_head_find(plain, name, 4), (size_t)p);
    }
    fc_head_set s;
    assert_int_equal(fc_head_set_of(&s, l, NULL), FC_OK);
    for (size_t i = 0; i < s.n; i++)
        for (size_t d = 0; d < DIM; d++)
            away[d] -= s.x[i * DIM + d];
    fc_head_set_clear(&s);
    for (int i = 0; i < 5; i++)
        add(strangers, "strangers", NULL, away);
    fc_head *h = train_on(&(fc_head_input){.samples = l, .negatives = strangers, .gallery = ""}, &settings,
                          NULL, &report);
    assert_true(fc_head_get_facts(h)->background && !fc_head_get_facts(plain)->background);
    assert_true(ask(h, away).background);
    assert_false(ask(plain, away).background);
    assert_int_equal(right_of(h, l), 16);
    fc_head_free(plain);
    fc_head_free(h);
    settings.type = FC_HEAD_MEAN;
    assert_int_equal(refused(&(fc_head_input){.samples = l, .negatives = strangers, .gallery = ""}, &settings,
                             "a head of type mean has no use for them"),
                     FC_EUSAGE);
    fc_labelled_free(l);
    fc_labelled_free(strangers);
}

static void triplets_bring_photos_together(void **state)
{
    (void)state;
    fc_labelled *l = crowd(6, 8, 0.6f, 2);
    fc_head_report report;

    for (fc_head_mining mining = FC_MINING_SEMI_HARD; mining <= FC_MINING_BATCH_HARD; mining++) {
        fc_head_settings settings = {
            .type = FC_HEAD_TRIPLET, .rate = 0.005, .seed = 4, .hidden = 24, .out = 6, .mining = mining};
        fc_head *h = train_on(&(fc_head_input){.samples = l, .gallery = ""}, &settings, NULL, &report);
        assert_int_equal(fc_head_get_facts(h)->out, 6);
        assert_int_equal(report.held_out, 12); /* two of eight photos each */
        assert_true(right_of(h, l) >= 46);
        assert_true(report.course.held.accuracy > 0.9);
        fc_head_free(h);
    }
    fc_labelled_free(l);
}

/* Faces that are all the same: nothing pulls them apart. */
static void a_collapse_is_told(void **state)
{
    (void)state;
    fc_labelled *l = new_set();
    fc_head_settings settings = {.type = FC_HEAD_TRIPLET, .rate = 1e-3, .seed = 4, .hidden = 8, .out = 4};

    for (int p = 0; p < 5; p++)
        for (int i = 0; i < 2; i++)
            add(l, (char[]){(char)('a' + p), 0}, NULL, (float[DIM]){1, 1e-3f * (float)p, 1e-3f * (float)i});
    assert_int_equal(refused(&(fc_head_input){.samples = l, .gallery = ""}, &settings,
                             "epoch 1: collapsed: all faces are in one place"),
                     FC_EDATA);
    fc_labelled_free(l);
}

/* What a test trains: it goes wrong in the fourth epoch. */
struct failing {
    int epoch;
    double loss, spread;
};

static void failing_start(void *ctx, float *param)
{
    ((struct failing *)ctx)->epoch = 0;
    *param = 0;
}

static fc_status failing_epoch(void *ctx, fc_head_optimiser *o, bool all, double *loss, double *spread,
                               fc_error *err)
{
    struct failing *f = ctx;

    (void)all;
    (void)err;
    f->epoch++;
    *loss = f->epoch < 4 ? 1.0 / f->epoch : f->loss;
    *spread = f->epoch < 4 ? 1 : f->spread;
    fc_head_step(o, &(float){-1});
    return FC_OK;
}

static fc_status failing_measure(void *ctx, const float *param, fc_head_measured *out, fc_error *err)
{
    (void)param;
    (void)err;
    *out = (fc_head_measured){1.0 / ((struct failing *)ctx)->epoch, 0.5, 1};
    return FC_OK;
}

/* Each step of Adam along the same gradient is as long as the rate. */
static void the_last_good_epoch_is_kept(void **state)
{
    (void)state;
    static const struct {
        double loss, spread;
        const char *why;
    } cases[] = {{NAN, 1, "epoch 4: the loss is no number any more"},
                 {INFINITY, 1, "epoch 4: the loss is no number any more"},
                 {0.1, 0.01, "epoch 4: collapsed: all faces are in one place, 0.0100 apart"},
                 {0.2, 1, "epoch 13: collapsed: the loss stays at the margin, 0.2"}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct failing f = {.loss = cases[i].loss, .spread = cases[i].spread};
        const fc_head_learner learner = {.n = 1,
                                         .start = failing_start,
                                         .epoch = failing_epoch,
                                         .measure = failing_measure,
                                         .ctx = &f,
                                         .holds_out = true,
                                         .stuck = 0.2,
                                         .narrow = 0.05,
                                         .print = ""};
        const fc_head_schedule how = {.epochs = 50, .patience = 50, .rate = 0.25};
        fc_head_course course;
        float param = 7;
        assert_int_equal(fc_head_learn(&param, &course, &learner, &how, &(fc_head_work){0}, NULL), FC_OK);
        if (strncmp(course.stopped, cases[i].why, strlen(cases[i].why)) != 0)
            fail_msg("'%s', want '%s'", course.stopped, cases[i].why);
        const size_t last = i == 3 ? 12 : 3;
        assert_int_equal(course.epochs, last);
        assert_true(fabsf(param - 0.25f * (float)last) < 1e-4f);
    }
}

static void save(const fc_labelled *l, fc_head_type type, const fc_head_work *work, const char *to)
{
    fc_head_settings settings = {
        .type = type, .rate = 0.005, .seed = 9, .hidden = 16, .out = 6, .epochs = 30};
    fc_head_report report;
    fc_head *h = train_on(&(fc_head_input){.samples = l, .gallery = ""}, &settings, work, &report);
    fc_error err = {0};

    if (fc_head_save(h, to, &err))
        fail_msg("%s", err.message);
    fc_head_free(h);
}

static void threads_make_no_difference(void **state)
{
    (void)state;
    fc_labelled *l = crowd(700, 3, 0.2f, 6); /* enough for threads to be used at all */

    for (fc_head_type type = FC_HEAD_MEAN; type <= FC_HEAD_TRIPLET; type++) {
        if (type == FC_HEAD_LDA)
            continue;
        save(l, type, &(fc_head_work){.workers = 1}, path);
        save(l, type, &(fc_head_work){.workers = 3}, other);
        assert_same_files(path, other);
    }
    fc_labelled_free(l);
}

/* ---- checkpoints ---- */

struct killer {
    int at, seen;
};

static void die(void *ctx, const fc_head_epoch *e)
{
    struct killer *k = ctx;

    (void)e;
    if (++k->seen == k->at)
        _exit(0);
}

static void count_epoch(void *ctx, const fc_head_epoch *e)
{
    (void)e;
    ++*(int *)ctx;
}

static void a_killed_training_goes_on_to_the_same_bytes(void **state)
{
    (void)state;
    fc_labelled *l = crowd(5, 6, 0.4f, 8);
    char checkpoint[80];

    snprintf(checkpoint, sizeof checkpoint, "%s/checkpoint", folder);
    for (int round = 0; round < 2; round++) {
        const fc_head_type type = round ? FC_HEAD_TRIPLET : FC_HEAD_LINEAR;
        int whole = 0;
        save(l, type, &(fc_head_work){.progress = count_epoch, .ctx = &whole}, path);
        for (int at = 2; at <= whole; at += 17) {
            fflush(NULL);
            const pid_t child = fork();
            if (!child) {
                struct killer k = {.at = at};
                save(l, type, &(fc_head_work){.progress = die, .ctx = &k, .checkpoint = checkpoint}, other);
                _exit(1);
            }
            int status, seen = 0;
            assert_int_equal(waitpid(child, &status, 0), child);
            assert_int_equal(status, 0);
            assert_int_equal(access(checkpoint, F_OK), 0);
            save(l, type, &(fc_head_work){.progress = count_epoch, .ctx = &seen, .checkpoint = checkpoint},
                 other);
            assert_int_equal(seen, whole); /* those before are told again */
            assert_same_files(path, other);
            assert_int_not_equal(access(checkpoint, F_OK), 0);
        }
    }
    fc_labelled_free(l);
}

static void a_checkpoint_of_something_else_is_refused(void **state)
{
    (void)state;
    fc_labelled *l = crowd(5, 6, 0.4f, 8), *more = crowd(5, 6, 0.4f, 9);
    fc_head_settings settings = {.type = FC_HEAD_LINEAR, .rate = 0.005, .epochs = 30};
    fc_head_report report;
    fc_head *h;
    fc_error err = {0};
    char checkpoint[80];
    const fc_head_work work = {.checkpoint = checkpoint};

    snprintf(checkpoint, sizeof checkpoint, "%s/checkpoint", folder);
    fflush(NULL);
    const pid_t child = fork();
    if (!child) {
        struct killer k = {.at = 9};
        save(l, FC_HEAD_LINEAR, &(fc_head_work){.progress = die, .ctx = &k, .checkpoint = checkpoint}, other);
        _exit(1);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(
        fc_head_train(&h, &report, &(fc_head_input){.samples = more, .gallery = ""}, &settings, &work, &err),
        FC_EDATA);
    assert_non_null(strstr(err.message, "of a training with other photos or settings"));
    FILE *f = fopen(checkpoint, "r+");
    assert_non_null(f);
    assert_int_equal(fseek(f, -3, SEEK_END), 0);
    fputc('x', f);
    fclose(f);
    settings = (fc_head_settings){
        .type = FC_HEAD_LINEAR, .rate = 0.005, .seed = 9, .hidden = 16, .out = 6, .epochs = 30};
    assert_int_equal(
        fc_head_train(&h, &report, &(fc_head_input){.samples = l, .gallery = ""}, &settings, &work, &err),
        FC_ECORRUPT);
    unlink(checkpoint);
    fc_labelled_free(l);
    fc_labelled_free(more);
}

/* ---- files ---- */

static void a_file_gives_the_same_answers(void **state)
{
    (void)state;
    fc_labelled *l = crowd(20, 4, 0.3f, 21);
    fc_head *h = train(l, FC_HEAD_TRIPLET), *read;
    uint64_t random = 1;

    assert_int_equal(fc_head_save(h, path, NULL), FC_OK);
    fc_map file = bytes_of(path);
    keep_seed("head", file.data, file.n);
    fc_map_close(&file);
    assert_int_equal(fc_head_load(&read, path, NULL), FC_OK);
    const fc_head_facts *a = fc_head_get_facts(h), *b = fc_head_get_facts(read);
    assert_string_equal(a->contract, b->contract);
    assert_string_equal(a->settings, b->settings);
    assert_true(a->type == b->type && a->people == b->people && a->samples == b->samples && a->out == b->out);
    for (int i = 0; i < 50; i++) {
        float e[DIM];
        for (int d = 0; d < DIM; d++)
            e[d] = even(&random);
        const fc_head_answer x = ask(h, e), y = ask(read, e);
        assert_true(x.person == y.person && x.score == y.score);
    }
    assert_int_equal(fc_head_find(read, "p007", 4), 7);
    assert_true(fc_head_find(read, "p00", 3) == SIZE_MAX && fc_head_find(read, "p0070", 5) == SIZE_MAX);
    assert_int_equal(fc_head_predict(read, (float[DIM]){0}, 1, &(fc_head_answer){0}, &(fc_error){0}),
                     FC_EUSAGE);
    fc_head_free(h);
    fc_head_free(read);
    fc_head_free(NULL);
    fc_labelled_free(l);
}

static void put_byte(const char *file, size_t at, int byte)
{
    FILE *f = fopen(file, "r+");
    assert_non_null(f);
    assert_int_equal(fseek(f, (long)at, SEEK_SET), 0);
    fputc(byte, f);
    assert_int_equal(fclose(f), 0);
}

/* Whatever bit is turned: an error, or the very head. */
static void a_damaged_file_is_refused(void **state)
{
    (void)state;
    fc_labelled *l = crowd(6, 3, 0.3f, 5);
    fc_head *h = train(l, FC_HEAD_MEAN);
    size_t refusals = 0;

    assert_int_equal(fc_head_save(h, path, NULL), FC_OK);
    assert_int_equal(fc_head_save(h, other, NULL), FC_OK);
    fc_map whole = bytes_of(path);
    keep_seed("head", whole.data, whole.n);
    for (size_t i = 0; i < whole.n; i++) {
        fc_head *read;
        fc_error err = {0};
        put_byte(other, i, whole.data[i] ^ 1 << i % 8);
        if (fc_head_load(&read, other, &err)) {
            assert_null(read);
            assert_non_null(strstr(err.message, other));
            refusals++;
            put_byte(other, i, whole.data[i]);
        } else {
            assert_int_equal(fc_head_save(read, other, NULL), FC_OK);
            assert_same_files(path, other);
            fc_head_free(read);
        }
    }
    assert_true(refusals > whole.n * 9 / 10);
    fc_map_close(&whole);
    fc_head_free(h);
    fc_labelled_free(l);
}

/* ---- what cannot be trained ---- */

static void a_head_says_how_it_was_trained(void **state)
{
    (void)state;
    fc_labelled *l = crowd(3, 3, 0.1f, 1);
    const fc_head_settings all[] = {
        {.type = FC_HEAD_MEAN, .seed = 4, .rate = 1e-3, .hidden = 128, .out = 64},
        {.type = FC_HEAD_LINEAR, .seed = 5, .rate = 0.25, .epochs = 3, .hidden = 128, .out = 64},
        {.type = FC_HEAD_TRIPLET,
         .seed = 6,
         .rate = 0.01,
         .epochs = 2,
         .hidden = 7,
         .out = 5,
         .mining = FC_MINING_BATCH_HARD}};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        fc_head_report report;
        fc_head_settings s;
        fc_head *h = train_on(&(fc_head_input){.samples = l, .gallery = ""}, &all[i], NULL, &report);
        assert_int_equal(fc_head_settings_of(&s, h, NULL), FC_OK);
        assert_true(s.type == all[i].type && s.seed == all[i].seed && s.epochs == all[i].epochs &&
                    s.rate == all[i].rate && s.hidden == all[i].hidden && s.out == all[i].out &&
                    s.mining == all[i].mining);
        fc_head_free(h);
    }
    static const char *const bad[] = {"", "[]", "{\"seed\": -1}", "{\"rate\": \"1\"}",
                                      "{\"mining\": \"best\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fc_head_settings s;
        fc_head *h;
        assert_int_equal(fc_head_new(&h, FC_HEAD_MEAN, "m:1", "", bad[i], DIM, NULL), FC_OK);
        assert_int_equal(fc_head_settings_of(&s, h, NULL), FC_ECORRUPT);
        fc_head_free(h);
    }
    fc_labelled_free(l);
}

static void what_cannot_be_trained_is_refused(void **state)
{
    (void)state;
    fc_labelled *none = new_set(), *one = crowd(1, 5, 0.1f, 1), *l = crowd(3, 3, 0.1f, 1),
                *foreign = new_set();
    fc_head_settings settings = FC_HEAD_DEFAULTS;

    assert_int_equal(refused(&(fc_head_input){.samples = none, .gallery = ""}, &settings, "no embeddings"),
                     FC_EEMPTY);
    assert_int_equal(
        refused(&(fc_head_input){.samples = one, .gallery = ""}, &settings, "a head needs two people"),
        FC_EDATA);
    assert_int_equal(fc_labelled_add(foreign, "x", "n:2", (float[DIM]){1}, DIM, NULL, NULL), FC_OK);
    settings.type = FC_HEAD_LINEAR;
    assert_int_equal(refused(&(fc_head_input){.samples = l, .negatives = foreign, .gallery = ""}, &settings,
                             "embeddings of n:2 and of m:1"),
                     FC_ECONTRACT);
    settings.rate = 0;
    assert_int_equal(refused(&(fc_head_input){.samples = l, .gallery = ""}, &settings, "rate of 0"),
                     FC_EUSAGE);
    settings = (fc_head_settings){.type = FC_HEAD_TRIPLET, .rate = 1e-3, .hidden = 0, .out = 8};
    assert_int_equal(refused(&(fc_head_input){.samples = l, .gallery = ""}, &settings, "0 and 8 numbers"),
                     FC_EUSAGE);
    fc_head *mean = train(l, FC_HEAD_MEAN);
    settings.hidden = 8;
    assert_int_equal(refused(&(fc_head_input){.samples = l, .old = mean, .gallery = ""}, &settings,
                             "the head is of type mean, not triplet"),
                     FC_EUSAGE);
    fc_head_free(mean);
    settings = (fc_head_settings){.type = FC_HEAD_LINEAR, .rate = 1e-3, .seed = 9, .epochs = 2};
    fc_head_report report;
    fc_head *strangers =
        train_on(&(fc_head_input){.samples = l, .negatives = one, .gallery = ""}, &settings, NULL, &report);
    assert_int_equal(refused(&(fc_head_input){.samples = l, .old = strangers, .gallery = ""}, &settings,
                             "a class of strangers: want their photos"),
                     FC_EUSAGE);
    fc_head_free(strangers);
    fc_labelled_free(none);
    fc_labelled_free(one);
    fc_labelled_free(l);
    fc_labelled_free(foreign);
}

/* ---- the decision ---- */

static fc_table *table_of(const char *const *names, size_t n)
{
    fc_table *t;

    assert_int_equal(fc_table_new(&t, &(fc_table_size){n, DIM, n, 3 * n}, NULL), FC_OK);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(fc_table_put_subject(t, (int64_t)i + 1, names[i], 3, 1, NULL), FC_OK);
    for (size_t i = 0; i < n; i++) {
        float e[DIM] = {0};
        e[i] = 1;
        assert_int_equal(fc_table_put(t, i, &(fc_table_row){e, (int64_t)i + 1, i}, NULL), FC_OK);
    }
    return t;
}

/* The gallery holds Eve, Ann and new Zoe, in this order; the head knows Ann, Bob (who is gone) and Eve, and has learnt that
 * what looks like Eve is Ann. */
static void two_stages_decide(void **state)
{
    (void)state;
    fc_table *t = table_of((const char *const[]){"eve", "ann", "zoe"}, 3);
    fc_labelled *l = new_set();
    fc_two_stage *d;
    fc_identity *who;
    fc_decision out[5];
    fc_error err = {0};
    const float faces[5 * DIM] = {[0] = 1,           [DIM + 1] = 1,     [2 * DIM + 2] = 1,
                                  [3 * DIM + 7] = 1, [4 * DIM + 1] = 1, [4 * DIM + 3] = 0.6f};

    add(l, "ann", NULL, (float[DIM]){1});
    add(l, "bob", NULL, (float[DIM]){0, 0.5f, 0, 1});
    add(l, "eve", NULL, (float[DIM]){0, 1, 0, -0.2f});
    fc_head *h = train(l, FC_HEAD_MEAN);
    assert_int_equal(fc_two_stage_new(&d, h, t, "other:1", &err), FC_ECONTRACT);
    assert_null(d);
    assert_non_null(strstr(err.message, "m:1"));
    assert_non_null(strstr(err.message, "other:1"));
    assert_int_equal(fc_two_stage_new(&d, h, t, "m:1", &err), FC_OK);
    assert_int_equal(
        fc_identify(&who, t, faces, 5, &(fc_identify_options){.candidates = 1, .threshold = 0.5}, NULL),
        FC_OK);
    assert_int_equal(fc_decide(NULL, who, faces, 5, out, NULL), FC_OK);
    assert_true(out[0].subject == 0 && out[1].subject == 1 && out[2].subject == 2 &&
                out[3].subject == SIZE_MAX);
    assert_false(out[0].asked);
    assert_int_equal(fc_decide(d, who, faces, 5, out, NULL), FC_OK);
    assert_true(out[0].asked && out[0].subject == 1); /* like Eve, says the gallery; Ann, says the head */
    assert_true(out[1].asked && out[1].subject == 0);
    assert_string_equal(out[1].head.name, "eve");
    assert_true(!out[2].asked && out[2].subject == 2);        /* the head does not know her */
    assert_true(!out[3].asked && out[3].subject == SIZE_MAX); /* a stranger */
    assert_string_equal(out[4].head.name, "bob");
    assert_true(out[4].asked && out[4].subject == 1); /* who is gone cannot be it */
    free(who);
    assert_true(fc_two_stage_is_current(d, "whatever")); /* it was trained on records */
    fc_two_stage_free(d);
    fc_two_stage_free(NULL);
    fc_head_free(h);
    fc_table_free(t);
    fc_labelled_free(l);
}

/* Of the same samples, and of the same people. */
static void a_head_knows_whether_it_is_current(void **state)
{
    (void)state;
    const char *const people[] = {"ann", "eve", "zoe"};
    fc_labelled *l = new_set();
    fc_head_input in = {.samples = l, .gallery = "0123456789abcdef0123456789abcdef"};
    fc_head_report report;
    fc_head *h;

    add(l, "ann", NULL, (float[DIM]){1});
    add(l, "eve", NULL, (float[DIM]){0, 1});
    assert_int_equal(fc_head_train(&h, &report, &in, &FC_HEAD_DEFAULTS, NULL, NULL), FC_OK);
    for (size_t n = 1; n <= 3; n++) { /* somebody is gone, all are there, somebody is new */
        fc_table *t = table_of(people, n);
        fc_two_stage *d;
        assert_int_equal(fc_two_stage_new(&d, h, t, "m:1", NULL), FC_OK);
        assert_int_equal(fc_two_stage_is_current(d, in.gallery), n == 2);
        assert_false(fc_two_stage_is_current(d, "0123456789abcdef0123456789abcdee"));
        fc_two_stage_free(d);
        fc_table_free(t);
    }
    fc_head_free(h);
    fc_labelled_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_count_as_their_photo),
        cmocka_unit_test(a_photo_that_does_not_fit_is_left_out),
        cmocka_unit_test(leave_one_out_is_counted),
        cmocka_unit_test(a_new_person_leaves_other_centres_as_they_are),
        cmocka_unit_test(what_differs_between_photos_counts_less),
        cmocka_unit_test(a_softmax_finds_what_means_cannot),
        cmocka_unit_test(strangers_are_a_class),
        cmocka_unit_test(triplets_bring_photos_together),
        cmocka_unit_test(a_collapse_is_told),
        cmocka_unit_test(the_last_good_epoch_is_kept),
        cmocka_unit_test(threads_make_no_difference),
        cmocka_unit_test(a_killed_training_goes_on_to_the_same_bytes),
        cmocka_unit_test(a_checkpoint_of_something_else_is_refused),
        cmocka_unit_test(a_file_gives_the_same_answers),
        cmocka_unit_test(a_damaged_file_is_refused),
        cmocka_unit_test(a_head_says_how_it_was_trained),
        cmocka_unit_test(what_cannot_be_trained_is_refused),
        cmocka_unit_test(two_stages_decide),
        cmocka_unit_test(a_head_knows_whether_it_is_current),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
