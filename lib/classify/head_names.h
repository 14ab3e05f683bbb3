/* What types of heads, and ways to mine triplets, are called. */
#ifndef FC_CLASSIFY_HEAD_NAMES_H
#define FC_CLASSIFY_HEAD_NAMES_H
#include "facecheck.h"

extern const char *const fc_head_type_names[];   /* by fc_head_type; a NULL ends them */
extern const char *const fc_head_mining_names[]; /* by fc_head_mining; a NULL ends them */

#endif
