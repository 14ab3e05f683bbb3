/* Requests and answers on connections, by libmicrohttpd. */
#include <errno.h>
#include <stdio.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/grow.h"
#include "base/text.h"
#include "match_socket.h"
#include "say.h"
#include "serve.h"
#include "serve/address.h"

enum { HEAD_BYTES = 64 << 10, SMALL_BODY = 1 << 20 };
#define MOST_HELD ((size_t)512 << 20) /* bytes of all bodies together */

/* ---- answers ---- */

static void fail(struct request *r, int status, const char *code, const char *message)
{
    fc_reply_fail(&r->reply, status, "request", code, message);
}

static void add_headers(const struct request *r, struct MHD_Response *answer)
{
    const fc_reply *reply = &r->reply;
    char number[16];

    if (reply->type)
        MHD_add_response_header(answer, "Content-Type", reply->type);
    MHD_add_response_header(answer, "Cache-Control", "no-store");
    MHD_add_response_header(answer, "X-Content-Type-Options", "nosniff");
    if (reply->type && !strncmp(reply->type, "text/html", 9))
        MHD_add_response_header(
            answer, "Content-Security-Policy",
            "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
            "img-src blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'");
    if (reply->status == 503)
        MHD_add_response_header(answer, "Retry-After", "1");
    if (reply->status == 401)
        MHD_add_response_header(answer, "WWW-Authenticate", "Bearer");
    if (r->serve->plain)
        MHD_add_response_header(answer, MATCH_SETUP_HEADER, MATCH_SETUP_DEFAULT);
    if (reply->exit >= 0) {
        snprintf(number, sizeof number, "%d", reply->exit);
        MHD_add_response_header(answer, "Facecheck-Exit", number);
    }
}

/* It has its answer, or nobody who waits for it. */
static void end_work(struct request *r)
{
    if (r->counted)
        atomic_fetch_sub(&r->serve->working, 1);
    r->counted = false;
}

/* On the thread that reads requests. */
static enum MHD_Result send_answer(struct request *r, const char *path)
{
    fc_reply *reply = &r->reply;
    char allow[64];
    struct MHD_Response *answer =
        reply->fixed ? MHD_create_response_from_buffer(reply->n, (void *)(uintptr_t)reply->fixed,
                                                       MHD_RESPMEM_PERSISTENT)
                     : MHD_create_response_from_buffer(reply->n, reply->body, MHD_RESPMEM_MUST_FREE);

    if (!answer)
        return MHD_NO;
    reply->body = NULL;
    add_headers(r, answer);
    if (reply->status == 405) {
        fc_route_allow(allow, path);
        MHD_add_response_header(answer, "Allow", allow);
    }
    if (r->serve->draining)
        MHD_add_response_header(answer, "Connection", "close");
    r->answered = true;
    end_work(r);
    watch_until(r->serve, r->watched, r->serve->args->total_time - (fc_now() - r->start));
    const enum MHD_Result result = MHD_queue_response(r->connection, (unsigned)reply->status, answer);
    MHD_destroy_response(answer);
    return result;
}

/* ---- requests ---- */

static bool has_token(const struct request *r)
{
    const char *want = r->serve->token,
               *given = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Authorization");
    unsigned char a[crypto_generichash_BYTES], b[crypto_generichash_BYTES];

    if (!want || (r->route && r->route->open))
        return true;
    if (!given || strncasecmp(given, "Bearer ", 7) != 0)
        return false;
    given += 7 + strspn(given + 7, " ");
    crypto_generichash(a, sizeof a, (const unsigned char *)want, strlen(want), NULL, 0);
    crypto_generichash(b, sizeof b, (const unsigned char *)given, strlen(given), NULL, 0);
    return !sodium_memcmp(a, b, sizeof a);
}

/* The length that is announced; 0 where none is. */
static unsigned long long announced(struct request *r)
{
    const char *length = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Content-Length");

    return length ? strtoull(length, NULL, 10) : 0;
}

static const char *header(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

/* A browser on this machine shows pages of strangers, which can send requests here, too: none of them is to be answered, nor
 * worked on. Clients that are no browsers say nothing of a site. */
static bool is_of_other_site(const struct request *r, const char *method)
{
    const bool reads = !strcmp(method, "GET") || !strcmp(method, "HEAD");

    if (!r->serve->by_name)
        return false;
    if (!r->serve->token && !fc_host_is_loopback(header(r, "Host")))
        return true;
    return !reads && fc_from_other_site(header(r, "Sec-Fetch-Site"), header(r, "Origin"), header(r, "Host"));
}

/* What can be said before the body comes. */
static void look_at_head(struct request *r, const char *method, const char *path)
{
    bool other;
    fc_error err;
    const fc_status s = fc_route_find(&r->route, &r->args, &other, method, path, &err);

    if (s)
        fail(r,
             s == FC_EUSAGE ? 400
             : other        ? 405
                            : 404,
             s == FC_EUSAGE ? "usage"
             : other        ? "method"
                            : "missing",
             err.message);
    else if (r->serve->draining)
        fail(r, 503, "busy", "the server is going down");
    if (is_of_other_site(r, method))
        fail(r, 403, "site", "a request for a page of another site, or by a name that is not this machine's");
    else if (!has_token(r))
        fail(r, 401, "token", "wants the header 'Authorization: Bearer TOKEN'");
    else if (!r->reply.status && announced(r) > fc_form_most(&r->serve->limits))
        fail(r, 413, "limit", "a larger body than is taken");
    else if (!r->reply.status && r->route->kind == FC_ROUTE_WRITE && !r->serve->args->writable)
        fail(r, 403, "read-only", "the gallery is not written by this server (--writable)");
}

static enum MHD_Result begin(struct serve *s, struct MHD_Connection *c, const char *method, const char *path,
                             void **state)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct request *r = calloc(1, sizeof *r);

    if (!r)
        return MHD_NO;
    *r = (struct request){.serve = s, .connection = c, .start = fc_now(), .reply = {.exit = -1}};
    r->watched = info ? info->socket_context : NULL;
    *state = r;
    watch_until(s, r->watched, s->args->read_time);
    look_at_head(r, method, path);
    /* small bodies are read all the same, so that the connection can go on */
    if (r->reply.status && announced(r) > SMALL_BODY)
        return send_answer(r, path);
    return MHD_YES;
}

static enum MHD_Result receive(struct request *r, const char *data, size_t *n)
{
    const size_t most = fc_form_most(&r->serve->limits), got = *n;

    *n = 0;
    r->received += got;
    if (r->reply.status)
        return r->received > most && r->received > SMALL_BODY ? MHD_NO : MHD_YES;
    if (got > most - r->n) {
        fail(r, 413, "limit", "a larger body than is taken");
        return MHD_YES;
    }
    if (atomic_fetch_add(&r->serve->held, got) + got > MOST_HELD) {
        atomic_fetch_sub(&r->serve->held, got);
        fail(r, 503, "busy", "too much is being uploaded at this time");
        return MHD_YES;
    }
    if (fc_grow(&r->body, r->n + got, &r->cap, 1, NULL)) {
        atomic_fetch_sub(&r->serve->held, got);
        fail(r, 503, "memory", "out of memory");
        return MHD_YES;
    }
    memcpy(r->body + r->n, data, got);
    r->n += got;
    return MHD_YES;
}

/* The request is there as a whole. */
static enum MHD_Result finish(struct request *r, const char *path)
{
    struct serve *s = r->serve;

    if (!r->reply.status && r->route->kind == FC_ROUTE_AT_ONCE)
        serve_at_once(r);
    if (r->reply.status)
        return send_answer(r, path);
    atomic_fetch_add(&s->working, 1);
    r->counted = true;
    if (s->draining) {
        fail(r, 503, "busy", "the server is going down");
        return send_answer(r, path);
    }
    r->queued = fc_now();
    watch_until(s, r->watched, s->args->total_time - (r->queued - r->start));
    r->suspended = true;
    MHD_suspend_connection(r->connection);
    if (!fc_queue_put(s->queue, r)) {
        fail(r, 503, "busy", "all workers are busy, and as many requests wait as may");
        MHD_resume_connection(r->connection);
    }
    return MHD_YES;
}

static enum MHD_Result handle(void *ctx, struct MHD_Connection *c, const char *path, const char *method,
                              const char *version, const char *data, size_t *n, void **state)
{
    struct serve *s = ctx;
    struct request *r = *state;

    (void)version;
    if (!r)
        return begin(s, c, method, path, state);
    if (r->answered)
        return MHD_YES;
    if (*n)
        return receive(r, data, n);
    if (!r->suspended)
        return finish(r, path);
    if (!r->reply.status)
        return MHD_YES; /* not yet */
    return send_answer(r, path);
}

/* ---- the end of a request ---- */

/* A line for each, without names, pictures or addresses. */
static void log_request(const struct request *r, bool whole)
{
    char when[32], line[512];
    struct timespec now;
    struct tm tm;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &tm);
    const double end = fc_now();
    const int n = snprintf(
        line, sizeof line,
        "{\"time\":\"%s.%03ldZ\",\"method\":\"%s\",\"path\":\"%s\",\"status\":%d,\"sent\":%s,\"bytes_in\":%"
        "zu,"
        "\"bytes_out\":%zu,\"ms\":%.3f,\"queued_ms\":%.3f,\"work_ms\":%.3f}\n",
        when, now.tv_nsec / 1000000, r->route ? r->route->method : "", r->route ? r->route->path : "",
        r->reply.status, whole ? "true" : "false", r->received, r->reply.n, 1e3 * (end - r->start),
        r->begun > 0 ? 1e3 * (r->begun - r->queued) : 0.0, r->begun > 0 ? 1e3 * (r->ended - r->begun) : 0.0);
    if (n > 0 && (size_t)n < sizeof line)
        (void)!write(STDERR_FILENO, line, (size_t)n);
}

static void complete(void *ctx, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode how)
{
    struct serve *s = ctx;
    struct request *r = *state;
    const bool whole = how == MHD_REQUEST_TERMINATED_COMPLETED_OK;

    (void)c;
    if (!r)
        return;
    *state = NULL;
    fc_metrics_request(s->metrics, r->route, whole ? r->reply.status : 0, fc_now() - r->start, r->received,
                       r->reply.n);
    if (!s->args->quiet)
        log_request(r, whole);
    watch_until(s, r->watched, s->args->read_time); /* for the next one */
    atomic_fetch_sub(&s->held, r->n);
    end_work(r);
    fc_form_clear(&r->form);
    fc_route_args_clear(&r->args);
    fc_reply_clear(&r->reply);
    free(r->body);
    free(r);
}

static void connection_changed(void *ctx, struct MHD_Connection *c, void **socket_context,
                               enum MHD_ConnectionNotificationCode what)
{
    struct serve *s = ctx;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);

    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        *socket_context = watch_add(s, info->connect_fd);
    else
        watch_remove(s, *socket_context);
    fc_metrics_connections(s->metrics, what == MHD_CONNECTION_NOTIFY_STARTED ? 1 : -1);
}

/* ---- start and stop ---- */

fc_status serve_start(struct serve *s, int fd, fc_error *err)
{
    const struct serve_args *a = s->args;
    struct sockaddr_storage at = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof at;
    const unsigned idle = (unsigned)(a->read_time + 0.999);
    fc_status st = fc_queue_new(&s->queue, s->jobs, a->waiting ? (size_t)a->waiting : 2 * (size_t)s->jobs,
                                serve_begin_worker, serve_do_request, s, err);

    if (!st)
        st = watch_start(s, err);
    if (st)
        return st;
    s->by_name = getsockname(fd, (struct sockaddr *)&at, &size) || at.ss_family != AF_UNIX;
    s->daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC, 0, NULL,
                         NULL, handle, s, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                         (unsigned)a->max_connections, MHD_OPTION_CONNECTION_TIMEOUT, idle ? idle : 1u,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_BYTES, MHD_OPTION_NOTIFY_COMPLETED,
                         complete, s, MHD_OPTION_NOTIFY_CONNECTION, connection_changed, s, MHD_OPTION_END);
    return s->daemon ? FC_OK : fc_fail(err, FC_EIO, "cannot start serving: %s", strerror(errno));
}

static size_t connections(struct serve *s)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

    return info ? info->num_connections : 0;
}

void serve_stop(struct serve *s)
{
    const struct timespec tick = {.tv_nsec = 10000000};
    const double until = fc_now() + s->args->total_time;
    struct request *r;

    s->draining = true;
    if (!s->daemon) {
        watch_stop(s);
        fc_queue_free(s->queue);
        return;
    }
    const int fd = MHD_quiesce_daemon(s->daemon);
    if (fd >= 0)
        close(fd);
    if (!fc_queue_drain(s->queue, s->args->total_time))
        while ((r = fc_queue_take_back(s->queue))) {
            fail(r, 503, "busy", "the server is going down");
            MHD_resume_connection(r->connection);
        }
    while (s->working) /* none may be suspended any more */
        nanosleep(&tick, NULL);
    /* answers that are still being written; who is silent is not waited for */
    const double grace = fc_now() + 1;
    while (connections(s) && fc_now() < until && fc_now() < grace)
        nanosleep(&tick, NULL);
    MHD_stop_daemon(s->daemon);
    fc_queue_free(s->queue);
    watch_stop(s);
}
