/* fc-eval identify: who is it? People who are enrolled, and people who are not. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/random.h"
#include "eval.h"
#include "eval/lots.h"
#include "match/search.h"
#include "match/similarity.h"

enum { RANKS = 20 };
static const double fpirs[] = {1e-1, 1e-2, 1e-3};
enum { NFPIRS = sizeof fpirs / sizeof *fpirs };
static const double decided_at = 1e-2; /* FPIR of the threshold that wrong answers are told at */

enum role { UNUSED, ENROLLED, PROBE, STRANGER };

struct probe {
    size_t image;
    bool stranger;
    size_t rank;  /* 1: the best; 0: not among the first */
    double score; /* of the first candidate; -INFINITY: none */
    size_t first; /* image of its best sample */
};

struct trial {
    uint32_t *label;
    const char **person;
    size_t people;
    enum role *role; /* [t.n] */
    size_t *subject; /* [people]: of the table, or SIZE_MAX */
    fc_table *table;
    struct probe *probe; /* [nprobes]: of the enrolled people, then strangers */
    size_t nprobes, nmated, nenrolled, nstrangers, nsamples;
};

static void trial_free(struct trial *t)
{
    fc_table_free(t->table);
    free(t->probe);
    free(t->subject);
    free(t->role);
    free(t->label);
    free(t->person);
}

/* ---- who is what ---- */

static fc_status give_roles(const evaluation *e, struct trial *t, fc_error *err)
{
    const struct eval_args *a = e->args;
    fc_people_images people;
    size_t *outside = NULL;
    size_t noutside = 0, want;
    fc_status s = fc_people_images_draw(&people, t->label, e->t.n, t->people, a->seed, err);

    if (s)
        return s;
    t->role = calloc(e->t.n + 1, sizeof *t->role);
    t->subject = calloc(t->people + 1, sizeof *t->subject);
    outside = calloc(t->people + 1, sizeof *outside);
    if (!t->role || !t->subject || !outside) {
        s = fc_fail_nomem(err, e->t.n * sizeof *t->role);
        goto out;
    }
    for (size_t p = 0; p < t->people; p++) {
        const size_t n = people.first[p + 1] - people.first[p];
        if (n < (size_t)a->min_images) {
            outside[noutside++] = p;
            continue;
        }
        t->nenrolled++;
        for (size_t i = 0; i < n; i++)
            t->role[people.image[people.first[p] + i]] = i < (size_t)a->enroll ? ENROLLED : PROBE;
    }
    fc_shuffle(outside, noutside, a->seed + 1);
    want = a->strangers < 0 ? t->nenrolled : (size_t)a->strangers;
    t->nstrangers = want < noutside ? want : noutside;
    for (size_t k = 0; k < t->nstrangers; k++)
        for (size_t i = people.first[outside[k]]; i < people.first[outside[k] + 1]; i++)
            t->role[people.image[i]] = STRANGER;
    if (!t->nenrolled)
        s = fc_fail(err, FC_EDATA, "identify: no person has %d pictures (--min-images)", a->min_images);
out:
    free(outside);
    fc_people_images_clear(&people);
    return s;
}

/* The gallery: a row for each template of the enrolled pictures; its sample is the picture's number and one. */
static fc_status enrol(const evaluation *e, struct trial *t, fc_error *err)
{
    size_t *rows = calloc(t->people + 1, sizeof *rows);
    fc_table_size size = {.dim = e->t.dim};
    fc_status s = rows ? FC_OK : fc_fail_nomem(err, t->people * sizeof *rows);

    if (s)
        return s;
    for (size_t i = 0; i < e->t.n; i++)
        if (t->role[i] == ENROLLED && e->t.image[i].state == FC_TEMPLATE_MADE)
            rows[t->label[i]]++;
    for (size_t p = 0; p < t->people; p++) {
        size.rows += rows[p];
        size.subjects += rows[p] > 0;
        size.names += rows[p] ? strlen(t->person[p]) : 0;
    }
    t->nsamples = size.rows;
    if (!size.rows)
        s = fc_fail(err, FC_EDATA, "identify: no enrolled picture has a template");
    if (s || (s = fc_table_new(&t->table, &size, err)))
        goto out;
    for (size_t p = 0, subject = 0; !s && p < t->people; p++) {
        t->subject[p] = rows[p] ? subject++ : SIZE_MAX;
        if (rows[p])
            s = fc_table_put_subject(t->table, (int64_t)p + 1, t->person[p], strlen(t->person[p]), rows[p],
                                     err);
    }
    for (size_t p = 0, row = 0; p < t->people; p++) { /* rows[p] becomes its first row */
        size_t n = rows[p];
        rows[p] = row;
        row += n;
    }
    for (size_t i = 0; !s && i < e->t.n; i++) {
        if (t->role[i] != ENROLLED || e->t.image[i].state != FC_TEMPLATE_MADE)
            continue;
        const uint32_t p = t->label[i];
        s = fc_table_put(t->table, rows[p]++,
                         &(fc_table_row){e->t.v + i * e->t.dim, (int64_t)i + 1, t->subject[p]}, err);
    }
out:
    free(rows);
    return s;
}

/* ---- search ---- */

static fc_status search_one(const evaluation *e, const struct trial *t, struct probe *p, fc_error *err)
{
    const fc_search_options opt = {.k = RANKS, .fuse = (fc_fuse)e->args->fuse};
    fc_hit hit[RANKS];
    size_t found;
    fc_status s;

    p->score = -INFINITY;
    if (e->t.image[p->image].state != FC_TEMPLATE_MADE)
        return FC_OK;
    if ((s = fc_search(t->table, e->t.v + p->image * e->t.dim, 1, &opt, hit, &found, err)))
        return s;
    for (size_t k = 0; k < found && !p->rank; k++)
        if (hit[k].subject == t->subject[t->label[p->image]])
            p->rank = k + 1;
    if (found) {
        p->score = fc_decimal(hit[0].score);
        p->first = (size_t)hit[0].sample - 1;
    }
    return FC_OK;
}

static fc_status search_all(evaluation *e, struct trial *t, fc_error *err)
{
    size_t *rank = calloc(e->t.n + 1, sizeof *rank);
    double *genuine = calloc(e->t.n + 1, sizeof *genuine), *impostor = calloc(e->t.n + 1, sizeof *impostor);
    fc_status s = FC_OK;

    t->probe = calloc(e->t.n + 1, sizeof *t->probe);
    e->cmc = calloc(RANKS, sizeof *e->cmc);
    if (!rank || !genuine || !impostor || !t->probe || !e->cmc)
        s = fc_fail_nomem(err, e->t.n * sizeof *t->probe);
    for (int strangers = 0; !s && strangers < 2; strangers++)
        for (size_t i = 0; !s && i < e->t.n; i++) {
            if (t->role[i] != (strangers ? STRANGER : PROBE))
                continue;
            struct probe *p = &t->probe[t->nprobes++];
            *p = (struct probe){.image = i, .stranger = strangers};
            t->nmated += !strangers;
            s = search_one(e, t, p, err);
        }
    for (size_t i = 0; !s && i < t->nprobes; i++) {
        const struct probe *p = &t->probe[i];
        if (i < t->nmated) {
            rank[i] = p->rank;
            genuine[i] = p->rank == 1 ? p->score : -INFINITY;
        } else {
            impostor[i - t->nmated] = p->score;
        }
    }
    if (!s && !t->nmated)
        s = fc_fail(err, FC_EDATA,
                    "identify: all pictures of the people are enrolled; none is left to probe with");
    if (!s) {
        e->nprobes = t->nmated;
        e->ncmc = RANKS;
        fc_cmc(rank, t->nmated, e->cmc, RANKS);
        if (t->nprobes > t->nmated)
            s = fc_roc_from_scores(&e->roc, genuine, t->nmated, impostor, t->nprobes - t->nmated, err);
    }
    free(impostor);
    free(genuine);
    free(rank);
    return s;
}

/* ---- the report ---- */

static fc_status report_ranks(evaluation *e, const struct trial *t, fc_error *err)
{
    static const int told[] = {1, 5, 10, 20};
    json_t *cmc = json_array();
    fc_status s = FC_OK;

    for (size_t k = 0; cmc && k < e->ncmc; k++)
        json_array_append_new(cmc, json_real((double)e->cmc[k] / (double)e->nprobes));
    if ((s = eval_set(e, NULL, "cmc", cmc, err)))
        return s;
    for (size_t i = 0; !s && i < sizeof told / sizeof *told; i++) {
        const uint64_t hits = e->cmc[told[i] - 1];
        fc_interval in = fc_clopper_pearson(hits, t->nmated, FC_CONFIDENCE);
        char name[16], note[100];
        snprintf(name, sizeof name, "rank-%d", told[i]);
        snprintf(note, sizeof note, "%.2f..%.2f, %llu of %zu probes", 100 * in.low, 100 * in.high,
                 (unsigned long long)hits, t->nmated);
        if (!(s = eval_set_rate(e, name, (double)hits / (double)t->nmated, hits, t->nmated, err)))
            s = eval_row(e, name, note, err, "%.2f %%", 100 * (double)hits / (double)t->nmated);
    }
    return s;
}

static fc_status report_open_set(evaluation *e, const struct trial *t, fc_error *err)
{
    json_t *points = json_array();
    fc_status s = points ? FC_OK : fc_fail_nomem(err, 0);

    for (int i = 0; !s && e->roc.n && i < NFPIRS; i++) {
        fc_operating_point p = fc_roc_at_far(&e->roc, fpirs[i]);
        fc_interval in = {1 - p.tar_interval.high, 1 - p.tar_interval.low};
        char name[32], note[160];
        snprintf(name, sizeof name, "FNIR at FPIR %.0e", fpirs[i]);
        if (!fc_roc_shows_far(&e->roc, fpirs[i])) {
            s = eval_row_unshown(e, name, "strangers' probes", p.nimpostor, err);
            continue;
        }
        snprintf(note, sizeof note, "%.2f..%.2f, at %.4f: %llu of %zu; %llu of %zu strangers get a name",
                 100 * in.low, 100 * in.high, p.threshold, (unsigned long long)(p.ngenuine - p.genuine),
                 t->nmated, (unsigned long long)p.impostor, t->nprobes - t->nmated);
        if (json_array_append_new(points, eval_point(&p, fpirs[i])))
            s = fc_fail_nomem(err, 0);
        else
            s = eval_row(e, name, note, err, "%.2f %%", 100 * (1 - p.tar));
    }
    if (s) {
        json_decref(points);
        return s;
    }
    if (!(s = eval_set(e, NULL, "operating_points", points, err)) && e->roc.n)
        s = eval_set(e, NULL, "roc", eval_curve(&e->roc), err);
    return s;
}

static fc_status report_trial(evaluation *e, const struct trial *t, fc_error *err)
{
    static const char *const fuses[] = {
        [FC_FUSE_MAX] = "max", [FC_FUSE_MEAN] = "mean", [FC_FUSE_TOP3] = "top3"};
    const struct eval_args *a = e->args;
    uint64_t genuine[EVAL_BINS] = {0}, impostor[EVAL_BINS] = {0};
    bool *right = calloc(t->nmated + 1, sizeof *right);
    char note[200], of[200];
    fc_status s;

    snprintf(note, sizeof note, "%zu of them enrolled with %zu templates, %zu strangers", t->nenrolled,
             t->nsamples, t->nstrangers);
    snprintf(of, sizeof of, "identify enroll=%d min=%d seed=%llu", a->enroll, a->min_images,
             (unsigned long long)a->seed);
    for (size_t i = 0; right && i < t->nprobes; i++) {
        const struct probe *p = &t->probe[i];
        if (isfinite(p->score) && (p->stranger || p->rank == 1))
            (p->stranger ? impostor : genuine)[eval_bin(p->score)]++;
        if (i < t->nmated)
            right[i] = p->rank == 1;
    }
    if (!right)
        s = fc_fail_nomem(err, t->nmated);
    else if (!(s = eval_set(e, "protocol", "name", json_string("identification, open set"), err)) &&
             !(s = eval_set(e, "protocol", "enrolled", json_integer((json_int_t)t->nenrolled), err)) &&
             !(s = eval_set(e, "protocol", "templates_enrolled", json_integer((json_int_t)t->nsamples),
                            err)) &&
             !(s = eval_set(e, "protocol", "probes", json_integer((json_int_t)t->nmated), err)) &&
             !(s = eval_set(e, "protocol", "strangers", json_integer((json_int_t)t->nstrangers), err)) &&
             !(s = eval_set(e, "protocol", "probes_of_strangers",
                            json_integer((json_int_t)(t->nprobes - t->nmated)), err)) &&
             !(s = eval_set(e, "protocol", "enroll", json_integer(a->enroll), err)) &&
             !(s = eval_set(e, "protocol", "min_images", json_integer(a->min_images), err)) &&
             !(s = eval_set(e, "protocol", "seed", json_integer((json_int_t)a->seed), err)) &&
             !(s = eval_set(e, "protocol", "fuse", json_string(fuses[a->fuse]), err)) &&
             !(s = eval_set(e, "protocol", "no_template", json_string("the probe finds nobody"), err)) &&
             !(s = eval_set(e, NULL, "histogram", eval_histogram(genuine, impostor), err)) &&
             !(s = eval_row(e, "people", note, err, "%zu", t->people)))
        s = eval_report_answers(e, of, right, t->nmated, err);
    free(right);
    return s;
}

/* ---- wrong answers ---- */

/* The enrolled picture of the probe's own person that is the most like it. */
static size_t nearest_own(const evaluation *e, const struct trial *t, size_t image, double *score)
{
    size_t best = image;

    *score = -INFINITY;
    for (size_t i = 0; i < e->t.n; i++) {
        if (t->role[i] != ENROLLED || t->label[i] != t->label[image] ||
            e->t.image[i].state != FC_TEMPLATE_MADE || e->t.image[image].state != FC_TEMPLATE_MADE)
            continue;
        const double s = fc_decimal(fc_cosine(e->t.v + i * e->t.dim, e->t.v + image * e->t.dim, e->t.dim));
        if (s > *score) {
            *score = s;
            best = i;
        }
    }
    return best;
}

static fc_status report_errors(evaluation *e, const struct trial *t, fc_error *err)
{
    const double threshold = e->roc.n ? fc_roc_at_far(&e->roc, decided_at).threshold : -1;
    fc_status s;

    if (!(e->cases = calloc(t->nprobes + 1, sizeof *e->cases)))
        return fc_fail_nomem(err, t->nprobes * sizeof *e->cases);
    for (size_t i = 0; i < t->nprobes; i++) {
        const struct probe *p = &t->probe[i];
        eval_case c = {.a = p->image, .b = p->first, .score = p->score, .threshold = threshold};
        const bool named = fc_accepts(p->score, threshold);
        if (p->stranger ? !named : p->rank == 1 && named)
            continue;
        if (!p->stranger) {
            c.same = true;
            c.b = nearest_own(e, t, p->image, &c.score);
            c.other_nearer = p->rank != 1 && named;
            if (c.other_nearer)
                c.threshold = fc_threshold_above(p->score);
        }
        e->cases[e->ncases++] = c;
    }
    eval_sort_cases(e);
    if ((s = eval_causes(e, err)))
        return s;
    return eval_report_cases(e, e->ncases, err);
}

fc_status eval_identify(evaluation *e, fc_error *err)
{
    struct trial t = {0};
    fc_status s;

    if (e->args->min_images < e->args->enroll)
        return fc_fail(err, FC_EUSAGE, "identify: --min-images %d is less than the %d to enrol (--enroll)",
                       e->args->min_images, e->args->enroll);
    if (!(s = eval_labelled(e, &t.label, &t.person, &t.people, err)) && !(s = give_roles(e, &t, err)) &&
        !(s = enrol(e, &t, err)) && !(s = search_all(e, &t, err)) && !(s = report_trial(e, &t, err)) &&
        !(s = report_ranks(e, &t, err)) && !(s = report_open_set(e, &t, err)))
        s = report_errors(e, &t, err);
    trial_free(&t);
    return s;
}
