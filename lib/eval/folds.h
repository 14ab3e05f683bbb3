/* Folds that were answered, however that was. */
#ifndef FC_EVAL_FOLDS_H
#define FC_EVAL_FOLDS_H
#include "facecheck.h"

/* Mean and error out of the right answers of each: two folds or more, none of them empty. */
void fc_folds_sum(fc_folds *f);

#endif
