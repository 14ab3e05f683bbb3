/* Models that are fetched when asked for. */
#ifndef FC_MODELS_PULL_H
#define FC_MODELS_PULL_H
#include "base/codec.h"
#include "models/registry.h"

typedef struct fc_pull {
    const fc_model *model;
    const char *dir; /* where models are installed; made when it is not there */
    void (*progress)(void *ctx, uint64_t done, uint64_t total); /* total 0: unknown. May be NULL */
    void *ctx;
    int stall_seconds; /* a server that sends less than 1 kB/s for so long is given up; 0: FC_STALL_SECONDS */
    /* Results */
    char sha256[FC_SHA256_HEX]; /* of what came from the address */
    bool known;                 /* it was compared with a recorded one; else it is now recorded */
    uint64_t resumed;           /* bytes that an earlier pull had brought */
    char *path;                 /* the installed file; caller frees */
} fc_pull;

/* Fetches the model's file from its address, over https unless a SHA-256 of it or of the model is recorded, checks its SHA-256, imports it, and installs it and its description in
 * dir: both are there, or neither is. What came before a failure is kept and gone on with by the next pull, but what
 * has the wrong hash or is not the model is deleted. One pull at a time works on a dir. */
fc_status fc_pull_run(fc_pull *p, fc_error *err);

#endif
