/* What kinds of numbers are called, spelled here and nowhere else. */
#ifndef FC_KERNELS_PRECISION_NAMES_H
#define FC_KERNELS_PRECISION_NAMES_H
#include "base/names.h"

#define FC_PRECISION_NAME_FP32  "fp32"
#define FC_PRECISION_NAME_BF16  "bf16"
#define FC_PRECISION_NAME_INT16 "int16"
#define FC_PRECISION_NAME_INT8  "int8"

/* What can be asked for. */
#define FC_PRECISIONS(FIRST, X, LAST)                                                                        \
    FIRST(FC_PRECISION_AUTO, "auto")                                                                         \
    X(FC_PRECISION_FP32, FC_PRECISION_NAME_FP32)                                                             \
    LAST(FC_PRECISION_BF16, FC_PRECISION_NAME_BF16)

#endif
