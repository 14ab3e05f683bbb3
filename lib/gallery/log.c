/*
 * GALLERY-commits. SQLite takes a log whose checksums break for one that ends there: commits that were reported as done
 * are gone without a word. So the last commit's number and state stand in a small file of their own, written after each
 * commit, and gone with the log when the last who uses the gallery has put everything into the database itself. Who
 * reads the file, then the gallery, and finds fewer commits, knows that some were lost.
 *
 * The file is not synced: after a power loss it may be older than the log, and tells less then. It is never ahead of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "gallery/impl.h"

#define ENDING "-commits"

struct note {
    char magic[8];
    fc_commits c;
    uint8_t sum[16]; /* of the rest */
};
#define MAGIC "fccommit"
_Static_assert(sizeof(struct note) == 64, "no gaps in it");

static void note_sum(const struct note *n, uint8_t sum[16])
{
    crypto_generichash(sum, 16, (const uint8_t *)n, offsetof(struct note, sum), NULL, 0);
}

/* False where there is nothing, or what a power loss leaves of a file: nothing but zeros. */
static bool is_written(const struct note *n, ssize_t got)
{
    return got > 0 && !sodium_is_zero((const uint8_t *)n, (size_t)got);
}

static bool is_good(const struct note *n, ssize_t got)
{
    uint8_t sum[16];

    if (got != sizeof *n || memcmp(n->magic, MAGIC, sizeof n->magic))
        return false;
    note_sum(n, sum);
    return !memcmp(sum, n->sum, sizeof sum);
}

static fc_status lost(const fc_gallery *g, const char *what, fc_error *err)
{
    return fc_fail(err, FC_ECORRUPT, "%s: damaged: %s (to go on with what is left, remove %s" ENDING ")",
                   g->name, what, g->path);
}

fc_status fc_gallery_read_commits(const fc_gallery *g, fc_commits *out, fc_error *err)
{
    struct note n = {{0}, {{0}, 0, {0}}, {0}};
    char *path = fc_gallery_beside(g, ENDING);
    fc_status s = FC_OK;

    *out = (fc_commits){.commits = 0};
    if (!path)
        return fc_fail_nomem(err, strlen(g->path) + 1);
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0) {
        const ssize_t got = pread(fd, &n, sizeof n, 0);
        if (got < 0)
            s = fc_fail_errno(err, path);
        else if (is_good(&n, got))
            *out = n.c;
        else if (is_written(&n, got))
            s = lost(g, "its count of commits is not as it was written", err);
        close(fd);
    } /* where there is none, or none for this reader, nothing can be compared */
    free(path);
    return s;
}

fc_status fc_gallery_check_commits(const fc_gallery *g, const fc_commits *c, fc_error *err)
{
    char what[100];

    if (c->commits == 0)
        return FC_OK;
    if (memcmp(c->uid, g->uid, sizeof c->uid))
        return lost(g, "beside it is another gallery's count of commits", err);
    if (g->info.commits < c->commits) {
        snprintf(what, sizeof what, "the last %llu of its %llu changes are lost",
                 (unsigned long long)(c->commits - g->info.commits), (unsigned long long)c->commits);
        return lost(g, what, err);
    }
    if (g->info.commits == c->commits && memcmp(c->state, g->info.state, sizeof c->state))
        return lost(g, "its last change is not the one that was made", err);
    return FC_OK;
}

/* The file that has the name, open in g->log: it may have gone with a log since. */
static bool open_log(fc_gallery *g, const char *path)
{
    struct stat gallery, st;

    if (g->log >= 0 && (fstat(g->log, &st) || st.st_nlink == 0)) {
        close(g->log);
        g->log = -1;
    }
    if (g->log >= 0)
        return true;
    g->log = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (g->log >= 0 && !stat(g->path, &gallery)) /* who reads the gallery reads this */
        (void)fchmod(g->log, gallery.st_mode & 0777);
    return g->log >= 0;
}

void fc_gallery_note_commit(fc_gallery *g)
{
    struct note n = {{0}, {{0}, 0, {0}}, {0}}, old = n;
    char *path = fc_gallery_beside(g, ENDING);

    if (path && open_log(g, path) && !flock(g->log, LOCK_EX)) {
        const ssize_t got = pread(g->log, &old, sizeof old, 0);
        memcpy(n.magic, MAGIC, sizeof n.magic);
        memcpy(n.c.uid, g->uid, sizeof n.c.uid);
        memcpy(n.c.state, g->info.state, sizeof n.c.state);
        n.c.commits = g->info.commits;
        note_sum(&n, n.sum);
        /* Another process may have made a later commit, and noted it before us. */
        if (!is_good(&old, got) || memcmp(old.c.uid, g->uid, sizeof g->uid) || old.c.commits < n.c.commits)
            (void)!pwrite(g->log, &n, sizeof n, 0);
        flock(g->log, LOCK_UN);
    }
    free(path);
}

void fc_gallery_forget_commits(const fc_gallery *g)
{
    char *log = fc_gallery_beside(g, "-wal"), *path = fc_gallery_beside(g, ENDING);

    if (log && path && access(log, F_OK) && errno == ENOENT)
        unlink(path);
    free(log);
    free(path);
}
