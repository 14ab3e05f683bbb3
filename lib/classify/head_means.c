/* Centres that are means, and how well centres do. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "classify/head_kinds.h"
#include "match/similarity.h"

fc_status fc_head_project_all(float **z, const fc_head *h, const fc_head_set *s, fc_error *err)
{
    const size_t out = h->facts.out;
    float scratch[FC_MAX_DIM];

    *z = malloc(s->n * out * sizeof **z);
    if (!*z)
        return fc_fail_nomem(err, s->n * out * sizeof **z);
    for (size_t i = 0; i < s->n; i++)
        if (!fc_head_project(h, s->x + i * s->dim, *z + i * out, scratch)) {
            free(*z);
            *z = NULL;
            return fc_fail(err, FC_EDATA, "%s: a photo has no direction in the head's space",
                           s->name[s->person[i]]);
        }
    return FC_OK;
}

fc_status fc_head_put_means(fc_head *h, const fc_head_set *s, bool background, fc_error *err)
{
    float *z;
    fc_status st = fc_head_set_people(h, s->people, background, err);

    if (st || (st = fc_head_project_all(&z, h, s, err)))
        return st;
    for (size_t p = 0; !st && p < s->people; p++) {
        bool there = false;
        st = fc_head_centre(s, p, z, h->facts.out, NULL, true, h->centre + p * h->facts.out, &there, err);
        if (!st && !there)
            st = fc_fail(err, FC_EDATA, "%s: photos that cancel each other out", s->name[p]);
        if (!st && !(h->name[p] = strdup(s->name[p])))
            st = fc_fail_nomem(err, strlen(s->name[p]) + 1);
    }
    free(z);
    return st;
}

fc_status fc_head_make_mean(fc_head *h, const fc_head_job *job, fc_head_report *report, fc_error *err)
{
    const fc_status s = fc_head_put_means(h, &job->set, false, err);
    return s ? s : fc_head_leave_one_out(h, &job->set, report, err);
}

/* ---- leave one out ---- */

/* Whether the photo's own person is the best, with their centre being own. z: the photo's samples are [first..] with take
 * unset; the first of them asks. */
static bool is_right(const fc_head *h, const float *z, size_t person, const float *own)
{
    const size_t n = h->facts.out;
    const double mine = fc_dot(own, z, n);

    for (size_t p = 0; p < h->facts.people; p++)
        if (p != person && fc_dot(h->centre + p * n, z, n) >= mine)
            return false;
    return true;
}

static fc_status leave_photo_out(const fc_head *h, const fc_head_set *s, const float *z, size_t person,
                                 size_t photo, bool *take, fc_head_report *report, fc_error *err)
{
    float own[FC_MAX_DIM];
    size_t asks = SIZE_MAX;
    bool there = false;
    fc_status st;

    for (size_t i = s->first[person]; i < s->first[person + 1]; i++) {
        take[i] = s->photo[i] != photo;
        if (!take[i] && asks == SIZE_MAX)
            asks = i;
    }
    st = fc_head_centre(s, person, z, h->facts.out, take, true, own, &there, err);
    if (!st && there) {
        report->tested++;
        report->right += is_right(h, z + asks * h->facts.out, person, own);
    }
    return st;
}

fc_status fc_head_leave_one_out(const fc_head *h, const fc_head_set *s, fc_head_report *report, fc_error *err)
{
    bool *take = calloc(s->n + 1, sizeof *take);
    float *z = NULL;
    fc_status st = take ? fc_head_project_all(&z, h, s, err) : fc_fail_nomem(err, s->n);

    for (size_t p = 0; !st && p < s->people; p++)
        for (size_t photo = s->shot[p]; !st && s->shot[p + 1] - s->shot[p] > 1 && photo < s->shot[p + 1];
             photo++)
            st = leave_photo_out(h, s, z, p, photo, take, report, err);
    free(z);
    free(take);
    return st;
}

/* ---- loss ---- */

/* -log of the softmax of scale times v [n] at its element which. */
static double loss_of(const double *v, size_t n, size_t which, double scale)
{
    double most = v[0], sum = 0;

    for (size_t i = 1; i < n; i++)
        most = fmax(most, v[i]);
    for (size_t i = 0; i < n; i++)
        sum += exp(scale * (v[i] - most));
    return log(sum) - scale * (v[which] - most);
}

fc_status fc_head_measure(const float *x, const size_t *person, const bool *use, size_t samples,
                          const float *c, size_t n, size_t dim, double scale, fc_head_measured *out,
                          fc_error *err)
{
    double *cosine = malloc((n + 1) * sizeof *cosine), sum = 0;
    size_t used = 0, right = 0;

    if (!cosine)
        return fc_fail_nomem(err, (n + 1) * sizeof *cosine);
    for (size_t i = 0; i < samples; i++) {
        size_t best = 0;
        if (!use[i])
            continue;
        for (size_t k = 0; k < n; k++) {
            cosine[k] = fc_dot(c + k * dim, x + i * dim, dim);
            best = cosine[k] > cosine[best] ? k : best;
        }
        sum += loss_of(cosine, n, person[i], scale);
        right += best == person[i];
        used++;
    }
    *out =
        (fc_head_measured){.loss = sum / (double)used, .accuracy = (double)right / (double)used, .top5 = NAN};
    free(cosine);
    return FC_OK;
}
