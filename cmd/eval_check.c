#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/error.h"
#include "base/text.h"
#include "eval.h"
#include "eval/stats.h"
#include "eval/report_file.h"
#include "say.h"

#define SIGNIFICANT 0.05 /* p of the paired test below which a difference counts */

/* ---- assertions: METRIC OP NUMBER ---- */

typedef struct assertion {
    char metric[64];
    enum { AT_LEAST, AT_MOST, ABOVE, BELOW, EQUAL } op;
    double value;
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
    return fc_fail(err, FC_EUSAGE, "--assert: want METRIC>=NUMBER (or <=, >, <, ==), got '%s'", text);
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

fc_status eval_check_asserts(const fc_texts *asserts, const char *command, fc_error *err)
{
    assertion a;
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < asserts->n; i++)
        if (!(s = parse_assertion(&a, asserts->text[i], err)))
            s = eval_knows_metric(command, a.metric, err);
    return s;
}

/* Adds a check; failure NULL: passed. */
static fc_status add_check(json_t *checks, const char *name, const char *failure, size_t *failed,
                           fc_error *err)
{
    if (failure) {
        say("%s", failure);
        ++*failed;
    }
    return json_array_append_new(checks, json_pack("[s, s?]", name, failure)) ? fc_fail_nomem(err, 0) : FC_OK;
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
static fc_status check_shown(const evaluation *e, const assertion *a, fc_error *err)
{
    const uint64_t n = eval_metric_count(e, a->metric);
    const json_int_t enrolled =
        json_integer_value(json_object_get(json_object_get(e->report, "protocol"), "enrolled"));
    const double misses = to_compare((1 - a->value) * (double)n);
    const char *end;
    double rank;

    if (!strcmp(a->metric, "strangers-named")) {
        const uint64_t pictures = n / (uint64_t)e->args->folds; /* each is asked about in every fold */
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

static fc_status check_assertion(const evaluation *e, const char *text, json_t *checks, size_t *failed,
                                 fc_error *err)
{
    assertion a;
    double got;
    char failure[200];
    fc_status s = parse_assertion(&a, text, err);

    if (s || (s = eval_metric(e, a.metric, &got, err)) || (s = check_shown(e, &a, err)))
        return s;
    got = to_compare(got);
    snprintf(failure, sizeof failure, "assertion failed: %s is %.12g, wanted %s %.12g", a.metric, got,
             ops[a.op], a.value);
    return add_check(checks, text, holds(&a, got) ? NULL : failure, failed, err);
}

/* ---- the baseline ---- */

fc_status eval_load_baseline(json_t **out, const char *path, const char *command, fc_error *err)
{
    fc_status s = fc_report_load(out, path, "fc-eval", err);

    if (s)
        return s;
    if (strcmp(fc_report_kind(*out), command)) {
        s = fc_fail(err, FC_EDATA, "%s: a report of fc-eval %s, this is fc-eval %s", path,
                    fc_report_kind(*out), command);
        json_decref(*out);
        *out = NULL;
    }
    return s;
}

static const char *protocol(const json_t *report, const char *name)
{
    const char *text = json_string_value(json_object_get(json_object_get(report, "protocol"), name));
    return text ? text : "";
}

/* Questions that one of the two runs answered rightly and the other wrongly; share: of right answers before. */
static fc_status count_changes(const json_t *was, const json_t *is, uint64_t *worse, uint64_t *better,
                               double *share, fc_error *err)
{
    const char *of_was, *of_is, *before, *after;
    size_t n, n_is;

    *worse = *better = 0;
    *share = 0;
    if (json_unpack((json_t *)is, "{s:{s:s, s:s%}}", "answers", "of", &of_is, "right", &after, &n_is) ||
        json_unpack((json_t *)was, "{s:{s:s, s:s%}}", "answers", "of", &of_was, "right", &before, &n))
        return fc_fail(err, FC_EFORMAT, "--baseline: a report without answers that could be compared");
    if (strcmp(of_was, of_is) || n != n_is)
        return fc_fail(err, FC_EDATA, "--baseline: other questions were asked there (%s)",
                       strcmp(protocol(was, "dataset_sha256"), protocol(is, "dataset_sha256"))
                           ? "other pictures"
                           : "other pairs or probes");
    for (size_t i = 0; i < n; i++) {
        *worse += before[i] == '1' && after[i] != '1';
        *better += before[i] != '1' && after[i] == '1';
        *share += before[i] == '1' ? 1 / (double)n : 0;
    }
    return FC_OK;
}

static fc_status check_baseline(evaluation *e, const json_t *baseline, json_t *checks, size_t *failed,
                                fc_error *err)
{
    uint64_t worse, better;
    char note[200], failure[300];
    double was;
    fc_status s = count_changes(baseline, e->report, &worse, &better, &was, err);

    if (s)
        return s;
    const double p = fc_mcnemar(worse, better);
    const bool significant = p < SIGNIFICANT;
    const char *verdict = !significant ? "no significant difference" : worse > better ? "worse" : "better";
    snprintf(note, sizeof note, "%llu right answers lost, %llu won; McNemar's exact test p = %.3g: %s",
             (unsigned long long)worse, (unsigned long long)better, p, verdict);
    snprintf(failure, sizeof failure, "worse than the baseline (%.4f of the answers right): %s", was, note);
    if ((s = eval_row(e, "baseline", note, err, "%.2f %%", 100 * was)) ||
        (s = eval_set(e, NULL, "baseline",
                      json_pack("{s:f, s:I, s:I, s:f, s:s, s:s, s:s}", "right", was, "lost",
                                (json_int_t)worse, "won", (json_int_t)better, "p", p, "verdict", verdict,
                                "contract", protocol(baseline, "contract"), "version",
                                protocol(baseline, "version")),
                      err)))
        return s;
    return add_check(checks, "no worse than the baseline", significant && worse > better ? failure : NULL,
                     failed, err);
}

fc_status eval_checks(evaluation *e, const json_t *baseline, json_t **checks, size_t *failed, fc_error *err)
{
    fc_status s = FC_OK;

    *failed = 0;
    if (!(*checks = json_array()))
        return fc_fail_nomem(err, 0);
    for (size_t i = 0; !s && i < e->args->asserts.n; i++)
        s = check_assertion(e, e->args->asserts.text[i], *checks, failed, err);
    if (!s && baseline)
        s = check_baseline(e, baseline, *checks, failed, err);
    return s;
}

/* ---- JUnit ---- */

static void put_xml(FILE *f, const char *text)
{
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c == '&' || c == '<' || c == '>' || c == '"')
            fprintf(f, "&#%d;", c);
        else
            putc(c < 0x20 ? ' ' : c, f);
    }
}

fc_status eval_write_junit(const evaluation *e, const json_t *checks, const char *path, fc_error *err)
{
    size_t i, failures = 0;
    const json_t *check;
    fc_atomic_file f;
    fc_status s = fc_atomic_open(&f, path, err);

    if (s)
        return s;
    json_array_foreach(checks, i, check) failures += json_is_string(json_array_get(check, 1));
    fprintf(f.f,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<testsuite name=\"fc-eval %s\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" time=\"%.3f\">\n",
            e->command, json_array_size(checks), failures, e->t.seconds);
    json_array_foreach(checks, i, check)
    {
        const char *failure = json_string_value(json_array_get(check, 1));
        fprintf(f.f, "  <testcase classname=\"fc-eval.%s\" name=\"", e->command);
        put_xml(f.f, json_string_value(json_array_get(check, 0)));
        if (failure) {
            fputs("\"><failure message=\"", f.f);
            put_xml(f.f, failure);
            fputs("\"/></testcase>\n", f.f);
        } else {
            fputs("\"/>\n", f.f);
        }
    }
    fputs("</testsuite>\n", f.f);
    if (ferror(f.f)) {
        s = fc_fail_errno(err, path);
        fc_atomic_discard(&f);
        return s;
    }
    return fc_atomic_commit(&f, err);
}
