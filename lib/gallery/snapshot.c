/*
 * What a gallery says at one moment, read without locks and without a file of one's own beside it: for who may not write
 * there, while its owner may be writing. The file is read, then its log; the log's whole transactions are put over the
 * pages of the file ("Database File Format", 4: the write-ahead log).
 *
 * Why this is one moment's contents: pages go into the file only from the log. A page that changed while we read is in
 * the log that we read after it, with its latest version, unless the log began anew in between; then its first bytes
 * differ. Without a log nothing but its coming changes the file, and a change of the file shows in its time.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "gallery/impl.h"

enum {
    LOG_HEADER = 32,
    FRAME_HEADER = 24,
    LEAST_PAGE = 512,
    MOST_PAGE = 65536,
    VERSIONS_AT = 18, /* 1.3.2: 2, 2 of files with a log; 1, 1 of those without one, as in memory */
    PAGE_SIZE_AT = 16,
    PAUSE_MS = 20 /* above the steps in which files' times advance */
};

struct contents {
    uint8_t *data; /* sqlite3_malloc's */
    size_t n;
};

static uint32_t big(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t little(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

/* ---- the log ---- */

/* 4.2: the sums go on from s over n bytes, a multiple of eight. */
static void add_sum(uint32_t s[2], const uint8_t *p, size_t n, bool big_endian)
{
    for (size_t i = 0; i < n; i += 8) {
        s[0] += (big_endian ? big(p + i) : little(p + i)) + s[1];
        s[1] += (big_endian ? big(p + i + 4) : little(p + i + 4)) + s[0];
    }
}

struct log {
    const uint8_t *data;
    size_t n, at;
    size_t page;
    bool big_endian;
    uint32_t sum[2];
};

/* False where SQLite would not read it either. */
static bool open_log(struct log *l, const struct contents *bytes, size_t page)
{
    const uint8_t *p = bytes->data;
    const uint32_t magic = bytes->n >= LOG_HEADER ? big(p) : 0;

    *l = (struct log){.data = p, .n = bytes->n, .at = LOG_HEADER, .page = page, .big_endian = magic & 1};
    if ((magic & ~1u) != 0x377f0682 || big(p + 4) != 3007000 || big(p + 8) != page)
        return false;
    add_sum(l->sum, p, 24, l->big_endian);
    return l->sum[0] == big(p + 24) && l->sum[1] == big(p + 28);
}

/* The next frame; NULL where the log ends. */
static const uint8_t *next_frame(struct log *l)
{
    const uint8_t *f = l->data + l->at;

    if (l->n - l->at < FRAME_HEADER + l->page || memcmp(f + 8, l->data + 16, 8) || big(f) == 0)
        return NULL;
    add_sum(l->sum, f, 8, l->big_endian);
    add_sum(l->sum, f + FRAME_HEADER, l->page, l->big_endian);
    if (l->sum[0] != big(f + 16) || l->sum[1] != big(f + 20))
        return NULL;
    l->at += FRAME_HEADER + l->page;
    return f;
}

/* Where the last whole transaction ends, and how many pages there are then. */
static size_t find_end(struct log l, uint32_t *pages)
{
    size_t end = LOG_HEADER;
    const uint8_t *f;

    while ((f = next_frame(&l))) {
        if (big(f + 4) == 0)
            continue;
        *pages = big(f + 4);
        end = l.at;
    }
    return end;
}

static fc_status apply_log(struct contents *file, const struct contents *bytes, size_t page, const char *name,
                           fc_error *err)
{
    struct log l;
    uint32_t pages = 0;

    if (!open_log(&l, bytes, page))
        return FC_OK;
    const size_t end = find_end(l, &pages);
    if (end == LOG_HEADER)
        return FC_OK;
    /* Each page is in the file or in the log. */
    if (pages > file->n / page + bytes->n / page)
        return fc_fail(err, FC_ECORRUPT, "%s: damaged: its log states %u pages", name, pages);
    const size_t size = (size_t)pages * page, room = size > file->n ? size : file->n;
    uint8_t *data = sqlite3_realloc64(file->data, room);
    if (!data)
        return fc_fail_nomem(err, room);
    memset(data + file->n, 0, room - file->n);
    file->data = data;
    file->n = size;
    while (l.at < end) {
        const uint8_t *f = next_frame(&l);
        if (big(f) <= pages)
            memcpy(data + (size_t)(big(f) - 1) * page, f + FRAME_HEADER, page);
    }
    return FC_OK;
}

/* ---- reading ---- */

static fc_status read_whole(struct contents *out, int fd, const char *name, fc_error *err)
{
    struct stat st;

    if (fstat(fd, &st))
        return fc_fail_errno(err, name);
    out->data = sqlite3_malloc64((uint64_t)st.st_size + 1);
    if (!out->data)
        return fc_fail_nomem(err, (size_t)st.st_size);
    while (out->n < (size_t)st.st_size) {
        const ssize_t got = pread(fd, out->data + out->n, (size_t)st.st_size - out->n, (off_t)out->n);
        if (got < 0)
            return fc_fail_errno(err, name);
        if (got == 0)
            break;
        out->n += (size_t)got;
    }
    return FC_OK;
}

/* How the log is called now; *n: bytes of its header that are there, 0 where there is no log. */
static fc_status log_header(const char *log, uint8_t header[LOG_HEADER], size_t *n, int *fd, fc_error *err)
{
    *n = 0;
    *fd = open(log, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0) {
        fc_error why;
        return fc_fail_errno(&why, log) == FC_EMISSING ? FC_OK : fc_fail(err, why.status, "%s", why.message);
    }
    const ssize_t got = pread(*fd, header, LOG_HEADER, 0);
    if (got < 0)
        return fc_fail_errno(err, log);
    *n = (size_t)got;
    return FC_OK;
}

static bool same_time(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Whether a change from now on will give the file another time. */
static bool is_old(const struct stat *st)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    const int64_t age =
        (int64_t)(now.tv_sec - st->st_mtim.tv_sec) * 1000000000 + now.tv_nsec - st->st_mtim.tv_nsec;
    return age < 0 || age > (int64_t)PAUSE_MS * 1000000; /* of the future: no clock will come to it soon */
}

/* Once; *whole is false where it changed meanwhile. */
static fc_status read_once(struct contents *file, struct contents *log, bool *whole, const char *path,
                           const char *log_path, const char *name, fc_error *err)
{
    uint8_t before[LOG_HEADER], after[LOG_HEADER];
    size_t nbefore, nafter;
    int log_fd = -1, again = -1;
    struct stat first, last;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    fc_status s = fd < 0 ? fc_fail_errno(err, name) : FC_OK;

    *whole = false;
    if (!s)
        s = log_header(log_path, before, &nbefore, &log_fd, err);
    if (!s && fstat(fd, &first))
        s = fc_fail_errno(err, name);
    if (!s && (nbefore || is_old(&first))) {
        s = read_whole(file, fd, name, err);
        if (!s && nbefore)
            s = read_whole(log, log_fd, log_path, err);
        if (!s)
            s = log_header(log_path, after, &nafter, &again, err);
        if (!s && stat(path, &last))
            s = fc_fail_errno(err, name);
        *whole = !s && nbefore == nafter && last.st_ino == first.st_ino &&
                 (nbefore ? !memcmp(before, after, nbefore) : same_time(&first, &last));
    }
    for (int i = 0; i < 3; i++)
        if ((const int[]){fd, log_fd, again}[i] >= 0)
            close((const int[]){fd, log_fd, again}[i]);
    return s;
}

/* The file with its log, as a database in memory. */
static fc_status join(struct contents *file, const struct contents *log, const char *name, fc_error *err)
{
    fc_status s = FC_OK;

    if (file->n < LEAST_PAGE || memcmp(file->data, "SQLite format 3", 16))
        return fc_fail(err, FC_EFORMAT, "%s: not a gallery", name);
    size_t page = (size_t)file->data[PAGE_SIZE_AT] << 8 | file->data[PAGE_SIZE_AT + 1];
    page = page == 1 ? MOST_PAGE : page;
    if (page < LEAST_PAGE || (page & (page - 1)))
        return fc_fail(err, FC_ECORRUPT, "%s: damaged: pages of %zu bytes", name, page);
    if (log->n)
        s = apply_log(file, log, page, name, err);
    if (!s && file->n % page)
        s = fc_fail(err, FC_ETRUNCATED, "%s: ends too early", name);
    if (!s && file->data[VERSIONS_AT] == 2 && file->data[VERSIONS_AT + 1] == 2)
        memset(file->data + VERSIONS_AT, 1, 2);
    return s;
}

fc_status fc_gallery_snapshot(uint8_t **out, size_t *n, const char *path, const char *name, int wait_ms,
                              fc_error *err)
{
    struct contents file = {0}, log = {0};
    char *log_path = NULL;
    bool whole = false;
    fc_status s = FC_OK;

    if (asprintf(&log_path, "%s-wal", path) < 0)
        return fc_fail_nomem(err, strlen(path) + 1);

    for (int waited = 0; !s && !whole; waited += PAUSE_MS) {
        if (waited > wait_ms)
            s = fc_fail(err, FC_EIO, "%s: another process has kept changing it for %g s", name,
                        wait_ms / 1000.0);
        if (!s && waited)
            pause_ms(PAUSE_MS);
        sqlite3_free(file.data);
        sqlite3_free(log.data);
        file = log = (struct contents){0};
        if (!s)
            s = read_once(&file, &log, &whole, path, log_path, name, err);
    }
    if (!s)
        s = join(&file, &log, name, err);
    free(log_path);
    sqlite3_free(log.data);
    if (s) {
        sqlite3_free(file.data);
        return s;
    }
    *out = file.data;
    *n = file.n;
    return FC_OK;
}
