/* Progress, for people who look at a terminal. */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H
#include <stdbool.h>

/* A line that the next one, or a message, takes the place of. For terminals. */
void progress_show(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void progress_clear(void);
/* Whether there is one: stderr is a terminal, and the user did not say that it is unwanted (--no-progress, --quiet). Among
 * lines: the tool writes to stdout meanwhile, which is then no terminal. */
bool progress_wanted(bool unwanted, bool among_lines);
/* When it is shown: a second after the start, and then five times a second. */
typedef struct progress {
    bool on;
    double start, shown; /* fc_now() */
} progress;
progress progress_begin(bool on);
/* True when it is time, and shown is now. */
bool progress_due(progress *p);

#endif
