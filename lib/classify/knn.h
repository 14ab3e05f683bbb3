/*
 * A classifier by the nearest neighbours: a face is who most of the k samples nearest to it are, or nobody known.
 *
 * Its score is the sum of the similarities of the neighbours that voted for the answer, over k: it falls when they are
 * few and when they are far, and it is what the threshold for `unknown` applies to. The threshold is chosen on people
 * held out: each sample is classified with all of its person left out, so that whatever comes out is wrong, and the
 * share of those that are accepted is to be at most the false-positive identification rate asked for.
 */
#ifndef FC_CLASSIFY_KNN_H
#define FC_CLASSIFY_KNN_H
#include "facecheck.h"

typedef enum fc_knn_vote {
    FC_KNN_DISTANCE, /* a neighbour's vote weighs 1 / its distance */
    FC_KNN_MAJORITY  /* one; when even, the nearest decides */
} fc_knn_vote;

extern const char *const fc_knn_vote_names[]; /* by fc_knn_vote; a NULL ends them */

#define FC_KNN_MAX_K 999

typedef struct fc_knn_settings {
    int k; /* odd, so that two people cannot share the votes evenly */
    fc_knn_vote vote;
    double fpir;  /* wanted, 0..1 */
    double floor; /* the threshold is not below it, where it is above 0: the model's own, for one */
} fc_knn_settings;

/* FC_EUSAGE where they make no sense. */
fc_status fc_knn_check(const fc_knn_settings *s, fc_error *err);

/* What training measured; kept with the model. */
typedef struct fc_knn_measured {
    double threshold;         /* scores from here up are answers (decide.h) */
    uint64_t tested, correct; /* leave-one-out: samples of people who have another photo */
    uint64_t missed;          /* of those, not answered correctly with the threshold */
    uint64_t held_out,
        accepted; /* samples classified without their person, and the wrong answers among them */
} fc_knn_measured;

typedef struct fc_knn fc_knn; /* immutable; may be shared between threads. knn_train.h makes one */

typedef struct fc_knn_answer {
    size_t subject; /* of the table; SIZE_MAX: nobody, as no row may be compared */
    double score;   /* see above; to six places, as nearest */
    double nearest; /* similarity of the nearest neighbour of that subject */
    int votes;      /* neighbours that are the subject's */
} fc_knn_answer;

void fc_knn_free(fc_knn *m);

const fc_table *fc_knn_table(const fc_knn *m);
const char *fc_knn_contract(const fc_knn *m);
const fc_knn_settings *fc_knn_get_settings(const fc_knn *m);
const fc_knn_measured *fc_knn_get_measured(const fc_knn *m);

/* Whether the classifier gives the answer, or says that it is nobody known. */
bool fc_knn_accepts(const fc_knn *m, const fc_knn_answer *a);
/* answers: [n]. FC_ECORRUPT where the file was damaged so that no sample is found. */
fc_status fc_knn_predict(const fc_knn *m, const float *queries, size_t n, fc_knn_answer *answers,
                         fc_error *err);

/* A table's file of kind "knn". */
fc_status fc_knn_save(const fc_knn *m, const char *path, fc_error *err);
fc_status fc_knn_load(fc_knn **out, const char *path, fc_error *err);

/* The same as a classifier of any kind; fc_classifier_load makes it from the file. Takes m, in any case. */
fc_status fc_knn_classifier(fc_classifier **out, fc_knn *m, fc_error *err);

#endif
