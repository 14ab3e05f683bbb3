/* Whole files in and out. */
#ifndef FC_BASE_BYTES_H
#define FC_BASE_BYTES_H
#include <stdio.h>
#include "facecheck.h"

typedef struct fc_bytes {
    uint8_t *data; /* owned */
    size_t n;
} fc_bytes;
void fc_bytes_clear(fc_bytes *b);

/* Reads all of path (or of f), refusing more than max bytes. An empty file is FC_EEMPTY, a folder FC_EIO. */
fc_status fc_bytes_read_file(fc_bytes *out, const char *path, uint64_t max, fc_error *err);
fc_status fc_bytes_read_stream(fc_bytes *out, FILE *f, const char *name, uint64_t max, fc_error *err);

/* A read-only map of a file. */
typedef struct fc_map {
    const uint8_t *data;
    size_t n;
} fc_map;
fc_status fc_map_open(fc_map *out, const char *path, fc_error *err);
void fc_map_close(fc_map *m);

/* A file that appears under its name only when it is whole: written to a temporary name in the same folder,
 * synced, renamed. A file that is there keeps its mode; through a link, what the link points to is replaced. A device or
 * a pipe is written to as it is. */
typedef struct fc_atomic_file {
    FILE *f; /* write here */
    char *path, *tmp;
    int slot; /* of fc_atomic_abandon's list; -1: none */
} fc_atomic_file;
fc_status fc_atomic_open(fc_atomic_file *a, const char *path, fc_error *err);
/* The same, for a file that only its owner may read. */
fc_status fc_atomic_open_private(fc_atomic_file *a, const char *path, fc_error *err);
/* Renames to path; on failure the temporary file is gone and path is as it was. */
fc_status fc_atomic_commit(fc_atomic_file *a, fc_error *err);
/* Gives up; does nothing after a commit. */
void fc_atomic_discard(fc_atomic_file *a);
/* Removes the temporary files of this process (of the first 16 at a time). For the handler of a signal that ends it. */
void fc_atomic_abandon(void);

#endif
