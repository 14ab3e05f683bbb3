#include "image/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/module.h"
#include "image/image.h"
#include "image/sandbox_wire.h"
#include "image/sniff.h"

#define MAX_START 60.0   /* seconds that a worker may take to be ready */
enum { KEPT = 8 << 20 }; /* bytes of shared memory that are not given back after each picture */

typedef struct worker {
    bool busy;
    pid_t pid;        /* 0: none runs */
    int socket;       /* ours */
    int memory;       /* what both read and write */
    uint64_t formats; /* of those that want a module: that it is ready for */
} worker;

struct fc_sandbox {
    pthread_mutex_t lock;
    pthread_cond_t freed;
    worker *worker; /* [n], owned */
    int n;
    uint64_t formats; /* that want a module, and came up: new workers are ready for all of them */
    uint64_t memory;
    char program[PATH_MAX];
};

/* ---- a worker's life ---- */

/* How it ended, which nobody asked for. */
static fc_status tell_end(const char *name, int how, fc_error *err)
{
    if (!WIFSIGNALED(how))
        return fc_fail(err, FC_ECRASHED, "%s: the process that decodes it ended", name);
    const char *signal = sigabbrev_np(WTERMSIG(how));
    return fc_fail(err, FC_ECRASHED, "%s: the process that decodes it crashed (SIG%s)", name,
                   signal ? signal : "?");
}

/* Ends it; returns its status as waitpid gives it, 0 where somebody else took that. */
static int end_worker(worker *w)
{
    int how = 0;

    if (w->socket >= 0)
        close(w->socket);
    if (w->memory >= 0)
        close(w->memory);
    if (w->pid > 0) {
        kill(w->pid, SIGKILL); /* of one that has ended already, nothing */
        while (waitpid(w->pid, &how, 0) < 0 && errno == EINTR)
            ;
    }
    w->pid = 0;
    w->socket = w->memory = -1;
    return how;
}

/* A descriptor out of the way of those that the worker gets. */
static int moved_up(int fd)
{
    const int up = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 10);

    if (fd >= 0)
        close(fd);
    return up;
}

/* Nothing of this process goes along but the two descriptors: no environment, no files, no signals that are caught or blocked;
 * those that a terminal sends to all of a job are ours to heed. */
static int spawn(worker *w, const char *program, int null, int theirs)
{
    char *argv[] = {(char *)FC_SANDBOX_PROGRAM, NULL}, *nothing[] = {NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t set;
    int e;

    if (posix_spawn_file_actions_init(&files))
        return ENOMEM;
    if (posix_spawnattr_init(&how)) {
        posix_spawn_file_actions_destroy(&files);
        return ENOMEM;
    }
    e = posix_spawn_file_actions_adddup2(&files, null, 0);
    e = e ? e : posix_spawn_file_actions_adddup2(&files, null, 1);
    e = e ? e : posix_spawn_file_actions_adddup2(&files, null, 2);
    e = e ? e : posix_spawn_file_actions_adddup2(&files, theirs, FC_SANDBOX_SOCKET);
    e = e ? e : posix_spawn_file_actions_adddup2(&files, w->memory, FC_SANDBOX_MEMORY);
    e = e ? e : posix_spawn_file_actions_addclosefrom_np(&files, FC_SANDBOX_MEMORY + 1);
    sigfillset(&set);
    sigdelset(&set, SIGKILL);
    sigdelset(&set, SIGSTOP);
    e = e ? e : posix_spawnattr_setsigdefault(&how, &set);
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGQUIT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    e = e ? e : posix_spawnattr_setsigmask(&how, &set);
    e = e ? e : posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    e = e ? e : posix_spawn(&w->pid, program, &files, &how, argv, nothing);
    if (e)
        w->pid = 0;
    posix_spawnattr_destroy(&how);
    posix_spawn_file_actions_destroy(&files);
    return e;
}

static fc_status start_process(worker *w, const char *program, int theirs, fc_error *err)
{
    const int null = moved_up(open("/dev/null", O_RDWR | O_CLOEXEC));

    if (null < 0)
        return fc_fail(err, FC_EIO, FC_SANDBOX_PROGRAM ": /dev/null: %s", strerror(errno));
    const int e = spawn(w, program, null, theirs);
    close(null);
    return !e            ? FC_OK
           : e == EAGAIN ? fc_fail(err, FC_EIO, "%s: no more processes are allowed (ulimit -u)", program)
                         : fc_fail(err, FC_EIO, "%s: %s", program, strerror(e));
}

/* Whether there is something to be received until then. */
static bool await(const worker *w, double until)
{
    struct pollfd p = {.fd = w->socket, .events = POLLIN};

    for (;;) {
        const double left = (until - fc_now()) * 1000;
        const int ms = left <= 0 ? 0 : left < INT_MAX - 1 ? (int)left + 1 : INT_MAX - 1;
        const int n = poll(&p, 1, ms);
        if (n > 0 || (n == 0 && left <= 0))
            return n > 0;
        if (n < 0 && errno != EINTR)
            return false;
    }
}

/* Bytes of the packet that came, of which most are in to; 0: it has ended. */
static size_t receive(const worker *w, void *to, size_t most)
{
    ssize_t n;

    do
        n = recv(w->socket, to, most, MSG_TRUNC);
    while (n < 0 && errno == EINTR);
    return n < 0 ? 0 : (size_t)n;
}

static bool send_all(const worker *w, const void *packet, size_t n)
{
    ssize_t sent;

    do
        sent = send(w->socket, packet, n, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)n;
}

static fc_status greet(worker *w, const fc_sandbox *s, uint64_t formats, fc_error *err)
{
    const fc_sandbox_start start = {.formats = formats, .memory = s->memory, .version = FC_VERSION};
    fc_sandbox_answer a;

    if (!send_all(w, &start, sizeof start) || !await(w, fc_now() + MAX_START) ||
        receive(w, &a, sizeof a) != sizeof a)
        return fc_fail(err, FC_EUNSUPPORTED, "%s does not start", s->program);
    a.message[sizeof a.message - 1] = '\0';
    if (a.status) /* no picture was there yet: it may be believed */
        return fc_fail(err, FC_EUNSUPPORTED, "pictures cannot be decoded in a sandbox here: %s", a.message);
    w->formats = formats;
    return FC_OK;
}

static fc_status start_worker(worker *w, const fc_sandbox *s, uint64_t formats, fc_error *err)
{
    int pair[2] = {-1, -1};
    fc_status st;

    w->memory = moved_up(memfd_create("facecheck pictures", MFD_CLOEXEC));
    if (w->memory < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
        st = fc_fail_errno(err, FC_SANDBOX_PROGRAM);
        end_worker(w);
        return st;
    }
    w->socket = pair[0];
    pair[1] = moved_up(pair[1]);
    st = pair[1] < 0 ? fc_fail_errno(err, FC_SANDBOX_PROGRAM) : start_process(w, s->program, pair[1], err);
    if (pair[1] >= 0)
        close(pair[1]);
    if (!st)
        st = greet(w, s, formats, err);
    if (st)
        end_worker(w);
    return st;
}

/* ---- the pool ---- */

static worker *take_worker(fc_sandbox *s, uint64_t format)
{
    worker *w = NULL;

    pthread_mutex_lock(&s->lock);
    while (!w) {
        for (int i = 0; i < s->n && (!w || !w->pid); i++) /* one that runs, if there is one */
            if (!s->worker[i].busy && (!w || s->worker[i].pid))
                w = &s->worker[i];
        if (!w)
            pthread_cond_wait(&s->freed, &s->lock);
    }
    w->busy = true;
    s->formats |= format;
    pthread_mutex_unlock(&s->lock);
    return w;
}

static void give_worker(fc_sandbox *s, worker *w)
{
    pthread_mutex_lock(&s->lock);
    w->busy = false;
    pthread_cond_signal(&s->freed);
    pthread_mutex_unlock(&s->lock);
}

/* One that runs, and has what the format needs. Who has ended in peace, or says something without being asked, is replaced. */
static fc_status need_worker(worker *w, fc_sandbox *s, uint64_t format, fc_error *err)
{
    uint64_t formats;

    if (w->pid && ((w->formats & format) != format || await(w, 0)))
        end_worker(w);
    if (w->pid)
        return FC_OK;
    pthread_mutex_lock(&s->lock);
    formats = s->formats;
    pthread_mutex_unlock(&s->lock);
    return start_worker(w, s, formats, err);
}

void fc_sandbox_free(fc_sandbox *s)
{
    if (!s)
        return;
    for (int i = 0; i < s->n; i++)
        end_worker(&s->worker[i]);
    pthread_cond_destroy(&s->freed);
    pthread_mutex_destroy(&s->lock);
    free(s->worker);
    free(s);
}

fc_status fc_sandbox_new(fc_sandbox **out, int workers, uint64_t memory, fc_error *err)
{
    fc_sandbox *s;
    worker *w;
    fc_status st = FC_OK;

    *out = NULL;
    if (workers < 1)
        return fc_fail(err, FC_EUSAGE, "a sandbox wants a process at least, not %d", workers);
    s = calloc(1, sizeof *s);
    w = calloc((size_t)workers, sizeof *w);
    if (!s || !w) {
        free(s);
        free(w);
        return fc_fail_nomem(err, (size_t)workers * sizeof *w);
    }
    *s = (fc_sandbox){.worker = w, .n = workers, .memory = memory ? memory : fc_memory_there() / 2};
    for (int i = 0; i < workers; i++)
        w[i].socket = w[i].memory = -1;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->freed, NULL);
    if (!fc_module_file(s->program, FC_SANDBOX_PROGRAM))
        st = fc_fail(err, FC_EUNSUPPORTED, "the program " FC_SANDBOX_PROGRAM " is not installed");
    if (!st) /* whether it can be done here is found out before a picture wants it */
        st = start_worker(&w[0], s, 0, err);
    if (st)
        fc_sandbox_free(s);
    else
        *out = s;
    return st;
}

/* ---- a picture ---- */

static bool write_file(const worker *w, const uint8_t *bytes, size_t n)
{
    for (size_t at = 0; at < n;) {
        const ssize_t put = pwrite(w->memory, bytes + at, n - at, (off_t)at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        at += (size_t)put;
    }
    return true;
}

/* Where nobody is left to end it after its time. */
static void bound_cpu_time(const worker *w, double seconds)
{
    const double threads = (double)sysconf(_SC_NPROCESSORS_ONLN);
    struct timespec used = {0};
    clockid_t clock;

    if (clock_getcpuclockid(w->pid, &clock) || clock_gettime(clock, &used))
        return;
    const rlim_t until = (rlim_t)((double)used.tv_sec + (seconds + 2) * (threads > 1 ? threads : 1));
    prlimit(w->pid, RLIMIT_CPU, &(struct rlimit){until, RLIM_INFINITY}, NULL);
}

/* What the worker, which is lost, did instead of answering. */
static fc_status lose(worker *w, const fc_source *src, bool late, double seconds, fc_error *err)
{
    const int how = end_worker(w);

    return late ? fc_fail(err, FC_ETIMEOUT, "%s: took longer than %g seconds", src->name, seconds)
                : tell_end(src->name, how, err);
}

/* The file is in the memory: once around. */
static fc_status ask(fc_image *img, worker *w, const fc_source *src, double seconds, fc_error *err)
{
    const uint64_t copies = 2 * (uint64_t)src->n; /* of the file, which the worker's count does not have */
    const fc_image_options *o = src->opt;
    const fc_sandbox_job job = {.n = src->n,
                                .granted = src->claim->held > copies ? src->claim->held - copies : 0,
                                .max_pixels = o->max_pixels,
                                .max_side = o->max_side,
                                .keep_orientation = o->keep_orientation,
                                .keep_damaged = o->keep_damaged};
    fc_sandbox_answer a;
    fc_status s;

    if (!send_all(w, &job, sizeof job))
        return lose(w, src, false, seconds, err);
    if (!await(w, src->began + seconds))
        return lose(w, src, true, seconds, err);
    const size_t n = receive(w, &a, sizeof a);
    if (!n)
        return lose(w, src, false, seconds, err);
    s = fc_sandbox_take(img, src, &a, n, w->memory, err);
    if (s == FC_END && (__builtin_add_overflow(src->claim->wanted, copies, &src->claim->wanted) ||
                        src->claim->wanted <= src->claim->held))
        s = fc_sandbox_nonsense(src, err);
    if (s == FC_ECRASHED)
        end_worker(w);
    return s;
}

/* More of the budget, where it can be had at once and the worker asked for it. */
static bool take_more(const fc_source *src)
{
    fc_claim *c = src->claim;

    if (!fc_memory_take_now(src->opt->memory, c->wanted - c->held))
        return false;
    c->held = c->wanted;
    return true;
}

static fc_status decode_by(worker *w, fc_image *img, const fc_source *src, fc_error *err)
{
    const double seconds = src->opt->seconds > 0 ? src->opt->seconds : FC_SANDBOX_SECONDS;
    fc_status s;

    bound_cpu_time(w, seconds);
    if (!write_file(w, src->bytes, src->n))
        return fc_fail_nomem(err, src->n);
    s = ask(img, w, src, seconds, err);
    if (s == FC_END && take_more(src))
        s = ask(img, w, src, seconds, err);
    return s;
}

/* What a large picture left in the shared memory. */
static void shrink(worker *w)
{
    struct stat st;

    if (w->pid && (fstat(w->memory, &st) || st.st_size > KEPT) && ftruncate(w->memory, 0))
        end_worker(w);
}

/* What a worker has to be ready for: its format's bit, where a module decodes it. */
static uint64_t format_of(const fc_source *src)
{
    const fc_format f = fc_sniff(src->bytes, src->n);

    return fc_image_wants_module(f) ? UINT64_C(1) << f : 0;
}

fc_status fc_sandbox_decode(fc_image *img, fc_source *src, fc_error *err)
{
    fc_sandbox *sandbox = src->opt->sandbox;
    const uint64_t format = format_of(src);
    worker *w = take_worker(sandbox, format);
    fc_error fault;
    fc_status s = need_worker(w, sandbox, format, &fault);

    *img = (fc_image){0};
    if (s) {
        s = fc_fail(err, s, "%s: %s", src->name, fault.message);
    } else {
        src->began = fc_now();
        s = decode_by(w, img, src, err);
        shrink(w);
    }
    give_worker(sandbox, w);
    return s;
}
