/* What moved between two sets of lines: figures, a report, assertions about it. */
#ifndef FC_MONITOR_DRIFT_REPORT_H
#define FC_MONITOR_DRIFT_REPORT_H
#include "eval/checks.h"
#include "monitor/drift.h"

typedef struct fc_drift_result {
    const fc_drift_set *base, *now;
    size_t wanted;              /* bins that were asked for */
    fc_drift value[FC_DRIFT_N]; /* bins 0: too few samples; base and now say how many */
} fc_drift_result;

/* Sorts the sets' samples. FC_EDATA: no value has enough of them. */
fc_status fc_drift_compare_sets(fc_drift_result *out, fc_drift_set *base, fc_drift_set *now, size_t bins,
                                fc_error *err);
/* Of kind "drift". */
fc_status fc_drift_report(fc_report *r, const fc_drift_result *result, fc_error *err);

/* FIGURE(VALUE) OP NUMBER: psi(similarity)<=0.2; ks and p are the other figures. Before the work: FC_EUSAGE: it is none. */
fc_status fc_drift_assertion_check(const char *text, fc_error *err);
/* Adds the check. FC_EDATA: too few samples for the value, or for so low a bound; the message has the least number. */
fc_status fc_drift_assert(fc_checks *c, const char *text, const fc_drift_result *result, fc_error *err);

#endif
