#include "pipeline/cache.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/atomic.h"
#include "base/error.h"
#include "base/folder.h"

#define MAX_TEXT (16u << 20) /* what is larger was not written here */

struct fc_cache {
    char *dir; /* of the context */
};

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
    if (fwrite(data, 1, n, f.f) != n) {
        s = fc_fail_errno(err, path);
        fc_atomic_discard(&f);
        return s;
    }
    return fc_atomic_commit(&f, err);
}

fc_status fc_cache_open(fc_cache **out, const char *dir, const char *context, fc_error *err)
{
    char hash[FC_SHA256_HEX];
    fc_cache *c = calloc(1, sizeof *c);
    char *about = NULL;
    fc_status s;

    *out = NULL;
    fc_sha256_hex(hash, context, strlen(context));
    hash[16] = '\0';
    if (!c || !(c->dir = fc_folder_join(dir, hash)) || !(about = fc_folder_join(c->dir, "context.txt"))) {
        fc_cache_close(c);
        return fc_fail_nomem(err, strlen(dir) + 1);
    }
    s = fc_make_folder(dir, 0700, err);
    if (!s)
        s = fc_make_folder(c->dir, 0700, err);
    if (!s)
        s = write_file(about, context, strlen(context), err);
    free(about);
    if (s)
        fc_cache_close(c);
    else
        *out = c;
    return s;
}

void fc_cache_close(fc_cache *c)
{
    if (c)
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

fc_status fc_cache_get(const fc_cache *c, const char sha256[FC_SHA256_HEX], fc_bytes *out, fc_error *err)
{
    char *dir, *path;
    fc_status s;

    *out = (fc_bytes){0};
    if (place(&dir, &path, c, sha256))
        s = fc_bytes_read_file(out, path, MAX_TEXT, err);
    else
        s = fc_fail_nomem(err, strlen(c->dir) + FC_SHA256_HEX + strlen("//.jsonl"));
    free(path);
    free(dir);
    return s == FC_EMISSING || s == FC_EEMPTY ? FC_END : s;
}

fc_status fc_cache_put(const fc_cache *c, const char sha256[FC_SHA256_HEX], const void *data, size_t n,
                       fc_error *err)
{
    char *dir, *path;
    fc_status s;

    if (!place(&dir, &path, c, sha256))
        s = fc_fail_nomem(err, n);
    else if (!(s = fc_make_folder(dir, 0700, err)))
        s = write_file(path, data, n, err);
    free(path);
    free(dir);
    return s;
}
