#include "monitor/drift_report.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/stats.h"
#include "eval/assertion.h"
#include "eval/checks_impl.h"
#include "monitor/drift_names.h"

static size_t samples_of(const fc_drift *d)
{
    return d->base < d->now ? d->base : d->now;
}

fc_status fc_drift_compare_sets(fc_drift_result *out, fc_drift_set *base, fc_drift_set *now, size_t bins,
                                fc_error *err)
{
    size_t most = 0, enough = 0;

    *out = (fc_drift_result){.base = base, .now = now, .wanted = bins};
    for (size_t i = 0; i < FC_DRIFT_N; i++) {
        fc_drift *d = &out->value[i];
        const fc_status s = fc_drift_compare(d, base->value[i].v, base->value[i].n, now->value[i].v,
                                             now->value[i].n, bins, err);
        if (s && s != FC_EDATA)
            return s;
        enough += !s;
        if (samples_of(d) > samples_of(&out->value[most]))
            most = i;
    }
    if (enough)
        return FC_OK;
    if (!samples_of(&out->value[most]))
        return fc_fail(err, FC_EDATA, "no value has samples on both sides: %llu and %llu lines",
                       (unsigned long long)base->lines, (unsigned long long)now->lines);
    return fc_fail(
        err, FC_EDATA, "too few samples: at most %zu and %zu (%s); %zu bins want %zu of each at least",
        out->value[most].base, out->value[most].now, fc_drift_names[most], bins, bins * FC_DRIFT_PER_BIN);
}

/* ---- the report ---- */

static json_t *quantiles(const double q[3])
{
    return json_pack("[f, f, f]", q[0], q[1], q[2]);
}

static json_t *value_json(const fc_drift *d)
{
    if (!d->bins)
        return json_pack("{s:I, s:I}", "base", (json_int_t)d->base, "now", (json_int_t)d->now);
    return json_pack("{s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:o, s:o}", "base", (json_int_t)d->base, "now",
                     (json_int_t)d->now, "bins", (json_int_t)d->bins, "psi", d->psi, "psi_noise", d->noise,
                     "ks", d->ks, "p", d->p, "base_quantiles", quantiles(d->base_quantile), "now_quantiles",
                     quantiles(d->now_quantile));
}

static json_t *rate_json(uint64_t k, uint64_t n)
{
    return json_pack("{s:I, s:I, s:o, s:o}", "k", (json_int_t)k, "n", (json_int_t)n, "rate",
                     n ? json_real((double)k / (double)n) : json_null(), "interval",
                     fc_report_interval(fc_clopper_pearson(k, n, FC_CONFIDENCE)));
}

static json_t *side_json(const fc_drift_set *s)
{
    return json_pack("{s:I, s:o, s:o, s:o}", "lines", (json_int_t)s->lines, "no_face",
                     rate_json(s->faceless, s->pictures), "match", rate_json(s->matched, s->decided),
                     "failed", rate_json(s->failed, s->lines));
}

fc_status fc_drift_report(fc_report *r, const fc_drift_result *result, fc_error *err)
{
    fc_status s = fc_report_begin(r, "drift", err);

    if (!s)
        s = fc_report_set(r, NULL, "bins", json_integer((json_int_t)result->wanted), err);
    if (!s)
        s = fc_report_set(r, NULL, "base", side_json(result->base), err);
    if (!s)
        s = fc_report_set(r, NULL, "now", side_json(result->now), err);
    for (size_t i = 0; !s && i < FC_DRIFT_N; i++)
        if (result->value[i].base || result->value[i].now)
            s = fc_report_set(r, "values", fc_drift_names[i], value_json(&result->value[i]), err);
    return s;
}

/* ---- assertions ---- */

static const char *const figures[] = {"psi", "ks", "p"};
enum figure { PSI, KS, P, FIGURES };

/* psi(similarity) */
static bool find_metric(const char *metric, enum figure *figure, size_t *value)
{
    for (size_t i = 0; i < FIGURES; i++)
        for (size_t k = 0; k < FC_DRIFT_N; k++) {
            char name[64];
            snprintf(name, sizeof name, "%s(%s)", figures[i], fc_drift_names[k]);
            if (strcmp(metric, name) != 0)
                continue;
            *figure = (enum figure)i;
            *value = k;
            return true;
        }
    return false;
}

fc_status fc_drift_assertion_check(const char *text, fc_error *err)
{
    fc_assertion a;
    enum figure figure;
    size_t value;
    const fc_status s = fc_assertion_parse(&a, text, NULL, err);

    if (s || find_metric(a.metric, &figure, &value))
        return s;
    return fc_fail(err, FC_EUSAGE,
                   "--assert: no figure '%s'; there are psi, ks and p, each of " FC_NAMES_AND(
                       FC_DRIFT_VALUES) ", as in psi(similarity)",
                   a.metric);
}

static fc_status check_shown(const fc_drift_result *result, const fc_assertion *a, enum figure figure,
                             const fc_drift *d, fc_error *err)
{
    if (!d->bins)
        return fc_fail(err, FC_EDATA, "--assert %s: %zu and %zu samples; %zu bins want %zu of each at least",
                       a->metric, d->base, d->now, result->wanted, result->wanted * FC_DRIFT_PER_BIN);
    if (figure == PSI && fc_assertion_claims_at_most(a) && 2 * d->noise > a->value && a->value > 0)
        return fc_fail(
            err, FC_EDATA,
            "--assert %s: %.12g is less than twice what chance gives for %zu and %zu samples; %zu bins "
            "want %zu of each",
            a->metric, a->value, d->base, d->now, d->bins, fc_drift_least(d->bins, a->value));
    return FC_OK;
}

fc_status fc_drift_assert(fc_checks *c, const char *text, const fc_drift_result *result, fc_error *err)
{
    fc_assertion a;
    enum figure figure;
    size_t value;
    char failure[200];
    fc_status s = fc_assertion_parse(&a, text, NULL, err);

    if (s)
        return s;
    if (!find_metric(a.metric, &figure, &value))
        return fc_drift_assertion_check(text, err);
    const fc_drift *d = &result->value[value];
    s = check_shown(result, &a, figure, d, err);
    if (s)
        return s;
    const double got = fc_assertion_round(figure == PSI ? d->psi : figure == KS ? d->ks : d->p);
    snprintf(failure, sizeof failure, "assertion failed: %s is %.12g, wanted %s %.12g", a.metric, got,
             fc_assertion_op(&a), a.value);
    return fc_checks_add(c, text, fc_assertion_holds(&a, got) ? NULL : failure, err);
}
