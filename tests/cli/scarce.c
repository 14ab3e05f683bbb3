/*
 * Preloaded: the allocation of number SCARCE_AT, counted from 1 over all threads, fails, and with SCARCE_ALL those
 * after it, too. Where it came to pass, the file SCARCE_SEEN is made.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);

static atomic_long count, at = -1;
static bool all;

/* main's turn: what the loader and constructors take is theirs. */
__attribute__((constructor)) static void begin(void)
{
    const char *number = getenv("SCARCE_AT");

    all = getenv("SCARCE_ALL") != NULL;
    count = 0;
    at = number ? atol(number) : -1;
}

static bool fails(void)
{
    const long n = at < 0 ? 0 : ++count;
    const char *seen;

    if (at < 0 || (all ? n < at : n != at))
        return false;
    if (n == at && (seen = getenv("SCARCE_SEEN"))) {
        const int fd = open(seen, O_CREAT | O_WRONLY, 0600);
        if (fd >= 0)
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
