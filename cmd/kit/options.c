#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/suggest.h"
#include "option_parts.h"
#include "say.h"

static const option common_options[] = {
    {"help", 'h', .help = "print this help and exit"},
    {"version", .help = "print the version and exit"},
    {0},
};

const option_group options_of_all = {"Help", common_options, NULL};

struct found {
    const option *o;
    void *args;
};

static struct found find_in(const option_group *g, const char *name, size_t n, char letter)
{
    for (const option *o = g->options; o->name; o++)
        if (name ? strlen(o->name) == n && !strncmp(o->name, name, n) : o->letter == letter)
            return (struct found){o, g->args};
    return (struct found){0};
}

/* By name of n bytes, or by letter where name is NULL. */
static struct found find(const program *p, const char *name, size_t n, char letter)
{
    for (const option_group *g = p->groups; g->title; g++) {
        struct found f = find_in(g, name, n, letter);
        if (f.o)
            return f;
    }
    return find_in(&options_of_all, name, n, letter);
}

/* Help or version, when o is one of them. */
static bool answered(const program *p, const option *o)
{
    if (o == &common_options[0])
        options_print_help(p);
    else if (o == &common_options[1])
        printf("%s (facecheck) %s\n", p->name, fc_version());
    return o == &common_options[0] || o == &common_options[1];
}

static fc_status set_from_environment(const program *p, fc_error *err)
{
    for (const option_group *g = p->groups; g->title; g++) {
        for (const option *o = g->options; o->name; o++) {
            const char *value = o->env ? getenv(o->env) : NULL;
            fc_status s = value && *value ? option_set(o, g->args, o->env, value, err) : FC_OK;
            if (s)
                return s;
        }
    }
    return FC_OK;
}

/* The option's value, and where it takes two, the next argument. */
static fc_status set_values(const struct found *f, const char *named, const char *value, char **argv,
                            int argc, int *i, fc_error *err)
{
    fc_status s = option_set(f->o, f->args, named, value, err);

    if (s || f->o->kind != OPTION_INT_DIR)
        return s;
    if (*i + 1 >= argc)
        return fc_fail(err, FC_EUSAGE, "%s: want %s, got '%s' alone", named, f->o->arg, value);
    ((option_int_dir *)((char *)f->args + f->o->at))->dir = argv[++*i];
    return FC_OK;
}

static fc_status no_such_option(const program *p, const char *name, size_t n, fc_error *err)
{
    fc_suggestion meant = fc_suggest_for(name, n);

    for (const option_group *g = p->groups; g->title; g++)
        for (const option *o = g->options; o->name; o++)
            fc_suggest_try(&meant, o->name);
    for (const option *o = options_of_all.options; o->name; o++)
        fc_suggest_try(&meant, o->name);
    n = n > 200 ? 200 : n;
    return meant.name ? fc_fail(err, FC_EUSAGE, "unknown option '--%.*s'; did you mean '--%s'?", (int)n, name,
                                meant.name)
                      : fc_fail(err, FC_EUSAGE, "unknown option '--%.*s'", (int)n, name);
}

/* argv[*i] is --name or --name=value. */
static fc_status parse_long(const program *p, char **argv, int argc, int *i, fc_error *err)
{
    const char *name = argv[*i] + 2, *equals = strchr(name, '='), *value = equals ? equals + 1 : NULL;
    size_t n = equals ? (size_t)(equals - name) : strlen(name);
    struct found f = find(p, name, n, 0);
    char named[64];

    if (!f.o)
        return no_such_option(p, name, n, err);
    snprintf(named, sizeof named, "--%s", f.o->name);
    if (f.o->kind == OPTION_FLAG) {
        if (value)
            return fc_fail(err, FC_EUSAGE, "%s: takes no value, got '%s'", named, value);
        if (answered(p, f.o))
            return FC_END;
    } else if (!value) {
        if (*i + 1 >= argc)
            return fc_fail(err, FC_EUSAGE, "%s: want %s, got nothing", named, f.o->arg);
        value = argv[++*i];
    }
    return set_values(&f, named, value, argv, argc, i, err);
}

/* argv[*i] is -x, -xyz, -xVALUE. */
static fc_status parse_letters(const program *p, char **argv, int argc, int *i, fc_error *err)
{
    for (const char *letter = argv[*i] + 1; *letter; letter++) {
        struct found f = find(p, NULL, 0, *letter);
        char named[] = {'-', *letter, '\0'};
        fc_status s;

        if (!f.o)
            return fc_fail(err, FC_EUSAGE, "unknown option '%s' in '%s'", named, argv[*i]);
        if (f.o->kind == OPTION_FLAG) {
            if (answered(p, f.o))
                return FC_END;
            if ((s = option_set(f.o, f.args, named, NULL, err)))
                return s;
            continue;
        }
        if (letter[1])
            return set_values(&f, named, letter + 1, argv, argc, i, err);
        if (*i + 1 >= argc)
            return fc_fail(err, FC_EUSAGE, "%s: want %s, got nothing", named, f.o->arg);
        ++*i;
        return set_values(&f, named, argv[*i], argv, argc, i, err);
    }
    return FC_OK;
}

fc_status options_parse(const program *p, int argc, char **argv, int *n, fc_error *err)
{
    bool only_operands = false;
    fc_status s;

    *n = 0;
    if (argc == 2 && !strcmp(argv[1], "--dump-options")) {
        options_dump(p);
        return FC_END;
    }
    if ((s = set_from_environment(p, err)))
        return s;
    for (int i = 1; i < argc; i++) {
        char *arg = argv[i];
        if (only_operands || arg[0] != '-' || !arg[1])
            argv[(*n)++] = arg; /* never beyond i: argv[0] is free */
        else if (!strcmp(arg, "--"))
            only_operands = true;
        else if ((s = arg[1] == '-' ? parse_long(p, argv, argc, &i, err)
                                    : parse_letters(p, argv, argc, &i, err)))
            return s;
    }
    return FC_OK;
}

fc_status no_such_command(const program *p, const char *given, fc_error *err)
{
    char want[256];
    size_t n = 0;

    for (const char *const *c = p->commands; *c && n < sizeof want; c++) {
        const char *before = c == p->commands ? "" : c[1] ? ", " : " or ";
        n += (size_t)snprintf(want + n, sizeof want - n, "%s%s", before, *c);
    }
    return given ? fc_fail(err, FC_EUSAGE, "no command '%s'; there are %s", given, want)
                 : fc_fail(err, FC_EUSAGE, "no command; want %s", want);
}

int program_error(const program *p, const fc_error *err)
{
    say_error(err);
    if (err->status == FC_EUSAGE)
        fprintf(stderr, "Try '%s --help'.\n", p->name);
    return EXIT_BROKEN;
}

int options_or_exit(const program *p, int argc, char **argv)
{
    fc_error err;
    int n;
    guard_standard_files();
    clean_up_when_stopped();
    end_without_memory_for_json();
    fc_status s = options_parse(p, argc, argv, &n, &err);

    if (s == FC_END)
        exit(close_stdout(EXIT_DONE));
    if (!s)
        s = isa_hold(&err);
    if (!s)
        s = options_guard_inputs(p, argv, n, &err);
    if (s)
        exit(program_error(p, &err));
    return n;
}
