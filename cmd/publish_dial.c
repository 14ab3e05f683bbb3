/* Connecting, on a thread of its own: looking up a name, and waiting where nobody answers, take minutes that nothing ends. */
#include <errno.h>
#include <mosquitto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/error.h"
#include "publish.h"

enum { DIALLING, OVER, GIVEN_UP };

struct dial {
    struct mosquitto *m; /* nobody else's until it is over */
    char host[sizeof((struct broker *)0)->host];
    int port, keep_alive, wake;
    pthread_t thread;
    int state; /* atomic; of the thread and who waits for it, the second one to change it frees */
    struct dial_end end;
};

/* The first that libmosquitto said of TLS. Not in the context of its callbacks, which may be gone before the thread is. */
static _Thread_local char said[sizeof((struct dial_end *)0)->tls];

/* "OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed", of which the end is for people, or
 * "Error: host name verification failed." */
static void on_log(struct mosquitto *m, void *ctx, int level, const char *text)
{
    static const char of_openssl[] = "OpenSSL Error", own[] = "Error: ";
    const char *last = strrchr(text, ':');

    (void)m;
    (void)ctx;
    if (level != MOSQ_LOG_ERR || *said)
        return;
    if (!strncmp(text, of_openssl, sizeof of_openssl - 1))
        snprintf(said, sizeof said, "%s", last ? last + 1 : text);
    else if (!strncmp(text, own, sizeof own - 1))
        snprintf(said, sizeof said, "%s", text + sizeof own - 1);
}

void dial_take_tls(char tls[sizeof said])
{
    memcpy(tls, said, sizeof said);
    *said = '\0';
}

static void *dial(void *ctx)
{
    struct dial *d = ctx;

    mosquitto_log_callback_set(d->m, on_log);
    d->end.code = mosquitto_connect(d->m, d->host, d->port, d->keep_alive);
    d->end.why = errno;
    dial_take_tls(d->end.tls);
    if (__atomic_exchange_n(&d->state, OVER, __ATOMIC_ACQ_REL) == DIALLING) {
        eventfd_write(d->wake, 1);
    } else {
        mosquitto_destroy(d->m);
        free(d);
    }
    return NULL;
}

fc_status dial_begin(struct dial **out, struct mosquitto *m, const struct broker *b, int keep_alive, int wake,
                     fc_error *err)
{
    struct dial *d = *out = calloc(1, sizeof *d);

    if (!d)
        return fc_fail_nomem(err, sizeof *d);
    *d = (struct dial){.m = m, .port = b->port, .keep_alive = keep_alive, .wake = wake};
    memcpy(d->host, b->host, sizeof d->host);
    const int why = pthread_create(&d->thread, NULL, dial, d);
    if (!why)
        return FC_OK;
    free(d);
    *out = NULL;
    return fc_fail(err, FC_EIO, "a thread cannot be started: %s", strerror(why));
}

bool dial_is_over(struct dial *d, struct dial_end *end)
{
    if (__atomic_load_n(&d->state, __ATOMIC_ACQUIRE) != OVER)
        return false;
    pthread_join(d->thread, NULL);
    *end = d->end;
    free(d);
    return true;
}

bool dial_give_up(struct dial *d)
{
    const pthread_t thread = d->thread; /* d may be gone */

    if (__atomic_exchange_n(&d->state, GIVEN_UP, __ATOMIC_ACQ_REL) == DIALLING) {
        pthread_detach(thread);
        return false;
    }
    pthread_join(thread, NULL);
    free(d);
    return true;
}
