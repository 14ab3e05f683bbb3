#include "embed/background.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/module.h"
#include "embed/grabcut_c.h"
#include "image/reduce.h"

#ifdef FC_HAVE_GRABCUT
#define ABSENT NULL
#else
#define ABSENT "this build does not change backgrounds: it was made without OpenCV"
#endif
static fc_module module = FC_MODULE("grabcut", ABSENT);

const char *const fc_background_names[] = FC_NAMES_TABLE(FC_BACKGROUNDS);

enum { SIDE = 128 }; /* of what GrabCut sees, at most */
#define GREY 128     /* in place of what is taken away: near the middle of what networks take */

/* Lengths from the middle of the eyes, in distances from there to the middle of the mouth. The chin is near 1.9, the top of a head
 * near -2. */
typedef struct ellipse {
    double centre;        /* down the face */
    double along, across; /* half axes */
} ellipse;
static const ellipse face_surely = {.centre = 0.4, .along = 1.15, .across = 0.85};
static const ellipse head_likely = {.centre = 0.05, .along = 2.15, .across = 1.65};
static const ellipse head_at_most = {.centre = 0.05, .along = 2.7, .across = 2.3};
#define REACH 3.2 /* of the square around the head */
#define SOFT  0.06
#define BLUR  0.6

/* Where the head is in the picture held, in its pixels. */
typedef struct head {
    double x, y;   /* the middle of the eyes */
    double dx, dy; /* from there to the middle of the mouth */
    double length; /* of that */
} head;

static fc_status find_head(head *h, const fc_image *img, const fc_face *f, fc_error *err)
{
    const double sx = (double)img->w / img->full_w, sy = (double)img->h / img->full_h;
    const double(*l)[2] = f->landmarks;

    if (!f->has_landmarks)
        return fc_fail(err, FC_EUSAGE, "the face has no landmarks, which its background is found by");
    h->x = ((l[0][0] + l[1][0]) / 2 + 0.5) * sx - 0.5;
    h->y = ((l[0][1] + l[1][1]) / 2 + 0.5) * sy - 0.5;
    h->dx = ((l[3][0] + l[4][0]) / 2 + 0.5) * sx - 0.5 - h->x;
    h->dy = ((l[3][1] + l[4][1]) / 2 + 0.5) * sy - 0.5 - h->y;
    /* a face that looks up or down has its eyes near its mouth, one in profile its eyes near each other */
    const double eyes = hypot((l[1][0] - l[0][0]) * sx, (l[1][1] - l[0][1]) * sy),
                 mouth = hypot(h->dx, h->dy);
    h->length = fmax(eyes, mouth);
    if (!(h->length >= 2) || !(mouth > 0) || !isfinite(h->x) || !isfinite(h->y) || !(h->length <= 1e6))
        return fc_fail(err, FC_EUSAGE,
                       "the face's landmarks are too near each other to find its background by");
    h->dx /= mouth;
    h->dy /= mouth;
    return FC_OK;
}

/* A part of the picture, and that part as GrabCut sees it. */
typedef struct part {
    int x, y, w, h; /* in the picture held */
    int small_w, small_h;
    uint8_t *rgb, *known, *alpha, *behind; /* [small_h][small_w], of one block */
} part;

static int clamped(double v, int most)
{
    return v <= 0 ? 0 : v >= most ? most : (int)v;
}

/* false: nothing of it is in the picture. */
static bool cut_out(part *p, const fc_image *img, const head *h)
{
    const double r = REACH * h->length;

    p->x = clamped(floor(h->x - r), img->w);
    p->y = clamped(floor(h->y - r), img->h);
    p->w = clamped(ceil(h->x + r), img->w) - p->x;
    p->h = clamped(ceil(h->y + r), img->h) - p->y;
    if (p->w < 1 || p->h < 1)
        return false;
    fc_reduce_fit(p->w, p->h, SIDE, &p->small_w, &p->small_h);
    return true;
}

static uint8_t *row_of(const fc_image *img, int x, int y)
{
    return img->rgb + (size_t)y * img->stride + 3 * (size_t)x;
}

static fc_status shrink(const part *p, const fc_image *img, fc_error *err)
{
    fc_reduce *r;
    const fc_status s = fc_reduce_new(&r, p->w, p->w, p->h, p->small_w, p->small_h, err);
    uint8_t *to = p->rgb;

    if (s)
        return s;
    for (int y = 0; y < p->h; y++) {
        fc_reduce_push(r, row_of(img, p->x, p->y + y));
        while (to < p->known && fc_reduce_pull(r, to))
            to += 3 * (size_t)p->small_w;
    }
    fc_reduce_free(r);
    return FC_OK;
}

static bool is_inside(const ellipse *e, double down, double across)
{
    const double a = (down - e->centre) / e->along, b = across / e->across;

    return a * a + b * b <= 1;
}

/* What the landmarks say of each pixel. false: all of it is face, or nothing. */
static bool look_at_landmarks(const part *p, const head *h)
{
    const double kx = (double)p->w / p->small_w, ky = (double)p->h / p->small_h;
    size_t surely = 0, not_head = 0;

    for (int y = 0; y < p->small_h; y++)
        for (int x = 0; x < p->small_w; x++) {
            const double px = (p->x + (x + 0.5) * kx - 0.5 - h->x) / h->length,
                         py = (p->y + (y + 0.5) * ky - 0.5 - h->y) / h->length;
            const double down = px * h->dx + py * h->dy, across = py * h->dx - px * h->dy;
            const bool sure = is_inside(&face_surely, down, across);
            const bool outside = !is_inside(&head_at_most, down, across);
            p->known[(size_t)y * (size_t)p->small_w + (size_t)x] = sure ? FC_SURE_HEAD
                                                                   : is_inside(&head_likely, down, across)
                                                                       ? FC_LIKELY_HEAD
                                                                   : outside ? FC_SURE_BACKGROUND
                                                                             : FC_LIKELY_BACKGROUND;
            surely += sure;
            not_head += outside;
        }
    return surely && not_head;
}

static fc_status segment(const part *p, const head *h, fc_error *err)
{
    const double kx = (double)p->w / p->small_w, ky = (double)p->h / p->small_h,
                 down = face_surely.centre * h->length;
    const fc_grabcut_api *api;
    char why[200];
    fc_status s = fc_module_need(&module, err);

    if (s)
        return s;
    api = module.table;
    s = api->segment(&(fc_grabcut_job){.rgb = p->rgb,
                                       .known = p->known,
                                       .w = p->small_w,
                                       .h = p->small_h,
                                       .x = clamped((h->x + down * h->dx - p->x) / kx, p->small_w - 1),
                                       .y = clamped((h->y + down * h->dy - p->y) / ky, p->small_h - 1),
                                       .soft = fmax(0.5, SOFT * h->length / kx),
                                       .blur = fmax(1, BLUR * h->length / kx),
                                       .alpha = p->alpha,
                                       .behind = p->behind},
                     why, sizeof why);
    return s ? fc_fail(err, s, "its background was not found: %s", why) : FC_OK;
}

/* Where a pixel lies between four of what GrabCut saw. */
typedef struct spot {
    size_t at[2][2]; /* row, column: which pixels */
    double down, right;
} spot;

static spot find_spot(const part *p, double x, double y)
{
    const double cx = fmin(fmax(x, 0), p->small_w - 1), cy = fmin(fmax(y, 0), p->small_h - 1);
    const size_t x0 = (size_t)cx, y0 = (size_t)cy, row = (size_t)p->small_w;
    const size_t x1 = x0 + (x0 + 1 < row), y1 = y0 + (y0 + 1 < (size_t)p->small_h);

    return (spot){.at = {{y0 * row + x0, y0 * row + x1}, {y1 * row + x0, y1 * row + x1}},
                  .down = cy - (double)y0,
                  .right = cx - (double)x0};
}

static bool is_head(const spot *s, const uint8_t *alpha)
{
    return (alpha[s->at[0][0]] & alpha[s->at[0][1]] & alpha[s->at[1][0]] & alpha[s->at[1][1]]) == 255;
}

/* Value c of a map of n numbers a pixel there. */
static double between(const spot *s, const uint8_t *map, size_t n, size_t c)
{
    const double top = (1 - s->right) * map[s->at[0][0] * n + c] + s->right * map[s->at[0][1] * n + c],
                 low = (1 - s->right) * map[s->at[1][0] * n + c] + s->right * map[s->at[1][1] * n + c];

    return (1 - s->down) * top + s->down * low;
}

static void blend_pixel(uint8_t *to, const part *p, const spot *s, fc_background how)
{
    const double a = between(s, p->alpha, 1, 0) / 255;

    for (size_t c = 0; c < 3; c++) {
        const double other = how == FC_BACKGROUND_REMOVE ? GREY : between(s, p->behind, 3, c);
        to[c] = (uint8_t)(a * to[c] + (1 - a) * other + 0.5);
    }
}

static void blend(fc_image *img, const part *p, fc_background how)
{
    const double kx = (double)p->small_w / p->w, ky = (double)p->small_h / p->h;

    for (int y = 0; y < p->h; y++) {
        uint8_t *to = row_of(img, p->x, p->y + y);
        const double sy = (y + 0.5) * ky - 0.5;
        for (int x = 0; x < p->w; x++, to += 3) {
            const spot s = find_spot(p, (x + 0.5) * kx - 0.5, sy);
            if (!is_head(&s, p->alpha))
                blend_pixel(to, p, &s, how);
        }
    }
}

static fc_status keep(fc_background_before *before, const part *p, const fc_image *img, fc_error *err)
{
    const size_t row = 3 * (size_t)p->w, n = row * (size_t)p->h;
    uint8_t *rgb = malloc(n);

    if (!rgb)
        return fc_fail_nomem(err, n);
    for (int y = 0; y < p->h; y++)
        memcpy(rgb + (size_t)y * row, row_of(img, p->x, p->y + y), row);
    *before = (fc_background_before){.x = p->x, .y = p->y, .w = p->w, .h = p->h, .rgb = rgb};
    return FC_OK;
}

void fc_background_put_back(fc_image *img, fc_background_before *before)
{
    const size_t row = 3 * (size_t)before->w;

    for (int y = 0; y < before->h; y++)
        memcpy(row_of(img, before->x, before->y + y), before->rgb + (size_t)y * row, row);
    free(before->rgb);
    *before = (fc_background_before){0};
}

static fc_status change(fc_background_before *before, fc_image *img, part *p, const head *h,
                        fc_background how, fc_error *err)
{
    const size_t n = (size_t)p->small_w * (size_t)p->small_h;
    fc_status s;

    p->rgb = malloc(8 * n);
    if (!p->rgb)
        return fc_fail_nomem(err, 8 * n);
    p->known = p->rgb + 3 * n;
    p->alpha = p->known + n;
    p->behind = p->alpha + n;
    s = shrink(p, img, err);
    if (!s && look_at_landmarks(p, h) && !(s = segment(p, h, err)) && !(s = keep(before, p, img, err)))
        blend(img, p, how);
    free(p->rgb);
    return s;
}

fc_status fc_background_change(fc_background_before *before, fc_image *img, const fc_face *face,
                               fc_background how, fc_error *err)
{
    head h = {0};
    part p = {0};
    const fc_status s = find_head(&h, img, face, err);

    *before = (fc_background_before){0};
    return !s && cut_out(&p, img, &h) ? change(before, img, &p, &h, how, err) : s;
}
