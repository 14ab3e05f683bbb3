/* Files that are there whole, or not at all. */
#ifndef FC_BASE_ATOMIC_H
#define FC_BASE_ATOMIC_H
#include <stdio.h>
#include "facecheck.h"

/* A file that appears under its name only when it is whole: written to a temporary name in the same folder,
 * synced, renamed, and its folder synced: it is there after a power loss, too. A file that is there keeps its mode; through a link, what the link points to is replaced. A device or
 * a pipe is written to as it is; a pipe that nobody reads from within FC_PIPE_MS is FC_EIO. */
typedef struct fc_atomic_file {
    FILE *f; /* write here */
    char *path, *tmp;
    int slot;  /* of fc_atomic_abandon's list; -1: none */
    bool keep; /* replaces no other file */
    bool
        passing; /* set by the caller: a power loss may take it away, or leave part of it, which a checksum tells */
} fc_atomic_file;
fc_status fc_atomic_open(fc_atomic_file *a, const char *path, fc_error *err);
/* The same, for a file that only its owner may read. */
fc_status fc_atomic_open_private(fc_atomic_file *a, const char *path, fc_error *err);
/* Where path is in a folder whose files are kept (outputs.h), a file of that name stays as it is: FC_OK where it has the
 * same bytes, else FC_EEXISTS. Otherwise renames to path, unless that is an output which was found to be an input (outputs.h); on failure the temporary file is gone and path is as it was (or, where the folder cannot be synced,
 * the new one, which a power loss may take away). */
fc_status fc_atomic_commit(fc_atomic_file *a, fc_error *err);
/* Gives up; does nothing after a commit. */
void fc_atomic_discard(fc_atomic_file *a);
/* Removes the temporary files of this process (of the first 256 at a time). For the handler of a signal that ends it. */
void fc_atomic_abandon(void);

/* For what is written bit by bit, as a log: path is made, or emptied. A pipe that nobody reads from within FC_PIPE_MS is
 * FC_EIO. */
fc_status fc_open_written(FILE **f, const char *path, fc_error *err);

/* Makes path, readable by its owner only, with these n bytes. A file that is there by then, somebody else's, stays as it
 * is: FC_OK. Killed at any moment, nothing but the whole file is left (on file systems that have O_TMPFILE; elsewhere
 * a temporary file may be). */
fc_status fc_create_private(const char *path, const void *data, size_t n, fc_error *err);

/* Syncs the folder that path is in: a name given to a file there is kept. For those who rename themselves. */
fc_status fc_sync_folder_of(const char *path, fc_error *err);

/* Whether both names are of one file that is there: what an output must not replace. */
bool fc_same_file(const char *a, const char *b);

#endif
