/* What a head is made of; head.h is for others. */
#ifndef FC_CLASSIFY_HEAD_IMPL_H
#define FC_CLASSIFY_HEAD_IMPL_H
#include "facecheck.h"

enum { FC_HEAD_LAYERS = 2 };
#define FC_HEAD_MAX_PEOPLE 10000000u

/* y = W x + b; between two layers, what is below zero becomes zero. */
typedef struct fc_head_layer {
    float *weight; /* [out][in], owned */
    float *bias;   /* [out], owned */
    size_t in, out;
} fc_head_layer;

struct fc_head {
    fc_head_facts facts; /* its texts are below */
    char contract[200], gallery[33];
    char *settings; /* owned */
    fc_head_layer layer[FC_HEAD_LAYERS];
    size_t layers;
    float *centre;     /* [people][out], of unit length, owned */
    float *background; /* [out], of unit length, owned; NULL: none */
    char **name;       /* [people], owned; sorted */
};

/* An empty head of that type: texts, no people yet. settings: copied. */
fc_status fc_head_new(fc_head **out, fc_head_type type, const char *contract, const char *gallery,
                      const char *settings, size_t dim, fc_error *err);
/* A layer [rows][columns] of zeros. */
fc_status fc_head_add_layer(fc_head *h, size_t columns, size_t rows, fc_error *err);
/* Room for so many people, whose centres are zeros and whose names are NULL. */
fc_status fc_head_set_people(fc_head *h, size_t people, bool background, fc_error *err);

/* The layers' result for x [dim], of unit length. z: [facts.out]; scratch: [FC_MAX_DIM]. false: it has no direction. */
bool fc_head_project(const fc_head *h, const float *x, float *z, float *scratch);

#endif
