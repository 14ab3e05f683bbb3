#include "base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/size.h"

void fc_bytes_clear(fc_bytes *b)
{
    free(b->data);
    *b = (fc_bytes){0};
}

fc_status fc_bytes_read_stream(fc_bytes *out, FILE *f, const char *name, uint64_t max, fc_error *err)
{
    fc_bytes b = {0};
    size_t cap = 0;
    fc_status s;

    for (;;) {
        if (b.n == cap) {
            size_t want = cap ? cap * 2 : 65536;
            uint8_t *p = realloc(b.data, want);
            if (!p) {
                s = fc_fail_nomem(err, want);
                goto fail;
            }
            b.data = p;
            cap = want;
        }
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

fc_status fc_bytes_read_file(fc_bytes *out, const char *path, uint64_t max, fc_error *err)
{
    struct stat st;
    fc_bytes b = {0};
    fc_status s = FC_OK;
    FILE *f = fopen(path, "rbe");

    *out = b;
    if (!f)
        return fc_fail_errno(err, path);
    if (fstat(fileno(f), &st) < 0) {
        s = fc_fail_errno(err, path);
    } else if (S_ISDIR(st.st_mode)) {
        s = fc_fail(err, FC_EIO, "%s: is a directory", path);
    } else if (!S_ISREG(st.st_mode) || st.st_size == 0) {
        s = fc_bytes_read_stream(out, f, path, max, err); /* a pipe, or a file of /proc that states no size */
    } else if ((uint64_t)st.st_size > max) {
        s = fc_fail(err, FC_ELIMIT, "%s: %lld bytes, the limit is %llu", path, (long long)st.st_size,
                    (unsigned long long)max);
    } else if (!(b.data = malloc((size_t)st.st_size))) {
        s = fc_fail_nomem(err, (size_t)st.st_size);
    } else {
        b.n = fread(b.data, 1, (size_t)st.st_size, f);
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

fc_status fc_map_open(fc_map *out, const char *path, fc_error *err)
{
    struct stat st;
    fc_status s = FC_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    *out = (fc_map){0};
    if (fd < 0)
        return fc_fail_errno(err, path);
    if (fstat(fd, &st) < 0)
        s = fc_fail_errno(err, path);
    else if (!S_ISREG(st.st_mode))
        s = fc_fail(err, FC_EIO, "%s: not a regular file", path);
    else if (st.st_size == 0)
        s = fc_fail(err, FC_EEMPTY, "%s: empty", path);
    if (!s) {
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED)
            s = fc_fail_errno(err, path);
        else
            *out = (fc_map){p, (size_t)st.st_size};
    }
    close(fd);
    return s;
}

void fc_map_close(fc_map *m)
{
    if (m->data)
        munmap((void *)m->data, m->n);
    *m = (fc_map){0};
}

/* path with an ending; of a name that would be too long with it, only the beginning. */
static char *temporary(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const int room = NAME_MAX - (int)strlen(".XXXXXX.tmp"), folder = (int)(name - path);
    char *tmp;

    return asprintf(&tmp, "%.*s%.*s.XXXXXX.tmp", folder, path, room, name) < 0 ? NULL : tmp;
}

/* Temporary files that are there. Names are copied, so that a signal's handler reads no memory that is being freed. */
static struct {
    atomic_int state; /* FREE, then TAKEN by one thread, then NAMED */
    char name[PATH_MAX];
} live[16];
enum { FREE, TAKEN, NAMED, LIVE = sizeof live / sizeof *live };

static int enlist(const char *name)
{
    for (int i = 0; i < LIVE && strlen(name) < sizeof live[i].name; i++) {
        int state = FREE;
        if (!atomic_compare_exchange_strong(&live[i].state, &state, TAKEN))
            continue;
        strcpy(live[i].name, name);
        atomic_store(&live[i].state, NAMED);
        return i;
    }
    return -1;
}

void fc_atomic_abandon(void)
{
    for (int i = 0; i < LIVE; i++)
        if (atomic_load(&live[i].state) == NAMED)
            unlink(live[i].name);
}

static fc_status atomic_open(fc_atomic_file *a, const char *path, bool private, fc_error *err)
{
    struct stat st, link;
    const bool there = stat(path, &st) == 0;
    int fd;

    *a = (fc_atomic_file){.slot = -1};
    if (there && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) { /* a device or a pipe: nothing to replace */
        a->path = strdup(path);
        a->f = a->path ? fopen(path, "wbe") : NULL;
        if (a->f)
            return FC_OK;
        fc_status s = a->path ? fc_fail_errno(err, path) : fc_fail_nomem(err, strlen(path));
        fc_atomic_discard(a);
        return s;
    }
    /* What a link points to is replaced, not the link. */
    const bool linked = there && lstat(path, &link) == 0 && S_ISLNK(link.st_mode);
    a->path = linked ? realpath(path, NULL) : strdup(path);
    a->tmp = a->path ? temporary(a->path) : NULL;
    if (!a->tmp) {
        fc_atomic_discard(a);
        return fc_fail_nomem(err, strlen(path));
    }
    fd = mkostemps(a->tmp, 4, O_CLOEXEC);
    if (fd < 0) {
        fc_status s = fc_fail_errno(err, path);
        free(a->tmp);
        a->tmp = NULL;
        fc_atomic_discard(a);
        return s;
    }
    a->slot = enlist(a->tmp);
    const mode_t mask = umask(0);
    umask(mask);
    if (!private) /* mkostemps gives 0600 */
        (void)fchmod(fd, there ? st.st_mode & 0777 : 0666 & ~mask);
    a->f = fdopen(fd, "wb");
    if (!a->f) {
        fc_status s = fc_fail_errno(err, path);
        close(fd);
        fc_atomic_discard(a);
        return s;
    }
    return FC_OK;
}

fc_status fc_atomic_open(fc_atomic_file *a, const char *path, fc_error *err)
{
    return atomic_open(a, path, false, err);
}

fc_status fc_atomic_open_private(fc_atomic_file *a, const char *path, fc_error *err)
{
    return atomic_open(a, path, true, err);
}

fc_status fc_atomic_commit(fc_atomic_file *a, fc_error *err)
{
    fc_status s = FC_OK;
    FILE *f = a->f;

    if (fflush(f) || (a->tmp && fsync(fileno(f))))
        s = fc_fail_errno(err, a->path);
    a->f = NULL;
    if (fclose(f) && !s)
        s = fc_fail_errno(err, a->path);
    if (!s && a->tmp && rename(a->tmp, a->path))
        s = fc_fail_errno(err, a->path);
    if (!s) {
        free(a->tmp);
        a->tmp = NULL;
    }
    fc_atomic_discard(a);
    return s;
}

void fc_atomic_discard(fc_atomic_file *a)
{
    if (a->f)
        fclose(a->f);
    if (a->tmp)
        unlink(a->tmp);
    if (a->path && a->slot >= 0)
        atomic_store(&live[a->slot].state, FREE);
    free(a->tmp);
    free(a->path);
    *a = (fc_atomic_file){0};
}
