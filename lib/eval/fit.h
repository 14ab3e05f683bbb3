/* What protocols look for: how much each of two models counts, and how often different people look the same. */
#ifndef FC_EVAL_FIT_H
#define FC_EVAL_FIT_H
#include "eval/report.h"

/* ---- two models' scores as one ---- */

typedef struct fc_fit_side {
    double accuracy, error; /* mean over the folds, and its standard error */
} fc_fit_side;

/* The score of a pair is the mean of both cosines, the first one's by a weight of 1. */
typedef struct fc_fit {
    double weight;              /* of the second one: that with the most right answers on all pairs */
    double least, most;         /* the same on the pairs of all folds but one, over the folds */
    fc_fit_side alone[2], both; /* both: each fold with the weight and threshold of the others */
    fc_paired paired[2];        /* both, against each alone */
    size_t pairs;
    int folds;
} fc_fit;

/* The set's vectors hold two of unit length but for a factor, the first of so many numbers. FC_EDATA: as fc_protocol_pairs. */
fc_status fc_fit_weights(fc_fit *out, const fc_eval_set *set, size_t first, const fc_pairs *p, fc_error *err);
/* Section "fusion"; name: the models'. */
fc_status fc_report_fit(fc_report *r, const fc_fit *fit, const char *const name[2], const char *list_sha256,
                        fc_error *err);

/* ---- the curve ---- */

enum {
    FC_FIT_ERRORS = 30
}; /* that a rate wants: within 30 % of the truth 9 times in 10 (Doddington et al. 2000) */

/* Ten rates a decade, from 0.1 down to the last that so many false matches are behind; n is 0 where there is none. FC_EDATA: as
 * fc_protocol_all_pairs. */
fc_status fc_fit_curve(fc_fmr_curve *out, const fc_eval_set *set, fc_error *err);

#endif
