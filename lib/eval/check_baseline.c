/* Better or worse than an earlier run? */
#include <stdio.h>
#include <string.h>

#include "base/stats.h"
#include "base/error.h"
#include "eval/checks.h"
#include "eval/checks_impl.h"
#include "eval/report_file.h"

#define SIGNIFICANT 0.05 /* p of the paired test below which a difference counts */

fc_status fc_baseline_load(json_t **out, const char *path, const char *command, fc_error *err)
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

fc_status fc_checks_baseline(fc_checks *c, const json_t *baseline, fc_report *r, fc_error *err)
{
    uint64_t worse, better;
    char note[200], failure[300];
    double was;
    fc_status s = count_changes(baseline, r->json, &worse, &better, &was, err);

    if (s)
        return s;
    const double p = fc_mcnemar(worse, better);
    const bool significant = p < SIGNIFICANT;
    const char *verdict = !significant ? "no significant difference" : worse > better ? "worse" : "better";
    snprintf(note, sizeof note, "%llu right answers lost, %llu won; McNemar's exact test p = %.3g: %s",
             (unsigned long long)worse, (unsigned long long)better, p, verdict);
    snprintf(failure, sizeof failure, "worse than the baseline (%.4f of the answers right): %s", was, note);
    if ((s = fc_report_row(r, "baseline", note, err, "%.2f %%", 100 * was)) ||
        (s = fc_report_set(r, NULL, "baseline",
                           json_pack("{s:f, s:I, s:I, s:f, s:s, s:s, s:s}", "right", was, "lost",
                                     (json_int_t)worse, "won", (json_int_t)better, "p", p, "verdict", verdict,
                                     "contract", protocol(baseline, "contract"), "version",
                                     protocol(baseline, "version")),
                           err)))
        return s;
    return fc_checks_add(c, "no worse than the baseline", significant && worse > better ? failure : NULL,
                         err);
}
