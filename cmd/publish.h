/* Inside fc-publish: a thread that reads lines into the spool, and the main one that sends them. */
#ifndef CMD_PUBLISH_H
#define CMD_PUBLISH_H
#include <pthread.h>

#include "facecheck.h"
#include "monitor/message.h"
#include "monitor/spool.h"

#define PUBLISH_PREFIX "facecheck/{node}" /* of what fc-publish says of itself */

struct publish_args {
    const char *broker, *topic, *node, *credentials, *cafile, *cert, *key, *spool;
    int spool_mb, drain, discovery;
    bool whole, quiet;
};
enum { DISCOVERY_NONE, DISCOVERY_HOMEASSISTANT };

struct broker {
    char host[256];
    int port;
    bool tls;
    char user[1024], password[1024]; /* "": none */
};

struct publish {
    const struct publish_args *args;
    struct broker broker;
    char *node;   /* owned */
    char *status; /* the topic of whether it is there; owned */
    char **operands;
    int noperands;

    int wake;    /* an eventfd: there is something new for the sender */
    int stop;    /* an eventfd: nothing more is to be read */
    int signals; /* a signalfd of those that end it */

    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t room;
    fc_spool *spool;
    bool connected, stopping, read_all;
    int64_t sent;            /* messages up to this id are on their way */
    size_t dropped, refused; /* for want of room, by libmosquitto */
    fc_status broken;        /* of reading or the spool */
    fc_error fault;
};

/* The thread that reads. Sets read_all, and broken where a line or the spool is. */
void *publish_read(void *publish);
/* Nothing more is to be read. */
void publish_stop_reading(struct publish *p);
/* Until all is read and delivered, or there is no time left; says what goes wrong. FC_OK: also where messages are left. */
fc_status publish_send(struct publish *p, fc_error *err);

/* ---- publish_broker.c ---- */

/* mqtt://HOST[:PORT] or mqtts:// */
fc_status broker_read_url(struct broker *b, const char *url, fc_error *err);
/* Whether the files for TLS (NULL: not given) can be read; what is in them is libmosquitto's to say. */
fc_status broker_check_files(const struct publish_args *args, fc_error *err);
/* A file with two lines, user and password, that nobody else may read. */
fc_status broker_read_credentials(struct broker *b, const char *path, fc_error *err);
/* The user and the password. */
void broker_forget(struct broker *b);

/* ---- publish_dial.c ---- */

struct mosquitto;
struct dial;
/* Connects m, which is left alone until that is over; then wake, an eventfd, is written to. */
fc_status dial_begin(struct dial **out, struct mosquitto *m, const struct broker *b, int keep_alive, int wake,
                     fc_error *err);
/* What came of it: mosquitto_connect's answer and errno, and, where TLS went wrong, what libmosquitto said of it, or "". */
struct dial_end {
    int code, why;
    char tls[256];
};
/* The same of the calling thread since it asked last; "" otherwise. */
void dial_take_tls(char tls[sizeof((struct dial_end *)0)->tls]);
/* Whether it is over, and d freed. */
bool dial_is_over(struct dial *d, struct dial_end *end);
/* Waits no longer, and frees d. false: m is no longer the caller's: it ends with the attempt, or the process. */
bool dial_give_up(struct dial *d);

#endif
