#include "option_parts.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/outputs.h"

/* Calls f with the value of each option of that kind which has one. */
static fc_status each_value(const program *p, option_kind kind, fc_status (*f)(const char *, fc_error *),
                            fc_error *err)
{
    fc_status s = FC_OK;

    for (const option_group *g = p->groups; g->title; g++) {
        for (const option *o = g->options; !s && o->name; o++) {
            const char *value = o->kind == kind ? *(const char **)((char *)g->args + o->at) : NULL;
            s = value ? f(value, err) : FC_OK;
        }
    }
    return s;
}

/* Words that are no files, such as names of people, count as operands only where all of them are files. */
static fc_status spare_inputs(const program *p, char **argv, int n, fc_error *err)
{
    struct stat st;
    fc_status s = each_value(p, OPTION_FILE, fc_outputs_spare_name, err);

    for (int i = 0; !s && !p->commands && i < n; i++)
        s = fc_outputs_spare_name(argv[i], err);
    if (!s && !fstat(STDIN_FILENO, &st))
        s = fc_outputs_spare(&st, "stdin", err);
    return s;
}

fc_status options_add_output(const program *p, const char *path, char **argv, int n, fc_error *err)
{
    fc_status s = fc_outputs_add(path, err);

    return s ? s : spare_inputs(p, argv, n, err);
}

/* Told now, and not when what is to be written is done. */
static fc_status refuse_folders(const program *p, fc_error *err)
{
    struct stat st;

    for (const option_group *g = p->groups; g->title; g++)
        for (const option *o = g->options; o->name; o++) {
            const char *path = o->kind == OPTION_OUTPUT ? *(const char **)((char *)g->args + o->at) : NULL;
            if (path && !strstr(o->arg, "DIR") && !stat(path, &st) && S_ISDIR(st.st_mode)) {
                errno = EISDIR;
                return fc_fail_errno(err, path);
            }
        }
    return FC_OK;
}

fc_status options_guard_inputs(const program *p, char **argv, int n, fc_error *err)
{
    fc_status s = refuse_folders(p, err);

    if (!s)
        s = each_value(p, OPTION_OUTPUT, fc_outputs_add, err);
    return s || !fc_outputs_any() ? s : spare_inputs(p, argv, n, err);
}
