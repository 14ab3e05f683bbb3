#include "ending.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/bytes.h"
#include "base/error.h"
#include "say.h"

static bool (*stop_softly)(void); /* atomic */

static void stopped(int signal);
static const struct sigaction stopped_once = {.sa_handler = stopped,
                                              .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};

void end_softly_by(bool (*stop)(void))
{
    __atomic_store_n(&stop_softly, stop, __ATOMIC_RELAXED);
}

static void stopped(int signal)
{
    bool (*stop)(void) = __atomic_exchange_n(&stop_softly, NULL, __ATOMIC_RELAXED);
    const int before = errno;

    if (stop && stop()) {
        sigaction(signal, &stopped_once, NULL);
        errno = before;
        return;
    }
    fc_atomic_abandon();
    raise(signal); /* the handler was for once: this ends the program as if there had been none */
}

/* What ends the program at once, and by itself. */
static void ended(int signal)
{
    fc_atomic_abandon();
    raise(signal); /* as above */
}

/* write() for a signal's handler, whose message may be lost. */
static void put_raw(const char *text)
{
    (void)!write(STDERR_FILENO, text, strlen(text));
}

/* A mapped file (an index, a classifier, SQLite's) was cut, or its disk failed. There is no going on from here; what
 * is no such thing is a fault in the program, and ends it as it would without this. */
static void lost_file(int signal, siginfo_t *info, void *context)
{
    const char *name = fc_map_name_at(info->si_addr);

    (void)context;
    if (!name && info->si_code != BUS_ADRERR) {
        struct sigaction by_default = {.sa_handler = SIG_DFL};
        sigaction(signal, &by_default, NULL);
        return; /* to where it happens again */
    }
    fc_atomic_abandon();
    put_raw(program_invocation_short_name);
    put_raw(": ");
    put_raw(name ? name : "a file in use");
    put_raw(": became shorter while it was read, or its disk failed\n");
    _exit(EXIT_BROKEN);
}

_Noreturn void end_without_memory(void)
{
    fc_atomic_abandon();
    put_raw(program_invocation_short_name);
    put_raw(": out of memory\n");
    _exit(EXIT_BROKEN);
}

static void *json_or_exit(size_t n)
{
    void *p = malloc(n);

    if (!p)
        end_without_memory();
    return p;
}

void end_without_memory_for_json(void)
{
    json_set_alloc_funcs(json_or_exit, free);
}

static void instead_of_default(int signal, const struct sigaction *action)
{
    struct sigaction before;

    if (!sigaction(signal, NULL, &before) && before.sa_handler == SIG_DFL)
        sigaction(signal, action, NULL);
}

void clean_up_when_stopped(void)
{
    const struct sigaction lost = {.sa_sigaction = lost_file, .sa_flags = SA_SIGINFO};
    const struct sigaction ended_once = {.sa_handler = ended, .sa_flags = stopped_once.sa_flags};
    const struct sigaction ignored = {.sa_handler =
                                          SIG_IGN}; /* the write fails, and is told as that of a full disk */

    instead_of_default(SIGINT, &stopped_once);
    instead_of_default(SIGTERM, &stopped_once);
    instead_of_default(SIGHUP, &stopped_once);
    instead_of_default(SIGPIPE, &ended_once);
    instead_of_default(SIGXCPU, &ended_once);
    instead_of_default(SIGXFSZ, &ignored);
    sigaction(SIGBUS, &lost, NULL);
}

void guard_standard_files(void)
{
    int fd = open("/", O_PATH); /* takes the lowest number that is free; use of it fails */

    while (fd >= 0 && fd <= STDERR_FILENO)
        fd = open("/", O_PATH);
    if (fd >= 0)
        close(fd);
}

/* errno of a write that failed earlier. It was not kept, and what was to be written is lost, so that the reason, if it is still
 * there, is learnt from one byte more. */
static void ask_again(void)
{
    if (write(STDOUT_FILENO, "\n", 1) == 1)
        errno = EIO;
}

fc_status flush_stdout(fc_error *err)
{
    const bool before = ferror(stdout);

    if (before)
        ask_again();
    if (before || fflush(stdout))
        return fc_fail_errno(err, "stdout");
    return FC_OK;
}

int close_stdout(int code)
{
    fc_error err;
    bool broken = flush_stdout(&err) != FC_OK;

    if (!broken && fclose(stdout)) { /* network disks tell only now */
        fc_fail_errno(&err, "stdout");
        broken = true;
    }
    if (!broken)
        return code;
    return code == EXIT_BROKEN ? code : say_error(&err); /* one message is enough */
}
