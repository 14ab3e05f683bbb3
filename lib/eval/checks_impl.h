/* What the files of checks share; checks.h is for others. */
#ifndef FC_EVAL_CHECKS_IMPL_H
#define FC_EVAL_CHECKS_IMPL_H
#include "eval/checks.h"

/* Adds copies. failure NULL: it passed. */
fc_status fc_checks_add(fc_checks *c, const char *name, const char *failure, fc_error *err);

#endif
