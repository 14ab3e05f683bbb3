#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"

struct journal {
    char *path;
    FILE *f; /* where its records are read */
    int fd;  /* of f */
};

/* ---- what was run ---- */

static fc_status settings_of(char **out, const program *self, fc_error *err)
{
    size_t n;
    FILE *f = open_memstream(out, &n);

    if (!f)
        return fc_fail_nomem(err, 0);
    for (const option_group *g = self->groups; g->title; g++)
        options_write(f, g->options, g->args, NULL, NULL);
    return fclose(f) ? fc_fail_nomem(err, 0) : FC_OK;
}

/* The first line. *out is freed with free. */
static fc_status describe(char **out, const program *self, json_t *basis, fc_error *err)
{
    char *settings = NULL;
    fc_status s = settings_of(&settings, self, err);

    *out = NULL;
    if (!s) {
        json_t *o = json_pack("{s:i, s:s, s:s, s:O}", "journal", 1, "tool", self->name, "settings", settings,
                              "basis", basis);
        *out = o ? json_dumps(o, JSON_COMPACT) : NULL;
        json_decref(o);
        if (!*out)
            s = fc_fail_nomem(err, 0);
    }
    free(settings);
    return s;
}

/* ---- the file ---- */

/* One that was killed may take a moment to be gone. */
static fc_status lock_file(const journal *j, fc_error *err)
{
    enum { PATIENCE_MS = 2000, STEP_MS = 20 };

    for (int ms = 0; flock(j->fd, LOCK_EX | LOCK_NB); ms += STEP_MS) {
        if (errno != EWOULDBLOCK)
            return fc_fail_errno(err, j->path);
        if (ms >= PATIENCE_MS)
            return fc_fail(err, FC_EIO, "%s: another process writes to it", j->path);
        nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL);
    }
    return FC_OK;
}

static fc_status open_file(journal *j, struct stat *st, fc_error *err)
{
    j->fd = open(j->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0666);
    if (j->fd < 0)
        return fc_fail_errno(err, j->path);
    const fc_status s = lock_file(j, err);
    if (s)
        return s;
    if (fstat(j->fd, st)) /* only now does its size stay as it is */
        return fc_fail_errno(err, j->path);
    if (!S_ISREG(st->st_mode))
        return fc_fail(err, FC_EIO, "%s: is not a file", j->path);
    j->f = fdopen(j->fd, "r");
    return j->f ? FC_OK : fc_fail_errno(err, j->path);
}

static bool is_whole(const char *line, ssize_t n)
{
    return n > 0 && line[n - 1] == '\n';
}

static fc_status not_ours(const journal *j, fc_error *err)
{
    return fc_fail(err, FC_EFORMAT, "%s: is there, and no journal; another name is wanted", j->path);
}

/* Where two first lines begin to differ: at the option or the member that is another one. */
static size_t differ_at(const char *a, const char *b)
{
    size_t same = 0, word = 0;

    while (a[same] && a[same] == b[same]) {
        same++;
        if (!strncmp(a + same, " --", 3) || !strncmp(a + same, ",\"", 2))
            word = same + 1;
    }
    return word;
}

/* The first line, against what is run now. */
static fc_status compare(journal *j, const char *line, const char *now, fc_error *err)
{
    json_t *o = json_loads(line, 0, NULL);
    const char *tool = json_string_value(json_object_get(o, "tool"));
    fc_status s = FC_OK;

    if (!json_is_integer(json_object_get(o, "journal")) || !tool)
        s = not_ours(j, err);
    else if (strcmp(line, now) != 0)
        s = fc_fail(err, FC_EUSAGE, "%s: is of another command or version: %.60s; this one is %.60s", j->path,
                    line + differ_at(line, now), now + differ_at(line, now));
    json_decref(o);
    return s;
}

/* A file that is there is somebody's: nothing of it is changed, nor a line of it read that may have no end, before it begins as a
 * journal does. */
static fc_status check_head(const journal *j, fc_error *err)
{
    static const char head[] = "{\"journal\":";
    char got[sizeof head - 1];
    const ssize_t n = pread(j->fd, got, sizeof got, 0);

    if (n < 0)
        return fc_fail_errno(err, j->path);
    return memcmp(got, head, (size_t)n) ? not_ours(j, err) : FC_OK;
}

static fc_status begin(journal *j, off_t size, const char *now, fc_error *err)
{
    char *line = NULL;
    size_t room = 0;
    fc_status s = check_head(j, err);

    if (s)
        return s;
    const ssize_t n = size ? getline(&line, &room, j->f) : 0;
    if (n < 0) {
        s = fc_fail_errno(err, j->path);
    } else if (is_whole(line, n)) {
        line[n - 1] = '\0';
        s = compare(j, line, now, err);
    } else if (n > 0 && strncmp(line, now, (size_t)n) != 0) {
        s = not_ours(j, err);
    } else if (ftruncate(j->fd, 0) || lseek(j->fd, 0, SEEK_SET) < 0) { /* its first line was never finished */
        s = fc_fail_errno(err, j->path);
    } else {
        s = journal_put(j, now, strlen(now), err);
        if (!s)
            s = journal_put(j, "\n", 1, err);
        if (!s && fseek(j->f, 0, SEEK_END))
            s = fc_fail_errno(err, j->path);
    }
    free(line);
    return s;
}

fc_status journal_open(journal **out, const char *path, const program *self, json_t *basis, fc_error *err)
{
    journal *j = calloc(1, sizeof *j);
    char *now = NULL;
    struct stat st;
    fc_status s;

    *out = NULL;
    if (!j)
        return fc_fail_nomem(err, sizeof *j);
    j->fd = -1;
    j->path = strdup(path);
    s = j->path ? open_file(j, &st, err) : fc_fail_nomem(err, strlen(path) + 1);
    if (!s)
        s = describe(&now, self, basis, err);
    if (!s)
        s = begin(j, st.st_size, now, err);
    free(now);
    if (s)
        journal_close(j);
    else
        *out = j;
    return s;
}

void journal_close(journal *j)
{
    if (!j)
        return;
    if (j->f)
        fclose(j->f);
    else if (j->fd >= 0)
        close(j->fd);
    free(j->path);
    free(j);
}

fc_status journal_put(journal *j, const char *line, size_t n, fc_error *err)
{
    while (n) {
        const ssize_t wrote = write(j->fd, line, n);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return fc_fail_errno(err, j->path);
        line += wrote;
        n -= (size_t)wrote;
    }
    return FC_OK;
}

/* ---- what it holds ---- */

/* *path NULL: it has none. A line that is none fails when its turn comes, as it did then. */
static fc_status path_of(char **path, const fc_input *in, fc_error *err)
{
    fc_record rec;
    fc_status s;

    *path = NULL;
    if (in->kind != FC_INPUT_LINE) {
        *path = strdup(in->path);
        return *path ? FC_OK : fc_fail_nomem(err, strlen(in->path) + 1);
    }
    s = fc_record_parse(&rec, (const char *)in->data.data, in->data.n, in->path, in->line, err);
    if (!s)
        s = fc_record_get_path(&rec, path, err);
    fc_record_clear(&rec);
    return s;
}

static fc_status pass_over(journal *j, fc_source *in, const fc_record *rec, fc_error *err)
{
    fc_input one;
    char *want = NULL, *got = NULL;
    fc_status s = fc_source_next(in, &one, err);

    if (s == FC_END)
        return fc_fail(err, FC_EDATA, "%s: holds more records than there are inputs now", j->path);
    if (s)
        return s;
    if (one.kind == FC_INPUT_BYTES)
        s = fc_fail(err, FC_EDATA, "%s: a picture from a pipe (%s) may be another one now", j->path,
                    one.path);
    if (!s)
        s = fc_record_get_path(rec, &want, err);
    if (!s)
        s = path_of(&got, &one, err);
    if (!s && want && got && strcmp(want, got))
        s = fc_fail(err, FC_EDATA, "%s: the inputs are others now: %s, where it has %s", j->path, got, want);
    free(want);
    free(got);
    fc_input_clear(&one);
    return s;
}

static fc_status replay_line(journal *j, fc_source *in, const char *line, size_t n, size_t number,
                             bool *failed, fc_error *err)
{
    fc_record rec;
    fc_status s = fc_record_parse(&rec, line, n, j->path, number, err);

    if (s)
        return s;
    *failed = fc_record_is_error(&rec);
    s = pass_over(j, in, &rec, err);
    fc_record_clear(&rec);
    if (!s && fwrite(line, 1, n, stdout) != n)
        s = fc_fail_errno(err, "stdout");
    return s;
}

fc_status journal_replay(journal *j, fc_source *in, bool fail_fast, size_t *done, size_t *failed,
                         fc_error *err)
{
    char *line = NULL;
    size_t room = 0;
    off_t end = ftello(j->f);
    ssize_t n = 0;
    bool bad = false;
    fc_status s = end < 0 ? fc_fail_errno(err, j->path) : FC_OK;

    *done = *failed = 0;
    while (!s && !(bad && fail_fast) && (n = getline(&line, &room, j->f)) > 0 && is_whole(line, n)) {
        s = replay_line(j, in, line, (size_t)n, *done + 2, &bad, err);
        end += n;
        *done += !s;
        *failed += !s && bad;
    }
    if (!s && n < 0 && !feof(j->f)) /* no memory for a line, too */
        s = fc_fail_errno(err, j->path);
    free(line);
    if (!s && !(bad && fail_fast) && ftruncate(j->fd, end)) /* a line that was not finished */
        s = fc_fail_errno(err, j->path);
    return s;
}
