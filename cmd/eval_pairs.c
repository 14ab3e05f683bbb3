/* A list of pairs, and its pictures. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codec.h"
#include "pipeline/record.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/folder.h"
#include "eval_pairs.h"
#include "pipeline/folders.h"

enum { MAX_PAIRS_FILE = 1 << 28 };

/* Whether name is stem (of n bytes) with one ending. */
static bool has_stem(const char *name, const char *stem, size_t n)
{
    return !strncmp(name, stem, n) && name[n] == '.' && !strchr(name + n + 1, '.');
}

/* The picture of the list, NAME/NAME_0001.jpg, where that is not there: the one in its folder that has another ending.
 * *path is as it was where there is none. */
static fc_status find_picture(char **path, fc_error *err)
{
    static const struct fc_folder_rules rules;
    char *slash = strrchr(*path, '/'), *found = NULL;
    const char *stem = slash + 1, *name = NULL;
    fc_folder *f;
    fc_status s = FC_OK;

    if (!access(*path, F_OK))
        return FC_OK;
    *slash = '\0';
    const fc_status opened = fc_folder_open_top(&f, *path, &rules, NULL);
    for (size_t i = 0; !s && !opened && i < f->n; i++) {
        if (!has_stem(f->entry[i].name, stem, strlen(stem) - strlen(".jpg")))
            continue;
        if (name)
            s = fc_fail(err, FC_EDATA, "%s: %s and %s are there; which of them is %s?", *path, name,
                        f->entry[i].name, stem);
        name = f->entry[i].name;
    }
    if (!s && name && !(found = fc_folder_join(*path, name)))
        s = fc_fail_nomem(err, strlen(*path) + 1);
    if (!opened)
        fc_folder_free(f);
    *slash = '/';
    if (found) {
        free(*path);
        *path = found;
    }
    return s;
}

/* Where each picture of the list is. That one is missing is counted; that all are is a mistake. */
static fc_status find_pictures(const char *root, const char *list, const fc_pairs *p, char **path,
                               fc_error *err)
{
    size_t there = 0;
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < p->nimages; i++) {
        if (!(path[i] = fc_folder_join(root, p->image[i])))
            return fc_fail_nomem(err, strlen(root) + 1);
        s = find_picture(&path[i], err);
        there += !s && !access(path[i], F_OK);
    }
    if (!s && p->nimages && !there)
        s = fc_fail(err, FC_EMISSING,
                    "%s: no picture that %s names is there, neither %s nor one with another ending", root,
                    list, p->image[0]);
    return s;
}

fc_status eval_read_pairs(const char *root, const char *list, fc_pairs *p, char hash[FC_SHA256_HEX],
                          char ***path, fc_error *err)
{
    fc_bytes text = {0};
    fc_status s = fc_bytes_read_named(&text, list, MAX_PAIRS_FILE, err);

    if (!s)
        s = fc_pairs_parse(p, (const char *)text.data, text.n, list, err);
    if (!s)
        fc_sha256_hex(hash, text.data, text.n);
    fc_bytes_clear(&text);
    if (s)
        return s;
    if (p->folds < 2)
        return fc_fail(err, FC_EDATA,
                       "%s: one fold; thresholds come from the other folds, so that two are wanted", list);
    if (!(*path = calloc(p->nimages + 1, sizeof **path)))
        return fc_fail_nomem(err, p->nimages * sizeof **path);
    return find_pictures(root, list, p, *path, err);
}
