/* What people are called. */
#ifndef FC_MATCH_NAME_H
#define FC_MATCH_NAME_H
#include "facecheck.h"

#define FC_NAME_MAX 1000 /* bytes */

/* A name is UTF-8 without control characters, 1..FC_NAME_MAX bytes, and not "unknown", which is what strangers are
 * called. Else FC_EUSAGE. */
fc_status fc_name_check(const char *name, fc_error *err);

#endif
