/* A file over HTTP. */
#ifndef FC_MODELS_DOWNLOAD_H
#define FC_MODELS_DOWNLOAD_H
#include "facecheck.h"

#define FC_STALL_SECONDS 60

typedef struct fc_download {
    const char *url;   /* http or https */
    const char *part;  /* what has come so far; PART.tag beside it says of which version of the file it is */
    uint64_t max;      /* refuse more bytes */
    int stall_seconds; /* a server that sends less than 1 kB/s for so long is given up; 0: FC_STALL_SECONDS */
    /* Called often; total is 0 where the server does not say. May be NULL. */
    void (*progress)(void *ctx, uint64_t done, uint64_t total);
    void *ctx;
} fc_download;

/* Goes on where an earlier download stopped, when the server still has the same file, and tries again when the
 * connection drops, as long as each attempt brings more, or stalls, after one that brought what the lowest speed brings in
 * stall_seconds. From https it follows redirections to https only. FC_OK: part is whole, as far as the server says; otherwise it
 * is kept for the next time. *resumed: bytes that were there before. */
fc_status fc_download_run(const fc_download *d, uint64_t *resumed, fc_error *err);
/* Deletes part and its tag. */
void fc_download_forget(const char *part);

#endif
