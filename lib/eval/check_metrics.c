/* The metrics of reports, by the names that assertions have for them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "eval/checks.h"

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
    {"identify", "head-rank-1"},
    {"identify", "head-tpir@fpir="},
    {"identify", "head-fnir@fpir="},
    {"quality", "fte"},
    {"quality", "tar@far="},
    {"quality", "fnmr@fmr="},
    {"compare", "accuracy-before"},
    {"compare", "accuracy-after"},
    {"compare", "auc-before"},
    {"compare", "auc-after"},
    {"compare", "p"},
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

fc_status fc_metric_known(const char *command, const char *name, fc_error *err)
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
static double accepted_at(const fc_report *r, const fc_eval_result *result, double far)
{
    const json_t *point;
    size_t i;

    json_array_foreach(json_object_get(r->json, "operating_points"), i, point)
    {
        if (json_number_value(json_object_get(point, "far_target")) == far)
            return json_number_value(json_object_get(point, "tar"));
    }
    return fc_roc_at_far(&result->roc, far).tar;
}

/* A head's are those of the report. NAN: it has no such rate. */
static double head_accepts_at(const fc_report *r, double far)
{
    const json_t *point;
    size_t i;

    json_array_foreach(json_object_get(json_object_get(r->json, "head"), "operating_points"), i, point)
    {
        if (json_number_value(json_object_get(point, "far_target")) == far)
            return json_number_value(json_object_get(point, "tar"));
    }
    return NAN;
}

fc_status fc_metric(const fc_report *r, const fc_eval_result *result, const char *name, double *out,
                    fc_error *err)
{
    const json_t *value = json_object_get(json_object_get(r->json, "metrics"), name);
    const char *equals = strchr(name, '=');
    double parameter;

    if (json_is_number(value)) {
        *out = json_number_value(value);
        return FC_OK;
    }
    if (equals && !strncmp(name, FC_OF_HEAD, sizeof FC_OF_HEAD - 1)) {
        const double accepted =
            read_parameter(equals + 1, '=', &parameter) ? head_accepts_at(r, parameter) : NAN;
        if (isnan(accepted))
            return fc_fail(err, FC_EEMPTY,
                           "--assert: this run has no %s; a head's are those that the report has", name);
        *out = strstr(name, "fnir") ? 1 - accepted : accepted;
        return FC_OK;
    }
    if (equals && result->roc.n && read_parameter(equals + 1, '=', &parameter)) {
        if (!fc_roc_shows_far(&result->roc, parameter))
            return fc_fail(err, FC_EEMPTY,
                           "--assert %s: the rate is less than one of the %llu impostors there are, which "
                           "cannot show it",
                           name, (unsigned long long)result->roc.impostor);
        const double accepted = accepted_at(r, result, parameter);
        *out = !strncmp(name, "fn", 2) ? 1 - accepted : accepted;
        return FC_OK;
    }
    if (!strncmp(name, "rank-", 5) && read_parameter(name + 5, '-', &parameter) && result->probes &&
        parameter <= FC_EVAL_RANKS) {
        *out = (double)result->cmc[(size_t)parameter - 1] / (double)result->probes;
        return FC_OK;
    }
    return fc_fail(err, FC_EEMPTY, "--assert: this run has no %s", name);
}

uint64_t fc_metric_count(const fc_report *r, const fc_eval_result *result, const char *name)
{
    if (!strncmp(name, "rank-", 5))
        return result->probes;
    return (uint64_t)json_integer_value(
        json_array_get(json_object_get(json_object_get(r->json, "counts"), name), 1));
}
