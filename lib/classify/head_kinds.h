/* Inside training: what each type of heads does with the samples. */
#ifndef FC_CLASSIFY_HEAD_KINDS_H
#define FC_CLASSIFY_HEAD_KINDS_H
#include "classify/head_impl.h"
#include "classify/head_set.h"
#include "classify/head_train.h"

/* All that training works on. */
typedef struct fc_head_job {
    const fc_head_input *in;
    const fc_head_settings *settings;
    const fc_head_work *work;
    fc_head_set set, negatives, background; /* the last two empty where they are not used */
    bool *held;                             /* [set.n]: samples of held-out photos */
    char print[FC_SHA256_HEX];              /* of all that decides the result */
} fc_head_job;

/* h has texts and people's names; these make its layers, room for people (fc_head_set_people) and centres. */
fc_status fc_head_make_mean(fc_head *h, const fc_head_job *job, fc_head_report *report, fc_error *err);
fc_status fc_head_make_linear(fc_head *h, const fc_head_job *job, fc_head_report *report, fc_error *err);
fc_status fc_head_make_lda(fc_head *h, const fc_head_job *job, fc_head_report *report, fc_error *err);
fc_status fc_head_make_triplet(fc_head *h, const fc_head_job *job, fc_head_report *report, fc_error *err);

/* z [set.n][facts.out]: the samples in h's space; caller frees. */
fc_status fc_head_project_all(float **z, const fc_head *h, const fc_head_set *s, fc_error *err);
/* Room for the set's people, whose centres become the means of their photos in h's space. */
fc_status fc_head_put_means(fc_head *h, const fc_head_set *s, bool background, fc_error *err);
/* Fills in tested and right. */
fc_status fc_head_leave_one_out(const fc_head *h, const fc_head_set *s, fc_head_report *report,
                                fc_error *err);
/* Of the centres c [n][dim], of unit length: what softmax over cosines times scale loses on the samples x with use set, at
 * the mean, and the shares of right answers. */
fc_status fc_head_measure(const float *x, const size_t *person, const bool *use, size_t samples,
                          const float *c, size_t n, size_t dim, double scale, fc_head_measured *out,
                          fc_error *err);

#endif
