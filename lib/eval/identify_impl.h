/* What the files of open-set identification share. */
#ifndef FC_EVAL_IDENTIFY_IMPL_H
#define FC_EVAL_IDENTIFY_IMPL_H
#include "facecheck.h"

enum role { UNUSED, ENROLLED, PROBE, STRANGER, COHORT };

struct probe {
    size_t image;
    bool stranger;
    size_t rank;  /* 1: the best; 0: not among the first */
    double score; /* of the first candidate; -INFINITY: none */
    size_t first; /* image of its best sample */
    bool named;   /* with a head: it says who it is, and rightly */
};

struct trial {
    const fc_eval_set *set;
    const fc_identify_settings *settings;
    enum role *role; /* [set->n] */
    size_t *subject; /* [people]: of the table, or SIZE_MAX */
    fc_table *table;
    fc_head *head; /* NULL: none is measured; owned, as what it decides by */
    fc_two_stage *stages;
    struct probe *probe; /* [nprobes]: the mated ones, then those of strangers */
    size_t nprobes, nmated;
};

/* People have their numbers for names. */
enum { FC_TRIAL_DIGITS = 10 };
typedef char fc_trial_name[FC_TRIAL_DIGITS + 1];
void fc_trial_name_of(fc_trial_name out, size_t person);

/* Before the search, of a table that is filled: trains the head of settings->head on the enrolled pictures. */
fc_status fc_identify_train_head(struct trial *t, fc_error *err);
/* After it: what two stages come to, and how that compares to the embedding's own answers. */
fc_status fc_identify_count_head(fc_identify_result *out, const struct trial *t, fc_error *err);

/* The points of fpirs on a curve. */
void fc_identify_find_points(fc_eval_point out[FC_IDENTIFY_POINTS], const fc_roc *roc);

#endif
