#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "detect/landmarks.h"
#include "image/image.h"

/* A place in the file's picture, in the picture held: centres are at integers. */
static double held(double v, double scale)
{
    return (v + 0.5) * scale - 0.5;
}

/* Adds the bilinear sample at x, y, which may be anywhere; black outside the picture. */
static void sample_border(float sum[3], const fc_image *img, double x, double y)
{
    if (!(x >= -1 && y >= -1 && x < img->w && y < img->h))
        return;
    const int ix = (int)(x + 1) - 1, iy = (int)(y + 1) - 1; /* floor */
    const float ax = (float)(x - ix), ay = (float)(y - iy);
    for (int dy = 0; dy < 2; dy++)
        for (int dx = 0; dx < 2; dx++) {
            int px = ix + dx, py = iy + dy;
            if (px < 0 || py < 0 || px >= img->w || py >= img->h)
                continue;
            float weight = (dx ? ax : 1 - ax) * (dy ? ay : 1 - ay);
            const uint8_t *p = img->rgb + (size_t)py * img->stride + 3 * (size_t)px;
            for (int c = 0; c < 3; c++)
                sum[c] += weight * (float)p[c];
        }
}

static inline void sample(float sum[3], const fc_image *img, double x, double y)
{
    if (!(x >= 0 && y >= 0 && x < img->w - 1 && y < img->h - 1)) {
        sample_border(sum, img, x, y);
        return;
    }
    const int ix = (int)x, iy = (int)y;
    const float ax = (float)(x - ix), ay = (float)(y - iy);
    const uint8_t *p = img->rgb + (size_t)iy * img->stride + 3 * (size_t)ix, *q = p + img->stride;
    for (int c = 0; c < 3; c++) {
        float top = (float)p[c] + ax * (float)(p[c + 3] - p[c]);
        float low = (float)q[c] + ax * (float)(q[c + 3] - q[c]);
        sum[c] += top + ay * (low - top);
    }
}

static uint8_t to_byte(float v)
{
    return v <= 0 ? 0 : v >= 255 ? 255 : (uint8_t)(v + 0.5f);
}

/* m maps the picture to the crop. A crop pixel that covers several of the picture's is the mean of that many
 * samples in a grid, so that large faces are not aliased; below twice the crop's size it is the usual single
 * one. */
static void warp(fc_image *crop, const fc_image *img, const double m[2][3])
{
    double scale2 = m[0][0] * m[0][0] + m[1][0] * m[1][0];
    double cover = 1 / sqrt(scale2);
    int n = cover < 2 ? 1 : cover > 16 ? 16 : (int)(cover + 1e-6);
    double c = m[0][0] / scale2, s = m[1][0] / scale2; /* inverse: conj(z) / |z|^2 */
    float share = 1.0f / (float)(n * n);

    for (int y = 0; y < crop->h; y++) {
        uint8_t *to = crop->rgb + (size_t)y * crop->stride;
        for (int x = 0; x < crop->w; x++) {
            float sum[3] = {0};
            for (int j = 0; j < n; j++) {
                const double dy = y + (j + 0.5) / n - 0.5 - m[1][2];
                for (int i = 0; i < n; i++) {
                    const double dx = x + (i + 0.5) / n - 0.5 - m[0][2];
                    sample(sum, img, c * dx + s * dy, c * dy - s * dx);
                }
            }
            for (int k = 0; k < 3; k++)
                *to++ = to_byte(sum[k] * share);
        }
    }
}

/* places: where the landmarks are to be in a crop of the given side. */
static fc_status align_five_point(fc_image *crop, const fc_image *img, const fc_face *face, int size,
                                  const double places[5][2], double side, fc_error *err)
{
    const double sx = (double)img->w / img->full_w, sy = (double)img->h / img->full_h, k = size / side;
    double m[2][3], from[5][2], to[5][2];
    fc_status s;

    if (!face->has_landmarks)
        return fc_fail(err, FC_EUSAGE, "the face has no landmarks, which five-point alignment needs");
    for (int i = 0; i < 5; i++) {
        from[i][0] = held(face->landmarks[i][0], sx);
        from[i][1] = held(face->landmarks[i][1], sy);
        to[i][0] = places[i][0] * k;
        to[i][1] = places[i][1] * k;
    }
    s = fc_similarity_fit(m, (const double(*)[2])from, (const double(*)[2])to, err);
    if (!s)
        s = fc_image_alloc(crop, size, size, err);
    if (!s)
        warp(crop, img, (const double(*)[3])m);
    return s;
}

/* ---- box crops, resized as Pillow does it ------------------------------------------------------------- */

#define PRECISION 22 /* bits of a weight's fraction */

/* The weights of Pillow's bilinear filter (a triangle as wide as the reduction) for one axis. */
struct axis {
    int *first, *count; /* [size] */
    int32_t *weight;    /* [size][most] */
    int most;
};

static void axis_free(struct axis *a)
{
    free(a->first);
    free(a->count);
    free(a->weight);
}

static fc_status axis_new(struct axis *a, int in, int size, fc_error *err)
{
    double scale = (double)in / size, reach = scale < 1 ? 1 : scale;

    a->most = (int)ceil(reach) * 2 + 1;
    a->first = calloc((size_t)size, sizeof *a->first);
    a->count = calloc((size_t)size, sizeof *a->count);
    a->weight = calloc((size_t)size * (size_t)a->most, sizeof *a->weight);
    double *k = calloc((size_t)a->most, sizeof *k);
    if (!a->first || !a->count || !a->weight || !k) {
        free(k);
        return fc_fail_nomem(err, (size_t)size * (size_t)a->most * sizeof *a->weight);
    }
    for (int i = 0; i < size; i++) {
        double center = (i + 0.5) * scale, total = 0;
        int lo = (int)(center - reach + 0.5), hi = (int)(center + reach + 0.5);
        lo = lo < 0 ? 0 : lo;
        hi = hi > in ? in : hi;
        for (int x = lo; x < hi; x++) {
            double d = fabs((x - center + 0.5) / reach);
            k[x - lo] = d < 1 ? 1 - d : 0;
            total += k[x - lo];
        }
        a->first[i] = lo;
        a->count[i] = hi - lo;
        for (int x = 0; x < hi - lo; x++)
            a->weight[(size_t)i * (size_t)a->most + (size_t)x] =
                (int32_t)floor(0.5 + (total != 0 ? k[x] / total : 0) * (1 << PRECISION));
    }
    free(k);
    return FC_OK;
}

/* One output line of n pixels' channel bytes: from[i * step] weighted. */
static uint8_t weighted(const uint8_t *from, size_t step, const int32_t *weight, int count)
{
    int64_t sum = 1 << (PRECISION - 1);
    for (int i = 0; i < count; i++, from += step)
        sum += (int64_t)*from * weight[i];
    sum >>= PRECISION;
    return sum < 0 ? 0 : sum > 255 ? 255 : (uint8_t)sum;
}

static fc_status resize_region(fc_image *crop, const fc_image *img, int x, int y, int w, int h, fc_error *err)
{
    struct axis ax = {0}, ay = {0};
    fc_image wide = {0}; /* columns done, rows not yet */
    fc_status s = axis_new(&ax, w, crop->w, err);

    if (!s)
        s = axis_new(&ay, h, crop->h, err);
    if (!s)
        s = fc_image_alloc(&wide, crop->w, h, err);
    for (int r = 0; !s && r < h; r++) {
        const uint8_t *from = img->rgb + (size_t)(y + r) * img->stride + 3 * (size_t)x;
        uint8_t *to = wide.rgb + (size_t)r * wide.stride;
        for (int i = 0; i < crop->w; i++)
            for (int c = 0; c < 3; c++)
                *to++ = weighted(from + 3 * ax.first[i] + c, 3, ax.weight + (size_t)i * (size_t)ax.most,
                                 ax.count[i]);
    }
    for (int r = 0; !s && r < crop->h; r++) {
        const uint8_t *from = wide.rgb + (size_t)ay.first[r] * wide.stride;
        uint8_t *to = crop->rgb + (size_t)r * crop->stride;
        for (int i = 0; i < 3 * crop->w; i++)
            *to++ = weighted(from + i, wide.stride, ay.weight + (size_t)r * (size_t)ay.most, ay.count[r]);
    }
    fc_image_clear(&wide);
    axis_free(&ax);
    axis_free(&ay);
    return s;
}

static fc_status turn_crop(fc_image *crop, int degrees, fc_error *err)
{
    fc_image turned = {0};
    fc_status s = fc_image_turn(&turned, crop, degrees, err);

    if (s)
        return s;
    fc_image_clear(crop);
    *crop = turned;
    return FC_OK;
}

/* Corners of the crop in the picture held: facenet-pytorch's extract_face, integers truncated. */
static fc_status align_box(fc_image *crop, const fc_image *img, const fc_face *face, const fc_alignment *a,
                           fc_error *err)
{
    const double sx = (double)img->w / img->full_w, sy = (double)img->h / img->full_h;
    double x = held(face->box[0], sx), y = held(face->box[1], sy), w = face->box[2] * sx,
           h = face->box[3] * sy;
    double mx = a->margin * w / (a->size - a->margin), my = a->margin * h / (a->size - a->margin);
    double x1 = trunc(fmax(x - mx / 2, 0)), y1 = trunc(fmax(y - my / 2, 0));
    double x2 = trunc(fmin(x + w + mx / 2, img->w)), y2 = trunc(fmin(y + h + my / 2, img->h));
    fc_status s;

    if (!(x1 < x2 && y1 < y2))
        return fc_fail(err, FC_EUSAGE, "the face's box (%g, %g, %g x %g) has no pixel in the %d x %d picture",
                       face->box[0], face->box[1], face->box[2], face->box[3], img->full_w, img->full_h);
    s = fc_image_alloc(crop, a->size, a->size, err);
    if (!s)
        s = resize_region(crop, img, (int)x1, (int)y1, (int)(x2 - x1), (int)(y2 - y1), err);
    if (!s && face->turn)
        s = turn_crop(crop, face->turn, err);
    if (s)
        fc_image_clear(crop);
    return s;
}

fc_status fc_align(fc_image *crop, const fc_image *img, const fc_face *face, const fc_alignment *a,
                   fc_error *err)
{
    fc_image_clear(crop);
    if (a->size < 16 || a->size > 1024)
        return fc_fail(err, FC_EUSAGE, "crop size: want 16..1024, got %d", a->size);
    if (a->mode == FC_ALIGN_FIVE_POINT)
        return align_five_point(crop, img, face, a->size, fc_landmarks_112, 112, err);
    if (a->mode == FC_ALIGN_DLIB)
        return align_five_point(crop, img, face, a->size, fc_landmarks_dlib, 1, err);
    if (a->margin < 0 || a->margin >= a->size)
        return fc_fail(err, FC_EUSAGE, "margin: want 0..%d, got %d", a->size - 1, a->margin);
    return align_box(crop, img, face, a, err);
}
