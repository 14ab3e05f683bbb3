/* That LeakSanitizer works in this build: test_leaks MODULE [lose].
 *
 * The main thread and a few others keep memory that only a variable of their own in a module points to; that memory
 * is no leak, wherever malloc() places the variable. With `lose` all but the main thread forget theirs, and it must
 * be reported. Free memory has to be used again at once: ASAN_OPTIONS=quarantine_size_mb=0. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls_module.h"

enum { THREADS = 4, KEPT = 4321, TRIES = 100000 };

static void **(*slot)(void);
static pthread_barrier_t barrier;
static bool lose;

/* Makes the next allocation of TLS_SIZE bytes begin 16 bytes after the start of a page (see ../asan_options.c). */
static bool steer_malloc(void)
{
    void **all = calloc(TRIES, sizeof *all), *found = NULL;
    int n = 0;

    while (all && n < TRIES && !found) {
        void *p = malloc(TLS_SIZE);
        if ((uintptr_t)p % 4096 == 16)
            found = p;
        else
            all[n++] = p;
    }
    while (n > 0)
        free(all[--n]);
    free(all);
    free(found);
    return found != NULL;
}

static void keep(void)
{
    if (!steer_malloc() || (uintptr_t)slot() % 4096 != 16) {
        fprintf(stderr, "test_leaks: the variable is not where it should be: %p\n", (void *)slot());
        exit(2);
    }
    *slot() = malloc(KEPT);
}

static void *run(void *unused)
{
    keep();
    if (lose)
        *slot() = NULL;
    /* all are alive when leaks are looked for, at the end of the main thread */
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return unused;
}

int main(int argc, char **argv)
{
    void *so = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_NODELETE) : NULL;
    void *symbol = so ? dlsym(so, "slot") : NULL;
    pthread_t thread;

    if (!symbol) {
        fprintf(stderr, "test_leaks: %s\n", argc > 1 ? dlerror() : "needs a module");
        return 2;
    }
    memcpy(&slot, &symbol, sizeof slot);
    lose = argc > 2 && strcmp(argv[2], "lose") == 0;
    pthread_barrier_init(&barrier, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&thread, NULL, run, NULL))
            return 2;
    keep();
    pthread_barrier_wait(&barrier);
    return 0;
}
