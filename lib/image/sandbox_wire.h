/* What a program and its worker (sandbox_worker.c) say to each other: one struct a packet on a socket, and bytes in shared
 * memory, which both read and write by pread and pwrite, so that neither's reading is a fault where it is short. Both are of one
 * build. What the worker says is not to be believed: a hostile picture may have taken it over. */
#ifndef FC_IMAGE_SANDBOX_WIRE_H
#define FC_IMAGE_SANDBOX_WIRE_H
#include "facecheck.h"
#include "image/rows.h"

enum {
    FC_SANDBOX_SOCKET = 3,
    FC_SANDBOX_MEMORY = 4
}; /* the worker's descriptors; it has no others but /dev/null */
#define FC_SANDBOX_PROGRAM "facecheck-sandbox"
#define FC_SANDBOX_NAME    "?" /* of every picture in there; messages begin with it */

/* To the worker, once. It answers when it is confined, or says why it cannot be. */
typedef struct fc_sandbox_start {
    char version[16]; /* FC_VERSION */
    uint64_t formats; /* bits, 1 << fc_format: what has a module gets it now */
    uint64_t memory;  /* bytes that it may have beside what it has */
} fc_sandbox_start;

/* To the worker: a picture. Its file's bytes are at the beginning of the memory. */
typedef struct fc_sandbox_job {
    uint64_t n; /* of them */
    uint64_t
        granted; /* bytes of the budget that it may take, its file, its decoder and its pixels together */
    uint64_t max_pixels;
    int32_t max_side;
    uint8_t keep_orientation, keep_damaged;
} fc_sandbox_job;

/* From the worker. */
typedef struct fc_sandbox_answer {
    int32_t status; /* FC_OK: h rows of 3 w bytes are at the beginning of the memory; FC_END: wanted more */
    int32_t w, h, full_w, full_h, frames;
    uint8_t damaged;
    uint64_t wanted;   /* FC_END: bytes of the budget */
    char message[500]; /* of a failure; begins with FC_SANDBOX_NAME */
} fc_sandbox_answer;

/* An answer of n bytes to the picture: FC_OK, and img is what the options allow, with its pixels read from fd; FC_END, and
 * src->claim->wanted is what it wants; the failure that it tells of, named as src is. Whatever else it says is FC_ECRASHED. */
fc_status fc_sandbox_take(fc_image *img, const fc_source *src, const void *answer, size_t n, int fd,
                          fc_error *err);
/* What an answer is that no honest worker gives. */
fc_status fc_sandbox_nonsense(const fc_source *src, fc_error *err);

#endif
