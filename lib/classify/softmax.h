/*
 * A softmax over classes with a margin, its loss and gradients: what linear heads and classification layers are trained by.
 *
 * A logit is scale times the product of a row x, of unit length, and a class's vector; units: of the vector at unit length,
 * so that it is a cosine. Margins make the own class's logit smaller: that of CosFace (Wang et al. 2018, equation 4) is
 * taken off the cosine, that of ArcFace (Deng et al. 2019, equation 3) added to the angle. Sums are taken in one order, so
 * that any number of threads gives the same bits.
 */
#ifndef FC_CLASSIFY_SOFTMAX_H
#define FC_CLASSIFY_SOFTMAX_H
#include "facecheck.h"

enum { FC_SOFTMAX_BLOCK = 256 }; /* rows at a time */

typedef enum fc_softmax_margin { FC_MARGIN_COSINE, FC_MARGIN_ANGLE } fc_softmax_margin;

typedef struct fc_softmax {
    size_t classes, dim;
    float scale;
    fc_softmax_margin margin;
    bool units; /* vectors count at unit length; else as they are, with a bias for each class */
    int workers;
    float *vector, *turned; /* [classes][dim], and transposed: as they count. Owned, as all here */
    float *bias;            /* [classes]; NULL with units */
    float *logit;           /* [FC_SOFTMAX_BLOCK][classes]: then the loss's gradient by them */
    double *lost;           /* [FC_SOFTMAX_BLOCK] */
    float *gradient;        /* [fc_softmax_params]: by vectors, then by biases */
} fc_softmax;

/* Also where it fails, it is to be cleared. */
fc_status fc_softmax_new(fc_softmax *s, size_t classes, size_t dim, float scale, fc_softmax_margin margin,
                         bool units, int workers, fc_error *err);
void fc_softmax_clear(fc_softmax *s);
/* classes times dim, and without units classes more. */
size_t fc_softmax_params(const fc_softmax *s);

/* What follows is of these parameters: vectors [classes][dim], and without units biases [classes]. The gradient becomes 0. */
void fc_softmax_begin(fc_softmax *s, const float *param);
/* Rows x [n][dim], n up to FC_SOFTMAX_BLOCK, of those classes, with their weights in the loss and their margins: *loss and the
 * gradient grow by them. by_x [n][dim]: becomes the gradient by the rows; NULL: not wanted. */
fc_status fc_softmax_add(fc_softmax *s, const float *x, const size_t *class, const float *weight,
                         const float *margin, size_t n, double *loss, float *by_x, fc_error *err);
/* The gradient is now that by the parameters, and no longer by the vectors as they count. */
void fc_softmax_end(fc_softmax *s, const float *param);
/* v [classes]: what a row x counts for each class, its logit by scale; without a margin. */
void fc_softmax_scores(const fc_softmax *s, const float *x, float *v);

#endif
