/* A head on top of the embedding, measured on the same probes. */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/stats.h"
#include "classify/head_train.h"
#include "eval/identify_impl.h"
#include "eval/protocol_impl.h"

static const char contract[] = "protocol"; /* all pictures are of one */

static fc_status gather(fc_labelled *l, const struct trial *t, enum role role, fc_error *err)
{
    fc_status s = FC_OK;

    for (size_t i = 0; i < t->set->n && !s; i++) {
        fc_trial_name name;
        if (t->role[i] != role || !fc_eval_has(t->set, i))
            continue;
        fc_trial_name_of(name, t->set->label[i]);
        s = fc_labelled_add(l, name, contract, fc_eval_row(t->set, i), t->set->dim, NULL, err);
    }
    return s;
}

fc_status fc_identify_train_head(struct trial *t, fc_error *err)
{
    fc_head_settings settings = FC_HEAD_DEFAULTS;
    const fc_head_work work = {.workers = t->set->workers};
    fc_head_input in = {.gallery = ""};
    fc_head_report report;
    fc_labelled *samples = NULL, *background = NULL;
    fc_status s = fc_labelled_new(&samples, err);

    settings.type = t->settings->head;
    settings.seed = t->settings->seed;
    if (!s)
        s = gather(samples, t, ENROLLED, err);
    if (!s && settings.type == FC_HEAD_LDA && !(s = fc_labelled_new(&background, err)))
        s = gather(background, t, UNUSED, err);
    in.samples = samples;
    in.background =
        background && *fc_labelled_contract(background) ? background : NULL; /* "": nobody is left for it */
    if (!s)
        s = fc_head_train(&t->head, &report, &in, &settings, &work, err);
    if (!s)
        s = fc_two_stage_new(&t->stages, t->head, t->table, contract, err);
    fc_labelled_free(samples);
    fc_labelled_free(background);
    return s;
}

/* Of the mated probes; at a threshold, or -INFINITY. */
static fc_paired pair_up(const struct trial *t, double threshold, double threshold_head)
{
    fc_paired out = {0};

    for (size_t i = 0; i < t->nmated; i++) {
        const struct probe *p = &t->probe[i];
        const bool before = p->rank == 1 && fc_accepts(p->score, threshold),
                   after = p->named && fc_accepts(p->score, threshold_head);
        out.lost += before && !after;
        out.won += !before && after;
    }
    out.p = fc_mcnemar(out.lost, out.won);
    return out;
}

fc_status fc_identify_count_head(fc_identify_result *out, const struct trial *t, fc_error *err)
{
    fc_identify_head *h = &out->head;
    double *score = calloc(t->nprobes + 1, sizeof *score); /* of mated probes, then of strangers */
    fc_status s = FC_OK;

    if (!score)
        return fc_fail_nomem(err, t->nprobes * sizeof *score);
    h->measured = true;
    for (size_t i = 0; i < t->nprobes; i++) {
        const struct probe *p = &t->probe[i];
        h->right += !p->stranger && p->named;
        score[i] = p->stranger || p->named ? p->score : -INFINITY;
    }
    h->first = pair_up(t, -1, -1);
    if (out->nonmated)
        s = fc_roc_from_scores(&h->roc, score, t->nmated, score + t->nmated, out->nonmated, err);
    free(score);
    if (s)
        return s;
    fc_identify_find_points(h->point, &h->roc);
    for (size_t i = 0; h->roc.n && i < FC_IDENTIFY_POINTS; i++)
        if (h->point[i].shown)
            h->at[i] = pair_up(t, out->point[i].at.threshold, h->point[i].at.threshold);
    return FC_OK;
}
