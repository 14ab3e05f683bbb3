/* Area resampling, suppression, alignment and the choice among faces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "detect/area.h"
#include "detect/nms.h"
#include "detect/pyramid.h"
#include "image/image.h"
#include "match/similarity.h"

static uint32_t seed = 7;

static uint32_t draw(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

static fc_image random_image(int w, int h)
{
    fc_image img = {0};
    assert_int_equal(fc_image_alloc(&img, w, h, NULL), FC_OK);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < 3 * w; x++)
            img.rgb[(size_t)y * img.stride + (size_t)x] = (uint8_t)draw();
    return img;
}

/* ---- area -------------------------------------------------------------------------------------------- */

static void check_area(fc_area *a, int in_w, int in_h, int out_w, int out_h)
{
    fc_image img = random_image(in_w, in_h);
    float *plane[3];
    for (int c = 0; c < 3; c++)
        plane[c] = malloc((size_t)out_w * sizeof(float));
    assert_int_equal(fc_area_begin(a, img.rgb, img.stride, in_w, in_h, out_w, out_h, NULL), FC_OK);
    for (int y = 0; y < out_h; y++) {
        fc_area_row(a, y, plane);
        int y0 = (int)floor((double)y * in_h / out_h), y1 = (int)ceil((double)(y + 1) * in_h / out_h);
        for (int x = 0; x < out_w; x++) {
            int x0 = (int)floor((double)x * in_w / out_w), x1 = (int)ceil((double)(x + 1) * in_w / out_w);
            double sum[3] = {0};
            for (int yy = y0; yy < y1; yy++)
                for (int xx = x0; xx < x1; xx++)
                    for (int c = 0; c < 3; c++)
                        sum[c] += img.rgb[(size_t)yy * img.stride + 3 * (size_t)xx + (size_t)c];
            for (int c = 0; c < 3; c++) {
                double want = (sum[c] / ((x1 - x0) * (y1 - y0)) - 127.5) / 128;
                assert_true(fabs((double)plane[c][x] - want) < 1e-6);
            }
        }
    }
    for (int c = 0; c < 3; c++)
        free(plane[c]);
    fc_image_clear(&img);
}

static void test_area(void **state)
{
    (void)state;
    fc_area a = {0};
    check_area(&a, 250, 250, 151, 151);
    check_area(&a, 33, 17, 33, 17);  /* the picture itself */
    check_area(&a, 10, 7, 24, 24);   /* larger than the input */
    check_area(&a, 100, 60, 25, 15); /* whole bins */
    check_area(&a, 1, 1, 12, 12);
    check_area(&a, 9, 1200, 4, 2);   /* bins of more than 257 rows */
    check_area(&a, 701, 40, 13, 12); /* and wide ones, in memory that has grown and not shrunk */
    check_area(&a, 4, 40, 3, 12);    /* rows shorter than a vector */
    check_area(&a, 27, 90, 13, 9);   /* and rows of a line and a part of one; bins of ten rows */
    fc_area_clear(&a);
}

/* The rows of a level that is made with others are those that it has alone, bit by bit. */
static void check_level(const fc_pyramid *p, const fc_image *img, int level, int w, int h)
{
    const size_t bytes = (size_t)w * sizeof(float);
    float *made[3], *want[3];
    fc_area a = {0};

    for (int c = 0; c < 3; c++) {
        made[c] = malloc(bytes);
        want[c] = malloc(bytes);
    }
    assert_int_equal(fc_area_begin(&a, img->rgb, img->stride, img->w, img->h, w, h, NULL), FC_OK);
    for (int y = 0; y < h; y++) {
        fc_area_row(&a, y, want);
        fc_pyramid_row(p, level, y, made);
        for (int c = 0; c < 3; c++)
            assert_memory_equal(made[c], want[c], bytes);
    }
    fc_area_clear(&a);
    for (int c = 0; c < 3; c++) {
        free(made[c]);
        free(want[c]);
    }
}

static void check_pyramid(fc_pyramid *p, int w, int h, double factor)
{
    fc_image img = random_image(w, h);
    int level_w[FC_PYRAMID_LEVELS], level_h[FC_PYRAMID_LEVELS], n = 0;

    fc_pyramid_begin(p);
    for (double scale = 1 / 4.3; n < FC_PYRAMID_LEVELS; scale *= factor, n++) {
        level_w[n] = (int)(w * scale + 1);
        level_h[n] = (int)(h * scale + 1);
        if (!fc_pyramid_add(p, &img, level_w[n], level_h[n]))
            break;
    }
    assert_int_equal(p->n, n);
    assert_true(n > 1);
    assert_int_equal(fc_pyramid_make(p, &img, NULL), FC_OK);
    for (int i = 0; i < n; i++)
        check_level(p, &img, i, level_w[i], level_h[i]);
    fc_image_clear(&img);
}

static void test_pyramid(void **state)
{
    (void)state;
    fc_image img = random_image(90, 1200);
    fc_pyramid p = {0};

    check_pyramid(&p, 500, 400, 0.709);
    check_pyramid(&p, 90, 1200, 0.5); /* bins of more than 257 rows */
    check_pyramid(&p, 301, 77, 0.9);  /* in memory that has grown and not shrunk */
    fc_pyramid_begin(&p);
    assert_false(fc_pyramid_add(&p, &img, 25, 320));  /* of so few rows in one there is nothing to be saved */
    assert_false(fc_pyramid_add(&p, &img, 100, 300)); /* and rows are not kept without bounds */
    assert_int_equal(p.n, 0);
    assert_int_equal(fc_pyramid_make(&p, &img, NULL), FC_OK);
    fc_pyramid_clear(&p);
    fc_image_clear(&img);
}

/* ---- suppression --------------------------------------------------------------------------------------- */

static void add(fc_proposals *c, float x1, float y1, float x2, float y2, float score)
{
    fc_proposal k = {.x1 = x1, .y1 = y1, .x2 = x2, .y2 = y2, .score = score};
    assert_int_equal(fc_proposals_add(c, &k, NULL), FC_OK);
}

static void test_nms_union(void **state)
{
    (void)state;
    fc_proposals c = {0};
    fc_nms_scratch s = {0};
    add(&c, 500, 500, 510, 510, 0.1f); /* before first: not looked at */
    add(&c, 0, 0, 10, 10, 0.7f);
    add(&c, 0, 0, 10, 5, 0.9f); /* IoU 0.5 with the one before: not more than 0.5 */
    add(&c, 0, 0, 10, 6, 0.8f); /* IoU 5/6 with the 0.9 one */
    add(&c, 20, 0, 30, 10, 0.9f);
    assert_int_equal(fc_nms(&c, 1, 0.5, FC_OVERLAP_UNION, &s, NULL), FC_OK);
    assert_int_equal(c.n, 4);
    assert_true(c.at[0].x1 == 500);
    assert_true(c.at[1].score == 0.9f && c.at[1].y2 == 5); /* the earlier of equal scores first */
    assert_true(c.at[2].x1 == 20);
    assert_true(c.at[3].score == 0.7f);
    fc_proposals_clear(&c);
    fc_nms_scratch_clear(&s);
}

static void test_nms_min(void **state)
{
    (void)state;
    fc_proposals c = {0};
    fc_nms_scratch s = {0};
    add(&c, 0, 0, 99, 99, 0.8f);
    add(&c, 10, 10, 19, 19, 0.9f); /* inside the first: covers all of the smaller one */
    add(&c, 95, 0, 104, 9, 0.5f);  /* half of its 10x10 pixels, with both borders counted, are in the first */
    assert_int_equal(fc_nms(&c, 0, 0.7, FC_OVERLAP_MIN, &s, NULL), FC_OK);
    assert_int_equal(c.n, 2);
    assert_true(c.at[0].score == 0.9f && c.at[1].score == 0.5f);
    fc_proposals_clear(&c);
    fc_nms_scratch_clear(&s);
}

static void test_nms_many_equal(void **state)
{
    (void)state;
    fc_proposals c = {0};
    fc_nms_scratch s = {0};
    for (int i = 0; i < 1000; i++)
        add(&c, (float)(i % 10) * 20, 0, (float)(i % 10) * 20 + 10, 10, (float)(i % 7) / 7);
    assert_int_equal(fc_nms(&c, 0, 0.5, FC_OVERLAP_UNION, &s, NULL), FC_OK);
    assert_int_equal(c.n, 10);
    for (size_t i = 0; i < 10; i++)
        assert_true(c.at[i].score == 6.0f / 7);
    fc_proposals_clear(&c);
    assert_int_equal(fc_nms(&c, 0, 0.5, FC_OVERLAP_UNION, &s, NULL), FC_OK);
    fc_nms_scratch_clear(&s);
}

/* The rule as it is written down: by falling score, each box goes that a better one, which stays, overlaps. */
static size_t plain_nms(fc_proposal *a, size_t n, float limit, fc_overlap how)
{
    const float border = how == FC_OVERLAP_MIN ? 1 : 0;
    size_t kept = 0;

    for (size_t i = 1; i < n; i++) { /* stable */
        const fc_proposal c = a[i];
        size_t k = i;
        for (; k > 0 && a[k - 1].score < c.score; k--)
            a[k] = a[k - 1];
        a[k] = c;
    }
    for (size_t i = 0; i < n; i++) {
        bool gone = false;
        for (size_t k = 0; !gone && k < kept; k++) {
            const fc_proposal *b = &a[k], *c = &a[i];
            float w = fminf(b->x2, c->x2) - fmaxf(b->x1, c->x1) + border,
                  h = fminf(b->y2, c->y2) - fmaxf(b->y1, c->y1) + border, inter = w * h;
            float ab = (b->x2 - b->x1 + border) * (b->y2 - b->y1 + border),
                  ac = (c->x2 - c->x1 + border) * (c->y2 - c->y1 + border);
            gone =
                w > 0 && h > 0 && inter / (how == FC_OVERLAP_MIN ? fminf(ab, ac) : ab + ac - inter) > limit;
        }
        if (!gone)
            a[kept++] = a[i];
    }
    return kept;
}

static float uniform(double lo, double hi)
{
    return (float)(lo + (hi - lo) * draw() / (1 << 24));
}

/* Sets as the cascade has them, and worse ones: boxes of one size at steps, of all sizes, in heaps, long and thin,
 * empty or turned inside out, far from the origin. */
static fc_proposal random_box(int kind)
{
    fc_proposal c = {.x1 = uniform(-50, 2000), .y1 = uniform(-50, 2000)};
    float side = 12 * powf(2, uniform(0, 8)), w = side, h = side;

    if (kind == 0) {
        c.x1 = floorf(c.x1 / 4) * 4;
        c.y1 = floorf(c.y1 / 4) * 4;
        w = h = 24;
    } else if (kind == 2) {
        c.x1 = 300 + uniform(-30, 30) + 200 * (float)(draw() % 3);
        c.y1 = 300 + uniform(-30, 30);
        w = h = uniform(20, 40);
    } else if (kind == 3) {
        w = uniform(1, 900);
        h = uniform(1, 9);
    } else if (kind == 4) {
        w = floorf(uniform(-3, 6));
        h = floorf(uniform(-3, 6));
        c.x1 = floorf(uniform(0, 60));
        c.y1 = floorf(uniform(0, 60));
    } else if (kind == 5) {
        c.x1 = c.x1 * 1e3f - 1e6f;
        c.y1 = c.y1 * 1e3f - 1e6f;
        w = h = side * 1e3f;
    }
    c.x2 = c.x1 + w;
    c.y2 = c.y1 + h;
    c.score = (float)(draw() % 50) / 50; /* many ties */
    return c;
}

static void test_nms_is_the_plain_rule(void **state)
{
    static const double limits[] = {0, 0.1, 0.3, 0.5, 0.7, 0.95};
    static const size_t counts[] = {40, 511, 512, 513, 2500};
    fc_nms_scratch s = {0};
    size_t gone = 0, stayed = 0;
    (void)state;

    for (int round = 0; round < 6 * 6 * 5 * 2; round++) {
        const size_t n = counts[round / 36 % 5];
        const double limit = limits[round % 6];
        const fc_overlap how = round / 180 ? FC_OVERLAP_MIN : FC_OVERLAP_UNION;
        fc_proposals c = {0};
        fc_proposal *plain = calloc(n, sizeof *plain);
        for (size_t i = 0; i < n; i++) {
            plain[i] = random_box(round / 6 % 6);
            plain[i].reg[0] = (float)i; /* which of equal ones it is */
            assert_int_equal(fc_proposals_add(&c, &plain[i], NULL), FC_OK);
        }
        const size_t want = plain_nms(plain, n, (float)limit, how);
        assert_int_equal(fc_nms(&c, 0, limit, how, &s, NULL), FC_OK);
        assert_int_equal(c.n, want);
        assert_memory_equal(c.at, plain, want * sizeof *plain);
        gone += n - want;
        stayed += want;
        free(plain);
        fc_proposals_clear(&c);
    }
    assert_true(gone > 50000 && stayed > 50000);
    fc_nms_scratch_clear(&s);
}

/* A picture full of faces: the plain rule compares 5e11 pairs, which takes minutes. */
static void test_nms_crowd(void **state)
{
    (void)state;
    fc_proposals c = {0};
    fc_nms_scratch s = {0};
    for (int i = 0; i < 1000000; i++) {
        const float x = 30 * (float)(i % 1000), y = 30 * (float)(i / 1000);
        add(&c, x, y, x + 24, y + 24, uniform(0, 1));
    }
    const clock_t start = clock();
    assert_int_equal(fc_nms(&c, 0, 0.5, FC_OVERLAP_UNION, &s, NULL), FC_OK);
    assert_int_equal(c.n, 1000000);
    assert_int_equal(fc_nms(&c, 0, 0.7, FC_OVERLAP_MIN, &s, NULL), FC_OK);
    assert_int_equal(c.n, 1000000);
    assert_true((clock() - start) / CLOCKS_PER_SEC < 30);
    fc_proposals_clear(&c);
    fc_nms_scratch_clear(&s);
}

static void test_nms_not_finite(void **state)
{
    (void)state;
    fc_proposals c = {0};
    fc_nms_scratch s = {0};
    for (int i = 0; i < 600; i++) {
        add(&c, 0, 0, 10, 10, 0.5f);
        add(&c, NAN, 0, INFINITY, i % 2 ? 10 : -INFINITY, 0.5f);
    }
    assert_int_equal(fc_nms(&c, 0, 0.5, FC_OVERLAP_MIN, &s, NULL), FC_OK);
    assert_int_equal(c.n, 601);
    fc_proposals_clear(&c);
    fc_nms_scratch_clear(&s);
}

/* ---- alignment ------------------------------------------------------------------------------------------
 */

static const double template[5][2] = {
    {38.2946, 51.6963}, {73.5318, 51.5014}, {56.0252, 71.7366}, {41.5493, 92.3655}, {70.7299, 92.2041}};

static void test_similarity_exact(void **state)
{
    (void)state;
    double from[5][2], m[2][3];
    const double a = 0.8, b = -0.35, tx = 12, ty = -40; /* template = (a + ib) from + t */
    for (int i = 0; i < 5; i++) {
        double u = template[i][0] - tx, v = template[i][1] - ty, d = a * a + b * b;
        from[i][0] = (a * u + b * v) / d;
        from[i][1] = (a * v - b * u) / d;
    }
    assert_int_equal(fc_similarity_fit(m, (const double(*)[2])from, template, NULL), FC_OK);
    assert_true(fabs(m[0][0] - a) < 1e-9 && fabs(m[1][1] - a) < 1e-9);
    assert_true(fabs(m[1][0] - b) < 1e-9 && fabs(m[0][1] + b) < 1e-9);
    assert_true(fabs(m[0][2] - tx) < 1e-7 && fabs(m[1][2] - ty) < 1e-7);
}

/* No small change of the result makes the squared distance smaller. */
static double residual(const double from[5][2], const double z[4])
{
    double sum = 0;
    for (int i = 0; i < 5; i++) {
        double x = z[0] * from[i][0] - z[1] * from[i][1] + z[2] - template[i][0];
        double y = z[1] * from[i][0] + z[0] * from[i][1] + z[3] - template[i][1];
        sum += x * x + y * y;
    }
    return sum;
}

static void test_similarity_least(void **state)
{
    (void)state;
    const double from[5][2] = {{101, 120}, {150, 113}, {131, 139}, {108, 168}, {149, 161}};
    double m[2][3];
    assert_int_equal(fc_similarity_fit(m, from, template, NULL), FC_OK);
    double z[4] = {m[0][0], m[1][0], m[0][2], m[1][2]}, best = residual(from, z);
    for (int k = 0; k < 4; k++)
        for (int sign = -1; sign <= 1; sign += 2) {
            double t[4];
            memcpy(t, z, sizeof t);
            t[k] += sign * 1e-4;
            assert_true(residual(from, t) > best);
        }
}

static void test_similarity_refuses(void **state)
{
    (void)state;
    double from[5][2] = {{3, 3}, {3, 3}, {3, 3}, {3, 3}, {3, 3}}, m[2][3];
    fc_error err;
    assert_int_equal(fc_similarity_fit(m, (const double(*)[2])from, template, &err), FC_EUSAGE);
    from[2][1] = NAN;
    assert_int_equal(fc_similarity_fit(m, (const double(*)[2])from, template, &err), FC_EUSAGE);
}

static fc_face face_on_template(double x, double y, double scale)
{
    fc_face f = {.has_landmarks = true};
    for (int i = 0; i < 5; i++) {
        f.landmarks[i][0] = template[i][0] * scale + x;
        f.landmarks[i][1] = template[i][1] * scale + y;
    }
    return f;
}

/* Landmarks that are already in place: the crop is the picture. */
/* The template itself, moved, turned and scaled, fits; mirrored it does not, nor does one point put elsewhere. */
static void test_misfit(void **state)
{
    (void)state;
    fc_face f = {.has_landmarks = true};
    for (int i = 0; i < 5; i++) {
        f.landmarks[i][0] = 300 - 2.5 * template[i][1];
        f.landmarks[i][1] = 40 + 2.5 * template[i][0];
    }
    assert_true(fc_face_misfit(&f) < 1e-6);
    f.landmarks[2][0] += 2.5 * 10;
    /* the other points take a part of it */
    assert_true(fc_face_misfit(&f) > 3 && fc_face_misfit(&f) < 10 / sqrt(5));
    for (int i = 0; i < 5; i++) { /* mirrored: turning it does not help */
        f.landmarks[i][0] = -template[i][0];
        f.landmarks[i][1] = template[i][1];
    }
    assert_true(fc_face_misfit(&f) > FC_GOOD_MISFIT);
    memset(f.landmarks, 0, sizeof f.landmarks);
    assert_true(isnan(fc_face_misfit(&f)));
    f.has_landmarks = false;
    assert_true(isnan(fc_face_misfit(&f)));
}

/* A box in a picture on its side gives the crop of the upright one, but for the order of two roundings. */
static void test_align_turned_box(void **state)
{
    (void)state;
    const fc_alignment a = {.mode = FC_ALIGN_BOX, .size = 40};
    fc_image img = random_image(90, 70), side = {0}, want = {0}, got = {0};
    const fc_face upright = {.box = {10, 20, 30, 40}};
    /* the picture was turned by 270 degrees clockwise: x' = y, y' = w - 1 - x */
    const fc_face turned = {.box = {20, 90 - 10 - 30, 40, 30}, .turn = 90};
    assert_int_equal(fc_image_turn(&side, &img, 270, NULL), FC_OK);
    assert_int_equal(side.w, 70);
    assert_int_equal(side.h, 90);
    assert_memory_equal(side.rgb + 89 * side.stride, img.rgb, 3);
    assert_int_equal(fc_align(&want, &img, &upright, &a, NULL), FC_OK);
    assert_int_equal(fc_align(&got, &side, &turned, &a, NULL), FC_OK);
    for (int i = 0; i < 40 * 40 * 3; i++)
        assert_in_range(got.rgb[i] + 2 - want.rgb[i], 0, 4);
    fc_image_clear(&img);
    fc_image_clear(&side);
    fc_image_clear(&want);
    fc_image_clear(&got);
}

static void test_align_identity(void **state)
{
    (void)state;
    const fc_alignment a = {FC_ALIGN_FIVE_POINT, 112, 0};
    fc_image img = random_image(140, 130), crop = {0};
    fc_face f = face_on_template(9, 5, 1);
    assert_int_equal(fc_align(&crop, &img, &f, &a, NULL), FC_OK);
    assert_int_equal(crop.w, 112);
    for (int y = 0; y < 112; y++)
        assert_memory_equal(crop.rgb + (size_t)y * crop.stride, img.rgb + (size_t)(y + 5) * img.stride + 27,
                            336);
    fc_image_clear(&crop);
    fc_image_clear(&img);
}

/* A face four times as large: each crop pixel is the mean of its 4x4 pixels (samples at their centres). */
static void test_align_reduces(void **state)
{
    (void)state;
    const fc_alignment a = {FC_ALIGN_FIVE_POINT, 112, 0};
    fc_image img = random_image(460, 460), crop = {0};
    fc_face f = face_on_template(1.5, 1.5, 4);
    assert_int_equal(fc_align(&crop, &img, &f, &a, NULL), FC_OK);
    for (int y = 0; y < 112; y++)
        for (int x = 0; x < 112; x++) {
            int sum = 0;
            for (int i = 0; i < 16; i++)
                sum += img.rgb[(size_t)(4 * y + i / 4) * img.stride + 3 * (size_t)(4 * x + i % 4)];
            assert_true(abs(crop.rgb[(size_t)y * crop.stride + 3 * (size_t)x] - (sum + 8) / 16) <= 1);
        }
    fc_image_clear(&crop);
    fc_image_clear(&img);
}

/* dlib's mean face, in a picture twice as large as the chip: each pixel is the mean of four. */
static void test_align_dlib(void **state)
{
    (void)state;
    /* of dlib's 68 points: the means of 36..41 and 42..47, 30, 48 and 54, as parts of the face's box */
    static const double mean[5][2] = {{0.2254918, 0.2159903},
                                      {0.7547613, 0.2159903},
                                      {0.490127, 0.515625},
                                      {0.254149, 0.780233},
                                      {0.726104, 0.780233}};
    const fc_alignment a = {FC_ALIGN_DLIB, 150, 0};
    fc_image img = random_image(300, 300), crop = {0};
    fc_face f = {.has_landmarks = true};
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 2; k++) /* padding 0.25 on each side: the box is 2/3 of the chip */
            f.landmarks[i][k] = (mean[i][k] + 0.25) / 1.5 * 300 + 0.5;
    assert_int_equal(fc_align(&crop, &img, &f, &a, NULL), FC_OK);
    assert_int_equal(crop.w, 150);
    for (int y = 0; y < 150; y++)
        for (int x = 0; x < 150; x++) {
            int sum = 0;
            for (int i = 0; i < 4; i++)
                sum += img.rgb[(size_t)(2 * y + i / 2) * img.stride + 3 * (size_t)(2 * x + i % 2)];
            assert_true(abs(crop.rgb[(size_t)y * crop.stride + 3 * (size_t)x] - (sum + 2) / 4) <= 1);
        }
    fc_image_clear(&crop);
    fc_image_clear(&img);
}

/* Outside the picture is black, and landmarks far away are no fault. */
static void test_align_outside(void **state)
{
    (void)state;
    const fc_alignment a = {FC_ALIGN_FIVE_POINT, 112, 0};
    fc_image img = random_image(20, 20), crop = {0};
    fc_face f = face_on_template(1e9, -1e9, 1);
    assert_int_equal(fc_align(&crop, &img, &f, &a, NULL), FC_OK);
    for (int y = 0; y < 112; y++)
        for (int x = 0; x < 336; x++)
            assert_int_equal(crop.rgb[(size_t)y * crop.stride + (size_t)x], 0);
    f.has_landmarks = false;
    assert_int_equal(fc_align(&crop, &img, &f, &a, NULL), FC_EUSAGE);
    fc_image_clear(&crop);
    fc_image_clear(&img);
}

/* Pillow's bilinear resize of a ramp 0, 16, 32 ... 112 from 8 to 4: weights 1 3 3 1 (at the ends 3 3 1 of 7).
 */
static void test_align_box(void **state)
{
    (void)state;
    fc_image img = {0}, crop = {0};
    fc_face f = {.box = {16, 16, 32, 32}};
    const fc_alignment a = {FC_ALIGN_BOX, 16, 0};
    assert_int_equal(fc_image_alloc(&img, 64, 64, NULL), FC_OK);
    for (int y = 0; y < 64; y++)
        for (int x = 0; x < 64; x++)
            img.rgb[(size_t)y * img.stride + 3 * (size_t)x] = (uint8_t)((x - 16) * 4);
    assert_int_equal(fc_align(&crop, &img, &f, &a, NULL), FC_OK);
    assert_int_equal(crop.rgb[0], 3); /* (3*0 + 3*4 + 1*8) / 7 = 2.86 */
    for (int x = 1; x < 15; x++)
        assert_int_equal(crop.rgb[3 * x], 8 * x + 2); /* means of 2x and 2x + 1, in steps of 4 */
    assert_int_equal(crop.rgb[3 * 15], 121);          /* (1*116 + 3*120 + 3*124) / 7 = 121.14 */

    f = (fc_face){.box = {100, 100, 5, 5}};
    assert_int_equal(fc_align(&crop, &img, &f, &a, NULL), FC_EUSAGE);
    f = (fc_face){.box = {-50, -50, 1e6, 1e6}};
    assert_int_equal(fc_align(&crop, &img, &f, &a, NULL), FC_OK);
    f.box[0] = NAN;
    assert_int_equal(fc_align(&crop, &img, &f, &a, NULL), FC_OK); /* NaN is taken as the picture's border */
    fc_image_clear(&crop);
    fc_image_clear(&img);
}

/* ---- choice and distance ----------------------------------------------------------------------------------
 */

static void test_choose(void **state)
{
    (void)state;
    const fc_face three[3] = {{.box = {0, 0, 10, 10}, .score = 0.9},
                              {.box = {60, 60, 40, 30}, .score = 0.8},
                              {.box = {45, 45, 12, 12}, .score = 0.7}};
    const fc_face_choice choices[] = {FC_FACES_BEST, FC_FACES_LARGEST, FC_FACES_CENTER};
    for (int i = 0; i < 3; i++) {
        fc_faces f = {.face = malloc(sizeof three), .n = 3, .cap = 3};
        memcpy(f.face, three, sizeof three);
        fc_faces_choose(&f, choices[i], 100, 100);
        assert_int_equal(f.n, 1);
        assert_true(f.face[0].score == three[i].score);
        fc_faces_clear(&f);
    }
    fc_faces all = {.face = malloc(sizeof three), .n = 3, .cap = 3};
    memcpy(all.face, three, sizeof three);
    fc_faces_choose(&all, FC_FACES_ALL, 100, 100);
    fc_faces_choose(&all, FC_FACES_ONE, 100, 100);
    assert_int_equal(all.n, 3);
    fc_faces_clear(&all);
}

static void test_distances(void **state)
{
    (void)state;
    const float a[11] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, b[11] = {11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1};
    const float zero[11] = {0};
    float v[3] = {3, 0, 4};
    assert_true(fabs(fc_cosine(a, b, 11) - 286.0 / 506.0) < 1e-12);
    assert_true(fc_cosine(a, a, 11) == 1);
    assert_true(fc_cosine(a, zero, 11) == 0);
    assert_true(fabs(fc_euclidean(a, b, 11) - sqrt(440)) < 1e-12);
    assert_true(fc_normalise(v, 3));
    assert_true(v[0] == 0.6f && v[2] == 0.8f);
    v[0] = v[2] = 0;
    assert_false(fc_normalise(v, 3));
    v[1] = NAN;
    assert_false(fc_normalise(v, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_area),
        cmocka_unit_test(test_pyramid),
        cmocka_unit_test(test_nms_union),
        cmocka_unit_test(test_nms_min),
        cmocka_unit_test(test_nms_many_equal),
        cmocka_unit_test(test_nms_is_the_plain_rule),
        cmocka_unit_test(test_nms_crowd),
        cmocka_unit_test(test_nms_not_finite),
        cmocka_unit_test(test_similarity_exact),
        cmocka_unit_test(test_similarity_least),
        cmocka_unit_test(test_similarity_refuses),
        cmocka_unit_test(test_misfit),
        cmocka_unit_test(test_align_turned_box),
        cmocka_unit_test(test_align_identity),
        cmocka_unit_test(test_align_reduces),
        cmocka_unit_test(test_align_dlib),
        cmocka_unit_test(test_align_outside),
        cmocka_unit_test(test_align_box),
        cmocka_unit_test(test_choose),
        cmocka_unit_test(test_distances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
