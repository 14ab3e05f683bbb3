#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/suggest.h"
#include "config.h"
#include "option_parts.h"
#include "say.h"
#include "settings.h"

static const option help_options[] = {
    {"help", 'h', .role = OPTION_ONCE, .help = "print this help and exit"},
    {"version", .role = OPTION_ONCE, .help = "print the version and exit"},
    {0},
};
static const option config_options[] = {
    {"print-config", .role = OPTION_ONCE,
     .help = "print each option's value and where it came from, and exit"},
    {"no-config", .role = OPTION_ONCE, .help = "read no configuration, facecheck-config(5)"},
    {0},
};
const option_group options_of_all[] = {
    {"Help", help_options, NULL},
    {"Configuration", config_options, NULL},
    {0},
};

/* A command line, which is gone through twice: to see what is asked for, and to set values. */
struct line {
    const settings *settings;
    char **argv;
    int argc, i;
    bool set; /* the second time */
    bool print_config, no_config;
};

/* Of the options of all: FC_END where it is answered. */
static fc_status take_common(struct line *l, const option *o)
{
    const program *p = l->settings->p;

    if (o == &config_options[0])
        l->print_config = true;
    else if (o == &config_options[1])
        l->no_config = true;
    else if (o == &help_options[0])
        options_print_help(p);
    else
        printf("%s (facecheck) %s\n", p->name, fc_version());
    return o == &help_options[0] || o == &help_options[1] ? FC_END : FC_OK;
}

/* The option's value, and where it takes two, the next argument. */
static fc_status set_values(struct line *l, setting *t, const char *named, const char *value, fc_error *err)
{
    const option *o = t->o;

    if (!t->args)
        return take_common(l, o);
    if (l->set) {
        fc_status s = setting_set(t, named, value, LEVEL_LINE, err);
        if (s)
            return s;
    }
    if (o->kind != OPTION_INT_DIR)
        return FC_OK;
    if (l->i + 1 >= l->argc)
        return fc_fail(err, FC_EUSAGE, "%s: want %s, got '%s' alone", named, o->arg, value);
    const char *dir = l->argv[++l->i];
    if (l->set)
        ((option_int_dir *)((char *)t->args + o->at))->dir = dir;
    return FC_OK;
}

static fc_status no_such_option(const settings *all, const char *name, size_t n, fc_error *err)
{
    fc_suggestion meant = fc_suggest_for(name, n);

    for (const setting *t = all->all; t < all->all + all->n; t++)
        fc_suggest_try(&meant, t->o->name);
    n = n > 200 ? 200 : n;
    return meant.name ? fc_fail(err, FC_EUSAGE, "unknown option '--%.*s'; did you mean '--%s'?", (int)n, name,
                                meant.name)
                      : fc_fail(err, FC_EUSAGE, "unknown option '--%.*s'", (int)n, name);
}

/* argv[i] is --name or --name=value. */
static fc_status parse_long(struct line *l, fc_error *err)
{
    const char *name = l->argv[l->i] + 2, *equals = strchr(name, '='), *value = equals ? equals + 1 : NULL;
    size_t n = equals ? (size_t)(equals - name) : strlen(name);
    setting *t = settings_find(l->settings, name, n, 0);
    char named[64];

    if (!t)
        return no_such_option(l->settings, name, n, err);
    snprintf(named, sizeof named, "--%s", t->o->name);
    if (!t->args && value)
        return fc_fail(err, FC_EUSAGE, "%s: takes no value, got '%s'", named, value);
    if (t->o->kind != OPTION_FLAG && !value) {
        if (l->i + 1 >= l->argc)
            return fc_fail(err, FC_EUSAGE, "%s: want %s, got nothing", named, t->o->arg);
        value = l->argv[++l->i];
    }
    return set_values(l, t, named, value, err);
}

/* argv[i] is -x, -xyz, -xVALUE. */
static fc_status parse_letters(struct line *l, fc_error *err)
{
    for (const char *letter = l->argv[l->i] + 1; *letter; letter++) {
        setting *t = settings_find(l->settings, NULL, 0, *letter);
        char named[] = {'-', *letter, '\0'};
        fc_status s;

        if (!t)
            return fc_fail(err, FC_EUSAGE, "unknown option '%s' in '%s'", named, l->argv[l->i]);
        if (t->o->kind == OPTION_FLAG) {
            if ((s = set_values(l, t, named, NULL, err)))
                return s;
            continue;
        }
        if (letter[1])
            return set_values(l, t, named, letter + 1, err);
        if (l->i + 1 >= l->argc)
            return fc_fail(err, FC_EUSAGE, "%s: want %s, got nothing", named, t->o->arg);
        ++l->i;
        return set_values(l, t, named, l->argv[l->i], err);
    }
    return FC_OK;
}

/* n: as options_parse has it; set only where values are. */
static fc_status go_through(struct line *l, int *n, fc_error *err)
{
    bool only_operands = false;
    fc_status s = FC_OK;

    *n = 0;
    for (l->i = 1; !s && l->i < l->argc; l->i++) {
        char *arg = l->argv[l->i];
        if (only_operands || arg[0] != '-' || !arg[1]) {
            if (l->set)
                l->argv[(*n)++] = arg; /* never beyond i: argv[0] is free */
        } else if (!strcmp(arg, "--")) {
            only_operands = true;
        } else {
            s = arg[1] == '-' ? parse_long(l, err) : parse_letters(l, err);
        }
    }
    return s;
}

/* What the command line says, and the command that it names has no use for, was meant to change something. */
static fc_status check_commands(const settings *all, const char *command, fc_error *err)
{
    for (const setting *t = all->all; t < all->all + all->n; t++)
        if (t->level == LEVEL_LINE && !option_is_for(t->o, command) &&
            (t->o->kind != OPTION_FLAG || *(const bool *)((const char *)t->args + t->o->at)))
            return fc_fail(err, FC_EUSAGE, "--%s: only for %s", t->o->name, t->o->commands);
    return FC_OK;
}

static bool is_command(const program *p, const char *word)
{
    for (const char *const *c = p->commands; c && *c; c++)
        if (!strcmp(*c, word))
            return true;
    return false;
}

static fc_status set_all(struct line *l, int *n, fc_error *err)
{
    fc_status s = l->no_config ? FC_OK : config_read(l->settings, err);

    if (!s)
        s = settings_from_environment(l->settings, err);
    l->set = true;
    if (!s)
        s = go_through(l, n, err);
    if (!s && *n && is_command(l->settings->p, l->argv[0]))
        s = check_commands(l->settings, l->argv[0], err);
    if (!s && l->print_config)
        s = settings_print(l->settings, err);
    return !s && l->print_config ? FC_END : s;
}

void options_explain(option *table, const char *name, const char *help)
{
    for (; table->name; table++)
        if (!strcmp(table->name, name))
            table->help = help;
}

fc_status options_parse(const program *p, int argc, char **argv, int *n, fc_error *err)
{
    settings all = {0};
    struct line l = {.settings = &all, .argv = argv, .argc = argc};
    fc_status s;

    *n = 0;
    if (argc == 2 && !strcmp(argv[1], "--dump-options")) {
        options_dump(p);
        return FC_END;
    }
    s = settings_open(&all, p, err);
    if (!s)
        s = go_through(&l, n, err);
    if (!s)
        s = set_all(&l, n, err);
    settings_close(&all);
    return s;
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
