/* Every genuine pair of a labelled set, and what becomes of the misses when the worst photos are left out. */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "eval/protocol_impl.h"
#include "facecheck.h"
#include "quality/measures.h"

enum { MAX_PAIRS = 50000000 };

struct pair {
    size_t a, b;
    unsigned missed; /* bit r: at the threshold of rate r */
};

struct ranked {
    double goodness;
    unsigned missed;
};

struct work {
    size_t *first, *image; /* person p has image[first[p]..first[p + 1] - 1]: those with a template */
    struct pair *pair;
    size_t n;
    struct ranked *ranked; /* [n] */
};

void fc_discard_result_clear(fc_discard_result *r)
{
    fc_eval_result_clear(&r->common);
    *r = (fc_discard_result){0};
}

static void work_free(struct work *w)
{
    free(w->first);
    free(w->image);
    free(w->pair);
    free(w->ranked);
}

/* The pictures by person. */
static fc_status sort_pictures(struct work *w, const fc_eval_set *set, fc_error *err)
{
    w->first = calloc(set->people + 2, sizeof *w->first);
    w->image = calloc(set->n + 1, sizeof *w->image);
    if (!w->first || !w->image)
        return fc_fail_nomem(err, set->n * sizeof *w->image);
    for (size_t i = 0; i < set->n; i++) {
        if (!fc_eval_has(set, i))
            continue;
        if (!set->picture[i].has_quality)
            return fc_fail(err, FC_EDATA, "%s: nothing was measured of its face", set->picture[i].path);
        w->first[set->label[i] + 2]++;
    }
    for (size_t p = 0; p < set->people; p++)
        w->first[p + 2] += w->first[p + 1];
    for (size_t i = 0; i < set->n; i++)
        if (fc_eval_has(set, i))
            w->image[w->first[set->label[i] + 1]++] = i;
    return FC_OK;
}

static fc_status find_pairs(struct work *w, const fc_discard_result *r, const fc_eval_set *set, fc_error *err)
{
    uint64_t n = 0;

    for (size_t p = 0; p < set->people; p++) {
        const uint64_t k = w->first[p + 1] - w->first[p];
        n += k * (k - (k > 0)) / 2;
        if (n > MAX_PAIRS)
            return fc_fail(err, FC_ELIMIT, "more than %d genuine pairs", MAX_PAIRS);
    }
    w->pair = calloc(n + 1, sizeof *w->pair);
    w->ranked = calloc(n + 1, sizeof *w->ranked);
    if (!w->pair || !w->ranked)
        return fc_fail_nomem(err, n * sizeof *w->pair);
    for (size_t p = 0; p < set->people; p++) {
        for (size_t i = w->first[p]; i < w->first[p + 1]; i++) {
            for (size_t k = i + 1; k < w->first[p + 1]; k++) {
                struct pair *to = &w->pair[w->n++];
                const double score = fc_eval_score(set, w->image[i], w->image[k]);
                *to = (struct pair){w->image[i], w->image[k], 0};
                for (unsigned at = 0; at < FC_DISCARD_RATES; at++)
                    if (r->point[at].shown && !fc_accepts(score, r->point[at].at.threshold))
                        to->missed |= 1u << at;
            }
        }
    }
    return FC_OK;
}

/* How good a photo is, by one measure; by the last one, the detector's score. */
static double goodness_of(const fc_eval_picture *p, const fc_measure *m)
{
    if (m->name)
        return fc_measure_goodness(m, fc_measure_of(&p->quality, m));
    return isfinite(p->face.score) ? p->face.score : -1;
}

static int by_goodness(const void *a, const void *b)
{
    const double x = ((const struct ranked *)a)->goodness, y = ((const struct ranked *)b)->goodness;
    return x < y ? -1 : x > y;
}

/* FNMR of what is left, by whole per cent that are left out. Of pairs that are equally good a part goes in proportion: there is no
 * order among them. */
static void find_curve(double *fnmr, const struct work *w, unsigned at)
{
    double before = 0, misses = 0;
    size_t i = 0;

    for (size_t k = 0; k < w->n; k++)
        misses += w->ranked[k].missed >> at & 1;
    for (size_t step = 0; step <= FC_DISCARD_STEPS; step++) {
        const size_t gone = w->n * step / 100;
        size_t end, tied;
        double among;
        for (;;) {
            among = 0;
            for (end = i; end < w->n && !(w->ranked[end].goodness > w->ranked[i].goodness); end++)
                among += w->ranked[end].missed >> at & 1;
            if (end > gone || end == w->n)
                break;
            before += among;
            i = end;
        }
        tied = end - i;
        const double out = before + among * (double)(gone - i) / (double)tied;
        fnmr[step] = (misses - out) / (double)(w->n - gone);
    }
}

static void find_curves(fc_discard_curve *c, struct work *w, const fc_discard_result *r,
                        const fc_eval_set *set, const fc_measure *m)
{
    c->measure = m->name ? m->name : "score";
    for (size_t i = 0; i < w->n; i++)
        w->ranked[i] = (struct ranked){
            fmin(goodness_of(&set->picture[w->pair[i].a], m), goodness_of(&set->picture[w->pair[i].b], m)),
            w->pair[i].missed};
    qsort(w->ranked, w->n, sizeof *w->ranked, by_goodness);
    for (unsigned at = 0; at < FC_DISCARD_RATES; at++) {
        if (!r->point[at].shown)
            continue;
        double *fnmr = c->fnmr[at];
        find_curve(fnmr, w, at);
        for (size_t i = 0; i < FC_DISCARD_STEPS; i++)
            c->mean[at] += (fnmr[i] + fnmr[i + 1]) / (2 * FC_DISCARD_STEPS);
    }
}

fc_status fc_protocol_discard(fc_discard_result *out, const fc_eval_set *set, fc_error *err)
{
    const fc_all_pairs_settings settings = {.fmr = {1e-2, 1e-3}, .nfmr = FC_DISCARD_RATES, .threshold = NAN};
    fc_all_pairs_result all = {0};
    struct work w = {0};
    fc_status s = fc_protocol_all_pairs(&all, set, &settings, err);

    if (s) {
        fc_all_pairs_result_clear(&all);
        return s;
    }
    out->common = all.common; /* and is its owner now */
    out->templates = all.templates;
    out->people = all.people;
    for (size_t i = 0; i < FC_DISCARD_RATES; i++)
        out->point[i] = all.point[i];
    if (!(s = sort_pictures(&w, set, err)) && !(s = find_pairs(&w, out, set, err)))
        for (const fc_measure *m = fc_measures; out->ncurves < FC_DISCARD_CURVES; m++)
            find_curves(&out->curve[out->ncurves++], &w, out, set, m);
    work_free(&w);
    return s;
}
