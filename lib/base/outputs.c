#include "base/grow.h"
#include "base/outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/folder.h"
#include "base/text.h"

/* Where a file is, or will be. */
struct place {
    dev_t dev, folder_dev;
    ino_t ino, folder; /* ino 0: there is none yet; folder 0: nor a folder for it */
    char *base;        /* owned; what links lead to */
};

static struct output {
    char *path; /* owned, as all of this, by the process */
    struct place at;
    atomic_bool is_input;
    bool renewed; /* may be an input */
} * output;
static size_t noutputs, room;
static atomic_bool any_is_input;

static void clear_place(struct place *p)
{
    free(p->base);
    *p = (struct place){0};
}

/* base and folder of path as it stands, without following links. */
static fc_status place_in_folder(struct place *p, const char *path, fc_error *err)
{
    char *folder = strdup(path), *base = strdup(path);
    struct stat st;

    if (!folder || !base || !(p->base = strdup(basename(base)))) {
        free(folder);
        free(base);
        return fc_fail_nomem(err, strlen(path) + 1);
    }
    if (!stat(dirname(folder), &st)) {
        p->folder_dev = st.st_dev;
        p->folder = st.st_ino;
    }
    free(folder);
    free(base);
    return FC_OK;
}

static fc_status find_place(struct place *p, const char *path, fc_error *err)
{
    struct stat st;
    char *real = NULL;

    (void)fc_real_name(&real, path, NULL); /* without it the name is what it looks like */
    *p = (struct place){0};
    if (!stat(path, &st)) {
        p->dev = st.st_dev;
        p->ino = st.st_ino;
    }
    fc_status s = place_in_folder(p, real ? real : path, err);
    free(real);
    return s;
}

static bool is_same(const struct place *a, const struct place *b)
{
    if (a->ino && b->ino)
        return a->dev == b->dev && a->ino == b->ino;
    return a->folder && a->folder == b->folder && a->folder_dev == b->folder_dev && !strcmp(a->base, b->base);
}

/* The one or the other: a log is written into the file that is there, other files get the name of what was there. */
static fc_status check_writable(const char *path, fc_error *err)
{
    char *real = NULL, *folder;
    fc_status s = FC_OK;

    if (!faccessat(AT_FDCWD, path, W_OK, AT_EACCESS))
        return FC_OK;
    (void)fc_real_name(&real, path, NULL);
    char *copy = strdup(real ? real : path);
    folder =
        copy ? fc_text_format("%s/.", dirname(copy)) : NULL; /* "/.": what is no folder is told as such */
    if (!folder)
        s = fc_fail_nomem(err, strlen(path) + 1);
    else if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS))
        s = fc_fail_errno(err, path);
    free(real);
    free(copy);
    free(folder);
    return s;
}

fc_status fc_outputs_add(const char *path, fc_error *err)
{
    struct stat st;
    struct place at;
    fc_status s;

    if (!stat(path, &st) && !S_ISREG(st.st_mode))
        return FC_OK;
    if ((s = check_writable(path, err)) || (s = find_place(&at, path, err)))
        return s;
    for (size_t i = 0; !s && i < noutputs; i++)
        if (is_same(&at, &output[i].at))
            s = fc_fail(err, FC_EUSAGE, "%s: is to be written twice%s%s", path,
                        strcmp(path, output[i].path) ? ", also as " : "",
                        strcmp(path, output[i].path) ? output[i].path : "");
    if (!s)
        s = fc_grow(&output, noutputs + 1, &room, sizeof *output, err);
    char *copy = s ? NULL : strdup(path);
    if (!s && !copy)
        s = fc_fail_nomem(err, strlen(path) + 1);
    if (s) {
        clear_place(&at);
        return s;
    }
    output[noutputs].path = copy;
    output[noutputs].at = at;
    atomic_init(&output[noutputs].is_input, false);
    output[noutputs].renewed = false;
    noutputs++;
    return FC_OK;
}

static struct kept_folder {
    dev_t dev;
    ino_t ino;
} * kept; /* owned by the process */
static size_t nkept, kept_room;

fc_status fc_outputs_keep_folder(const char *dir, fc_error *err)
{
    struct stat st;
    fc_status s;

    if (stat(dir, &st))
        return fc_fail_errno(err, dir);
    if ((s = fc_grow(&kept, nkept + 1, &kept_room, sizeof *kept, err)))
        return s;
    kept[nkept++] = (struct kept_folder){st.st_dev, st.st_ino};
    return FC_OK;
}

bool fc_outputs_keeps(const char *path)
{
    char *copy = nkept ? strdup(path) : NULL;
    struct stat st;
    bool keeps = nkept && !copy; /* rather than to lose a file */

    if (copy && !stat(dirname(copy), &st))
        for (size_t i = 0; i < nkept; i++)
            keeps |= kept[i].dev == st.st_dev && kept[i].ino == st.st_ino;
    free(copy);
    return keeps;
}

void fc_outputs_renew(const char *path)
{
    for (size_t i = 0; i < noutputs; i++)
        if (!strcmp(output[i].path, path))
            output[i].renewed = true;
}

bool fc_outputs_any(void)
{
    return noutputs > 0;
}

static fc_status refuse(struct output *o, const char *path, fc_error *err)
{
    const bool other_name = strcmp(o->path, path) != 0;

    atomic_store(&o->is_input, true);
    atomic_store(&any_is_input, true);
    return fc_fail(err, FC_EUSAGE, "%s: is an input, and the output%s%s would replace it", path,
                   other_name ? " " : "", other_name ? o->path : "");
}

fc_status fc_outputs_spare(const struct stat *st, const char *path, fc_error *err)
{
    for (size_t i = 0; i < noutputs; i++)
        if (!output[i].renewed && output[i].at.ino == st->st_ino && output[i].at.dev == st->st_dev)
            return refuse(&output[i], path, err);
    return FC_OK;
}

fc_status fc_outputs_spare_name(const char *path, fc_error *err)
{
    struct place at;
    fc_status s = FC_OK;

    if (noutputs == 0)
        return FC_OK;
    if ((s = find_place(&at, path, err)))
        return s;
    for (size_t i = 0; !s && i < noutputs; i++)
        if (!output[i].renewed && is_same(&at, &output[i].at))
            s = refuse(&output[i], path, err);
    clear_place(&at);
    return s;
}

fc_status fc_outputs_check(const char *path, fc_error *err)
{
    struct stat st;

    if (!atomic_load(&any_is_input) || stat(path, &st))
        return FC_OK;
    for (size_t i = 0; i < noutputs; i++)
        if (atomic_load(&output[i].is_input) && output[i].at.ino == st.st_ino &&
            output[i].at.dev == st.st_dev)
            return fc_fail(err, FC_EUSAGE, "%s: is an input, and was not replaced", path);
    return FC_OK;
}
