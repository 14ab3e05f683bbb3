#include "progress.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

static atomic_bool progress_shown; /* messages come from other threads, too */

void progress_show(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fputs("\r\033[K", stderr);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fflush(stderr);
    progress_shown = true;
}

void progress_clear(void)
{
    if (atomic_exchange(&progress_shown, false))
        fputs("\r\033[K", stderr);
}

bool progress_wanted(bool unwanted, bool among_lines)
{
    return !unwanted && isatty(STDERR_FILENO) && !(among_lines && isatty(STDOUT_FILENO));
}

progress progress_begin(bool on)
{
    return (progress){.on = on, .start = fc_now()};
}

bool progress_due(progress *p)
{
    const double t = p->on ? fc_now() : 0;

    if (!p->on || t - p->start < 1 || t - p->shown < 0.2)
        return false;
    p->shown = t;
    return true;
}
