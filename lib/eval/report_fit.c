#include <stdio.h>

#include "base/error.h"
#include "eval/fit.h"

static fc_status report_accuracy(fc_report *r, const char *what, const fc_fit_side *side, const char *note,
                                 fc_error *err)
{
    char name[120];

    snprintf(name, sizeof name, "accuracy, %s", what);
    return fc_report_row(r, name, note, err, "%.2f %% +- %.2f", 100 * side->accuracy, 100 * side->error);
}

static fc_status report_paired(fc_report *r, const char *against, const fc_paired *p, fc_error *err)
{
    char name[120], note[80];

    snprintf(name, sizeof name, "McNemar's test, %s", against);
    snprintf(note, sizeof note, "%llu right answers lost, %llu won", (unsigned long long)p->lost,
             (unsigned long long)p->won);
    return fc_report_row(r, name, note, err, "p = %.3g", p->p);
}

static json_t *side_json(const fc_fit_side *side, const char *name)
{
    return json_pack("{s:s, s:f, s:o}", "name", name, "accuracy", side->accuracy, "accuracy-se",
                     fc_report_number(side->error));
}

static json_t *paired_json(const fc_paired *p)
{
    return json_pack("{s:I, s:I, s:f}", "lost", (json_int_t)p->lost, "won", (json_int_t)p->won, "p", p->p);
}

fc_status fc_report_fit(fc_report *r, const fc_fit *fit, const char *const name[2], const char *list_sha256,
                        fc_error *err)
{
    char range[80];
    fc_status s;

    snprintf(range, sizeof range, "%g..%g, each fold left out once", fit->least, fit->most);
    if ((s = fc_report_row(r, "weights", range, err, "1, %g", fit->weight)) ||
        (s = report_accuracy(r, name[0], &fit->alone[0], NULL, err)) ||
        (s = report_accuracy(r, name[1], &fit->alone[1], NULL, err)) ||
        (s = report_accuracy(r, "both", &fit->both, "weight and threshold of each fold from the others",
                             err)) ||
        (s = report_paired(r, name[0], &fit->paired[0], err)) ||
        (s = report_paired(r, name[1], &fit->paired[1], err)))
        return s;
    return fc_report_set(r, NULL, "fusion",
                         json_pack("{s:s, s:I, s:i, s:[f, f], s:[f, f], s:[o, o], s:{s:f, s:o}, s:[o, o]}",
                                   "pairs_sha256", list_sha256, "pairs", (json_int_t)fit->pairs, "folds",
                                   fit->folds, "weights", 1.0, fit->weight, "folds_weights", fit->least,
                                   fit->most, "alone", side_json(&fit->alone[0], name[0]),
                                   side_json(&fit->alone[1], name[1]), "both", "accuracy", fit->both.accuracy,
                                   "accuracy-se", fc_report_number(fit->both.error), "paired",
                                   paired_json(&fit->paired[0]), paired_json(&fit->paired[1])),
                         err);
}
