#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "enroll.h"

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_folder(const char *dir, const char *name)
{
    struct stat st;
    char *path;
    bool yes;

    if (asprintf(&path, "%s/%s", dir, name) < 0)
        return false;
    yes = !stat(path, &st) && S_ISDIR(st.st_mode);
    free(path);
    return yes;
}

static fc_status list_folders(source *s, const char *dir, fc_error *err)
{
    DIR *d = opendir(dir);
    const struct dirent *e;
    fc_status st = FC_OK;

    if (!d)
        return fc_fail_errno(err, dir);
    while (!st && (errno = 0, e = readdir(d))) {
        if (e->d_name[0] == '.' || !is_folder(dir, e->d_name))
            continue;
        char **p = reallocarray(s->folder, s->nfolders + 1, sizeof *p);
        if (!p || (s->folder = p, !(p[s->nfolders] = strdup(e->d_name))))
            st = fc_fail_nomem(err, 0);
        else
            s->nfolders++;
    }
    if (!st && errno)
        st = fc_fail_errno(err, dir);
    closedir(d);
    if (!st && s->nfolders == 0)
        st = fc_fail(err, FC_EEMPTY, "%s: no folders in it; --from-dirs wants one for each person", dir);
    if (s->nfolders)
        qsort(s->folder, s->nfolders, sizeof *s->folder, by_name);
    return st;
}

fc_status source_open(source *s, const struct enroll_args *args, char **operands, int n, fc_error *err)
{
    *s = (source){.args = args};
    if (!args->from_dirs)
        return inputs_open(&s->in, &args->common.input, operands, n, err);
    if (args->id || n > 0 || args->common.input.files_from)
        return fc_fail(
            err, FC_EUSAGE,
            "--from-dirs: names people and photos; --id, operands and --files-from do not go with it");
    return list_folders(s, args->from_dirs, err);
}

void source_interrupt(source *s)
{
    if (!s->args->from_dirs) /* reading folders waits for nothing */
        inputs_interrupt(s->in);
}

void source_close(source *s)
{
    inputs_close(s->in);
    for (size_t i = 0; i < s->nfolders; i++)
        free(s->folder[i]);
    free(s->folder);
    free(s->path);
}

static fc_status next_folder(source *s, fc_error *err)
{
    if (s->next == s->nfolders)
        return FC_END;
    free(s->path);
    s->path = NULL;
    if (asprintf(&s->path, "%s/%s", s->args->from_dirs, s->folder[s->next++]) < 0) {
        s->path = NULL;
        return fc_fail_nomem(err, 0);
    }
    return inputs_open(&s->in, &s->args->common.input, &s->path, 1, err);
}

fc_status source_next(source *s, item **it, char **name, fc_error *err)
{
    const char *id = s->args->id;
    input in;
    fc_status st = FC_OK;

    *name = NULL;
    for (;;) {
        if (!s->in)
            st = next_folder(s, err);
        if (!st)
            st = inputs_next(s->in, &in, err);
        if (st != FC_END || !s->in || !s->args->from_dirs)
            break;
        inputs_close(s->in);
        s->in = NULL;
        st = FC_OK;
    }
    if (st)
        return st;
    if (s->args->from_dirs)
        id = s->folder[s->next - 1];
    if (!id && (in.kind == INPUT_PATH || in.kind == INPUT_BYTES)) {
        st = fc_fail(err, FC_EUSAGE, "%s: whose picture? (--id NAME, or --from-dirs)", in.path);
        input_clear(&in);
        return st;
    }
    st = item_new(it, &in, (fc_face_choice)s->args->common.detect.faces, err);
    if (!st && id && !(*name = strdup(id))) {
        item_free(*it);
        st = fc_fail_nomem(err, strlen(id));
    }
    return st;
}
