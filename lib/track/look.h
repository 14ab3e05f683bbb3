/* Embeddings of records, which have to be of one contract to be compared. */
#ifndef FC_TRACK_LOOK_H
#define FC_TRACK_LOOK_H
#include <jansson.h>

#include "facecheck.h"

#define FC_LOOK_UNLIKE 0.2 /* cosine below which two faces are not one track's, whatever their place */

typedef struct fc_look {
    char *contract;          /* owned; NULL: that of the first one */
    size_t dim;              /* 0: none came yet */
    double alike;            /* cosine of two faces of one person; NAN: not known */
    const fc_models *models; /* say it; NULL: it stays as it is */
} fc_look;

/* *e: of unit length, caller frees; NULL: the face has none. i: for messages. */
fc_status fc_look_take(fc_look *l, const json_t *face, size_t i, float **e, fc_error *err);
void fc_look_clear(fc_look *l);

#endif
