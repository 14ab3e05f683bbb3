#include "base/threads.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum slot_state { FREE, READY, BUSY, DONE };

struct slot {
    enum slot_state state;
    void *item;
    fc_status status; /* of work, or of the read that found the end or a fault */
    bool last;        /* no item: reading ended here */
    fc_error err;
};

struct run {
    const fc_pipeline *p;
    void *ctx;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct slot *ring;
    size_t nring;
    size_t read_at, work_at, write_at; /* counts of items */
    bool stop;
};

struct worker {
    struct run *run;
    int index;
    pthread_t thread;
};

/* Whether one item more may be on its way. */
static bool has_room(const struct run *r)
{
    return !r->p->window || r->read_at - r->write_at < (size_t)r->p->window(r->ctx);
}

static void *reader_main(void *arg)
{
    struct run *r = arg;
    bool last = false;

    while (!last) {
        pthread_mutex_lock(&r->lock);
        struct slot *s = &r->ring[r->read_at % r->nring];
        while ((s->state != FREE || !has_room(r)) && !r->stop)
            pthread_cond_wait(&r->changed, &r->lock);
        bool stop = r->stop;
        pthread_mutex_unlock(&r->lock);
        if (stop)
            break;

        fc_error err = {0};
        void *item = NULL;
        fc_status st = r->p->read(r->ctx, &item, &err);

        pthread_mutex_lock(&r->lock);
        last = st != FC_OK;
        s->item = item;
        s->status = st;
        s->err = err;
        s->last = last;
        s->state = last ? DONE : READY;
        r->read_at++;
        pthread_cond_broadcast(&r->changed);
        pthread_mutex_unlock(&r->lock);
    }
    return NULL;
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    struct run *r = w->run;

    pthread_mutex_lock(&r->lock);
    for (;;) {
        struct slot *s = &r->ring[r->work_at % r->nring];
        while (!r->stop && (r->work_at == r->read_at)) {
            pthread_cond_wait(&r->changed, &r->lock);
            s = &r->ring[r->work_at % r->nring];
        }
        if (r->stop || s->last)
            break;
        r->work_at++;
        s->state = BUSY;
        pthread_mutex_unlock(&r->lock);
        fc_error err = {0};
        fc_status st = r->p->work(r->ctx, w->index, s->item, &err);
        pthread_mutex_lock(&r->lock);
        s->status = st;
        s->err = err;
        s->state = DONE;
        pthread_cond_broadcast(&r->changed);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

static fc_status run_serial(const fc_pipeline *p, void *ctx, fc_error *err)
{
    for (;;) {
        void *item = NULL;
        fc_status s = p->read(ctx, &item, err);
        if (s)
            return s == FC_END ? FC_OK : s;
        s = p->work(ctx, 0, item, err);
        if (s) {
            p->drop(ctx, item);
            return s;
        }
        s = p->write(ctx, item, err);
        if (s)
            return s;
    }
}

static fc_status write_in_order(struct run *r, fc_error *err)
{
    fc_status st = FC_OK;

    for (;;) {
        struct slot *s = &r->ring[r->write_at % r->nring];
        pthread_mutex_lock(&r->lock);
        while (s->state != DONE)
            pthread_cond_wait(&r->changed, &r->lock);
        pthread_mutex_unlock(&r->lock);
        st = s->status;
        if (st && err)
            *err = s->err;
        if (s->last)
            return st == FC_END ? FC_OK : st;
        if (st)
            return st; /* the item is dropped with the rest of the ring */
        void *item = s->item;
        s->item = NULL;
        st = r->p->write(r->ctx, item, err);
        if (st)
            return st;
        pthread_mutex_lock(&r->lock);
        r->write_at++;
        s->state = FREE;
        pthread_cond_broadcast(&r->changed);
        pthread_mutex_unlock(&r->lock);
    }
}

fc_status fc_pipeline_run(const fc_pipeline *p, void *ctx, int workers, fc_error *err)
{
    if (workers <= 1)
        return run_serial(p, ctx, err);

    struct run r = {.p = p, .ctx = ctx, .nring = (size_t)workers * 4};
    struct worker *w = calloc((size_t)workers, sizeof *w);
    pthread_t reader;
    fc_status st;
    int started = 0;
    bool reading = false;

    r.ring = calloc(r.nring, sizeof *r.ring);
    if (!w || !r.ring) {
        free(w);
        free(r.ring);
        return fc_fail_nomem(err, r.nring * sizeof *r.ring);
    }
    pthread_mutex_init(&r.lock, NULL);
    pthread_cond_init(&r.changed, NULL);
    for (; started < workers; started++) {
        w[started] = (struct worker){.run = &r, .index = started};
        if (pthread_create(&w[started].thread, NULL, worker_main, &w[started]))
            break;
    }
    reading = started > 0 && !pthread_create(&reader, NULL, reader_main, &r);
    if (reading)
        st = write_in_order(&r, err);
    else
        st = fc_fail(err, FC_ENOMEM, "cannot start %d threads", workers + 1);

    pthread_mutex_lock(&r.lock);
    r.stop = true;
    pthread_cond_broadcast(&r.changed);
    pthread_mutex_unlock(&r.lock);
    if (reading && st && p->interrupt)
        p->interrupt(ctx);
    if (reading)
        pthread_join(reader, NULL);
    for (int i = 0; i < started; i++)
        pthread_join(w[i].thread, NULL);
    for (size_t i = 0; i < r.nring; i++)
        if (r.ring[i].item)
            p->drop(ctx, r.ring[i].item);
    pthread_cond_destroy(&r.changed);
    pthread_mutex_destroy(&r.lock);
    free(r.ring);
    free(w);
    return st;
}

/* ---- numbers ---- */

struct each {
    void (*do_one)(void *ctx, size_t i);
    void *ctx;
    size_t next, n;
};

/* An item is a number and one, as a pointer that nobody follows. */
static fc_status next_number(void *ctx, void **item, fc_error *err)
{
    struct each *e = ctx;

    (void)err;
    if (e->next == e->n)
        return FC_END;
    *item = (void *)(uintptr_t)++e->next;
    return FC_OK;
}

static fc_status do_number(void *ctx, int worker, void *item, fc_error *err)
{
    const struct each *e = ctx;

    (void)worker;
    (void)err;
    e->do_one(e->ctx, (size_t)(uintptr_t)item - 1);
    return FC_OK;
}

static fc_status done_number(void *ctx, void *item, fc_error *err)
{
    (void)ctx;
    (void)item;
    (void)err;
    return FC_OK;
}

static void drop_number(void *ctx, void *item)
{
    (void)ctx;
    (void)item;
}

fc_status fc_each(size_t n, int workers, void (*do_one)(void *ctx, size_t i), void *ctx, fc_error *err)
{
    struct each e = {.do_one = do_one, .ctx = ctx, .n = n};

    return fc_pipeline_run(
        &(fc_pipeline){.read = next_number, .work = do_number, .write = done_number, .drop = drop_number}, &e,
        workers, err);
}
