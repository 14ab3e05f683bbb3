/*
 * Training by epochs: steps of Adam (Kingma and Ba 2015, algorithm 1), held-out photos that say when it is enough, and a
 * checkpoint from which a killed run goes on to the same bytes.
 *
 * There are two passes, or one. The first leaves out the held-out photos and looks for the epoch with the least loss on them; it
 * ends where that has not fallen for a while. The second begins anew with all photos, and has so many epochs. Without
 * held-out photos there is only the second one. With one pass alone, the result is the first one's best epoch.
 */
#ifndef FC_CLASSIFY_HEAD_LEARN_H
#define FC_CLASSIFY_HEAD_LEARN_H
#include "facecheck.h"

/* Of held-out photos: loss, and the shares of right answers, and of those with the right one among the five best. NAN: it is
 * not measured, or there are none. */
typedef struct fc_head_measured {
    double loss, accuracy, top5;
} fc_head_measured;

/* What an epoch came to. */
typedef struct fc_head_epoch {
    int pass; /* 1 or 2 */
    size_t epoch, most;
    double loss;
    double spread; /* mean distance of two faces in the head's space; NAN: the type has none of its own */
    fc_head_measured held;
} fc_head_epoch;

typedef struct fc_head_work {
    int workers; /* 0 or 1: the calling thread */
    /* Before the first epoch, when a checkpoint that is there was taken; what it returns ends the training. May be NULL. */
    fc_status (*begin)(void *ctx, fc_error *err);
    void (*progress)(void *ctx,
                     const fc_head_epoch *e); /* after each, on the calling thread; may be NULL. Those before
                                                              a checkpoint are told again when a run goes on from it */
    void *ctx;
    const char
        *checkpoint; /* a file that is written now and then, and gone on from where it is there; NULL: none */
    double checkpoint_each; /* seconds between two of them */
} fc_head_work;

/* The numbers that are trained. */
typedef struct fc_head_optimiser {
    float *param, *m, *v; /* [n] */
    size_t n;
    uint64_t step;
    uint64_t random; /* for fc_random */
    double rate;
} fc_head_optimiser;
/* One step down the gradient [n]. */
void fc_head_step(fc_head_optimiser *o, const float *gradient);

/* What is trained; a type of heads fills it in. */
typedef struct fc_head_learner {
    size_t n;                               /* parameters */
    void (*start)(void *ctx, float *param); /* what they are at first */
    /* all: with the held-out photos. NAN as loss or spread: as in fc_head_epoch */
    fc_status (*epoch)(void *ctx, fc_head_optimiser *o, bool all, double *loss, double *spread,
                       fc_error *err);
    fc_status (*measure)(void *ctx, const float *param, fc_head_measured *out, fc_error *err);
    void *ctx;
    bool holds_out;    /* there are held-out photos */
    double stuck;      /* a loss within 1 % of it for ten epochs is a collapse; 0: there is none such */
    double narrow;     /* so is a spread below it */
    const char *print; /* of data and settings, 64 hexadecimal digits: a checkpoint of others is refused */
} fc_head_learner;

typedef struct fc_head_schedule {
    size_t epochs; /* at most; without held-out photos blind_epochs at most */
    bool one_pass; /* there are held-out photos, and they stay so */
    size_t blind_epochs, patience;
    double rate;
    uint64_t seed;
} fc_head_schedule;

/* How it ended. */
typedef struct fc_head_course {
    size_t epochs;         /* of the pass that made the result */
    fc_head_measured held; /* at the best epoch of the first pass */
    char stopped
        [200]; /* "": as it should; else why training was stopped: the result is of the last good epoch */
} fc_head_course;

/* param: [n]. FC_EDATA where it collapsed, or became no number, before any good epoch; FC_EDATA, too, where the checkpoint
 * is of other data or settings. The checkpoint is removed at the end. */
fc_status fc_head_learn(float *param, fc_head_course *course, const fc_head_learner *l,
                        const fc_head_schedule *how, const fc_head_work *work, fc_error *err);

#endif
