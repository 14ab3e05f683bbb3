#include "option_parts.h"

#include <stdio.h>

#include "base/text.h"

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

/* "whole 1..64": what a number may be. */
static void dump_range(const option *o)
{
    char min[FC_NUMBER_SIZE], max[FC_NUMBER_SIZE];

    putchar('\t');
    if (o->kind == OPTION_REAL || o->kind == OPTION_REALS3) {
        fc_text_number(min, o->min);
        fc_text_number(max, o->max);
        printf("real %s..%s", min, max);
    } else if (o->kind == OPTION_INT || o->kind == OPTION_COUNT || o->kind == OPTION_INT_DIR) {
        printf("whole %.0f..%.0f", o->min, o->max);
    }
}

const char *option_place(const option *o)
{
    if (o->role & OPTION_SECRET)
        return "secret";
    if (o->role & OPTION_ALLOWS)
        return "allows";
    if ((o->role & OPTION_ONCE) || o->kind == OPTION_OUTPUT || o->kind == OPTION_INT_DIR)
        return "once";
    return o->role & OPTION_OWN ? "own" : o->role & OPTION_APART ? "apart" : "any";
}

static void dump_group(const option_group *g)
{
    char text[OPTION_TEXT_SIZE];

    printf("group\t%s\n", g->title);
    for (const option *o = g->options; o->name; o++) {
        printf("option\t%s\t%.1s\t%s\t%s", o->name, &o->letter, kind_name(o->kind), o->arg ? o->arg : "");
        dump_words(o->choices);
        option_text(text, o);
        printf("\t%s\t%s", o->env ? o->env : "", text);
        dump_range(o);
        printf("\t%s\n", option_place(o));
    }
}

void options_dump(const program *p)
{
    printf("program\t%s\t%s\t%s\t%s", p->name, p->summary, p->operands, kind_name(p->operand));
    dump_words(p->commands);
    putchar('\n');
    for (const option_group *g = p->groups; g->title; g++)
        dump_group(g);
    for (const option_group *g = options_of_all; g->title; g++)
        dump_group(g);
}
