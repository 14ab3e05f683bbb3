#include "options.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/suggest.h"
#include "base/outputs.h"
#include "base/text.h"
#include "say.h"

enum { HELP_COLUMN = 28, HELP_WIDTH = 80 };

static const option common_options[] = {
    {"help", 'h', .help = "print this help and exit"},
    {"version", .help = "print the version and exit"},
    {0},
};

static const option_group common_group = {"Help", common_options, NULL};

/* ---- values ---- */

static bool is_number_start(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '.';
}

/* All of text up to end (NULL: its NUL) is one number. */
static bool read_real(const char *text, const char *end, double *out)
{
    const char *stop;

    return fc_text_read_number(out, text, &stop) && stop == (end ? end : text + strlen(text));
}

static bool read_integer(const char *text, long long *out)
{
    char *stop;

    if (!is_number_start(*text))
        return false;
    errno = 0;
    *out = strtoll(text, &stop, 10);
    return !errno && stop != text && !*stop;
}

static fc_status want_range(const option *o, const char *named, const char *value, fc_error *err)
{
    const char *count = o->kind == OPTION_REALS3 ? "three numbers, each " : "";
    return fc_fail(err, FC_EUSAGE, "%s: want %s%.15g..%.15g, got '%s'", named, count, o->min, o->max, value);
}

static fc_status want_choice(const option *o, const char *named, const char *value, fc_error *err)
{
    char list[200] = "";

    for (size_t i = 0; o->choices[i]; i++) {
        size_t n = strlen(list);
        snprintf(list + n, sizeof list - n, "%s%s",
                 i == 0              ? ""
                 : o->choices[i + 1] ? ", "
                                     : " or ",
                 o->choices[i]);
    }
    return fc_fail(err, FC_EUSAGE, "%s: want %s, got '%s'", named, list, value);
}

static fc_status add_text(fc_texts *list, const char *value, fc_error *err)
{
    fc_status s = fc_grow(&list->text, list->n + 1, &list->cap, sizeof *list->text, err);

    if (!s)
        list->text[list->n++] = value;
    return s;
}

/* named: as the user wrote the option, or the environment variable. */
static fc_status set_value(const option *o, void *args, const char *named, const char *value, fc_error *err)
{
    void *at = (char *)args + o->at;
    long long i;
    double d[3];

    switch (o->kind) {
    case OPTION_FLAG:
        *(bool *)at = true;
        return FC_OK;
    case OPTION_INT:
    case OPTION_INT_DIR:
    case OPTION_COUNT:
        if (!read_integer(value, &i) || (double)i < o->min || (double)i > o->max)
            return want_range(o, named, value, err);
        if (o->kind != OPTION_COUNT)
            *(int *)at = (int)i;
        else
            *(uint64_t *)at = (uint64_t)i;
        return FC_OK;
    case OPTION_REAL:
        if (!read_real(value, NULL, d) || d[0] < o->min || d[0] > o->max)
            return want_range(o, named, value, err);
        *(double *)at = d[0];
        return FC_OK;
    case OPTION_REALS3:
        for (int k = 0; k < 3; k++) {
            const char *p = value;
            for (int skip = 0; skip < k; skip++)
                p = strchr(p, ',') + 1;
            const char *comma = strchr(p, ',');
            if (!comma != (k == 2) || !read_real(p, comma, &d[k]) || d[k] < o->min || d[k] > o->max)
                return want_range(o, named, value, err);
        }
        memcpy(at, d, sizeof d);
        return FC_OK;
    case OPTION_CHOICE:
        for (int k = 0; o->choices[k]; k++) {
            if (!strcmp(value, o->choices[k])) {
                *(int *)at = k;
                return FC_OK;
            }
        }
        return want_choice(o, named, value, err);
    case OPTION_TEXT:
    case OPTION_FILE:
    case OPTION_DIR:
    case OPTION_OUTPUT:
    case OPTION_TEXTS:
        if (!*value)
            return fc_fail(err, FC_EUSAGE, "%s: want %s, got nothing", named, o->arg);
        if (o->kind == OPTION_TEXTS)
            return add_text(at, value, err);
        *(const char **)at = value;
        return FC_OK;
    }
    return FC_OK;
}

/* ---- texts ---- */

static void print_wrapped(const char *text)
{
    int column = HELP_COLUMN;

    while (*text) {
        int n = (int)strcspn(text, " ");
        if (column + 1 + n > HELP_WIDTH && column > HELP_COLUMN) {
            printf("\n%*s", HELP_COLUMN, "");
            column = HELP_COLUMN;
        }
        column += printf("%s%.*s", column > HELP_COLUMN ? " " : "", n, text);
        text += n;
        text += *text == ' ';
    }
    putchar('\n');
}

static void print_group(const option_group *g)
{
    printf("\n%s:\n", g->title);
    for (const option *o = g->options; o->name; o++) {
        int n = o->letter ? printf("  -%c, ", o->letter) : printf("      ");
        n += printf("--%s", o->name);
        if (o->arg)
            n += printf(" %s", o->arg);
        if (n + 2 > HELP_COLUMN)
            printf("\n%*s", HELP_COLUMN, "");
        else
            printf("%*s", HELP_COLUMN - n, "");
        print_wrapped(o->help);
    }
}

static void print_help(const program *p)
{
    printf("Usage: %s [OPTION]... %s\n%s\n", p->name, p->operands, p->summary);
    for (const option_group *g = p->groups; g->title; g++)
        print_group(g);
    print_group(&common_group);
}

static const char *kind_name(option_kind k)
{
    static const char *const names[] = {
        [OPTION_FLAG] = "flag",   [OPTION_INT] = "number",    [OPTION_COUNT] = "number",
        [OPTION_REAL] = "number", [OPTION_REALS3] = "number", [OPTION_CHOICE] = "choice",
        [OPTION_OUTPUT] = "file", [OPTION_TEXT] = "text",     [OPTION_FILE] = "file",
        [OPTION_DIR] = "dir",     [OPTION_TEXTS] = "text",    [OPTION_INT_DIR] = "number",
    };
    return names[k];
}

static void dump_words(const char *const *words)
{
    putchar('\t');
    for (size_t i = 0; words && words[i]; i++)
        printf("%s%s", i ? " " : "", words[i]);
}

static void dump_group(const option_group *g)
{
    printf("group\t%s\n", g->title);
    for (const option *o = g->options; o->name; o++) {
        printf("option\t%s\t%.1s\t%s\t%s", o->name, &o->letter, kind_name(o->kind), o->arg ? o->arg : "");
        dump_words(o->choices);
        printf("\t%s\t%s\n", o->env ? o->env : "", o->help);
    }
}

/* Tab-separated lines:
 *   program NAME SUMMARY OPERANDS OPERAND-KIND COMMANDS
 *   group TITLE
 *   option NAME LETTER KIND ARG CHOICES ENV HELP */
static void dump_options(const program *p)
{
    printf("program\t%s\t%s\t%s\t%s", p->name, p->summary, p->operands, kind_name(p->operand));
    dump_words(p->commands);
    putchar('\n');
    for (const option_group *g = p->groups; g->title; g++)
        dump_group(g);
    dump_group(&common_group);
}

/* ---- as a command line ---- */

void options_write_word(FILE *f, const char *text)
{
    if (*text &&
        !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-")]) {
        fprintf(f, " %s", text);
        return;
    }
    fputs(" '", f);
    for (; *text; text++)
        fputs(*text == '\'' ? "'\\''" : (char[]){*text, '\0'}, f);
    putc('\'', f);
}

static void write_reals(FILE *f, const double *v, int n)
{
    char number[FC_NUMBER_SIZE];

    for (int i = 0; i < n; i++) {
        fc_text_number(number, v[i]);
        fprintf(f, "%c%s", i ? ',' : ' ', number);
    }
}

static bool has_value(const option *o, const void *at)
{
    switch (o->kind) {
    case OPTION_FLAG:
        return *(const bool *)at;
    case OPTION_INT:
        return *(const int *)at >= o->min;
    case OPTION_COUNT:
        return (double)*(const uint64_t *)at >= o->min;
    case OPTION_REAL:
        return *(const double *)at >= o->min;
    case OPTION_INT_DIR:
        return ((const option_int_dir *)at)->dir;
    case OPTION_REALS3:
    case OPTION_CHOICE:
        return true;
    case OPTION_TEXTS:
        return ((const fc_texts *)at)->n;
    case OPTION_TEXT:
    case OPTION_FILE:
    case OPTION_DIR:
    case OPTION_OUTPUT:
        return *(const char *const *)at;
    }
    return false;
}

/* Of those given several times, the i-th. */
static void write_value(FILE *f, const option *o, const void *at, size_t i)
{
    switch (o->kind) {
    case OPTION_FLAG:
        break;
    case OPTION_INT:
        fprintf(f, " %d", *(const int *)at);
        break;
    case OPTION_COUNT:
        fprintf(f, " %llu", (unsigned long long)*(const uint64_t *)at);
        break;
    case OPTION_REAL:
    case OPTION_REALS3:
        write_reals(f, at, o->kind == OPTION_REAL ? 1 : 3);
        break;
    case OPTION_CHOICE:
        fprintf(f, " %s", o->choices[*(const int *)at]);
        break;
    case OPTION_INT_DIR:
        fprintf(f, " %d", ((const option_int_dir *)at)->n);
        options_write_word(f, ((const option_int_dir *)at)->dir);
        break;
    case OPTION_TEXTS:
        options_write_word(f, ((const fc_texts *)at)->text[i]);
        break;
    case OPTION_TEXT:
    case OPTION_FILE:
    case OPTION_DIR:
    case OPTION_OUTPUT:
        options_write_word(f, *(const char *const *)at);
    }
}

static bool is_among(const char *name, const char *const *names)
{
    for (; names && *names; names++)
        if (!strcmp(name, *names))
            return true;
    return false;
}

void options_write(FILE *f, const option *table, const void *args, const char *const *without)
{
    for (const option *o = table; o->name; o++) {
        const void *at = (const char *)args + o->at;
        const size_t n = o->kind == OPTION_TEXTS ? ((const fc_texts *)at)->n : 1;
        for (size_t i = 0; i < n && has_value(o, at) && !is_among(o->name, without); i++) {
            fprintf(f, " --%s", o->name);
            write_value(f, o, at, i);
        }
    }
}

static json_t *json_of_texts(const fc_texts *list)
{
    json_t *all = json_array();

    for (size_t i = 0; all && i < list->n; i++)
        if (json_array_append_new(all, json_string(list->text[i]))) {
            json_decref(all);
            all = NULL;
        }
    return all;
}

static json_t *json_of_value(const option *o, const void *at)
{
    const double *d = at;

    switch (o->kind) {
    case OPTION_FLAG:
        return json_true();
    case OPTION_INT:
        return json_integer(*(const int *)at);
    case OPTION_COUNT:
        return json_integer((json_int_t) * (const uint64_t *)at);
    case OPTION_REAL:
        return json_real(*d);
    case OPTION_REALS3:
        return json_pack("[f, f, f]", d[0], d[1], d[2]);
    case OPTION_CHOICE:
        return json_string(o->choices[*(const int *)at]);
    case OPTION_INT_DIR:
        return json_pack("[i, s]", ((const option_int_dir *)at)->n, ((const option_int_dir *)at)->dir);
    case OPTION_TEXTS:
        return json_of_texts(at);
    case OPTION_TEXT:
    case OPTION_FILE:
    case OPTION_DIR:
    case OPTION_OUTPUT:
        return json_string(*(const char *const *)at);
    }
    return NULL;
}

bool options_describe(json_t *object, const option *table, const void *args, const char *const *without)
{
    char name[64];

    for (const option *o = table; o->name; o++) {
        const void *at = (const char *)args + o->at;
        if (!has_value(o, at) || is_among(o->name, without))
            continue;
        snprintf(name, sizeof name, "%s", o->name);
        for (char *c = name; *c; c++)
            *c = *c == '-' ? '_' : *c;
        if (json_object_set_new(object, name, json_of_value(o, at)))
            return false;
    }
    return true;
}

/* ---- the command line ---- */

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
    return find_in(&common_group, name, n, letter);
}

/* Help or version, when o is one of them. */
static bool answered(const program *p, const option *o)
{
    if (o == &common_options[0])
        print_help(p);
    else if (o == &common_options[1])
        printf("%s (facecheck) %s\n", p->name, fc_version());
    return o == &common_options[0] || o == &common_options[1];
}

static fc_status set_from_environment(const program *p, fc_error *err)
{
    for (const option_group *g = p->groups; g->title; g++) {
        for (const option *o = g->options; o->name; o++) {
            const char *value = o->env ? getenv(o->env) : NULL;
            fc_status s = value && *value ? set_value(o, g->args, o->env, value, err) : FC_OK;
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
    fc_status s = set_value(f->o, f->args, named, value, err);

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
    for (const option *o = common_group.options; o->name; o++)
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
            if ((s = set_value(f.o, f.args, named, NULL, err)))
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
        dump_options(p);
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

/* ---- outputs that are inputs ---- */

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

const char *isa_allowed(const char **variable)
{
    static const char *const variables[] = {"ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"};

    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *name = getenv(variables[i]);
        *variable = variables[i];
        if (name && *name)
            return name;
    }
    return NULL;
}

static fc_status hold_cpu(fc_error *err)
{
    const char *variable, *name = isa_allowed(&variable);
    fc_error why;

    if (!name || !fc_cpu_hold(name, &why))
        return FC_OK;
    return fc_fail(err, why.status, "%s: %s", variable, why.message);
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
        s = hold_cpu(&err);
    if (!s)
        s = each_value(p, OPTION_OUTPUT, fc_outputs_add, &err);
    if (!s && fc_outputs_any())
        s = spare_inputs(p, argv, n, &err);
    if (s)
        exit(program_error(p, &err));
    return n;
}
