/* A module facecheck-formats.so for sandbox.bats: where a TIFF has FAULT:WORD in it, its decoder goes wrong in that way, as a
 * decoder might that a picture has taken over. Other TIFFs are white pictures of four pixels. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/formats.h"
#include "image/sandbox_wire.h"

/* ---- what it may try: each is true where it succeeded ---- */

static bool opens(void)
{
    return open("/etc/passwd", O_RDONLY) >= 0;
}

static bool writes(void)
{
    return open("reached", O_WRONLY | O_CREAT, 0600) >= 0;
}

static bool stats(void)
{
    struct stat st;
    return !stat("/", &st);
}

static bool connects(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0 || socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static bool doubles(void)
{
    return dup(0) >= 0 || memfd_create("more", 0) >= 0;
}

static bool forks(void)
{
    const pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return pid > 0 && waitpid(pid, NULL, 0) == pid;
}

static bool executes(void)
{
    char *const argv[] = {NULL};
    execv("/no/such/program", argv);
    return errno != EPERM;
}

static bool signals(void)
{
    return !kill(getppid(), 0) || errno != EPERM;
}

static bool traces(void)
{
    return !ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static bool makes_code(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *p = mmap(NULL, page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *q = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return p != MAP_FAILED || (q != MAP_FAILED && !mprotect(q, page, PROT_READ | PROT_EXEC));
}

static bool maps_files(void)
{
    return mmap(NULL, 4096, PROT_READ, MAP_SHARED, FC_SANDBOX_MEMORY, 0) != MAP_FAILED;
}

static bool truncates(void)
{
    return !ftruncate(FC_SANDBOX_MEMORY, 0);
}

static bool raises_limits(void)
{
    return !setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}

static bool passes_descriptors(void)
{
    char text[] = "x";
    struct iovec part = {text, 1};
    const struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};

    return sendmsg(FC_SANDBOX_SOCKET, &m, MSG_NOSIGNAL) >= 0 || errno != EPERM;
}

static const struct {
    const char *name;
    bool (*tries)(void);
} attempts[] = {
    {"open", opens},           {"write", writes},
    {"stat", stats},           {"connect", connects},
    {"dup", doubles},          {"fork", forks},
    {"exec", executes},        {"signal", signals},
    {"trace", traces},         {"code", makes_code},
    {"map", maps_files},       {"truncate", truncates},
    {"limits", raises_limits}, {"pass", passes_descriptors},
};

static fc_status reach(char *why, size_t size)
{
    size_t at = (size_t)snprintf(why, size, "reached:");

    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++)
        if (attempts[i].tries())
            at += (size_t)snprintf(why + at, size - at, " %s", attempts[i].name);
    return FC_ECORRUPT;
}

/* ---- how it may go wrong ---- */

static void crash(void)
{
    raise(SIGSEGV);
}

static void hang(void)
{
    for (volatile bool on = true; on;)
        ;
}

static void sleep_long(void)
{
    for (;;)
        sleep(1000);
}

static void end(void)
{
    _exit(0);
}

static void take_memory(void)
{
    enum { BLOCK = 64 << 20 };

    for (void *p; (p = malloc(BLOCK));)
        memset(p, 1, BLOCK);
}

static void fill_memory(void) /* the shared one */
{
    static const char block[1 << 16];

    for (off_t at = 0; pwrite(FC_SANDBOX_MEMORY, block, sizeof block, at) > 0; at += (off_t)sizeof block)
        ;
}

static void say(const fc_sandbox_answer *a, size_t n)
{
    if (write(FC_SANDBOX_SOCKET, a, n) != (ssize_t)n)
        _exit(1);
    sleep_long();
}

static void lie_size(void)
{
    say(&(fc_sandbox_answer){.w = 20000, .h = 20000, .full_w = 20000, .full_h = 20000},
        sizeof(fc_sandbox_answer));
}

static void lie_short(void)
{
    say(&(fc_sandbox_answer){0}, 3);
}

static void lie_status(void) /* one that would end the run */
{
    say(&(fc_sandbox_answer){.status = FC_EUSAGE, .message = "?: wrong"}, sizeof(fc_sandbox_answer));
}

static void lie_text(void)
{
    fc_sandbox_answer a = {.status = FC_ECORRUPT};

    memset(a.message, 'x', sizeof a.message);
    say(&a, sizeof a);
}

static void lie_budget(void)
{
    say(&(fc_sandbox_answer){.status = FC_END, .wanted = UINT64_MAX}, sizeof(fc_sandbox_answer));
}

static void lie_pixels(void) /* there are none */
{
    say(&(fc_sandbox_answer){.w = 600, .h = 600, .full_w = 600, .full_h = 600}, sizeof(fc_sandbox_answer));
}

static const struct {
    const char *word;
    void (*does)(void);
} faults[] = {
    {"crash", crash},           {"abort", abort},       {"hang", hang},
    {"sleep", sleep_long},      {"end", end},           {"memory", take_memory},
    {"fill", fill_memory},      {"lie-size", lie_size}, {"lie-short", lie_short},
    {"lie-status", lie_status}, {"lie-text", lie_text}, {"lie-budget", lie_budget},
    {"lie-pixels", lie_pixels},
};

static bool says(const uint8_t *bytes, size_t n, const char *word)
{
    char text[64];
    const int len = snprintf(text, sizeof text, "FAULT:%s;", word);

    return memmem(bytes, n, text, (size_t)len) != NULL;
}

static fc_status decode(const uint8_t *bytes, size_t n, const fc_picture_sink *sink, char *why,
                        size_t why_size)
{
    static const fc_picture_facts facts = {.w = 2,
                                           .h = 2,
                                           .tile_w = 2,
                                           .tile_h = 1,
                                           .layout = {.channels = FC_RGB, .depth = 8},
                                           .orientation = 1};
    static const uint8_t white[] = {255, 255, 255, 255, 255, 255};

    if (says(bytes, n, "reach"))
        return reach(why, why_size);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (says(bytes, n, faults[i].word))
            faults[i].does();
    const fc_status s = sink->begin(sink->ctx, &facts);
    for (int y = 0; !s && y < 2; y++)
        sink->row(sink->ctx, white);
    return s;
}

__attribute__((visibility("default"))) extern const fc_formats_api fc_formats;

const fc_formats_api fc_formats = {.version = FC_VERSION, .tiff = decode, .webp = decode};
