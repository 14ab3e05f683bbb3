#include "base/memory.h"

#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/error.h"

struct fc_memory {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t total, used;
    uint64_t arrived,
        served; /* tickets: who came first is served first, so that large pictures get their turn */
};

static uint64_t number_in(const char *dir, const char *name)
{
    char path[PATH_MAX + 32];
    uint64_t n = 0;
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    f = fopen(path, "re");
    if (!f)
        return 0;
    if (fscanf(f, "%" SCNu64, &n) != 1) /* "max" is none */
        n = 0;
    fclose(f);
    return n;
}

static uint64_t folder_memory(const char *dir)
{
    uint64_t n = number_in(dir, "memory.max");
    return n ? n : number_in(dir, "memory.limit_in_bytes");
}

uint64_t fc_memory_there(void)
{
    struct rlimit space;
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    uint64_t n = pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : UINT64_MAX;
    uint64_t group = fc_cgroup_least("memory", folder_memory);

    if (group && group < n)
        n = group;
    if (!getrlimit(RLIMIT_AS, &space) && space.rlim_cur != RLIM_INFINITY && space.rlim_cur < n)
        n = space.rlim_cur;
    return n;
}

fc_status fc_memory_new(fc_memory **out, uint64_t bytes, fc_error *err)
{
    fc_memory *m = calloc(1, sizeof *m);

    *out = m;
    if (!m)
        return fc_fail_nomem(err, sizeof *m);
    m->total = bytes ? bytes : fc_memory_there() / 2;
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->changed, NULL);
    return FC_OK;
}

void fc_memory_free(fc_memory *m)
{
    if (!m)
        return;
    pthread_cond_destroy(&m->changed);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

static bool fits(const fc_memory *m, uint64_t bytes)
{
    return bytes <= m->total - m->used;
}

fc_status fc_memory_take(fc_memory *m, uint64_t bytes, const char *name, fc_error *err)
{
    uint64_t ticket;

    if (!m)
        return FC_OK;
    if (bytes > m->total)
        return fc_fail(err, FC_ELIMIT, "%s: takes %" PRIu64 " bytes of memory, the limit is %" PRIu64, name,
                       bytes, m->total);
    pthread_mutex_lock(&m->lock);
    ticket = m->arrived++;
    while (ticket != m->served || !fits(m, bytes))
        pthread_cond_wait(&m->changed, &m->lock);
    m->served++;
    m->used += bytes;
    pthread_cond_broadcast(&m->changed); /* the next one may fit, too */
    pthread_mutex_unlock(&m->lock);
    return FC_OK;
}

bool fc_memory_take_now(fc_memory *m, uint64_t bytes)
{
    bool ok = true;

    if (!m)
        return true;
    pthread_mutex_lock(&m->lock);
    ok = fits(m, bytes);
    if (ok)
        m->used += bytes;
    pthread_mutex_unlock(&m->lock);
    return ok;
}

void fc_memory_give(fc_memory *m, uint64_t bytes)
{
    if (!m || !bytes)
        return;
    pthread_mutex_lock(&m->lock);
    m->used -= bytes;
    pthread_cond_broadcast(&m->changed);
    pthread_mutex_unlock(&m->lock);
}
