/* Work on a stream of items with several threads, in order. */
#ifndef FC_BASE_THREADS_H
#define FC_BASE_THREADS_H
#include "facecheck.h"

typedef struct fc_pipeline {
    /* Next item, or FC_END; *item stays NULL then, and on failure. Called from one thread at a time. */
    fc_status (*read)(void *ctx, void **item, fc_error *err);
    /* Runs on any worker (0..workers-1), each on one thread of its own. */
    fc_status (*work)(void *ctx, int worker, void *item, fc_error *err);
    /* In the order of reading, on the calling thread. Owns the item. */
    fc_status (*write)(void *ctx, void *item, fc_error *err);
    /* Frees an item that will not be written. */
    void (*drop)(void *ctx, void *item);
    /* How many items may be on their way, from their read to the end of their write, before one more is read; asked again whenever one was
     * written. May be NULL: then as many as there is room for. */
    int (*window)(void *ctx);
    /* Makes a read that waits for its source return, now and from now on, after a failure further down. May
     * be NULL: then the run ends when that read does. Called on the calling thread. */
    void (*interrupt)(void *ctx);
} fc_pipeline;

/* Reads, works and writes until FC_END (then FC_OK) or the first failure of any of the three, in item order:
 * items before the failing one are written. At most 4 items per worker are in flight, so memory is bounded.
 */
fc_status fc_pipeline_run(const fc_pipeline *p, void *ctx, int workers, fc_error *err);

/* Calls do_one for 0..n - 1, each once, on any of so many threads (the calling one alone where it is 1) and in any order. */
fc_status fc_each(size_t n, int workers, void (*do_one)(void *ctx, size_t i), void *ctx, fc_error *err);

/* CPUs this process may use: affinity and cgroup quota (v1 and v2), at least 1. */
int fc_cpu_count(void);

/* How many threads --jobs N, or a caller's number, comes to: 0 is one for each CPU; at most FC_MAX_JOBS. */
enum { FC_MAX_JOBS = 256 };
int fc_jobs(int asked);

#endif
