/* An embedding that was stored by itself: an array of NumPy, or a tensor of PyTorch. */
#ifndef FC_SERVE_VECTOR_H
#define FC_SERVE_VECTOR_H
#include "facecheck.h"

/* Whether the bytes begin as one of the two. */
bool fc_vector_is(const uint8_t *bytes, size_t n);
/* One vector of *dim (2..FC_MAX_DIM) finite numbers, of float32, float16 (tensors) or float64, with a direction; axes of length 1
 * in front do not matter. Nothing in a tensor's file is run. Caller frees. name is for messages. */
fc_status fc_vector_read(float **out, size_t *dim, const uint8_t *bytes, size_t n, const char *name,
                         fc_error *err);

#endif
