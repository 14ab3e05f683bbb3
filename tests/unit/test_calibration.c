/* Thresholds for a gallery's number of people: order statistics, what is kept of them, and which is chosen. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/codec.h"
#include "gallery/impl.h"
#include "made_gallery.h"
#include "seed.h"

enum { MOST = 40 };

/* A unit vector whose cosine with the who-th axis is c; the rest lies along an axis of its own. */
static void at_cosine(float e[MADE_DIM], int who, double c, int rest)
{
    memset(e, 0, MADE_DIM * sizeof *e);
    e[who] = (float)c;
    e[rest] = (float)sqrt(1 - c * c);
}

static void enrol(fc_gallery *g, const char *name, const char *source, int who)
{
    float e[MADE_DIM] = {0};

    e[who] = 1;
    put_photo(g, name, source, e);
}

/* Strangers' faces. */
struct cohort {
    fc_templates t;
    fc_template_image image[MOST];
    float v[MOST][MADE_DIM];
    char path[MOST][16];
};

static void look_at(struct cohort *c, int who, double cosine)
{
    const size_t i = c->t.n++;
    fc_template_image *im = &c->image[i];

    snprintf(c->path[i], sizeof c->path[i], "s%zu.jpg", i);
    *im = (fc_template_image){.path = c->path[i], .state = FC_TEMPLATE_MADE};
    fc_sha256_hex(im->sha256, c->path[i], strlen(c->path[i]));
    at_cosine(c->v[i], who, cosine, MADE_DIM - 1);
    c->t.image = c->image;
    c->t.v = *c->v;
    c->t.dim = MADE_DIM;
}

/* Ten looks: cosines of 0.05 to 0.50. */
static struct cohort *ten_looks(void)
{
    static struct cohort c;

    c = (struct cohort){0};
    for (int i = 1; i <= 10; i++)
        look_at(&c, i % 2, 0.05 * i);
    return &c;
}

static const fc_calibrate_options plain = {.fpir = 0.1, .alike = NAN};

static fc_calibration *calibrate(fc_gallery *g, const struct cohort *c, const fc_calibrate_options *opt)
{
    fc_calibration *out = NULL;
    fc_error err = {0};

    if (fc_gallery_calibrate(g, c ? &c->t : NULL, c ? "made:1" : NULL, opt, &out, &err))
        fail_msg("%s", err.message);
    assert_non_null(out);
    return out;
}

/* It is refused, in these words, and the gallery stays as it was. */
static void refused(fc_gallery *g, const struct cohort *c, const char *contract,
                    const fc_calibrate_options *opt, fc_status want, const char *words)
{
    fc_calibration *out = (fc_calibration *)1;
    fc_gallery_info before, after;
    fc_error err = {0};

    assert_int_equal(fc_gallery_get_info(g, &before, &err), FC_OK);
    assert_int_equal(fc_gallery_calibrate(g, c ? &c->t : NULL, contract, opt, &out, &err), want);
    if (!strstr(err.message, words))
        fail_msg("says: %s", err.message);
    assert_null(out);
    assert_int_equal(fc_gallery_get_info(g, &after, &err), FC_OK);
    assert_memory_equal(before.state, after.state, sizeof after.state);
}

static fc_gallery *two_people(const char *path)
{
    fc_gallery *g = make_gallery(path);

    enrol(g, "Ann", "ann.jpg", 0);
    enrol(g, "Bob", "bob.jpg", 1);
    return g;
}

#define NEAR(a, b, by) assert_true(fabs((a) - (b)) <= (by))

static void the_order_statistic(void **state)
{
    /* Of ten looks floor(11 FPIR) - 1 are above the threshold, or none. Intervals by hand: for 0 of 10 the upper end is
     * 1 - 0.025^(1/10); for 1 of 10 the lower one is 1 - 0.975^(1/10). */
    static const struct {
        double fpir, threshold;
        uint64_t named;
        bool enough;
    } want[] = {{0.05, 0.500001, 0, false},   {0.1, 0.500001, 0, false}, {0.1818, 0.500001, 0, false},
                {0.1819, 0.450001, 1, false}, {0.3, 0.400001, 2, true},  {0.5, 0.300001, 4, true},
                {0.999, 0.050001, 9, true}};
    fc_gallery *g = two_people("order.fcg");
    fc_calibration *c = calibrate(g, ten_looks(), &plain);

    (void)state;
    assert_int_equal(c->looks, 10);
    assert_int_equal(c->people, 2);
    assert_int_equal(c->way, FC_BY_COHORT);
    assert_string_equal(c->contract, "made:1");
    assert_true(c->fpir == 0.1 && c->score[0] == 0.5 && c->score[9] == 0.05);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const fc_fpir_point p = fc_calibration_at(c, want[i].fpir);
        assert_true(p.threshold == want[i].threshold && p.enough == want[i].enough);
        assert_int_equal(p.named, want[i].named);
        NEAR(p.rate, (double)want[i].named / 10, 1e-15);
    }
    NEAR(fc_calibration_at(c, 0.05).interval.high, 0.3084971, 1e-7);
    NEAR(fc_calibration_at(c, 0.2).interval.low, 0.0025286, 1e-7);
    NEAR(fc_calibration_at(c, 0.2).interval.high, 0.4450161, 1e-7);
    free(c);
    fc_gallery_free(g);
}

static void looks_that_are_alike(void **state)
{
    struct cohort c = {0};
    fc_gallery *g = two_people("ties.fcg");

    (void)state;
    for (int i = 0; i < 20; i++)
        look_at(&c, 0, i < 4 ? 0.4 : 0.2);
    fc_calibration *made = calibrate(g, &c, &plain);
    /* one may be above it, but four are equal */
    const fc_fpir_point p = fc_calibration_at(made, 0.1);
    assert_true(p.threshold == 0.400001 && p.named == 0);
    free(made);
    fc_gallery_free(g);
}

/* Two photos of Ann, one of Bob, one of Eve; a view does not count. */
static void the_enrolled_left_out_in_turn(void **state)
{
    fc_gallery *g = make_gallery("out.fcg");
    float e[MADE_DIM];
    fc_sample view = {
        .e = e, .dim = MADE_DIM, .contract = "made:1", .source = "ann.jpg", .view = 1, .quality = NAN};
    bool added;

    (void)state;
    enrol(g, "Ann", "ann.jpg", 0);
    at_cosine(e, 0, 0.9, 5);
    put_photo(g, "Ann", "ann2.jpg", e);
    at_cosine(e, 0, 0.3, 6);
    put_photo(g, "Bob", "bob.jpg", e);
    at_cosine(e, 0, 0.1, 7);
    put_photo(g, "Eve", "eve.jpg", e);
    at_cosine(e, 0, 0.99, 8);
    assert_int_equal(fc_gallery_find(g, "Ann", &view.subject, NULL), FC_OK);
    assert_int_equal(fc_gallery_put_sample(g, &view, &added, NULL), FC_OK);
    fc_calibration *c = calibrate(g, NULL, &plain);
    uint64_t photos;
    assert_int_equal(fc_gallery_count_photos(g, &photos, NULL), FC_OK);
    assert_int_equal(photos, 4);
    assert_int_equal(c->way, FC_BY_LEAVING_OUT);
    assert_int_equal(c->people, 3);
    assert_int_equal(c->looks, 4);
    /* Ann's first photo and Bob's: 0.3 to each other; Ann's second, to Bob: 0.27; Eve, to Ann: 0.1 */
    assert_true(c->score[0] == 0.3 && c->score[1] == 0.3 && c->score[2] == 0.27 && c->score[3] == 0.1);
    const uint8_t none[32] = {0};
    assert_memory_equal(c->cohort, none, sizeof none);
    free(c);

    /* a person's mean: of Ann's three, to Eve 0.1 times 1, 0.9 and 0.99 */
    c = calibrate(g, NULL, &(fc_calibrate_options){.fpir = 0.1, .fuse = FC_FUSE_MEAN, .alike = NAN});
    NEAR(c->score[3], 0.1 * (1 + 0.9 + 0.99) / 3, 1e-6);
    free(c);
    fc_gallery_free(g);
}

static int64_t user_version(const char *path)
{
    sqlite3 *db;
    sqlite3_stmt *s;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    const int64_t v = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return v;
}

static fc_secret *secret(void)
{
    fc_secret *s;

    assert_int_equal(fc_secret_new(&s, "a passphrase", 12, false, "key", NULL), FC_OK);
    return s;
}

static fc_gallery *open_again(const char *path, const fc_secret *key, fc_status want)
{
    fc_gallery *g = NULL;
    fc_error err = {0};
    keep_seed_file("gallery", path);
    const fc_status s =
        fc_gallery_open(&g, path, &(fc_gallery_options){.mode = FC_GALLERY_WRITE, .secret = key}, &err);

    if (s != want)
        fail_msg("%d: %s", s, err.message);
    return g;
}

static void check_kept(fc_gallery *g, const fc_calibration *want)
{
    fc_calibration *c;

    assert_int_equal(fc_gallery_get_calibration(g, &c, NULL), FC_OK);
    assert_non_null(c);
    assert_int_equal(c->looks, want->looks);
    assert_memory_equal(c->score, want->score, c->looks * sizeof *c->score);
    assert_memory_equal(c->cohort, want->cohort, sizeof c->cohort);
    assert_string_equal(c->contract, want->contract);
    assert_true(c->fpir == want->fpir && c->people == want->people && c->fuse == want->fuse &&
                c->way == want->way);
    free(c);
}

static void it_stays_in_the_gallery(void **state)
{
    fc_gallery *g = two_people("kept.fcg"), *other;
    fc_calibration *none, *first, *second;
    fc_gallery_info before, after;

    (void)state;
    assert_int_equal(fc_gallery_get_calibration(g, &none, NULL), FC_OK);
    assert_null(none);
    assert_int_equal(user_version("kept.fcg"), 2);
    other = open_again("kept.fcg", NULL, FC_OK); /* before there is such a table */
    assert_int_equal(fc_gallery_get_info(g, &before, NULL), FC_OK);
    first = calibrate(g, ten_looks(), &plain);
    assert_int_equal(fc_gallery_get_info(g, &after, NULL), FC_OK);
    assert_int_equal(after.commits, before.commits + 1);
    assert_memory_not_equal(before.state, after.state, sizeof after.state);
    assert_int_equal(user_version("kept.fcg"), 3);
    check_kept(g, first);
    check_kept(other, first);
    enrol(other, "Eve", "eve.jpg", 2); /* by who had opened it before */
    check_kept(g, first);
    struct cohort *c = ten_looks();
    look_at(c, 0, 0.6);
    second = calibrate(g, c, &(fc_calibrate_options){.fpir = 0.02, .alike = NAN});
    assert_int_equal(second->people, 3);
    assert_memory_not_equal(first->cohort, second->cohort, sizeof first->cohort);
    check_kept(other, second);
    assert_int_equal(fc_gallery_purge(other, NULL), FC_OK);
    fc_gallery_free(other);
    fc_gallery_free(g);
    g = open_again("kept.fcg", NULL, FC_OK);
    check_kept(g, second);
    assert_int_equal(fc_gallery_check(g, NULL), FC_OK);
    fc_gallery_free(g);
    free(first);
    free(second);
}

/* The cohort's hash is that of its pictures, in whatever order they come. */
static void the_cohort_s_hash(void **state)
{
    struct cohort *c = ten_looks();
    fc_gallery *g = two_people("hash.fcg");
    fc_calibration *a = calibrate(g, c, &plain), *b;

    (void)state;
    const fc_template_image first = c->image[0];
    c->image[0] = c->image[7];
    c->image[7] = first;
    c->image[3].path = "elsewhere/of.jpg";
    b = calibrate(g, c, &plain);
    assert_memory_equal(a->cohort, b->cohort, sizeof a->cohort);
    free(a);
    free(b);
    fc_gallery_free(g);
}

static void sql(const char *path, const char *text)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void copy(const char *from, const char *to)
{
    char command[100];

    snprintf(command, sizeof command, "cp %s %s", from, to);
    assert_int_equal(system(command), 0);
}

/* Changed, taken away, put back: with a checksum for all, and for who has the key authenticated. */
static void damage_is_found(void **state)
{
    static const char *const changes[] = {
        "UPDATE calibration SET fpir = 0.5",
        "UPDATE calibration SET fpir = 2",
        "UPDATE calibration SET people = 1000",
        "UPDATE calibration SET people = 0",
        "UPDATE calibration SET way = 1",
        "UPDATE calibration SET way = 7",
        "UPDATE calibration SET fuse = 1",
        "UPDATE calibration SET fuse = 3",
        "UPDATE calibration SET contract = 'made:2'",
        "UPDATE calibration SET cohort = zeroblob(32)",
        "UPDATE calibration SET cohort = x'00'",
        "UPDATE calibration SET scores = zeroblob(40)",
        "UPDATE calibration SET scores = x''",
        "UPDATE calibration SET scores = x'00000000ff'",
        "UPDATE calibration SET scores = x'0000000001000000'",
        "UPDATE calibration SET scores = x'00ffff7f'",
        "DELETE FROM calibration",
        "DROP TABLE calibration",
        "DROP TABLE calibration; PRAGMA user_version = 2",
        "PRAGMA user_version = 2",
    };

    (void)state;
    for (int sealed = 0; sealed < 2; sealed++) {
        fc_secret *key = sealed ? secret() : NULL;
        fc_gallery *g;
        unlink("sound.fcg");
        assert_int_equal(
            fc_gallery_open(&g, "sound.fcg",
                            &(fc_gallery_options){.mode = FC_GALLERY_CREATE, .secret = key, .seal = sealed},
                            NULL),
            FC_OK);
        enrol(g, "Ann", "ann.jpg", 0);
        enrol(g, "Bob", "bob.jpg", 1);
        fc_calibration *c = calibrate(g, ten_looks(), &plain);
        fc_gallery_free(g);
        for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
            copy("sound.fcg", "broken.fcg");
            sql("broken.fcg", changes[i]);
            assert_null(open_again("broken.fcg", key, FC_ECORRUPT));
        }
        g = open_again("sound.fcg", key, FC_OK);
        check_kept(g, c);
        fc_gallery_free(g);
        fc_secret_free(key);
        free(c);
    }
}

/* Who has no key makes all checksums right, and is found by who has it. */
static void forgery_is_found(void **state)
{
    fc_secret *key = secret();
    fc_gallery *g;
    fc_calibration *c;
    char text[200];

    (void)state;
    assert_int_equal(
        fc_gallery_open(&g, "sealed.fcg",
                        &(fc_gallery_options){.mode = FC_GALLERY_CREATE, .secret = key, .seal = true}, NULL),
        FC_OK);
    enrol(g, "Ann", "ann.jpg", 0);
    enrol(g, "Bob", "bob.jpg", 1);
    c = calibrate(g, ten_looks(), &plain);
    fc_gallery_free(g);
    assert_int_equal(fc_gallery_open(&g, "sealed.fcg", &(fc_gallery_options){.mode = FC_GALLERY_READ}, NULL),
                     FC_OK);
    assert_int_equal(fc_gallery_begin(g, false, NULL), FC_OK);
    c->fpir = 0.5;
    free(g->calibration);
    g->calibration = c;
    sqlite3_stmt *s;
    assert_int_equal(sqlite3_prepare_v2(g->db, "SELECT root FROM gallery", -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    snprintf(text, sizeof text, "UPDATE calibration SET fpir = 0.5; UPDATE gallery SET checksum = %lld",
             (long long)fc_gallery_root_checksum(g, sqlite3_column_blob(s, 0)));
    sqlite3_finalize(s);
    fc_gallery_rollback(g);
    fc_gallery_free(g);
    sql("sealed.fcg", text);
    assert_int_equal(fc_gallery_open(&g, "sealed.fcg", &(fc_gallery_options){.mode = FC_GALLERY_READ}, NULL),
                     FC_OK);
    fc_gallery_free(g);
    assert_null(open_again("sealed.fcg", key, FC_ECORRUPT));
    fc_secret_free(key);
}

static void all_or_nothing(void **state)
{
    fc_gallery *g = two_people("half.fcg");
    fc_calibration *c = calibrate(g, ten_looks(), &plain), *none;

    (void)state;
    fc_gallery_free(g);
    unlink("half.fcg");
    g = two_people("half.fcg");
    fc_gallery_free(g);
    const pid_t child = fork();
    if (child == 0) { /* killed when all is written but the commit */
        g = NULL;
        fc_gallery_open(&g, "half.fcg", &(fc_gallery_options){.mode = FC_GALLERY_WRITE}, NULL);
        _exit(!g || fc_gallery_begin(g, true, NULL) || fc_gallery_set_calibration(g, c, NULL) ||
              fc_gallery_write_root(g, NULL));
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    g = open_again("half.fcg", NULL, FC_OK);
    assert_int_equal(fc_gallery_get_calibration(g, &none, NULL), FC_OK);
    assert_null(none);
    assert_int_equal(fc_gallery_check(g, NULL), FC_OK);
    /* and rolled back in the same process */
    assert_int_equal(fc_gallery_begin(g, true, NULL), FC_OK);
    assert_int_equal(fc_gallery_set_calibration(g, c, NULL), FC_OK);
    fc_gallery_rollback(g);
    assert_int_equal(fc_gallery_get_calibration(g, &none, NULL), FC_OK);
    assert_null(none);
    enrol(g, "Eve", "eve.jpg", 2);
    assert_int_equal(user_version("half.fcg"), 2);
    free(calibrate(g, ten_looks(), &plain));
    fc_gallery_free(g);
    free(c);
}

static void what_is_refused(void **state)
{
    static const double rates[] = {0, 1, -0.1, 2, NAN, INFINITY};
    fc_gallery *g = two_people("refuses.fcg"), *one = make_gallery("one.fcg"),
               *nobody = make_gallery("nobody.fcg");
    struct cohort *c = ten_looks(), empty = {.t.dim = MADE_DIM};

    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        refused(g, c, "made:1", &(fc_calibrate_options){.fpir = rates[i], .alike = NAN}, FC_EUSAGE,
                "want a rate above 0 and below 1");
    refused(g, c, "other:2", &plain, FC_ECONTRACT, "made:1");
    refused(g, c, "other:2", &plain, FC_ECONTRACT, "other:2");
    refused(g, &empty, "made:1", &plain, FC_EEMPTY, "of 0 pictures none has a face");
    for (size_t i = 0; i < c->t.n; i++)
        c->image[i].state = FC_TEMPLATE_NOT_DETECTED;
    refused(g, c, "made:1", &plain, FC_EEMPTY, "of 10 pictures none has a face");
    enrol(one, "Ann", "ann.jpg", 0);
    refused(one, NULL, NULL, &plain, FC_EDATA, "one person is enrolled");
    refused(nobody, NULL, NULL, &plain, FC_EDATA, "nobody is enrolled");
    refused(nobody, ten_looks(), "made:1", &plain, FC_EDATA, "nobody is enrolled");
    free(calibrate(one, ten_looks(), &plain)); /* strangers will do */
    fc_gallery_free(g);
    fc_gallery_free(one);
    fc_gallery_free(nobody);
}

static void strangers_who_are_enrolled(void **state)
{
    fc_gallery *g = two_people("enrolled.fcg");
    struct cohort *c = ten_looks();
    heard h;
    const fc_teller ear = hears(&h);

    (void)state;
    fc_sha256_hex(c->image[2].sha256, "bob.jpg", 7); /* the very photo; another face of it, maybe */
    refused(g, c, "made:1", &plain, FC_EDATA,
            "enrolled.fcg: 1 of the cohort's 10 faces are of photos that are enrolled: s2.jpg (Bob)");
    at_cosine(c->v[5], 0, 1, 9); /* a copy of the photo */
    refused(g, c, "made:1", &plain, FC_EDATA,
            "2 of the cohort's 10 faces are of photos that are enrolled: s2.jpg (Bob), s5.jpg (Ann)");
    for (int i = 0; i < 10; i++)
        at_cosine(c->v[i], 0, 1, 9);
    refused(g, c, "made:1", &plain, FC_EDATA, "s4.jpg (Ann)...");

    c = ten_looks();
    at_cosine(c->v[4], 1, 0.8, 9);
    free(calibrate(g, c, &(fc_calibrate_options){.fpir = 0.1, .alike = 0.6, .teller = &ear}));
    assert_string_equal(
        h.text, "warning: s4.jpg looks like Bob (similarity 0.80): is it somebody who is enrolled?\n");
    for (int i = 0; i < 8; i++)
        at_cosine(c->v[i], 0, 0.6 + 0.01 * i, 9);
    h.text[0] = '\0';
    free(calibrate(g, c, &(fc_calibrate_options){.fpir = 0.1, .alike = 0.6, .teller = &ear}));
    assert_non_null(strstr(h.text, "warning: 3 more that look like somebody who is enrolled\n"));
    fc_gallery_free(g);
}

static void which_threshold(void **state)
{
    fc_model_facts model = {
        .threshold = 0.45,
        .curve = {.n = 3, .pairs = 1000, .point = {{0.01, 0.35}, {0.001, 0.46}, {1e-4, 0.55}}}};
    fc_gallery *g = two_people("which.fcg");
    fc_calibration *c = calibrate(g, ten_looks(), &plain);
    fc_threshold t;
    fc_error err;

    (void)state;
    /* never calibrated: by the number of people */
    const struct {
        uint64_t people;
        double fpir, threshold;
        fc_threshold_source source;
    } curve[] = {{0, 0.01, 0.35, FC_THRESHOLD_CURVE},       {1, 0.01, 0.35, FC_THRESHOLD_CURVE},
                 {2, 0.01, 0.46, FC_THRESHOLD_CURVE},       {10, 0.01, 0.46, FC_THRESHOLD_CURVE},
                 {11, 0.01, 0.55, FC_THRESHOLD_CURVE},      {100, 0.01, 0.55, FC_THRESHOLD_CURVE},
                 {101, 0.01, 0.55, FC_THRESHOLD_CURVE_END}, {100, NAN, 0.55, FC_THRESHOLD_CURVE},
                 {100, 0.1, 0.46, FC_THRESHOLD_CURVE}};
    for (size_t i = 0; i < sizeof curve / sizeof *curve; i++) {
        assert_int_equal(
            fc_threshold_choose(&t, NULL, &model, FC_FUSE_MAX, curve[i].people, 0, curve[i].fpir, &err),
            FC_OK);
        assert_int_equal(t.source, curve[i].source);
        assert_true(t.threshold == curve[i].threshold && isnan(t.at.threshold) && !t.grown && !t.other_fuse);
    }
    /* the best of three photos each: 30 comparisons; their mean: 10; the three best of nine each: 30 */
    assert_int_equal(fc_threshold_choose(&t, NULL, &model, FC_FUSE_MAX, 10, 30, NAN, &err), FC_OK);
    assert_true(t.threshold == 0.55 && t.comparisons == 30 && t.people == 10);
    assert_int_equal(fc_threshold_choose(&t, NULL, &model, FC_FUSE_MEAN, 10, 30, NAN, &err), FC_OK);
    assert_true(t.threshold == 0.46 && t.comparisons == 10);
    assert_int_equal(fc_threshold_choose(&t, NULL, &model, FC_FUSE_TOP3, 10, 90, NAN, &err), FC_OK);
    assert_true(t.threshold == 0.55 && t.comparisons == 30);
    assert_int_equal(fc_threshold_choose(&t, NULL, &model, FC_FUSE_TOP3, 10, 30, NAN, &err), FC_OK);
    assert_true(t.comparisons == 10);
    /* calibrated: for its own rate, and for others */
    assert_int_equal(fc_threshold_choose(&t, c, &model, FC_FUSE_MAX, 2, 0, 0.3, &err), FC_OK);
    assert_true(t.source == FC_THRESHOLD_CALIBRATED && t.threshold == 0.400001 && t.fpir == 0.3 && !t.grown);
    model.curve.n = 0;
    model.threshold = -0.5;
    assert_int_equal(fc_threshold_choose(&t, c, &model, FC_FUSE_MAX, 2, 0, NAN, &err), FC_OK);
    assert_true(t.source == FC_THRESHOLD_CALIBRATED && t.threshold == 0.500001 && t.fpir == 0.1 &&
                !t.at.enough);
    /* so few looks do not lower what the model asks for */
    model.threshold = 0.51;
    assert_int_equal(fc_threshold_choose(&t, c, &model, FC_FUSE_MAX, 2, 0, NAN, &err), FC_OK);
    assert_true(t.source == FC_THRESHOLD_MODEL && t.threshold == 0.51 && !t.at.enough);
    assert_int_equal(fc_threshold_choose(&t, c, &model, FC_FUSE_MAX, 2, 0, 0.3, &err), FC_OK);
    assert_true(t.source == FC_THRESHOLD_CALIBRATED && t.threshold == 0.400001 && t.at.enough);
    /* more people: not above 1.2 times as many, of 5: 6 */
    fc_calibration five = *c;
    five.people = 5;
    assert_int_equal(fc_threshold_choose(&t, &five, &model, FC_FUSE_MAX, 6, 0, 0.3, &err), FC_OK);
    assert_false(t.grown);
    assert_int_equal(fc_threshold_choose(&t, &five, &model, FC_FUSE_MAX, 7, 0, 0.3, &err), FC_OK);
    assert_true(t.grown);
    /* another way of fusing; nothing known; no rate */
    assert_int_equal(fc_threshold_choose(&t, c, &model, FC_FUSE_MEAN, 2, 0, NAN, &err), FC_OK);
    assert_true(t.source == FC_THRESHOLD_MODEL && t.other_fuse && t.fpir == FC_DEFAULT_FPIR);
    model.threshold = NAN;
    assert_int_equal(fc_threshold_choose(&t, NULL, &model, FC_FUSE_MAX, 2, 0, NAN, &err), FC_EMODEL);
    assert_int_equal(fc_threshold_choose(&t, c, &model, FC_FUSE_MAX, 2, 0, NAN, &err), FC_OK);
    assert_int_equal(fc_threshold_choose(&t, c, &model, FC_FUSE_MAX, 2, 0, 0, &err), FC_EUSAGE);
    assert_int_equal(fc_threshold_choose(&t, c, &model, FC_FUSE_MAX, 2, 0, 1, &err), FC_EUSAGE);
    free(c);
    fc_gallery_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_statistic),
        cmocka_unit_test(looks_that_are_alike),
        cmocka_unit_test(the_enrolled_left_out_in_turn),
        cmocka_unit_test(it_stays_in_the_gallery),
        cmocka_unit_test(the_cohort_s_hash),
        cmocka_unit_test(damage_is_found),
        cmocka_unit_test(forgery_is_found),
        cmocka_unit_test(all_or_nothing),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(strangers_who_are_enrolled),
        cmocka_unit_test(which_threshold),
    };
    return cmocka_run_group_tests(tests, go_to_folder, leave_folder);
}
