/* What went wrong: pictures without a template, and wrong answers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "eval/report.h"

enum { TOLD = 10 }; /* pictures that a line names */

static json_t *failure_json(const fc_eval_picture *p, const char *message)
{
    char *path = fc_text_escape(p->path, strlen(p->path)), *why = fc_text_escape(message, strlen(message));
    json_t *one = path && why ? json_pack("{s:s, s:s, s:s}", "image", path, "state",
                                          fc_eval_cause_name(p->missing), "message", why)
                              : NULL;

    free(why);
    free(path);
    return one;
}

static json_t *failures_json(const fc_eval_set *set, const char *const *message)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < set->n; i++)
        if (set->picture[i].missing &&
            json_array_append_new(list, failure_json(&set->picture[i], message[i]))) {
            json_decref(list);
            list = NULL;
        }
    return list;
}

static fc_status tell_failures(fc_report *r, const fc_eval_set *set, size_t total, fc_error *err)
{
    fc_status s = FC_OK;

    for (size_t i = 0, told = 0; !s && i < set->n && told < TOLD; i++) {
        const fc_eval_picture *p = &set->picture[i];
        if (!p->missing)
            continue;
        char *path = fc_text_escape(p->path, strlen(p->path));
        s = path ? fc_report_row(r, "", path, err, "%s", fc_eval_cause_name(p->missing))
                 : fc_fail_nomem(err, 0);
        free(path);
        if (!s && ++told == TOLD && total > TOLD)
            s = fc_report_row(r, "", "the report (-o) names all", err, "and %zu more", total - TOLD);
    }
    return s;
}

fc_status fc_report_failures(fc_report *r, const fc_eval_set *set, const char *const *message, fc_error *err)
{
    size_t of[FC_EVAL_CAUSES] = {0};
    char note[120];
    fc_status s;

    for (size_t i = 0; i < set->n; i++)
        of[set->picture[i].missing]++;
    const size_t total = set->n - of[FC_CAUSE_NONE];
    const double fte = set->n ? (double)total / (double)set->n : NAN;
    snprintf(note, sizeof note, "%zu not decoded, %zu not detected, %zu not embedded",
             of[FC_CAUSE_NOT_DECODED], of[FC_CAUSE_NOT_DETECTED], of[FC_CAUSE_NOT_EMBEDDED]);
    if ((s = fc_report_set(r, NULL, "failures", failures_json(set, message), err)) ||
        (s = fc_report_set(r, "metrics", "fte", fc_report_number(fte), err)) ||
        (s = fc_report_row(r, "without template", note, err, "%zu of %zu pictures", total, set->n)))
        return s;
    return tell_failures(r, set, total, err);
}

static json_t *case_json(const fc_eval_set *set, const fc_eval_case *c)
{
    const char *path[2] = {set->picture[c->a].path, set->picture[c->b].path};
    char *a = fc_text_escape(path[0], strlen(path[0])), *b = fc_text_escape(path[1], strlen(path[1]));
    json_t *one = NULL;

    if (a && b)
        one = json_pack("{s:s, s:s, s:b, s:o, s:f, s:s}", "a", a, "b", b, "same", c->same, "score",
                        fc_report_number(c->score), "threshold", c->threshold, "cause",
                        fc_eval_cause_name(c->cause));
    free(a);
    free(b);
    return one;
}

/* "13 below threshold, 6 above threshold" */
static fc_status report_causes(fc_report *r, const size_t of[FC_EVAL_CAUSES], fc_error *err)
{
    json_t *all = json_object();
    char note[300] = "";
    size_t wrong = 0, used = 0;

    for (int k = FC_CAUSE_NONE + 1; k < FC_EVAL_CAUSES; k++) {
        const char *name = fc_eval_cause_name((fc_eval_cause)k);
        json_object_set_new(all, name, json_integer((json_int_t)of[k]));
        if (of[k] && used < sizeof note)
            used +=
                (size_t)snprintf(note + used, sizeof note - used, "%s%zu %s", used ? ", " : "", of[k], name);
        wrong += of[k];
    }
    fc_status s = fc_report_set(r, NULL, "causes", all, err);
    return s ? s : fc_report_row(r, "wrong answers", note, err, "%zu", wrong);
}

fc_status fc_report_cases(fc_report *r, const fc_eval_result *result, const fc_eval_set *set, size_t max,
                          fc_error *err)
{
    size_t of[FC_EVAL_CAUSES] = {0};
    json_t *list = json_array();
    fc_status s;

    for (size_t i = 0; i < result->ncases; i++) {
        const fc_eval_case *c = &result->cases[i];
        of[c->cause]++;
        if (c->cause && json_array_size(list) < max && json_array_append_new(list, case_json(set, c))) {
            json_decref(list);
            return fc_fail_nomem(err, 0);
        }
    }
    s = fc_report_set(r, NULL, "errors", list, err);
    return s ? s : report_causes(r, of, err);
}
