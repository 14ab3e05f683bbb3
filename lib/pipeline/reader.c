#include "pipeline/reader.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/grow.h"
#include "video/video.h"

enum { FIRST_READ = 4096, LATER_READS = 65536 };

fc_status fc_reader_open(fc_reader *s, const char *path, int wake, fc_error *err)
{
    *s = (fc_reader){
        .fd = STDIN_FILENO, .wake = wake, .name = fc_video_masked(path ? path : "stdin"), .cap = FIRST_READ};
    s->data = malloc(s->cap);
    if (!s->name || !s->data) {
        fc_reader_close(s);
        return fc_fail_nomem(err, FIRST_READ);
    }
    struct stat is = {0};
    fc_status st = path ? fc_file_open(&s->fd, &is, path, FC_OPEN_STREAM, err) : FC_OK;
    if (!path && fstat(s->fd, &is)) /* closed: reading says so */
        is.st_mode = 0;
    s->patience = path ? FC_PIPE_MS : -1;
    s->is_file = !st && S_ISREG(is.st_mode);
    if (st && path && strcmp(s->name, path) != 0)
        st = fc_fail(err, st, "%s: a server's name, not a file", s->name);
    if (st)
        fc_reader_close(s);
    return st;
}

void fc_reader_close(fc_reader *s)
{
    if (s->fd > STDIN_FILENO)
        close(s->fd);
    free(s->data);
    free(s->name);
    *s = (fc_reader){.fd = -1, .wake = -1};
}

/* Room for at least one more byte. */
static fc_status make_room(fc_reader *s, fc_error *err)
{
    memmove(s->data, s->data + s->at, s->end - s->at);
    s->end -= s->at;
    s->at = 0;
    return fc_grow(&s->data, s->end < LATER_READS ? LATER_READS : s->end + 1, &s->cap, 1, err);
}

/* Adds what one read gives, or sets ended. FC_END: woken. */
static fc_status fill(fc_reader *s, fc_error *err)
{
    fc_status st = s->end == s->cap ? make_room(s, err) : FC_OK;

    if (st)
        return st;
    for (;;) {
        struct pollfd p[] = {{.fd = s->fd, .events = POLLIN}, {.fd = s->wake, .events = POLLIN}};
        const int ready = poll(p, 2, s->patience);
        if (ready > 0 && p[1].revents)
            return FC_END;
        const ssize_t n = ready < 0 ? -1 : read(s->fd, s->data + s->end, s->cap - s->end);
        if (n == 0 && ready == 0)
            return fc_fail(err, FC_EIO, "%s: is a pipe that nobody writes to", s->name);
        if (n >= 0) {
            s->end += (size_t)n;
            s->ended = n == 0;
            return FC_OK;
        }
        if (errno != EINTR && errno != EAGAIN)
            return fc_fail_errno(err, s->name);
        if (ready == 0) /* somebody has opened it, and takes time */
            s->patience = -1;
    }
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* A byte-order mark says no more than that this is UTF-8. */
static fc_status is_brace(fc_reader *s, size_t at, bool *yes, fc_error *err)
{
    static const char marked[] = "\xef\xbb\xbf{";
    fc_status st = FC_OK;

    while (!st && s->data[s->at + at] == 0xef && s->end - s->at < at + 4 && !s->ended)
        st = fill(s, err);
    *yes =
        s->data[s->at + at] == '{' || (s->end - s->at >= at + 4 && !memcmp(s->data + s->at + at, marked, 4));
    return st;
}

fc_status fc_reader_sniff(fc_reader *s, fc_reader_kind *kind, fc_error *err)
{
    for (size_t i = 0;; i++) {
        while (s->at + i == s->end && !s->ended) {
            fc_status st = fill(s, err);
            if (st)
                return st;
        }
        if (s->at + i == s->end) {
            *kind = FC_READER_EMPTY;
            return FC_OK;
        }
        /* A picture has no page of white space in front of it, and neither have records. */
        if (!is_space(s->data[s->at + i]) || i > FIRST_READ) {
            bool yes;
            const fc_status st = is_brace(s, i, &yes, err);
            *kind = yes ? FC_READER_RECORDS : FC_READER_OTHER;
            return st;
        }
    }
}

fc_status fc_reader_peek(fc_reader *s, size_t n, fc_error *err)
{
    fc_status st = FC_OK;

    while (!st && s->end - s->at < n && !s->ended)
        st = fill(s, err);
    return st;
}

int fc_reader_some(fc_reader *s, uint8_t *to, int n)
{
    const fc_status st = fc_reader_peek(s, 1, NULL);

    if (st)
        return st == FC_END ? 0 : -1;
    const size_t there = s->end - s->at, taken = there < (size_t)n ? there : (size_t)n;
    memcpy(to, s->data + s->at, taken);
    s->at += taken;
    return (int)taken;
}

bool fc_reader_can_seek(const fc_reader *s, int64_t *size)
{
    struct stat is;

    if (!s->is_file || fstat(s->fd, &is) || lseek(s->fd, 0, SEEK_CUR) != (off_t)(s->end - s->at))
        return false;
    *size = is.st_size;
    return true;
}

int64_t fc_reader_seek(fc_reader *s, int64_t to)
{
    const int64_t at = lseek(s->fd, to, SEEK_SET);

    if (at >= 0) {
        s->at = s->end = 0;
        s->ended = false;
    }
    return at;
}

fc_status fc_reader_line(fc_reader *s, int delimiter, size_t max, fc_bytes *out, fc_error *err)
{
    size_t seen = 0, n;
    const uint8_t *stop;

    *out = (fc_bytes){0};
    while (!(stop = memchr(s->data + s->at + seen, delimiter, s->end - s->at - seen)) && !s->ended) {
        seen = s->end - s->at;
        if (seen > max)
            break;
        fc_status st = fill(s, err);
        if (st)
            return st;
    }
    n = stop ? (size_t)(stop - s->data) - s->at : s->end - s->at;
    if (n > max)
        return fc_fail(err, FC_ELIMIT, "%s:%zu: a line of more than %zu bytes", s->name, s->line + 1, max);
    if (!stop && n == 0)
        return FC_END;
    out->data = malloc(n + 1);
    if (!out->data)
        return fc_fail_nomem(err, n + 1);
    memcpy(out->data, s->data + s->at, n);
    out->data[n] = '\0';
    out->n = n;
    s->at += n + (stop != NULL);
    s->line++;
    return FC_OK;
}

fc_status fc_reader_rest(fc_reader *s, uint64_t max, fc_bytes *out, fc_error *err)
{
    *out = (fc_bytes){0};
    while (!s->ended) {
        fc_status st = fill(s, err);
        if (st)
            return st;
        if (s->end - s->at > max)
            return fc_fail(err, FC_ELIMIT, "%s: more than %llu bytes", s->name, (unsigned long long)max);
    }
    memmove(s->data, s->data + s->at, s->end - s->at);
    *out = (fc_bytes){s->data, s->end - s->at};
    s->data = NULL;
    s->at = s->end = s->cap = 0; /* ended: nothing is read any more */
    return FC_OK;
}
