/* How a program ends: exit codes, signals, memory that runs out, and the last of stdout. */
#ifndef CMD_ENDING_H
#define CMD_ENDING_H
#include "facecheck.h"

/* Exit codes of all tools. */
enum {
    EXIT_DONE = 0,
    EXIT_NO = 1,     /* done, and the answer is no */
    EXIT_BROKEN = 2, /* usage, unreadable model, broken stream, output that cannot be written */
    EXIT_PARTLY = 3  /* done, but some inputs failed */
};

/* Keeps files from being opened as stdin, stdout or stderr where the caller closed those: reading or writing
 * there then fails, as it should. */
void guard_standard_files(void);
/* Ctrl-C, a reader that goes away and the like leave no temporary files behind, and neither does a mapped file that becomes
 * shorter: that is EXIT_BROKEN, with its name. A file that would become larger than 'ulimit -f' allows is a write that fails. */
void clean_up_when_stopped(void);
/* What the first Ctrl-C, or SIGTERM, calls: where it returns true, the program goes on, to come to its end by itself, and the next such
 * signal ends it. stop runs in a signal's handler; NULL: none any more. */
void end_softly_by(bool (*stop)(void));
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
