/* The report of two ways to embed: a table with a column for each. */
#include <stdio.h>

#include "base/error.h"
#include "eval/report.h"

enum { COLUMN = 26 }; /* the first one's width */

typedef char cell[64];

static fc_status put(fc_report *r, const char *name, const cell value[2], fc_error *err)
{
    return fc_report_row(r, name, value[1], err, "%-*s", COLUMN, value[0]);
}

static json_t *mean_json(const fc_compare_mean *m)
{
    return json_pack("{s:I, s:o, s:o}", "pairs", (json_int_t)m->n, "cosine", fc_report_number(m->cosine),
                     "l2", fc_report_number(m->distance));
}

static json_t *points_json(const fc_pairs_result *p)
{
    json_t *points = json_array();

    for (size_t i = 0; points && i < FC_PAIRS_POINTS; i++)
        if (p->point[i].shown && json_array_append_new(points, fc_report_point(&p->point[i]))) {
            json_decref(points);
            points = NULL;
        }
    return points;
}

static json_t *side_json(const fc_compare_side *s, const fc_compare_name *name)
{
    const fc_pairs_result *p = &s->pairs;

    return json_pack("{s:s, s:s, s:o, s:o, s:f, s:o, s:f, s:f, s:o, s:o, s:o}", "name", name->name,
                     "contract", name->contract, "genuine", mean_json(&s->genuine), "impostor",
                     mean_json(&s->impostor), "accuracy", p->folds.mean, "accuracy-se",
                     fc_report_number(p->folds.error), "auc", p->auc, "eer", p->eer.rate, "operating_points",
                     points_json(p), "roc", fc_report_curve(&p->common.roc), "histogram",
                     fc_report_histogram(&p->common));
}

static fc_status report_means(fc_report *r, const fc_compare_result *c, bool same, fc_error *err)
{
    cell cosine[2], distance[2];
    char name[40];

    for (int i = 0; i < 2; i++) {
        const fc_compare_mean *m = same ? &c->side[i].genuine : &c->side[i].impostor;
        snprintf(cosine[i], sizeof cosine[i], "%.4f", m->cosine);
        snprintf(distance[i], sizeof distance[i], "%.4f", m->distance);
    }
    snprintf(name, sizeof name, "cosine, %s", same ? "same person" : "different people");
    const fc_status s = put(r, name, cosine, err);
    snprintf(name, sizeof name, "L2 distance, %s", same ? "same person" : "different people");
    return s ? s : put(r, name, distance, err);
}

static fc_status report_rates(fc_report *r, const fc_compare_result *c, fc_error *err)
{
    cell accuracy[2], auc[2], tar[2];
    fc_status s = FC_OK;

    for (int i = 0; i < 2; i++) {
        const fc_pairs_result *p = &c->side[i].pairs;
        snprintf(accuracy[i], sizeof accuracy[i], "%.2f %% +- %.2f", 100 * p->folds.mean,
                 100 * p->folds.error);
        snprintf(auc[i], sizeof auc[i], "%.5f", p->auc);
    }
    if ((s = put(r, "accuracy", accuracy, err)) || (s = put(r, "AUC", auc, err)))
        return s;
    for (size_t k = 0; !s && k < FC_PAIRS_POINTS; k++) {
        char name[32];
        for (int i = 0; i < 2; i++) {
            const fc_eval_point *p = &c->side[i].pairs.point[k];
            const fc_interval in = p->at.tar_interval;
            if (p->shown)
                snprintf(tar[i], sizeof tar[i], "%.2f %% (%.2f..%.2f)", 100 * p->at.tar, 100 * in.low,
                         100 * in.high);
            else
                snprintf(tar[i], sizeof tar[i], "not measurable");
        }
        snprintf(name, sizeof name, "TAR at FAR %.0e", c->side[0].pairs.point[k].target);
        s = put(r, name, tar, err);
    }
    return s;
}

static fc_status report_metrics(fc_report *r, const fc_compare_result *c, fc_error *err)
{
    const struct {
        const char *name;
        double value;
    } metrics[] = {{"accuracy-before", c->side[0].pairs.folds.mean},
                   {"accuracy-after", c->side[1].pairs.folds.mean},
                   {"auc-before", c->side[0].pairs.auc},
                   {"auc-after", c->side[1].pairs.auc},
                   {"p", c->paired.p}};
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < sizeof metrics / sizeof *metrics; i++)
        s = fc_report_set(r, "metrics", metrics[i].name, fc_report_number(metrics[i].value), err);
    return s;
}

fc_status fc_report_compare(fc_report *r, const fc_compare_result *c, const fc_compare_name name[2],
                            const char *list_sha256, fc_error *err)
{
    const fc_paired *p = &c->paired;
    cell shown[2];
    char note[120];
    fc_status s;

    for (int i = 0; i < 2; i++)
        snprintf(shown[i], sizeof shown[i], "%s", name[i].name);
    snprintf(note, sizeof note, "%llu right answers lost, %llu won", (unsigned long long)p->lost,
             (unsigned long long)p->won);
    if ((s = fc_report_set(r, "protocol", "name", json_string("pairs, two ways to embed"), err)) ||
        (s = fc_report_set(r, "protocol", "pairs_sha256", json_string(list_sha256), err)) ||
        (s = fc_report_set(r, "protocol", "pairs", json_integer((json_int_t)c->side[0].pairs.n), err)) ||
        (s = fc_report_set(r, "protocol", "folds", json_integer((json_int_t)c->side[0].pairs.folds.n),
                           err)) ||
        (s = put(r, "", shown, err)) || (s = report_means(r, c, true, err)) ||
        (s = report_means(r, c, false, err)) || (s = report_rates(r, c, err)) ||
        (s = fc_report_row(r, "McNemar's test", note, err, "p = %-*.3g", COLUMN - 4, p->p)) ||
        (s = report_metrics(r, c, err)) ||
        (s = fc_report_set(
             r, NULL, "sides",
             json_pack("[o, o]", side_json(&c->side[0], &name[0]), side_json(&c->side[1], &name[1])), err)))
        return s;
    return fc_report_set(
        r, NULL, "paired",
        json_pack("{s:I, s:I, s:f}", "lost", (json_int_t)p->lost, "won", (json_int_t)p->won, "p", p->p), err);
}
