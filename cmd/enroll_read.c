#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/folder.h"
#include "base/grow.h"
#include "enroll.h"
#include "pipeline/folders.h"
#include "say.h"

/* A person's folder. */
struct person {
    const fc_folder_entry *entry;
    dev_t dev;
    ino_t ino;
    const char *same_as; /* the name of the one that is taken in its place; NULL: none */
};

static int by_place(const void *a, const void *b)
{
    const struct person *x = *(struct person *const *)a, *y = *(struct person *const *)b;

    if (x->dev != y->dev)
        return x->dev < y->dev ? -1 : 1;
    if (x->ino != y->ino)
        return x->ino < y->ino ? -1 : 1;
    return strcmp(x->entry->name, y->entry->name);
}

/* A folder that has a second name by a link would be two people with the same photos: the first name counts.
 * place [n]: by_place. */
static void find_seconds(struct person **place, size_t n)
{
    for (size_t i = 1, first = 0; i < n; i++) {
        if (place[i]->dev != place[first]->dev || place[i]->ino != place[first]->ino)
            first = i;
        else if (place[i]->entry->is_link || place[first]->entry->is_link)
            place[i]->same_as = place[first]->entry->name;
    }
}

static fc_status add_folder(source *s, const char *name, fc_error *err)
{
    fc_status grown = fc_grow(&s->folder, s->nfolders + 1, &s->folder_cap, sizeof *s->folder, err);

    if (grown)
        return grown;
    if (!(s->folder[s->nfolders] = strdup(name)))
        return fc_fail_nomem(err, strlen(name) + 1);
    s->nfolders++;
    return FC_OK;
}

static fc_status add_people(source *s, const fc_folder *f, struct person *person, struct person **place,
                            fc_error *err)
{
    const bool quiet = s->args->common.run.quiet;
    size_t n = 0;
    fc_status st = FC_OK;

    for (size_t i = 0; i < f->n; i++) {
        char *path = fc_folder_join(f->path, f->entry[i].name);
        struct stat is;
        person[n] = (struct person){.entry = &f->entry[i]};
        if (path && !stat(path, &is)) {
            person[n].dev = is.st_dev;
            person[n].ino = is.st_ino;
            place[n] = &person[n];
            n++;
        }
        free(path);
    }
    qsort(place, n, sizeof *place, by_place);
    find_seconds(place, n);
    for (size_t i = 0; !st && i < n; i++) {
        const char *name = person[i].entry->name;
        char *path = person[i].same_as && !quiet ? fc_folder_join(f->path, name) : NULL;
        if (path)
            say("%s: is the same folder as %s, and passed over", path, person[i].same_as);
        else if (!person[i].same_as)
            st = add_folder(s, name, err);
        free(path);
    }
    return st;
}

static fc_status list_folders(source *s, const char *dir, fc_error *err)
{
    const struct fc_folder_rules rules = {.people = true,
                                          .teller = s->args->common.run.quiet ? NULL : &say_teller,
                                          .recursive = true,
                                          .exclude = &s->input.exclude};
    fc_folder *f;
    fc_status st = fc_folder_open_top(&f, dir, &rules, err);

    if (st)
        return st;
    struct person *person = calloc(f->n + 1, sizeof *person), **place = calloc(f->n + 1, sizeof *place);
    st = person && place ? add_people(s, f, person, place, err) : fc_fail_nomem(err, f->n * sizeof *person);
    if (!st && s->nfolders == 0)
        st = fc_fail(err, FC_EEMPTY, "%s: no folders in it; --from-dirs wants one for each person", dir);
    free(place);
    free(person);
    fc_folder_free(f);
    return st;
}

fc_status source_open(source *s, const struct enroll_args *args, char **operands, int n, fc_error *err)
{
    *s = (source){.args = args, .input = args->common.input};
    if (!args->from_dirs)
        return fc_source_open(&s->in, &s->input, operands, n, err);
    s->input.base = args->from_dirs;
    if (args->id || n > 0 || args->common.input.files_from)
        return fc_fail(
            err, FC_EUSAGE,
            "--from-dirs: names people and photos; --id, operands and --files-from do not go with it");
    return list_folders(s, args->from_dirs, err);
}

void source_interrupt(source *s)
{
    if (!s->args->from_dirs) /* reading folders waits for nothing */
        fc_source_interrupt(s->in);
}

void source_close(source *s)
{
    fc_source_close(s->in);
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
    if (!(s->path = fc_folder_join(s->args->from_dirs, s->folder[s->next++])))
        return fc_fail_nomem(err, 0);
    return fc_source_open(&s->in, &s->input, &s->path, 1, err);
}

fc_status source_next(source *s, fc_item **it, char **name, fc_error *err)
{
    const char *id = s->args->id;
    fc_input in;
    fc_status st = FC_OK;

    *name = NULL;
    for (;;) {
        if (!s->in)
            st = next_folder(s, err);
        if (!st)
            st = fc_source_next(s->in, &in, err);
        if (st != FC_END || !s->in || !s->args->from_dirs)
            break;
        fc_source_close(s->in);
        s->in = NULL;
        st = FC_OK;
    }
    if (st)
        return st;
    if (s->args->from_dirs)
        id = s->folder[s->next - 1];
    if (!id && (in.kind == FC_INPUT_PATH || in.kind == FC_INPUT_BYTES)) {
        st = fc_fail(err, FC_EUSAGE, "%s: whose picture? (--id NAME, or --from-dirs)", in.path);
        fc_input_clear(&in);
        return st;
    }
    st = fc_item_new(it, &in, (fc_face_choice)s->args->common.detect.faces, err);
    if (!st && id && !(*name = strdup(id))) {
        fc_item_free(*it);
        st = fc_fail_nomem(err, strlen(id) + 1);
    }
    return st;
}
