/* How well the layer does on photos that were held out. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "tune/learn.h"

enum { FIVE = 5 };

/* What a held-out photo came to. */
struct verdict {
    size_t photo, is, best;
    double own, other; /* scores of its person and of the best other one */
    size_t before;     /* people who score no less than its own */
    double loss;
};

static void look(struct verdict *v, const fc_tune *t, size_t photo, float *score)
{
    const size_t is = t->set->p.photo[photo].person, n = t->softmax.classes;
    const double scale = (double)t->softmax.scale;
    double sum = 0;

    fc_softmax_scores(&t->softmax, fc_tune_embedding(t, photo), score);
    *v = (struct verdict){.photo = photo, .is = is, .best = is, .own = (double)score[is], .other = -INFINITY};
    for (size_t k = 0; k < n; k++) {
        const double s = (double)score[k];
        if (k == is)
            continue;
        v->before += s >= v->own;
        if (s > v->other) {
            v->other = s;
            v->best = s >= v->own ? k : v->best;
        }
        sum += exp(scale * fmin(s - v->own, 20));
    }
    v->loss = log1p(sum);
}

static fc_status look_at_all(struct verdict **out, const fc_tune *t, fc_error *err)
{
    struct verdict *v = calloc(t->set->held + 1, sizeof *v);
    float *score = malloc((t->softmax.classes + 1) * sizeof *score);
    size_t n = 0;

    *out = v;
    if (!v || !score) {
        free(v);
        free(score);
        *out = NULL;
        return fc_fail_nomem(err, t->set->held * sizeof *v);
    }
    for (size_t i = 0; i < t->set->p.n; i++)
        if (t->set->p.photo[i].held)
            look(&v[n++], t, i, score);
    free(score);
    return FC_OK;
}

fc_status fc_tune_judge(const fc_tune *t, fc_head_measured *out, fc_error *err)
{
    const double n = (double)t->set->held;
    struct verdict *v;
    const fc_status s = look_at_all(&v, t, err);

    *out = (fc_head_measured){0, 0, 0};
    for (size_t i = 0; !s && i < t->set->held; i++) {
        out->loss += v[i].loss / n;
        out->accuracy += v[i].before == 0;
        out->top5 += v[i].before < FIVE;
    }
    out->accuracy /= n;
    out->top5 /= n;
    free(v);
    return s;
}

/* ---- the end ---- */

static int by_other(const void *a, const void *b)
{
    const struct verdict *x = a, *y = b;

    return x->other != y->other ? (x->other < y->other ? 1 : -1)
                                : (x->photo > y->photo) - (x->photo < y->photo);
}

/* The lowest score, to six places, that all but a share of them stay below; v is by_other. */
static double threshold_for(const struct verdict *v, size_t n, const fc_tune_settings *s)
{
    const size_t pass = (size_t)(s->fpir * (double)n);
    const double lowest = pass < n ? fc_decimal(v[pass].other) + 1e-6 : fc_decimal(v[n - 1].other);

    return fc_decimal(s->floor > lowest ? s->floor : lowest);
}

static int by_people(const void *a, const void *b)
{
    const fc_tune_confusion *x = a, *y = b;

    if (x->is != y->is)
        return x->is < y->is ? -1 : 1;
    return (x->taken_for > y->taken_for) - (x->taken_for < y->taken_for);
}

static int by_times(const void *a, const void *b)
{
    const fc_tune_confusion *x = a, *y = b;

    return x->times != y->times ? (x->times < y->times ? 1 : -1) : by_people(a, b);
}

static fc_status list_confusions(fc_tune_report *r, const struct verdict *v, size_t n, fc_error *err)
{
    fc_tune_confusion *list = calloc(n + 1, sizeof *list);
    size_t wrong = 0, kept = 0;

    if (!list)
        return fc_fail_nomem(err, n * sizeof *list);
    for (size_t i = 0; i < n; i++)
        if (v[i].before)
            list[wrong++] = (fc_tune_confusion){v[i].is, v[i].best, 1, fc_decimal(v[i].other)};
    qsort(list, wrong, sizeof *list, by_people);
    for (size_t i = 0; i < wrong; i++) {
        if (kept && !by_people(&list[kept - 1], &list[i])) {
            list[kept - 1].times++;
            list[kept - 1].score = fmax(list[kept - 1].score, list[i].score);
        } else {
            list[kept++] = list[i];
        }
    }
    qsort(list, kept, sizeof *list, by_times);
    r->confusion = list;
    r->nconfusions = kept;
    return FC_OK;
}

fc_status fc_tune_conclude(fc_layer *l, fc_tune_report *r, const fc_tune *t, fc_error *err)
{
    const size_t n = t->set->held;
    struct verdict *v;
    fc_status s = look_at_all(&v, t, err);

    if (s)
        return s;
    qsort(v, n, sizeof *v, by_other);
    l->threshold = threshold_for(v, n, t->settings);
    for (size_t i = 0; i < n; i++) {
        r->refused += !v[i].before && !fc_accepts(v[i].own, l->threshold);
        r->passed += fc_accepts(v[i].other, l->threshold);
    }
    s = list_confusions(r, v, n, err);
    free(v);
    return s;
}

void fc_tune_report_clear(fc_tune_report *r)
{
    free(r->confusion);
    *r = (fc_tune_report){0};
}
