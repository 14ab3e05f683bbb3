#include "base/cgroup.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return !a || (b && b < a) ? b : a;
}

/* Of the group at path below mount and of its ancestors. A container sees its own group at the mount whatever the
 * path says, and folders that are not there have no limit. */
static uint64_t least_on_path(const char *mount, char *path, fc_cgroup_limit_fn *limit)
{
    char dir[PATH_MAX];
    uint64_t best = 0;

    for (;;) {
        snprintf(dir, sizeof dir, "%s%s", mount, path);
        best = lesser(best, limit(dir));
        char *slash = strrchr(path, '/');
        if (!slash)
            return best;
        *slash = '\0';
    }
}

/* True if name is one of the comma-separated words of list. */
static bool has_word(const char *list, const char *name)
{
    size_t n = strlen(name);

    for (const char *p = list; p; p = strchr(p, ',')) {
        p += *p == ',';
        if (!strncmp(p, name, n) && (p[n] == ',' || p[n] == '\0'))
            return true;
    }
    return false;
}

/* /proc/self/cgroup has lines "ID:CONTROLLERS:PATH", the controllers empty for version 2. */
uint64_t fc_cgroup_least(const char *controller, fc_cgroup_limit_fn *limit)
{
    char mount[64], *line = NULL;
    size_t cap = 0;
    uint64_t best = 0;
    FILE *f = fopen("/proc/self/cgroup", "re");

    if (!f)
        return 0;
    snprintf(mount, sizeof mount, "/sys/fs/cgroup/%s", controller);
    while (getline(&line, &cap, f) > 0) {
        char *words = strchr(line, ':'), *path = words ? strchr(words + 1, ':') : NULL;
        if (!path)
            continue;
        *path++ = '\0';
        words++;
        path[strcspn(path, "\n")] = '\0';
        if (!*words)
            best = lesser(best, least_on_path("/sys/fs/cgroup", path, limit));
        else if (has_word(words, controller))
            best = lesser(best, least_on_path(mount, path, limit));
    }
    free(line);
    fclose(f);
    return best;
}
