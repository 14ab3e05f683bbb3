/*
 * What each network of a detector took: a pass is a network on a level of the picture's pyramid, or on all crops.
 */
#ifndef FC_DETECT_PROFILE_H
#define FC_DETECT_PROFILE_H
#include "nn/layers.h"

enum { FC_PASS_LAYERS = 64 }; /* no network of a detector has more steps */

typedef struct fc_detect_pass {
    char network[24];                     /* "P-Net" */
    int w, h;                             /* of its input */
    int level;                            /* of the pyramid; -1: none, these are crops */
    size_t inputs;                        /* pictures that went through: crops, or 1 */
    double ms;                            /* of the whole pass */
    int n;                                /* steps */
    fc_layer_facts layer[FC_PASS_LAYERS]; /* of one input */
    double layer_ms[FC_PASS_LAYERS];      /* of all inputs */
} fc_detect_pass;

typedef struct fc_detect_profile {
    fc_detect_pass *pass; /* [n], owned; in the order in which they ran */
    size_t n, cap;
} fc_detect_profile;

/* From now on every fc_detect adds its passes to p, until NULL is given. Measuring a step takes some 50 ns. */
void fc_detect_measure(fc_detect_session *s, fc_detect_profile *p);
void fc_detect_profile_clear(fc_detect_profile *p);
/* A new pass at the end. */
fc_status fc_detect_profile_add(fc_detect_pass **out, fc_detect_profile *p, fc_error *err);

#endif
