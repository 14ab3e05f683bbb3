/* Every pair of a labelled set. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "eval/allpairs.h"
#include "eval/clusters.h"
#include "eval/protocol_impl.h"
#include "facecheck.h"

enum { MAX_FOUND = 2000000 }; /* pairs beyond a threshold that are looked at one by one */

/* Pairs are counted in bins by a score in float32. Those near a threshold are looked at one by one, by the score that
 * decides (match/decide.h), which is less than a bin away. */
#define BIN (1.0 / FC_BINS_PER_UNIT)

struct work {
    const fc_roc *roc;
    fc_vectors vectors; /* of the templates that there are */
    size_t *image;      /* [n]: which they are */
    float *v;
    uint32_t *label;
    size_t people;
    int workers;
    fc_pair_counts counts;
    /* All errors at thresholds from lenient to strict are among the pairs found. */
    fc_found_pairs found;
    double *score; /* [found.n]: that decides */
    double lenient, strict;
};

static void work_free(struct work *w)
{
    fc_found_pairs_clear(&w->found);
    free(w->score);
    fc_pair_counts_clear(&w->counts);
    free(w->image);
    free(w->v);
    free(w->label);
}

void fc_all_pairs_result_clear(fc_all_pairs_result *r)
{
    fc_eval_result_clear(&r->common);
    *r = (fc_all_pairs_result){0};
}

/* ---- counting ---- */

/* The templates that there are, one behind the other. */
static fc_status gather(struct work *w, const fc_eval_set *set, fc_error *err)
{
    size_t n = 0;

    w->people = set->people;
    w->workers = set->workers;
    w->image = calloc(set->n + 1, sizeof *w->image);
    w->label = calloc(set->n + 1, sizeof *w->label);
    w->v = reallocarray(NULL, set->n + 1, set->dim * sizeof *w->v);
    if (!w->image || !w->label || !w->v)
        return fc_fail_nomem(err, set->n * set->dim * sizeof *w->v);
    for (size_t i = 0; i < set->n; i++) {
        if (!fc_eval_has(set, i))
            continue;
        memcpy(w->v + n * set->dim, fc_eval_row(set, i), set->dim * sizeof *w->v);
        w->image[n] = i;
        w->label[n++] = set->label[i];
    }
    w->vectors = (fc_vectors){w->v, w->label, n, set->dim};
    return FC_OK;
}

static fc_status count_pairs(fc_all_pairs_result *out, struct work *w, fc_error *err)
{
    const double start = fc_now();
    fc_status s = fc_all_pairs_count(&w->counts, &w->vectors, w->workers, err);

    out->seconds = fc_now() - start;
    if (!s)
        s = fc_pair_counts_roc(&out->common.roc, &w->counts, err);
    if (s)
        return s;
    out->templates = w->vectors.n;
    out->people = w->people;
    out->auc = fc_roc_auc(&out->common.roc);
    out->eer = fc_roc_eer(&out->common.roc);
    for (size_t i = 0; i < FC_SCORE_BINS; i++) {
        const size_t bin = fc_eval_bin(-1 + (double)i / FC_BINS_PER_UNIT);
        out->common.genuine[bin] += w->counts.genuine[i];
        out->common.impostor[bin] += w->counts.impostor[i];
    }
    w->roc = &out->common.roc;
    return FC_OK;
}

/* ---- errors ---- */

/* Of the pairs found, those that are errors at this threshold; errors [w->found.n]. */
static size_t errors_at(fc_found_pair *errors, const struct work *w, bool genuine, double threshold)
{
    size_t n = 0;

    for (size_t i = 0; i < w->found.n; i++) {
        const fc_found_pair *p = &w->found.pair[i];
        if ((w->label[p->a] == w->label[p->b]) == genuine && fc_accepts(w->score[i], threshold) != genuine)
            errors[n++] = *p;
    }
    return n;
}

/* The edge of a bin by which the rate is kept. */
static double edge_for(const struct work *w, double fmr)
{
    const double edge = fc_roc_at_far(w->roc, fmr).threshold;
    return isfinite(edge) ? edge : w->roc->point[1].threshold + BIN; /* even the highest bin has too many */
}

static fc_status score_found(struct work *w, fc_error *err)
{
    const fc_vectors *v = &w->vectors;

    if (!(w->score = malloc((w->found.n + 1) * sizeof *w->score)))
        return fc_fail_nomem(err, w->found.n * sizeof *w->score);
    for (size_t i = 0; i < w->found.n; i++) {
        const fc_found_pair *p = &w->found.pair[i];
        w->score[i] = fc_decimal(fc_cosine(v->v + p->a * v->dim, v->v + p->b * v->dim, v->dim));
    }
    return FC_OK;
}

/* All errors at the thresholds for these rates, the greatest first, as far as they are not too many. */
static fc_status find_errors(struct work *w, const double *rates, size_t n, fc_error *err)
{
    const fc_roc *roc = w->roc;
    float from = FLT_MAX, below = -FLT_MAX;
    fc_status s;

    w->lenient = INFINITY;
    w->strict = -INFINITY;
    for (size_t i = n; i-- > 0 && w->strict == -INFINITY;) {
        const double edge = edge_for(w, rates[i]) + 3 * BIN;
        if (roc->genuine - fc_roc_at_threshold(roc, edge).genuine > MAX_FOUND / 2)
            continue;
        below = (float)edge;
        w->strict = edge - BIN;
    }
    for (size_t i = 0; i < n && w->lenient == INFINITY; i++) {
        const double edge = edge_for(w, rates[i]) - 3 * BIN;
        if (fc_roc_at_threshold(roc, edge).impostor > MAX_FOUND / 2)
            continue;
        from = (float)edge;
        w->lenient = edge + BIN;
    }
    s = fc_all_pairs_find(&w->found, &w->vectors, below, from, MAX_FOUND, w->workers, err);
    return s ? s : score_found(w, err);
}

/* ---- operating points ---- */

/* The interval of a rate of k of n errors; NAN when they are not all among those found. */
static fc_status people_interval(fc_interval *out, const struct work *w, bool genuine, double threshold,
                                 uint64_t k, uint64_t n, fc_error *err)
{
    fc_found_pair *errors = malloc((w->found.n + 1) * sizeof *errors);
    double effect;
    fc_status s = FC_OK;

    *out = (fc_interval){NAN, NAN};
    if (!errors)
        return fc_fail_nomem(err, w->found.n * sizeof *errors);
    const size_t nerrors = errors_at(errors, w, genuine, threshold);
    if (nerrors == k) {
        s = fc_design_effect(&effect, genuine, w->label, w->vectors.n, w->people, errors, nerrors, err);
        if (!s)
            *out = fc_korn_graubard(k, n, effect, FC_CONFIDENCE);
    }
    free(errors);
    return s;
}

static fc_status add_intervals(fc_eval_point *p, const struct work *w, fc_error *err)
{
    const fc_operating_point *at = &p->at;
    fc_status s = people_interval(&p->fnmr_people, w, true, at->threshold, at->ngenuine - at->genuine,
                                  at->ngenuine, err);

    return s ? s : people_interval(&p->far_people, w, false, at->threshold, at->impostor, at->nimpostor, err);
}

/* At a threshold; counted exactly where the pairs around it were found, else no more favourably than it is. */
static fc_status point_at(fc_operating_point *out, const struct work *w, double threshold, fc_error *err)
{
    fc_found_pair *errors = malloc((w->found.n + 1) * sizeof *errors);
    fc_roc_point around[2] = {{.threshold = INFINITY}, {.threshold = threshold}};
    const fc_roc exact = {around, 2, w->roc->genuine, w->roc->impostor};

    if (!errors)
        return fc_fail_nomem(err, w->found.n * sizeof *errors);
    around[1].genuine = threshold <= w->strict ? w->roc->genuine - errors_at(errors, w, true, threshold)
                                               : fc_roc_at_threshold(w->roc, threshold + BIN).genuine;
    around[1].impostor = threshold >= w->lenient ? errors_at(errors, w, false, threshold)
                                                 : fc_roc_at_threshold(w->roc, threshold - 2 * BIN).impostor;
    *out = fc_roc_at_threshold(&exact, threshold);
    free(errors);
    return FC_OK;
}

/* The least threshold that keeps the rate; of too many pairs to look at, one that is at most two bins above it. */
static fc_status threshold_for(double *out, const struct work *w, double fmr, fc_error *err)
{
    const double edge = edge_for(w, fmr);
    const uint64_t most = fc_allowed(fmr, w->roc->impostor);
    double *scores = malloc((w->found.n + 1) * sizeof *scores);
    size_t n = 0;

    if (!scores)
        return fc_fail_nomem(err, w->found.n * sizeof *scores);
    for (size_t i = 0; i < w->found.n; i++)
        if (w->label[w->found.pair[i].a] != w->label[w->found.pair[i].b])
            scores[n++] = w->score[i];
    *out = fc_threshold_above(edge + BIN);
    if (edge - BIN >= w->lenient) /* where so few are found, there is a gap below the bin */
        *out = n > most ? fc_threshold_for(scores, n, most) : fc_decimal(edge);
    free(scores);
    return FC_OK;
}

static fc_status find_points(fc_all_pairs_result *out, const struct work *w, const fc_all_pairs_settings *set,
                             fc_error *err)
{
    double threshold = 0;
    fc_status s = FC_OK;

    out->npoints = set->nfmr;
    for (size_t i = 0; !s && i < set->nfmr; i++) {
        fc_eval_point *p = &out->point[i];
        *p = (fc_eval_point){.target = set->fmr[i], .shown = fc_roc_shows_far(w->roc, set->fmr[i])};
        if (!p->shown)
            continue;
        if (!(s = threshold_for(&threshold, w, p->target, err)) && !(s = point_at(&p->at, w, threshold, err)))
            s = add_intervals(p, w, err);
    }
    if (s || !isfinite(set->threshold))
        return s;
    s = point_at(&out->own.at, w, fc_decimal(set->threshold), err);
    out->own.shown = !s;
    out->own.target = out->own.at.far;
    return s ? s : add_intervals(&out->own, w, err);
}

/* ---- cases ---- */

/* The wrong answers at a threshold. */
static fc_status make_cases(fc_eval_result *r, const struct work *w, double threshold, fc_error *err)
{
    if (!(r->cases = calloc(w->found.n + 1, sizeof *r->cases)))
        return fc_fail_nomem(err, w->found.n * sizeof *r->cases);
    for (size_t i = 0; i < w->found.n; i++) {
        const fc_found_pair *p = &w->found.pair[i];
        const bool same = w->label[p->a] == w->label[p->b];
        if (fc_accepts(w->score[i], threshold) != same)
            r->cases[r->ncases++] = (fc_eval_case){.a = w->image[p->a],
                                                   .b = w->image[p->b],
                                                   .same = same,
                                                   .score = w->score[i],
                                                   .threshold = threshold};
    }
    fc_eval_sort_cases(r);
    return FC_OK;
}

fc_status fc_protocol_all_pairs(fc_all_pairs_result *out, const fc_eval_set *set,
                                const fc_all_pairs_settings *settings, fc_error *err)
{
    const double given = settings->threshold;
    struct work w = {0};
    fc_status s;

    if ((s = gather(&w, set, err)) || (s = count_pairs(out, &w, err)) ||
        (s = find_errors(&w, settings->fmr, settings->nfmr, err)) ||
        (s = find_points(out, &w, settings, err)))
        goto out;
    if (settings->cases && isfinite(w.lenient)) {
        const double at = fc_decimal(isfinite(given) ? given : edge_for(&w, 1e-3) + BIN);
        s = make_cases(&out->common, &w, at > w.lenient ? at : fc_threshold_above(w.lenient), err);
        out->has_cases = !s;
    }
out:
    work_free(&w);
    return s;
}
