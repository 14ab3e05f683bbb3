/* Filling in an fc_error. */
#ifndef FC_BASE_ERROR_H
#define FC_BASE_ERROR_H
#include "facecheck.h"

/* Writes the message and returns status, so that a fault is one line:
 *     return fc_fail(err, FC_EIO, "%s: %s", path, strerror(errno)); */
fc_status fc_fail(fc_error *err, fc_status status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The fault that has the name in records; FC_ERECORD where none has, and for NULL. */
fc_status fc_status_named(const char *name);
/* "NAME: STRERROR(errno)" with the status that fits errno. */
fc_status fc_fail_errno(fc_error *err, const char *name);
/* For decoders, whose messages begin with a name. */
#define FC_OUT_OF_MEMORY "out of memory (%zu bytes wanted)"
/* "out of memory (N bytes wanted)". 0: only a library that ran out of it knows how many; SIZE_MAX: more than there can be. */
fc_status fc_fail_nomem(fc_error *err, size_t bytes);

#endif
