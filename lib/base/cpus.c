#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pipeline.h"

/* CPUs that a quota of so many microseconds in a period comes to; 0: no quota. */
static int quota_cpus(long long quota, long long period)
{
    if (quota <= 0 || period <= 0)
        return 0;
    long long n = (quota + period - 1) / period;
    return n > INT_MAX ? 0 : (int)n;
}

/* The quota in one cgroup folder, of version 2 or 1; 0: none. */
static int folder_quota(const char *dir)
{
    char file[PATH_MAX + 32];
    long long quota = 0, period = 0;
    FILE *f;

    snprintf(file, sizeof file, "%s/cpu.max", dir);
    if ((f = fopen(file, "re"))) {
        if (fscanf(f, "%lld %lld", &quota, &period) != 2) /* "max 100000" is none */
            quota = 0;
        fclose(f);
        return quota_cpus(quota, period);
    }
    snprintf(file, sizeof file, "%s/cpu.cfs_quota_us", dir);
    if (!(f = fopen(file, "re")))
        return 0;
    if (fscanf(f, "%lld", &quota) != 1)
        quota = 0;
    fclose(f);
    snprintf(file, sizeof file, "%s/cpu.cfs_period_us", dir);
    if (!(f = fopen(file, "re")))
        return 0;
    if (fscanf(f, "%lld", &period) != 1)
        period = 0;
    fclose(f);
    return quota_cpus(quota, period);
}

/* The smallest quota of the group at path below mount and of its ancestors; 0: none. A container sees its own
 * group at the mount whatever the path says, and folders that are not there have no quota. */
static int smallest_quota(const char *mount, char *path)
{
    char dir[PATH_MAX];
    int best = 0;

    for (;;) {
        snprintf(dir, sizeof dir, "%s%s", mount, path);
        int n = folder_quota(dir);
        if (n && (!best || n < best))
            best = n;
        char *slash = strrchr(path, '/');
        if (!slash)
            return best;
        *slash = '\0';
    }
}

/* True if name is one of the comma-separated words of list. */
static bool has_word(const char *list, const char *name)
{
    size_t n = strlen(name);

    for (const char *p = list; p; p = strchr(p, ',')) {
        p += *p == ',';
        if (!strncmp(p, name, n) && (p[n] == ',' || p[n] == '\0'))
            return true;
    }
    return false;
}

/* /proc/self/cgroup has lines "ID:CONTROLLERS:PATH", the controllers empty for version 2. */
static int group_quota(void)
{
    char *line = NULL;
    size_t cap = 0;
    int best = 0;
    FILE *f = fopen("/proc/self/cgroup", "re");

    if (!f)
        return 0;
    while (getline(&line, &cap, f) > 0) {
        char *words = strchr(line, ':'), *path = words ? strchr(words + 1, ':') : NULL;
        int n = 0;
        if (!path)
            continue;
        *path++ = '\0';
        words++;
        path[strcspn(path, "\n")] = '\0';
        if (!*words)
            n = smallest_quota("/sys/fs/cgroup", path);
        else if (has_word(words, "cpu"))
            n = smallest_quota("/sys/fs/cgroup/cpu", path);
        if (n && (!best || n < best))
            best = n;
    }
    free(line);
    fclose(f);
    return best;
}

/* CPUs in the affinity mask, which may be larger than cpu_set_t. */
static int affinity_cpus(void)
{
    for (int cpus = CPU_SETSIZE; cpus <= CPU_SETSIZE * 64; cpus *= 2) {
        cpu_set_t *set = CPU_ALLOC(cpus);
        size_t size = CPU_ALLOC_SIZE(cpus);
        if (!set)
            return 1;
        bool ok = !sched_getaffinity(0, size, set);
        int n = ok ? CPU_COUNT_S(size, set) : 0;
        CPU_FREE(set);
        if (ok)
            return n < 1 ? 1 : n;
    }
    return 1;
}

int fc_cpu_count(void)
{
    int n = affinity_cpus(), quota = group_quota();
    return quota && quota < n ? quota : n;
}
