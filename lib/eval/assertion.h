/* An assertion: METRIC OP NUMBER, such as "accuracy>=0.992" or "tar@far=1e-3>=97.5%". */
#ifndef FC_EVAL_ASSERTION_H
#define FC_EVAL_ASSERTION_H
#include "facecheck.h"

typedef struct fc_assertion {
    char metric[64];
    enum { FC_AT_LEAST, FC_AT_MOST, FC_ABOVE, FC_BELOW, FC_EQUAL } op;
    double value;
    const char *word; /* instead of a number: one of the words; borrowed from them. NULL: a number */
} fc_assertion;

/* words: what may stand for the number, NULL-terminated; NULL: none. FC_EUSAGE: it is none. */
fc_status fc_assertion_parse(fc_assertion *a, const char *text, const char *const *words, fc_error *err);
/* Both to twelve places: what a mean has behind them is rounding, and would fail what a message shows as equal. */
double fc_assertion_round(double v);
bool fc_assertion_holds(const fc_assertion *a, double got);
const char *fc_assertion_op(const fc_assertion *a);
bool fc_assertion_claims_at_least(const fc_assertion *a);
bool fc_assertion_claims_at_most(const fc_assertion *a);

#endif
