/* facecheck: finds the tools, as git does. `facecheck match A B` runs fc-match. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mask.h"
#include "base/suggest.h"
#include "facecheck.h"

enum { EXIT_USAGE = 2 };

static const struct tool {
    const char *name, *does;
    const char *part; /* of the packages; "": that which facecheck is in */
} tools[] = {
#include "tools.inc" /* {"match", "Compare...", ""}, ... of the tools' own option tables */
};
enum { NTOOLS = sizeof tools / sizeof *tools };

static void print_tools(FILE *f)
{
    for (size_t i = 0; i < NTOOLS; i++)
        fprintf(f, "  %-12s %s\n", tools[i].name, tools[i].does);
}

static void print_help(FILE *f)
{
    fputs("usage: facecheck COMMAND [ARGUMENT]...\n\n", f);
    print_tools(f);
    fputs("\n"
          "  help COMMAND the command's own help\n"
          "  path         the folder of the fc-* programs, for PATH\n"
          "  --version    the version\n\n"
          "facecheck match A.jpg B.jpg runs fc-match A.jpg B.jpg. Exit status: the program's.\n",
          f);
}

/* Data is on stdout whole, or the exit status says so. */
static int finish_stdout(void)
{
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, "facecheck: stdout: %s\n", strerror(errno));
        return EXIT_USAGE;
    }
    return EXIT_SUCCESS;
}

/* The folder of the tools: the one this program is in. bin/facecheck is a link to it. */
static bool tool_dir(char dir[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", dir, PATH_MAX - 1);

    if (n < 0) {
        fprintf(stderr, "facecheck: /proc/self/exe: %s\n", strerror(errno));
        return false;
    }
    dir[n] = '\0';
    *strrchr(dir, '/') = '\0';
    return true;
}

static int unknown(const char *name)
{
    fc_suggestion meant = fc_suggest_for(name, strlen(name));

    for (size_t i = 0; i < NTOOLS; i++)
        fc_suggest_try(&meant, tools[i].name);
    char *shown = fc_masked(name);
    fprintf(stderr, "facecheck: no command '%s'", shown ? shown : "");
    free(shown);
    if (meant.name)
        fprintf(stderr, "; did you mean '%s'?", meant.name);
    fputs("\n\n", stderr);
    print_tools(stderr);
    return EXIT_USAGE;
}

/* Replaces this process by the tool, or returns the exit status. */
static int run(const char *name, char **argv)
{
    char dir[PATH_MAX], path[PATH_MAX + 32], argv0[32];

    if (!strncmp(name, "fc-", 3))
        name += 3;
    for (size_t i = 0; i < NTOOLS; i++) {
        if (strcmp(name, tools[i].name))
            continue;
        if (!tool_dir(dir))
            return EXIT_USAGE;
        snprintf(argv0, sizeof argv0, "fc-%s", name);
        snprintf(path, sizeof path, "%s/%s", dir, argv0);
        argv[0] = argv0;
        execv(path, argv);
        if (errno == ENOENT)
            fprintf(stderr, "facecheck: %s is not installed; the package facecheck%s%s has it\n", argv0,
                    *tools[i].part ? "-" : "", tools[i].part);
        else
            fprintf(stderr, "facecheck: %s: %s\n", path, strerror(errno));
        return EXIT_USAGE;
    }
    return unknown(name);
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : NULL;

    if (!command) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (!strcmp(command, "--help") || !strcmp(command, "-h") || (!strcmp(command, "help") && argc == 2)) {
        print_help(stdout);
        return finish_stdout();
    }
    if (!strcmp(command, "help")) {
        char help[] = "--help";
        char *args[] = {NULL, help, NULL};
        return run(argv[2], args);
    }
    if (!strcmp(command, "--version")) {
        printf("facecheck %s\n", fc_version());
        return finish_stdout();
    }
    if (!strcmp(command, "path")) {
        char dir[PATH_MAX];
        if (!tool_dir(dir))
            return EXIT_USAGE;
        puts(dir);
        return finish_stdout();
    }
    if (command[0] == '-') {
        fprintf(stderr, "facecheck: no option '%s'; see facecheck --help\n", command);
        return EXIT_USAGE;
    }
    return run(command, argv + 1);
}
