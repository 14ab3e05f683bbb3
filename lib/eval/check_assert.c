/* Assertions: METRIC OP NUMBER. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "eval/checks.h"
#include "eval/checks_impl.h"

typedef struct assertion {
    char metric[64];
    enum { AT_LEAST, AT_MOST, ABOVE, BELOW, EQUAL } op;
    double value;
    bool cosine; /* instead of a value: what the same metric is without the head */
} assertion;

static const char *const ops[] = {
    [AT_LEAST] = ">=", [AT_MOST] = "<=", [EQUAL] = "==", [ABOVE] = ">", [BELOW] = "<"};

/* To twelve places: what a mean of folds has behind them is rounding, and would fail what the message shows as equal. */
static double to_compare(double v)
{
    return round(v * 1e12) / 1e12;
}

static fc_status parse_assertion(assertion *a, const char *text, fc_error *err)
{
    /* A metric's name may have an equals sign: tar@far=1e-3. */
    const char *at = strpbrk(text, "<>"), *twice = strstr(text, "==");
    const char *stop;

    if (!at || (twice && twice < at))
        at = twice;
    if (at && at != text && (size_t)(at - text) < sizeof a->metric) {
        static const int longest_first[] = {AT_LEAST, AT_MOST, EQUAL, ABOVE, BELOW};
        size_t n = (size_t)(at - text);
        memcpy(a->metric, text, n);
        while (n && a->metric[n - 1] == ' ')
            n--;
        a->metric[n] = '\0';
        for (size_t i = 0; i < sizeof longest_first / sizeof *longest_first; i++) {
            const char *op = ops[longest_first[i]];
            if (strncmp(at, op, strlen(op)))
                continue;
            a->op = longest_first[i];
            at += strlen(op);
            at += strspn(at, " \t");
            a->cosine = n && !strcmp(at, "cosine");
            if (a->cosine && !strncmp(a->metric, FC_OF_HEAD, sizeof FC_OF_HEAD - 1))
                return FC_OK;
            if (!fc_text_read_number(&a->value, at, &stop))
                break;
            if (*stop == '%') {
                a->value /= 100;
                stop++;
            }
            a->value = to_compare(a->value);
            if (!*stop && n)
                return FC_OK;
            break;
        }
    }
    return fc_fail(
        err, FC_EUSAGE,
        "--assert: want METRIC>=NUMBER (or <=, >, <, ==; of a head's metric also 'cosine'), got '%s'", text);
}

/* Both are as to_compare has them. */
static bool holds(const assertion *a, double got)
{
    switch (a->op) {
    case AT_LEAST:
        return got >= a->value;
    case AT_MOST:
        return got <= a->value;
    case ABOVE:
        return got > a->value;
    case BELOW:
        return got < a->value;
    case EQUAL:
        return got == a->value;
    }
    return false;
}

fc_status fc_assertion_check(const char *text, const char *command, fc_error *err)
{
    assertion a;
    const fc_status s = parse_assertion(&a, text, err);

    return s ? s : fc_metric_known(command, a.metric, err);
}

static bool claims_at_least(const assertion *a)
{
    return a->op == AT_LEAST || a->op == ABOVE || a->op == EQUAL;
}

static bool claims_at_most(const assertion *a)
{
    return a->op == AT_MOST || a->op == BELOW || a->op == EQUAL;
}

/* Whether the run has as much data as the bound takes: to promise that less than one of a thousand strangers gets a name
 * takes a thousand. 1 is no promise for others: it says that all of these were right. */
static fc_status check_shown(const fc_report *r, const fc_eval_result *result, const assertion *a,
                             fc_error *err)
{
    const uint64_t n = fc_metric_count(r, result, a->metric);
    const json_int_t enrolled =
        json_integer_value(json_object_get(json_object_get(r->json, "protocol"), "enrolled"));
    const double misses = to_compare((1 - a->value) * (double)n);
    const char *end;
    double rank;

    if (!strcmp(a->metric, "strangers-named")) {
        const uint64_t pictures = result->stranger_pictures;
        if (n && claims_at_most(a) && to_compare(a->value * (double)pictures) < 1)
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
    if (n && claims_at_least(a) && misses > 0 && misses < 1)
        return fc_fail(err, FC_EEMPTY,
                       "--assert %s: %.12g wants less than one wrong answer in %llu, which cannot show it",
                       a->metric, a->value, (unsigned long long)n);
    return FC_OK;
}

fc_status fc_checks_assert(fc_checks *c, const char *text, const fc_report *r, const fc_eval_result *result,
                           fc_error *err)
{
    assertion a;
    double got;
    char failure[200];
    fc_status s = parse_assertion(&a, text, err);

    if (s || (s = fc_metric(r, result, a.metric, &got, err)))
        return s;
    s = a.cosine ? fc_metric(r, result, a.metric + sizeof FC_OF_HEAD - 1, &a.value, err)
                 : check_shown(r, result, &a, err);
    if (s)
        return s;
    a.value = to_compare(a.value);
    got = to_compare(got);
    snprintf(failure, sizeof failure, "assertion failed: %s is %.12g, wanted %s %.12g%s", a.metric, got,
             ops[a.op], a.value, a.cosine ? ", the cosine's" : "");
    return fc_checks_add(c, text, holds(&a, got) ? NULL : failure, err);
}
