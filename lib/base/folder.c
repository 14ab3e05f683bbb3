#include "base/folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

fc_status fc_make_folder(const char *path, mode_t mode, fc_error *err)
{
    struct stat st;

    if (!mkdir(path, mode))
        return FC_OK;
    if (errno == EEXIST && !stat(path, &st) && S_ISDIR(st.st_mode))
        return FC_OK;
    if (errno == ENOENT && !lstat(path, &st)) /* a link to nothing: its own name is taken */
        errno = EEXIST;
    return fc_fail_errno(err, path);
}

fc_status fc_make_folders(const char *path, mode_t mode, fc_error *err)
{
    char *above = strdup(path);
    fc_status s = FC_OK;

    if (!above)
        return fc_fail_nomem(err, strlen(path) + 1);
    for (char *p = *above ? above + 1 : above; *p && !s; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(above, mode) && errno != EEXIST) /* what is there and no folder shows further down */
            s = fc_fail_errno(err, above);
        *p = '/';
    }
    free(above);
    return s ? s : fc_make_folder(path, mode, err);
}

char *fc_folder_join(const char *dir, const char *name)
{
    size_t n = strlen(dir);
    char *path;

    while (n > 1 && dir[n - 1] == '/')
        n--;
    if (asprintf(&path, "%.*s%s%s", (int)n, dir, n == 1 && dir[0] == '/' ? "" : "/", name) < 0)
        return NULL;
    return path;
}
