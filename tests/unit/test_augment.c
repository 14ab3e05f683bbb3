/* Views of a photo: an unchanged one is the photo, a mirrored one its mirror image, and a seed's are always the same. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "embed/augment.h"

static const fc_view unchanged = {.scale = 1, .contrast = 1, .jpeg = 100};
static const fc_alignment alignments[] = {{FC_ALIGN_FIVE_POINT, 112, 0}, {FC_ALIGN_BOX, 160, 10}};

/* Smooth, and different everywhere. */
static fc_image make_picture(int w, int h)
{
    fc_image img = {0};
    assert_int_equal(fc_image_alloc(&img, w, h, NULL), FC_OK);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            for (int c = 0; c < 3; c++)
                img.rgb[(size_t)y * img.stride + (size_t)(3 * x + c)] =
                    (uint8_t)(128 + 60 * sin(x * 0.07 + c) + 50 * cos(y * 0.05 - c + x * 0.02));
    return img;
}

static fc_face make_face(double x, double y, double side)
{
    static const double points[5][2] = {{0.3, 0.35}, {0.7, 0.34}, {0.5, 0.57}, {0.34, 0.75}, {0.67, 0.74}};
    fc_face f = {.box = {x, y, side, side * 1.2}, .score = 1, .has_landmarks = true};
    for (int i = 0; i < 5; i++) {
        f.landmarks[i][0] = x + points[i][0] * side;
        f.landmarks[i][1] = y + points[i][1] * side * 1.2;
    }
    return f;
}

/* Mean difference of pixels away from the edge; mirrored: b is read from right to left. */
static double difference(const fc_image *a, const fc_image *b, bool mirrored)
{
    double sum = 0;
    int n = 0;
    assert_int_equal(a->w, b->w);
    assert_int_equal(a->h, b->h);
    for (int y = 4; y < a->h - 4; y++)
        for (int x = 4; x < a->w - 4; x++)
            for (int c = 0; c < 3; c++, n++)
                sum += abs(a->rgb[(size_t)y * a->stride + (size_t)(3 * x + c)] -
                           b->rgb[(size_t)y * b->stride + (size_t)(3 * (mirrored ? a->w - 1 - x : x) + c)]);
    return sum / n;
}

static fc_image view_of(const fc_image *img, const fc_face *face, const fc_alignment *a, fc_view v)
{
    fc_image crop = {0};
    fc_error err = {0};
    if (fc_align_view(&crop, img, face, a, &v, &err))
        fail_msg("%s", err.message);
    return crop;
}

static void an_unchanged_view_is_the_photo(void **state)
{
    (void)state;
    static const double sides[] = {60, 150, 700};
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < 3; k++) {
            fc_image img = make_picture(1200, 1300), plain = {0};
            const fc_face face = make_face(220, 240, sides[k]);
            assert_int_equal(fc_align(&plain, &img, &face, &alignments[i], NULL), FC_OK);
            fc_image view = view_of(&img, &face, &alignments[i], unchanged);
            assert_true(difference(&view, &plain, false) < (i ? 5 : 1)); /* boxes are cut at whole pixels */
            fc_view moved = unchanged;
            moved.shift_x = 0.04;
            fc_image other = view_of(&img, &face, &alignments[i], moved);
            assert_true(difference(&other, &plain, false) > 1.2 * difference(&view, &plain, false));
            fc_image_clear(&other);
            fc_image_clear(&view);
            fc_image_clear(&plain);
            fc_image_clear(&img);
        }
    }
}

static void a_mirrored_view_is_its_mirror_image(void **state)
{
    (void)state;
    fc_image img = make_picture(500, 500), plain = {0};
    const fc_face face = make_face(150, 140, 160);
    fc_view v = unchanged;
    v.mirror = true;
    assert_int_equal(fc_align(&plain, &img, &face, &alignments[1], NULL), FC_OK);
    fc_image view = view_of(&img, &face, &alignments[1], v);
    assert_true(difference(&view, &plain, true) < 8); /* cut at whole pixels, from the other side */
    assert_true(difference(&view, &plain, false) > 10);
    fc_image_clear(&view);
    fc_image_clear(&plain);
    /* The template is not quite even, so that a mirrored face is a little elsewhere in it. */
    assert_int_equal(fc_align(&plain, &img, &face, &alignments[0], NULL), FC_OK);
    view = view_of(&img, &face, &alignments[0], v);
    assert_true(difference(&view, &plain, true) < 6);
    assert_true(difference(&view, &plain, false) > 10);
    fc_image_clear(&view);
    fc_image_clear(&plain);
    fc_image_clear(&img);
}

static void light_and_sharpness_change(void **state)
{
    (void)state;
    fc_image img = make_picture(500, 500);
    const fc_face face = make_face(150, 140, 160);
    fc_image plain = view_of(&img, &face, &alignments[0], unchanged);
    fc_view v = unchanged;
    v.brightness = 20;
    fc_image view = view_of(&img, &face, &alignments[0], v);
    const double lighter = difference(&view, &plain, false);
    assert_true(lighter > 17 && lighter < 21);
    fc_image_clear(&view);
    v = unchanged;
    v.jpeg = 5;
    view = view_of(&img, &face, &alignments[0], v);
    assert_true(difference(&view, &plain, false) > 1.5);
    fc_image_clear(&view);
    for (int y = 0; y < img.h; y++) /* stripes, which blur takes away */
        for (int x = 0; x < 3 * img.w; x++)
            img.rgb[(size_t)y * img.stride + (size_t)x] = (uint8_t)(y % 6 < 3 ? 0 : 255);
    fc_image stripes = view_of(&img, &face, &alignments[0], unchanged);
    v = unchanged;
    v.blur = 1;
    view = view_of(&img, &face, &alignments[0], v);
    assert_true(difference(&view, &stripes, false) > 20);
    fc_image_clear(&view);
    fc_image_clear(&stripes);
    fc_image_clear(&plain);
    fc_image_clear(&img);
}

static void a_seed_has_its_own_views(void **state)
{
    (void)state;
    fc_image img = make_picture(400, 400);
    const fc_face face = make_face(120, 120, 120);
    fc_image first = view_of(&img, &face, &alignments[0], fc_view_random(1, 1));
    fc_image again = view_of(&img, &face, &alignments[0], fc_view_random(1, 1));
    fc_image second = view_of(&img, &face, &alignments[0], fc_view_random(1, 2));
    fc_image other = view_of(&img, &face, &alignments[0], fc_view_random(2, 1));
    assert_true(difference(&first, &again, false) == 0);
    assert_true(difference(&first, &second, false) > 2);
    assert_true(difference(&first, &other, false) > 2);
    fc_image_clear(&first);
    fc_image_clear(&again);
    fc_image_clear(&second);
    fc_image_clear(&other);
    for (int i = 1; i <= 1000; i++) {
        const fc_view v = fc_view_random(99, i);
        assert_int_equal(v.mirror, i % 2);
        assert_true(fabs(v.angle) <= 8 && fabs(v.shift_x) <= 0.04 && fabs(v.shift_y) <= 0.04);
        assert_true(fabs(v.scale - 1) <= 0.08 && v.blur >= 0 && v.blur <= 1 && v.jpeg >= 40 && v.jpeg <= 95);
    }
    fc_image_clear(&img);
}

/* Faces that reach over the edge are turned; faces without size are refused. */
static void odd_faces(void **state)
{
    (void)state;
    fc_image img = make_picture(100, 80), crop = {0};
    fc_error err;
    fc_view v = fc_view_random(1, 1);
    for (int i = 0; i < 2; i++) {
        fc_face face = make_face(-50, 40, 120);
        fc_image view = view_of(&img, &face, &alignments[i], v);
        fc_image_clear(&view);
        face = make_face(10, 10, 0);
        assert_int_equal(fc_align_view(&crop, &img, &face, &alignments[i], &v, &err), FC_EUSAGE);
        face.box[2] = NAN;
        assert_int_equal(fc_align_view(&crop, &img, &face, &alignments[i], &v, &err), FC_EUSAGE);
        face = make_face(1e9, 0, 1e9);
        assert_int_equal(fc_align_view(&crop, &img, &face, &alignments[i], &v, &err), FC_EUSAGE);
    }
    fc_image_clear(&img);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unchanged_view_is_the_photo),
        cmocka_unit_test(a_mirrored_view_is_its_mirror_image),
        cmocka_unit_test(light_and_sharpness_change),
        cmocka_unit_test(a_seed_has_its_own_views),
        cmocka_unit_test(odd_faces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
