#include "base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/outputs.h"
#include "base/size.h"
#include "base/text.h"

/* What a file is that is none to read from; NULL: it is one. */
static const char *unreadable_kind(const struct stat *st, fc_open_kind kind)
{
    switch (st->st_mode & S_IFMT) {
    case S_IFREG:
        return NULL;
    case S_IFDIR:
        return "a directory";
    case S_IFSOCK:
        return "a socket";
    case S_IFIFO:
        return kind == FC_OPEN_FILE ? "a pipe" : NULL;
    default: /* /dev/null is an empty file */
        return kind != FC_OPEN_FILE && st->st_rdev == makedev(1, 3) ? NULL : "a device";
    }
}

static fc_status check_kind(const struct stat *st, const char *path, fc_open_kind kind, fc_error *err)
{
    const char *is = unreadable_kind(st, kind);

    return is ? fc_fail(err, FC_EIO, "%s: is %s, not a file", path, is) : FC_OK;
}

/* Gives somebody the time to open the other end, and lets reading wait from then on. */
static fc_status await_writer(int fd, const char *path, fc_error *err)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    const int flags = fcntl(fd, F_GETFL);

    poll(&p, 1, FC_PIPE_MS);
    return flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) ? fc_fail_errno(err, path) : FC_OK;
}

fc_status fc_file_open(int *fd, struct stat *st, const char *path, fc_open_kind kind, fc_error *err)
{
    struct stat is;
    fc_status s = FC_OK;

    *fd = -1;
    if (st)
        *st = (struct stat){0};
    /* Looked at before, because a device or a pipe may notice that it is opened; and again after, because the name may
     * stand for another file by then. */
    if (stat(path, &is))
        return fc_fail_errno(err, path);
    if ((s = check_kind(&is, path, kind, err)) || (s = fc_outputs_spare(&is, path, err)))
        return s;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0 || fstat(*fd, &is))
        s = fc_fail_errno(err, path);
    else if (!(s = check_kind(&is, path, kind, err)) && kind == FC_OPEN_FILE_OR_PIPE && S_ISFIFO(is.st_mode))
        s = await_writer(*fd, path, err);
    if (s && *fd >= 0) {
        close(*fd);
        *fd = -1;
    }
    if (st)
        *st = is;
    return s;
}

void fc_bytes_clear(fc_bytes *b)
{
    free(b->data);
    *b = (fc_bytes){0};
}

fc_status fc_secret_open(FILE **out, const char *path, bool weak, const char *what, const char *hint,
                         fc_error *err)
{
    struct stat st;
    int fd;
    fc_status s = fc_file_open(&fd, &st, path, FC_OPEN_FILE_OR_PIPE, err);

    *out = NULL;
    if (s)
        return s;
    if (!weak && S_ISREG(st.st_mode) && (st.st_mode & 077))
        s = fc_fail(err, FC_EDATA, "%s: others than its owner may read or write this %s (chmod 600 it%s)",
                    path, what, hint ? hint : "");
    else if (!(*out = fdopen(fd, "r")))
        s = fc_fail_errno(err, path);
    if (s)
        close(fd);
    else
        setvbuf(*out, NULL, _IONBF, 0);
    return s;
}

fc_status fc_bytes_read_stream(fc_bytes *out, FILE *f, const char *name, uint64_t max, fc_error *err)
{
    fc_bytes b = {0};
    size_t cap = 0;
    fc_status s;

    for (;;) {
        if ((s = fc_grow(&b.data, b.n ? b.n + 1 : 65536, &cap, 1, err)))
            goto fail;
        size_t got = fread(b.data + b.n, 1, cap - b.n, f);
        b.n += got;
        if (b.n > max) {
            s = fc_fail(err, FC_ELIMIT, "%s: more than %llu bytes", name, (unsigned long long)max);
            goto fail;
        }
        if (got == 0)
            break;
    }
    if (ferror(f)) {
        s = fc_fail_errno(err, name);
        goto fail;
    }
    if (b.n == 0) {
        s = fc_fail(err, FC_EEMPTY, "%s: empty", name);
        goto fail;
    }
    *out = b;
    return FC_OK;
fail:
    fc_bytes_clear(&b);
    *out = b;
    return s;
}

/* fd is taken. */
static fc_status read_open_file(fc_bytes *out, int fd, const struct stat *st, const char *path, uint64_t max,
                                fc_error *err)
{
    fc_bytes b = {0};
    fc_status s = FC_OK;
    FILE *f = fdopen(fd, "rb");

    if (!f) {
        s = fc_fail_errno(err, path);
        close(fd);
        return s;
    }
    if (!S_ISREG(st->st_mode) || st->st_size == 0) {
        s = fc_bytes_read_stream(out, f, path, max, err); /* a pipe, or a file of /proc that states no size */
    } else if ((uint64_t)st->st_size > max) {
        s = fc_fail(err, FC_ELIMIT, "%s: %lld bytes, the limit is %llu", path, (long long)st->st_size,
                    (unsigned long long)max);
    } else if (!(b.data = malloc((size_t)st->st_size))) {
        s = fc_fail_nomem(err, (size_t)st->st_size);
    } else {
        b.n = fread(b.data, 1, (size_t)st->st_size, f);
        if (ferror(f))
            s = fc_fail_errno(err, path);
        else if (b.n == 0)
            s = fc_fail(err, FC_EEMPTY, "%s: empty", path);
        if (s)
            fc_bytes_clear(&b);
        *out = b;
    }
    fclose(f);
    return s;
}

static fc_status read_file(fc_bytes *out, const char *path, fc_open_kind kind, uint64_t max, fc_error *err)
{
    struct stat st;
    int fd;
    fc_status s = fc_file_open(&fd, &st, path, kind, err);

    *out = (fc_bytes){0};
    if (!s)
        s = read_open_file(out, fd, &st, path, max, err);
    if (s == FC_EEMPTY && S_ISFIFO(st.st_mode))
        s = fc_fail(err, s, "%s: nothing came through this pipe", path);
    return s;
}

fc_status fc_bytes_read_file(fc_bytes *out, const char *path, uint64_t max, fc_error *err)
{
    return read_file(out, path, FC_OPEN_FILE, max, err);
}

fc_status fc_bytes_read_named(fc_bytes *out, const char *path, uint64_t max, fc_error *err)
{
    return read_file(out, path, FC_OPEN_FILE_OR_PIPE, max, err);
}

/* Opens a regular file that is not empty. *fd is -1 after a failure. */
static fc_status open_regular(int *fd, size_t *n, const char *path, fc_error *err)
{
    struct stat st;
    fc_status s = fc_file_open(fd, &st, path, FC_OPEN_FILE, err);

    *n = (size_t)st.st_size;
    if (s || *n)
        return s;
    close(*fd);
    *fd = -1;
    return fc_fail(err, FC_EEMPTY, "%s: empty", path);
}

/* Up to n bytes; fewer only where the file ends. -1: errno tells. */
static ssize_t read_up_to(int fd, void *to, size_t n)
{
    size_t got = 0;

    while (got < n) {
        const ssize_t k = read(fd, (uint8_t *)to + got, n - got);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return -1;
        if (k == 0)
            break;
        got += (size_t)k;
    }
    return (ssize_t)got;
}

fc_status fc_bytes_each(const char *path, void (*take)(void *ctx, const uint8_t *data, size_t n), void *ctx,
                        fc_error *err)
{
    enum { BLOCK = 1 << 16 };
    size_t left;
    ssize_t got = 0;
    int fd;
    fc_status s = open_regular(&fd, &left, path, err);

    if (s)
        return s;
    uint8_t *block = malloc(BLOCK);
    if (!block) {
        close(fd);
        return fc_fail_nomem(err, BLOCK);
    }
    /* No further than the file was long: one that grows as fast as it is read would have no end. */
    for (; left && (got = read_up_to(fd, block, left < BLOCK ? left : BLOCK)) > 0; left -= (size_t)got)
        take(ctx, block, (size_t)got);
    if (got < 0)
        s = fc_fail_errno(err, path);
    else if (left)
        s = fc_fail(err, FC_EIO, "%s: became shorter while it was read", path);
    free(block);
    close(fd);
    return s;
}

/* ---- maps ---- */

fc_status fc_map_read(fc_map *out, const char *path, uint64_t max, fc_error *err)
{
    size_t n;
    int fd;
    fc_status s = open_regular(&fd, &n, path, err);

    *out = (fc_map){0};
    if (s)
        return s;
    if (n > max) {
        s = fc_fail(err, FC_ELIMIT, "%s: %zu bytes, the limit is %llu", path, n, (unsigned long long)max);
        goto out;
    }
    /* Not malloc: pages that begin where a map's do, and are given back. */
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        s = fc_fail_nomem(err, n);
        goto out;
    }
    const ssize_t got = read_up_to(fd, p, n);
    if (got < 0)
        s = fc_fail_errno(err, path);
    else if ((size_t)got < n)
        s = fc_fail(err, FC_EIO, "%s: became shorter while it was read", path);
    if (s)
        munmap(p, n);
    else
        *out = (fc_map){p, n, 0};
out:
    close(fd);
    return s;
}

/* Files that are mapped. Names are copied, so that a signal's handler reads no memory that is being freed. */
static struct {
    atomic_int state; /* FREE, then TAKEN by one thread, then NAMED */
    const uint8_t *begin;
    size_t n;
    char name[1024];
} mapped[16];
enum { FREE, TAKEN, NAMED, MAPPED = sizeof mapped / sizeof *mapped };

static void enlist(fc_map *m, const char *path)
{
    char *name = fc_text_escape(path, strlen(path));

    for (int i = 0; i < MAPPED && !m->slot; i++) {
        int state = FREE;
        if (!atomic_compare_exchange_strong(&mapped[i].state, &state, TAKEN))
            continue;
        mapped[i].begin = m->data;
        mapped[i].n = m->n;
        snprintf(mapped[i].name, sizeof mapped[i].name, "%s", name ? name : "a file");
        atomic_store(&mapped[i].state, NAMED);
        m->slot = i + 1;
    }
    free(name);
}

const char *fc_map_name_at(const void *address)
{
    const uint8_t *at = address;

    for (int i = 0; i < MAPPED; i++)
        if (atomic_load(&mapped[i].state) == NAMED && at >= mapped[i].begin &&
            at < mapped[i].begin + mapped[i].n)
            return mapped[i].name;
    return NULL;
}

fc_status fc_map_open(fc_map *out, const char *path, fc_error *err)
{
    size_t n;
    int fd;
    fc_status s = open_regular(&fd, &n, path, err);

    *out = (fc_map){0};
    if (s)
        return s;
    void *p = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        s = fc_fail_errno(err, path);
    close(fd);
    if (s)
        return s;
    *out = (fc_map){p, n, 0};
    enlist(out, path);
    return FC_OK;
}

void fc_map_close(fc_map *m)
{
    if (m->slot)
        atomic_store(&mapped[m->slot - 1].state, FREE);
    if (m->data)
        munmap((void *)m->data, m->n);
    *m = (fc_map){0};
}
