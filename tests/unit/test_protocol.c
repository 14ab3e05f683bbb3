/* Protocols: what they count, on photos and by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "eval_photos.h"

static eval_photos photos;

static int setup(void **state)
{
    (void)state;
    eval_photos_make(&photos);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    eval_photos_clear(&photos);
    return 0;
}

/* Unit vectors of two numbers at these angles, in degrees; NAN: no template. Their score is the angle's cosine. */
enum { MOST = 16 };
typedef struct plane {
    fc_eval_set set;
    fc_eval_picture picture[MOST];
    float v[MOST][2];
    uint32_t label[MOST];
} plane;

static void plane_make(plane *p, const double *angle, const uint32_t *label, size_t n)
{
    *p = (plane){
        .set = {.picture = p->picture, .v = p->v[0], .n = n, .dim = 2, .label = p->label, .workers = 1}};
    for (size_t i = 0; i < n; i++) {
        p->picture[i] = (fc_eval_picture){.path = "picture", .found = 1};
        p->label[i] = label[i];
        p->set.people = label[i] >= p->set.people ? label[i] + 1 : p->set.people;
        if (isnan(angle[i])) {
            p->picture[i].missing = FC_CAUSE_NOT_DECODED;
            continue;
        }
        p->v[i][0] = (float)cos(angle[i] * M_PI / 180);
        p->v[i][1] = (float)sin(angle[i] * M_PI / 180);
    }
}

static uint64_t sum(const uint64_t *n)
{
    uint64_t all = 0;

    for (size_t i = 0; i < FC_EVAL_BINS; i++)
        all += n[i];
    return all;
}

/* ---- names ---- */

static void people_are_numbered_by_name(void **state)
{
    const char *const name[] = {"b", "", "a", "b", "\xff", "a"};
    const uint32_t want[] = {2, 0, 1, 2, 3, 1};
    uint32_t label[6];
    size_t people = 9;
    (void)state;

    assert_int_equal(fc_eval_label(label, &people, name, 6, NULL), FC_OK);
    assert_memory_equal(label, want, sizeof want);
    assert_int_equal(people, 4);
    assert_int_equal(fc_eval_label(label, &people, name, 0, NULL), FC_OK);
    assert_int_equal(people, 0);
}

/* ---- pairs ---- */

static fc_pair pairs_of_photos[] = {{GRACE_1, GRACE_2, true, 0},
                                    {GRACE_1, EILEEN_1, false, 0},
                                    {EILEEN_1, EILEEN_2, true, 1},
                                    {GRACE_2, EILEEN_2, false, 1},
                                    {EILEEN_1, ICE, true, 1}};
static const fc_pairs list = {.pair = pairs_of_photos, .n = 5, .folds = 2, .nimages = PHOTOS};

static void pairs_of_photographs(void **state)
{
    fc_pairs_result r = {0};
    (void)state;

    assert_int_equal(fc_protocol_pairs(&r, &photos.set, &list, NULL), FC_OK);
    assert_int_equal(r.n, 5);
    assert_int_equal(r.folds.n, 2);
    assert_int_equal(r.folds.fold[0].right, 2);
    assert_int_equal(r.folds.fold[0].n, 2);
    assert_int_equal(r.folds.fold[1].right, 2);
    assert_int_equal(r.folds.fold[1].n, 3);
    const bool right[] = {true, true, true, true, false};
    assert_int_equal(r.common.nright, 5);
    assert_memory_equal(r.common.right, right, sizeof right);
    assert_true(r.score[0] > 0.45 && r.score[2] > 0.45 && r.score[1] < 0.45 && r.score[3] < 0.45);
    assert_true(r.score[4] == -(double)INFINITY);
    assert_int_equal(r.common.roc.genuine, 3);
    assert_int_equal(r.common.roc.impostor, 2);
    assert_int_equal(sum(r.common.genuine), 2);
    assert_int_equal(sum(r.common.impostor), 2);
    assert_false(r.point[0].shown);
    /* All pairs are cases, and the one without a score is the worst. */
    assert_int_equal(r.common.ncases, 5);
    assert_int_equal(r.common.cases[0].b, ICE);
    assert_int_equal(fc_eval_causes(&r.common, &photos.set, NULL, NULL), FC_OK);
    assert_int_equal(r.common.cases[0].cause, FC_CAUSE_NOT_DETECTED);
    assert_int_equal(r.common.cases[1].cause, FC_CAUSE_NONE);
    fc_pairs_result_clear(&r);
}

static void one_fold_is_no_protocol(void **state)
{
    fc_pairs one = list;
    fc_pairs_result r = {0};
    (void)state;

    one.folds = 1;
    assert_int_equal(fc_protocol_pairs(&r, &photos.set, &one, NULL), FC_EDATA);
    fc_pairs_result_clear(&r);
}

/* ---- compare ---- */

/* The same pairs, of which two are 60 and two are 90 degrees apart: at first the former are those of one person. */
static void two_ways_on_the_same_pairs(void **state)
{
    const double before[] = {0, 60, 90, 150}, after[] = {0, 90, 60, 150};
    const uint32_t label[4] = {0};
    fc_pair pair[] = {{0, 1, true, 0}, {0, 2, false, 0}, {2, 3, true, 1}, {1, 3, false, 1}};
    const fc_pairs four = {.pair = pair, .n = 4, .folds = 2, .nimages = 4};
    fc_compare_result r = {0};
    plane a, b;
    (void)state;

    plane_make(&a, before, label, 4);
    plane_make(&b, after, label, 4);
    assert_int_equal(fc_protocol_compare(&r, &a.set, &b.set, &four, NULL), FC_OK);
    const fc_compare_side *s = &r.side[0], *t = &r.side[1];
    assert_int_equal(s->genuine.n, 2);
    assert_int_equal(t->impostor.n, 2);
    assert_true(fabs(s->genuine.cosine - 0.5) < 1e-5 && fabs(s->genuine.distance - 1) < 1e-5);
    assert_true(fabs(s->impostor.cosine) < 1e-5 && fabs(s->impostor.distance - M_SQRT2) < 1e-5);
    assert_true(fabs(t->genuine.cosine) < 1e-5 && fabs(t->genuine.distance - M_SQRT2) < 1e-5);
    assert_true(fabs(t->impostor.cosine - 0.5) < 1e-5 && fabs(t->impostor.distance - 1) < 1e-5);
    assert_true(s->pairs.folds.mean == 1 && s->pairs.auc == 1);
    assert_true(t->pairs.folds.mean == 0.5 && t->pairs.auc == 0);
    assert_int_equal(r.paired.lost, 2);
    assert_int_equal(r.paired.won, 0);
    assert_true(fabs(r.paired.p - 0.5) < 1e-12);
    assert_int_equal(r.nchanged, 2);
    for (size_t i = 0; i < 2; i++) { /* the threshold after is that of the other fold, which tells nothing */
        const fc_eval_case *c = &r.changed[i];
        assert_true((c->score >= c->threshold) != c->same);
    }
    fc_compare_result_clear(&r);
    assert_int_equal(fc_protocol_compare(&r, &b.set, &a.set, &four, NULL),
                     FC_OK); /* the other way round: won */
    assert_int_equal(r.paired.won, 2);
    assert_int_equal(r.nchanged, 2);
    assert_true((r.changed[0].score >= r.changed[0].threshold) == r.changed[0].same);
    fc_compare_result_clear(&r);
    b.picture[2].missing = FC_CAUSE_NOT_DETECTED; /* its pairs have no score, and count as different */
    assert_int_equal(fc_protocol_compare(&r, &a.set, &b.set, &four, NULL), FC_OK);
    assert_int_equal(r.side[1].genuine.n, 1);
    assert_int_equal(r.side[1].impostor.n, 1);
    fc_compare_result_clear(&r);
}

/* ---- all pairs ---- */

static void all_pairs_of_photographs(void **state)
{
    fc_all_pairs_settings set = FC_ALL_PAIRS_DEFAULTS;
    fc_all_pairs_result r = {0};
    (void)state;

    set.threshold = 0.45;
    assert_int_equal(fc_protocol_all_pairs(&r, &photos.set, &set, NULL), FC_OK);
    assert_int_equal(r.templates, 4);
    assert_int_equal(r.people, 3);
    assert_int_equal(r.common.roc.genuine, 2);
    assert_int_equal(r.common.roc.impostor, 4);
    assert_true(r.auc == 1 && r.eer.rate == 0);
    assert_int_equal(sum(r.common.genuine), 2);
    assert_int_equal(sum(r.common.impostor), 4);
    assert_int_equal(r.npoints, 5);
    assert_false(r.point[0].shown);
    assert_true(r.own.shown);
    assert_int_equal(r.own.at.genuine, 2);
    assert_int_equal(r.own.at.impostor, 0);
    assert_true(r.has_cases && r.common.ncases == 0);
    fc_all_pairs_result_clear(&r);
}

/* At 0, 40 and 80 degrees, and somebody else at 60: cos 40 = 0.766, cos 80 = 0.174; cos 60 = 0.5, cos 20 = 0.940. */
static void all_pairs_by_hand(void **state)
{
    const double angle[] = {0, 40, 80, NAN, 60};
    const uint32_t label[] = {0, 0, 0, 0, 1};
    const fc_all_pairs_settings set = {.fmr = {0.7, 0.5, 0.1}, .nfmr = 3, .threshold = 0.7, .cases = true};
    fc_all_pairs_result r = {0};
    plane p;
    (void)state;

    plane_make(&p, angle, label, 5);
    assert_int_equal(fc_protocol_all_pairs(&r, &p.set, &set, NULL), FC_OK);
    assert_int_equal(r.templates, 4);
    assert_int_equal(r.common.roc.genuine, 3);
    assert_int_equal(r.common.roc.impostor, 3);
    /* At 0.7 two impostors pass, and one genuine pair does not. */
    assert_int_equal(r.own.at.genuine, 2);
    assert_int_equal(r.own.at.impostor, 2);
    /* Two false matches of three keep the first rate, down to the next score, 0.766044. One keeps the second, but the two are
     * alike: just above 0.939693. Less than one cannot be seen. */
    assert_true(r.point[0].shown && r.point[1].shown && !r.point[2].shown);
    assert_int_equal(r.point[0].at.impostor, 2);
    assert_true(r.point[0].at.threshold > 0.766 && r.point[0].at.threshold < 0.766044);
    assert_int_equal(r.point[1].at.impostor, 0);
    assert_true(r.point[1].at.threshold > 0.939693 && r.point[1].at.threshold < 0.939695);
    assert_int_equal(r.common.ncases, 3);
    assert_true(r.common.cases[0].same && r.common.cases[0].a == 0 && r.common.cases[0].b == 2);
    assert_true(!r.common.cases[1].same && fabs(r.common.cases[1].score - 0.939693) < 1e-6);
    fc_all_pairs_result_clear(&r);
}

static void one_person_has_no_impostors(void **state)
{
    const double angle[] = {0, 40};
    const uint32_t label[] = {0, 0};
    const fc_all_pairs_settings set = FC_ALL_PAIRS_DEFAULTS;
    fc_all_pairs_result r = {0};
    plane p;
    (void)state;

    plane_make(&p, angle, label, 2);
    assert_int_equal(fc_protocol_all_pairs(&r, &p.set, &set, NULL), FC_EDATA);
    fc_all_pairs_result_clear(&r);
}

/* ---- error versus discard ---- */

static const fc_discard_curve *curve_of(const fc_discard_result *r, const char *measure)
{
    for (size_t i = 0; i < r->ncurves; i++)
        if (!strcmp(r->curve[i].measure, measure))
            return &r->curve[i];
    fail_msg("no curve of %s", measure);
    return NULL;
}

/* One person at 0 degrees, four times, and at 90: of 10 genuine pairs the 4 with the last picture are missed. Eleven others,
 * 30 degrees from each other and 20 from the first, make 110 impostor pairs, which can show a rate of 1e-2. */
static void plane_of_photos(plane *p)
{
    double angle[MOST] = {0, 0, 0, 0, 90};
    uint32_t label[MOST] = {0};

    for (int i = 0; i < 11; i++) {
        angle[5 + i] = 20 + 30 * i;
        label[5 + i] = (uint32_t)i + 1;
    }
    plane_make(p, angle, label, MOST);
    for (int i = 0; i < MOST; i++) {
        p->picture[i].has_quality = true;
        p->picture[i].quality =
            (fc_quality){.sharpness = 100 - i, .yaw = i == 4 ? -50 : 10, .pitch_ratio = 0.54};
        p->picture[i].face.score = i == 0 ? 0.5 : 0.9;
    }
}

static void discard_by_hand(void **state)
{
    fc_discard_result r = {0};
    plane p;
    (void)state;

    plane_of_photos(&p);
    assert_int_equal(fc_protocol_discard(&r, &p.set, NULL), FC_OK);
    assert_int_equal(r.ncurves, FC_DISCARD_CURVES);
    assert_int_equal(r.common.roc.genuine, 10);
    assert_int_equal(r.common.roc.impostor, 110);
    assert_true(r.point[0].shown && !r.point[1].shown);
    assert_int_equal(r.point[0].at.genuine, 6);
    /* The worst pairs are the missed ones: of 10, 1 goes at 10 % and 3 at 30 %. */
    const fc_discard_curve *sharp = curve_of(&r, "sharpness"), *yaw = curve_of(&r, "yaw");
    const double want[] = {4.0 / 10, 3.0 / 9, 2.0 / 8, 1.0 / 7};
    for (int i = 0; i <= FC_DISCARD_STEPS; i++) {
        assert_true(fabs(sharp->fnmr[0][i] - want[i / 10]) < 1e-12);
        assert_true(fabs(yaw->fnmr[0][i] - want[i / 10]) < 1e-12);
    }
    /* Nine steps at each height and a slope to the next; the last point is at 30 %. */
    assert_true(fabs(sharp->mean[0] - (9.5 * want[0] + 10 * want[1] + 10 * want[2] + 0.5 * want[3]) / 30) <
                1e-12);
    /* Equally good: what is left out is like the rest. */
    const fc_discard_curve *tied = curve_of(&r, "underexposed");
    for (int i = 0; i <= FC_DISCARD_STEPS; i++)
        assert_true(fabs(tied->fnmr[0][i] - 0.4) < 1e-12);
    assert_true(fabs(tied->mean[0] - 0.4) < 1e-12);
    /* By the detector, the 4 pairs with the first picture are the worst, one of them missed: 3 of 4 go. */
    assert_true(fabs(curve_of(&r, "score")->fnmr[0][30] - (4 - 0.75) / 7) < 1e-12);
    fc_discard_result_clear(&r);
}

static void discard_wants_measures(void **state)
{
    fc_discard_result r = {0};
    fc_error err;
    plane p;
    (void)state;

    plane_of_photos(&p);
    p.picture[7].has_quality = false;
    assert_int_equal(fc_protocol_discard(&r, &p.set, &err), FC_EDATA);
    assert_non_null(strstr(err.message, "nothing was measured"));
    fc_discard_result_clear(&r);
    p.picture[7].missing = FC_CAUSE_NOT_DECODED; /* no template, nothing to measure */
    assert_int_equal(fc_protocol_discard(&r, &p.set, &err), FC_OK);
    fc_discard_result_clear(&r);
}

/* ---- identification ---- */

static void identification_of_photographs(void **state)
{
    const fc_identify_settings set = {.enroll = 1, .min_images = 2, .strangers = -1, .seed = 1};
    fc_identify_result r = {0};
    (void)state;

    assert_int_equal(fc_protocol_identify(&r, &photos.set, &set, NULL), FC_OK);
    assert_int_equal(r.people, 3);
    assert_int_equal(r.enrolled, 2);
    assert_int_equal(r.templates, 2);
    assert_int_equal(r.mated, 2);
    assert_int_equal(r.strangers, 1);
    assert_int_equal(r.nonmated, 1);
    assert_int_equal(r.common.probes, 2);
    assert_int_equal(r.common.cmc[0], 2);
    assert_int_equal(r.common.cmc[FC_EVAL_RANKS - 1], 2);
    assert_int_equal(r.common.nright, 2);
    assert_true(r.common.right[0] && r.common.right[1]);
    assert_int_equal(sum(r.common.genuine), 2);
    assert_int_equal(sum(r.common.impostor), 0); /* ice has no score */
    assert_int_equal(r.common.ncases, 0);
    fc_identify_result_clear(&r);
}

/* Two of six people are enrolled; two of the others are the cohort, two are strangers. Whoever they are, the curve's threshold
 * is that for two comparisons, and the cohort's refuses its nearest. */
static void identification_asked_for(void **state)
{
    const double angle[] = {0, 1, 30, 31, 60, 61, 90, 91, 120, 121, 150, 151};
    const uint32_t label[] = {0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5};
    const fc_fmr_curve curve = {.n = 2, .pairs = 9, .point = {{0.5, 0.25}, {0.2, 0.95}}};
    fc_identify_settings set = {
        .enroll = 1, .min_images = 2, .strangers = 100, .people = 2, .fpir = 0.5, .curve = &curve};
    fc_identify_result r = {0};
    plane p;
    (void)state;

    plane_make(&p, angle, label, 12);
    for (set.seed = 1; set.seed <= 5; set.seed++) {
        assert_int_equal(fc_protocol_identify(&r, &p.set, &set, NULL), FC_OK);
        assert_int_equal(r.enrolled, 2);
        assert_int_equal(r.mated, 2);
        assert_int_equal(r.strangers, 2);
        assert_int_equal(r.nonmated, 4);
        /* 1 - sqrt(0.5) = 0.29: the rate below it is 0.2; at 0.95, less than 18.2 degrees, only the own person is near */
        const fc_identify_asked *a = &r.by_curve;
        assert_true(a->chosen && a->within && a->threshold == 0.95 && a->named == 0 && a->missed == 0);
        assert_true(a->fpir == 0 && a->fpir_interval.low == 0 &&
                    fabs(a->fpir_interval.high - 0.6023646) < 1e-7);
        a = &r.by_cohort; /* of four looks floor(0.5 * 5) - 1 may be above it */
        assert_true(a->chosen && a->within && a->looks == 4 && a->nonmated == 4 && a->mated == 2);
        assert_true(a->threshold > -1 && a->threshold < 0.9);
        fc_identify_result_clear(&r);
    }
    set.fpir = 0;
    assert_int_equal(fc_protocol_identify(&r, &p.set, &set, NULL), FC_OK);
    assert_true(!r.by_curve.chosen && !r.by_cohort.chosen && r.strangers == 4);
    fc_identify_result_clear(&r);
}

/* Of one enrolled picture the mean is that picture, and the head says what the cosine does. Of two it may be another's. */
static void identification_with_a_head(void **state)
{
    const double angle[] = {0, 0, 12, 20, 20, 60, 100, 101, 102, 150, 200};
    const uint32_t label[] = {0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 4};
    fc_identify_settings set = {.min_images = 3, .strangers = -1, .with_head = true, .head = FC_HEAD_MEAN};
    uint64_t won = 0;
    plane p;
    (void)state;

    plane_make(&p, angle, label, 11);
    for (set.enroll = 1; set.enroll <= 2; set.enroll++)
        for (set.seed = 1; set.seed <= 20; set.seed++) {
            fc_identify_result r = {0};
            assert_int_equal(fc_protocol_identify(&r, &p.set, &set, NULL), FC_OK);
            const fc_identify_head *h = &r.head;
            assert_true(h->measured);
            assert_int_equal(h->right + h->first.lost, r.common.cmc[0] + h->first.won);
            assert_true(h->first.p > 0 && h->first.p <= 1);
            if (set.enroll == 1)
                assert_true(h->first.won == 0 && h->first.lost == 0 && h->right == r.common.cmc[0] &&
                            h->first.p == 1);
            won += h->first.won;
            assert_false(h->point[0].shown); /* two strangers show no rate of 0.1 */
            assert_int_equal(h->roc.impostor, 2);
            fc_identify_result_clear(&r);
        }
    assert_true(won > 0); /* 12 of {0, 0} and not of {20, 60}, which 20 is of */
    set.head = FC_HEAD_LDA;
    set.seed = 1;
    fc_identify_result r = {0};
    assert_int_equal(fc_protocol_identify(&r, &p.set, &set, NULL),
                     FC_EDATA); /* nobody is left for a background */
    fc_identify_result_clear(&r);
}

/* Three people of two pictures each; those of the second and third lie among each other's. A stranger is near the first. */
static void identification_by_hand(void **state)
{
    const double angle[] = {0, 1, 50, 60, 61, 51, 10, NAN};
    const uint32_t label[] = {0, 0, 1, 1, 2, 2, 3, 4};
    fc_identify_settings set = {.enroll = 1, .min_images = 2, .strangers = -1, .seed = 1};
    fc_identify_result r = {0};
    fc_error err;
    plane p;
    (void)state;

    plane_make(&p, angle, label, 8);
    assert_int_equal(fc_protocol_identify(&r, &p.set, &set, NULL), FC_OK);
    assert_int_equal(r.enrolled, 3);
    assert_int_equal(r.strangers, 2);
    assert_int_equal(r.mated, 3);
    assert_int_equal(r.nonmated, 2);
    assert_int_equal(r.common.roc.impostor, 2);
    assert_int_equal(sum(r.common.impostor), 1);
    assert_true(r.common.cmc[0] >= 1 && r.common.cmc[1] == 3);
    assert_true(r.common.right[0]);
    fc_identify_result_clear(&r);

    set.strangers = 0;
    assert_int_equal(fc_protocol_identify(&r, &p.set, &set, NULL), FC_OK);
    assert_int_equal(r.nonmated, 0);
    assert_int_equal(r.common.roc.n, 0);
    fc_identify_result_clear(&r);

    set.enroll = 2;
    assert_int_equal(fc_protocol_identify(&r, &p.set, &set, &err), FC_EDATA);
    assert_string_equal(err.message,
                        "identify: all pictures of the people are enrolled; none is left to probe with");
    fc_identify_result_clear(&r);
    set.min_images = 3;
    assert_int_equal(fc_protocol_identify(&r, &p.set, &set, &err), FC_EDATA);
    assert_string_equal(err.message, "identify: no person has 3 pictures (--min-images)");
    fc_identify_result_clear(&r);
}

/* ---- k-NN ---- */

static void neighbours_of_photographs(void **state)
{
    const fc_knn_protocol_settings set = {.k = 1, .folds = 2, .min_images = 2, .seed = 1, .threshold = 0.45};
    fc_knn_protocol_result r = {0};
    (void)state;

    assert_int_equal(fc_protocol_knn(&r, &photos.set, &set, NULL), FC_OK);
    assert_int_equal(r.people, 3);
    assert_int_equal(r.enrolled, 2);
    assert_int_equal(r.tested, 4);
    assert_int_equal(r.correct, 4);
    assert_int_equal(r.strangers, 2); /* ice, in each of two folds */
    assert_int_equal(r.common.stranger_pictures, 1);
    assert_int_equal(r.named, 0);
    assert_true(r.mean == 1 && r.error == 0 && r.nfolds == 2);
    assert_int_equal(r.common.nright, 4);
    assert_int_equal(r.common.ncases, 0);
    fc_knn_protocol_result_clear(&r);
}

/* The two pictures of the first person lie on both sides of the others': each is answered wrongly by the other's fold. A
 * picture of the second has no template. */
static void neighbours_by_hand(void **state)
{
    const double angle[] = {0, 90, 80, 10, NAN, NAN};
    const uint32_t label[] = {0, 0, 1, 1, 2, 2};
    fc_knn_protocol_settings set = {.k = 1, .folds = 2, .min_images = 2, .seed = 1, .threshold = NAN};
    fc_knn_protocol_result r = {0};
    plane p;
    (void)state;

    plane_make(&p, angle, label, 6);
    assert_int_equal(fc_protocol_knn(&r, &p.set, &set, NULL), FC_OK);
    assert_int_equal(r.enrolled, 3);
    assert_int_equal(r.tested, 6);
    assert_int_equal(r.common.nright, 6);
    assert_int_equal(r.common.ncases, 6 - r.correct);
    assert_int_equal(fc_eval_causes(&r.common, &p.set, NULL, NULL), FC_OK);
    /* Those without a template come first. */
    assert_int_equal(r.common.cases[0].cause, FC_CAUSE_NOT_DECODED);
    assert_int_equal(r.common.cases[1].cause, FC_CAUSE_NOT_DECODED);
    for (size_t i = 2; i < r.common.ncases; i++) {
        assert_int_equal(r.common.cases[i].cause, FC_CAUSE_OTHER_NEARER);
        assert_int_not_equal(p.label[r.common.cases[i].a], p.label[r.common.cases[i].b]);
    }
    fc_knn_protocol_result_clear(&r);
    set.min_images = 3;
    assert_int_equal(fc_protocol_knn(&r, &p.set, &set, NULL), FC_EDATA);
    fc_knn_protocol_result_clear(&r);
}

/* ---- causes ---- */

struct finder {
    size_t asked[MOST], n;
    double angle; /* of a second face in every picture */
};

static fc_status find(void *ctx, const size_t *picture, size_t n, float **v, size_t *faces, fc_error *err)
{
    struct finder *f = ctx;
    (void)err;

    f->n = n;
    for (size_t i = 0; i < n; i++) {
        f->asked[i] = picture[i];
        faces[i] = 1;
        assert_non_null(v[i] = malloc(2 * sizeof **v));
        v[i][0] = (float)cos(f->angle * M_PI / 180);
        v[i][1] = (float)sin(f->angle * M_PI / 180);
    }
    return FC_OK;
}

static void causes_of_wrong_answers(void **state)
{
    const double angle[] = {0, 80, NAN, 85};
    const uint32_t label[] = {0, 0, 0, 0};
    fc_eval_case cases[] = {
        {.a = 0, .b = 1, .same = true, .score = 0.17, .threshold = 0.5},
        {.a = 1, .b = 2, .same = true, .score = -INFINITY, .threshold = 0.5},
        {.a = 0, .b = 3, .same = true, .score = 0.1, .threshold = 0.5, .other_nearer = true},
        {.a = 1, .b = 3, .score = 0.9, .threshold = 0.5},
        {.a = 1, .b = 3, .score = 0.9, .threshold = 0.5, .other_nearer = true},
        {.a = 1, .b = 3, .score = 0.1, .threshold = 0.5},
    };
    fc_eval_result r = {.cases = cases, .ncases = 6};
    struct finder f = {.angle = 3};
    const fc_face_finder finder = {find, &f};
    plane p;
    (void)state;

    plane_make(&p, angle, label, 4);
    assert_int_equal(fc_eval_causes(&r, &p.set, &finder, NULL), FC_OK);
    assert_int_equal(f.n, 0); /* every picture shows one face */
    const fc_eval_cause alone[] = {FC_CAUSE_BELOW, FC_CAUSE_NOT_DECODED,  FC_CAUSE_OTHER_NEARER,
                                   FC_CAUSE_ABOVE, FC_CAUSE_OTHER_NEARER, FC_CAUSE_NONE};
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(cases[i].cause, alone[i]);

    p.picture[1].found = 2;
    assert_int_equal(fc_eval_causes(&r, &p.set, &finder, NULL), FC_OK);
    assert_int_equal(f.n, 2);
    assert_int_equal(f.asked[0], 0);
    assert_int_equal(f.asked[1], 1);
    assert_int_equal(cases[0].cause, FC_CAUSE_WRONG_FACE);
    assert_int_equal(cases[2].cause, FC_CAUSE_OTHER_NEARER);
    cases[0].threshold = 1.1; /* no face reaches it */
    assert_int_equal(fc_eval_causes(&r, &p.set, &finder, NULL), FC_OK);
    assert_int_equal(cases[0].cause, FC_CAUSE_BELOW);
}

static void causes_have_names(void **state)
{
    (void)state;
    for (int c = 0; c < FC_EVAL_CAUSES; c++)
        assert_true((*fc_eval_cause_name((fc_eval_cause)c) == '\0') == (c == FC_CAUSE_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_are_numbered_by_name), cmocka_unit_test(pairs_of_photographs),
        cmocka_unit_test(one_fold_is_no_protocol),     cmocka_unit_test(two_ways_on_the_same_pairs),
        cmocka_unit_test(all_pairs_of_photographs),    cmocka_unit_test(all_pairs_by_hand),
        cmocka_unit_test(one_person_has_no_impostors), cmocka_unit_test(discard_by_hand),
        cmocka_unit_test(discard_wants_measures),      cmocka_unit_test(identification_of_photographs),
        cmocka_unit_test(identification_asked_for),    cmocka_unit_test(identification_with_a_head),
        cmocka_unit_test(identification_by_hand),      cmocka_unit_test(neighbours_of_photographs),
        cmocka_unit_test(neighbours_by_hand),          cmocka_unit_test(causes_of_wrong_answers),
        cmocka_unit_test(causes_have_names),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
