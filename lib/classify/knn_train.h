/*
 * Training of a classifier by nearest neighbours: its operating point, and how well it does, from the samples that it is
 * made of. Both tests leave something out: leave-one-out, all views of the sample's photo; and held out, all samples of
 * the person, who is a stranger then. The threshold is chosen on the strangers (knn.h).
 */
#ifndef FC_CLASSIFY_KNN_TRAIN_H
#define FC_CLASSIFY_KNN_TRAIN_H
#include "base/stats.h"
#include "classify/knn.h"
#include "classify/labelled.h"

/* How training works; NULL: on one thread, without a word. */
typedef struct fc_knn_work {
    int workers;
    void (*progress)(void *ctx, size_t done, size_t all); /* on the calling thread; may be NULL */
    void *ctx;
} fc_knn_work;

/* Takes the table, in any case. photo: [rows], of fc_labelled_table. An even k is FC_EUSAGE; fewer than two people
 * is FC_EEMPTY. loo, held_out: [rows], may be NULL: the answers of both tests; where no other photo was there, subject
 * is SIZE_MAX. Any number of workers gives the same. */
fc_status fc_knn_train(fc_knn **out, fc_table *t, const char *contract, const size_t *photo,
                       const fc_knn_settings *settings, const fc_knn_work *work, fc_knn_answer *loo,
                       fc_knn_answer *held_out, fc_error *err);

/* A share that was counted. */
typedef struct fc_knn_rate {
    uint64_t part, all;
    double rate;          /* to six places; 0 where there is nothing to count */
    fc_interval interval; /* of Clopper and Pearson, with FC_CONFIDENCE*/
} fc_knn_rate;

/* One person taken for another, so many times, with that score at most. */
typedef struct fc_knn_confusion {
    size_t is, taken_for; /* subjects of the model's table */
    size_t times;
    double score;
} fc_knn_confusion;

/* A person with fewer samples than k. */
typedef struct fc_knn_few {
    size_t person, samples; /* person: of the labelled people; without a sample they are left out */
    double most;            /* the score that can be reached */
    bool never;             /* which is below the threshold */
} fc_knn_few;

/* What training found. */
typedef struct fc_knn_report {
    fc_knn_rate accuracy; /* leave-one-out: right answers, of the samples with another photo */
    fc_knn_rate fnir;     /* of those, missed with the threshold */
    fc_knn_rate fpir;     /* held out: accepted with the threshold */
    fc_knn_confusion
        *confusions; /* [nconfusions], owned: wrong answers of leave-one-out, the frequent ones first */
    size_t nconfusions;
    fc_knn_confusion
        *strangers; /* [nstrangers], owned: those held out that are accepted, in the same order */
    size_t nstrangers;
    fc_knn_few *few; /* [nfew], owned: in the order of the labelled people */
    size_t nfew;
} fc_knn_report;

/* Trains on the samples. *out and *report are empty where it fails; else caller frees and clears. Errors as of
 * fc_knn_train; FC_EEMPTY where there is no sample, too. */
fc_status fc_knn_learn(fc_knn **out, fc_knn_report *report, const fc_labelled *samples,
                       const fc_knn_settings *settings, const fc_knn_work *work, fc_error *err);
void fc_knn_report_clear(fc_knn_report *r);

#endif
