/* Messages for people, on stderr. */
#ifndef CMD_SAY_H
#define CMD_SAY_H
#include "base/tell.h"
#include "ending.h"
#include "facecheck.h"
#include "progress.h"

/* "PROGRAM: MESSAGE" on one line of stderr; control characters and bytes that are not UTF-8 are escaped. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* say() for the library's messages. */
extern const fc_teller say_teller, note_teller; /* note_teller: note() */
/* say(), unless be_quiet(true) was called: for what is good to know and no fault. */
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void be_quiet(bool yes);
/* say() with the error's message; returns EXIT_BROKEN. */
int say_error(const fc_error *err);

#endif
