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

#endif
