#include "pipeline/folders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/folder.h"
#include "base/grow.h"
#include "image/sniff.h"

/* ---- names ---- */

/* Folders that storage devices and systems make for themselves: thumbnails, bins, snapshots, the second halves of
 * files. They hold copies of pictures, and are nobody's name. */
static bool is_of_a_system(const char *name)
{
    static const char *const names[] = {
        "@eaDir",       "#recycle",           "#snapshot",
        "@tmp",                                                            /* Synology */
        "@Recycle",     "@Recently-Snapshot",                              /* QNAP */
        "~snapshot",                                                       /* NetApp */
        "$RECYCLE.BIN", "RECYCLER",           "System Volume Information", /* Windows */
        "__MACOSX",                                                        /* macOS, in archives */
        "lost+found",
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcasecmp(name, names[i]))
            return true;
    return false;
}

/* A glob with a slash in it is about the path below the folder that was named, one without about the name alone; one
 * that ends with a slash about folders alone. */
static bool is_named_by(const char *glob, const char *name, const char *below, bool is_dir)
{
    char *plain = NULL;
    size_t n = strlen(glob);
    const bool only_dirs = n > 1 && glob[n - 1] == '/';
    bool yes;

    if (only_dirs && !is_dir)
        return false;
    if (only_dirs && !(plain = strndup(glob, n - 1)))
        return false;
    glob = plain ? plain : glob;
    yes = strchr(glob, '/') ? !fnmatch(glob, below, FNM_PATHNAME) : !fnmatch(glob, name, 0);
    free(plain);
    return yes;
}

static fc_status is_excluded(const fc_folder *f, const fc_texts *globs, const char *name, bool is_dir,
                             bool *yes, fc_error *err)
{
    char *path;

    *yes = false;
    if (!globs || !globs->n)
        return FC_OK;
    if (!(path = fc_folder_join(f->path, name)))
        return fc_fail_nomem(err, strlen(f->path) + 1);
    for (size_t i = 0; !*yes && i < globs->n; i++)
        *yes = is_named_by(globs->text[i], name, path + f->root, is_dir);
    free(path);
    return FC_OK;
}

/* ---- one folder ---- */

void fc_folder_free(fc_folder *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < f->n; i++)
        free(f->entry[i].name);
    free(f->entry);
    free(f->an_other);
    free(f->path);
    free(f);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const fc_folder_entry *)a)->name, ((const fc_folder_entry *)b)->name);
}

static fc_status add_entry(fc_folder *f, const fc_folder_entry *e, fc_error *err)
{
    fc_status grown = fc_grow(&f->entry, f->n + 1, &f->cap, sizeof *f->entry, err);

    if (grown)
        return grown;
    f->entry[f->n] = *e;
    if (!(f->entry[f->n].name = strdup(e->name)))
        return fc_fail_nomem(err, strlen(e->name) + 1);
    f->n++;
    return FC_OK;
}

/* Keeps count of a file that is no picture by its name. */
static fc_status pass_over(fc_folder *f, const char *name, fc_error *err)
{
    f->others++;
    if (f->an_other && strcmp(f->an_other, name) < 0)
        return FC_OK;
    free(f->an_other);
    f->an_other = strdup(name);
    return f->an_other ? FC_OK : fc_fail_nomem(err, strlen(name) + 1);
}

/* Whether it is a folder, or a link that leads to one. */
static void look_at(fc_folder_entry *e, int fd, const struct dirent *d)
{
    struct stat st;

    *e = (fc_folder_entry){
        .name = (char *)d->d_name, .is_dir = d->d_type == DT_DIR, .is_link = d->d_type == DT_LNK};
    if (d->d_type == DT_UNKNOWN && !fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW)) {
        e->is_link = S_ISLNK(st.st_mode);
        e->is_dir = S_ISDIR(st.st_mode);
    }
    if (e->is_link && !fstatat(fd, d->d_name, &st, 0))
        e->is_dir = S_ISDIR(st.st_mode);
}

static fc_status take_entry(fc_folder *f, int fd, const struct dirent *d, bool dirs, const fc_texts *exclude,
                            fc_error *err)
{
    fc_folder_entry e;
    bool excluded;
    fc_status s;

    if (d->d_name[0] == '.' || is_of_a_system(d->d_name))
        return FC_OK;
    look_at(&e, fd, d);
    s = is_excluded(f, exclude, e.name, e.is_dir, &excluded, err);
    if (s || excluded || (e.is_dir && !dirs))
        return s;
    if (!e.is_dir && !fc_is_picture_name(e.name))
        return pass_over(f, e.name, err);
    f->pictures += !e.is_dir;
    return add_entry(f, &e, err);
}

/* Takes path. */
static fc_status folder_open(fc_folder **out, char *path, size_t root, bool dirs, const fc_texts *exclude,
                             fc_error *err)
{
    fc_folder *f = calloc(1, sizeof *f);
    struct stat st;
    DIR *d = NULL;
    fc_status s = FC_OK;

    *out = NULL;
    if (!f || !path) {
        free(path);
        free(f);
        return fc_fail_nomem(err, sizeof *f);
    }
    f->path = path;
    f->root = root;
    d = opendir(path);
    if (!d || fstat(dirfd(d), &st)) {
        s = fc_fail_errno(err, path);
        goto out;
    }
    f->dev = st.st_dev;
    f->ino = st.st_ino;
    for (;;) {
        errno = 0;
        const struct dirent *e = readdir(d);
        if (!e && errno)
            s = fc_fail_errno(err, path);
        if (!e || s)
            break;
        s = take_entry(f, dirfd(d), e, dirs, exclude, err);
    }
    if (f->n)
        qsort(f->entry, f->n, sizeof *f->entry, by_name);
out:
    if (d)
        closedir(d);
    if (s)
        fc_folder_free(f);
    else
        *out = f;
    return s;
}

static void drop_pictures(fc_folder *f, const fc_teller *teller)
{
    const char *first = NULL;
    size_t kept = 0;

    for (size_t i = 0; i < f->n && !first; i++)
        first = f->entry[i].is_dir ? NULL : f->entry[i].name;
    if (first)
        fc_tell(
            teller,
            "%s: %zu picture%s in the folder itself, such as %s, passed over: the folders in it say whose "
            "one is",
            f->path, f->pictures, f->pictures == 1 ? "" : "s", first);
    for (size_t i = 0; i < f->n; i++) {
        if (f->entry[i].is_dir)
            f->entry[kept++] = f->entry[i];
        else
            free(f->entry[i].name);
    }
    f->n = kept;
    f->pictures = 0;
}

fc_status fc_folder_open_top(fc_folder **out, const char *path, const struct fc_folder_rules *rules,
                             fc_error *err)
{
    char *base = fc_folder_join(rules->base ? rules->base : path, ""); /* with one slash at its end */
    const size_t root = base ? strlen(base) : 0;
    fc_status s;

    *out = NULL;
    free(base);
    if (!base)
        return fc_fail_nomem(err, strlen(path) + 1);
    s = folder_open(out, strdup(path), root, rules->recursive, rules->exclude, err);
    if (!s && rules->people)
        drop_pictures(*out, rules->teller);
    return s;
}

/* ---- a tree ---- */

/* A folder that was read. */
struct place {
    dev_t dev;
    ino_t ino;
    bool by_link;
};

struct fc_walk {
    struct fc_folder_rules rules;
    fc_folder *top; /* of the stack */
    void *read;     /* tsearch of struct place */
    size_t found, others;
    char *an_other; /* owned */
};

static int by_place(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    if (x->dev != y->dev)
        return x->dev < y->dev ? -1 : 1;
    return x->ino < y->ino ? -1 : x->ino > y->ino;
}

/* Whether the folder was read before. Without a link on the way to it, it can only have been through one: a file
 * system that gives an inode's number twice costs nobody a folder as long as there are no links. */
static fc_status note_place(fc_walk *w, const fc_folder *f, bool *again, fc_error *err)
{
    struct place *p = malloc(sizeof *p), **found;

    if (!p)
        return fc_fail_nomem(err, sizeof *p);
    *p = (struct place){f->dev, f->ino, f->by_link};
    found = tsearch(p, &w->read, by_place);
    *again = found && *found != p && (f->by_link || (*found)->by_link);
    if (found && *found != p)
        free(p);
    if (!found)
        free(p);
    return found ? FC_OK : fc_fail_nomem(err, sizeof *p);
}

static fc_status count_others(fc_walk *w, const fc_folder *f, fc_error *err)
{
    w->others += f->others;
    if (w->an_other || !f->an_other)
        return FC_OK;
    w->an_other = strdup(f->an_other);
    return w->an_other ? FC_OK : fc_fail_nomem(err, strlen(f->an_other) + 1);
}

/* Pushes a folder; path is taken. */
static fc_status enter(fc_walk *w, char *path, bool is_link, fc_error *err)
{
    const size_t root = w->top ? w->top->root : 0;
    fc_folder *f;
    bool again = false;
    fc_status s = folder_open(&f, path, root, w->rules.recursive, w->rules.exclude, err);

    if (s)
        return s;
    f->by_link = w->top && (is_link || w->top->by_link);
    if ((s = note_place(w, f, &again, err)) || again || (s = count_others(w, f, err))) {
        fc_folder_free(f);
        return s;
    }
    f->parent = w->top;
    w->top = f;
    return FC_OK;
}

fc_status fc_walk_new(fc_walk **out, const char *path, const struct fc_folder_rules *rules, fc_error *err)
{
    fc_walk *w = calloc(1, sizeof *w);
    bool again = false;
    fc_status s = w ? fc_folder_open_top(&w->top, path, rules, err) : fc_fail_nomem(err, sizeof *w);

    *out = NULL;
    if (!s) {
        w->rules = *rules;
        s = note_place(w, w->top, &again, err);
    }
    if (!s)
        s = count_others(w, w->top, err);
    if (s)
        fc_walk_free(w);
    else
        *out = w;
    return s;
}

void fc_walk_free(fc_walk *w)
{
    if (!w)
        return;
    while (w->top) {
        fc_folder *f = w->top;
        w->top = f->parent;
        fc_folder_free(f);
    }
    tdestroy(w->read, free);
    free(w->an_other);
    free(w);
}

/* The last folder of the stack is done. */
static void no_pictures(const fc_walk *w, const fc_folder *f, fc_error *fault)
{
    const char *hint = w->rules.recursive ? "" : " (-r looks in the folders in it)";

    if (w->others)
        fc_fail(fault, FC_EEMPTY, "%s: no pictures in this folder, but %zu other file%s, such as %s%s",
                f->path, w->others, w->others == 1 ? "" : "s", w->an_other, hint);
    else
        fc_fail(fault, FC_EEMPTY, "%s: no pictures in this folder%s", f->path, hint);
}

static fc_status next_in_top(fc_walk *w, char **path, fc_error *fault, fc_error *err)
{
    fc_folder *f = w->top;
    const fc_folder_entry *e = &f->entry[f->next++];
    char *full = fc_folder_join(f->path, e->name);
    fc_status s;

    if (full && !e->is_dir) {
        *path = full;
        w->found++;
        return FC_OK;
    }
    char *name = full ? strdup(full) : NULL;
    if (!name) {
        free(full);
        return fc_fail_nomem(err, strlen(f->path) + 1);
    }
    s = enter(w, full, e->is_link, fault);
    if (!s || s == FC_ENOMEM) {
        free(name);
        return s ? fc_fail(err, s, "%s", fault->message) : FC_OK;
    }
    *path = name;
    w->found++;
    return FC_OK;
}

fc_status fc_walk_next(fc_walk *w, char **path, fc_error *fault, fc_error *err)
{
    *path = NULL;
    *fault = (fc_error){0};
    while (w->top) {
        fc_folder *f = w->top;
        if (f->next < f->n) {
            fc_status s = next_in_top(w, path, fault, err);
            if (s || *path)
                return s;
            continue;
        }
        if (!f->parent && w->found == 0) {
            no_pictures(w, f, fault);
            w->found++;
            *path = strdup(f->path);
            return *path ? FC_OK : fc_fail_nomem(err, strlen(f->path) + 1);
        }
        w->top = f->parent;
        fc_folder_free(f);
    }
    return FC_END;
}
