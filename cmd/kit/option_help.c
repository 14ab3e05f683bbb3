#include "option_parts.h"

#include <stdio.h>
#include <string.h>

enum { HELP_COLUMN = 28, HELP_WIDTH = 80 };

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

void option_text(char out[OPTION_TEXT_SIZE], const option *o)
{
    snprintf(out, OPTION_TEXT_SIZE, "%s%s%s", o->commands ? o->commands : "", o->commands ? ": " : "",
             o->help);
}

static void print_group(const option_group *g)
{
    char text[OPTION_TEXT_SIZE];

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
        option_text(text, o);
        print_wrapped(text);
    }
}

void options_print_help(const program *p)
{
    printf("Usage: %s [OPTION]... %s\n%s\n", p->name, p->operands, p->summary);
    for (const option_group *g = p->groups; g->title; g++)
        print_group(g);
    for (const option_group *g = options_of_all; g->title; g++)
        print_group(g);
}
