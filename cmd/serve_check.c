/* fc-serve --check: asks the server that listens where this one would. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <netinet/in.h>

#include "base/error.h"
#include "serve.h"

enum { SECONDS = 5 };

/* Where a client finds a server that listens on all addresses. */
static void to_loopback(fc_address *at)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&at->at;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&at->at;

    if (at->at.ss_family == AF_INET && v4->sin_addr.s_addr == htonl(INADDR_ANY))
        v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (at->at.ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr))
        v6->sin6_addr = in6addr_loopback;
}

static fc_status address_of(const struct serve_args *a, fc_address *at, const char **name, fc_error *err)
{
    struct sockaddr_un *local = (struct sockaddr_un *)&at->at;

    *name = a->unix_path ? a->unix_path : serve_listen_text(a);
    if (a->unix_path) {
        *at = (fc_address){.at.ss_family = AF_UNIX, .size = sizeof *local};
        if (!*a->unix_path || strlen(a->unix_path) >= sizeof local->sun_path)
            return fc_fail(err, FC_EUSAGE, "--unix: want a path of 1..%zu bytes", sizeof local->sun_path - 1);
        memcpy(local->sun_path, a->unix_path, strlen(a->unix_path) + 1);
        return FC_OK;
    }
    const fc_status s = serve_address(a, at, err);
    to_loopback(at);
    return s;
}

/* The first line of the answer. */
static fc_status ask(int fd, char *line, size_t size, fc_error *err)
{
    static const char question[] = "GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    size_t n = 0;

    if (send(fd, question, sizeof question - 1, MSG_NOSIGNAL) != (ssize_t)sizeof question - 1)
        return fc_fail(err, FC_EIO, "%s", strerror(errno));
    while (n + 1 < size && !memchr(line, '\n', n)) {
        const ssize_t got = recv(fd, line + n, size - 1 - n, 0);
        if (got < 0)
            return fc_fail(err, FC_EIO, "%s",
                           errno == EAGAIN || errno == EWOULDBLOCK ? "no answer within 5 seconds"
                                                                   : strerror(errno));
        if (got == 0)
            return fc_fail(err, FC_EIO, "hung up without an answer");
        n += (size_t)got;
    }
    line[n] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    return FC_OK;
}

fc_status serve_check(const struct serve_args *a, fc_error *err)
{
    static const char good[] = "HTTP/1.1 200 ";
    const struct timeval wait = {.tv_sec = SECONDS};
    const char *name = "";
    char line[256];
    fc_address at;
    fc_error fault;
    fc_status s = a->listen && a->unix_path ? fc_fail(err, FC_EUSAGE, "--listen and --unix: want one of them")
                                            : address_of(a, &at, &name, err);

    if (s)
        return s;
    const int fd = socket(at.at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fc_fail_errno(err, name);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    if (connect(fd, (const struct sockaddr *)&at.at, at.size))
        s = fc_fail(err, FC_EIO, "%s: %s", name, strerror(errno));
    else if ((s = ask(fd, line, sizeof line, &fault)))
        fc_fail(err, s, "%s: %s", name, fault.message);
    else if (strncmp(line, good, sizeof good - 1) != 0)
        s = fc_fail(err, FC_EIO, "%s: answers '%.60s'", name, line);
    close(fd);
    return s;
}
