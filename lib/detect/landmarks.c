#include "detect/landmarks.h"

#include <math.h>

#include "base/error.h"

const double fc_landmarks_112[5][2] = {
    {38.2946, 51.6963}, {73.5318, 51.5014}, {56.0252, 71.7366}, {41.5493, 92.3655}, {70.7299, 92.2041}};

const double fc_landmarks_dlib[5][2] = {{0.316995, 0.310660},
                                        {0.669841, 0.310660},
                                        {0.493418, 0.510417},
                                        {0.336099, 0.686822},
                                        {0.650736, 0.686822}};

/* In two dimensions Umeyama's rotation and scale have a closed form: with centred points as complex numbers
 * p, q the transform that makes sum |q - z p|^2 least is z = sum conj(p) q / sum |p|^2. A reflection is never
 * wanted. */
fc_status fc_similarity_fit(double m[2][3], const double from[5][2], const double to[5][2], fc_error *err)
{
    double fx = 0, fy = 0, tx = 0, ty = 0, re = 0, im = 0, spread = 0;

    for (int i = 0; i < 5; i++) {
        if (!isfinite(from[i][0]) || !isfinite(from[i][1]))
            return fc_fail(err, FC_EUSAGE, "landmarks are not numbers");
        fx += from[i][0] / 5;
        fy += from[i][1] / 5;
        tx += to[i][0] / 5;
        ty += to[i][1] / 5;
    }
    for (int i = 0; i < 5; i++) {
        double px = from[i][0] - fx, py = from[i][1] - fy, qx = to[i][0] - tx, qy = to[i][1] - ty;
        re += px * qx + py * qy;
        im += px * qy - py * qx;
        spread += px * px + py * py;
    }
    if (!(spread > 1e-9) || !(re * re + im * im > 1e-18))
        return fc_fail(err, FC_EUSAGE, "landmarks fall on one point");
    re /= spread;
    im /= spread;
    m[0][0] = re;
    m[0][1] = -im;
    m[0][2] = tx - (re * fx - im * fy);
    m[1][0] = im;
    m[1][1] = re;
    m[1][2] = ty - (im * fx + re * fy);
    return FC_OK;
}

double fc_face_misfit(const fc_face *f)
{
    double m[2][3], sum = 0;

    if (!f->has_landmarks || fc_similarity_fit(m, f->landmarks, fc_landmarks_112, NULL))
        return NAN;
    for (int i = 0; i < 5; i++) {
        const double *p = f->landmarks[i], *to = fc_landmarks_112[i];
        const double dx = m[0][0] * p[0] + m[0][1] * p[1] + m[0][2] - to[0],
                     dy = m[1][0] * p[0] + m[1][1] * p[1] + m[1][2] - to[1];
        sum += dx * dx + dy * dy;
    }
    return sqrt(sum / 5);
}
