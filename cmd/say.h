/* Messages and progress for people, on stderr, and the end of stdout. */
#ifndef CMD_SAY_H
#define CMD_SAY_H
#include "facecheck.h"

/* Exit codes of all tools. */
enum {
    EXIT_DONE = 0,
    EXIT_NO = 1,     /* done, and the answer is no */
    EXIT_BROKEN = 2, /* usage, unreadable model, broken stream, output that cannot be written */
    EXIT_PARTLY = 3  /* done, but some inputs failed */
};

/* "PROGRAM: MESSAGE" on one line of stderr; control characters and bytes that are not UTF-8 are escaped. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* say(), unless be_quiet(true) was called: for what is good to know and no fault. */
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void be_quiet(bool yes);
/* say() with the error's message; returns EXIT_BROKEN. */
int say_error(const fc_error *err);

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

/* Keeps files from being opened as stdin, stdout or stderr where the caller closed those: reading or writing
 * there then fails, as it should. */
void guard_standard_files(void);
/* Ctrl-C and the like leave no temporary files behind, and neither does a mapped file that becomes shorter: that is
 * EXIT_BROKEN, with its name. */
void clean_up_when_stopped(void);
/* Reports and records are built by hundreds of calls, each of which would leave out what there is no memory for: running
 * out of it while JSON is built ends the program, with EXIT_BROKEN and a message. Before the first use of jansson. */
void end_without_memory_for_json(void);
/* That end: for what cannot be told in another way, from any thread. */
_Noreturn void end_without_memory(void);
/* Flushes stdout and checks that all of it arrived. */
fc_status flush_stdout(fc_error *err);
/* The exit code for main: code, or EXIT_BROKEN with a message when stdout did not take everything. */
int close_stdout(int code);

#endif
