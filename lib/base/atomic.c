#include "base/atomic.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/outputs.h"

enum { TRIES = 100 }; /* at a temporary name that nobody has */

/* path with an ending made of six random letters; of a name that would be too long with it, only the beginning. */
static char *temporary(const char *path)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const int room = NAME_MAX - (int)strlen(".XXXXXX.tmp"), folder = (int)(name - path);
    unsigned char some[6];
    char *tmp, ending[sizeof some + 1] = "";

    if (getrandom(some, sizeof some, 0) != sizeof some)
        return NULL;
    for (size_t i = 0; i < sizeof some; i++)
        ending[i] = letters[some[i] % (sizeof letters - 1)];
    return asprintf(&tmp, "%.*s%.*s.%s.tmp", folder, path, room, name, ending) < 0 ? NULL : tmp;
}

/* Makes a file of a name that nobody has beside path. The kernel takes the umask from mode, and only it can do so for
 * several threads at the same time: a process's umask is read by setting it. -1: errno tells. */
static int make_temporary(char **tmp, const char *path, mode_t mode)
{
    int fd = -1;

    for (int i = 0; i < TRIES && fd < 0; i++) {
        free(*tmp);
        *tmp = temporary(path);
        if (!*tmp)
            return -1;
        fd = open(*tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    if (fd < 0) {
        const int why = errno;
        free(*tmp);
        *tmp = NULL;
        errno = why;
    }
    return fd;
}

/* Temporary files that are there. Names are copied, so that a signal's handler reads no memory that is being freed. */
static struct {
    atomic_int state; /* FREE, then TAKEN by one thread, then NAMED */
    char name[PATH_MAX];
} live[256];
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

static fc_status refuse(const char *path, fc_error *err)
{
    return fc_fail(err, FC_EEXISTS, "%s: another file of that name is there, and is left alone (--force)",
                   path);
}

fc_status fc_open_written(FILE **f, const char *path, fc_error *err)
{
    enum { FLAGS = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };
    enum { STEP_MS = 20 };
    int fd = -1, flags;

    *f = NULL;
    for (int ms = 0; (fd = open(path, FLAGS, 0666)) < 0 && errno == ENXIO; ms += STEP_MS) {
        if (ms >= FC_PIPE_MS)
            return fc_fail(err, FC_EIO, "%s: is a pipe that nobody reads from", path);
        nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL);
    }
    if (fd >= 0 && (flags = fcntl(fd, F_GETFL)) >= 0 && !fcntl(fd, F_SETFL, flags & ~O_NONBLOCK))
        *f = fdopen(fd, "wb");
    if (*f)
        return FC_OK;
    const fc_status s = fc_fail_errno(err, path);
    if (fd >= 0)
        close(fd);
    return s;
}

static fc_status atomic_open(fc_atomic_file *a, const char *path, bool private, fc_error *err)
{
    struct stat st, link;
    const bool there = stat(path, &st) == 0;
    fc_status s;
    int fd;

    *a = (fc_atomic_file){.slot = -1, .keep = fc_outputs_keeps(path)};
    if (a->keep && there && !S_ISREG(st.st_mode))
        return refuse(path, err);
    if (there && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) { /* a device or a pipe: nothing to replace */
        a->path = strdup(path);
        s = a->path ? fc_open_written(&a->f, path, err) : fc_fail_nomem(err, strlen(path) + 1);
        if (s)
            fc_atomic_discard(a);
        return s;
    }
    /* What a link points to is replaced, not the link; where others' files are kept, a link to nothing is one of them. */
    const bool linked = (there || !a->keep) && lstat(path, &link) == 0 && S_ISLNK(link.st_mode);
    s = linked ? fc_real_name(&a->path, path, err) : FC_OK;
    if (!s && !linked && !(a->path = strdup(path)))
        s = fc_fail_nomem(err, strlen(path) + 1);
    if (s) {
        fc_atomic_discard(a);
        return s;
    }
    /* A file that others may not read is not readable by them while it is written, either. */
    fd = make_temporary(&a->tmp, a->path, private || there ? 0600 : 0666);
    if (fd < 0) {
        s = fc_fail_errno(err, path);
        fc_atomic_discard(a);
        return s;
    }
    a->slot = enlist(a->tmp);
    if (!private && there)
        (void)fchmod(fd, st.st_mode & 0777);
    a->f = fdopen(fd, "wb");
    if (!a->f) {
        s = fc_fail_errno(err, path);
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

fc_status fc_sync_folder_of(const char *path, fc_error *err)
{
    char *copy = strdup(path);

    if (!copy)
        return fc_fail_nomem(err, strlen(path) + 1);
    const char *folder = dirname(copy);
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fc_status s = FC_OK;
    /* A folder that may be written to but not be read cannot be synced, and some file systems have no such thing. */
    if (fd >= 0 && fsync(fd) && errno != EINVAL && errno != EROFS && errno != ENOTSUP)
        s = fc_fail_errno(err, folder);
    if (fd >= 0)
        close(fd);
    free(copy);
    return s;
}

static bool same_bytes(FILE *a, FILE *b)
{
    char x[1 << 14], y[sizeof x];
    size_t n, m;

    do {
        n = fread(x, 1, sizeof x, a);
        m = fread(y, 1, sizeof y, b);
    } while (n && n == m && !memcmp(x, y, n));
    return !n && !m && !ferror(a) && !ferror(b);
}

/* Whether the file at path is what would be written there. */
static bool is_there(const fc_atomic_file *a, const char *path)
{
    struct stat st;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const bool plain = fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode);
    FILE *mine = plain ? fopen(a->tmp, "rbe") : NULL, *there = mine ? fdopen(fd, "rb") : NULL;
    const bool same = there && same_bytes(mine, there);

    if (there)
        fclose(there);
    else if (fd >= 0)
        close(fd);
    if (mine)
        fclose(mine);
    return same;
}

/* Gives the file its name, which no other has. */
static fc_status name_new(fc_atomic_file *a, fc_error *err)
{
    /* Not every file system has a renaming that replaces nothing, nor links. */
    if (!renameat2(AT_FDCWD, a->tmp, AT_FDCWD, a->path, RENAME_NOREPLACE))
        return FC_OK;
    if (errno != EEXIST && !link(a->tmp, a->path)) {
        unlink(a->tmp);
        return FC_OK;
    }
    if (errno != EEXIST && access(a->path, F_OK) && errno == ENOENT)
        return rename(a->tmp, a->path) ? fc_fail_errno(err, a->path) : FC_OK;
    if (!is_there(a, a->path))
        return refuse(a->path, err);
    unlink(a->tmp);
    return FC_OK;
}

static fc_status give_name(fc_atomic_file *a, fc_error *err)
{
    if (a->keep)
        return name_new(a, err);
    return rename(a->tmp, a->path) ? fc_fail_errno(err, a->path) : FC_OK;
}

fc_status fc_atomic_commit(fc_atomic_file *a, fc_error *err)
{
    fc_status s = FC_OK;
    FILE *f = a->f;

    if (fflush(f) || (a->tmp && !a->passing && fsync(fileno(f))))
        s = fc_fail_errno(err, a->path);
    if (!s && a->tmp)
        s = fc_outputs_check(a->path, err);
    a->f = NULL;
    if (fclose(f) && !s)
        s = fc_fail_errno(err, a->path);
    if (!s && a->tmp)
        s = give_name(a, err);
    if (!s && a->tmp) {
        free(a->tmp);
        a->tmp = NULL;
        s = a->passing ? FC_OK : fc_sync_folder_of(a->path, err);
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

/* ---- files that are made once ---- */

static bool write_synced(FILE *f, const void *data, size_t n)
{
    return fwrite(data, 1, n, f) == n && !fflush(f) && !fsync(fileno(f));
}

/* A file that has no name before it is whole. *done stays false where that cannot be had. */
static fc_status create_nameless(const char *path, const void *data, size_t n, bool *done, fc_error *err)
{
    char *folder = strdup(path), self[40];
    fc_status s = FC_OK;

    *done = false;
    if (!folder)
        return fc_fail_nomem(err, strlen(path) + 1);
    const int fd = open(dirname(folder), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    free(folder);
    FILE *f = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (!f) {
        if (fd >= 0)
            close(fd);
        return FC_OK;
    }
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    if (!write_synced(f, data, n))
        s = fc_fail_errno(err, path);
    else
        *done = !linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) || errno == EEXIST;
    fclose(f);
    return s || !*done ? s : fc_sync_folder_of(path, err);
}

fc_status fc_create_private(const char *path, const void *data, size_t n, fc_error *err)
{
    fc_atomic_file a;
    bool done;
    fc_status s = create_nameless(path, data, n, &done, err);

    if (s || done)
        return s;
    s = atomic_open(&a, path, true, err);
    if (s)
        return s;
    /* Not every file system has a renaming that replaces nothing, nor links. */
    if (!write_synced(a.f, data, n) || (renameat2(AT_FDCWD, a.tmp, AT_FDCWD, path, RENAME_NOREPLACE) &&
                                        errno != EEXIST && link(a.tmp, path) && errno != EEXIST))
        s = fc_fail_errno(err, path);
    fc_atomic_discard(&a);
    return s ? s : fc_sync_folder_of(path, err);
}

bool fc_same_file(const char *a, const char *b)
{
    struct stat x, y;

    return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}
