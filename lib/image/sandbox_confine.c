#include "image/sandbox_confine.h"

#include <errno.h>
#include <seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"

/* Sanitizers reserve terabytes of addresses. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { LIMITS_ADDRESSES = 0 };
#else
enum { LIMITS_ADDRESSES = 1 };
#endif

/* ---- rlimits ---- */

/* Bytes of addresses that the process has. */
static uint64_t addresses(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");

    if (!f)
        return 0;
    if (fscanf(f, "%lu", &pages) != 1)
        pages = 0;
    fclose(f);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static bool limit(__rlimit_resource_t what, uint64_t to)
{
    struct rlimit r;

    if (getrlimit(what, &r))
        return false;
    if (r.rlim_max == RLIM_INFINITY || to < r.rlim_max)
        r.rlim_max = to;
    r.rlim_cur = r.rlim_max;
    return !setrlimit(what, &r);
}

static fc_status set_limits(uint64_t memory, fc_error *err)
{
    enum { STACKS_AND_HEAPS = 256 << 20 }; /* of threads that a codec may have: addresses, not memory */
    const uint64_t have = addresses(), most = UINT64_MAX / 2;
    uint64_t all = have + STACKS_AND_HEAPS;

    all = memory > most - all ? most : all + memory;
    if (!have || !limit(RLIMIT_CORE, 0) || !limit(RLIMIT_FSIZE, memory < most ? memory : most) ||
        (LIMITS_ADDRESSES && !limit(RLIMIT_AS, all)) || !limit(RLIMIT_NOFILE, 0))
        return fc_fail(err, FC_EUNSUPPORTED, "limits cannot be set: %s", strerror(errno));
    return FC_OK;
}

/* ---- the filter ---- */

/* Calls whose arguments do not matter. */
static const int plain[] = {
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getcpu),
    SCMP_SYS(gettid),
    SCMP_SYS(getpid),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(getrandom),
    SCMP_SYS(sysinfo),
};

typedef struct scmp_arg_cmp condition;

static int allow(scmp_filter_ctx f, int call, condition a)
{
    return seccomp_rule_add_array(f, SCMP_ACT_ALLOW, call, 1, &a);
}

/* A call on this descriptor. */
static int allow_on(scmp_filter_ctx f, int call, int fd)
{
    return allow(f, call, SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, (uint32_t)fd));
}

static int add_rules(scmp_filter_ctx f, int socket, int memory_fd)
{
    const condition not_executable = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                    no_file = SCMP_A4(SCMP_CMP_MASKED_EQ, UINT32_MAX, UINT32_MAX),
                    a_thread = SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM),
                    itself = SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, (uint32_t)getpid());
    int e = 0;

    for (size_t i = 0; !e && i < sizeof plain / sizeof *plain; i++)
        e = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, plain[i], 0, NULL);
    e = e ? e : allow_on(f, SCMP_SYS(read), socket);
    e = e ? e : allow_on(f, SCMP_SYS(write), socket);
    e = e ? e : allow_on(f, SCMP_SYS(pread64), memory_fd);
    e = e ? e : allow_on(f, SCMP_SYS(pwrite64), memory_fd);
    e = e ? e
          : seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
                                   (condition[]){not_executable, no_file});
    e = e ? e : allow(f, SCMP_SYS(mprotect), not_executable);
    e = e ? e : allow(f, SCMP_SYS(clone), a_thread);
    e = e ? e : allow(f, SCMP_SYS(tgkill), itself); /* a library may abort */
    /* the flags of this one are in memory, where no filter looks; libc takes clone then */
    return e ? e : seccomp_rule_add_array(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0, NULL);
}

fc_status fc_sandbox_confine(int socket, int memory_fd, uint64_t memory, fc_error *err)
{
    fc_status s = set_limits(memory, err);
    scmp_filter_ctx f;
    int e;

    if (s)
        return s;
    f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!f)
        return fc_fail_nomem(err, 0);
    e = seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    e = e ? e : seccomp_attr_set(f, SCMP_FLTATR_CTL_NNP, 1);   /* no_new_privs */
    e = e ? e : seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1); /* threads that are there, too */
    e = e ? e : add_rules(f, socket, memory_fd);
    e = e ? e : seccomp_load(f);
    seccomp_release(f);
    return e ? fc_fail(err, FC_EUNSUPPORTED, "the kernel does not confine it: seccomp: %s", strerror(-e))
             : FC_OK;
}
