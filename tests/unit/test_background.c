/* Backgrounds: a head of one colour before stripes of others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "embed/background.h"

enum { W = 320, H = 240 };

static const fc_face face = {.box = {130, 70, 60, 80},
                             .has_landmarks = true,
                             .landmarks = {{145, 100}, {175, 100}, {160, 115}, {148, 132}, {172, 132}}};

/* The head around the landmarks, skin, on green and blue. */
static fc_image picture(void)
{
    fc_image img = {0};

    assert_int_equal(fc_image_alloc(&img, W, H, NULL), FC_OK);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            uint8_t *p = img.rgb + (size_t)y * img.stride + 3 * (size_t)x;
            const double a = (x - 160) / 38.0, b = (y - 105) / 55.0;
            const bool head = a * a + b * b <= 1;
            p[0] = head ? 220 : 20;
            p[1] = head ? (uint8_t)(160 + y % 5) : x / 8 % 2 ? 200 : 60;
            p[2] = head ? 130 : x / 8 % 2 ? 40 : 220;
        }
    return img;
}

static const uint8_t *at(const fc_image *img, int x, int y)
{
    return img->rgb + (size_t)y * img->stride + 3 * (size_t)x;
}

static void change(fc_image *out, const fc_image *img, fc_background how)
{
    fc_error err;

    if (fc_background_change(out, img, &face, how, &err))
        fail_msg("%s", err.message);
}

static void kept(void **state)
{
    (void)state;
    fc_image img = picture(), out = {0};

    change(&out, &img, FC_BACKGROUND_KEEP);
    for (int y = 0; y < H; y++)
        assert_memory_equal(at(&out, 0, y), at(&img, 0, y), 3 * W);
    fc_image_clear(&out);
    fc_image_clear(&img);
}

/* Skin stays as it is, what is beside the head becomes grey, and nothing far away is touched. */
static void removed(void **state)
{
    (void)state;
    static const int inside[][2] = {{160, 110}, {145, 100}, {160, 70}, {135, 105}, {185, 110}, {160, 150}};
    static const int outside[][2] = {{100, 60}, {220, 60}, {100, 150}, {215, 160}, {160, 20}};
    fc_image img = picture(), out = {0};

    change(&out, &img, FC_BACKGROUND_REMOVE);
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
        assert_memory_equal(at(&out, inside[i][0], inside[i][1]), at(&img, inside[i][0], inside[i][1]), 3);
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        for (int c = 0; c < 3; c++)
            assert_in_range(at(&out, outside[i][0], outside[i][1])[c], 127, 129);
    assert_memory_equal(at(&out, 5, 5), at(&img, 5, 5), 3);
    fc_image_clear(&out);
    fc_image_clear(&img);
}

/* The stripes run into each other, and the head does not run into them. */
static void blurred(void **state)
{
    (void)state;
    fc_image img = picture(), out = {0};

    change(&out, &img, FC_BACKGROUND_BLUR);
    for (int x = 88; x < 110; x++) {
        const uint8_t *p = at(&out, x, 105);
        assert_in_range(p[0], 15, 40);
        assert_in_range(p[1], 105, 155);
        assert_in_range(p[2], 105, 155);
    }
    assert_memory_equal(at(&out, 160, 110), at(&img, 160, 110), 3);
    fc_image_clear(&out);
    fc_image_clear(&img);
}

static void repeated(void **state)
{
    (void)state;
    fc_image img = picture(), a = {0}, b = {0};

    change(&a, &img, FC_BACKGROUND_BLUR);
    change(&b, &img, FC_BACKGROUND_REMOVE); /* whatever came between */
    change(&b, &img, FC_BACKGROUND_BLUR);
    for (int y = 0; y < H; y++)
        assert_memory_equal(at(&a, 0, y), at(&b, 0, y), 3 * W);
    fc_image_clear(&a);
    fc_image_clear(&b);
    fc_image_clear(&img);
}

/* A picture that was reduced has landmarks in the file's pixels. */
static void reduced(void **state)
{
    (void)state;
    fc_image img = picture(), out = {0};
    fc_face twice = face;
    fc_error err;

    img.full_w *= 2;
    img.full_h *= 2;
    for (int i = 0; i < 5; i++)
        for (int c = 0; c < 2; c++)
            twice.landmarks[i][c] = 2 * (face.landmarks[i][c] + 0.5) - 0.5;
    if (fc_background_change(&out, &img, &twice, FC_BACKGROUND_REMOVE, &err))
        fail_msg("%s", err.message);
    assert_int_equal(out.full_w, 2 * W);
    assert_in_range(at(&out, 100, 60)[1], 127, 129);
    assert_memory_equal(at(&out, 160, 110), at(&img, 160, 110), 3);
    fc_image_clear(&out);
    fc_image_clear(&img);
}

static void moved(fc_face *f, double dx, double dy, double scale)
{
    for (int i = 0; i < 5; i++) {
        f->landmarks[i][0] = 160 + (face.landmarks[i][0] - 160) * scale + dx;
        f->landmarks[i][1] = 110 + (face.landmarks[i][1] - 110) * scale + dy;
    }
}

/* Faces at the edge, outside, larger than the picture, and what is none. */
static void odd_faces(void **state)
{
    (void)state;
    fc_image img = picture(), out = {0};
    fc_error err = {0};
    fc_face f = face;

    moved(&f, -150, -100, 1);
    assert_int_equal(fc_background_change(&out, &img, &f, FC_BACKGROUND_REMOVE, &err), FC_OK);
    moved(&f, -3000, 0, 1);
    assert_int_equal(fc_background_change(&out, &img, &f, FC_BACKGROUND_REMOVE, &err), FC_OK);
    moved(&f, 0, 0, 40);
    assert_int_equal(fc_background_change(&out, &img, &f, FC_BACKGROUND_BLUR, &err), FC_OK);
    moved(&f, 0, 0, 0);
    assert_int_equal(fc_background_change(&out, &img, &f, FC_BACKGROUND_BLUR, &err), FC_EUSAGE);
    assert_non_null(strstr(err.message, "too near each other"));
    assert_null(out.rgb);
    f = face;
    f.landmarks[3][1] = NAN;
    assert_int_equal(fc_background_change(&out, &img, &f, FC_BACKGROUND_BLUR, &err), FC_EUSAGE);
    f.landmarks[3][1] = 1e300;
    assert_int_equal(fc_background_change(&out, &img, &f, FC_BACKGROUND_BLUR, &err), FC_EUSAGE);
    f.has_landmarks = false;
    assert_int_equal(fc_background_change(&out, &img, &f, FC_BACKGROUND_BLUR, &err), FC_EUSAGE);
    assert_non_null(strstr(err.message, "no landmarks"));
    fc_image_clear(&img);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(kept),    cmocka_unit_test(removed),
                                       cmocka_unit_test(blurred), cmocka_unit_test(repeated),
                                       cmocka_unit_test(reduced), cmocka_unit_test(odd_faces)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
