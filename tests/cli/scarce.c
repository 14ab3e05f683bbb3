/*
 * Preloaded: the allocation of number SCARCE_AT, counted from 1 over all threads, fails, and with SCARCE_ALL those
 * after it, too. Where it came to pass, the file SCARCE_SEEN gets a byte.
 *
 * With SCARCE_SITES none fails: into that file go the numbers of those that are the first of their call site, which is
 * the last few calls that led there. Left out are the sites inside of the libraries SCARCE_SPARED, parts of their names
 * with blanks between them.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);

enum { CALLS = 7, DEPTH = 24, SITES = 1 << 16 }; /* the first one or two calls are those in here */

static atomic_long count;
static long at = -1;
static bool all, on;
static int sites = -1;
static char *spared[16];      /* NULL behind the last */
static uint64_t known[SITES]; /* a hash table */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local bool inside;

/* main's turn: what the loader and constructors take is theirs. */
__attribute__((constructor)) static void begin(void)
{
    const char *number = getenv("SCARCE_AT"), *file = getenv("SCARCE_SITES");
    char *names = getenv("SCARCE_SPARED");
    void *frame[1];

    backtrace(frame, 1); /* loads what it needs */
    names = names ? strdup(names) : NULL;
    names = names ? strtok(names, " ") : NULL;
    for (size_t i = 0; names; names = strtok(NULL, " ")) {
        spared[i++] = names;
        if (i == sizeof spared / sizeof *spared)
            abort(); /* one that is left out would be a fault at random */
    }
    if (file)
        sites = open(file, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
    all = getenv("SCARCE_ALL") != NULL;
    at = number ? atol(number) : -1;
    on = at > 0 || sites >= 0;
}

static bool is_spared(void *const *frame, int n)
{
    Dl_info info;

    for (int i = 0; i < n; i++)
        for (size_t k = 0; k < sizeof spared / sizeof *spared && spared[k]; k++)
            if (dladdr(frame[i], &info) && info.dli_fname && strstr(info.dli_fname, spared[k]))
                return true;
    return false;
}

static bool is_new(uint64_t site)
{
    size_t i = site % SITES;

    while (known[i] && known[i] != site)
        i = (i + 1) % SITES;
    const bool new = !known[i];
    known[i] = site;
    return new;
}

static void note_site(long n)
{
    void *frame[DEPTH];
    char line[24];
    uint64_t site = 14695981039346656037u;
    const int depth = backtrace(frame, DEPTH);

    for (int i = 0; i < depth && i < CALLS; i++)
        site = (site ^ (uintptr_t)frame[i]) * 1099511628211u;
    pthread_mutex_lock(&lock);
    if (is_new(site | 1) && !is_spared(frame, depth))
        (void)!write(sites, line, (size_t)snprintf(line, sizeof line, "%ld\n", n));
    pthread_mutex_unlock(&lock);
}

static bool fails(void)
{
    const char *seen;

    if (!on || inside)
        return false;
    const long n = ++count;
    if (sites >= 0) {
        inside = true;
        note_site(n);
        inside = false;
        return false;
    }
    if (all ? n < at : n != at)
        return false;
    if (n == at && (seen = getenv("SCARCE_SEEN"))) {
        const int fd = open(seen, O_CREAT | O_WRONLY, 0600);
        if (fd < 0 || write(fd, "1", 1) != 1)
            abort();
        close(fd);
    }
    errno = ENOMEM;
    return true;
}

EXPORT void *malloc(size_t n)
{
    return fails() ? NULL : __libc_malloc(n);
}

EXPORT void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : __libc_calloc(n, size);
}

EXPORT void *realloc(void *p, size_t n)
{
    return n && fails() ? NULL : __libc_realloc(p, n);
}

EXPORT void *reallocarray(void *p, size_t n, size_t size)
{
    size_t all_of_it;

    if (__builtin_mul_overflow(n, size, &all_of_it)) {
        errno = ENOMEM;
        return NULL;
    }
    return all_of_it && fails() ? NULL : __libc_realloc(p, all_of_it);
}

EXPORT void *aligned_alloc(size_t align, size_t n)
{
    return fails() ? NULL : __libc_memalign(align, n);
}

EXPORT int posix_memalign(void **p, size_t align, size_t n)
{
    *p = fails() ? NULL : __libc_memalign(align, n);
    return *p ? 0 : ENOMEM;
}
