#include "base/module.h"

#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

/* The real path of the program or library that this code is linked into. */
static char *own_path(void)
{
    struct link_map *map = NULL;
    Dl_info info;

    if (!dladdr1((void *)fc_module_need, &info, (void **)&map, RTLD_DL_LINKMAP) || !map)
        return NULL;
    return realpath(*map->l_name ? map->l_name : "/proc/self/exe", NULL);
}

static bool is_file(const char *path)
{
    return access(path, R_OK) == 0;
}

/* In the build tree, for a program that is in it. Elsewhere the tree's path means nothing: anybody might have put a file
 * there. */
static bool find_built(char path[PATH_MAX], const char *file, const char *own)
{
#ifdef FC_MODULE_BUILD_ROOT
    static const char build[] = FC_MODULE_BUILD_ROOT "/";

    if (!own || strncmp(own, build, sizeof build - 1) != 0)
        return false;
    snprintf(path, PATH_MAX, "%s/%s", FC_MODULE_BUILD_DIR, file);
    return is_file(path);
#else
    (void)path;
    (void)file;
    (void)own;
    return false;
#endif
}

bool fc_module_file(char *path, const char *file)
{
    char *own = own_path();
    bool found = find_built(path, file, own);

    /* PREFIX/bin/x, PREFIX/libexec/facecheck/x and PREFIX/lib/TRIPLET/x.so are at most three levels down. */
    for (int up = 0; own && !found && up < 4; up++) {
        char *slash = strrchr(own, '/');
        if (!slash)
            break;
        *slash = '\0';
        found = snprintf(path, PATH_MAX, "%s/%s/facecheck/%s", own, FC_MODULE_LIBDIR, file) < PATH_MAX &&
                is_file(path);
    }
    free(own);
    if (!found) {
        snprintf(path, PATH_MAX, "%s/facecheck/%s", FC_MODULE_FULL_LIBDIR, file);
        found = is_file(path);
    }
    return found;
}

/* The Debian package that has a module, without "facecheck-": FC_PART_ in CMakeLists.txt. */
static const char *package_of(const char *name)
{
    if (!strcmp(name, "dnn") || !strcmp(name, "grabcut"))
        return "opencv";
    return !strcmp(name, "formats") || !strcmp(name, "heif") ? NULL : name;
}

static fc_status not_installed(const char *name, fc_error *err)
{
    const char *part = package_of(name);

    if (!part)
        return fc_fail(err, FC_EUNSUPPORTED, "the module facecheck-%s.so is not installed", name);
    return fc_fail(err, FC_EUNSUPPORTED,
                   "the module facecheck-%s.so is not installed; the package facecheck-%s has it", name,
                   part);
}

static fc_status load(void **so, const char *name, fc_error *err)
{
    char path[PATH_MAX], file[64];

    snprintf(file, sizeof file, "facecheck-%s.so", name);
    if (!fc_module_file(path, file))
        return not_installed(name, err);
    *so = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    return *so ? FC_OK : fc_fail(err, FC_EUNSUPPORTED, "%s", dlerror());
}

static fc_status get_table(const void **out, const char *name, fc_error *err)
{
    const char *built_for = NULL;
    char symbol[64];
    void *so = NULL, *table;
    fc_status s = load(&so, name, err);

    if (s)
        return s;
    snprintf(symbol, sizeof symbol, "fc_%s", name);
    table = dlsym(so, symbol);
    if (table)
        memcpy(&built_for, table, sizeof built_for);
    if (!built_for || strcmp(built_for, FC_VERSION) != 0)
        return fc_fail(err, FC_EUNSUPPORTED, "the module facecheck-%s.so is of another version", name);
    *out = table;
    return FC_OK;
}

fc_status fc_module_need(fc_module *m, fc_error *err)
{
    pthread_mutex_lock(&m->lock);
    if (!m->tried && m->absent)
        fc_fail(&m->fault, FC_EUNSUPPORTED, "%s", m->absent);
    else if (!m->tried)
        get_table(&m->table, m->name, &m->fault);
    m->tried = true;
    pthread_mutex_unlock(&m->lock);
    return m->table ? FC_OK : fc_fail(err, m->fault.status, "%s", m->fault.message);
}
