/*
 * The steady clock as the CPU's time of the thread that reads it: what LD_PRELOAD puts before the C library's, so that
 * roofline.sh can measure on a machine that others use, too. Programs with one thread alone.
 */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *t)
{
    return (int)syscall(SYS_clock_gettime, clock == CLOCK_MONOTONIC ? CLOCK_THREAD_CPUTIME_ID : clock, t);
}
