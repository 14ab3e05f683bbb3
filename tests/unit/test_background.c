/* Backgrounds: a head of one colour before stripes of others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
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

static fc_image changed(const fc_face *f, fc_background how)
{
    fc_image img = picture();
    fc_background_before before;
    fc_error err;

    if (fc_background_change(&before, &img, f, how, &err))
        fail_msg("%s", err.message);
    free(before.rgb);
    return img;
}

static void assert_same(const fc_image *a, const fc_image *b)
{
    for (int y = 0; y < H; y++)
        assert_memory_equal(at(a, 0, y), at(b, 0, y), 3 * W);
}

static void put_back(void **state)
{
    (void)state;
    fc_image img = picture(), as_it_was = picture();
    fc_background_before before;
    fc_error err;

    assert_int_equal(fc_background_change(&before, &img, &face, FC_BACKGROUND_REMOVE, &err), FC_OK);
    assert_int_not_equal(at(&img, 100, 60)[0], at(&as_it_was, 100, 60)[0]);
    fc_background_put_back(&img, &before);
    assert_same(&img, &as_it_was);
    fc_background_put_back(&img, &before); /* nothing is there any more */
    assert_same(&img, &as_it_was);
    fc_image_clear(&img);
    fc_image_clear(&as_it_was);
}

/* Skin stays as it is, what is beside the head becomes grey, and nothing far away is touched. The last four are where a head
 * is likely by the landmarks alone. */
static void removed(void **state)
{
    (void)state;
    static const int inside[][2] = {{160, 110}, {145, 100}, {160, 70}, {135, 105}, {185, 110}, {160, 150}};
    static const int outside[][2] = {{100, 60}, {220, 60}, {100, 150}, {215, 160}, {160, 20},
                                     {112, 85}, {208, 85}, {114, 120}, {206, 120}};
    fc_image img = picture(), out = changed(&face, FC_BACKGROUND_REMOVE);

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
    fc_image img = picture(), out = changed(&face, FC_BACKGROUND_BLUR);

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
    fc_image a = changed(&face, FC_BACKGROUND_BLUR);
    fc_image between = changed(&face, FC_BACKGROUND_REMOVE); /* whatever came */
    fc_image b = changed(&face, FC_BACKGROUND_BLUR);

    assert_same(&a, &b);
    fc_image_clear(&a);
    fc_image_clear(&between);
    fc_image_clear(&b);
}

/* A picture that was reduced has landmarks in the file's pixels. */
static void reduced(void **state)
{
    (void)state;
    fc_image img = picture(), want = changed(&face, FC_BACKGROUND_REMOVE);
    fc_background_before before;
    fc_face twice = face;
    fc_error err;

    img.full_w *= 2;
    img.full_h *= 2;
    for (int i = 0; i < 5; i++)
        for (int c = 0; c < 2; c++)
            twice.landmarks[i][c] = 2 * (face.landmarks[i][c] + 0.5) - 0.5;
    assert_int_equal(fc_background_change(&before, &img, &twice, FC_BACKGROUND_REMOVE, &err), FC_OK);
    assert_same(&img, &want);
    free(before.rgb);
    fc_image_clear(&img);
    fc_image_clear(&want);
}

static void moved(fc_face *f, double dx, double dy, double scale)
{
    for (int i = 0; i < 5; i++) {
        f->landmarks[i][0] = 160 + (face.landmarks[i][0] - 160) * scale + dx;
        f->landmarks[i][1] = 110 + (face.landmarks[i][1] - 110) * scale + dy;
    }
}

/* Faces at the edge, outside, larger than the picture, and what is none: each leaves the picture as it was. */
static void odd_faces(void **state)
{
    (void)state;
    fc_image img = picture(), as_it_was = picture();
    fc_background_before before;
    fc_error err = {0};
    fc_face f = face;

    moved(&f, -150, -100, 1);
    assert_int_equal(fc_background_change(&before, &img, &f, FC_BACKGROUND_REMOVE, &err), FC_OK);
    assert_non_null(before.rgb);
    fc_background_put_back(&img, &before);
    moved(&f, -3000, 0, 1);
    assert_int_equal(fc_background_change(&before, &img, &f, FC_BACKGROUND_REMOVE, &err), FC_OK);
    assert_null(before.rgb);
    moved(&f, 0, 0, 40);
    assert_int_equal(fc_background_change(&before, &img, &f, FC_BACKGROUND_BLUR, &err), FC_OK);
    assert_null(before.rgb);
    moved(&f, 0, 0, 0);
    assert_int_equal(fc_background_change(&before, &img, &f, FC_BACKGROUND_BLUR, &err), FC_EUSAGE);
    assert_non_null(strstr(err.message, "too near each other"));
    assert_null(before.rgb);
    f = face;
    f.landmarks[3][1] = NAN;
    assert_int_equal(fc_background_change(&before, &img, &f, FC_BACKGROUND_BLUR, &err), FC_EUSAGE);
    f.landmarks[3][1] = 1e300;
    assert_int_equal(fc_background_change(&before, &img, &f, FC_BACKGROUND_BLUR, &err), FC_EUSAGE);
    f.has_landmarks = false;
    assert_int_equal(fc_background_change(&before, &img, &f, FC_BACKGROUND_BLUR, &err), FC_EUSAGE);
    assert_non_null(strstr(err.message, "no landmarks"));
    assert_same(&img, &as_it_was);
    fc_image_clear(&img);
    fc_image_clear(&as_it_was);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(put_back), cmocka_unit_test(removed),
                                       cmocka_unit_test(blurred),  cmocka_unit_test(repeated),
                                       cmocka_unit_test(reduced),  cmocka_unit_test(odd_faces)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
