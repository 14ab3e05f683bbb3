/*
 * A classification layer over an embedding, in the file of the model that it was trained with (models/self.h): a vector for
 * each person, and a bias unless vectors are of unit length. What a face of unit length x scores for a person is their product
 * (a cosine), and the bias more. Tensors:
 *
 *     classes.weight [people][dim], classes.bias [people] or none, classes.names, classes.threshold [1]
 */
#ifndef FC_CLASSIFY_LAYER_H
#define FC_CLASSIFY_LAYER_H
#include "nn/weights.h"

typedef struct fc_layer {
    size_t people, dim;
    float *vector;    /* [people][dim]; owned, as all here */
    float *bias;      /* [people]; NULL: vectors are of unit length */
    char **name;      /* [people], sorted */
    double threshold; /* scores from here up are answers */
    char contract[200];
} fc_layer;

void fc_layer_free(fc_layer *l); /* NULL will do */
/* Adds its tensors; the contract is that of the file, once it is there. */
fc_status fc_layer_put(fc_weights *w, const fc_layer *l, fc_error *err);
/* FC_EFORMAT: no model of fc-finetune; FC_ECORRUPT: one that is damaged. */
fc_status fc_layer_load(fc_layer **out, const char *path, fc_error *err);

#endif
