/* Messages from the spool to the broker, by libmosquitto, at QoS 1. */
#include <errno.h>
#include <math.h>
#include <mosquitto.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "publish.h"
#include "say.h"

#define ALL_AUTHORITIES "/etc/ssl/certs"
#define OFFLINE         "offline"
enum {
    QOS = 1,
    IN_FLIGHT = 20,  /* as many as libmosquitto sends before they are acknowledged */
    KEEP_ALIVE = 15, /* seconds; half as long again, and the broker says that we are offline */
    FIRST_PAUSE = 1, /* seconds before connecting again, and what they grow to */
    LAST_PAUSE = 30,
    GOODBYE = 2 /* seconds for the last message */
};

enum link { AWAY, DIALLING, CONNECTING, CONNECTED };

struct sender {
    struct publish *p;
    struct mosquitto *m;
    struct dial *dial; /* while DIALLING, whose m is */

    enum link link;
    bool told;       /* that it is away */
    double again;    /* when to connect again */
    double pause;    /* seconds, until then */
    double end;      /* when to give up; INFINITY: not yet */
    int refused;     /* what the broker says of who we are; 0: nothing yet */
    fc_status unfit; /* FC_OK, or fault says which file for TLS is none */
    fc_error fault;
    int goodbye; /* the last message's number; -1: not sent, 0: it arrived */
    struct {
        int mid;
        int64_t id;
    } flight[IN_FLIGHT];
    int in_flight;
};

/* ---- what libmosquitto tells ---- */

static void on_connect(struct mosquitto *m, void *ctx, int code)
{
    static const char online[] = "online";
    struct sender *s = ctx;

    if (code) {
        s->refused = code;
        return;
    }
    s->link = CONNECTED;
    s->pause = FIRST_PAUSE;
    if (s->told)
        note("%s: is there again", s->p->broker.host);
    s->told = false;
    mosquitto_publish(m, NULL, s->p->status, (int)strlen(online), online, QOS, true);
}

static void on_disconnect(struct mosquitto *m, void *ctx, int code)
{
    (void)m;
    (void)code;
    ((struct sender *)ctx)->link = AWAY;
}

static void set_broken(struct publish *p, fc_status status, const fc_error *err)
{
    if (p->broken)
        return;
    p->broken = status;
    p->fault = *err;
}

/* A message arrived: it need not be kept. */
static void on_publish(struct mosquitto *m, void *ctx, int mid)
{
    struct sender *s = ctx;
    fc_error err;

    (void)m;
    if (mid == s->goodbye)
        s->goodbye = 0;
    for (int i = 0; i < s->in_flight; i++) {
        if (s->flight[i].mid != mid)
            continue;
        pthread_mutex_lock(&s->p->lock);
        const fc_status status = fc_spool_done(s->p->spool, s->flight[i].id, &err);
        if (status)
            set_broken(s->p, status, &err);
        pthread_mutex_unlock(&s->p->lock);
        s->flight[i] = s->flight[--s->in_flight];
        return;
    }
}

/* ---- the connection ---- */

static const char *reason(int code)
{
    return code == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(code);
}

static const char *reason_of(const struct dial_end *end)
{
    if (end->code == MOSQ_ERR_TLS && *end->tls)
        return end->tls;
    errno = end->why;
    return reason(end->code);
}

/* A pause before the next attempt, twice as long each time, and not the same for all who wait for one broker. */
static void lose(struct sender *s, const char *why)
{
    unsigned char random = 0;

    s->link = AWAY;
    if (!s->told)
        say("%s: %s; messages wait", s->p->broker.host, why);
    s->told = true;
    (void)!getrandom(&random, 1, 0);
    s->again = fc_now() + s->pause * (0.75 + random / 512.0);
    s->pause = s->pause * 2 < LAST_PAUSE ? s->pause * 2 : LAST_PAUSE;
}

static void connect_to(struct sender *s)
{
    fc_error err;

    s->link = DIALLING;
    if (dial_begin(&s->dial, s->m, &s->p->broker, KEEP_ALIVE, s->p->wake, &err))
        lose(s, err.message);
}

/* What came of that, if it is over. Files for TLS that are none stay so, and are not tried again. */
static void take_dial(struct sender *s)
{
    static const char of_file[] = "Unable to load ";
    struct dial_end end;

    if (!dial_is_over(s->dial, &end))
        return;
    s->dial = NULL;
    s->link = CONNECTING;
    if (!strncmp(end.tls, of_file, sizeof of_file - 1)) {
        s->link = AWAY;
        s->again = INFINITY;
        s->unfit = fc_fail(&s->fault, FC_EDATA, "--cafile, --cert, --key: %s", end.tls);
    } else if (end.code) {
        lose(s, reason_of(&end));
    }
}

static fc_status fail_mosquitto(fc_error *err, const char *what, int code)
{
    return fc_fail(err, code == MOSQ_ERR_NOMEM ? FC_ENOMEM : FC_EUSAGE, "%s: %s", what, reason(code));
}

/* Of a key that is encrypted: libmosquitto's OpenSSL would ask for it on the terminal, at each attempt. */
static int no_passphrase(char *to, int size, int for_writing, void *ctx)
{
    (void)to;
    (void)size;
    (void)for_writing;
    (void)ctx;
    return 0;
}

static fc_status set_up(struct sender *s, fc_error *err)
{
    const struct publish_args *a = s->p->args;
    int code;

    s->m = mosquitto_new(NULL, true, s);
    if (!s->m)
        return fc_fail_nomem(err, 0);
    mosquitto_connect_callback_set(s->m, on_connect);
    mosquitto_disconnect_callback_set(s->m, on_disconnect);
    mosquitto_publish_callback_set(s->m, on_publish);
    code = mosquitto_will_set(s->m, s->p->status, (int)strlen(OFFLINE), OFFLINE, QOS, true);
    if (code)
        return fail_mosquitto(err, "--node", code);
    if (*s->p->broker.user)
        code = mosquitto_username_pw_set(s->m, s->p->broker.user,
                                         *s->p->broker.password ? s->p->broker.password : NULL);
    if (code)
        return fail_mosquitto(err, "--credentials", code);
    /* Certificates and names in them are verified; there is no option not to. */
    if (s->p->broker.tls)
        code = mosquitto_tls_set(s->m, a->cafile, a->cafile ? NULL : ALL_AUTHORITIES, a->cert, a->key,
                                 no_passphrase);
    return code ? fail_mosquitto(err, "--cafile, --cert, --key", code) : FC_OK;
}

/* ---- messages ---- */

/* The oldest that is not on its way; false: there is none, or no room. */
static bool take_next(struct sender *s, fc_message *m)
{
    struct publish *p = s->p;
    fc_error err;
    fc_status status = FC_END;

    pthread_mutex_lock(&p->lock);
    if (s->in_flight < IN_FLIGHT)
        status = fc_spool_next(p->spool, p->sent, m, &err);
    if (!status)
        p->sent = m->id;
    else if (status != FC_END)
        set_broken(p, status, &err);
    pthread_mutex_unlock(&p->lock);
    return !status;
}

static void send_more(struct sender *s)
{
    fc_message m;
    int mid = 0;

    while (s->link == CONNECTED && take_next(s, &m)) {
        const int code = mosquitto_publish(s->m, &mid, m.topic, (int)m.n, m.payload, QOS, m.retain);
        if (!code || code == MOSQ_ERR_NO_CONN ||
            code == MOSQ_ERR_CONN_LOST) { /* it has it, and sends it again */
            s->flight[s->in_flight].mid = mid;
            s->flight[s->in_flight++].id = m.id;
        } else {
            say("%s: %s; the message is left out", m.topic, reason(code));
            pthread_mutex_lock(&s->p->lock);
            s->p->refused++;
            fc_spool_done(s->p->spool, m.id, NULL);
            pthread_mutex_unlock(&s->p->lock);
        }
        fc_message_clear(&m);
    }
}

/* ---- the loop ---- */

void publish_stop_reading(struct publish *p)
{
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_signal(&p->room);
    pthread_mutex_unlock(&p->lock);
    eventfd_write(p->stop, 1);
}

static void take_signal(struct sender *s)
{
    struct signalfd_siginfo which;

    if (read(s->p->signals, &which, sizeof which) != sizeof which)
        return;
    note("going down");
    if (isfinite(s->end)) /* the second one */
        s->end = 0;
    else
        s->end = fc_now() + s->p->args->drain;
    publish_stop_reading(s->p);
}

/* Milliseconds until there is something to do, if nothing comes; a second at most. */
static int patience(const struct sender *s)
{
    const double next = fmin(s->end, s->link == AWAY ? s->again : INFINITY), left = next - fc_now();

    return left < 0 ? 0 : left > 1 ? 1000 : (int)(left * 1000) + 1;
}

/* Waits for news for a while, and takes it. */
static void turn(struct sender *s)
{
    const int socket = s->link < CONNECTING ? -1 : mosquitto_socket(s->m);
    struct pollfd f[] = {{.fd = s->p->wake, .events = POLLIN},
                         {.fd = s->p->signals, .events = POLLIN},
                         {.fd = socket, .events = POLLIN}};
    eventfd_t news;
    int code = MOSQ_ERR_SUCCESS;

    if (socket >= 0 && mosquitto_want_write(s->m))
        f[2].events |= POLLOUT;
    poll(f, 3, patience(s));
    if (f[0].revents)
        eventfd_read(s->p->wake, &news);
    if (f[1].revents)
        take_signal(s);
    if (s->link == DIALLING)
        take_dial(s);
    if (socket < 0)
        return;
    if (f[2].revents & (POLLIN | POLLERR | POLLHUP))
        code = mosquitto_loop_read(s->m, 1);
    if (!code && (f[2].revents & POLLOUT))
        code = mosquitto_loop_write(s->m, 1);
    if (!code)
        code = mosquitto_loop_misc(s->m);
    if (code || s->link == AWAY) {
        struct dial_end end = {.code = code ? code : MOSQ_ERR_CONN_LOST, .why = errno};
        dial_take_tls(end.tls);
        lose(s, s->refused ? mosquitto_connack_string(s->refused) : reason_of(&end));
    }
}

/* Who is told that it has no business there need not come back. */
static bool is_final(int refused)
{
    enum { WRONG_PROTOCOL = 1, WRONG_ID = 2, WRONG_PASSWORD = 4, NOT_ALLOWED = 5 };

    return refused == WRONG_PROTOCOL || refused == WRONG_ID || refused == WRONG_PASSWORD ||
           refused == NOT_ALLOWED;
}

static bool is_done(struct sender *s, fc_error *err, fc_status *status)
{
    struct publish *p = s->p;
    bool done, broken;

    pthread_mutex_lock(&p->lock);
    p->connected = s->link == CONNECTED;
    pthread_cond_signal(&p->room);      /* there may be, and while the broker is away nobody waits for it */
    broken = p->broken && !p->read_all; /* the spool is */
    *status = p->read_all ? p->broken : FC_OK;
    if (*status && err)
        *err = p->fault;
    if (p->read_all && !isfinite(s->end))
        s->end = fc_now() + p->args->drain;
    done = (p->read_all && !fc_spool_count(p->spool)) || fc_now() > s->end;
    pthread_mutex_unlock(&p->lock);
    if (broken)
        publish_stop_reading(p);
    if (s->unfit) {
        *err = s->fault;
        *status = s->unfit;
        return true;
    }
    if (is_final(s->refused)) {
        *status = fc_fail(err, FC_EUSAGE, "%s: %s", s->p->broker.host, mosquitto_connack_string(s->refused));
        return true;
    }
    return done;
}

/* That we go, in so many words: the broker says it for us only where the connection breaks. */
static void say_goodbye(struct sender *s)
{
    s->end = fc_now() + GOODBYE;
    s->goodbye = -1;
    if (s->link == CONNECTED)
        mosquitto_publish(s->m, &s->goodbye, s->p->status, (int)strlen(OFFLINE), OFFLINE, QOS, true);
    while (s->link == CONNECTED && s->goodbye && fc_now() < s->end)
        turn(s);
    if (s->link != CONNECTED)
        return;
    mosquitto_disconnect(s->m);
    mosquitto_loop_write(s->m, 1);
}

static fc_status run(struct sender *s, fc_error *err)
{
    fc_status status;

    while (!is_done(s, err, &status)) {
        s->refused = 0;
        if (s->link == AWAY && fc_now() >= s->again)
            connect_to(s);
        send_more(s);
        turn(s);
    }
    say_goodbye(s);
    return status;
}

fc_status publish_send(struct publish *p, fc_error *err)
{
    struct sender s = {.p = p, .end = INFINITY, .pause = FIRST_PAUSE, .goodbye = -1};
    fc_status status;

    mosquitto_lib_init();
    status = set_up(&s, err);
    broker_forget(&p->broker);
    if (!status)
        status = run(&s, err);
    if (s.dial && !dial_give_up(s.dial))
        return status;
    mosquitto_destroy(s.m);
    mosquitto_lib_cleanup();
    return status;
}
