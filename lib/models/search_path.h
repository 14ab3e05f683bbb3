/* Models from several folders. */
#ifndef FC_MODELS_SEARCH_PATH_H
#define FC_MODELS_SEARCH_PATH_H
#include <stddef.h>

#include "facecheck.h"

/* Opens named, which must have a models.yaml (NULL: none), and those of the places [n] that have one; a name in an earlier
 * folder hides it in later ones. A place that is NULL is passed over. FC_EMISSING where there is no models.yaml at all; hint
 * goes behind that message (NULL: none). */
fc_status fc_models_search(fc_models **out, const char *named, char *const *places, size_t n,
                           const char *hint, fc_error *err);

#endif
