/* What a program adds to messages, fc_hints. */
#ifndef FC_PIPELINE_HINTS_H
#define FC_PIPELINE_HINTS_H
#include "facecheck.h"
#include "base/error.h"

/* A hint of options that may have none. */
#define FC_HINT(options, field) ((options)->hints ? (options)->hints->field : NULL)

/* Puts the hint behind the message of err, which may be NULL as may the hint; returns s, err's status. */
static inline fc_status fc_fail_hint(fc_error *err, fc_status s, const char *hint)
{
    if (!err || !hint)
        return s;
    const fc_error told = *err;
    return fc_fail(err, s, "%s (%s)", told.message, hint);
}

#endif
