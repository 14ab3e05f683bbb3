/* Assertions: METRIC OP NUMBER. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "eval/assertion.h"
#include "eval/checks.h"
#include "eval/checks_impl.h"

/* Of a head's metric, instead of a number: what the same metric is without the head. */
static const char *const words[] = {"cosine", NULL};

static fc_status parse(fc_assertion *a, const char *text, fc_error *err)
{
    const fc_status s = fc_assertion_parse(a, text, words, err);

    if (s || (a->word && strncmp(a->metric, FC_OF_HEAD, sizeof FC_OF_HEAD - 1) != 0))
        return fc_fail(
            err, FC_EUSAGE,
            "--assert: want METRIC>=NUMBER (or <=, >, <, ==; of a head's metric also 'cosine'), got '%s'",
            text);
    return FC_OK;
}

fc_status fc_assertion_check(const char *text, const char *command, fc_error *err)
{
    fc_assertion a;
    const fc_status s = parse(&a, text, err);

    return s ? s : fc_metric_known(command, a.metric, err);
}

/* Whether the run has as much data as the bound takes: to promise that less than one of a thousand strangers gets a name
 * takes a thousand. 1 is no promise for others: it says that all of these were right. */
static fc_status check_shown(const fc_report *r, const fc_eval_result *result, const fc_assertion *a,
                             fc_error *err)
{
    const uint64_t n = fc_metric_count(r, result, a->metric);
    const json_int_t enrolled =
        json_integer_value(json_object_get(json_object_get(r->json, "protocol"), "enrolled"));
    const double misses = fc_assertion_round((1 - a->value) * (double)n);
    const char *end;
    double rank;

    if (!strcmp(a->metric, "strangers-named")) {
        const uint64_t pictures = result->stranger_pictures;
        if (n && fc_assertion_claims_at_most(a) && fc_assertion_round(a->value * (double)pictures) < 1)
            return fc_fail(
                err, FC_EEMPTY,
                "--assert %s: the rate is less than one of the %llu strangers' pictures there are, "
                "which cannot show it",
                a->metric, (unsigned long long)pictures);
        return FC_OK;
    }
    if (!strncmp(a->metric, "rank-", 5) && fc_text_read_number(&rank, a->metric + 5, &end) &&
        rank >= (double)enrolled)
        return fc_fail(err, FC_EEMPTY,
                       "--assert %s: with %lld people enrolled everybody is among the first %s, which shows "
                       "nothing",
                       a->metric, (long long)enrolled, a->metric + 5);
    if (n && fc_assertion_claims_at_least(a) && misses > 0 && misses < 1)
        return fc_fail(err, FC_EEMPTY,
                       "--assert %s: %.12g wants less than one wrong answer in %llu, which cannot show it",
                       a->metric, a->value, (unsigned long long)n);
    return FC_OK;
}

fc_status fc_checks_assert(fc_checks *c, const char *text, const fc_report *r, const fc_eval_result *result,
                           fc_error *err)
{
    fc_assertion a;
    double got;
    char failure[200];
    fc_status s = parse(&a, text, err);

    if (s || (s = fc_metric(r, result, a.metric, &got, err)))
        return s;
    s = a.word ? fc_metric(r, result, a.metric + sizeof FC_OF_HEAD - 1, &a.value, err)
               : check_shown(r, result, &a, err);
    if (s)
        return s;
    a.value = fc_assertion_round(a.value);
    got = fc_assertion_round(got);
    snprintf(failure, sizeof failure, "assertion failed: %s is %.12g, wanted %s %.12g%s", a.metric, got,
             fc_assertion_op(&a), a.value, a.word ? ", the cosine's" : "");
    return fc_checks_add(c, text, fc_assertion_holds(&a, got) ? NULL : failure, err);
}
