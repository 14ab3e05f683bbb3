#include "base/tell.h"

#include <stdarg.h>

#include "base/mask.h"

void fc_tell(const fc_teller *t, const char *fmt, ...)
{
    char message[1024];
    va_list args;

    if (!t)
        return;
    va_start(args, fmt);
    fc_mask_print(message, sizeof message, fmt, args);
    va_end(args);
    t->tell(t->ctx, message);
}
