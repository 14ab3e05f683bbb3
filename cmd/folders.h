/* What lies in folders: the pictures of a tree, and the folders of people. */
#ifndef CMD_FOLDERS_H
#define CMD_FOLDERS_H
#include <sys/types.h>

#include "options.h"

struct folder_rules {
    bool people; /* the folder has one for each person: pictures beside those are nobody's, and passed over */
    bool quiet;  /* without a message */
    bool recursive; /* go into the folders of a folder; links to folders, too, but each folder once */
    const option_texts *exclude; /* globs; may be NULL */
    const char *base; /* the folder below which globs with a slash name paths; NULL: the one that is walked */
};

/* One folder, without what is passed over: hidden names, those that systems give to folders of their own (@eaDir ...),
 * what a glob names, and files that do not have the name of a picture. */
typedef struct folder_entry {
    char *name; /* owned */
    bool is_dir, is_link;
} folder_entry;
typedef struct folder {
    char *path;          /* owned */
    size_t root;         /* bytes of path up to where globs with a slash begin to count */
    folder_entry *entry; /* [n], sorted by name; owned */
    size_t n, cap, next;
    size_t pictures;
    size_t others;  /* files with other names */
    char *an_other; /* one of them, the first by name; owned */
    dev_t dev;      /* which folder it is */
    ino_t ino;
    bool by_link; /* reached through a link below the folder that was named */
    struct folder *parent;
} folder;
/* rules->recursive: the folders in it, too. FC_ENOMEM ends the run; other failures are the folder's. */
fc_status folder_open_top(folder **out, const char *path, const struct folder_rules *rules, fc_error *err);
void folder_free(folder *f);
/* dir/name, to be freed; NULL when memory is out. */
char *folder_join(const char *dir, const char *name);

/* A folder and what is below it, in order of name. */
typedef struct walk walk;
fc_status walk_new(walk **out, const char *path, const struct folder_rules *rules, fc_error *err);
/* The next picture's path, to be freed; with fault->status set, that of a folder that cannot be read, or of the whole
 * one when it has no picture. FC_END: no more. */
fc_status walk_next(walk *w, char **path, fc_error *fault, fc_error *err);
void walk_free(walk *w);

#endif
