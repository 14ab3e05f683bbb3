#include "embed/augment.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/random.h"
#include "base/text.h"
#include "image/image.h"
#include "image/jpeg_encode.h"

enum { MAX_SIDE = 1024 }; /* of the part of the picture that is turned */

/* Ranges that leave a face recognisable to people; the widest that hand-held photos of one person show. */
static const struct {
    double angle, shift, scale, brightness, contrast, blur;
    int jpeg_from, jpeg_to;
} ranges = {8, 0.04, 0.08, 25, 0.2, 1, 40, 95};

static double uniform(uint64_t *state, double from, double to)
{
    return from + (to - from) * fc_random_fraction(state);
}

fc_view fc_view_random(uint64_t seed, int i)
{
    uint64_t state = seed ^ (uint64_t)i * 0xd1342543de82ef95u;
    fc_view v = {.mirror = i % 2 == 1};

    v.angle = uniform(&state, -ranges.angle, ranges.angle);
    v.shift_x = uniform(&state, -ranges.shift, ranges.shift);
    v.shift_y = uniform(&state, -ranges.shift, ranges.shift);
    v.scale = uniform(&state, 1 - ranges.scale, 1 + ranges.scale);
    v.brightness = uniform(&state, -ranges.brightness, ranges.brightness);
    v.contrast = uniform(&state, 1 - ranges.contrast, 1 + ranges.contrast);
    v.blur = uniform(&state, 0, ranges.blur);
    v.jpeg = (int)uniform(&state, ranges.jpeg_from, ranges.jpeg_to + 1);
    return v;
}

/* ---- where pixels come from ---- */

static uint8_t to_byte(double v)
{
    return (uint8_t)lrint(fmin(fmax(v, 0), 255));
}

/* Bilinear; the picture's edge goes on outside of it. */
static void sample(uint8_t *to, const fc_image *img, double x, double y)
{
    x = fmin(fmax(x, 0), img->w - 1);
    y = fmin(fmax(y, 0), img->h - 1);
    const int x0 = (int)x, y0 = (int)y, x1 = x0 + (x0 + 1 < img->w), y1 = y0 + (y0 + 1 < img->h);
    const double fx = x - x0, fy = y - y0;
    const uint8_t *top = img->rgb + (size_t)y0 * img->stride, *bottom = img->rgb + (size_t)y1 * img->stride;

    for (int c = 0; c < 3; c++) {
        const double a = top[x0 * 3 + c] * (1 - fx) + top[x1 * 3 + c] * fx;
        const double b = bottom[x0 * 3 + c] * (1 - fx) + bottom[x1 * 3 + c] * fx;
        to[c] = to_byte(a * (1 - fy) + b * fy);
    }
}

/* A coordinate of the picture in an image that holds `share` as many pixels. */
static double held(double v, double share)
{
    return (v + 0.5) * share - 0.5;
}

/* The face's surroundings, turned about its middle: where the face was in them, it is now as the view has it. */
struct turned {
    fc_image img;
    fc_face face; /* in img */
};

static fc_status turn(struct turned *t, const fc_image *img, const fc_face *face, const fc_view *v,
                      fc_error *err)
{
    /* The image may hold fewer pixels than the picture that the face is in has. */
    const double held_x = (double)img->w / img->full_w, held_y = (double)img->h / img->full_h;
    const double side = fmax(face->box[2] * held_x, face->box[3] * held_y);
    const double cx = held(face->box[0] + face->box[2] / 2, held_x),
                 cy = held(face->box[1] + face->box[3] / 2, held_y);
    const double c = cos(v->angle * M_PI / 180) / v->scale, s = sin(v->angle * M_PI / 180) / v->scale;

    if (!(side >= 1 && side <= 1e6 && fabs(cx) <= 1e6 && fabs(cy) <= 1e6))
        return fc_fail(err, FC_EUSAGE, "a face of %g pixels at %g, %g cannot be turned", side, cx, cy);
    const double want = ceil(side * 2.4);
    const int size = want > MAX_SIDE ? MAX_SIDE : (int)want;
    const double step = want / size, middle = (size - 1) / 2.0; /* pixels of img a pixel here */
    fc_status st = fc_image_new(&t->img, size, size, err);
    if (st)
        return st;
    for (int y = 0; y < size; y++) {
        for (int x = 0; x < size; x++) {
            const double dx = ((v->mirror ? size - 1 - x : x) - middle) * step - v->shift_x * side;
            const double dy = (y - middle) * step - v->shift_y * side;
            sample(t->img.rgb + (size_t)y * t->img.stride + (size_t)x * 3, img, cx + c * dx - s * dy,
                   cy + s * dx + c * dy);
        }
    }
    t->face = *face;
    t->face.turn = v->mirror ? (360 - face->turn) % 360 : face->turn;
    t->face.box[2] *= held_x / step;
    t->face.box[3] *= held_y / step;
    t->face.box[0] = middle - t->face.box[2] / 2;
    t->face.box[1] = middle - t->face.box[3] / 2;
    for (int i = 0; i < 5; i++) {
        static const int mirrored[] = {1, 0, 2, 4, 3};
        const double *p = face->landmarks[v->mirror ? mirrored[i] : i];
        const double x = (held(p[0], held_x) - cx) / step;
        t->face.landmarks[i][0] = middle + (v->mirror ? -x : x);
        t->face.landmarks[i][1] = middle + (held(p[1], held_y) - cy) / step;
    }
    return FC_OK;
}

/* ---- what becomes of them ---- */

static void tint(fc_image *img, const fc_view *v)
{
    uint8_t table[256];

    for (int i = 0; i < 256; i++)
        table[i] = to_byte((i - 127.5) * v->contrast + 127.5 + v->brightness);
    for (int y = 0; y < img->h; y++)
        for (int x = 0; x < 3 * img->w; x++)
            img->rgb[(size_t)y * img->stride + (size_t)x] =
                table[img->rgb[(size_t)y * img->stride + (size_t)x]];
}

/* A line of n values `apart` bytes from each other, blurred by five weights. */
static void blur_line(uint8_t *line, int n, size_t apart, const double weight[3], uint8_t *copy)
{
    for (int i = 0; i < n; i++)
        copy[i] = line[(size_t)i * apart];
    for (int i = 0; i < n; i++) {
        double sum = weight[0] * copy[i];
        for (int k = 1; k < 3; k++)
            sum += weight[k] * (copy[i < k ? 0 : i - k] + copy[i + k < n ? i + k : n - 1]);
        line[(size_t)i * apart] = to_byte(sum);
    }
}

static fc_status blur(fc_image *img, double sigma, fc_error *err)
{
    double weight[3], total = 0;
    const int longest = img->w > img->h ? img->w : img->h;
    uint8_t *copy = malloc((size_t)longest);

    if (!copy)
        return fc_fail_nomem(err, (size_t)longest);
    for (int k = 0; k < 3; k++) {
        weight[k] = sigma > 0 ? exp(-k * k / (2 * sigma * sigma)) : k == 0;
        total += weight[k] * (k ? 2 : 1);
    }
    for (int k = 0; k < 3; k++)
        weight[k] /= total;
    for (int y = 0; y < img->h; y++)
        for (size_t c = 0; c < 3; c++)
            blur_line(img->rgb + (size_t)y * img->stride + c, img->w, 3, weight, copy);
    for (int x = 0; x < 3 * img->w; x++)
        blur_line(img->rgb + x, img->h, img->stride, weight, copy);
    free(copy);
    return FC_OK;
}

/* The picture, after it was kept in a JPEG file. It is decoded outside of the budget that other pictures share: it is as
 * large as the network's input, and whoever holds the photo that it comes from could wait for more for ever (base/memory.h). */
static fc_status add_jpeg_noise(fc_image *img, int quality, fc_error *err)
{
    fc_text_file t;
    fc_image back = {0};
    fc_status s = fc_text_open(&t, err);

    if (s)
        return s;
    s = fc_jpeg_encode(img, quality, t.f, "view", err);
    const fc_status closed = fc_text_close(&t, s ? NULL : err);
    if (!s)
        s = closed;
    if (!s)
        s = fc_image_decode(&back, t.data, t.n, "view", NULL, err);
    if (!s) {
        fc_image_clear(img);
        *img = back;
    }
    free(t.data);
    return s;
}

fc_status fc_align_view(fc_image *crop, const fc_image *img, const fc_face *face, const fc_alignment *a,
                        const fc_view *v, fc_error *err)
{
    struct turned t = {.img = {0}};
    fc_status s = turn(&t, img, face, v, err);

    fc_image_clear(crop);
    if (!s)
        s = fc_align(crop, &t.img, &t.face, a, err);
    if (!s)
        s = blur(crop, v->blur, err);
    if (!s) {
        tint(crop, v);
        s = add_jpeg_noise(crop, v->jpeg, err);
    }
    if (s)
        fc_image_clear(crop);
    fc_image_clear(&t.img);
    return s;
}
