/* What the ways to fuse scores are called, spelled here and nowhere else. */
#ifndef FC_MATCH_FUSE_NAMES_H
#define FC_MATCH_FUSE_NAMES_H
#include "base/names.h"

#define FC_FUSES(FIRST, X, LAST)                                                                             \
    FIRST(FC_FUSE_MAX, "max")                                                                                \
    X(FC_FUSE_MEAN, "mean")                                                                                  \
    LAST(FC_FUSE_TOP3, "top3")

extern const char *const fc_fuse_names[]; /* by fc_fuse; a NULL ends them */

#endif
