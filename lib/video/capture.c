#include "video/capture.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/text.h"

enum { MOST_LINES = 16384, MOST_RATE = 1000 };

/* A length, 1 up to MOST_LINES. */
static bool read_length(int *out, const char *text, const char **end)
{
    char *behind;
    const long n = isdigit((unsigned char)*text) ? strtol(text, &behind, 10) : 0;

    if (n < 1 || n > MOST_LINES)
        return false;
    *out = (int)n;
    *end = behind;
    return true;
}

static bool read_size(fc_capture *c, const char *text, const char **end)
{
    return read_length(&c->w, text, end) && **end == 'x' && read_length(&c->h, *end + 1, end);
}

static bool read_rate(fc_capture *c, const char *text, const char **end)
{
    return fc_text_read_number(&c->rate, text, end) && c->rate > 0 && c->rate <= MOST_RATE;
}

fc_status fc_capture_parse(fc_capture *out, const char *text, fc_error *err)
{
    const char *at = text;
    fc_capture c = {0};
    bool good = true;

    *out = c;
    if (!text)
        return FC_OK;
    if (*at != '@')
        good = read_size(&c, at, &at);
    if (good && *at == '@')
        good = read_rate(&c, at + 1, &at);
    if (!good || *at)
        return fc_fail(err, FC_EUSAGE, "%s: a camera is asked for such as 1280x720, 640x480@15 or @15", text);
    *out = c;
    return FC_OK;
}
