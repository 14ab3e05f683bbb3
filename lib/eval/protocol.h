/*
 * How well faces are told apart: protocols that take the templates of a labelled set and give counts, curves and the cases
 * that went wrong. Nothing is decoded or embedded here. The same input gives the same result, with any number of workers.
 *
 * A result is empty ({0}) before, and the caller's to fc_..._clear after a protocol has run, failed or not.
 */
#ifndef FC_EVAL_PROTOCOL_H
#define FC_EVAL_PROTOCOL_H
#include <math.h>

#include "eval/metrics.h"
#include "eval/pairs.h"
#include "match/fuse.h"

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
    /* Intervals over people (clusters.h); NAN where the errors are too many to look at. */
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

/* ---- 1:N, open set ---- */

enum { FC_IDENTIFY_POINTS = 3 }; /* at false positive identification rates of 1e-1, 1e-2 and 1e-3 */

typedef struct fc_identify_settings {
    int enroll;     /* pictures of each person that are enrolled; the others are probes */
    int min_images; /* people with fewer are not enrolled; >= enroll */
    int strangers; /* people to probe with who are not enrolled, as far as there are so many; -1: as many as are enrolled */
    fc_fuse fuse;
    uint64_t seed;
} fc_identify_settings;
#define FC_IDENTIFY_DEFAULTS                                                                                 \
    ((fc_identify_settings){.enroll = 3, .min_images = 5, .strangers = -1, .fuse = FC_FUSE_MAX, .seed = 1})

typedef struct fc_identify_result {
    fc_eval_result common; /* roc: of FPIR and TPIR; right: of probes of enrolled people, at rank 1 */
    size_t people, enrolled, templates, strangers;
    size_t mated, nonmated;                  /* probes of enrolled people, and of strangers */
    fc_eval_point point[FC_IDENTIFY_POINTS]; /* all empty where there are no strangers */
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

#endif
