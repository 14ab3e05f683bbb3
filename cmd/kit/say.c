#include "say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mask.h"
#include "base/text.h"

static bool quiet;

static void say_list(const char *fmt, va_list ap)
{
    char message[1024];

    fc_mask_print(message, sizeof message, fmt, ap);
    progress_clear();
    char *text = fc_text_escape(message, strlen(message));
    fprintf(stderr, "%s: %s\n", program_invocation_short_name, text ? text : "out of memory");
    free(text);
}

void say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say_list(fmt, ap);
    va_end(ap);
}

static void tell(void *ctx, const char *message)
{
    (void)ctx;
    say("%s", message);
}

static void tell_note(void *ctx, const char *message)
{
    (void)ctx;
    note("%s", message);
}

const fc_teller say_teller = {.tell = tell}, note_teller = {.tell = tell_note};

void be_quiet(bool yes)
{
    quiet = yes;
}

void note(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    if (!quiet)
        say_list(fmt, ap);
    va_end(ap);
}

int say_error(const fc_error *err)
{
    say("%s", err->message);
    return EXIT_BROKEN;
}
