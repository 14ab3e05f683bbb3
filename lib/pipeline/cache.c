#include "pipeline/cache.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/error.h"
#include "base/folder.h"
#include "pipeline/cache_bound.h"

#define MAX_TEXT (16u << 20) /* what is larger was not written here */
#define HEAD     "facecheck-cache 1 "
enum {
    HEAD_BYTES = sizeof HEAD - 1 + FC_SHA256_HEX
}; /* with the checksum, and a newline in its NUL's place */

struct fc_cache {
    char *root, *dir;            /* dir: of the context */
    char context[FC_SHA256_HEX]; /* its hash */
    uint64_t max_bytes;
    pthread_mutex_t lock; /* of what follows */
    fc_cache_counts counts;
    fc_error fault;
};

/* ---- what is told afterwards ---- */

static void note_fault(fc_cache *c, const fc_error *fault)
{
    pthread_mutex_lock(&c->lock);
    if (!c->fault.status)
        c->fault = *fault;
    pthread_mutex_unlock(&c->lock);
}

static void count(fc_cache *c, size_t *what, size_t n)
{
    pthread_mutex_lock(&c->lock);
    *what += n;
    pthread_mutex_unlock(&c->lock);
}

fc_cache_counts fc_cache_counted(fc_cache *c)
{
    pthread_mutex_lock(&c->lock);
    const fc_cache_counts counts = c->counts;
    pthread_mutex_unlock(&c->lock);
    return counts;
}

const char *fc_cache_fault(fc_cache *c)
{
    return c->fault.status ? c->fault.message : NULL;
}

void fc_cache_refuse(fc_cache *c)
{
    pthread_mutex_lock(&c->lock);
    c->counts.hits--;
    c->counts.misses++;
    c->counts.refused++;
    pthread_mutex_unlock(&c->lock);
}

/* ---- the folder ---- */

static fc_status write_file(const char *path, const void *data, size_t n, fc_error *err)
{
    fc_atomic_file f;
    struct stat st;
    fc_status s;

    if (!stat(path, &st) && !S_ISREG(st.st_mode)) /* a pipe would wait for a reader */
        return fc_fail(err, FC_EIO, "%s: not a file of this cache", path);
    s = fc_atomic_open_private(&f, path, err);
    if (s)
        return s;
    f.passing = true;
    if (fwrite(data, 1, n, f.f) != n) {
        s = fc_fail_errno(err, path);
        fc_atomic_discard(&f);
        return s;
    }
    return fc_atomic_commit(&f, err);
}

/* Whoever could put files there could say who anybody is. */
static fc_status check_own(const char *dir, fc_error *err)
{
    struct stat st;

    if (stat(dir, &st))
        return fc_fail_errno(err, dir);
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return fc_fail(err, FC_EUSAGE, "%s: is another user's, and a cache is believed", dir);
    if (st.st_mode & 022)
        return fc_fail(err, FC_EUSAGE, "%s: others may write to it, and a cache is believed (chmod go-w)",
                       dir);
    return FC_OK;
}

static fc_status make_own_folder(const char *dir, fc_error *err)
{
    const fc_status s = fc_make_folder(dir, 0700, err);

    return s ? s : check_own(dir, err);
}

/* The context's folder, with its description. One that cannot be made, on a disk that is full or for reading only, is noted:
 * entries that are there are read all the same. */
static fc_status make_context(fc_cache *c, const char *context, fc_error *err)
{
    char *about = fc_folder_join(c->dir, "context.txt");
    const size_t n = strlen(context);
    struct stat st;
    fc_status s;

    if (!about)
        return fc_fail_nomem(err, strlen(c->dir) + sizeof "/context.txt");
    s = make_own_folder(c->dir, err);
    if (!s && (stat(about, &st) || !S_ISREG(st.st_mode) || (size_t)st.st_size != n))
        s = write_file(about, context, n, err);
    free(about);
    if (!s || s == FC_EUSAGE || s == FC_ENOMEM)
        return s;
    note_fault(c, err);
    return FC_OK;
}

fc_status fc_cache_open(fc_cache **out, const char *dir, const char *context, uint64_t max_bytes,
                        fc_error *err)
{
    char name[17];
    fc_cache *c = calloc(1, sizeof *c);
    fc_status s;

    *out = NULL;
    if (!c)
        return fc_fail_nomem(err, sizeof *c);
    pthread_mutex_init(&c->lock, NULL);
    c->max_bytes = max_bytes;
    fc_sha256_hex(c->context, context, strlen(context));
    snprintf(name, sizeof name, "%.16s", c->context);
    if (!(c->root = strdup(dir)) || !(c->dir = fc_folder_join(dir, name))) {
        fc_cache_close(c);
        return fc_fail_nomem(err, strlen(dir) + 1);
    }
    s = make_own_folder(dir, err);
    if (!s)
        s = make_context(c, context, err);
    if (s)
        fc_cache_close(c);
    else
        *out = c;
    return s;
}

void fc_cache_close(fc_cache *c)
{
    if (!c)
        return;
    pthread_mutex_destroy(&c->lock);
    free(c->root);
    free(c->dir);
    free(c);
}

/* An entry's folder and file, to be freed; false: no memory. */
static bool place(char **dir, char **path, const fc_cache *c, const char sha256[FC_SHA256_HEX])
{
    char folder[3], name[FC_SHA256_HEX + 8];

    snprintf(folder, sizeof folder, "%.2s", sha256);
    snprintf(name, sizeof name, "%s.jsonl", sha256 + 2);
    *dir = fc_folder_join(c->dir, folder);
    *path = *dir ? fc_folder_join(*dir, name) : NULL;
    return *path != NULL;
}

/* ---- entries ---- */

/* Of the text, and of whose it is: one that was renamed is another's. */
static fc_status checksum(char hex[FC_SHA256_HEX], const fc_cache *c, const char sha256[FC_SHA256_HEX],
                          const void *text, size_t n, fc_error *err)
{
    char *all = malloc(2 * FC_SHA256_HEX + n);

    if (!all)
        return fc_fail_nomem(err, 2 * FC_SHA256_HEX + n);
    memcpy(all, c->context, FC_SHA256_HEX);
    memcpy(all + FC_SHA256_HEX, sha256, FC_SHA256_HEX);
    memcpy(all + 2 * FC_SHA256_HEX, text, n);
    fc_sha256_hex(hex, all, 2 * FC_SHA256_HEX + n);
    free(all);
    return FC_OK;
}

/* Takes the head off, where it is the text's; FC_END: it is not. */
static fc_status check(const fc_cache *c, const char sha256[FC_SHA256_HEX], fc_bytes *b, fc_error *err)
{
    char want[FC_SHA256_HEX];
    fc_status s = FC_END;

    if (b->n > HEAD_BYTES && b->data[HEAD_BYTES - 1] == '\n' && !memcmp(b->data, HEAD, sizeof HEAD - 1))
        s = checksum(want, c, sha256, b->data + HEAD_BYTES, b->n - HEAD_BYTES, err);
    if (!s && memcmp(want, b->data + sizeof HEAD - 1, FC_SHA256_HEX - 1) != 0)
        s = FC_END;
    if (s) {
        fc_bytes_clear(b);
        return s;
    }
    b->n -= HEAD_BYTES;
    memmove(b->data, b->data + HEAD_BYTES, b->n);
    return FC_OK;
}

fc_status fc_cache_get(fc_cache *c, const char sha256[FC_SHA256_HEX], fc_bytes *out, fc_error *err)
{
    fc_error fault;
    char *dir, *path;
    fc_status s;

    *out = (fc_bytes){0};
    if (place(&dir, &path, c, sha256))
        s = check_own(dir, &fault);
    else
        s = fc_fail_nomem(&fault, strlen(c->dir) + FC_SHA256_HEX + strlen("//.jsonl"));
    if (!s)
        s = fc_bytes_read_file(out, path, MAX_TEXT, &fault);
    free(path);
    free(dir);
    if (!s && (s = check(c, sha256, out, &fault)) == FC_END)
        count(c, &c->counts.refused, 1);
    if (s == FC_ENOMEM)
        return fc_fail(err, s, "%s", fault.message);
    if (s && s != FC_EMISSING && s != FC_EEMPTY && s != FC_END)
        note_fault(c, &fault);
    count(c, s ? &c->counts.misses : &c->counts.hits, 1);
    return s ? FC_END : FC_OK;
}

/* Each folder of two digits has its share, as hashes spread evenly; one put of eight looks after it. */
static void keep_bound(fc_cache *c, const char sha256[FC_SHA256_HEX])
{
    fc_error fault;
    size_t removed = 0;

    if (!c->max_bytes || (sha256[2] != '0' && sha256[2] != '8'))
        return;
    if (fc_cache_bound(c->root, sha256, c->max_bytes / 256, &removed, &fault))
        note_fault(c, &fault);
    count(c, &c->counts.removed, removed);
}

static fc_status put(const fc_cache *c, const char *dir, const char *path, const char sha256[FC_SHA256_HEX],
                     const void *text, size_t n, fc_error *err)
{
    char *all = malloc(HEAD_BYTES + n);
    fc_status s = all ? FC_OK : fc_fail_nomem(err, HEAD_BYTES + n);

    if (!s) {
        memcpy(all, HEAD, sizeof HEAD - 1);
        s = checksum(all + sizeof HEAD - 1, c, sha256, text, n, err);
        all[HEAD_BYTES - 1] = '\n';
        memcpy(all + HEAD_BYTES, text, n);
    }
    if (!s)
        s = make_own_folder(dir, err);
    if (!s)
        s = write_file(path, all, HEAD_BYTES + n, err);
    free(all);
    return s;
}

fc_status fc_cache_put(fc_cache *c, const char sha256[FC_SHA256_HEX], const void *text, size_t n,
                       fc_error *err)
{
    fc_error fault;
    char *dir, *path = NULL;
    fc_status s = FC_OK;

    if (n > MAX_TEXT - HEAD_BYTES)
        return FC_OK;
    if (!place(&dir, &path, c, sha256))
        s = fc_fail_nomem(&fault, n);
    if (!s)
        s = put(c, dir, path, sha256, text, n, &fault);
    free(path);
    free(dir);
    if (s == FC_ENOMEM)
        return fc_fail(err, s, "%s", fault.message);
    if (s) {
        note_fault(c, &fault);
        return FC_OK;
    }
    count(c, &c->counts.stored, 1);
    keep_bound(c, sha256);
    return FC_OK;
}
