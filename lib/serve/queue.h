/* Threads that work on what waits in a queue of bounded length. */
#ifndef FC_SERVE_QUEUE_H
#define FC_SERVE_QUEUE_H
#include "facecheck.h"

typedef struct fc_queue fc_queue;

/* Starts the workers. do_one is called with 0..workers-1, each on one thread of its own; begin, which may be NULL, once before on
 * the same thread. waiting: so many wait at most, beside those that are worked on. */
fc_status fc_queue_new(fc_queue **out, int workers, size_t waiting, void (*begin)(void *ctx, int worker),
                       void (*do_one)(void *ctx, int worker, void *job), void *ctx, fc_error *err);
/* false: as many wait as may. */
bool fc_queue_put(fc_queue *q, void *job);
/* Ends when nothing waits or is worked on any more, or after so many seconds (false). */
bool fc_queue_drain(fc_queue *q, double seconds);
/* Takes a job that waits, for who cannot let it be worked on; NULL: none does. */
void *fc_queue_take_back(fc_queue *q);
typedef struct fc_queue_state {
    size_t waiting, busy;
    int workers;
} fc_queue_state;
fc_queue_state fc_queue_look(fc_queue *q);
/* Waits for jobs that are worked on; none waits. */
void fc_queue_free(fc_queue *q);

#endif
