#include "eval/report.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/codec.h"
#include "base/error.h"
#include "pipeline/record.h"
#include "base/text.h"

fc_status fc_report_begin(fc_report *r, const char *kind, fc_error *err)
{
    r->json = json_pack("{s:i, s:s, s:s}", "v", 1, "kind", kind, "version", fc_version());
    r->rows = json_array();
    return r->json && r->rows ? FC_OK : fc_fail_nomem(err, 0);
}

void fc_report_clear(fc_report *r)
{
    json_decref(r->json);
    json_decref(r->rows);
    *r = (fc_report){0};
}

json_t *fc_report_number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

json_t *fc_report_interval(fc_interval i)
{
    return json_pack("[o, o]", fc_report_number(i.low), fc_report_number(i.high));
}

json_t *fc_report_point(const fc_eval_point *point)
{
    const fc_operating_point *p = &point->at;
    json_t *one = json_pack(
        "{s:f, s:o, s:f, s:o, s:[I, I], s:f, s:o, s:[I, I]}", "far_target", point->target, "threshold",
        fc_report_number(p->threshold), "tar", p->tar, "tar_interval", fc_report_interval(p->tar_interval),
        "genuine", (json_int_t)p->genuine, (json_int_t)p->ngenuine, "far", p->far, "far_interval",
        fc_report_interval(p->far_interval), "impostor", (json_int_t)p->impostor, (json_int_t)p->nimpostor);

    if (one && !isnan(point->fnmr_people.low))
        json_object_set_new(one, "fnmr_interval_people", fc_report_interval(point->fnmr_people));
    if (one && !isnan(point->far_people.low))
        json_object_set_new(one, "far_interval_people", fc_report_interval(point->far_people));
    return one;
}

/* A point may go when the line between its neighbours passes through it, or no eye tells the difference: on a
 * logarithmic axis of rates, of which the smallest is one comparison. */
static bool is_needed(const fc_roc *r, const fc_roc_point *last, const fc_roc_point *p,
                      const fc_roc_point *next)
{
    if ((last->impostor == p->impostor && p->impostor == next->impostor) ||
        (last->genuine == p->genuine && p->genuine == next->genuine))
        return false;
    if (r->n < 4000)
        return true;
    double fmr = log10((double)(next->impostor + 1) / (double)(last->impostor + 1));
    double fnmr = log10((double)(r->genuine - last->genuine + 1) / (double)(r->genuine - next->genuine + 1));
    double tar = (double)(next->genuine - last->genuine) / (double)r->genuine;
    return fmr > 0.01 || fnmr > 0.01 || tar > 0.002;
}

json_t *fc_report_curve(const fc_roc *r)
{
    json_t *curve = json_array();
    size_t last = 0;

    for (size_t i = 0; curve && i < r->n; i++) {
        const fc_roc_point *p = &r->point[i];
        if (i > 0 && i + 1 < r->n && !is_needed(r, &r->point[last], p, &r->point[i + 1]))
            continue;
        last = i;
        if (json_array_append_new(curve, json_pack("[o, f, f]", fc_report_number(p->threshold),
                                                   (double)p->impostor / (double)r->impostor,
                                                   (double)p->genuine / (double)r->genuine))) {
            json_decref(curve);
            curve = NULL;
        }
    }
    return curve;
}

static json_t *counts(const uint64_t *n)
{
    json_t *a = json_array();

    for (size_t i = 0; a && i < FC_EVAL_BINS; i++)
        if (json_array_append_new(a, json_integer((json_int_t)n[i]))) {
            json_decref(a);
            a = NULL;
        }
    return a;
}

json_t *fc_report_histogram(const fc_eval_result *r)
{
    return json_pack("{s:[i, i], s:o, s:o}", "range", -1, 1, "genuine", counts(r->genuine), "impostor",
                     counts(r->impostor));
}

fc_status fc_report_set(fc_report *r, const char *section, const char *name, json_t *value, fc_error *err)
{
    json_t *in = r->json;

    if (section && !(in = json_object_get(r->json, section))) {
        in = json_object();
        if (json_object_set_new(r->json, section, in))
            in = NULL;
    }
    return json_object_set_new(in, name, value) ? fc_fail_nomem(err, 0) : FC_OK;
}

fc_status fc_report_set_rate(fc_report *r, const char *name, double rate, uint64_t k, uint64_t n,
                             fc_error *err)
{
    const fc_status s = fc_report_set(r, "metrics", name, fc_report_number(rate), err);

    return s ? s : fc_report_set(r, "counts", name, json_pack("[I, I]", (json_int_t)k, (json_int_t)n), err);
}

fc_status fc_report_row(fc_report *r, const char *name, const char *note, fc_error *err, const char *fmt, ...)
{
    char *value;
    va_list ap;

    va_start(ap, fmt);
    int n = vasprintf(&value, fmt, ap);
    va_end(ap);
    if (n < 0)
        return fc_fail_nomem(err, 0);
    n = json_array_append_new(r->rows, json_pack("[s, s, s]", name, value, note ? note : ""));
    free(value);
    return n ? fc_fail_nomem(err, 0) : FC_OK;
}

fc_status fc_report_row_unshown(fc_report *r, const char *name, const char *whats, uint64_t impostors,
                                fc_error *err)
{
    char note[100];

    snprintf(note, sizeof note, "less than one of the %llu %s", (unsigned long long)impostors, whats);
    return fc_report_row(r, name, note, err, "not measurable");
}

fc_status fc_report_answers(fc_report *r, const char *of, const fc_eval_result *result, fc_error *err)
{
    const char *dataset =
        json_string_value(json_object_get(json_object_get(r->json, "protocol"), "dataset_sha256"));
    const size_t n = result->nright;
    char *text = malloc(n + 1), hash[FC_SHA256_HEX], *both = NULL;
    fc_status s = FC_OK;

    if (!text || asprintf(&both, "%s\n%s\n", dataset ? dataset : "", of) < 0) {
        free(text);
        return fc_fail_nomem(err, n);
    }
    for (size_t i = 0; i < n; i++)
        text[i] = result->right[i] ? '1' : '0';
    fc_sha256_hex(hash, both, strlen(both));
    s = fc_report_set(r, NULL, "answers", json_pack("{s:s, s:s%}", "of", hash, "right", text, n), err);
    free(both);
    free(text);
    return s;
}

fc_status fc_report_save(const fc_report *r, const char *path, fc_error *err)
{
    const fc_record whole = {r->json};
    fc_atomic_file f;
    fc_status s = fc_atomic_open(&f, path, err);

    if (s)
        return s;
    s = fc_record_write(&whole, f.f, err);
    if (s) {
        fc_atomic_discard(&f);
        return s;
    }
    return fc_atomic_commit(&f, err);
}
