/* Two ways to embed, on the same pairs. */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/stats.h"
#include "eval/protocol_impl.h"

void fc_compare_result_clear(fc_compare_result *r)
{
    for (int i = 0; i < 2; i++)
        fc_pairs_result_clear(&r->side[i].pairs);
    free(r->changed);
    *r = (fc_compare_result){0};
}

/* Of pairs that have a score. Between vectors of unit length the squared distance is 2 - 2 cosine. */
static fc_compare_mean mean_of(const fc_pairs_result *p, bool same)
{
    fc_compare_mean m = {0};

    for (size_t i = 0; i < p->n; i++) {
        if (p->same[i] != same || !isfinite(p->score[i]))
            continue;
        m.n++;
        m.cosine += p->score[i];
        m.distance += sqrt(fmax(0, 2 - 2 * p->score[i]));
    }
    m.cosine = m.n ? m.cosine / (double)m.n : NAN;
    m.distance = m.n ? m.distance / (double)m.n : NAN;
    return m;
}

/* Of those pairs that are right after, or of those that are not. */
static void add_changed(fc_compare_result *c, const fc_pairs *p, bool right)
{
    const fc_pairs_result *was = &c->side[0].pairs, *is = &c->side[1].pairs;

    for (size_t i = 0; i < p->n; i++)
        if (is->common.right[i] == right && was->common.right[i] != right)
            c->changed[c->nchanged++] =
                (fc_eval_case){.a = p->pair[i].a,
                               .b = p->pair[i].b,
                               .same = p->pair[i].same,
                               .score = is->score[i],
                               .threshold = is->folds.fold[p->pair[i].fold].threshold};
}

fc_status fc_protocol_compare(fc_compare_result *out, const fc_eval_set *before, const fc_eval_set *after,
                              const fc_pairs *pairs, fc_error *err)
{
    const fc_eval_set *const set[] = {before, after};
    fc_status s = FC_OK;

    for (int i = 0; !s && i < 2; i++) {
        fc_compare_side *side = &out->side[i];
        s = fc_protocol_pairs(&side->pairs, set[i], pairs, err);
        if (s)
            return s;
        side->genuine = mean_of(&side->pairs, true);
        side->impostor = mean_of(&side->pairs, false);
    }
    for (size_t i = 0; i < pairs->n; i++) {
        const bool was = out->side[0].pairs.common.right[i], is = out->side[1].pairs.common.right[i];
        out->paired.lost += was && !is;
        out->paired.won += !was && is;
    }
    out->paired.p = fc_mcnemar(out->paired.lost, out->paired.won);
    if (!(out->changed = calloc(out->paired.lost + out->paired.won + 1, sizeof *out->changed)))
        return fc_fail_nomem(err, pairs->n * sizeof *out->changed);
    add_changed(out, pairs, false);
    add_changed(out, pairs, true);
    return FC_OK;
}
