/* What the modes of alignment are called, in models.yaml, records, contracts and options; spelled here and nowhere else. */
#ifndef FC_MODELS_ALIGN_MODE_NAMES_H
#define FC_MODELS_ALIGN_MODE_NAMES_H
#include "base/names.h"

#define FC_ALIGN_NAME_FIVE_POINT "five-point"
#define FC_ALIGN_NAME_BOX        "box"
#define FC_ALIGN_NAME_DLIB       "dlib"

#define FC_ALIGN_MODES(FIRST, X, LAST)                                                                       \
    FIRST(FC_ALIGN_FIVE_POINT, FC_ALIGN_NAME_FIVE_POINT)                                                     \
    X(FC_ALIGN_BOX, FC_ALIGN_NAME_BOX)                                                                       \
    LAST(FC_ALIGN_DLIB, FC_ALIGN_NAME_DLIB)

extern const char *const fc_align_mode_names[]; /* by fc_align_mode; a NULL ends them */

#endif
