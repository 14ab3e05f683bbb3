/* What lies in folders: the pictures of a tree, and the folders of people. */
#ifndef FC_PIPELINE_FOLDERS_H
#define FC_PIPELINE_FOLDERS_H
#include <sys/types.h>

#include "base/tell.h"
#include "facecheck.h"

struct fc_folder_rules {
    bool people; /* the folder has one for each person: pictures beside those are nobody's, and passed over */
    const fc_teller *teller; /* hears of that; NULL: nobody */
    bool recursive; /* go into the folders of a folder; links to folders, too, but each folder once */
    const fc_texts *exclude; /* globs; may be NULL */
    const char *base; /* the folder below which globs with a slash name paths; NULL: the one that is walked */
};

/* One folder, without what is passed over: hidden names, those that systems give to folders of their own (@eaDir ...),
 * what a glob names, and files that do not have the name of a picture. */
typedef struct fc_folder_entry {
    char *name; /* owned */
    bool is_dir, is_link;
} fc_folder_entry;
typedef struct fc_folder {
    char *path;             /* owned */
    size_t root;            /* bytes of path up to where globs with a slash begin to count */
    fc_folder_entry *entry; /* [n], sorted by name; owned */
    size_t n, cap, next;
    size_t pictures;
    size_t others;  /* files with other names */
    char *an_other; /* one of them, the first by name; owned */
    dev_t dev;      /* which folder it is */
    ino_t ino;
    bool by_link; /* reached through a link below the folder that was named */
    struct fc_folder *parent;
} fc_folder;
/* rules->recursive: the folders in it, too. FC_ENOMEM ends the run; other failures are the folder's. */
fc_status fc_folder_open_top(fc_folder **out, const char *path, const struct fc_folder_rules *rules,
                             fc_error *err);
void fc_folder_free(fc_folder *f);

/* A folder and what is below it, in order of name. */
typedef struct fc_walk fc_walk;
fc_status fc_walk_new(fc_walk **out, const char *path, const struct fc_folder_rules *rules, fc_error *err);
/* The next picture's path, to be freed; with fault->status set, that of a folder that cannot be read, or of the whole
 * one when it has no picture. FC_END: no more. */
fc_status fc_walk_next(fc_walk *w, char **path, fc_error *fault, fc_error *err);
void fc_walk_free(fc_walk *w);

#endif
