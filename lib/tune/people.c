#include "tune/people.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/folder.h"
#include "base/grow.h"
#include "base/tell.h"
#include "pipeline/folders.h"

static void photo_clear(fc_tune_photo *p)
{
    free(p->path);
    free(p->data);
}

void fc_tune_people_clear(fc_tune_people *p)
{
    for (size_t i = 0; i < p->people; i++)
        free(p->name[i]);
    for (size_t i = 0; i < p->n; i++)
        photo_clear(&p->photo[i]);
    free(p->name);
    free(p->photo);
    *p = (fc_tune_people){0};
}

/* ---- finding ---- */

/* A folder, and whose it is. */
struct home {
    char *name; /* owned; NULL: another's */
    const char *folder;
};

static int by_name(const void *a, const void *b)
{
    const struct home *x = a, *y = b;
    const int d = strcmp(x->name, y->name);

    return d ? d : strcmp(x->folder, y->folder);
}

static fc_status add_photos(fc_tune_people *p, const char *folder, const struct fc_folder_rules *rules,
                            const fc_teller *teller, fc_error *err)
{
    fc_walk *w;
    fc_status s = fc_walk_new(&w, folder, rules, err);

    while (!s) {
        char *path;
        fc_error fault = {.status = FC_OK};
        if ((s = fc_walk_next(w, &path, &fault, err)))
            break;
        if (fault.status) {
            fc_tell(teller, "%s", fault.message);
            free(path);
            continue;
        }
        s = fc_grow(&p->photo, p->n + 1, &p->cap, sizeof *p->photo, err);
        if (s)
            free(path);
        else
            p->photo[p->n++] = (fc_tune_photo){.path = path, .person = p->people - 1};
    }
    fc_walk_free(w);
    return s == FC_END ? FC_OK : s;
}

/* Takes the name of who is new. */
static fc_status add_home(fc_tune_people *p, struct home *h, const struct home *before, const char *dir,
                          const struct fc_folder_rules *rules, const fc_teller *teller, fc_error *err)
{
    const bool same = before && !strcmp(p->name[p->people - 1], h->name);
    char *folder = NULL;
    fc_status s = FC_OK;

    if (same) {
        fc_tell(teller, "%s: %s and %s are one person's folders: their names differ in Unicode's form alone",
                dir, before->folder, h->folder);
    } else if (!(s = fc_grow(&p->name, p->people + 1, &p->people_cap, sizeof *p->name, err))) {
        p->name[p->people++] = h->name;
        h->name = NULL;
    }
    if (!s && !(folder = fc_folder_join(dir, h->folder)))
        s = fc_fail_nomem(err, strlen(dir) + strlen(h->folder));
    if (!s)
        s = add_photos(p, folder, rules, teller, err);
    free(folder);
    return s;
}

static fc_status find_homes(struct home *home, const fc_folder *f, fc_error *err)
{
    fc_error why;
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < f->n; i++) {
        home[i].folder = f->entry[i].name;
        if ((s = fc_name_check(home[i].folder, &why)))
            s = fc_fail(err, s == FC_EUSAGE ? FC_EDATA : s, "%s: a person's folder: %s", f->path,
                        why.message);
        else
            s = fc_name_normal(&home[i].name, home[i].folder, err);
    }
    return s;
}

fc_status fc_tune_people_find(fc_tune_people *out, const char *dir, const fc_source_options *given,
                              const fc_teller *teller, fc_error *err)
{
    const struct fc_folder_rules people = {
        .people = true, .teller = teller, .recursive = true, .exclude = given ? &given->exclude : NULL};
    const struct fc_folder_rules photos = {.recursive = true, .exclude = people.exclude, .base = dir};
    struct home *home;
    fc_folder *f;
    fc_status s = fc_folder_open_top(&f, dir, &people, err);

    *out = (fc_tune_people){0};
    if (s)
        return s;
    home = calloc(f->n + 1, sizeof *home);
    s = home ? find_homes(home, f, err) : fc_fail_nomem(err, f->n * sizeof *home);
    if (!s && !f->n)
        s = fc_fail(err, FC_EEMPTY, "%s: no folders in it; it wants one for each person", dir);
    if (!s)
        qsort(home, f->n, sizeof *home, by_name);
    for (size_t i = 0; !s && i < f->n; i++)
        s = add_home(out, &home[i], i ? &home[i - 1] : NULL, dir, &photos, teller, err);
    for (size_t i = 0; home && i < f->n; i++)
        free(home[i].name);
    free(home);
    fc_folder_free(f);
    if (s)
        fc_tune_people_clear(out);
    return s;
}

/* ---- sifting ---- */

static int by_content(const void *a, const void *b)
{
    const fc_tune_photo *x = *(fc_tune_photo *const *)a, *y = *(fc_tune_photo *const *)b;
    const int d = strcmp(x->sha256, y->sha256);

    return d ? d : (x > y) - (x < y);
}

static void drop(fc_tune_photo *p)
{
    free(p->data);
    p->data = NULL;
}

/* same [n]: of one content, in order. */
static void drop_copies(fc_tune_photo **same, size_t n, const fc_tune_people *p, const fc_teller *teller)
{
    size_t i = 1;

    while (i < n && same[i]->person == same[0]->person)
        i++;
    if (i < n) {
        fc_tell(teller, "%s is %s, which is a photo of %s, too: no copy of it is used", same[i]->path,
                same[0]->path, p->name[same[0]->person]);
        for (i = 0; i < n; i++)
            drop(same[i]);
        return;
    }
    for (i = 1; i < n; i++) {
        fc_tell(teller, "%s is %s once more, and passed over", same[i]->path, same[0]->path);
        drop(same[i]);
    }
}

static fc_status find_copies(fc_tune_people *p, const fc_teller *teller, fc_error *err)
{
    fc_tune_photo **list = calloc(p->n + 1, sizeof *list);
    size_t n = 0;

    if (!list)
        return fc_fail_nomem(err, p->n * sizeof *list);
    for (size_t i = 0; i < p->n; i++)
        if (p->photo[i].data)
            list[n++] = &p->photo[i];
    qsort(list, n, sizeof *list, by_content);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && !strcmp(list[end]->sha256, list[i]->sha256);)
            end++;
        drop_copies(list + i, end - i, p, teller);
    }
    free(list);
    return FC_OK;
}

/* A person's photos are together, and so they stay. */
static void drop_people(fc_tune_people *p, size_t least, const fc_teller *teller)
{
    size_t people = 0, photos = 0;

    for (size_t i = 0, at = 0; i < p->people; i++) {
        size_t good = 0, end = at;
        for (; end < p->n && p->photo[end].person == i; end++)
            good += p->photo[end].data != NULL;
        if (good < least)
            fc_tell(teller, "%s has %s, and is left out%s", p->name[i],
                    good == 0   ? "no usable photo"
                    : good == 1 ? "one usable photo"
                                : "too few usable photos",
                    good ? ": one is wanted for training, and one to see how well it went" : "");
        for (; at < end; at++) {
            if (good < least || !p->photo[at].data) {
                photo_clear(&p->photo[at]);
                continue;
            }
            p->photo[photos] = p->photo[at];
            p->photo[photos++].person = people;
        }
        if (good < least)
            free(p->name[i]);
        else
            p->name[people++] = p->name[i];
    }
    p->people = people;
    p->n = photos;
}

fc_status fc_tune_people_sift(fc_tune_people *p, size_t least, const fc_teller *teller, fc_error *err)
{
    const fc_status s = find_copies(p, teller, err);

    if (!s)
        drop_people(p, least, teller);
    return s;
}
