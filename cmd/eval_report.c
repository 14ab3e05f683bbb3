#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/error.h"
#include "base/text.h"
#include "base/record.h"
#include "eval.h"

json_t *eval_number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

json_t *eval_interval(fc_interval i)
{
    return json_pack("[o, o]", eval_number(i.low), eval_number(i.high));
}

json_t *eval_point(const fc_operating_point *p, double target)
{
    return json_pack("{s:f, s:o, s:f, s:o, s:[I, I], s:f, s:o, s:[I, I]}", "far_target", target, "threshold",
                     eval_number(p->threshold), "tar", p->tar, "tar_interval", eval_interval(p->tar_interval),
                     "genuine", (json_int_t)p->genuine, (json_int_t)p->ngenuine, "far", p->far,
                     "far_interval", eval_interval(p->far_interval), "impostor", (json_int_t)p->impostor,
                     (json_int_t)p->nimpostor);
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

json_t *eval_curve(const fc_roc *r)
{
    json_t *curve = json_array();
    size_t last = 0;

    for (size_t i = 0; curve && i < r->n; i++) {
        const fc_roc_point *p = &r->point[i];
        if (i > 0 && i + 1 < r->n && !is_needed(r, &r->point[last], p, &r->point[i + 1]))
            continue;
        last = i;
        if (json_array_append_new(curve, json_pack("[o, f, f]", eval_number(p->threshold),
                                                   (double)p->impostor / (double)r->impostor,
                                                   (double)p->genuine / (double)r->genuine))) {
            json_decref(curve);
            curve = NULL;
        }
    }
    return curve;
}

size_t eval_bin(double score)
{
    double bin = floor((score + 1) * EVAL_BINS / 2);
    return bin < 0 ? 0 : bin > EVAL_BINS - 1 ? EVAL_BINS - 1 : (size_t)bin;
}

static json_t *counts(const uint64_t *n)
{
    json_t *a = json_array();

    for (size_t i = 0; a && i < EVAL_BINS; i++)
        if (json_array_append_new(a, json_integer((json_int_t)n[i]))) {
            json_decref(a);
            a = NULL;
        }
    return a;
}

json_t *eval_histogram(const uint64_t *genuine, const uint64_t *impostor)
{
    return json_pack("{s:[i, i], s:o, s:o}", "range", -1, 1, "genuine", counts(genuine), "impostor",
                     counts(impostor));
}

fc_status eval_set(evaluation *e, const char *section, const char *name, json_t *value, fc_error *err)
{
    json_t *in = e->report;

    if (section && !(in = json_object_get(e->report, section))) {
        in = json_object();
        if (json_object_set_new(e->report, section, in))
            in = NULL;
    }
    return json_object_set_new(in, name, value) ? fc_fail_nomem(err, 0) : FC_OK;
}

fc_status eval_set_rate(evaluation *e, const char *name, double rate, uint64_t k, uint64_t n, fc_error *err)
{
    const fc_status s = eval_set(e, "metrics", name, eval_number(rate), err);

    return s ? s : eval_set(e, "counts", name, json_pack("[I, I]", (json_int_t)k, (json_int_t)n), err);
}

fc_status eval_row(evaluation *e, const char *name, const char *note, fc_error *err, const char *fmt, ...)
{
    char *value;
    va_list ap;

    va_start(ap, fmt);
    int n = vasprintf(&value, fmt, ap);
    va_end(ap);
    if (n < 0)
        return fc_fail_nomem(err, 0);
    n = json_array_append_new(e->rows, json_pack("[s, s, s]", name, value, note ? note : ""));
    free(value);
    return n ? fc_fail_nomem(err, 0) : FC_OK;
}

fc_status eval_row_unshown(evaluation *e, const char *name, const char *whats, uint64_t impostors,
                           fc_error *err)
{
    char note[100];

    snprintf(note, sizeof note, "less than one of the %llu %s", (unsigned long long)impostors, whats);
    return eval_row(e, name, note, err, "not measurable");
}

fc_status eval_report_answers(evaluation *e, const char *of, const bool *right, size_t n, fc_error *err)
{
    const char *dataset =
        json_string_value(json_object_get(json_object_get(e->report, "protocol"), "dataset_sha256"));
    char *text = malloc(n + 1), hash[FC_SHA256_HEX], *both = NULL;
    fc_status s = FC_OK;

    if (!text || asprintf(&both, "%s\n%s\n", dataset, of) < 0) {
        free(text);
        return fc_fail_nomem(err, n);
    }
    for (size_t i = 0; i < n; i++)
        text[i] = right[i] ? '1' : '0';
    fc_sha256_hex(hash, both, strlen(both));
    s = eval_set(e, NULL, "answers", json_pack("{s:s, s:s%}", "of", hash, "right", text, n), err);
    free(both);
    free(text);
    return s;
}

/* ---- metrics for assertions ---- */

static const struct {
    const char *command, *metric; /* those that end with = are followed by a rate, rank- by a number */
} metrics[] = {
    {"pairs", "accuracy"},
    {"pairs", "accuracy-se"},
    {"pairs", "auc"},
    {"pairs", "eer"},
    {"pairs", "fte"},
    {"pairs", "tar@far="},
    {"pairs", "fnmr@fmr="},
    {"all-pairs", "auc"},
    {"all-pairs", "eer"},
    {"all-pairs", "fte"},
    {"all-pairs", "tar@far="},
    {"all-pairs", "fnmr@fmr="},
    {"calibrate", "fte"},
    {"calibrate", "tar@far="},
    {"calibrate", "fnmr@fmr="},
    {"identify", "rank-"},
    {"identify", "tpir@fpir="},
    {"identify", "fnir@fpir="},
    {"identify", "fte"},
    {"knn", "accuracy"},
    {"knn", "answered"},
    {"knn", "strangers-named"},
    {"knn", "fte"},
};

/* The number behind a metric's name: a rate 0..1, or a rank. */
static bool read_parameter(const char *text, char kind, double *out)
{
    const char *stop;

    if (kind != '=' && kind != '-')
        return !*text;
    return *text != '-' && fc_text_read_number(out, text, &stop) && !*stop &&
           (kind == '=' ? *out <= 1 : *out >= 1 && *out == floor(*out));
}

fc_status eval_knows_metric(const char *command, const char *name, fc_error *err)
{
    char known[300] = "";
    double parameter;

    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) {
        const char *m = metrics[i].metric;
        const size_t n = strlen(m), used = strlen(known);
        if (strcmp(metrics[i].command, command))
            continue;
        if (!strncmp(name, m, n) && read_parameter(name + n, m[n - 1], &parameter))
            return FC_OK;
        snprintf(known + used, sizeof known - used, "%s%s%s", used ? ", " : "", m,
                 m[n - 1] == '='   ? "X"
                 : m[n - 1] == '-' ? "N"
                                   : "");
    }
    return fc_fail(err, FC_EUSAGE, "--assert: fc-eval %s has no metric '%s'; there are %s", command, name,
                   *known ? known : "none");
}

/* At the rate, as the table has it where it has that one. */
static double accepted_at(const evaluation *e, double far)
{
    const json_t *point;
    size_t i;

    json_array_foreach(json_object_get(e->report, "operating_points"), i, point)
    {
        if (json_number_value(json_object_get(point, "far_target")) == far)
            return json_number_value(json_object_get(point, "tar"));
    }
    return fc_roc_at_far(&e->roc, far).tar;
}

fc_status eval_metric(const evaluation *e, const char *name, double *out, fc_error *err)
{
    const json_t *value = json_object_get(json_object_get(e->report, "metrics"), name);
    const char *equals = strchr(name, '=');
    double parameter;

    if (json_is_number(value)) {
        *out = json_number_value(value);
        return FC_OK;
    }
    if (equals && e->roc.n && read_parameter(equals + 1, '=', &parameter)) {
        if (!fc_roc_shows_far(&e->roc, parameter))
            return fc_fail(err, FC_EEMPTY,
                           "--assert %s: the rate is less than one of the %llu impostors there are, which "
                           "cannot show it",
                           name, (unsigned long long)e->roc.impostor);
        const double accepted = accepted_at(e, parameter);
        *out = !strncmp(name, "fn", 2) ? 1 - accepted : accepted;
        return FC_OK;
    }
    if (!strncmp(name, "rank-", 5) && read_parameter(name + 5, '-', &parameter) &&
        parameter <= (double)e->ncmc) {
        *out = (double)e->cmc[(size_t)parameter - 1] / (double)e->nprobes;
        return FC_OK;
    }
    return fc_fail(err, FC_EEMPTY, "--assert: this run has no %s", name);
}

uint64_t eval_metric_count(const evaluation *e, const char *name)
{
    if (!strncmp(name, "rank-", 5))
        return e->nprobes;
    return (uint64_t)json_integer_value(
        json_array_get(json_object_get(json_object_get(e->report, "counts"), name), 1));
}

/* ---- output ---- */

void eval_print(const evaluation *e)
{
    int width = 0;
    size_t i;
    json_t *row;

    json_array_foreach(e->rows, i, row)
    {
        const int n = (int)strlen(json_string_value(json_array_get(row, 0)));
        width = n > width ? n : width;
    }
    json_array_foreach(e->rows, i, row)
    {
        const char *name, *value, *note;
        json_unpack(row, "[s, s, s]", &name, &value, &note);
        printf("%-*s  ", width, name);
        fc_text_put(stdout, value, strlen(value));
        printf("%s%s\n", *note ? "  " : "", note);
    }
}

fc_status eval_write_report(const evaluation *e, const char *path, fc_error *err)
{
    const fc_record whole = {e->report};
    fc_atomic_file f;
    fc_status s;

    if (!path)
        return fc_record_write(&whole, stdout, err);
    if ((s = fc_atomic_open(&f, path, err)))
        return s;
    s = fc_record_write(&whole, f.f, err);
    if (s) {
        fc_atomic_discard(&f);
        return s;
    }
    return fc_atomic_commit(&f, err);
}
