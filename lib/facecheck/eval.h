/* How well faces are told apart: protocols, their counts and curves. */
#ifndef FACECHECK_EVAL_H
#define FACECHECK_EVAL_H

#include <math.h>
#include "facecheck/detect.h"
#include "facecheck/head.h"
#include "facecheck/match.h"
#include "facecheck/quality.h"

FC_BEGIN_DECLS

/*
 * What scores say: curves and operating points (1:1 and 1:N), and the LFW protocol.
 *
 * A higher score means more alike; a comparison is accepted when score >= threshold. A comparison that could
 * not be made, because no face was found, has the score -INFINITY: it is rejected at every threshold and
 * stays in the denominators (generalised rates of ISO/IEC 19795-1).
 */

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

/* The threshold with the most right answers, by the rule of fc_accepts. Candidates are the middles between
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

/* ---- lists of pairs ---- */

/*
 * LFW's pairs.txt. Its first line is "FOLDS\tN" (view 2) or "N" (one fold); then each fold has N matched and
 * N mismatched pairs, one a line:
 *   NAME\tI\tJ           pictures I and J of one person
 *   NAME\tI\tOTHER\tJ    pictures of two
 * Picture I of NAME is NAME/NAME_000I.jpg, with four digits or as many as it takes. A line without a tab has blanks
 * in their place; lines may end in CRLF, and the file begin with a byte-order mark.
 */

typedef struct fc_pair {
    size_t a, b; /* pictures */
    bool same;
    int fold; /* from 0 */
} fc_pair;

typedef struct fc_pairs {
    char **image; /* [nimages], owned: paths below the dataset's folder, each once, in order of appearance */
    size_t nimages;
    fc_pair *pair; /* [n], owned, in the file's order */
    size_t n;
    int folds;
} fc_pairs;

/* name is for messages, which give the line. A name with a slash, or one that could leave the folder, is
 * refused. */
fc_status fc_pairs_parse(fc_pairs *out, const char *text, size_t n, const char *name, fc_error *err);
void fc_pairs_clear(fc_pairs *p);

/* ---- protocols ---- */

/*
 * How well faces are told apart: protocols that take the templates of a labelled set and give counts, curves and the cases
 * that went wrong. Nothing is decoded or embedded here. The same input gives the same result, with any number of workers.
 *
 * A result is empty ({0}) before, and the caller's to fc_..._clear after a protocol has run, failed or not.
 */

/* ---- what is measured ---- */

/* Why there is no template, or why an answer is wrong. */
typedef enum fc_eval_cause {
    FC_CAUSE_NONE,
    FC_CAUSE_NOT_DECODED,
    FC_CAUSE_NOT_DETECTED,
    FC_CAUSE_NOT_EMBEDDED,
    FC_CAUSE_WRONG_FACE,  /* other faces of the two pictures would have been accepted */
    FC_CAUSE_BELOW,       /* threshold: the same person */
    FC_CAUSE_ABOVE,       /* threshold: different people */
    FC_CAUSE_OTHER_NEARER /* somebody else was the first */
} fc_eval_cause;
enum { FC_EVAL_CAUSES = FC_CAUSE_OTHER_NEARER + 1 };
const char *fc_eval_cause_name(fc_eval_cause c); /* "not decoded" ...; "" for FC_CAUSE_NONE */

typedef struct fc_eval_picture {
    const char *path;
    fc_eval_cause missing; /* why it has no template; FC_CAUSE_NONE: it has one */
    size_t found;          /* faces in it */
    fc_face face;          /* the one whose template it is */
    bool has_quality;
    fc_quality quality; /* of its photo */
} fc_eval_picture;

/* Borrowed while a protocol runs. */
typedef struct fc_eval_set {
    const fc_eval_picture *picture; /* [n] */
    const float *v;                 /* [n][dim], unit length; where there is no template, nothing looks */
    size_t n, dim;
    const uint32_t *label; /* [n]: whom it shows, below people; fc_protocol_pairs does without */
    size_t people;
    int workers; /* threads, >= 1 */
} fc_eval_set;

/* Numbers for names, in the order of the names' bytes: label [n], people of them. */
fc_status fc_eval_label(uint32_t *label, size_t *people, const char *const *name, size_t n, fc_error *err);

/* ---- what comes out of every protocol ---- */

/* A comparison that is looked at on its own. */
typedef struct fc_eval_case {
    size_t a, b; /* pictures */
    bool same;
    double score;        /* -INFINITY: none */
    double threshold;    /* that it was answered with */
    bool other_nearer;   /* identification: somebody else was the first */
    fc_eval_cause cause; /* of a wrong answer, once fc_eval_causes was asked; FC_CAUSE_NONE for a right one */
} fc_eval_case;

enum { FC_EVAL_BINS = 256, FC_EVAL_RANKS = 20 };

typedef struct fc_eval_result {
    fc_roc roc; /* 1:1, or of open-set identification; n is 0 where there are no strangers, and for k-NN */
    /* Scores in bins of -1..1; those outside are counted in the last ones, -INFINITY is left out. */
    uint64_t genuine[FC_EVAL_BINS], impostor[FC_EVAL_BINS];
    fc_eval_case *cases; /* [ncases], owned: the worst first */
    size_t ncases;
    bool *
        right; /* [nright], owned: the answers to the protocol's questions, in their order; NULL: it asks none */
    size_t nright;
    uint64_t cmc[FC_EVAL_RANKS]; /* identification: probes that have their person among the first k + 1 ... */
    uint64_t probes;             /* ... of so many */
    uint64_t stranger_pictures;  /* k-NN: each was asked about in every fold */
} fc_eval_result;
void fc_eval_result_clear(fc_eval_result *r);

size_t fc_eval_bin(double score);

/* An operating point that was asked for. */
typedef struct fc_eval_point {
    double target; /* the rate of false matches that it keeps; its own, where a threshold was asked for */
    bool shown;    /* there are impostors enough to show such a rate; else the rest is empty */
    fc_operating_point at;
    /* Intervals over people, whose pairs are not independent; NAN where the errors are too many to look at. */
    fc_interval far_people, fnmr_people;
} fc_eval_point;

/* ---- 1:1, pairs that are given: LFW's protocol ---- */

enum { FC_PAIRS_POINTS = 2 }; /* at false match rates of 1e-2 and 1e-3 */

typedef struct fc_pairs_result {
    fc_eval_result common; /* cases: of every pair; right: by the folds' thresholds */
    size_t n;
    double *score; /* [n], owned, in the list's order; -INFINITY: a picture without template */
    bool *same;    /* [n], owned */
    fc_folds folds;
    double auc;
    fc_eer eer;
    fc_eval_point point[FC_PAIRS_POINTS]; /* without the intervals over people */
} fc_pairs_result;
/* pairs->image are the set's pictures, in their order. FC_EDATA: fewer than two folds, or pairs of one kind only. */
fc_status fc_protocol_pairs(fc_pairs_result *out, const fc_eval_set *set, const fc_pairs *pairs,
                            fc_error *err);
void fc_pairs_result_clear(fc_pairs_result *r);

/* The same questions, answered in two ways: McNemar's exact test. */
typedef struct fc_paired {
    uint64_t lost, won; /* right answers */
    double p;
} fc_paired;

/* ---- 1:1, the same pairs before and after: two models, or a model and a head's space ---- */

typedef struct fc_compare_mean {
    size_t n;                /* pairs that have a score */
    double cosine, distance; /* means; distance is Euclidean, of vectors of unit length. NAN: no pair */
} fc_compare_mean;

typedef struct fc_compare_side {
    fc_pairs_result pairs;
    fc_compare_mean genuine, impostor;
} fc_compare_side;

typedef struct fc_compare_result {
    fc_compare_side side[2]; /* before, after */
    fc_paired paired;        /* of their answers, each by its own folds' thresholds */
    /* [nchanged], owned: pairs that one of them answers rightly, and the other not: in the list's order, those before that are
     * wrong after; score and threshold are those after. */
    fc_eval_case *changed;
    size_t nchanged;
} fc_compare_result;
/* Both sets are of pairs->image; their vectors may be of other sizes. FC_EDATA: as fc_protocol_pairs. */
fc_status fc_protocol_compare(fc_compare_result *out, const fc_eval_set *before, const fc_eval_set *after,
                              const fc_pairs *pairs, fc_error *err);
void fc_compare_result_clear(fc_compare_result *r);

/* ---- 1:1, every pair of a labelled set ---- */

enum { FC_ALL_PAIRS_RATES = 8 };

typedef struct fc_all_pairs_settings {
    double fmr[FC_ALL_PAIRS_RATES]; /* [nfmr], falling: rates of false matches to find thresholds for */
    size_t nfmr;
    double threshold; /* the model's own, to be measured, too; NAN: it has none */
    bool cases;       /* name wrong answers: at the model's threshold, or at a rate of 1e-3 */
} fc_all_pairs_settings;
#define FC_ALL_PAIRS_DEFAULTS                                                                                \
    ((fc_all_pairs_settings){                                                                                \
        .fmr = {1e-2, 1e-3, 1e-4, 1e-5, 1e-6}, .nfmr = 5, .threshold = NAN, .cases = true})

typedef struct fc_all_pairs_result {
    fc_eval_result common;
    size_t templates, people;
    double auc;
    fc_eer eer;
    fc_eval_point point[FC_ALL_PAIRS_RATES]; /* [npoints]: of settings.fmr */
    size_t npoints;
    fc_eval_point own; /* shown: at the model's threshold */
    bool has_cases;    /* false where the errors are too many to look at */
    double seconds;    /* that counting took */
} fc_all_pairs_result;
/* FC_EDATA: the set has no genuine, or no impostor, pair. */
fc_status fc_protocol_all_pairs(fc_all_pairs_result *out, const fc_eval_set *set,
                                const fc_all_pairs_settings *settings, fc_error *err);
void fc_all_pairs_result_clear(fc_all_pairs_result *r);

/* ---- 1:1, every genuine pair, without the worst photos ---- */

/*
 * Error versus discard (Grother and Tabassi 2007, "Performance of biometric quality measures"; ISO/IEC 29794-1): a pair is as
 * good as the worse of its two photos. The share of genuine pairs that are the worst is left out, and the false non-match rate
 * taken of the others, at a threshold that stays: that for a rate of false matches over all pairs. A measure that
 * tells what will fail brings the curve down. Whether more, or what is near to the usual, is good, is the measure's: of yaw
 * and roll it is 0, of pitch_ratio 0.54, of over- and underexposed none.
 */
enum {
    FC_DISCARD_RATES = 2,  /* false match rates of 1e-2 and 1e-3 */
    FC_DISCARD_STEPS = 30, /* per cent that are left out, at most */
    FC_DISCARD_CURVES = 12 /* the measures of fc_quality, and the detector's score */
};

typedef struct fc_discard_curve {
    const char *measure;                                 /* "sharpness", or "score" */
    double fnmr[FC_DISCARD_RATES][FC_DISCARD_STEPS + 1]; /* with so many per cent left out */
    double mean[FC_DISCARD_RATES];                       /* over the curve: its area by its width */
} fc_discard_curve;

typedef struct fc_discard_result {
    fc_eval_result common;
    size_t templates, people;
    fc_eval_point point[FC_DISCARD_RATES]; /* with nothing left out; a rate that is not shown has no curves */
    fc_discard_curve curve[FC_DISCARD_CURVES];
    size_t ncurves;
} fc_discard_result;
/* FC_EDATA: the set has no genuine, or no impostor, pair, or nothing was measured of a picture with a template. */
fc_status fc_protocol_discard(fc_discard_result *out, const fc_eval_set *set, fc_error *err);
void fc_discard_result_clear(fc_discard_result *r);

/* ---- 1:N, open set ---- */

enum { FC_IDENTIFY_POINTS = 3 }; /* at false positive identification rates of 1e-1, 1e-2 and 1e-3 */

typedef struct fc_identify_settings {
    int enroll;     /* pictures of each person that are enrolled; the others are probes */
    int min_images; /* people with fewer are not enrolled; >= enroll */
    int strangers; /* people to probe with who are not enrolled, as far as there are so many; -1: as many as are enrolled */
    fc_fuse fuse;
    uint64_t seed;
    int people; /* enrolled, drawn by lot of those who have enough pictures; the others are outside. 0: all of them */
    /* The FPIR of a threshold that is chosen beforehand: half of the people outside are a cohort, and none of them are
     * strangers. 0: none. */
    double fpir;
    const fc_fmr_curve *curve; /* the model's; n is 0, or NULL: it states none */
    /* A head of that type is trained on the enrolled pictures, for lda on those, too, of people who are neither enrolled nor
     * strangers, and says who a probe is (head.h's two stages). */
    bool with_head;
    fc_head_type head;
} fc_identify_settings;
#define FC_IDENTIFY_DEFAULTS                                                                                 \
    ((fc_identify_settings){.enroll = 3, .min_images = 5, .strangers = -1, .fuse = FC_FUSE_MAX, .seed = 1})

/* What a threshold that was chosen beforehand for an FPIR reaches. */
typedef struct fc_identify_asked {
    bool chosen; /* else the rest is empty: there is no cohort, or no curve */
    double threshold;
    uint64_t looks; /* at the cohort, which it was chosen by */
    bool within;    /* so low a rate is on the curve */
    uint64_t named, nonmated, missed, mated;
    double fpir, fnir;
    fc_interval fpir_interval, fnir_interval; /* Clopper-Pearson at FC_CONFIDENCE */
} fc_identify_asked;

/* What two stages come to: the score is the embedding's, and the head says who. */
typedef struct fc_identify_head {
    bool measured;  /* else the rest is empty */
    uint64_t right; /* of the mated probes, at any score */
    fc_roc roc;
    fc_eval_point point[FC_IDENTIFY_POINTS];
    fc_paired first,
        at[FC_IDENTIFY_POINTS]; /* against the embedding alone: at rank 1, and at point; of those shown */
} fc_identify_head;

typedef struct fc_identify_result {
    fc_eval_result common; /* roc: of FPIR and TPIR; right: of probes of enrolled people, at rank 1 */
    size_t people, enrolled, templates, strangers;
    size_t mated, nonmated;                  /* probes of enrolled people, and of strangers */
    fc_eval_point point[FC_IDENTIFY_POINTS]; /* all empty where there are no strangers */
    fc_identify_asked by_cohort, by_curve;   /* of settings.fpir */
    fc_identify_head head;
} fc_identify_result;
/* FC_EDATA: nobody can be enrolled, or no picture is left to probe with. */
fc_status fc_protocol_identify(fc_identify_result *out, const fc_eval_set *set,
                               const fc_identify_settings *settings, fc_error *err);
void fc_identify_result_clear(fc_identify_result *r);

/* ---- k nearest neighbours, by cross-validation ---- */

typedef struct fc_knn_protocol_settings {
    int k;          /* odd */
    int folds;      /* >= 2 */
    int min_images; /* people with fewer pictures are strangers; >= folds */
    uint64_t seed;
    double threshold; /* the model's own; NAN: it has none */
} fc_knn_protocol_settings;
#define FC_KNN_PROTOCOL_DEFAULTS                                                                             \
    ((fc_knn_protocol_settings){.k = 3, .folds = 5, .min_images = 5, .seed = 1, .threshold = NAN})
#define FC_KNN_PROTOCOL_FPIR 0.01 /* that the classifiers' thresholds are made for */

typedef struct fc_knn_protocol_result {
    fc_eval_result common; /* right: of the enrolled people's pictures */
    size_t people, enrolled;
    double *accuracy; /* [folds], owned; NAN: the fold has no picture */
    int folds;
    double mean, error; /* of the folds' accuracies, and its standard error (NAN of a single one) */
    size_t nfolds;      /* with a picture */
    size_t tested, correct, accepted; /* accepted: right answers that are above the threshold */
    size_t strangers, named;          /* questions about strangers, and those that got a name */
} fc_knn_protocol_result;
/* FC_EDATA: fewer than two people can be enrolled. */
fc_status fc_protocol_knn(fc_knn_protocol_result *out, const fc_eval_set *set,
                          const fc_knn_protocol_settings *settings, fc_error *err);
void fc_knn_protocol_result_clear(fc_knn_protocol_result *r);

/* ---- why answers are wrong ---- */

/* All faces of some pictures: v[i] becomes [faces[i]][dim], from malloc, or NULL. NULL: nobody can look; then a case whose
 * pictures show several faces is not told from others. */
typedef struct fc_face_finder {
    fc_status (*find)(void *ctx, const size_t *picture, size_t n, float **v, size_t *faces, fc_error *err);
    void *ctx;
} fc_face_finder;
/* Gives each wrong answer among the cases its cause. */
fc_status fc_eval_causes(fc_eval_result *r, const fc_eval_set *set, const fc_face_finder *finder,
                         fc_error *err);

FC_END_DECLS
#endif
