#include "track/best.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "match/similarity.h"
#include "pipeline/record.h"

double fc_face_weight(const json_t *json, const fc_face *face)
{
    double w = isnan(face->score) ? 1 : face->score;
    fc_quality q;

    if (fc_face_get_quality(json, &q)) {
        const double facing = cos(q.yaw * acos(-1) / 180);
        w *= fmin(1, q.eye_distance / 60) * fmin(1, q.sharpness / 150) * facing * facing * q.inside *
             (1 - q.overexposed);
    } else {
        w *= fmin(1, fmin(face->box[2], face->box[3]) / 110);
    }
    return w > 1e-9 ? w : 1e-9;
}

fc_status fc_best_add(fc_best *b, const float *e, size_t dim, double weight, bool *changed, fc_error *err)
{
    size_t at = b->n;

    *changed = false;
    if (!b->e && !(b->e = calloc(FC_EVENT_BEST * dim, sizeof *b->e)))
        return fc_fail_nomem(err, FC_EVENT_BEST * dim * sizeof *b->e);
    if (at == FC_EVENT_BEST) {
        at = 0;
        for (size_t i = 1; i < FC_EVENT_BEST; i++)
            if (b->weight[i] < b->weight[at])
                at = i;
        if (weight <= b->weight[at])
            return FC_OK;
    } else {
        b->n++;
    }
    memcpy(b->e + at * dim, e, dim * sizeof *e);
    b->weight[at] = weight;
    *changed = true;
    return FC_OK;
}

bool fc_best_mean(const fc_best *b, size_t dim, float *mean)
{
    double greatest = 0;

    memset(mean, 0, dim * sizeof *mean);
    for (size_t i = 0; i < b->n; i++)
        greatest = fmax(greatest, b->weight[i]);
    for (size_t i = 0; i < b->n; i++)
        for (size_t k = 0; k < dim; k++)
            mean[k] += (float)(b->weight[i] / greatest) * b->e[i * dim + k];
    return b->n && fc_normalise(mean, dim);
}

void fc_best_clear(fc_best *b)
{
    free(b->e);
    *b = (fc_best){0};
}
