#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/size.h"
#include "cluster/links.h"

#define MAGIC   "fclinks"
#define VERSION 1

struct header {
    char magic[8];
    uint64_t version;
    fc_links_key key;
    uint64_t blocks_done;
};

/* A page, so that the links are aligned. */
union page {
    struct header h;
    uint8_t bytes[4096];
};

static bool is_own(const struct header *h)
{
    return !memcmp(h->magic, MAGIC, sizeof h->magic) && h->version == VERSION;
}

static bool is_same(const fc_links_key *a, const fc_links_key *b)
{
    return a->n == b->n && a->dim == b->dim && a->k == b->k && a->block == b->block &&
           !memcmp(&a->threshold, &b->threshold, sizeof a->threshold) &&
           !memcmp(a->faces, b->faces, sizeof a->faces);
}

static void clear(fc_links *l)
{
    const size_t all = (size_t)l->key.n * (size_t)l->key.k;

    for (size_t i = 0; i < all; i++)
        l->link[i] = (fc_link){UINT32_MAX, 0};
}

static fc_status map(fc_links *l, size_t size, fc_error *err)
{
    const int flags = l->fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, l->fd, 0);

    if (p == MAP_FAILED)
        return fc_fail_nomem(err, size);
    l->map = p;
    l->map_size = size;
    l->blocks_done = &((union page *)p)->h.blocks_done;
    l->link = (fc_link *)((union page *)p + 1);
    return FC_OK;
}

/* Opens the file, for this process alone. *begun: it holds these links already. */
static fc_status open_file(fc_links *l, size_t size, bool *begun, fc_error *err)
{
    union page page;
    struct stat st;

    l->fd = open(l->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
    if (l->fd < 0 || fstat(l->fd, &st))
        return fc_fail_errno(err, l->path);
    if (!S_ISREG(st.st_mode))
        return fc_fail(err, FC_EIO, "%s: is not a file", l->path);
    if (flock(l->fd, LOCK_EX | LOCK_NB))
        return errno == EWOULDBLOCK ? fc_fail(err, FC_EIO, "%s: another process works on it", l->path)
                                    : fc_fail_errno(err, l->path);
    const ssize_t got = pread(l->fd, &page, sizeof page, 0);
    if (got < 0)
        return fc_fail_errno(err, l->path);
    if (st.st_size > 0 && (got < (ssize_t)sizeof page || !is_own(&page.h)))
        return fc_fail(err, FC_EFORMAT, "%s: is there, and no file of links; another name is wanted",
                       l->path);
    *begun = st.st_size > 0 && is_same(&page.h.key, &l->key);
    if (*begun && (uint64_t)st.st_size != size)
        return fc_fail(err, FC_ETRUNCATED, "%s: %lld bytes, want %zu", l->path, (long long)st.st_size, size);
    return FC_OK;
}

/* All of its place on the disk is taken at once, since a map cannot tell that the disk is full. */
static fc_status make_file(fc_links *l, size_t size, fc_error *err)
{
    union page page = {.h = {.magic = MAGIC, .version = VERSION}};

    if (ftruncate(l->fd, 0))
        return fc_fail_errno(err, l->path);
    const int why = posix_fallocate(l->fd, 0, (off_t)size);
    if (!why && pwrite(l->fd, &page, sizeof page, 0) == (ssize_t)sizeof page)
        return FC_OK;
    errno = why ? why : errno;
    const fc_status s = fc_fail_errno(err, l->path);
    unlink(l->path); /* rather than to leave a full disk full */
    return s;
}

/* The key comes last: a file that was not made to its end is made again. */
static fc_status set_key(fc_links *l, fc_error *err)
{
    clear(l);
    if (msync(l->map, l->map_size, MS_SYNC))
        return fc_fail_errno(err, l->path);
    ((union page *)l->map)->h.key = l->key;
    return fc_links_keep(l, 0, err);
}

fc_status fc_links_open(fc_links *l, const fc_links_key *key, const char *state, fc_error *err)
{
    size_t links, bytes, size;
    bool begun = false;
    fc_status s = FC_OK;

    *l = (fc_links){.key = *key, .fd = -1};
    if (!fc_mul((size_t)key->n, (size_t)key->k, &links) || !fc_mul(links, sizeof(fc_link), &bytes) ||
        !fc_add(bytes, sizeof(union page), &size) || size > INT64_MAX)
        return fc_fail(err, FC_ELIMIT, "%llu links of each of %llu faces", (unsigned long long)key->k,
                       (unsigned long long)key->n);
    if (!state) {
        s = map(l, size, err);
        if (!s)
            clear(l);
    } else if (!(l->path = strdup(state))) {
        s = fc_fail_nomem(err, strlen(state) + 1);
    } else {
        s = open_file(l, size, &begun, err);
        if (!s && !begun)
            s = make_file(l, size, err);
        if (!s)
            s = map(l, size, err);
        if (!s && !begun)
            s = set_key(l, err);
    }
    if (s)
        fc_links_close(l);
    return s;
}

fc_status fc_links_keep(fc_links *l, uint64_t blocks, fc_error *err)
{
    if (l->fd >= 0 && msync(l->map, l->map_size, MS_SYNC))
        return fc_fail_errno(err, l->path);
    *l->blocks_done = blocks;
    if (l->fd >= 0 && msync(l->map, sizeof(union page), MS_SYNC))
        return fc_fail_errno(err, l->path);
    return FC_OK;
}

static bool is_link(const fc_links *l, size_t face, size_t at)
{
    const fc_link *x = l->link + face * (size_t)l->key.k + at;

    return x->to < l->key.n && x->to != face && (double)x->similarity >= l->key.threshold - 1e-6 &&
           x->similarity <= 1 && (!at || x[-1].similarity >= x->similarity);
}

fc_status fc_links_check(const fc_links *l, fc_error *err)
{
    const size_t k = (size_t)l->key.k;

    for (size_t i = 0; i < l->key.n; i++) {
        bool over = false;
        for (size_t j = 0; j < k; j++) {
            const bool none = l->link[i * k + j].to == UINT32_MAX;
            if (over ? !none : !none && !is_link(l, i, j))
                return fc_fail(err, FC_ECORRUPT, "%s: damaged: link %zu of face %zu",
                               l->path ? l->path : "links", j, i);
            over = none;
        }
    }
    return FC_OK;
}

void fc_links_close(fc_links *l)
{
    if (l->map)
        munmap(l->map, l->map_size);
    if (l->fd >= 0)
        close(l->fd);
    free(l->path);
    *l = (fc_links){.fd = -1};
}
