/*
 * Inside fc-serve. One thread reads requests and writes answers (libmicrohttpd's); workers, each with the models' buffers of its own,
 * do what takes time; another thread ends connections whose time is over. A request belongs to the first of them, but while it waits
 * for a worker or is worked on: its connection is suspended then.
 */
#ifndef CMD_SERVE_H
#define CMD_SERVE_H
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "answer.h"
#include "gallery.h"
#include "models.h"
#include "serve/address.h"
#include "serve/form.h"
#include "serve/metrics.h"
#include "serve/queue.h"
#include "serve/reply.h"
#include "serve/routes.h"

struct serve_args {
    const char *listen, *unix_path, *token_file;
    int jobs, waiting; /* waiting 0: twice the workers */
    bool quiet, writable, check;
    const char *model;
    bool flip;
    struct gallery_args gallery;
    fc_face_options detect;
    struct engine_args engine;
    uint64_t max_upload;
    int max_files, max_connections;
    double read_time, total_time;
};

/* A gallery's people, as long as somebody uses them. */
struct shared_people {
    struct people people;
    int users; /* under the server's lock */
};

struct watched;
struct serve {
    const struct serve_args *args;
    fc_models *models;
    fc_stages *stages;
    char *of_gallery;  /* the model that its embeddings want; owned */
    const char *model; /* that embeds */
    bool flip, plain;  /* plain: it does what the tools do without options */
    fc_secret *secret; /* the gallery's; NULL: none */
    fc_form_limits limits;
    char *token;  /* NULL: none is wanted; owned */
    bool by_name; /* it is reached by an address, as a browser's pages reach it, too */
    int jobs;
    fc_queue *queue;
    fc_metrics *metrics;
    struct MHD_Daemon *daemon;
    atomic_bool draining;
    atomic_size_t held; /* bytes of all bodies */
    atomic_size_t
        working; /* requests that wait for a worker, are worked on, or for their answer to be sent */

    atomic_uint_least64_t loads; /* how often the gallery was read */
    pthread_mutex_t people_lock;
    struct shared_people *people; /* NULL: no gallery */
    uint64_t loaded;              /* which of the loads they are of; under the lock, too */
    pthread_mutex_t writing;      /* one change of the gallery at a time */

    pthread_mutex_t watch_lock;
    struct watched *watched; /* all connections */
    pthread_t watcher;
    bool watching, watch_stop;
};

struct request {
    struct serve *serve;
    struct MHD_Connection *connection;
    struct watched *watched;
    const fc_route *route; /* NULL: there is none */
    fc_route_args args;
    uint8_t *body; /* [n], owned */
    size_t n, cap, received;
    bool suspended, answered;
    bool counted; /* in working */
    fc_form form;
    bool own_fault;                     /* what went wrong is the server's gallery */
    double start, queued, begun, ended; /* in seconds; queued and begun 0: they never were */
    fc_reply reply;
};

/* ---- serve_sockets.c ---- */

/* Where --unix, --listen or its default is; name: that, as it was written. */
fc_status serve_address(const struct serve_args *a, fc_address *at, const char **name, fc_error *err);
/* A socket that listens: the one handed over, that of --unix, or of --listen. where: for people. */
fc_status serve_listen(const struct serve_args *a, int *fd, char where[80], fc_error *err);
/* Removes the name of --unix. */
void serve_unlisten(const struct serve_args *a);
fc_status serve_read_token(char **out, const char *path, fc_error *err);

/* ---- serve_check.c ---- */

/* Whether a server answers there. FC_EUSAGE: there is no such address; else a failure says why it does not. */
fc_status serve_check(const struct serve_args *a, fc_error *err);

/* ---- serve_net.c, serve_watch.c: connections ---- */

fc_status serve_start(struct serve *s, int fd, fc_error *err);
/* No new requests; those that are there are answered, or end after the total time. */
void serve_stop(struct serve *s);

fc_status watch_start(struct serve *s, fc_error *err);
void watch_stop(struct serve *s);
/* What a connection is given, and what its time is from now on, in seconds. */
struct watched *watch_add(struct serve *s, int fd);
void watch_until(struct serve *s, struct watched *w, double seconds);
void watch_remove(struct serve *s, struct watched *w);

/* ---- serve_work.c: what workers do ---- */

/* For fc_queue_new; ctx is the struct serve, job a struct request. */
void serve_begin_worker(void *ctx, int worker);
void serve_do_request(void *ctx, int worker, void *job);

extern const char serve_page[]; /* serve_page.html */
/* What a request asked for, at once: ping, metrics and the like. */
void serve_at_once(struct request *r);

/* Each answers r->reply; what is wrong is told by the error, whose stage *stage is. */
typedef fc_status serve_handler(struct request *r, int worker, const char **stage, fc_error *err);
serve_handler serve_detect, serve_embed, serve_match, serve_identify; /* serve_tools.c */
serve_handler serve_photo_match, serve_cached_data;                   /* serve_mission.c */
serve_handler serve_list_people, serve_list_photos, serve_put_person,
    serve_remove_person;                                             /* serve_people.c */
serve_handler serve_enroll, serve_replace_photo, serve_remove_photo; /* serve_enroll.c */

/* ---- files of a request, through the stages ---- */

/* How they go. */
struct passage {
    fc_stage upto;
    fc_face_choice choice;
    bool timings;
};
/* Calls each with every picture and record of the file; a failure of its own ends the walk. */
fc_status serve_each_item(struct request *r, int worker, const fc_form_part *file, const struct passage *how,
                          fc_status (*each)(void *ctx, fc_item *it, fc_error *err), void *ctx, fc_error *err);
/* The only one; *out is to be freed. FC_EDATA: there are several. */
fc_status serve_one_item(struct request *r, int worker, const fc_form_part *file, const struct passage *how,
                         fc_item **out, fc_error *err);
/* Why the item failed, and at which stage. */
void serve_item_fault(const fc_item *it, const char **stage, fc_error *fault);

/* ---- serve_people.c ---- */

/* Opens the gallery's people, again where they are there; those who use the ones before go on with them. Of threads that do so at the
 * same time, whoever began last saw all that the others did: theirs stay. */
fc_status people_load(struct serve *s, fc_error *err);
/* The same behind a change that a request made, and the gallery itself; FC_EDATA: there is none. Other faults are the request's
 * own_fault. */
fc_status serve_reload(struct request *r, fc_error *err);
fc_status serve_open_gallery(struct request *r, fc_gallery_mode mode, fc_gallery **out, fc_error *err);
/* FC_EDATA: there is no gallery. */
fc_status people_take(struct serve *s, struct shared_people **out, fc_error *err);
void people_give(struct serve *s, struct shared_people *p);

#endif
