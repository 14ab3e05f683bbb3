/* A file of figures that is kept up to date. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/error.h"
#include "base/outputs.h"
#include "monitor/prom_impl.h"

enum { SECONDS = 5 }; /* between two writings */

struct fc_prom_file {
    fc_prom *prom;
    char *path;
    bool plain; /* a regular file; else it is written once, at the end */
    pthread_t thread;
    bool running; /* the thread is */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
    fc_error fault; /* of the thread */
};

static bool has_changed(fc_prom *p)
{
    pthread_mutex_lock(&p->lock);
    const bool changed = p->changes != p->written;
    pthread_mutex_unlock(&p->lock);
    return changed;
}

/* Until the time has passed, or it shall stop. The lock is held. */
static void wait_for_next(fc_prom_file *f)
{
    struct timespec until;
    int why = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += SECONDS;
    while (!f->stop && why != ETIMEDOUT)
        why = pthread_cond_timedwait(&f->wake, &f->lock, &until);
}

static void *keep_written(void *arg)
{
    fc_prom_file *f = arg;
    fc_error err;

    pthread_mutex_lock(&f->lock);
    while (!f->stop && !f->fault.status) {
        wait_for_next(f);
        if (f->stop || !has_changed(f->prom))
            continue;
        pthread_mutex_unlock(&f->lock);
        const fc_status s = fc_prom_save(f->prom, f->path, &err);
        pthread_mutex_lock(&f->lock);
        if (s)
            f->fault = err;
    }
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

static void free_file(fc_prom_file *f)
{
    pthread_mutex_destroy(&f->lock);
    pthread_cond_destroy(&f->wake);
    free(f->path);
    free(f);
}

static fc_status start(fc_prom_file *f, fc_error *err)
{
    fc_status s = fc_prom_load(f->prom, f->path, err);

    if (!s)
        s = fc_prom_save(f->prom, f->path, err);
    if (s)
        return s;
    const int why = pthread_create(&f->thread, NULL, keep_written, f);
    f->running = !why;
    return why ? fc_fail(err, FC_EIO, "a thread cannot be started: %s", strerror(why)) : FC_OK;
}

fc_status fc_prom_file_open(fc_prom_file **out, fc_prom *p, const char *path, fc_error *err)
{
    fc_prom_file *f = calloc(1, sizeof *f);
    pthread_condattr_t monotonic;
    struct stat st;
    fc_status s = FC_OK;

    *out = NULL;
    if (!f || !(f->path = strdup(path))) {
        free(f);
        return fc_fail_nomem(err, strlen(path) + 1);
    }
    f->prom = p;
    pthread_mutex_init(&f->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&f->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    f->plain = stat(path, &st) || S_ISREG(st.st_mode);
    if (f->plain) {
        fc_outputs_renew(path);
        s = start(f, err);
    }
    if (s)
        free_file(f);
    else
        *out = f;
    return s;
}

fc_status fc_prom_file_check(fc_prom_file *f, fc_error *err)
{
    fc_error fault;

    pthread_mutex_lock(&f->lock);
    fault = f->fault;
    pthread_mutex_unlock(&f->lock);
    return fault.status ? fc_fail(err, fault.status, "%s", fault.message) : FC_OK;
}

fc_status fc_prom_file_close(fc_prom_file *f, fc_error *err)
{
    fc_status s;

    if (!f)
        return FC_OK;
    pthread_mutex_lock(&f->lock);
    f->stop = true;
    pthread_cond_signal(&f->wake);
    pthread_mutex_unlock(&f->lock);
    if (f->running)
        pthread_join(f->thread, NULL);
    s = fc_prom_save(f->prom, f->path, err);
    free_file(f);
    return s;
}
