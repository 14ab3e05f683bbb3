/*
 * Reports of protocols, fc-eval(1): JSON for programs, {"v": 1, "kind": ...}, and lines for people. A protocol's section is
 * written from its result; what else the caller knows (model, detector, data set) it sets itself, "protocol" before.
 */
#ifndef FC_EVAL_REPORT_H
#define FC_EVAL_REPORT_H
#include <jansson.h>

#include "facecheck.h"

typedef struct fc_report {
    json_t *json;
    json_t *rows; /* [[name, value, note]...] */
} fc_report;

/* kind: "pairs", "compare", "all-pairs", "identify", "knn", "quality" or "calibrate". r is to be cleared in any case. */
fc_status fc_report_begin(fc_report *r, const char *kind, fc_error *err);
void fc_report_clear(fc_report *r);
/* The JSON into a file: whole or not at all. */
fc_status fc_report_save(const fc_report *r, const char *path, fc_error *err);

/* ---- from results; FC_ENOMEM is their only failure ---- */

/* Each with the set that was measured, whose paths it names, and, once fc_eval_causes was asked, the wrong answers.
 * list_sha256: of the list of pairs. */
fc_status fc_report_pairs(fc_report *r, const fc_pairs_result *result, const fc_eval_set *set,
                          const char *list_sha256, fc_error *err);
fc_status fc_report_all_pairs(fc_report *r, const fc_all_pairs_result *result, const fc_eval_set *set,
                              fc_error *err);
/* The same for a threshold that was looked for: the first point, which is shown, is it. Its description becomes "meaning". */
fc_status fc_report_calibrate(fc_report *r, const fc_all_pairs_result *result, fc_error *err);
fc_status fc_report_identify(fc_report *r, const fc_identify_result *result, const fc_eval_set *set,
                             const fc_identify_settings *settings, fc_error *err);
/* What a side is called, and the contract that its embeddings have, or come from. */
typedef struct fc_compare_name {
    const char *name, *contract;
} fc_compare_name;
/* kind "compare": "sides" has for each what "pairs" has, as far as figures take it. */
fc_status fc_report_compare(fc_report *r, const fc_compare_result *result, const fc_compare_name name[2],
                            const char *list_sha256, fc_error *err);
/* Of identification, the head's part; fc_report_identify writes it. */
fc_status fc_report_identify_head(fc_report *r, const fc_identify_result *result,
                                  const fc_identify_settings *settings, fc_error *err);
/* kind "quality": curves of errors against what is left out, section "discard". */
fc_status fc_report_discard(fc_report *r, const fc_discard_result *result, fc_error *err);
fc_status fc_report_knn(fc_report *r, const fc_knn_protocol_result *result, const fc_eval_set *set,
                        const fc_knn_protocol_settings *settings, fc_error *err);
/* The pictures without a template, and the rate of them. message [set->n]: why there is none. */
fc_status fc_report_failures(fc_report *r, const fc_eval_set *set, const char *const *message, fc_error *err);

/* ---- parts ---- */

/* Sets json[section][name], or json[name] where section is NULL. Takes value; NULL is a lack of memory. */
fc_status fc_report_set(fc_report *r, const char *section, const char *name, json_t *value, fc_error *err);
/* A rate as a metric, and how many of how many it is, which says what --assert may ask of it. */
fc_status fc_report_set_rate(fc_report *r, const char *name, double rate, uint64_t k, uint64_t n,
                             fc_error *err);
/* A line for people. note may be NULL. */
fc_status fc_report_row(fc_report *r, const char *name, const char *note, fc_error *err, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* The same for a rate that so many impostors cannot show. */
fc_status fc_report_row_unshown(fc_report *r, const char *name, const char *whats, uint64_t impostors,
                                fc_error *err);
json_t *fc_report_number(double v); /* null where it is not finite */
json_t *fc_report_interval(fc_interval i);
json_t *fc_report_point(const fc_eval_point *p);
/* Wrong answers, the first max of them, and how many there are of each cause. */
fc_status fc_report_cases(fc_report *r, const fc_eval_result *result, const fc_eval_set *set, size_t max,
                          fc_error *err);
/* [[threshold, fmr, tar]...]: so many points that the curve looks the same. */
json_t *fc_report_curve(const fc_roc *roc);
json_t *fc_report_histogram(const fc_eval_result *result);
/* Which of the questions were answered rightly, for a later run to be compared with. of: what tells the questions, such as
 * the hash of their list; the pictures are told by the section "protocol". */
fc_status fc_report_answers(fc_report *r, const char *of, const fc_eval_result *result, fc_error *err);

#endif
