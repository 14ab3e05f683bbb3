/* fc-eval all-pairs and calibrate: every pair of a labelled set. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/pipeline.h"
#include "base/text.h"
#include "eval.h"
#include "eval/allpairs.h"
#include "eval/clusters.h"
#include "eval/threshold_yaml.h"
#include "models/registry.h"
#include "say.h"

enum {
    MAX_FOUND = 2000000, /* pairs beyond a threshold that are looked at one by one */
    MAX_REPORTED = 100,  /* that the report names */
    RULE_OF =
        30 /* errors that a rate wants: within 30 % of the truth 9 times in 10 (Doddington et al. 2000) */
};

static const double fmrs[] = {1e-2, 1e-3, 1e-4, 1e-5, 1e-6};
enum { NFMRS = sizeof fmrs / sizeof *fmrs };

/* Pairs are counted in bins by a score in float32. Those near a threshold are looked at one by one, by the score that
 * decides (match/decide.h), which is less than a bin away. */
#define BIN (1.0 / FC_BINS_PER_UNIT)

struct set {
    fc_vectors vectors; /* of the templates that there are */
    size_t *image;      /* [n]: which they are */
    float *v;
    uint32_t *label, *all_labels;
    const char **person;
    size_t people;
    int jobs;
    fc_pair_counts counts;
    /* All errors at thresholds from lenient to strict are among the pairs found. */
    fc_found_pairs found;
    double *score; /* [found.n]: that decides */
    double lenient, strict;
};

static void set_free(struct set *s)
{
    fc_found_pairs_clear(&s->found);
    free(s->score);
    fc_pair_counts_clear(&s->counts);
    free(s->image);
    free(s->v);
    free(s->label);
    free(s->all_labels);
    free(s->person);
}

/* The set, counted, with the curve in e. */
static fc_status count_pairs(evaluation *e, struct set *s, fc_error *err)
{
    const struct run_args *r = &e->args->common.run;
    fc_status st = eval_labelled(e, &s->all_labels, &s->person, &s->people, err);
    size_t n = 0;

    if (st)
        return st;
    s->jobs = fc_jobs(r->jobs);
    s->image = calloc(e->t.n + 1, sizeof *s->image);
    s->label = calloc(e->t.n + 1, sizeof *s->label);
    s->v = reallocarray(NULL, e->t.n + 1, e->t.dim * sizeof *s->v);
    if (!s->image || !s->label || !s->v)
        return fc_fail_nomem(err, e->t.n * e->t.dim * sizeof *s->v);
    for (size_t i = 0; i < e->t.n; i++) {
        if (e->t.image[i].state != FC_TEMPLATE_MADE)
            continue;
        memcpy(s->v + n * e->t.dim, e->t.v + i * e->t.dim, e->t.dim * sizeof *s->v);
        s->image[n] = i;
        s->label[n++] = s->all_labels[i];
    }
    s->vectors = (fc_vectors){s->v, s->label, n, e->t.dim};
    const double start = fc_now();
    if ((st = fc_all_pairs_count(&s->counts, &s->vectors, s->jobs, err)))
        return st;
    e->comparing = fc_now() - start;
    return fc_pair_counts_roc(&e->roc, &s->counts, err);
}

/* ---- intervals ---- */

/* Of the pairs found, those that are errors at this threshold; errors [s->found.n]. */
static size_t errors_at(fc_found_pair *errors, const struct set *s, bool genuine, double threshold)
{
    size_t n = 0;

    for (size_t i = 0; i < s->found.n; i++) {
        const fc_found_pair *p = &s->found.pair[i];
        if ((s->label[p->a] == s->label[p->b]) == genuine && fc_accepts(s->score[i], threshold) != genuine)
            errors[n++] = *p;
    }
    return n;
}

/* The interval of a rate of k of n errors, which are among those found, or FC_END when they are not all there. */
static fc_status people_interval(fc_interval *out, const struct set *s, bool genuine, double threshold,
                                 uint64_t k, uint64_t n, fc_error *err)
{
    fc_found_pair *errors = malloc((s->found.n + 1) * sizeof *errors);
    double effect;
    fc_status st;

    if (!errors)
        return fc_fail_nomem(err, s->found.n * sizeof *errors);
    size_t nerrors = errors_at(errors, s, genuine, threshold);
    if (nerrors != k)
        st = FC_END;
    else
        st = fc_design_effect(&effect, genuine, s->label, s->vectors.n, s->people, errors, nerrors, err);
    if (!st)
        *out = fc_korn_graubard(k, n, effect, FC_CONFIDENCE);
    free(errors);
    return st;
}

/* One operating point: in the report, and in a line. name: of the line. */
static fc_status report_point(evaluation *e, const struct set *s, json_t *points, const char *name,
                              double target, const fc_operating_point *p, fc_error *err)
{
    const uint64_t missed = p->ngenuine - p->genuine;
    fc_interval fmr = p->far_interval, fnmr = {1 - p->tar_interval.high, 1 - p->tar_interval.low};
    char note[200];
    json_t *one = eval_point(p, target);
    fc_status st;

    st = people_interval(&fnmr, s, true, p->threshold, missed, p->ngenuine, err);
    if (!st && json_object_set_new(one, "fnmr_interval_people", eval_interval(fnmr)))
        st = fc_fail_nomem(err, 0);
    if (!st || st == FC_END)
        st = people_interval(&fmr, s, false, p->threshold, p->impostor, p->nimpostor, err);
    if (!st && json_object_set_new(one, "far_interval_people", eval_interval(fmr)))
        st = fc_fail_nomem(err, 0);
    if (st && st != FC_END) {
        json_decref(one);
        return st;
    }
    if (json_array_append_new(points, one))
        return fc_fail_nomem(err, 0);
    snprintf(note, sizeof note, "%.2f..%.2f, at %.4f: %llu of %llu; FMR %.2e (%.2e..%.2e): %llu of %llu",
             100 * fnmr.low, 100 * fnmr.high, p->threshold, (unsigned long long)missed,
             (unsigned long long)p->ngenuine, p->far, fmr.low, fmr.high, (unsigned long long)p->impostor,
             (unsigned long long)p->nimpostor);
    return eval_row(e, name, note, err, "%.2f %%", 100 * (1 - p->tar));
}

/* At a threshold; counted exactly where the pairs around it were found, else no more favourably than it is. */
static fc_status point_at(fc_operating_point *out, const evaluation *e, const struct set *s, double threshold,
                          fc_error *err)
{
    fc_found_pair *errors = malloc((s->found.n + 1) * sizeof *errors);
    fc_roc_point around[2] = {{.threshold = INFINITY}, {.threshold = threshold}};
    const fc_roc exact = {around, 2, e->roc.genuine, e->roc.impostor};

    if (!errors)
        return fc_fail_nomem(err, s->found.n * sizeof *errors);
    around[1].genuine = threshold <= s->strict ? e->roc.genuine - errors_at(errors, s, true, threshold)
                                               : fc_roc_at_threshold(&e->roc, threshold + BIN).genuine;
    around[1].impostor = threshold >= s->lenient ? errors_at(errors, s, false, threshold)
                                                 : fc_roc_at_threshold(&e->roc, threshold - 2 * BIN).impostor;
    *out = fc_roc_at_threshold(&exact, threshold);
    free(errors);
    return FC_OK;
}

/* The edge of a bin by which the rate is kept. */
static double edge_for(const evaluation *e, double fmr)
{
    const double edge = fc_roc_at_far(&e->roc, fmr).threshold;
    return isfinite(edge) ? edge : e->roc.point[1].threshold + BIN; /* even the highest bin has too many */
}

/* The least threshold that keeps the rate; of too many pairs to look at, one that is at most two bins above it. */
static fc_status point_for(fc_operating_point *out, const evaluation *e, const struct set *s, double fmr,
                           fc_error *err)
{
    const double edge = edge_for(e, fmr);
    double *scores = malloc((s->found.n + 1) * sizeof *scores), threshold = fc_threshold_above(edge + BIN);
    size_t n = 0;

    if (!scores)
        return fc_fail_nomem(err, s->found.n * sizeof *scores);
    for (size_t i = 0; i < s->found.n; i++)
        if (s->label[s->found.pair[i].a] != s->label[s->found.pair[i].b])
            scores[n++] = s->score[i];
    const uint64_t most = fc_allowed(fmr, e->roc.impostor);
    if (edge - BIN >= s->lenient) /* where so few are found, there is a gap below the bin */
        threshold = n > most ? fc_threshold_for(scores, n, most) : fc_decimal(edge);
    free(scores);
    return point_at(out, e, s, threshold, err);
}

static fc_status score_found(struct set *s, fc_error *err)
{
    const fc_vectors *v = &s->vectors;

    if (!(s->score = malloc((s->found.n + 1) * sizeof *s->score)))
        return fc_fail_nomem(err, s->found.n * sizeof *s->score);
    for (size_t i = 0; i < s->found.n; i++) {
        const fc_found_pair *p = &s->found.pair[i];
        s->score[i] = fc_decimal(fc_cosine(v->v + p->a * v->dim, v->v + p->b * v->dim, v->dim));
    }
    return FC_OK;
}

/* All errors at the thresholds for these rates, the greatest first, as far as they are not too many. */
static fc_status find_errors(const evaluation *e, struct set *s, const double *rates, int n, fc_error *err)
{
    float from = FLT_MAX, below = -FLT_MAX;
    fc_status st;

    s->lenient = INFINITY;
    s->strict = -INFINITY;
    for (int i = n - 1; i >= 0 && s->strict == -INFINITY; i--) {
        const double edge = edge_for(e, rates[i]) + 3 * BIN;
        if (e->roc.genuine - fc_roc_at_threshold(&e->roc, edge).genuine > MAX_FOUND / 2)
            continue;
        below = (float)edge;
        s->strict = edge - BIN;
    }
    for (int i = 0; i < n && s->lenient == INFINITY; i++) {
        const double edge = edge_for(e, rates[i]) - 3 * BIN;
        if (fc_roc_at_threshold(&e->roc, edge).impostor > MAX_FOUND / 2)
            continue;
        from = (float)edge;
        s->lenient = edge + BIN;
    }
    st = fc_all_pairs_find(&s->found, &s->vectors, below, from, MAX_FOUND, s->jobs, err);
    return st ? st : score_found(s, err);
}

/* ---- cases ---- */

/* The wrong answers at a threshold. */
static fc_status make_cases(evaluation *e, const struct set *s, double threshold, fc_error *err)
{
    if (!(e->cases = malloc((s->found.n + 1) * sizeof *e->cases)))
        return fc_fail_nomem(err, s->found.n * sizeof *e->cases);
    for (size_t i = 0; i < s->found.n; i++) {
        const fc_found_pair *p = &s->found.pair[i];
        const bool same = s->label[p->a] == s->label[p->b];
        if (fc_accepts(s->score[i], threshold) != same)
            e->cases[e->ncases++] = (eval_case){.a = s->image[p->a],
                                                .b = s->image[p->b],
                                                .same = same,
                                                .score = s->score[i],
                                                .threshold = threshold};
    }
    eval_sort_cases(e);
    return eval_causes(e, err);
}

/* ---- the report ---- */

static fc_status report_set(evaluation *e, const struct set *s, fc_error *err)
{
    const fc_eer eer = fc_roc_eer(&e->roc);
    const double auc = fc_roc_auc(&e->roc);
    uint64_t genuine[EVAL_BINS] = {0}, impostor[EVAL_BINS] = {0};
    char note[200];
    fc_status st;

    snprintf(note, sizeof note, "%zu templates of %zu people, %llu genuine and %llu impostor pairs",
             s->vectors.n, s->people, (unsigned long long)s->counts.ngenuine,
             (unsigned long long)s->counts.nimpostor);
    if ((st = eval_set(e, "protocol", "name", json_string("all pairs of a labelled set"), err)) ||
        (st = eval_set(e, "protocol", "no_template",
                       json_string("such pictures are in no pair; fte tells how many"), err)) ||
        (st = eval_set(
             e, "protocol", "intervals",
             json_string("far_interval and tar_interval take pairs as independent; the _people ones do not"),
             err)) ||
        (st = eval_set(e, "protocol", "genuine", json_integer((json_int_t)s->counts.ngenuine), err)) ||
        (st = eval_set(e, "protocol", "impostor", json_integer((json_int_t)s->counts.nimpostor), err)) ||
        (st = eval_set(e, "metrics", "auc", json_real(auc), err)) ||
        (st = eval_set(e, "metrics", "eer", json_real(eer.rate), err)) ||
        (st = eval_row(e, "pairs", note, err, "%llu",
                       (unsigned long long)(s->counts.ngenuine + s->counts.nimpostor))) ||
        (st = eval_row(e, "AUC", NULL, err, "%.6f", auc)) ||
        (st = eval_row(e, "EER", NULL, err, "%.3f %%", 100 * eer.rate)) ||
        (st = eval_set(e, NULL, "roc", eval_curve(&e->roc), err)))
        return st;
    for (size_t i = 0; i < FC_SCORE_BINS; i++) {
        size_t bin = eval_bin(-1 + (double)i / FC_BINS_PER_UNIT);
        genuine[bin] += s->counts.genuine[i];
        impostor[bin] += s->counts.impostor[i];
    }
    return eval_set(e, NULL, "histogram", eval_histogram(genuine, impostor), err);
}

static fc_status report_points(evaluation *e, struct set *s, fc_error *err)
{
    const double given = fc_stages_model(e->stages)->threshold;
    json_t *points = json_array();
    fc_operating_point p;
    fc_status st = points ? find_errors(e, s, fmrs, NFMRS, err) : fc_fail_nomem(err, 0);

    for (int i = 0; !st && i < NFMRS; i++) {
        char name[32];
        snprintf(name, sizeof name, "FNMR at FMR %.0e", fmrs[i]);
        if (!fc_roc_shows_far(&e->roc, fmrs[i]))
            st = eval_row_unshown(e, name, "impostor pairs", e->roc.impostor, err);
        else if (!(st = point_for(&p, e, s, fmrs[i], err)))
            st = report_point(e, s, points, name, fmrs[i], &p, err);
    }
    if (!st && isfinite(given)) {
        st = point_at(&p, e, s, fc_decimal(given), err);
        if (!st)
            st = report_point(e, s, points, "at the model's own", p.far, &p, err);
    }
    /* Wrong answers are looked at where the model decides, or at a rate of 1e-3. */
    if (!st && isfinite(s->lenient)) {
        double at = fc_decimal(isfinite(given) ? given : edge_for(e, 1e-3) + BIN);
        st = make_cases(e, s, at > s->lenient ? at : fc_threshold_above(s->lenient), err);
        if (!st)
            st = eval_report_cases(e, MAX_REPORTED, err);
    }
    if (st)
        json_decref(points);
    return st ? st : eval_set(e, NULL, "operating_points", points, err);
}

fc_status eval_all_pairs(evaluation *e, fc_error *err)
{
    struct set s = {0};
    fc_status st = count_pairs(e, &s, err);

    if (!st && !(st = report_set(e, &s, err)))
        st = report_points(e, &s, err);
    set_free(&s);
    return st;
}

/* ---- calibrate ---- */

/* Where the model's description is; name NULL in it when it is alone there. Caller frees *path. */
static fc_status description(const evaluation *e, char **path, const char **name, fc_error *err)
{
    const fc_model *m = fc_models_find(e->models, e->args->model);
    const char *model = e->args->model, *slash = strrchr(model, '/'),
               *dot = strrchr(slash ? slash : model, '.');
    int n;

    *name = m ? m->name : NULL;
    if (m)
        n = asprintf(path, "%s/models.yaml", m->dir);
    else
        n = asprintf(path, "%.*s.yaml", (int)(dot ? dot - model : (long)strlen(model)), model);
    return n < 0 ? fc_fail_nomem(err, 0) : FC_OK;
}

static fc_status write_threshold(evaluation *e, const struct set *s, const fc_operating_point *p,
                                 fc_error *err)
{
    const char *hash =
        json_string_value(json_object_get(json_object_get(e->report, "protocol"), "dataset_sha256"));
    char meaning[300], fmr[FC_NUMBER_SIZE], *path = NULL;
    const char *name;
    fc_status st;

    snprintf(fmr, sizeof fmr, "%g", e->args->fmr);
    snprintf(meaning, sizeof meaning,
             "false match rate %s over %llu pairs of %zu pictures of %zu people, data set %.16s", fmr,
             (unsigned long long)p->nimpostor, s->vectors.n, s->people, hash);
    if ((st = eval_set(e, "metrics", "threshold", json_real(p->threshold), err)) ||
        (st = eval_set(e, NULL, "meaning", json_string(meaning), err)) ||
        (st = description(e, &path, &name, err)))
        goto out;
    if (!e->args->dry_run)
        st = fc_yaml_set_threshold(path, name, p->threshold, meaning, err);
    if (!st)
        st = eval_row(e, "threshold", e->args->dry_run ? "nothing is written" : path, err, "%.6f",
                      p->threshold);
out:
    free(path);
    return st;
}

fc_status eval_calibrate(evaluation *e, fc_error *err)
{
    const double fmr = e->args->fmr;
    struct set s = {0};
    json_t *points = json_array();
    fc_operating_point p;
    fc_status st = points ? count_pairs(e, &s, err) : fc_fail_nomem(err, 0);

    if (st || (st = report_set(e, &s, err)))
        goto out;
    if (!fc_roc_shows_far(&e->roc, fmr)) {
        st = fc_fail(err, FC_EEMPTY, "--fmr %g: less than one of the %llu impostor pairs", fmr,
                     (unsigned long long)e->roc.impostor);
        goto out;
    }
    if ((st = find_errors(e, &s, &fmr, 1, err)) || (st = point_for(&p, e, &s, fmr, err)))
        goto out;
    if (p.impostor < RULE_OF)
        say("only %llu false matches are behind this threshold; a rate wants %d or more",
            (unsigned long long)p.impostor, RULE_OF);
    if ((st = report_point(e, &s, points, "FNMR there", fmr, &p, err)) ||
        (st = eval_set(e, NULL, "operating_points", json_incref(points), err)))
        goto out;
    st = write_threshold(e, &s, &p, err);
out:
    json_decref(points);
    set_free(&s);
    return st;
}
