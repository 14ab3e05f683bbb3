/*
 * Training of heads.
 *
 * mean: a person's centre is the mean of the photos, each the mean of its views; from five photos on without the 15 %
 * that are the least like it. Nobody's centre depends on other people.
 *
 * linear: the centres are trained by a softmax over scaled cosines with a margin (CosFace: Wang et al. 2018, equation 4),
 * scale 32, margin 0.2, or none for people of fewer than three photos. They begin as the means (imprinting: Qi, Brown and
 * Lowe 2018). Each class weighs the same. Photos of strangers (negatives) are a class of their own.
 *
 * lda: embeddings are turned so that what differs between photos of one person, measured on other people (background), has
 * the same size in each direction: the covariance within classes, shrunk towards a sphere (Ledoit and Wolf 2004, equation
 * 14), is undone by its Cholesky factor. Centres are means there.
 *
 * triplet: dim to hidden to out numbers, trained by triplets (FaceNet: Schroff, Kalenichenko and Philbin 2015, equation 3)
 * with semi-hard negatives (section 3.2 there) or the hardest of a batch (Hermans, Beyer and Leibe 2017, equation 5), 16
 * people times 4 samples in a batch. Centres are means there.
 */
#ifndef FC_CLASSIFY_HEAD_TRAIN_H
#define FC_CLASSIFY_HEAD_TRAIN_H
#include "facecheck.h"
#include "classify/head_learn.h"
#include "classify/labelled.h"

typedef enum fc_head_mining { FC_MINING_SEMI_HARD, FC_MINING_BATCH_HARD } fc_head_mining;

typedef struct fc_head_settings {
    fc_head_type type;
    size_t epochs; /* at most; 0: the type's own */
    double rate;   /* of Adam */
    uint64_t seed;
    size_t hidden, out;    /* triplet */
    fc_head_mining mining; /* triplet */
} fc_head_settings;
#define FC_HEAD_DEFAULTS                                                                                     \
    ((fc_head_settings){.type = FC_HEAD_MEAN, .rate = 1e-3, .seed = 1, .hidden = 128, .out = 64})
enum { FC_HEAD_LDA_PEOPLE = 300 }; /* with two photos or more, that a background has at least */

/* Those that the head was trained with. FC_ECORRUPT where it does not say. */
fc_status fc_head_settings_of(fc_head_settings *out, const fc_head *h, fc_error *err);

typedef struct fc_head_input {
    const fc_labelled *samples;
    const fc_labelled *negatives;  /* linear: strangers, whatever they are called; NULL: none */
    const fc_labelled *background; /* lda: other people; NULL: none */
    const fc_head *old;            /* what is brought up to date: training begins there; NULL: nothing */
    const char *gallery; /* samples_state of the gallery that samples are of, in hexadecimal, or "" */
} fc_head_input;

typedef struct fc_head_report {
    size_t people, samples, photos;
    size_t held_out;       /* photos that training left out at first, to know when to end */
    fc_head_course course; /* linear, triplet; else empty */
    size_t tested,
        right; /* mean, lda: photos of people with another one, each asked with its centre made without it */
    size_t asked, changed; /* samples of the people of old, and how many of them get another answer now */
} fc_head_report;

/* FC_EEMPTY: no sample. FC_EDATA: fewer than two people; lda without such a background; training that collapsed. FC_ECONTRACT
 * names both contracts. FC_EUSAGE: settings out of range, or input that the type has no use for. */
fc_status fc_head_train(fc_head **out, fc_head_report *report, const fc_head_input *in,
                        const fc_head_settings *settings, const fc_head_work *work, fc_error *err);

#endif
