/*
 * Options. A tool is described once, by a struct program; from it come parsing, --help, the OPTIONS section
 * of the man page and the completions of three shells (--dump-options prints it for the generators; see
 * option_parts.h).
 *
 * Options may stand between operands; "--" ends them; "-j4", "-j 4", "--jobs=4" and "--jobs 4" are the same;
 * flags of one letter may be joined; "--quiet=false" is a flag that is not set. A value given on the command line goes before
 * the environment's, that before those of the configuration (config.h), and they before the default.
 */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

#include "facecheck.h"
#include "isa.h"

typedef enum option_kind {
    OPTION_FLAG,   /* bool: set to true */
    OPTION_INT,    /* int, min..max */
    OPTION_COUNT,  /* uint64_t, min..max */
    OPTION_REAL,   /* double, min..max */
    OPTION_REALS3, /* double[3], each min..max, separated by commas */
    OPTION_CHOICE, /* int: index in choices */
    OPTION_TEXT,   /* const char *, not owned; so are the next three, which differ for completion */
    OPTION_FILE,
    OPTION_DIR,
    OPTION_OUTPUT, /* a file that will be written; none that is an input */
    OPTION_TEXTS,  /* fc_texts: may be given several times */
    OPTION_INT_DIR /* option_int_dir: two values, an int min..max and a folder */
} option_kind;

typedef struct option_int_dir {
    int n;
    const char *dir;
} option_int_dir;

/* Bits. From those behind the first it follows where in facecheck-config(5)'s files the option may be; what is written
 * (OPTION_OUTPUT) is in none, nor is OPTION_INT_DIR. */
enum option_role {
    OPTION_DECIDES = 0,     /* a result */
    OPTION_ASIDE = 1 << 0,  /* decides none, but where it goes, how fast it comes, or what is said */
    OPTION_ONCE = 1 << 1,   /* says what one run reads, writes or is to do: in no file */
    OPTION_SECRET = 1 << 2, /* a key or a token, or the way to it: in no file */
    OPTION_ALLOWS = 1 << 3, /* allows what is to be asked for each time: in no file */
    OPTION_OWN = 1 << 4,    /* another thing in each tool that has it: under the tool's name only */
    OPTION_APART =
        1 << 5 /* in this tool not what it is in others, or it makes another command of it: the same, and what
                             * stands there for all tools does not reach it */
};

typedef struct option {
    const char *name; /* without the dashes; NULL ends a table */
    char letter;      /* 0: none */
    option_kind kind;
    const char *arg;            /* the value's name in texts; NULL for flags */
    size_t at;                  /* offset of the value in the group's arguments */
    double min, max;            /* numbers */
    const char *const *choices; /* NULL-terminated */
    const char *env;            /* environment variable that stands in for it, or NULL */
    const char *commands;       /* of the program's, those that it is for, as "identify, knn"; NULL: all */
    unsigned role;              /* bits of option_role */
    bool or_file;               /* a text: a name or, with a slash or an extension, a file */
    const char
        *help; /* behind the commands: a phrase without capital and full stop; the default in parentheses */
} option;

typedef struct option_group {
    const char *title; /* NULL ends the list */
    const option *options;
    void *args; /* the struct that the offsets are in, set to the defaults */
} option_group;

typedef struct program {
    const char *name;
    const char *summary;         /* a sentence for --help, the completions and facecheck's list */
    const char *operands;        /* "[FILE|DIR|-]..." */
    option_kind operand;         /* OPTION_FILE, OPTION_DIR or OPTION_TEXT: what completion offers */
    const char *const *commands; /* words that may come first, NULL-terminated; or NULL */
    const option_group *groups;
} program;

/* Another help for one option of a table that is a copy: its default is another. */
void options_explain(option *table, const char *name, const char *help);

/* Sets the values. The operands move to argv[0..*n-1]. FC_END: --help, --version, --print-config or
 * --dump-options was asked for, and is on stdout. */
fc_status options_parse(const program *p, int argc, char **argv, int *n, fc_error *err);

/* path will be written, too (a file beside the output). FC_EUSAGE where it is one of the operands (n, in argv), the file of
 * another option, or stdin. */
fc_status options_add_output(const program *p, const char *path, char **argv, int n, fc_error *err);

/* The options of a table that have a value, given or by default, as words of a command line: " --name value". One of which
 * the default is none that could be given (0 below the least) has no value. OPTION_ASIDE is left out, and what is not for
 * the command, and what is named in without, NULL-terminated; both may be NULL. */
void options_write(FILE *f, const option *table, const void *args, const char *command,
                   const char *const *without);
/* The same as members of a JSON object, with _ for - in the names; false: no memory. */
bool options_describe(json_t *object, const option *table, const void *args);
/* Whether the options of a table that decide results are the same in both. */
bool options_same(const option *table, const void *a, const void *b);
/* " text", quoted where a shell wants that. */
void options_write_word(FILE *f, const char *text);

/* options_parse for main: returns only when there is work to do. What options name as outputs is no input then. */
int options_or_exit(const program *p, int argc, char **argv);
/* The fault of a command line whose command, given, is none of p->commands. given: NULL where there is none. */
fc_status no_such_command(const program *p, const char *given, fc_error *err);
/* Messages for a failure found later, with a hint where it is the usage, and the exit code. */
int program_error(const program *p, const fc_error *err);

#endif
