#include "base/clock.h"

#include <time.h>

double fc_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double fc_now_ms(void)
{
    return fc_now() * 1e3;
}
