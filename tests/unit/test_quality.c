/* Measures of a face's photo, on crops and landmarks whose figures are known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "detect/landmarks.h"
#include "facecheck.h"
#include "quality/measures.h"

enum { SIDE = 112 };

/* The face whose crop is the picture itself. */
static fc_face face_of_template(void)
{
    fc_face f = {.box = {20, 10, 72, 100}, .score = 1, .has_landmarks = true};

    memcpy(f.landmarks, fc_landmarks_112, sizeof f.landmarks);
    return f;
}

static uint8_t flat(int x, int y, int v)
{
    (void)x;
    (void)y;
    return (uint8_t)v;
}

static uint8_t black_left(int x, int y, int v)
{
    (void)y;
    return x < SIDE / 2 ? 0 : (uint8_t)v;
}

static uint8_t black_right(int x, int y, int v)
{
    (void)y;
    return x < SIDE / 2 ? (uint8_t)v : 0;
}

static uint8_t ramp(int x, int y, int v)
{
    (void)y;
    return (uint8_t)(v * x);
}

static uint8_t squares(int x, int y, int v)
{
    return (x / v + y / v) % 2 ? 255 : 0;
}

static fc_image crop_of(uint8_t (*at)(int x, int y, int v), int v)
{
    fc_image crop = {0};

    assert_int_equal(fc_image_alloc(&crop, SIDE, SIDE, NULL), FC_OK);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            memset(crop.rgb + (size_t)y * crop.stride + 3 * (size_t)x, at(x, y, v), 3);
    return crop;
}

static fc_quality measured(const fc_image *crop, const fc_face *f, int w, int h)
{
    fc_quality q;
    fc_error err = {.message = ""};
    const fc_status s = fc_quality_measure(&q, crop, f, w, h, &err);

    assert_string_equal(err.message, "");
    assert_int_equal(s, FC_OK);
    return q;
}

static fc_quality of_crop(uint8_t (*at)(int x, int y, int v), int v)
{
    const fc_face f = face_of_template();
    fc_image crop = crop_of(at, v);
    const fc_quality q = measured(&crop, &f, SIDE, SIDE);

    fc_image_clear(&crop);
    return q;
}

#define assert_near(a, b, by) assert_true(fabs((a) - (b)) <= (by))

/* ---- landmarks ---- */

static fc_face face_at(double nose_x, double nose_y)
{
    fc_face f = {.has_landmarks = true};
    const double points[5][2] = {{38, 52}, {74, 52}, {nose_x, nose_y}, {42, 92}, {70, 92}};

    memcpy(f.landmarks, points, sizeof points);
    return f;
}

static fc_quality pose_of(const fc_face *f)
{
    fc_image crop = crop_of(flat, 128);
    const fc_quality q = measured(&crop, f, 1000, 1000);

    fc_image_clear(&crop);
    return q;
}

/* As a mirror shows it: left and right change places, too. */
static fc_face mirrored(const fc_face *f, int w)
{
    static const int other[5] = {1, 0, 2, 4, 3};
    fc_face out = *f;

    for (int i = 0; i < 5; i++) {
        out.landmarks[i][0] = w - 1 - f->landmarks[other[i]][0];
        out.landmarks[i][1] = f->landmarks[other[i]][1];
    }
    return out;
}

static void test_pose_frontal(void **state)
{
    const fc_face f = face_at(56, 72);
    const fc_quality q = pose_of(&f);

    (void)state;
    assert_near(q.eye_distance, 36, 1e-12);
    assert_near(q.yaw, 0, 1e-12);
    assert_near(q.roll, 0, 1e-12);
    assert_near(q.pitch_ratio, 0.5, 1e-12);
}

/* The nose is 0.55 eye distances to the right: tan 45 degrees. */
static void test_yaw(void **state)
{
    const fc_face f = face_at(56 + 0.55 * 36, 62), m = mirrored(&f, SIDE);
    const fc_quality q = pose_of(&f), p = pose_of(&m);

    (void)state;
    assert_near(q.yaw, 45, 1e-9);
    assert_near(p.yaw, -45, 1e-9);
    assert_near(q.pitch_ratio, 0.25, 1e-12);
    assert_near(p.pitch_ratio, 0.25, 1e-12);
    assert_near(p.eye_distance, q.eye_distance, 1e-12);
}

/* A turn of the whole face is roll, and nothing else. */
static void test_roll(void **state)
{
    const fc_face f = face_at(60, 70);
    const fc_quality upright = pose_of(&f);

    (void)state;
    for (int degrees = -170; degrees < 180; degrees += 20) {
        const double c = 2 * cos(degrees * M_PI / 180), s = 2 * sin(degrees * M_PI / 180);
        fc_face turned = f;
        for (int i = 0; i < 5; i++) {
            turned.landmarks[i][0] = 500 + c * f.landmarks[i][0] - s * f.landmarks[i][1];
            turned.landmarks[i][1] = 500 + s * f.landmarks[i][0] + c * f.landmarks[i][1];
        }
        const fc_quality q = pose_of(&turned);
        assert_near(q.roll, degrees, 1e-9);
        assert_near(q.yaw, upright.yaw, 1e-9);
        assert_near(q.pitch_ratio, upright.pitch_ratio, 1e-9);
        assert_near(q.eye_distance, 2 * upright.eye_distance, 1e-9);
    }
}

static void assert_refused(const fc_face *f, int side, int w, const char *why)
{
    fc_image crop = {0};
    fc_quality q;
    fc_error err;

    assert_int_equal(fc_image_alloc(&crop, side, side, NULL), FC_OK);
    assert_int_equal(fc_quality_measure(&q, &crop, f, w, w, &err), FC_EUSAGE);
    assert_non_null(strstr(err.message, why));
    fc_image_clear(&crop);
}

static void test_refuses(void **state)
{
    const fc_face good = face_at(56, 72);
    fc_face f = good;

    (void)state;
    assert_refused(&good, 64, 1000, "crops of 112 x 112 pixels, this is 64 x 64");
    f.has_landmarks = false;
    assert_refused(&f, SIDE, 1000, "no landmarks");
    f = good;
    f.landmarks[3][1] = NAN;
    assert_refused(&f, SIDE, 1000, "not finite");
    f.landmarks[3][1] = INFINITY;
    assert_refused(&f, SIDE, 1000, "not finite");
    f = good;
    f.landmarks[1][0] = f.landmarks[0][0];
    assert_refused(&f, SIDE, 1000, "both eyes are in one place");
    f = good;
    f.landmarks[3][1] = f.landmarks[4][1] = 52;
    assert_refused(&f, SIDE, 1000, "eyes and mouth are on one line");
    f = good;
    for (int i = 0; i < 5; i++)
        f.landmarks[i][0] += 2000;
    assert_refused(&f, SIDE, 1000, "no pixel of the face is in the 1000 x 1000 picture");
}

/* A nose that is nowhere is held, so that a record can have it: (6000 - 52) / 40 is more than 100. */
static void test_far_nose(void **state)
{
    const fc_face f = face_at(56, 6000), m = face_at(56, -6000);
    fc_image crop = crop_of(flat, 128);

    (void)state;
    assert_near(measured(&crop, &f, 100000, 100000).pitch_ratio, 100, 0);
    fc_face below = m;
    for (int i = 0; i < 5; i++)
        below.landmarks[i][1] += 50000;
    assert_near(measured(&crop, &below, 100000, 100000).pitch_ratio, -100, 0);
    fc_image_clear(&crop);
}

/* ---- pixels ---- */

/* 188 is 0.503 of the light of white: (188 / 255 + 0.055) / 1.055 to the power of 2.4, 128 of 255. */
static void test_flat(void **state)
{
    const fc_quality grey = of_crop(flat, 188), white = of_crop(flat, 255), black = of_crop(flat, 0);

    (void)state;
    assert_near(grey.luminance, 128 / 255.0, 1e-12);
    assert_near(grey.overexposed, 0, 0);
    assert_near(grey.underexposed, 0, 0);
    assert_near(grey.dynamic_range, 0, 0);
    assert_near(grey.sharpness, 0, 1e-9);
    assert_near(grey.uniformity, 1, 1e-12);
    assert_near(grey.inside, 1, 0);
    assert_near(white.luminance, 1, 0);
    assert_near(white.overexposed, 1, 0);
    assert_near(white.underexposed, 0, 0);
    assert_near(black.luminance, 0, 0);
    assert_near(black.underexposed, 1, 0);
    assert_near(black.overexposed, 0, 0);
}

/* The limits: 89 has a luminance of 25.47, 90 one of 26.07; 251 one of 245.99, 252 one of 248.23. */
static void test_limits_of_exposure(void **state)
{
    (void)state;
    assert_near(of_crop(flat, 89).underexposed, 1, 0);
    assert_near(of_crop(flat, 90).underexposed, 0, 0);
    assert_near(of_crop(flat, 251).overexposed, 0, 0);
    assert_near(of_crop(flat, 252).overexposed, 1, 0);
}

/* The oval is as wide left of the middle as right of it. */
static void test_half_black(void **state)
{
    const fc_quality q = of_crop(black_left, 255), p = of_crop(black_right, 255);

    (void)state;
    assert_near(q.luminance, 0.5, 1e-12);
    assert_near(q.overexposed, 0.5, 1e-12);
    assert_near(q.underexposed, 0.5, 1e-12);
    assert_near(q.dynamic_range, 1, 1e-12);
    assert_near(q.uniformity, 0, 0);
    assert_near(p.luminance, q.luminance, 1e-12);
    assert_near(p.sharpness, q.sharpness, 1e-9);
    assert_near(p.uniformity, 0, 0);
}

/* The second derivative of a ramp is none; its mirror image is as good. */
static void test_ramp(void **state)
{
    const fc_quality q = of_crop(ramp, 2);

    (void)state;
    assert_near(q.sharpness, 0, 1e-6);
    assert_true(q.dynamic_range > 4 && q.dynamic_range < 8);
    assert_true(q.uniformity < 0.05);
}

/* Squares of one pixel: each differs from its four neighbours by 255, so that the Laplacian is 1020 or -1020, as often. */
static void test_sharpness(void **state)
{
    const fc_quality finest = of_crop(squares, 1), fine = of_crop(squares, 4), coarse = of_crop(squares, 16);

    (void)state;
    assert_near(finest.sharpness, 1020.0 * 1020, 1e-6);
    assert_near(finest.uniformity, 1, 0.01); /* of an odd number of pixels */
    assert_near(finest.dynamic_range, 1, 1e-12);
    assert_true(finest.sharpness > fine.sharpness && fine.sharpness > coarse.sharpness);
}

/* Each pixel the mean of nine. */
static void blur(fc_image *crop)
{
    fc_image from = crop_of(flat, 0);

    memcpy(from.rgb, crop->rgb, from.stride * SIDE);
    for (int y = 1; y < SIDE - 1; y++) {
        for (int x = 1; x < SIDE - 1; x++) {
            int sum = 0;
            for (int k = 0; k < 9; k++)
                sum += from.rgb[(size_t)(y + k / 3 - 1) * from.stride + 3 * (size_t)(x + k % 3 - 1)];
            memset(crop->rgb + (size_t)y * crop->stride + 3 * (size_t)x, sum / 9, 3);
        }
    }
    fc_image_clear(&from);
}

static void test_blur_lowers_sharpness(void **state)
{
    const fc_face f = face_of_template();
    fc_image crop = crop_of(squares, 8);
    double last = measured(&crop, &f, SIDE, SIDE).sharpness;

    (void)state;
    for (int i = 0; i < 5; i++) {
        blur(&crop);
        const double now = measured(&crop, &f, SIDE, SIDE).sharpness;
        assert_true(now < last);
        last = now;
    }
    fc_image_clear(&crop);
}

/* The face's left half is beyond the picture's edge: columns 56 to 111 are inside. */
static void test_inside(void **state)
{
    fc_image crop = crop_of(black_left, 255);
    fc_face f = face_of_template();

    (void)state;
    for (int i = 0; i < 5; i++)
        f.landmarks[i][0] -= 56;
    const fc_quality q = measured(&crop, &f, SIDE, SIDE);
    assert_near(q.inside, 0.5, 1e-12);
    assert_near(q.luminance, 1, 1e-12); /* what is not in the picture does not count */
    assert_near(q.underexposed, 0, 0);
    assert_near(q.uniformity, 0, 0);
    assert_near(q.sharpness, 0, 1e-9);
    fc_image_clear(&crop);
}

/* A picture of one pixel can hold a part of a face. */
static void test_one_pixel(void **state)
{
    fc_image crop = crop_of(flat, 188);
    fc_face f = face_of_template();

    (void)state;
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 2; k++)
            f.landmarks[i][k] = (f.landmarks[i][k] - 56) / 8;
    const fc_quality q = measured(&crop, &f, 1, 1);
    assert_true(q.inside > 0 && q.inside < 0.01);
    assert_near(q.luminance, 128 / 255.0, 1e-12);
    fc_image_clear(&crop);
}

/* A crop that is a part of a larger picture. */
static void test_stride(void **state)
{
    fc_image wide = {0}, crop = crop_of(squares, 3);
    const fc_face f = face_of_template();

    (void)state;
    assert_int_equal(fc_image_alloc(&wide, 2 * SIDE, SIDE, NULL), FC_OK);
    memset(wide.rgb, 77, wide.stride * SIDE);
    for (int y = 0; y < SIDE; y++)
        memcpy(wide.rgb + (size_t)y * wide.stride, crop.rgb + (size_t)y * crop.stride, (size_t)SIDE * 3);
    const fc_quality a = measured(&crop, &f, SIDE, SIDE);
    fc_image part = wide;
    part.w = SIDE;
    const fc_quality b = measured(&part, &f, SIDE, SIDE);
    for (const fc_measure *m = fc_measures; m->name; m++)
        assert_near(fc_measure_of(&a, m), fc_measure_of(&b, m), 0);
    fc_image_clear(&wide);
    fc_image_clear(&crop);
}

/* Less than 0.3 ms a face, with room for a busy machine and for sanitizers: the best of some. */
static void test_fast(void **state)
{
    const fc_face f = face_of_template();
    fc_image crop = crop_of(squares, 5);
    double best = INFINITY;

    (void)state;
    for (int i = 0; i < 50; i++) {
        const double start = fc_now_ms();
        measured(&crop, &f, SIDE, SIDE);
        best = fmin(best, fc_now_ms() - start);
    }
    print_message("%.3f ms\n", best);
    assert_true(best < 3);
    fc_image_clear(&crop);
}

/* ---- limits ---- */

static void assert_no_limits(const char *text, const char *why)
{
    fc_quality_limits l;
    fc_error err;

    assert_int_equal(fc_quality_limits_parse(&l, text, &err), FC_EUSAGE);
    assert_non_null(strstr(err.message, why));
}

static void test_limits(void **state)
{
    fc_quality q = {.eye_distance = 30,
                    .yaw = -35,
                    .pitch_ratio = 0.44,
                    .overexposed = 0.15,
                    .sharpness = 54,
                    .inside = 1};
    fc_quality_limits l;
    char why[120] = "";

    (void)state;
    assert_int_equal(fc_quality_limits_parse(&l, FC_QUALITY_USUAL, NULL), FC_OK);
    assert_true(fc_quality_keeps(&q, &l, why, sizeof why));
    q.yaw = 35.5;
    assert_false(fc_quality_keeps(&q, &l, why, sizeof why));
    assert_string_equal(why, "yaw is 35.5, further from 0 than 35");
    q.yaw = 0;
    q.eye_distance = 29;
    assert_false(fc_quality_keeps(&q, &l, why, sizeof why));
    assert_string_equal(why, "eye_distance is 29, and 30 is the least");
    assert_int_equal(fc_quality_limits_parse(&l, "pitch_ratio=0.64", NULL), FC_OK);
    assert_int_equal(l.set, 1 << 3);
    assert_true(fc_quality_keeps(&q, &l, why, sizeof why)); /* as far on the other side */
    q.pitch_ratio = 0.43;
    assert_false(fc_quality_keeps(&q, &l, why, sizeof why));
    assert_no_limits("", "is none");
    assert_no_limits("0.5", "'0.5' is none");
    assert_no_limits("score=0.5", "'score=0.5' is none");
    assert_no_limits("yaw", "'yaw' is none");
    assert_no_limits("yaw=35,", "'' is none");
    assert_no_limits("yaw=35;roll=3", "yaw: want a number");
    assert_no_limits("yaw=nan", "yaw: want a number from -90 to 90");
    assert_no_limits("inside=2", "inside: want a number from 0 to 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pose_frontal),
        cmocka_unit_test(test_yaw),
        cmocka_unit_test(test_roll),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_far_nose),
        cmocka_unit_test(test_flat),
        cmocka_unit_test(test_limits_of_exposure),
        cmocka_unit_test(test_half_black),
        cmocka_unit_test(test_ramp),
        cmocka_unit_test(test_sharpness),
        cmocka_unit_test(test_blur_lowers_sharpness),
        cmocka_unit_test(test_inside),
        cmocka_unit_test(test_one_pixel),
        cmocka_unit_test(test_stride),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_fast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
