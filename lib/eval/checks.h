/*
 * What may fail a run: assertions, METRIC OP NUMBER, such as "accuracy>=0.992" or "tar@far=1e-3>=97.5%", and a comparison
 * with an earlier run.
 */
#ifndef FC_EVAL_CHECKS_H
#define FC_EVAL_CHECKS_H
#include "eval/report.h"

typedef struct fc_check {
    char *name;    /* the assertion, or "no worse than the baseline"; owned */
    char *failure; /* one line; NULL: it passed. Owned */
} fc_check;

typedef struct fc_checks {
    fc_check *check; /* [n], owned */
    size_t n, cap;
    size_t failed; /* of them */
} fc_checks;
void fc_checks_clear(fc_checks *c);

/* Before the work: whether text is an assertion that the command's report can answer. FC_EUSAGE names its metrics. */
fc_status fc_assertion_check(const char *text, const char *command, fc_error *err);
/* Adds the check of one assertion. FC_EEMPTY: the run gave no such metric, or has too little data to show the bound. */
fc_status fc_checks_assert(fc_checks *c, const char *text, const fc_report *r, const fc_eval_result *result,
                           fc_error *err);

/* Reads an earlier report, and refuses one of another command. *out: the caller's to json_decref; NULL on error. */
fc_status fc_baseline_load(json_t **out, const char *path, const char *command, fc_error *err);
/* Compares the answers of the two reports by McNemar's exact test: adds the check, and the comparison to the report. FC_EDATA:
 * other questions were asked there. */
fc_status fc_checks_baseline(fc_checks *c, const json_t *baseline, fc_report *r, fc_error *err);

/* The checks as JUnit's XML. seconds: that the run took. */
fc_status fc_checks_save_junit(const fc_checks *c, const char *command, double seconds, const char *path,
                               fc_error *err);

/* ---- metrics ---- */

#define FC_OF_HEAD "head-" /* before the name of a metric: the same, with a head */

/* Of how many a metric is a rate; 0: of no count, or nobody knows. */
uint64_t fc_metric_count(const fc_report *r, const fc_eval_result *result, const char *name);
/* Whether a command has the metric, such as accuracy or tar@far=1e-3; FC_EUSAGE names those it has. */
fc_status fc_metric_known(const char *command, const char *name, fc_error *err);
/* Its value; FC_EEMPTY when this run gave none, or its impostors are too few to show the rate. */
fc_status fc_metric(const fc_report *r, const fc_eval_result *result, const char *name, double *out,
                    fc_error *err);

#endif
