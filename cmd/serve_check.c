/* fc-serve --check: asks the server that listens where this one would. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <netinet/in.h>

#include "base/clock.h"
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

/* The next call waits no longer than until then; false: it is over. */
static bool wait_until(int fd, double until)
{
    const double left = until - fc_now();
    const struct timeval wait = {.tv_sec = (time_t)left, .tv_usec = (suseconds_t)(fmod(left, 1) * 1e6) + 1};

    return left > 0 && !setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) &&
           !setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
}

static fc_status too_late(fc_error *err)
{
    return fc_fail(err, FC_EIO, "no answer within %d seconds", SECONDS);
}

/* The first line of the answer. */
static fc_status ask(int fd, double until, char *line, size_t size, fc_error *err)
{
    static const char question[] = "GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    size_t n = 0;

    if (send(fd, question, sizeof question - 1, MSG_NOSIGNAL) != (ssize_t)sizeof question - 1)
        return fc_fail(err, FC_EIO, "%s", strerror(errno));
    while (n + 1 < size && !memchr(line, '\n', n)) {
        if (!wait_until(fd, until))
            return too_late(err);
        const ssize_t got = recv(fd, line + n, size - 1 - n, 0);
        if (got < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK ? too_late(err)
                                                           : fc_fail(err, FC_EIO, "%s", strerror(errno));
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
    const double until = fc_now() + SECONDS;
    const char *name;
    char line[256];
    fc_address at;
    fc_error fault;
    fc_status s = serve_address(a, &at, &name, err);

    if (s)
        return s;
    to_loopback(&at);
    const int fd = socket(at.at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fc_fail_errno(err, name);
    wait_until(fd, until);
    if (connect(fd, (const struct sockaddr *)&at.at, at.size))
        s = fc_fail(err, FC_EIO, "%s: %s", name, strerror(errno));
    else if ((s = ask(fd, until, line, sizeof line, &fault)))
        fc_fail(err, s, "%s: %s", name, fault.message);
    else if (strncmp(line, good, sizeof good - 1) != 0)
        s = fc_fail(err, FC_EIO, "%s: answers '%.60s'", name, line);
    close(fd);
    return s;
}
