/* Connections whose time is over are shut down, whatever they are doing; libmicrohttpd finds them closed then. */
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "serve.h"

struct watched {
    int fd;
    double until;
    struct watched *next, **link; /* link: what points here */
};

static void *watch(void *arg)
{
    struct serve *s = arg;
    const struct timespec tick = {.tv_nsec = 100000000};

    for (;;) {
        pthread_mutex_lock(&s->watch_lock);
        const double now = fc_now();
        for (struct watched *w = s->watched; w; w = w->next)
            if (now > w->until)
                shutdown(w->fd, SHUT_RDWR);
        const bool stop = s->watch_stop;
        pthread_mutex_unlock(&s->watch_lock);
        if (stop)
            return NULL;
        nanosleep(&tick, NULL);
    }
}

fc_status watch_start(struct serve *s, fc_error *err)
{
    s->watching = !pthread_create(&s->watcher, NULL, watch, s);
    return s->watching ? FC_OK : fc_fail(err, FC_ENOMEM, "cannot start a thread");
}

void watch_stop(struct serve *s)
{
    pthread_mutex_lock(&s->watch_lock);
    s->watch_stop = true;
    pthread_mutex_unlock(&s->watch_lock);
    if (s->watching)
        pthread_join(s->watcher, NULL);
    s->watching = false;
}

struct watched *watch_add(struct serve *s, int fd)
{
    struct watched *w = calloc(1, sizeof *w);

    if (!w)
        return NULL;
    *w = (struct watched){.fd = fd, .until = fc_now() + s->args->read_time};
    pthread_mutex_lock(&s->watch_lock);
    w->next = s->watched;
    w->link = &s->watched;
    if (w->next)
        w->next->link = &w->next;
    s->watched = w;
    pthread_mutex_unlock(&s->watch_lock);
    return w;
}

void watch_until(struct serve *s, struct watched *w, double seconds)
{
    if (!w)
        return;
    pthread_mutex_lock(&s->watch_lock);
    w->until = fc_now() + seconds;
    pthread_mutex_unlock(&s->watch_lock);
}

void watch_remove(struct serve *s, struct watched *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&s->watch_lock);
    *w->link = w->next;
    if (w->next)
        w->next->link = w->link;
    pthread_mutex_unlock(&s->watch_lock);
    free(w);
}
