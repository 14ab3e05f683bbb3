#include "match/name.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

fc_status fc_name_check(const char *name, fc_error *err)
{
    const size_t n = strlen(name);
    size_t at = 0, step;

    while (at < n && (step = fc_utf8_char(name + at, n - at)) && (unsigned char)name[at] >= ' ' &&
           name[at] != 0x7f)
        at += step;
    if (!strcmp(name, "unknown"))
        return fc_fail(err, FC_EUSAGE, "'unknown' is no name: it is what strangers are called");
    if (n >= 1 && n <= FC_NAME_MAX && at == n)
        return FC_OK;
    char *text = fc_text_escape(name, n < 100 ? n : 100);
    fc_fail(err, FC_EUSAGE, "'%s' is no name: want 1 to %d bytes of UTF-8 without control characters",
            text ? text : "", FC_NAME_MAX);
    free(text);
    return FC_EUSAGE;
}
