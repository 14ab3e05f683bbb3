/* Reports of fc-eval and fc-bench, {"v": 1, "kind": ...}: what they share, and reading them again. */
#ifndef FC_EVAL_REPORT_FILE_H
#define FC_EVAL_REPORT_FILE_H
#include <jansson.h>

#include "facecheck.h"

/* Its kind is text; a report that says less, or is of another version, is refused. of: whose reports count, for the
 * message. The caller's to json_decref; NULL on error. */
fc_status fc_report_load(json_t **out, const char *path, const char *of, fc_error *err);
const char *fc_report_kind(const json_t *report);

/* A member of an object of a report: a number, NAN where there is none; text, "" where there is none. */
double fc_report_real(const json_t *o, const char *key);
const char *fc_report_text(const json_t *o, const char *key);

/* The time that a report says it was made: "2026-11-25T23:52:26Z". */
void fc_report_time(char out[32]);

#endif
