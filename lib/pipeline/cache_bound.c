#include "pipeline/cache_bound.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/error.h"
#include "base/grow.h"

enum { CONTEXT = 16, KEY = FC_SHA256_HEX - 1 - 2, ABANDONED = 3600 }; /* digits; seconds */
static const char digits[] = "0123456789abcdef";

struct entry {
    char context[CONTEXT + 1], key[KEY + 1];
    struct timespec written;
    uint64_t bytes;
};

struct list {
    struct entry *entry;
    size_t n, cap;
    uint64_t bytes;
};

static int open_folder(int in, const char *name)
{
    return openat(in, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool is_entry(const char *name)
{
    return strspn(name, digits) == KEY && !strcmp(name + KEY, ".jsonl");
}

/* KEY.jsonl.XXXXXX.tmp (base/atomic.h) */
static bool is_part(const char *name)
{
    const size_t n = strlen(name);

    return strspn(name, digits) == KEY && !strncmp(name + KEY, ".jsonl.", 7) && n > KEY + 11 &&
           !strcmp(name + n - 4, ".tmp");
}

static fc_status add(struct list *l, int fd, const char *context, const char *name, fc_error *err)
{
    struct stat st;
    fc_status s;

    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
        return FC_OK;
    if (is_part(name)) {
        if (time(NULL) - st.st_mtime > ABANDONED)
            unlinkat(fd, name, 0);
        return FC_OK;
    }
    s = fc_grow(&l->entry, l->n + 1, &l->cap, sizeof *l->entry, err);
    if (s)
        return s;
    struct entry *e = &l->entry[l->n++];
    *e = (struct entry){.written = st.st_mtim, .bytes = (uint64_t)st.st_blocks * 512};
    snprintf(e->context, sizeof e->context, "%.*s", CONTEXT, context);
    snprintf(e->key, sizeof e->key, "%.*s", KEY, name);
    l->bytes += e->bytes;
    return FC_OK;
}

/* The entries of one folder of two digits. */
static fc_status look_in(struct list *l, int root, const char *context, const char *prefix, fc_error *err)
{
    const int of = open_folder(root, context), fd = of < 0 ? -1 : open_folder(of, prefix);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    fc_status s = FC_OK;

    if (of >= 0)
        close(of);
    if (!d) { /* it is no cache's, or another process removed it */
        if (fd >= 0)
            close(fd);
        return FC_OK;
    }
    for (struct dirent *f; !s && (f = readdir(d));)
        if (is_entry(f->d_name) || is_part(f->d_name))
            s = add(l, fd, context, f->d_name, err);
    closedir(d);
    return s;
}

static int by_age(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->written.tv_sec != y->written.tv_sec)
        return x->written.tv_sec < y->written.tv_sec ? -1 : 1;
    if (x->written.tv_nsec != y->written.tv_nsec)
        return x->written.tv_nsec < y->written.tv_nsec ? -1 : 1;
    return strcmp(x->key, y->key);
}

/* The oldest, until those that are left take so much. */
static size_t cut(struct list *l, int root, const char *prefix, uint64_t want)
{
    char name[CONTEXT + KEY + 16];
    size_t removed = 0;

    if (l->n)
        qsort(l->entry, l->n, sizeof *l->entry, by_age);
    for (size_t i = 0; i < l->n && l->bytes > want; i++) {
        snprintf(name, sizeof name, "%s/%s/%s.jsonl", l->entry[i].context, prefix, l->entry[i].key);
        removed += !unlinkat(root, name, 0);
        l->bytes -= l->entry[i].bytes;
    }
    return removed;
}

fc_status fc_cache_bound(const char *root, const char *prefix, uint64_t max_bytes, size_t *removed,
                         fc_error *err)
{
    const char two[] = {prefix[0], prefix[1], '\0'};
    struct list l = {0};
    DIR *d = opendir(root);
    fc_status s = FC_OK;

    *removed = 0;
    if (!d)
        return fc_fail_errno(err, root);
    for (struct dirent *f; !s && (f = readdir(d));)
        if (strspn(f->d_name, digits) == CONTEXT && !f->d_name[CONTEXT])
            s = look_in(&l, dirfd(d), f->d_name, two, err);
    if (!s && l.bytes > max_bytes)
        *removed = cut(&l, dirfd(d), two, max_bytes / 8 * 7);
    closedir(d);
    free(l.entry);
    return s;
}
