#include "plot/names.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/folder.h"
#include "base/text.h"

/* A name in the folder that was given away, and how many times it was asked for. */
struct taken {
    char *name; /* owned */
    int times;
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct taken *)a)->name, ((const struct taken *)b)->name);
}

static void free_taken(void *p)
{
    free(((struct taken *)p)->name);
    free(p);
}

/* The entry of name, which is taken; NULL: no memory. *fresh: it is a new one. */
static struct taken *take_name(void **names, char *name, bool *fresh)
{
    struct taken *t = malloc(sizeof *t), **found = NULL;

    if (t)
        *t = (struct taken){name, 1};
    if (t)
        found = tsearch(t, names, compare_names);
    *fresh = found && *found == t;
    if (!*fresh) {
        free(t);
        free(name);
    }
    return found ? *found : NULL;
}

/* Characters of a file's name that nobody sees, or a terminal acts on, are underscores in that of its drawing. */
static void make_plain(char *name)
{
    for (size_t n = strlen(name), step; n; n -= step, name += step) {
        step = fc_utf8_char(name, n);
        if (step && fc_text_shows(name, step))
            continue;
        memset(name, '_', step ? step : 1);
        step = step ? step : 1;
    }
}

fc_status fc_names_next(char **out, fc_names *n, const char *source, const char *ending, fc_error *err)
{
    const char *slash = strrchr(source, '/'), *base = slash ? slash + 1 : source, *dot = strrchr(base, '.');
    int stem = (int)(dot && dot > base ? (size_t)(dot - base) : strlen(base));
    struct taken *first = NULL;
    bool fresh = false;

    *out = NULL;
    for (int copy = 1; !fresh; copy++) {
        char number[16] = "", *name;
        if (copy > 1)
            snprintf(number, sizeof number, "-%d", copy);
        if (asprintf(&name, "%.*s%s.%s", stem, base, number, ending) < 0)
            return fc_fail_nomem(err, strlen(source) + 1);
        make_plain(name);
        struct taken *t = take_name(&n->taken, name, &fresh);
        if (!t)
            return fc_fail_nomem(err, strlen(source) + 1);
        if (!first && !fresh) {
            first = t;
            copy = t->times; /* those before were given away */
        } else if (first) {
            first->times = copy;
        }
        if (fresh)
            *out = fc_folder_join(n->folder, t->name);
    }
    return *out ? FC_OK : fc_fail_nomem(err, strlen(source) + 1);
}

void fc_names_clear(fc_names *n)
{
    tdestroy(n->taken, free_taken);
    n->taken = NULL;
}
