/* What the ways to fuse scores are called. */
#ifndef FC_MATCH_FUSE_NAMES_H
#define FC_MATCH_FUSE_NAMES_H
#include "facecheck.h"

extern const char *const fc_fuse_names[]; /* by fc_fuse; a NULL ends them */

#endif
