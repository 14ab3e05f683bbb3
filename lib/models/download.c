#include "models/download.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/bytes.h"
#include "base/error.h"

#define CONNECT_SECONDS 30L
#define SLOWEST         1024L /* bytes a second */
#define TOTAL_SECONDS   (6 * 3600L)
#define MAX_ATTEMPTS    20
#define TAG_SIZE        256

typedef struct transfer {
    const fc_download *d;
    CURL *curl;
    FILE *f;                                 /* part */
    uint64_t had, size;                      /* of part: when the attempt began, and now */
    char tag[TAG_SIZE];                      /* what part is of; "" for unknown */
    char etag[TAG_SIZE], modified[TAG_SIZE]; /* of the response */
    uint64_t range_begin, range_total;       /* of its Content-Range */
    bool has_range, started;
    bool stale;       /* part is of another version of the file */
    fc_status fault;  /* of our own, with its message in *err; 0: none */
    uint64_t resumed; /* bytes of an earlier run that were of use */
    fc_error *err;
    time_t began;
} transfer;

/* ---- the tag ---------------------------------------------------------------------------------------- */

static char *tag_path(const char *part)
{
    char *path;
    return asprintf(&path, "%s.tag", part) < 0 ? NULL : path;
}

static void load_tag(transfer *t)
{
    fc_bytes b;
    char *path = tag_path(t->d->part);

    t->tag[0] = '\0';
    if (path && fc_bytes_read_file(&b, path, TAG_SIZE - 1, NULL) == FC_OK) {
        if (!memchr(b.data, '\n', b.n) && !memchr(b.data, '\r', b.n))
            snprintf(t->tag, sizeof t->tag, "%.*s", (int)b.n, (const char *)b.data);
        fc_bytes_clear(&b);
    }
    free(path);
}

/* A strong entity tag, or else a date, can be asked for again by If-Range. */
static fc_status save_tag(transfer *t)
{
    const char *tag = t->etag[0] == '"' ? t->etag : t->modified;
    fc_atomic_file a = {0};
    char *path = tag_path(t->d->part);
    fc_status s = path ? fc_atomic_open(&a, path, t->err) : fc_fail_nomem(t->err, TAG_SIZE);

    snprintf(t->tag, sizeof t->tag, "%s", tag);
    if (!s) {
        fputs(tag, a.f);
        s = fc_atomic_commit(&a, t->err);
    }
    fc_atomic_discard(&a);
    free(path);
    return s;
}

void fc_download_forget(const char *part)
{
    char *path = tag_path(part);

    unlink(part);
    if (path)
        unlink(path);
    free(path);
}

/* ---- a response ------------------------------------------------------------------------------------- */

/* The value of a header line "NAME: VALUE\r\n", when it is name's. */
static bool header_value(const char *line, size_t n, const char *name, char out[TAG_SIZE])
{
    size_t len = strlen(name);

    if (n <= len || strncasecmp(line, name, len) != 0 || line[len] != ':')
        return false;
    line += len + 1;
    n -= len + 1;
    while (n && (*line == ' ' || *line == '\t')) {
        line++;
        n--;
    }
    while (n && (line[n - 1] == '\r' || line[n - 1] == '\n' || line[n - 1] == ' '))
        n--;
    if (n >= TAG_SIZE)
        return false;
    snprintf(out, TAG_SIZE, "%.*s", (int)n, line);
    return true;
}

/* "bytes 100-199/200", "bytes 100-199" followed by "/" and a star, or "bytes", a star and "/200". */
static void read_range(transfer *t, const char *value)
{
    unsigned long long begin, end, total;

    if (sscanf(value, "bytes %llu-%llu", &begin, &end) == 2) {
        t->has_range = true;
        t->range_begin = begin;
    }
    const char *slash = strchr(value, '/');
    if (slash && sscanf(slash, "/%llu", &total) == 1)
        t->range_total = total;
}

static size_t on_header(char *line, size_t size, size_t n, void *ctx)
{
    transfer *t = ctx;
    char value[TAG_SIZE];

    (void)size;                                     /* always 1 */
    if (n >= 5 && strncmp(line, "HTTP/", 5) == 0) { /* a redirection's headers do not count */
        t->etag[0] = t->modified[0] = '\0';
        t->has_range = false;
        t->range_total = 0;
    }
    if (header_value(line, n, "etag", value))
        memcpy(t->etag, value, sizeof value);
    if (header_value(line, n, "last-modified", value))
        memcpy(t->modified, value, sizeof value);
    if (header_value(line, n, "content-range", value))
        read_range(t, value);
    return n;
}

/* The first bytes of an answer: they go on where part ends, or begin anew. */
static fc_status start(transfer *t)
{
    long code = 0;

    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
    t->started = true;
    if (code == 206) {
        t->stale = t->etag[0] == '"' && t->tag[0] == '"' && strcmp(t->etag, t->tag) != 0;
        if (t->has_range && t->range_begin == t->size)
            return FC_OK;
        return fc_fail(t->err, FC_EIO, "%s: the server sent another part of the file than was asked for",
                       t->d->url);
    }
    t->resumed = 0;
    if (fflush(t->f) || ftruncate(fileno(t->f), 0) || fseek(t->f, 0, SEEK_SET))
        return fc_fail_errno(t->err, t->d->part);
    t->size = 0;
    return save_tag(t);
}

static size_t on_data(char *data, size_t size, size_t n, void *ctx)
{
    transfer *t = ctx;

    (void)size; /* always 1 */
    if (!t->started && ((t->fault = start(t)) || t->stale))
        return 0;
    if (n > t->d->max - t->size) {
        t->fault =
            fc_fail(t->err, FC_ELIMIT, "%s: more than %llu bytes", t->d->url, (unsigned long long)t->d->max);
        return 0;
    }
    if (fwrite(data, 1, n, t->f) != n) {
        t->fault = fc_fail_errno(t->err, t->d->part);
        return 0;
    }
    t->size += n;
    return n;
}

static int on_progress(void *ctx, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    transfer *t = ctx;
    uint64_t before = t->size > (uint64_t)now ? t->size - (uint64_t)now : 0;

    (void)up_total;
    (void)up_now;
    if (t->d->progress && t->started)
        t->d->progress(t->d->ctx, t->size, total > 0 ? before + (uint64_t)total : 0);
    return 0;
}

/* ---- an attempt ------------------------------------------------------------------------------------- */

static long stall_seconds(const transfer *t)
{
    return t->d->stall_seconds ? t->d->stall_seconds : FC_STALL_SECONDS;
}

/* Of what all attempts together may take; 1 at least. */
static long seconds_left(const transfer *t)
{
    const long used = (long)(time(NULL) - t->began);
    return used < TOTAL_SECONDS ? TOTAL_SECONDS - used : 1;
}

static fc_status set_options(transfer *t, struct curl_slist *headers, const char *range, char *message)
{
    CURL *c = t->curl;
    /* No way back from https to http. */
    const char *next = strncasecmp(t->d->url, "https:", 6) == 0 ? "https" : "http,https";
    bool ok =
        !curl_easy_setopt(c, CURLOPT_URL, t->d->url) &&
        !curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") &&
        !curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, next) &&
        !curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L) && !curl_easy_setopt(c, CURLOPT_MAXREDIRS, 10L) &&
        !curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L) && !curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) &&
        !curl_easy_setopt(c, CURLOPT_USERAGENT, "facecheck/" FC_VERSION) &&
        !curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS) &&
        !curl_easy_setopt(c, CURLOPT_TIMEOUT, seconds_left(t)) &&
        !curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, SLOWEST) &&
        !curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, stall_seconds(t)) &&
        !curl_easy_setopt(c, CURLOPT_ERRORBUFFER, message) &&
        !curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header) &&
        !curl_easy_setopt(c, CURLOPT_HEADERDATA, t) && !curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_data) &&
        !curl_easy_setopt(c, CURLOPT_WRITEDATA, t) &&
        !curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress) &&
        !curl_easy_setopt(c, CURLOPT_XFERINFODATA, t) && !curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L) &&
        !curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers) && !curl_easy_setopt(c, CURLOPT_RANGE, range);
    return ok ? FC_OK : fc_fail(t->err, FC_EUNSUPPORTED, "libcurl: an option is not supported");
}

/* Empties part. */
static fc_status restart(transfer *t)
{
    rewind(t->f);
    if (ftruncate(fileno(t->f), 0))
        return fc_fail_errno(t->err, t->d->part);
    t->size = t->resumed = 0;
    return FC_OK;
}

typedef enum outcome {
    DONE,
    AGAIN,   /* worth another attempt where this one brought more */
    RESTART, /* what there is of the file is of no use */
    GIVE_UP
} outcome;

/* What the end of a transfer means. */
static outcome judge(transfer *t, CURLcode code, const char *message, fc_status *s)
{
    long http = 0;

    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &http);
    *s = t->fault;
    if (t->fault)
        return GIVE_UP;
    if (code == CURLE_OK && t->started) {
        if (fflush(t->f) == 0)
            return DONE;
        *s = fc_fail_errno(t->err, t->d->part);
        return GIVE_UP;
    }
    if (code == CURLE_OK) {
        *s = fc_fail(t->err, FC_EEMPTY, "%s: empty", t->d->url);
        return GIVE_UP;
    }
    if (code == CURLE_HTTP_RETURNED_ERROR && http == 416 && t->had) { /* nothing lies behind part */
        if (t->range_total == t->had)
            return DONE;
        t->stale = true;
    }
    *s = fc_fail(t->err, http == 404 ? FC_EMISSING : FC_EIO,
                 "%s: %s (%llu bytes are kept; pull again to go on)", t->d->url,
                 *message ? message : curl_easy_strerror(code), (unsigned long long)t->size);
    if (t->stale)
        return RESTART;
    if (code == CURLE_OPERATION_TIMEDOUT) /* a drip is not worth another attempt, what came to a halt is */
        return t->size >= t->had + (uint64_t)(SLOWEST * stall_seconds(t)) ? AGAIN : GIVE_UP;
    if (code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING ||
        code == CURLE_HTTP2 || code == CURLE_HTTP2_STREAM)
        return AGAIN;
    return GIVE_UP;
}

static outcome attempt(transfer *t, fc_status *s)
{
    char message[CURL_ERROR_SIZE] = "", range[32], line[TAG_SIZE + 16];
    struct curl_slist *headers = NULL;
    outcome o = GIVE_UP;

    t->had = t->size;
    t->started = t->stale = false;
    t->fault = FC_OK;
    curl_easy_reset(t->curl);
    if (t->size) {
        snprintf(range, sizeof range, "%llu-", (unsigned long long)t->size);
        snprintf(line, sizeof line, "If-Range: %s", t->tag);
        headers = curl_slist_append(NULL, line);
        if (!headers) {
            *s = fc_fail_nomem(t->err, sizeof line);
            return GIVE_UP;
        }
    }
    *s = set_options(t, headers, t->size ? range : NULL, message);
    if (!*s)
        o = judge(t, curl_easy_perform(t->curl), message, s);
    curl_slist_free_all(headers);
    return o;
}

static fc_status open_part(transfer *t)
{
    int fd = open(t->d->part, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

    t->f = fd < 0 ? NULL : fdopen(fd, "r+b");
    if (!t->f || fseek(t->f, 0, SEEK_END)) {
        fc_status s = fc_fail_errno(t->err, t->d->part);
        if (!t->f && fd >= 0)
            close(fd);
        return s;
    }
    t->size = t->resumed = (uint64_t)ftell(t->f);
    load_tag(t);
    return t->tag[0] ? FC_OK : restart(t); /* of what file it is a part is not known */
}

static fc_status run(transfer *t)
{
    uint64_t most = t->size;
    bool restarted = false;
    fc_status s;

    for (int i = 0; i < MAX_ATTEMPTS; i++) {
        outcome o = attempt(t, &s);
        if (o == RESTART && !restarted) {
            fc_status failed = restart(t);
            if (failed)
                return failed;
            restarted = true;
        } else if (o != AGAIN || t->size <= most || time(NULL) - t->began >= TOTAL_SECONDS) {
            break;
        }
        most = t->size;
    }
    return s;
}

fc_status fc_download_run(const fc_download *d, uint64_t *resumed, fc_error *err)
{
    transfer t = {.d = d, .err = err, .began = time(NULL)};
    fc_status s;

    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        return fc_fail(err, FC_EUNSUPPORTED, "libcurl cannot be used here");
    t.curl = curl_easy_init();
    s = t.curl ? open_part(&t) : fc_fail_nomem(err, sizeof t);
    if (!s)
        s = run(&t);
    *resumed = t.resumed;
    if (t.f && fclose(t.f) && !s)
        s = fc_fail_errno(err, d->part);
    curl_easy_cleanup(t.curl);
    curl_global_cleanup();
    return s;
}
