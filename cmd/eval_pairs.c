/* fc-eval pairs: the LFW protocol. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "eval.h"
#include "eval/pairs.h"
#include "folders.h"
#include "match/similarity.h"

enum { MAX_PAIRS_FILE = 1 << 28 };

static const double fars[] = {1e-2, 1e-3};

struct scores {
    double *all, *genuine, *impostor; /* [n]: of the pairs, and of the two kinds alone */
    size_t ngenuine, nimpostor;
    bool *same, *answer;
    int *fold;
};

static void scores_free(struct scores *s)
{
    free(s->all);
    free(s->genuine);
    free(s->impostor);
    free(s->same);
    free(s->answer);
    free(s->fold);
}

static fc_status score_pairs(struct scores *s, const fc_templates *t, const fc_pairs *p, fc_error *err)
{
    s->all = calloc(p->n, sizeof *s->all);
    s->genuine = calloc(p->n, sizeof *s->genuine);
    s->impostor = calloc(p->n, sizeof *s->impostor);
    s->same = calloc(p->n, sizeof *s->same);
    s->answer = calloc(p->n, sizeof *s->answer);
    s->fold = calloc(p->n, sizeof *s->fold);
    if (!s->all || !s->genuine || !s->impostor || !s->same || !s->answer || !s->fold)
        return fc_fail_nomem(err, p->n * sizeof *s->all);
    for (size_t i = 0; i < p->n; i++) {
        const fc_pair *q = &p->pair[i];
        bool made = t->image[q->a].state == FC_TEMPLATE_MADE && t->image[q->b].state == FC_TEMPLATE_MADE;
        s->all[i] =
            made ? fc_decimal(fc_cosine(t->v + q->a * t->dim, t->v + q->b * t->dim, t->dim)) : -INFINITY;
        s->same[i] = q->same;
        s->fold[i] = q->fold;
        if (q->same)
            s->genuine[s->ngenuine++] = s->all[i];
        else
            s->impostor[s->nimpostor++] = s->all[i];
    }
    return FC_OK;
}

/* ---- the report ---- */

static fc_status report_accuracy(evaluation *e, const fc_folds *f, fc_error *err)
{
    json_t *folds = json_array();
    uint64_t right = 0, n = 0;
    fc_status s;

    for (size_t k = 0; k < f->n; k++) {
        right += f->fold[k].right;
        n += f->fold[k].n;
    }
    for (size_t k = 0; folds && k < f->n; k++)
        json_array_append_new(folds,
                              json_pack("{s:f, s:f, s:I, s:I}", "threshold", f->fold[k].threshold, "accuracy",
                                        (double)f->fold[k].right / (double)f->fold[k].n, "right",
                                        (json_int_t)f->fold[k].right, "pairs", (json_int_t)f->fold[k].n));
    if ((s = eval_set(e, NULL, "folds", folds, err)) ||
        (s = eval_set_rate(e, "accuracy", f->mean, right, n, err)) ||
        (s = eval_set(e, "metrics", "accuracy-se", json_real(f->error), err)) ||
        (s = eval_row(e, "accuracy", "mean of the folds, standard error of it", err, "%.2f %% +- %.2f",
                      100 * f->mean, 100 * f->error)))
        return s;
    for (size_t k = 0; !s && k < f->n; k++) {
        char name[32], note[64];
        snprintf(name, sizeof name, "  fold %zu", k + 1);
        snprintf(note, sizeof note, "at %.4f, from the other folds", f->fold[k].threshold);
        s = eval_row(e, name, note, err, "%.2f %%", 100 * (double)f->fold[k].right / (double)f->fold[k].n);
    }
    return s;
}

static fc_status report_curve(evaluation *e, const struct scores *sc, fc_error *err)
{
    const double auc = fc_roc_auc(&e->roc);
    const fc_eer eer = fc_roc_eer(&e->roc);
    json_t *points = json_array();
    uint64_t genuine[EVAL_BINS] = {0}, impostor[EVAL_BINS] = {0};
    fc_status s;

    if ((s = eval_set(e, "metrics", "auc", json_real(auc), err)) ||
        (s = eval_set(e, "metrics", "eer", json_real(eer.rate), err)) ||
        (s = eval_set(e, "metrics", "eer-threshold", eval_number(eer.threshold), err)) ||
        (s = eval_row(e, "AUC", NULL, err, "%.5f", auc)) ||
        (s = eval_row(e, "EER", NULL, err, "%.2f %%", 100 * eer.rate)))
        goto out;
    for (size_t k = 0; k < sizeof fars / sizeof *fars; k++) {
        const fc_operating_point p = fc_roc_at_far(&e->roc, fars[k]);
        char name[32], note[128];
        snprintf(name, sizeof name, "TAR at FAR %.0e", fars[k]);
        if (!fc_roc_shows_far(&e->roc, fars[k])) {
            if ((s = eval_row_unshown(e, name, "impostor pairs", p.nimpostor, err)))
                goto out;
            continue;
        }
        snprintf(note, sizeof note, "%.2f..%.2f, at %.4f with %llu of %llu accepted falsely",
                 100 * p.tar_interval.low, 100 * p.tar_interval.high, p.threshold,
                 (unsigned long long)p.impostor, (unsigned long long)p.nimpostor);
        if (json_array_append_new(points, eval_point(&p, fars[k]))) {
            s = fc_fail_nomem(err, 0);
            goto out;
        }
        if ((s = eval_row(e, name, note, err, "%.2f %%", 100 * p.tar)))
            goto out;
    }
    for (size_t i = 0; i < sc->ngenuine; i++)
        genuine[eval_bin(sc->genuine[i])] += isfinite(sc->genuine[i]);
    for (size_t i = 0; i < sc->nimpostor; i++)
        impostor[eval_bin(sc->impostor[i])] += isfinite(sc->impostor[i]);
    if ((s = eval_set(e, NULL, "roc", eval_curve(&e->roc), err)))
        goto out;
    s = eval_set(e, NULL, "histogram", eval_histogram(genuine, impostor), err);
out:
    if (s)
        json_decref(points);
    return s ? s : eval_set(e, NULL, "operating_points", points, err);
}

/* Every pair's score, and the answers for a later run's --baseline. */
static fc_status report_pairs(evaluation *e, const struct scores *sc, size_t n, const char *hash,
                              fc_error *err)
{
    json_t *score = json_array();
    char *same = malloc(n + 1);
    bool *right = malloc(n + 1);
    fc_status s = FC_OK;

    for (size_t i = 0; same && right && i < n; i++) {
        json_array_append_new(score, eval_number(sc->all[i]));
        same[i] = sc->same[i] ? '1' : '0';
        right[i] = sc->answer[i] == sc->same[i];
    }
    if (!same || !right)
        s = fc_fail_nomem(err, 2 * n);
    else if (!(s = eval_set(e, NULL, "pairs", json_pack("{s:O, s:s%}", "score", score, "same", same, n),
                            err)))
        s = eval_report_answers(e, hash, right, n, err);
    json_decref(score);
    free(right);
    free(same);
    return s;
}

/* ---- cases ---- */

static fc_status make_cases(evaluation *e, const fc_pairs *p, const struct scores *sc, const fc_folds *f,
                            fc_error *err)
{
    if (!(e->cases = calloc(p->n, sizeof *e->cases)))
        return fc_fail_nomem(err, p->n * sizeof *e->cases);
    e->ncases = p->n;
    for (size_t i = 0; i < p->n; i++)
        e->cases[i] = (eval_case){.a = p->pair[i].a,
                                  .b = p->pair[i].b,
                                  .same = p->pair[i].same,
                                  .score = sc->all[i],
                                  .threshold = f->fold[p->pair[i].fold].threshold};
    eval_sort_cases(e);
    return FC_OK;
}

/* ---- the command ---- */

/* Whether name is stem (of n bytes) with one ending. */
static bool has_stem(const char *name, const char *stem, size_t n)
{
    return !strncmp(name, stem, n) && name[n] == '.' && !strchr(name + n + 1, '.');
}

/* The picture of the list, NAME/NAME_0001.jpg, where that is not there: the one in its folder that has another ending.
 * *path is as it was where there is none. */
static fc_status find_picture(char **path, fc_error *err)
{
    static const struct fc_folder_rules rules;
    char *slash = strrchr(*path, '/'), *found = NULL;
    const char *stem = slash + 1, *name = NULL;
    fc_folder *f;
    fc_status s = FC_OK;

    if (!access(*path, F_OK))
        return FC_OK;
    *slash = '\0';
    const fc_status opened = fc_folder_open_top(&f, *path, &rules, NULL);
    for (size_t i = 0; !s && !opened && i < f->n; i++) {
        if (!has_stem(f->entry[i].name, stem, strlen(stem) - strlen(".jpg")))
            continue;
        if (name)
            s = fc_fail(err, FC_EDATA, "%s: %s and %s are there; which of them is %s?", *path, name,
                        f->entry[i].name, stem);
        name = f->entry[i].name;
    }
    if (!s && name && !(found = fc_folder_join(*path, name)))
        s = fc_fail_nomem(err, strlen(*path) + 1);
    if (!opened)
        fc_folder_free(f);
    *slash = '/';
    if (found) {
        free(*path);
        *path = found;
    }
    return s;
}

/* Where each picture of the list is. That one is missing is counted; that all are is a mistake. */
static fc_status find_pictures(const struct eval_args *a, const fc_pairs *p, char **path, fc_error *err)
{
    size_t there = 0;
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < p->nimages; i++) {
        if (asprintf(&path[i], "%s/%s", a->root, p->image[i]) < 0) {
            path[i] = NULL;
            return fc_fail_nomem(err, strlen(a->root) + 1);
        }
        s = find_picture(&path[i], err);
        there += !s && !access(path[i], F_OK);
    }
    if (!s && p->nimages && !there)
        s = fc_fail(err, FC_EMISSING,
                    "%s: no picture that %s names is there, neither %s nor one with another ending", a->root,
                    a->pairs, p->image[0]);
    return s;
}

/* The file, and where each picture of it is: path [p->nimages], each to be freed. */
static fc_status read_pairs(const struct eval_args *a, fc_pairs *p, char hash[FC_SHA256_HEX], char ***path,
                            fc_error *err)
{
    fc_bytes text = {0};
    fc_status s = fc_bytes_read_named(&text, a->pairs, MAX_PAIRS_FILE, err);

    if (!s)
        s = fc_pairs_parse(p, (const char *)text.data, text.n, a->pairs, err);
    if (!s)
        fc_sha256_hex(hash, text.data, text.n);
    fc_bytes_clear(&text);
    if (s)
        return s;
    if (p->folds < 2)
        return fc_fail(err, FC_EDATA,
                       "%s: one fold; thresholds come from the other folds, so that two are wanted",
                       a->pairs);
    if (!(*path = calloc(p->nimages + 1, sizeof **path)))
        return fc_fail_nomem(err, p->nimages * sizeof **path);
    return find_pictures(a, p, *path, err);
}

static fc_status report_protocol(evaluation *e, const fc_pairs *p, const char *hash, fc_error *err)
{
    fc_status s;

    if ((s = eval_set(e, "protocol", "name",
                      json_string("LFW view 2, image-restricted, labeled outside data"), err)) ||
        (s = eval_set(e, "protocol", "pairs_sha256", json_string(hash), err)) ||
        (s = eval_set(e, "protocol", "folds", json_integer(p->folds), err)) ||
        (s = eval_set(e, "protocol", "pairs", json_integer((json_int_t)p->n), err)) ||
        (s = eval_set(
             e, "protocol", "threshold_rule",
             json_string("of the other folds' scores, the middle of those with the most right answers; "
                         "candidates are the middles between neighbouring scores"),
             err)))
        return s;
    return eval_set(e, "protocol", "no_template", json_string("the pair is answered with 'different'"), err);
}

fc_status eval_pairs(evaluation *e, fc_error *err)
{
    fc_pairs p = {0};
    fc_folds f = {0};
    struct scores sc = {0};
    char hash[FC_SHA256_HEX], **path = NULL;
    fc_status s;

    if (!e->args->root || !e->args->pairs)
        return fc_fail(err, FC_EUSAGE, "pairs: wants --root DIR and --pairs FILE");
    if ((s = read_pairs(e->args, &p, hash, &path, err)) || (s = eval_templates(e, path, p.nimages, err)) ||
        (s = report_protocol(e, &p, hash, err)) || (s = score_pairs(&sc, &e->t, &p, err)) ||
        (s = fc_folds_run(&f, sc.all, sc.same, sc.fold, p.n, p.folds, sc.answer, err)) ||
        (s = fc_roc_from_scores(&e->roc, sc.genuine, sc.ngenuine, sc.impostor, sc.nimpostor, err)) ||
        (s = report_accuracy(e, &f, err)) || (s = report_curve(e, &sc, err)) ||
        (s = report_pairs(e, &sc, p.n, hash, err)) || (s = make_cases(e, &p, &sc, &f, err)) ||
        (s = eval_causes(e, err)))
        goto out;
    s = eval_report_cases(e, p.n, err);
out:
    for (size_t i = 0; path && i < p.nimages; i++)
        free(path[i]);
    free(path);
    scores_free(&sc);
    fc_folds_clear(&f);
    fc_pairs_clear(&p);
    return s;
}
