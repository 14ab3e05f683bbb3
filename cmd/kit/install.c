#include "install.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/folder.h"

fc_status install_folder(char **out, const char *from_tools, const char *in_build, fc_error *err)
{
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    char *slash, *cache, *real;

    *out = NULL;
    if (n < 0)
        return FC_OK;
    exe[n] = '\0';
    slash = strrchr(exe, '/');
    *slash = '\0';
    cache = fc_folder_join(exe, "../CMakeCache.txt");
    if (!cache)
        return fc_fail_nomem(err, PATH_MAX);
    const char *name = access(cache, F_OK) ? from_tools : in_build;
    free(cache);
    if (!name)
        return FC_OK;
    *out = fc_folder_join(exe, name);
    if (!*out)
        return fc_fail_nomem(err, PATH_MAX);
    real = realpath(*out, NULL);
    if (!real && errno == ENOMEM)
        return fc_fail_nomem(err, PATH_MAX);
    if (real) {
        free(*out);
        *out = real;
    }
    return FC_OK;
}
