#include "base/bytes.h"

#include <errno.h>
#include <fcntl.h>
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
