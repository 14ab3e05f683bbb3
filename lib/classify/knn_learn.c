/* Training with all that a report wants to know. */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/grow.h"
#include "classify/knn_train.h"

static int by_people(const void *a, const void *b)
{
    const fc_knn_confusion *x = a, *y = b;

    if (x->is != y->is)
        return x->is < y->is ? -1 : 1;
    return x->taken_for < y->taken_for ? -1 : x->taken_for > y->taken_for;
}

static int by_weight(const void *a, const void *b)
{
    const fc_knn_confusion *x = a, *y = b;

    if (x->times != y->times)
        return x->times > y->times ? -1 : 1;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return by_people(a, b);
}

/* Each pair of people once; the number of them. */
static size_t join(fc_knn_confusion *list, size_t n)
{
    size_t kept = 0;

    qsort(list, n, sizeof *list, by_people);
    for (size_t i = 0; i < n; i++) {
        if (kept && !by_people(&list[kept - 1], &list[i])) {
            list[kept - 1].times++;
            list[kept - 1].score = fmax(list[kept - 1].score, list[i].score);
        } else {
            list[kept++] = list[i];
        }
    }
    qsort(list, kept, sizeof *list, by_weight);
    return kept;
}

/* The answers [rows] that are wrong; accepted: and would be given. */
static fc_status find_confusions(fc_knn_confusion **out, size_t *n, const fc_knn *m,
                                 const fc_knn_answer *answers, bool accepted, fc_error *err)
{
    const fc_table *t = fc_knn_table(m);
    const size_t rows = fc_table_get_size(t).rows;
    fc_status s = FC_OK;
    size_t all = 0;

    *out = calloc(rows + 1, sizeof **out);
    if (!*out)
        return fc_fail_nomem(err, rows * sizeof **out);
    for (size_t i = 0; !s && i < rows; i++) {
        const fc_knn_answer *a = &answers[i];
        fc_table_row r;
        s = fc_table_get(t, i, &r, err);
        if (!s && a->subject != SIZE_MAX && a->subject != r.subject && (!accepted || fc_knn_accepts(m, a)))
            (*out)[all++] = (fc_knn_confusion){r.subject, a->subject, 1, a->score};
    }
    *n = join(*out, all);
    return s;
}

static fc_knn_rate rate_of(uint64_t part, uint64_t all)
{
    return (fc_knn_rate){.part = part,
                         .all = all,
                         .rate = all ? fc_decimal((double)part / (double)all) : 0,
                         .interval = fc_clopper_pearson(part, all, FC_CONFIDENCE)};
}

static fc_status make_report(fc_knn_report *r, const fc_knn *m, const fc_knn_answer *loo,
                             const fc_knn_answer *held_out, fc_error *err)
{
    const fc_knn_measured *d = fc_knn_get_measured(m);
    fc_status s = find_confusions(&r->confusions, &r->nconfusions, m, loo, false, err);

    r->accuracy = rate_of(d->correct, d->tested);
    r->fnir = rate_of(d->missed, d->tested);
    r->fpir = rate_of(d->accepted, d->held_out);
    return s ? s : find_confusions(&r->strangers, &r->nstrangers, m, held_out, true, err);
}

static fc_status find_few(fc_knn_report *r, const fc_knn *m, const fc_labelled *samples, fc_error *err)
{
    const int k = fc_knn_get_settings(m)->k;
    const double threshold = fc_knn_get_measured(m)->threshold;
    size_t cap = 0;

    for (size_t i = 0; i < fc_labelled_people(samples); i++) {
        const size_t n = fc_labelled_samples(samples, i);
        const double most = (double)n / k;
        if (n >= (size_t)k)
            continue;
        const fc_status s = fc_grow(&r->few, r->nfew + 1, &cap, sizeof *r->few, err);
        if (s)
            return s;
        r->few[r->nfew++] =
            (fc_knn_few){.person = i, .samples = n, .most = most, .never = !fc_accepts(most, threshold)};
    }
    return FC_OK;
}

void fc_knn_report_clear(fc_knn_report *r)
{
    free(r->confusions);
    free(r->strangers);
    free(r->few);
    *r = (fc_knn_report){0};
}

static fc_status learn(fc_knn **out, fc_knn_report *report, fc_table *t, const size_t *photo,
                       const char *contract, const fc_knn_settings *settings, const fc_knn_work *work,
                       fc_error *err)
{
    const size_t rows = fc_table_get_size(t).rows;
    fc_knn_answer *loo = calloc(rows + 1, sizeof *loo), *held_out = calloc(rows + 1, sizeof *held_out);
    fc_status s;

    if (loo && held_out) {
        s = fc_knn_train(out, t, contract, photo, settings, work, loo, held_out, err);
    } else {
        fc_table_free(t);
        s = fc_fail_nomem(err, rows * sizeof *loo);
    }
    if (!s)
        s = make_report(report, *out, loo, held_out, err);
    free(loo);
    free(held_out);
    return s;
}

fc_status fc_knn_learn(fc_knn **out, fc_knn_report *report, const fc_labelled *samples,
                       const fc_knn_settings *settings, const fc_knn_work *work, fc_error *err)
{
    fc_table *t;
    size_t *photo;
    fc_status s = fc_labelled_table(samples, &t, &photo, err);

    *out = NULL;
    *report = (fc_knn_report){0};
    if (s)
        return s;
    s = learn(out, report, t, photo, fc_labelled_contract(samples), settings, work, err);
    if (!s)
        s = find_few(report, *out, samples, err);
    free(photo);
    if (s) {
        fc_knn_free(*out);
        fc_knn_report_clear(report);
        *out = NULL;
    }
    return s;
}
