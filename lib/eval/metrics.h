/*
 * What scores say: curves and operating points (1:1 and 1:N), and the LFW protocol.
 *
 * A higher score means more alike; a comparison is accepted when score >= threshold. A comparison that could
 * not be made, because no face was found, has the score -INFINITY: it is rejected at every threshold and
 * stays in the denominators (generalised rates of ISO/IEC 19795-1).
 */
#ifndef FC_EVAL_METRICS_H
#define FC_EVAL_METRICS_H
#include "base/stats.h"

/* ---- curves ---- */

typedef struct fc_roc_point {
    double threshold;
    uint64_t genuine, impostor; /* accepted at it */
} fc_roc_point;

/* All operating points by falling threshold: the first one, at INFINITY, accepts nothing, then one for each
 * distinct score; the last one accepts everything. */
typedef struct fc_roc {
    fc_roc_point *point; /* [n], owned */
    size_t n;
    uint64_t genuine, impostor; /* comparisons */
} fc_roc;

/* FC_EDATA when one of the two sets is empty or a score is NAN. */
fc_status fc_roc_from_scores(fc_roc *out, const double *genuine, size_t ngenuine, const double *impostor,
                             size_t nimpostor, fc_error *err);
/* From counts in bins by rising score: bin i holds scores s with edge[i] <= s < edge[i + 1]; edge [n], and
 * edge[0] may be -INFINITY. Exact at the edges, which are the thresholds. */
fc_status fc_roc_from_counts(fc_roc *out, const double *edge, const uint64_t *genuine,
                             const uint64_t *impostor, size_t n, fc_error *err);
void fc_roc_clear(fc_roc *r);

/* Area under the curve: the probability that a genuine comparison scores higher than an impostor, plus half
 * of that of a tie (Mann and Whitney). Exact. */
double fc_roc_auc(const fc_roc *r);

typedef struct fc_eer {
    double rate, threshold;
} fc_eer;
/* Where the false match rate equals the false non-match rate, on the straight line between the two operating
 * points around it. */
fc_eer fc_roc_eer(const fc_roc *r);

typedef struct fc_operating_point {
    double threshold;
    uint64_t genuine, impostor; /* accepted, of how many: */
    uint64_t ngenuine, nimpostor;
    double tar, far;
    fc_interval tar_interval, far_interval; /* Clopper-Pearson at FC_CONFIDENCE */
} fc_operating_point;

/* Whether there are impostors enough to show such a rate: one false accept is not more than it. Of fewer, every
 * threshold that accepts none would pass. */
bool fc_roc_shows_far(const fc_roc *r, double far);
/* At the lowest threshold whose false accept rate does not exceed far; no interpolation. */
fc_operating_point fc_roc_at_far(const fc_roc *r, double far);
fc_operating_point fc_roc_at_threshold(const fc_roc *r, double threshold);
/* False accepts that a rate allows. */
uint64_t fc_allowed(double far, uint64_t impostors);

/* ---- the LFW protocol ---- */

typedef struct fc_fold {
    double threshold; /* from the other folds */
    uint64_t right, n;
} fc_fold;

typedef struct fc_folds {
    fc_fold *fold; /* [n], owned */
    size_t n;
    double mean;  /* of the folds' accuracies */
    double error; /* standard error of the mean: their standard deviation (n - 1) by the square root of n */
} fc_folds;

/* The threshold with the most right answers, by the rule of match/decide.h. Candidates are the middles between
 * neighbouring distinct scores, the lowest score and the number behind the highest; of those that are equally good, the
 * middle one (of two, the lower). Scores of -INFINITY are always answered with "different". */
fc_status fc_best_threshold(double *threshold, const double *score, const bool *same, size_t n,
                            fc_error *err);

/* Huang et al. 2007, "Labeled Faces in the Wild", view 2: each fold is answered with the threshold of
 * fc_best_threshold on all other folds. fold[i] in 0..nfolds-1, each with a pair; nfolds >= 2. answer [n]:
 * what the protocol says of each pair; may be NULL. */
fc_status fc_folds_run(fc_folds *out, const double *score, const bool *same, const int *fold, size_t n,
                       int nfolds, bool *answer, fc_error *err);
void fc_folds_clear(fc_folds *f);

/* ---- identification ---- */

/* Cumulative match characteristic: hits[k - 1] of n probes have their person among the first k. rank [n]: 1
 * is the best, 0 is none. FPIR and FNIR are an fc_roc: genuine is the score of the best candidate where it is
 * the right one, else -INFINITY; impostor is that of people who are not enrolled. */
void fc_cmc(const size_t *rank, size_t n, uint64_t *hits, size_t kmax);

#endif
