#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/mask.h"

const char *fc_version(void)
{
    return FC_VERSION;
}

static const char *const names[] = {
    [FC_OK] = "ok",
    [FC_END] = "end",
    [FC_EUSAGE] = "usage",
    [FC_ENOMEM] = "memory",
    [FC_EIO] = "io",
    [FC_EMISSING] = "missing",
    [FC_EEMPTY] = "empty",
    [FC_EFORMAT] = "format",
    [FC_ETRUNCATED] = "truncated",
    [FC_ECORRUPT] = "corrupt",
    [FC_ELIMIT] = "limit",
    [FC_EUNSUPPORTED] = "unsupported",
    [FC_EMODEL] = "model",
    [FC_EHASH] = "hash",
    [FC_ECONTRACT] = "contract",
    [FC_ERECORD] = "record",
    [FC_EENGINE] = "engine",
    [FC_EFACES] = "faces",
    [FC_EDATA] = "data",
    [FC_EEXISTS] = "exists",
    [FC_ETIMEOUT] = "timeout",
    [FC_ECRASHED] = "crashed",
};
enum { NAMES = sizeof names / sizeof *names };

const char *fc_status_name(fc_status s)
{
    return (size_t)s < NAMES ? names[s] : "unknown";
}

fc_status fc_status_named(const char *name)
{
    for (size_t i = FC_EUSAGE; name && i < NAMES; i++)
        if (!strcmp(names[i], name))
            return (fc_status)i;
    return FC_ERECORD;
}

fc_status fc_fail(fc_error *err, fc_status status, const char *fmt, ...)
{
    if (err) {
        va_list ap;
        va_start(ap, fmt);
        fc_mask_print(err->message, sizeof err->message, fmt, ap);
        va_end(ap);
        err->status = status;
    }
    return status;
}

fc_status fc_fail_errno(fc_error *err, const char *name)
{
    int e = errno;
    fc_status s = e == ENOENT || e == ENOTDIR ? FC_EMISSING : e == ENOMEM ? FC_ENOMEM : FC_EIO;
    return fc_fail(err, s, "%s: %s", name, strerror(e));
}

fc_status fc_fail_nomem(fc_error *err, size_t bytes)
{
    if (bytes == 0)
        return fc_fail(err, FC_ENOMEM, "out of memory");
    if (bytes == SIZE_MAX)
        return fc_fail(err, FC_ENOMEM, "out of memory (more bytes wanted than can be addressed)");
    return fc_fail(err, FC_ENOMEM, FC_OUT_OF_MEMORY, bytes);
}
