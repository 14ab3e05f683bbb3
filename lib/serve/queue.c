#include "serve/queue.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/error.h"

struct fc_queue {
    void (*begin)(void *ctx, int worker);
    void (*do_one)(void *ctx, int worker, void *job);
    void *ctx;
    pthread_mutex_t lock;
    pthread_cond_t filled, emptied;
    void **job; /* [cap], a ring */
    size_t cap, first, n, busy;
    bool stop;
    struct queue_worker {
        fc_queue *q;
        int index;
        pthread_t thread;
    } * worker; /* [workers] */
    int workers;
};

static void *take(fc_queue *q)
{
    void *job = q->job[q->first];

    q->first = (q->first + 1) % q->cap;
    q->n--;
    return job;
}

static void *worker_main(void *arg)
{
    const struct queue_worker *w = arg;
    fc_queue *q = w->q;

    if (q->begin)
        q->begin(q->ctx, w->index);
    pthread_mutex_lock(&q->lock);
    for (;;) {
        while (!q->n && !q->stop)
            pthread_cond_wait(&q->filled, &q->lock);
        if (!q->n)
            break;
        void *job = take(q);
        q->busy++;
        pthread_mutex_unlock(&q->lock);
        q->do_one(q->ctx, w->index, job);
        pthread_mutex_lock(&q->lock);
        q->busy--;
        pthread_cond_broadcast(&q->emptied);
    }
    pthread_mutex_unlock(&q->lock);
    return NULL;
}

fc_status fc_queue_new(fc_queue **out, int workers, size_t waiting, void (*begin)(void *ctx, int worker),
                       void (*do_one)(void *ctx, int worker, void *job), void *ctx, fc_error *err)
{
    fc_queue *q = calloc(1, sizeof *q);
    pthread_condattr_t monotonic;

    *out = NULL;
    if (q) {
        *q = (fc_queue){.begin = begin, .do_one = do_one, .ctx = ctx, .cap = waiting + (size_t)workers};
        q->job = calloc(q->cap, sizeof *q->job);
        q->worker = calloc((size_t)workers, sizeof *q->worker);
    }
    if (!q || !q->job || !q->worker) {
        if (q) {
            free(q->job);
            free(q->worker);
        }
        free(q);
        return fc_fail_nomem(err, 0);
    }
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->filled, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&q->emptied, &monotonic);
    pthread_condattr_destroy(&monotonic);
    for (int i = 0; i < workers; i++) {
        q->worker[i] = (struct queue_worker){.q = q, .index = i};
        if (pthread_create(&q->worker[i].thread, NULL, worker_main, &q->worker[i])) {
            fc_queue_free(q);
            return fc_fail(err, FC_ENOMEM, "cannot start %d threads", workers);
        }
        q->workers++;
    }
    *out = q;
    return FC_OK;
}

bool fc_queue_put(fc_queue *q, void *job)
{
    pthread_mutex_lock(&q->lock);
    /* who is not busy will take one at once */
    const bool room = q->n + q->busy < q->cap;
    if (room) {
        q->job[(q->first + q->n++) % q->cap] = job;
        pthread_cond_signal(&q->filled);
    }
    pthread_mutex_unlock(&q->lock);
    return room;
}

bool fc_queue_drain(fc_queue *q, double seconds)
{
    struct timespec until;
    bool empty;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)seconds;
    pthread_mutex_lock(&q->lock);
    while ((q->n || q->busy) && !pthread_cond_timedwait(&q->emptied, &q->lock, &until))
        continue;
    empty = !q->n && !q->busy;
    pthread_mutex_unlock(&q->lock);
    return empty;
}

void *fc_queue_take_back(fc_queue *q)
{
    pthread_mutex_lock(&q->lock);
    void *job = q->n ? take(q) : NULL;
    pthread_mutex_unlock(&q->lock);
    return job;
}

fc_queue_state fc_queue_look(fc_queue *q)
{
    pthread_mutex_lock(&q->lock);
    const fc_queue_state s = {.waiting = q->n, .busy = q->busy, .workers = q->workers};
    pthread_mutex_unlock(&q->lock);
    return s;
}

void fc_queue_free(fc_queue *q)
{
    if (!q)
        return;
    pthread_mutex_lock(&q->lock);
    q->stop = true;
    pthread_cond_broadcast(&q->filled);
    pthread_mutex_unlock(&q->lock);
    for (int i = 0; i < q->workers; i++)
        pthread_join(q->worker[i].thread, NULL);
    pthread_cond_destroy(&q->filled);
    pthread_cond_destroy(&q->emptied);
    pthread_mutex_destroy(&q->lock);
    free(q->job);
    free(q->worker);
    free(q);
}
