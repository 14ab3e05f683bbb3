#include <math.h>
#include <string.h>

#include "base/error.h"
#include "detect/landmarks.h"
#include "facecheck.h"

enum { SIDE = 112, LEVELS = 256, BINS = 32 };

/* The nose's tip before the line through the eyes, in eye distances. */
#define NOSE_DEPTH 0.55
#define MAX_PITCH  100.0
/* The oval of a face in the crop. */
#define OVAL_X      ((SIDE - 1) / 2.0)
#define OVAL_Y      62.0
#define OVAL_HALF_W 39.0
#define OVAL_HALF_H 50.0
enum { UNDER = 25, OVER = 247 };

static const double weights[3] = {0.2126, 0.7152, 0.0722};

/* ---- landmarks ---- */

static double degrees(double radians)
{
    return radians * (180 / M_PI);
}

static fc_status measure_pose(fc_quality *q, const fc_face *f, fc_error *err)
{
    const double(*p)[2] = f->landmarks;
    const double cx = (p[0][0] + p[1][0]) / 2, cy = (p[0][1] + p[1][1]) / 2;
    const double ex = p[1][0] - p[0][0], ey = p[1][1] - p[0][1], d = hypot(ex, ey);
    const double nx = p[2][0] - cx, ny = p[2][1] - cy;
    const double bx = (p[3][0] + p[4][0]) / 2 - cx, by = (p[3][1] + p[4][1]) / 2 - cy;

    for (int i = 0; i < 10; i++)
        if (!isfinite(p[i / 2][i % 2]))
            return fc_fail(err, FC_EUSAGE, "the face's landmarks are not finite");
    if (!(d > 1e-6))
        return fc_fail(err, FC_EUSAGE, "both eyes are in one place");
    const double down = (bx * -ey + by * ex) / d;
    if (!(fabs(down) > 0.01 * d))
        return fc_fail(err, FC_EUSAGE, "eyes and mouth are on one line");
    q->eye_distance = d;
    q->roll = degrees(atan2(ey, ex));
    q->yaw = degrees(atan((nx * ex + ny * ey) / (d * d) / NOSE_DEPTH));
    q->pitch_ratio = fmax(-MAX_PITCH, fmin((nx * -ey + ny * ex) / d / down, MAX_PITCH));
    return FC_OK;
}

/* ---- pixels ---- */

struct pixels {
    bool inside[SIDE][SIDE]; /* of the picture */
    bool face[SIDE][SIDE];   /* and of the oval */
    float luma[SIDE][SIDE];
    uint8_t luminance[SIDE][SIDE];
    int ninside, nface;
};

/* Which pixels of the crop come out of the picture. */
static fc_status find_inside(struct pixels *px, const fc_face *face, int w, int h, fc_error *err)
{
    double m[2][3];
    fc_status s = fc_similarity_fit(m, face->landmarks, fc_landmarks_112, err);

    if (s)
        return s;
    const double scale2 = m[0][0] * m[0][0] + m[1][0] * m[1][0], c = m[0][0] / scale2, sn = m[1][0] / scale2;
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            const double dx = x - m[0][2], dy = y - m[1][2], fx = c * dx + sn * dy, fy = c * dy - sn * dx;
            const double ox = (x - OVAL_X) / OVAL_HALF_W, oy = (y - OVAL_Y) / OVAL_HALF_H;
            const bool inside = fx >= -0.5 && fy >= -0.5 && fx < w - 0.5 && fy < h - 0.5;
            px->inside[y][x] = inside;
            px->face[y][x] = inside && ox * ox + oy * oy <= 1;
            px->ninside += inside;
            px->nface += px->face[y][x];
        }
    }
    if (!px->nface)
        return fc_fail(err, FC_EUSAGE, "no pixel of the face is in the %d x %d picture", w, h);
    return FC_OK;
}

static double linear(double v)
{
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static void find_light(struct pixels *px, const fc_image *crop)
{
    double light[3][LEVELS];

    for (int i = 0; i < LEVELS; i++) {
        const double v = 255 * linear(i / 255.0);
        for (int c = 0; c < 3; c++)
            light[c][i] = weights[c] * v;
    }
    for (int y = 0; y < SIDE; y++) {
        const uint8_t *p = crop->rgb + (size_t)y * crop->stride;
        for (int x = 0; x < SIDE; x++, p += 3) {
            px->luma[y][x] = (float)(weights[0] * p[0] + weights[1] * p[1] + weights[2] * p[2]);
            px->luminance[y][x] = (uint8_t)(light[0][p[0]] + light[1][p[1]] + light[2][p[2]] + 0.5);
        }
    }
}

static double sharpness_of(const struct pixels *px)
{
    double sum = 0, squares = 0;
    int n = 0;

    for (int y = 1; y < SIDE - 1; y++) {
        for (int x = 1; x < SIDE - 1; x++) {
            if (!px->face[y][x] || !px->face[y - 1][x] || !px->face[y + 1][x] || !px->face[y][x - 1] ||
                !px->face[y][x + 1])
                continue;
            const double l = (double)px->luma[y - 1][x] + px->luma[y + 1][x] + px->luma[y][x - 1] +
                             px->luma[y][x + 1] - 4.0 * px->luma[y][x];
            sum += l;
            squares += l * l;
            n++;
        }
    }
    return n ? fmax(squares / n - sum / n * (sum / n), 0) : 0;
}

static void measure_light(fc_quality *q, const struct pixels *px)
{
    int all[LEVELS] = {0}, half[2][BINS] = {{0}}, n[2] = {0};
    int64_t sum = 0, over = 0, under = 0;

    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            const int v = px->luminance[y][x], right = x >= SIDE / 2;
            if (!px->face[y][x])
                continue;
            all[v]++;
            half[right][v / (LEVELS / BINS)]++;
            n[right]++;
            sum += v;
            over += v >= OVER;
            under += v <= UNDER;
        }
    }
    const double total = px->nface;
    q->luminance = (double)sum / total / 255;
    q->overexposed = (double)over / total;
    q->underexposed = (double)under / total;
    q->dynamic_range = 0;
    for (int i = 0; i < LEVELS; i++)
        if (all[i])
            q->dynamic_range -= all[i] / total * log2(all[i] / total);
    q->uniformity = 0;
    for (int i = 0; n[0] && n[1] && i < BINS; i++)
        q->uniformity += fmin((double)half[0][i] / n[0], (double)half[1][i] / n[1]);
}

fc_status fc_quality_measure(fc_quality *out, const fc_image *crop, const fc_face *face, int w, int h,
                             fc_error *err)
{
    struct pixels px = {.ninside = 0};
    fc_status s;

    *out = (fc_quality){0};
    if (crop->w != SIDE || crop->h != SIDE)
        return fc_fail(err, FC_EUSAGE, "quality is measured on crops of %d x %d pixels, this is %d x %d",
                       SIDE, SIDE, crop->w, crop->h);
    if (!face->has_landmarks)
        return fc_fail(err, FC_EUSAGE, "the face has no landmarks, which its quality needs");
    if ((s = measure_pose(out, face, err)) || (s = find_inside(&px, face, w, h, err)))
        return s;
    find_light(&px, crop);
    out->inside = px.ninside / (double)(SIDE * SIDE);
    out->sharpness = sharpness_of(&px);
    measure_light(out, &px);
    return FC_OK;
}
