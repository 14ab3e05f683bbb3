/* The socket that fc-serve listens on, and its token. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "serve.h"

enum { BACKLOG = 512, FIRST_HANDED_OVER = 3, TOKEN_LEAST = 16, TOKEN_MOST = 4096 };

static fc_status refuse_open(const char *where, fc_error *err)
{
    return fc_fail(err, FC_EUSAGE, "%s: others than this machine reach it: wants --token-file", where);
}

/* What systemd, or who else speaks its protocol, hands over; -1: nothing. */
static int handed_over(void)
{
    const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");

    return pid && fds && atol(pid) == (long)getpid() && atoi(fds) > 0 ? FIRST_HANDED_OVER : -1;
}

static fc_status take_over(const struct serve_args *a, int fd, char where[80], fc_error *err)
{
    struct sockaddr_storage at = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof at;
    int listens = 0;
    socklen_t n = sizeof listens;
    fc_address parsed;

    if (getsockname(fd, (struct sockaddr *)&at, &size) ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &n) || !listens)
        return fc_fail(err, FC_EUSAGE, "LISTEN_FDS: file descriptor %d is no socket that listens", fd);
    fc_address_text(where, &at);
    if (at.ss_family != AF_UNIX && !a->token_file &&
        (fc_address_parse(&parsed, where, err) || !parsed.loopback))
        return refuse_open(where, err);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return FC_OK;
}

static fc_status finish(int *fd, const char *name, const struct sockaddr *at, socklen_t size, fc_error *err)
{
    if (!bind(*fd, at, size) && !listen(*fd, BACKLOG))
        return FC_OK;
    fc_fail_errno(err, name);
    close(*fd);
    *fd = -1;
    return err->status;
}

static fc_status unix_address(fc_address *at, const char *path, fc_error *err)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&at->at;
    const size_t n = strlen(path);

    *at = (fc_address){.at.ss_family = AF_UNIX, .size = sizeof *un, .loopback = true};
    if (n == 0 || n >= sizeof un->sun_path)
        return fc_fail(err, FC_EUSAGE, "--unix: want a path of 1..%zu bytes", sizeof un->sun_path - 1);
    memcpy(un->sun_path, path, n + 1);
    return FC_OK;
}

fc_status serve_address(const struct serve_args *a, fc_address *at, const char **name, fc_error *err)
{
    fc_status s;

    if (a->listen && a->unix_path)
        return fc_fail(err, FC_EUSAGE, "--listen and --unix: want one of them");
    *name = a->unix_path ? a->unix_path : a->listen ? a->listen : "127.0.0.1:6000";
    if (a->unix_path)
        return unix_address(at, a->unix_path, err);
    s = fc_address_parse(at, *name, err);
    return s ? fc_fail(err, s, "--listen: want ADDRESS:PORT, such as 127.0.0.1:6000 or [::1]:6000, got '%s'",
                       *name)
             : FC_OK;
}

static fc_status listen_address(const fc_address *at, int *fd, const char *name, char where[80],
                                fc_error *err)
{
    struct sockaddr_storage bound = at->at;
    socklen_t size = at->size;
    const int on = 1;
    fc_status s;

    *fd = socket(at->at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return fc_fail_errno(err, name);
    setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    s = finish(fd, name, (const struct sockaddr *)&at->at, at->size, err);
    if (!s) {
        getsockname(*fd, (struct sockaddr *)&bound, &size);
        fc_address_text(where, &bound);
    }
    return s;
}

/* A socket that nobody listens on any more was left by a server that was killed. */
static fc_status remove_stale(const struct sockaddr_un *at, fc_error *err)
{
    struct stat st;
    int fd;
    bool stale;

    if (lstat(at->sun_path, &st))
        return FC_OK;
    if (!S_ISSOCK(st.st_mode))
        return fc_fail(err, FC_EEXISTS, "%s: is there, and no socket", at->sun_path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    stale = fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof *at) && errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    if (!stale)
        return fc_fail(err, FC_EEXISTS, "%s: another server listens there", at->sun_path);
    return unlink(at->sun_path) ? fc_fail_errno(err, at->sun_path) : FC_OK;
}

static fc_status listen_unix(const fc_address *at, int *fd, const char *name, char where[80], fc_error *err)
{
    fc_status s = remove_stale((const struct sockaddr_un *)&at->at, err);

    if (s)
        return s;
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return fc_fail_errno(err, name);
    const mode_t before = umask(0177); /* for its owner only */
    s = finish(fd, name, (const struct sockaddr *)&at->at, at->size, err);
    umask(before);
    snprintf(where, 80, "%.79s", name);
    return s;
}

fc_status serve_listen(const struct serve_args *a, int *fd, char where[80], fc_error *err)
{
    const int given = handed_over();
    const char *name;
    fc_address at;
    fc_status s;

    *fd = given;
    if (given >= 0 && (a->listen || a->unix_path))
        return fc_fail(err, FC_EUSAGE, "--listen and --unix: a socket is handed over (LISTEN_FDS)");
    if (given >= 0)
        return take_over(a, given, where, err);
    if ((s = serve_address(a, &at, &name, err)))
        return s;
    if (!at.loopback && !a->token_file)
        return refuse_open(name, err);
    return a->unix_path ? listen_unix(&at, fd, name, where, err) : listen_address(&at, fd, name, where, err);
}

void serve_unlisten(const struct serve_args *a)
{
    if (a->unix_path)
        unlink(a->unix_path);
}

fc_status serve_read_token(char **out, const char *path, fc_error *err)
{
    char text[TOKEN_MOST + 2];
    FILE *f;
    size_t n;
    const fc_status s = fc_secret_open(&f, path, false, "token", NULL, err);

    *out = NULL;
    if (s)
        return s;
    n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    while (n && (text[n - 1] == '\n' || text[n - 1] == '\r'))
        n--;
    text[n] = '\0';
    if (n < TOKEN_LEAST || n > TOKEN_MOST || strlen(text) != n || strcspn(text, " \t\r\n") != n)
        return fc_fail(err, FC_EDATA, "%s: want one line of %d..%d bytes without blanks", path, TOKEN_LEAST,
                       TOKEN_MOST);
    *out = strdup(text);
    return *out ? FC_OK : fc_fail_nomem(err, n + 1);
}
