#include "cluster.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"

static fc_status nameless(FILE **out, const char *mode, fc_error *err)
{
    const char *set = getenv("TMPDIR"), *dir = set && *set ? set : "/tmp";
    char *path = NULL;
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd < 0) { /* a file system without such files */
        path = fc_text_format("%s/facecheck.XXXXXX", dir);
        if (!path)
            return fc_fail_nomem(err, 0);
        fd = mkstemp(path);
        if (fd >= 0)
            unlink(path);
    }
    free(path);
    *out = fd < 0 ? NULL : fdopen(fd, mode);
    if (*out)
        return FC_OK;
    const fc_status s = fc_fail_errno(err, dir);
    if (fd >= 0)
        close(fd);
    return s;
}

fc_status spool_open(spool *s, size_t dim, fc_error *err)
{
    *s = (spool){.dim = dim};
    const fc_status st = nameless(&s->lines, "w+", err);
    return st ? st : nameless(&s->vectors, "w+", err);
}

fc_status spool_put(spool *s, fc_item *it, fc_error *err)
{
    const size_t n = it->failed ? 0 : fc_record_face_count(&it->rec);

    for (size_t i = 0; i < n; i++) {
        const char *contract;
        float *e;
        size_t dim;
        fc_status st = fc_item_embedding(it, i, &contract, &e, &dim, err);
        if (st)
            return st;
        if (fwrite(e, sizeof *e, dim, s->vectors) != dim)
            st = fc_fail_errno(err, "temporary file (TMPDIR)");
        free(e);
        if (st)
            return st;
        s->faces++;
    }
    s->records++;
    return fc_record_write(&it->rec, s->lines, err);
}

fc_status spool_map(spool *s, fc_error *err)
{
    if (fflush(s->vectors) || fflush(s->lines))
        return fc_fail_errno(err, "temporary file (TMPDIR)");
    if (!s->faces)
        return FC_OK;
    s->mapped = s->faces * s->dim * sizeof *s->v;
    void *p = mmap(NULL, s->mapped, PROT_READ, MAP_SHARED, fileno(s->vectors), 0);
    if (p == MAP_FAILED)
        return fc_fail_nomem(err, s->mapped);
    s->v = p;
    return FC_OK;
}

fc_status spool_each(spool *s, fc_status (*take)(void *ctx, fc_record *rec, size_t first, fc_error *err),
                     void *ctx, fc_error *err)
{
    char *line = NULL;
    size_t room = 0, number = 0, first = 0;
    ssize_t n;
    fc_status st = FC_OK;

    rewind(s->lines);
    while (!st && (n = getline(&line, &room, s->lines)) > 0) {
        fc_record rec;
        st = fc_record_parse(&rec, line, (size_t)n, "temporary file", ++number, err);
        if (st)
            break;
        const size_t faces = fc_record_is_error(&rec) ? 0 : fc_record_face_count(&rec);
        st = take(ctx, &rec, first, err);
        first += faces;
        fc_record_clear(&rec);
    }
    if (!st && (ferror(s->lines) || number != s->records))
        st = fc_fail(err, FC_EIO, "temporary file (TMPDIR): cannot be read again");
    free(line);
    return st;
}

void spool_close(spool *s)
{
    if (s->v)
        munmap((void *)s->v, s->mapped);
    if (s->vectors)
        fclose(s->vectors);
    if (s->lines)
        fclose(s->lines);
    *s = (spool){0};
}
