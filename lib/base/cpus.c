#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cgroup.h"
#include "base/threads.h"

/* CPUs that a quota of so many microseconds in a period comes to; 0: no quota. */
static uint64_t quota_cpus(long long quota, long long period)
{
    if (quota <= 0 || period <= 0)
        return 0;
    return ((uint64_t)quota + (uint64_t)period - 1) / (uint64_t)period;
}

/* The quota in one cgroup folder, of version 2 or 1; 0: none. */
static uint64_t folder_quota(const char *dir)
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
    int n = affinity_cpus();
    uint64_t quota = fc_cgroup_least("cpu", folder_quota);

    return quota && quota < (uint64_t)n ? (int)quota : n;
}

int fc_jobs(int asked)
{
    const int n = asked > 0 ? asked : fc_cpu_count();

    return n < FC_MAX_JOBS ? n : FC_MAX_JOBS;
}
