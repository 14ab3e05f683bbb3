/* A head's part of the report of open-set identification. */
#include <stdio.h>

#include "base/error.h"
#include "base/stats.h"
#include "eval/report.h"

static json_t *paired_json(const fc_paired *p)
{
    return json_pack("{s:I, s:I, s:f}", "lost", (json_int_t)p->lost, "won", (json_int_t)p->won, "p", p->p);
}

/* "; 10 more right than by the cosine, 2 fewer, p = 0.04" */
static void put_paired(char *to, size_t size, const fc_paired *p)
{
    snprintf(to, size, "; against the cosine %llu won, %llu lost, McNemar's p = %.3g",
             (unsigned long long)p->won, (unsigned long long)p->lost, p->p);
}

static fc_status report_first(fc_report *r, json_t *o, const fc_identify_result *p, fc_error *err)
{
    const fc_identify_head *h = &p->head;
    const double rate = (double)h->right / (double)p->mated;
    const fc_interval in = fc_clopper_pearson(h->right, p->mated, FC_CONFIDENCE);
    char note[300];

    const int n = snprintf(note, sizeof note, "%.2f..%.2f, %llu of %zu probes", 100 * in.low, 100 * in.high,
                           (unsigned long long)h->right, p->mated);
    put_paired(note + n, sizeof note - (size_t)n, &h->first);
    if (json_object_set_new(o, "rank-1", json_real(rate)) ||
        json_object_set_new(o, "rank-1_interval", fc_report_interval(in)) ||
        json_object_set_new(o, "rank-1_paired", paired_json(&h->first)))
        return fc_fail_nomem(err, 0);
    const fc_status s = fc_report_set_rate(r, "head-rank-1", rate, h->right, p->mated, err);
    return s ? s : fc_report_row(r, "rank-1, head", note, err, "%.2f %%", 100 * rate);
}

static fc_status report_point(fc_report *r, json_t *points, const fc_eval_point *point,
                              const fc_paired *paired, fc_error *err)
{
    const fc_operating_point *p = &point->at;
    const fc_interval in = {1 - p->tar_interval.high, 1 - p->tar_interval.low};
    json_t *o = point->shown ? fc_report_point(point) : NULL;
    char name[40], note[300];

    snprintf(name, sizeof name, "FNIR at FPIR %.0e, head", point->target);
    if (!point->shown)
        return fc_report_row_unshown(r, name, "strangers' probes", p->nimpostor, err);
    if (!o || json_object_set_new(o, "paired", paired_json(paired)) || json_array_append(points, o)) {
        json_decref(o);
        return fc_fail_nomem(err, 0);
    }
    json_decref(o);
    const int n = snprintf(note, sizeof note, "%.2f..%.2f, at %.4f: %llu of %llu", 100 * in.low,
                           100 * in.high, p->threshold, (unsigned long long)(p->ngenuine - p->genuine),
                           (unsigned long long)p->ngenuine);
    put_paired(note + n, sizeof note - (size_t)n, paired);
    return fc_report_row(r, name, note, err, "%.2f %%", 100 * (1 - p->tar));
}

fc_status fc_report_identify_head(fc_report *r, const fc_identify_result *p, const fc_identify_settings *a,
                                  fc_error *err)
{
    const fc_identify_head *h = &p->head;
    json_t *o = json_pack("{s:s}", "type", fc_head_type_name(a->head)), *points = json_array();
    fc_status s = o && points ? FC_OK : fc_fail_nomem(err, 0);

    if (!s && !(s = fc_report_row(r, "head", "who it is, where the cosine says that it is somebody", err,
                                  "%s", fc_head_type_name(a->head))))
        s = report_first(r, o, p, err);
    for (size_t i = 0; !s && h->roc.n && i < FC_IDENTIFY_POINTS; i++)
        s = report_point(r, points, &h->point[i], &h->at[i], err);
    if (!s && json_object_set(o, "operating_points", points))
        s = fc_fail_nomem(err, 0);
    if (!s)
        s = fc_report_set(r, NULL, "head", json_incref(o), err);
    json_decref(points);
    json_decref(o);
    return s;
}
