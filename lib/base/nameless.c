#include "base/nameless.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

enum { TRIES = 100 }; /* while others put theirs there */

static FILE *open_nameless(const char *path)
{
    char *folder = strdup(path);
    const int fd = folder ? open(dirname(folder), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600) : -1;
    FILE *f = fd >= 0 ? fdopen(fd, "wb") : NULL;

    free(folder);
    if (!f && fd >= 0)
        close(fd);
    return f;
}

fc_status fc_nameless_open(fc_nameless *n, const char *path, fc_error *err)
{
    fc_status s;

    *n = (fc_nameless){.path = strdup(path)};
    if (!n->path)
        return fc_fail_nomem(err, strlen(path) + 1);
    n->f = open_nameless(path);
    if (n->f)
        return FC_OK;
    s = fc_atomic_open_private(&n->named, path, err);
    if (s)
        free(n->path);
    else
        n->f = n->named.f;
    return s;
}

/* linkat replaces nothing. */
static int take_name(FILE *f, const char *path)
{
    char self[40];

    snprintf(self, sizeof self, "/proc/self/fd/%d", fileno(f));
    for (int i = 0; i < TRIES; i++) {
        if (!linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW))
            return 0;
        if (errno != EEXIST || (unlink(path) && errno != ENOENT))
            return -1;
    }
    return -1;
}

fc_status fc_nameless_commit(fc_nameless *n, fc_error *err)
{
    fc_status s = FC_OK;

    if (n->named.f) {
        free(n->path);
        return fc_atomic_commit(&n->named, err);
    }
    if (fflush(n->f) || fsync(fileno(n->f)) || take_name(n->f, n->path))
        s = fc_fail_errno(err, n->path);
    fc_nameless_discard(n);
    return s;
}

void fc_nameless_discard(fc_nameless *n)
{
    if (n->named.f)
        fc_atomic_discard(&n->named);
    else if (n->f)
        fclose(n->f);
    free(n->path);
    *n = (fc_nameless){.f = NULL};
}

/* base, of which a long name keeps the beginning only, then .XXXXXX.tmp */
static bool is_temporary(const char *name, const char *base)
{
    const size_t n = strlen(name), tail = strlen(".XXXXXX.tmp");
    size_t length = strlen(base);

    if (length > NAME_MAX - tail)
        length = NAME_MAX - tail;
    if (n != length + tail || memcmp(name, base, length) || name[length] != '.' ||
        strcmp(name + n - 4, ".tmp"))
        return false;
    for (size_t i = length + 1; i < n - 4; i++)
        if (!isalnum((unsigned char)name[i]))
            return false;
    return true;
}

fc_status fc_remove_temporaries(const char *path, fc_error *err)
{
    char *copy = strdup(path), *last = strdup(path);
    DIR *d = copy ? opendir(dirname(copy)) : NULL;
    struct dirent *e;
    fc_status s = FC_OK;

    if (!copy || !last)
        s = fc_fail_nomem(err, strlen(path) + 1);
    else if (!d)
        s = fc_fail_errno(err, path);
    while (!s && (e = readdir(d)))
        if (is_temporary(e->d_name, basename(last)) && unlinkat(dirfd(d), e->d_name, 0) && errno != ENOENT)
            s = fc_fail_errno(err, path);
    if (d)
        closedir(d);
    free(copy);
    free(last);
    return s;
}
