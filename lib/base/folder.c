#include "base/folder.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* ---- links ---- */

enum { MOST_LINKS = 40 };

/* What the link leads to, from where it is. Caller frees; NULL where it cannot be read. */
static char *follow(const char *link)
{
    char target[PATH_MAX], *copy, *out;
    const ssize_t n = readlink(link, target, sizeof target - 1);

    if (n <= 0)
        return NULL;
    target[n] = '\0';
    if (*target == '/')
        return strdup(target);
    copy = strdup(link);
    out = copy ? fc_folder_join(dirname(copy), target) : NULL;
    free(copy);
    return out;
}

/* A name of what is not there: its folder is. */
static fc_status resolve_new(char **out, const char *name, fc_error *err)
{
    char *at = strdup(name), *copy = NULL, *folder = NULL, *last = NULL;
    struct stat st;
    fc_status s = FC_OK;

    for (int i = 0; at && !lstat(at, &st) && S_ISLNK(st.st_mode) && i < MOST_LINKS; i++) {
        char *next = follow(at);
        free(at);
        at = next;
    }
    copy = at ? strdup(at) : NULL;
    last = at ? strdup(at) : NULL;
    if (!copy || !last) {
        s = fc_fail_nomem(err, strlen(name) + 1);
    } else {
        folder = realpath(dirname(copy), NULL);
        if (!folder)
            s = fc_fail_errno(err, name);
        else if (!(*out = fc_folder_join(folder, basename(last))))
            s = fc_fail_nomem(err, strlen(name) + 1);
    }
    free(at);
    free(copy);
    free(last);
    free(folder);
    return s;
}

fc_status fc_real_name(char **out, const char *name, fc_error *err)
{
    *out = *name ? realpath(name, NULL) : NULL;
    if (*out)
        return FC_OK;
    if (*name && errno == ENOENT)
        return resolve_new(out, name, err);
    errno = *name ? errno : ENOENT;
    return fc_fail_errno(err, name);
}
