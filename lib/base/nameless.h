/* Files that have no name before they are whole. */
#ifndef FC_BASE_NAMELESS_H
#define FC_BASE_NAMELESS_H
#include "base/atomic.h"

/* A file readable by its owner only, that takes the place of what has its name: for what can be made again, and must not
 * be left lying about. Killed at any moment, no other file is left (on file systems that have O_TMPFILE; elsewhere
 * NAME.XXXXXX.tmp may be). For a moment the name may be nobody's. */
typedef struct fc_nameless {
    FILE *f; /* write here */
    char *path;
    fc_atomic_file named; /* where there is no O_TMPFILE */
} fc_nameless;
fc_status fc_nameless_open(fc_nameless *n, const char *path, fc_error *err);
/* On failure there is either what was there, or nothing. */
fc_status fc_nameless_commit(fc_nameless *n, fc_error *err);
void fc_nameless_discard(fc_nameless *n);

/* Removes files PATH.XXXXXX.tmp that killed processes have left. */
fc_status fc_remove_temporaries(const char *path, fc_error *err);

#endif
