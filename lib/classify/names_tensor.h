/* People's names in a file of weights: a tensor of bytes, a name a line. */
#ifndef FC_CLASSIFY_NAMES_TENSOR_H
#define FC_CLASSIFY_NAMES_TENSOR_H
#include "nn/weights.h"

/* name [n]: of people, who have no control characters in them. */
fc_status fc_names_put(fc_weights *w, const char *tensor, char *const *name, size_t n, fc_error *err);
/* name [n]: each becomes owned, sorted and different; also where it fails, those that are not NULL are to be freed. FC_ECORRUPT:
 * so many names of people are not there. */
fc_status fc_names_get(char **name, size_t n, const fc_weights *w, const char *tensor, fc_error *err);

#endif
