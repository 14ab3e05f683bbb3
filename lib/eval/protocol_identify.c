/* Who is it? People who are enrolled, and people who are not. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/random.h"
#include "base/stats.h"
#include "eval/identify_impl.h"
#include "eval/lots.h"
#include "eval/protocol_impl.h"
#include "match/decide.h"
#include "facecheck.h"

static const double fpirs[FC_IDENTIFY_POINTS] = {1e-1, 1e-2, 1e-3};
static const double decided_at = 1e-2; /* FPIR of the threshold that wrong answers are told at */

static void trial_free(struct trial *t)
{
    fc_two_stage_free(t->stages);
    fc_head_free(t->head);
    fc_table_free(t->table);
    free(t->probe);
    free(t->subject);
    free(t->role);
}

void fc_identify_result_clear(fc_identify_result *r)
{
    fc_eval_result_clear(&r->common);
    fc_roc_clear(&r->head.roc);
    *r = (fc_identify_result){0};
}

/* ---- who is what ---- */

static bool is_enrolled(const struct trial *t, size_t i)
{
    return t->role[i] == ENROLLED && fc_eval_has(t->set, i);
}

/* Who has enough pictures, in inside; outside: the other people. */
static void part_people(const struct trial *t, const fc_people_images *people, size_t *inside, size_t *n,
                        size_t *outside, size_t *noutside)
{
    const fc_identify_settings *a = t->settings;

    *n = *noutside = 0;
    for (size_t p = 0; p < t->set->people; p++)
        if (people->first[p + 1] - people->first[p] < (size_t)a->min_images)
            outside[(*noutside)++] = p;
        else
            inside[(*n)++] = p;
    if (!a->people || *n <= (size_t)a->people)
        return;
    fc_shuffle(inside, *n, a->seed + 2);
    for (size_t i = (size_t)a->people; i < *n; i++)
        outside[(*noutside)++] = inside[i];
    *n = (size_t)a->people;
}

/* The first pictures of each are enrolled. */
static void enrol_people(fc_identify_result *out, struct trial *t, const fc_people_images *people,
                         const size_t *inside, size_t n)
{
    out->enrolled = n;
    for (size_t k = 0; k < n; k++) {
        const size_t first = people->first[inside[k]], end = people->first[inside[k] + 1];
        for (size_t i = first; i < end; i++)
            t->role[people->image[i]] = i - first < (size_t)t->settings->enroll ? ENROLLED : PROBE;
    }
}

static void give_role(struct trial *t, const fc_people_images *people, const size_t *person, size_t n,
                      enum role role)
{
    for (size_t k = 0; k < n; k++)
        for (size_t i = people->first[person[k]]; i < people->first[person[k] + 1]; i++)
            t->role[people->image[i]] = role;
}

static void draw_strangers(fc_identify_result *out, struct trial *t, const fc_people_images *people,
                           size_t *outside, size_t noutside)
{
    const fc_identify_settings *a = t->settings;
    const size_t want = a->strangers < 0 ? out->enrolled : (size_t)a->strangers,
                 cohort = a->fpir > 0 ? noutside / 2 : 0;

    fc_shuffle(outside, noutside, a->seed + 1);
    give_role(t, people, outside, cohort, COHORT);
    out->strangers = want < noutside - cohort ? want : noutside - cohort;
    give_role(t, people, outside + cohort, out->strangers, STRANGER);
}

static fc_status give_roles(fc_identify_result *out, struct trial *t, fc_error *err)
{
    const fc_eval_set *set = t->set;
    fc_people_images people;
    size_t *inside = NULL, *outside = NULL, ninside, noutside;
    fc_status s = fc_people_images_draw(&people, set->label, set->n, set->people, t->settings->seed, err);

    if (s)
        return s;
    t->role = calloc(set->n + 1, sizeof *t->role);
    inside = calloc(set->people + 1, sizeof *inside);
    outside = calloc(set->people + 1, sizeof *outside);
    if (!t->role || !inside || !outside) {
        s = fc_fail_nomem(err, set->n * sizeof *t->role);
    } else {
        part_people(t, &people, inside, &ninside, outside, &noutside);
        enrol_people(out, t, &people, inside, ninside);
        draw_strangers(out, t, &people, outside, noutside);
    }
    if (!s && !out->enrolled)
        s = fc_fail(err, FC_EDATA, "identify: no person has %d pictures (--min-images)",
                    t->settings->min_images);
    free(inside);
    free(outside);
    fc_people_images_clear(&people);
    return s;
}

/* ---- the gallery ---- */

void fc_trial_name_of(fc_trial_name out, size_t person)
{
    snprintf(out, sizeof(fc_trial_name), "%0*u", FC_TRIAL_DIGITS, (unsigned)person);
}

static fc_status put_people(struct trial *t, const size_t *rows, fc_error *err)
{
    fc_status s = FC_OK;

    for (size_t p = 0, subject = 0; !s && p < t->set->people; p++) {
        fc_trial_name name;
        t->subject[p] = rows[p] ? subject++ : SIZE_MAX;
        fc_trial_name_of(name, p);
        if (rows[p])
            s = fc_table_put_subject(t->table, (int64_t)p + 1, name, FC_TRIAL_DIGITS, rows[p], err);
    }
    return s;
}

/* A row for each template of the enrolled pictures; its sample is the picture's number and one. rows [people]: how many
 * each person has. */
static fc_status put_rows(struct trial *t, size_t *rows, fc_error *err)
{
    fc_status s = FC_OK;

    for (size_t p = 0, row = 0; p < t->set->people; p++) { /* rows[p] becomes its first row */
        const size_t n = rows[p];
        rows[p] = row;
        row += n;
    }
    for (size_t i = 0; !s && i < t->set->n; i++) {
        if (!is_enrolled(t, i))
            continue;
        const uint32_t p = t->set->label[i];
        s = fc_table_put(t->table, rows[p]++,
                         &(fc_table_row){fc_eval_row(t->set, i), (int64_t)i + 1, t->subject[p]}, err);
    }
    return s;
}

static fc_status enrol(fc_identify_result *out, struct trial *t, fc_error *err)
{
    const fc_eval_set *set = t->set;
    size_t *rows = calloc(set->people + 1, sizeof *rows);
    fc_table_size size = {.dim = set->dim};
    fc_status s;

    t->subject = calloc(set->people + 1, sizeof *t->subject);
    s = rows && t->subject ? FC_OK : fc_fail_nomem(err, set->people * sizeof *rows);
    for (size_t i = 0; !s && i < set->n; i++)
        rows[set->label[i]] += is_enrolled(t, i);
    for (size_t p = 0; !s && p < set->people; p++) {
        size.rows += rows[p];
        size.subjects += rows[p] > 0;
        size.names += rows[p] ? FC_TRIAL_DIGITS : 0;
    }
    out->templates = size.rows;
    if (!s && !size.rows)
        s = fc_fail(err, FC_EDATA, "identify: no enrolled picture has a template");
    if (!s && !(s = fc_table_new(&t->table, &size, err)) && !(s = put_people(t, rows, err)))
        s = put_rows(t, rows, err);
    free(rows);
    return s;
}

/* ---- search ---- */

static fc_status search_one(const struct trial *t, struct probe *p, fc_error *err)
{
    const fc_identify_options how = {.candidates = FC_EVAL_RANKS, .fuse = t->settings->fuse, .threshold = -1};
    fc_identity *who;
    fc_decision is;
    fc_status s;

    p->score = -INFINITY;
    if (!fc_eval_has(t->set, p->image))
        return FC_OK;
    if ((s = fc_identify(&who, t->table, fc_eval_row(t->set, p->image), 1, &how, err)))
        return s;
    for (size_t k = 0; k < who->n && !p->rank; k++)
        if (who->candidate[k].subject == t->subject[t->set->label[p->image]])
            p->rank = k + 1;
    if (who->n) {
        p->score = who->candidate->similarity;
        p->first = (size_t)who->candidate->sample - 1;
    }
    if (t->stages && !(s = fc_decide(t->stages, who, fc_eval_row(t->set, p->image), 1, &is, err)))
        p->named = is.subject != SIZE_MAX && is.subject == t->subject[t->set->label[p->image]];
    free(who);
    return s;
}

static fc_status search_all(struct trial *t, fc_error *err)
{
    fc_status s = FC_OK;

    if (!(t->probe = calloc(t->set->n + 1, sizeof *t->probe)))
        return fc_fail_nomem(err, t->set->n * sizeof *t->probe);
    for (int strangers = 0; !s && strangers < 2; strangers++)
        for (size_t i = 0; !s && i < t->set->n; i++) {
            if (t->role[i] != (strangers ? STRANGER : PROBE))
                continue;
            struct probe *p = &t->probe[t->nprobes++];
            *p = (struct probe){.image = i, .stranger = strangers};
            t->nmated += !strangers;
            s = search_one(t, p, err);
        }
    if (!s && !t->nmated)
        s = fc_fail(err, FC_EDATA,
                    "identify: all pictures of the people are enrolled; none is left to probe with");
    return s;
}

/* ---- results ---- */

static void count_probe(fc_identify_result *out, const struct probe *p, size_t i)
{
    if (isfinite(p->score) && (p->stranger || p->rank == 1))
        (p->stranger ? out->common.impostor : out->common.genuine)[fc_eval_bin(p->score)]++;
    if (!p->stranger)
        out->common.right[i] = p->rank == 1;
}

void fc_identify_find_points(fc_eval_point out[FC_IDENTIFY_POINTS], const fc_roc *roc)
{
    const fc_interval none = {NAN, NAN};

    for (size_t i = 0; roc->n && i < FC_IDENTIFY_POINTS; i++)
        out[i] = (fc_eval_point){.target = fpirs[i],
                                 .shown = fc_roc_shows_far(roc, fpirs[i]),
                                 .at = fc_roc_at_far(roc, fpirs[i]),
                                 .far_people = none,
                                 .fnmr_people = none};
}

static fc_status count_answers(fc_identify_result *out, const struct trial *t, fc_error *err)
{
    size_t *rank = calloc(t->nprobes + 1, sizeof *rank);
    double *score = calloc(t->nprobes + 1, sizeof *score); /* of mated probes, then of strangers */
    fc_status s = FC_OK;

    out->common.right = calloc(t->nmated + 1, sizeof *out->common.right);
    if (!rank || !score || !out->common.right) {
        s = fc_fail_nomem(err, t->nprobes * sizeof *rank);
        goto out;
    }
    out->mated = out->common.nright = t->nmated;
    out->nonmated = t->nprobes - t->nmated;
    for (size_t i = 0; i < t->nprobes; i++) {
        const struct probe *p = &t->probe[i];
        rank[i] = p->rank;
        score[i] = p->stranger || p->rank == 1 ? p->score : -INFINITY;
        count_probe(out, p, i);
    }
    out->common.probes = t->nmated;
    fc_cmc(rank, t->nmated, out->common.cmc, FC_EVAL_RANKS);
    if (out->nonmated)
        s = fc_roc_from_scores(&out->common.roc, score, t->nmated, score + t->nmated, out->nonmated, err);
    fc_identify_find_points(out->point, &out->common.roc);
out:
    free(score);
    free(rank);
    return s;
}

/* ---- thresholds that are chosen beforehand ---- */

static void measure_asked(fc_identify_asked *out, const struct trial *t)
{
    out->chosen = true;
    out->mated = t->nmated;
    out->nonmated = t->nprobes - t->nmated;
    for (size_t i = 0; i < t->nprobes; i++) {
        const struct probe *p = &t->probe[i];
        const bool named = fc_accepts(p->score, out->threshold);
        out->named += p->stranger && named;
        out->missed += !p->stranger && !(named && p->rank == 1);
    }
    out->fpir = out->nonmated ? (double)out->named / (double)out->nonmated : NAN;
    out->fnir = (double)out->missed / (double)out->mated;
    out->fpir_interval = fc_clopper_pearson(out->named, out->nonmated, FC_CONFIDENCE);
    out->fnir_interval = fc_clopper_pearson(out->missed, out->mated, FC_CONFIDENCE);
}

/* As fc_gallery_calibrate chooses it. */
static fc_status ask_cohort(fc_identify_asked *out, const struct trial *t, fc_error *err)
{
    double *score = calloc(t->set->n + 1, sizeof *score);
    size_t n = 0;
    fc_status s = score ? FC_OK : fc_fail_nomem(err, t->set->n * sizeof *score);

    for (size_t i = 0; !s && i < t->set->n; i++) {
        struct probe p = {.image = i, .stranger = true};
        if (t->role[i] != COHORT || !fc_eval_has(t->set, i))
            continue;
        s = search_one(t, &p, err);
        score[n++] = p.score;
    }
    if (!s && n) {
        *out = (fc_identify_asked){.looks = n,
                                   .within = true,
                                   .threshold =
                                       fc_threshold_for(score, n, fc_allowed_above(t->settings->fpir, n))};
        measure_asked(out, t);
    }
    free(score);
    return s;
}

static fc_status ask(fc_identify_result *out, const struct trial *t, fc_error *err)
{
    const fc_identify_settings *a = t->settings;

    if (!(a->fpir > 0))
        return FC_OK;
    if (a->curve && a->curve->n) {
        fc_identify_asked *c = &out->by_curve;
        c->within = fc_curve_threshold(
            &c->threshold, a->curve,
            fc_fmr_for(a->fpir, fc_fused_comparisons(a->fuse, out->enrolled, out->templates)));
        measure_asked(c, t);
    }
    return ask_cohort(&out->by_cohort, t, err);
}

/* ---- wrong answers ---- */

/* The enrolled picture of the probe's own person that is the most like it. */
static size_t nearest_own(const struct trial *t, size_t image, double *score)
{
    size_t best = image;

    *score = -INFINITY;
    for (size_t i = 0; i < t->set->n; i++) {
        if (t->role[i] != ENROLLED || t->set->label[i] != t->set->label[image])
            continue;
        const double s = fc_eval_score(t->set, i, image);
        if (s > *score) {
            *score = s;
            best = i;
        }
    }
    return best;
}

static void add_case(fc_eval_result *r, const struct trial *t, const struct probe *p, double threshold)
{
    fc_eval_case c = {.a = p->image, .b = p->first, .score = p->score, .threshold = threshold};
    const bool named = fc_accepts(p->score, threshold);

    if (p->stranger ? !named : p->rank == 1 && named)
        return;
    if (!p->stranger) {
        c.same = true;
        c.b = nearest_own(t, p->image, &c.score);
        c.other_nearer = p->rank != 1 && named;
        if (c.other_nearer)
            c.threshold = fc_threshold_above(p->score);
    }
    r->cases[r->ncases++] = c;
}

static fc_status make_cases(fc_eval_result *r, const struct trial *t, fc_error *err)
{
    const double threshold = r->roc.n ? fc_roc_at_far(&r->roc, decided_at).threshold : -1;

    if (!(r->cases = calloc(t->nprobes + 1, sizeof *r->cases)))
        return fc_fail_nomem(err, t->nprobes * sizeof *r->cases);
    for (size_t i = 0; i < t->nprobes; i++)
        add_case(r, t, &t->probe[i], threshold);
    fc_eval_sort_cases(r);
    return FC_OK;
}

fc_status fc_protocol_identify(fc_identify_result *out, const fc_eval_set *set,
                               const fc_identify_settings *settings, fc_error *err)
{
    struct trial t = {.set = set, .settings = settings};
    fc_status s;

    out->people = set->people;
    if (!(s = give_roles(out, &t, err)) && !(s = enrol(out, &t, err)) &&
        !(settings->with_head && (s = fc_identify_train_head(&t, err))) && !(s = search_all(&t, err)) &&
        !(s = count_answers(out, &t, err)) &&
        !(settings->with_head && (s = fc_identify_count_head(out, &t, err))) && !(s = ask(out, &t, err)))
        s = make_cases(&out->common, &t, err);
    trial_free(&t);
    return s;
}
