/* Whole files in and out. */
#ifndef FC_BASE_BYTES_H
#define FC_BASE_BYTES_H
#include <stdio.h>
#include <sys/stat.h>
#include "facecheck.h"

enum { FC_PIPE_MS = 2000 }; /* how long somebody may take to open the other end of a pipe */
typedef enum fc_open_kind {
    FC_OPEN_FILE,         /* a regular file and nothing else */
    FC_OPEN_FILE_OR_PIPE, /* a pipe, too, which somebody has to open for writing in time; and /dev/null */
    FC_OPEN_STREAM /* the same, but a pipe is not waited for: reading it fails with EAGAIN while it is empty */
} fc_open_kind;
/* Opens a file by its name for reading. Never waits for who may write to a pipe, nor touches a device: what else the
 * name stands for is FC_EIO, with its kind in the message. *st is of the file that is open; may be NULL. */
fc_status fc_file_open(int *fd, struct stat *st, const char *path, fc_open_kind kind, fc_error *err);

/* Opens a file with a secret in it, what ("key"), or a pipe, without a buffer that would keep a copy. FC_EDATA where a file may be read
 * or written by others than its owner, unless weak; hint goes behind the advice, NULL: nothing. */
fc_status fc_secret_open(FILE **out, const char *path, bool weak, const char *what, const char *hint,
                         fc_error *err);

/* Reads all of path (or of f), refusing more than max bytes. An empty file is FC_EEMPTY. */
fc_status fc_bytes_read_file(fc_bytes *out, const char *path, uint64_t max,
                             fc_error *err); /* a regular one */
fc_status fc_bytes_read_named(fc_bytes *out, const char *path, uint64_t max, fc_error *err); /* or a pipe */
fc_status fc_bytes_read_stream(fc_bytes *out, FILE *f, const char *name, uint64_t max, fc_error *err);

/* Gives a regular file to take, block by block. One that becomes shorter meanwhile is FC_EIO. */
fc_status fc_bytes_each(const char *path, void (*take)(void *ctx, const uint8_t *data, size_t n), void *ctx,
                        fc_error *err);

/* A file's bytes, which are not to be written to, at the beginning of a page. */
typedef struct fc_map {
    const uint8_t *data;
    size_t n;
    int slot; /* of fc_map_name_at's list; 0: none */
} fc_map;
/* Reads the file (refusing more than max bytes): whatever becomes of it, the bytes stay. What is read from end to end
 * anyway, as weights are to be hashed, costs no more than it would as a map. */
fc_status fc_map_read(fc_map *out, const char *path, uint64_t max, fc_error *err);
/* Maps the file: for what is not read as a whole, or by many processes. Where the file becomes shorter, or its disk
 * fails, reading the bytes is a SIGBUS; a program's handler can ask what was read. */
fc_status fc_map_open(fc_map *out, const char *path, fc_error *err);
void fc_map_close(fc_map *m);
/* The name, for a terminal, of the file that is mapped there (of 16 at a time); NULL: none. For a signal's handler. */
const char *fc_map_name_at(const void *address);

#endif
