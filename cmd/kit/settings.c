#include "settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mask.h"
#include "base/text.h"
#include "option_parts.h"

static size_t count(const option_group *g)
{
    size_t n = 0;

    for (; g->title; g++)
        for (const option *o = g->options; o->name; o++)
            n++;
    return n;
}

static void add(settings *s, const option_group *g)
{
    for (; g->title; g++)
        for (const option *o = g->options; o->name; o++)
            s->all[s->n++] = (setting){.o = o, .args = g->args};
}

fc_status settings_open(settings *s, const program *p, fc_error *err)
{
    const size_t n = 1 + count(p->groups) + count(options_of_all);

    *s = (settings){.p = p, .all = calloc(n, sizeof *s->all)};
    if (!s->all)
        return fc_fail_nomem(err, n * sizeof *s->all);
    add(s, p->groups);
    add(s, options_of_all);
    return FC_OK;
}

void settings_close(settings *s)
{
    free(s->all);
    s->all = NULL;
}

setting *settings_find(const settings *s, const char *name, size_t n, char letter)
{
    for (setting *t = s->all; t < s->all + s->n; t++)
        if (name ? strlen(t->o->name) == n && !strncmp(t->o->name, name, n) : t->o->letter == letter)
            return t;
    return NULL;
}

void setting_begin(setting *t, setting_level level)
{
    if (t->o->kind == OPTION_TEXTS)
        ((fc_texts *)((char *)t->args + t->o->at))->n = 0;
    t->level = level;
}

fc_status setting_set(setting *t, const char *named, const char *value, setting_level level, fc_error *err)
{
    if (t->level != level)
        setting_begin(t, level);
    t->file = NULL;
    return option_set(t->o, t->args, named, value, err);
}

fc_status settings_from_environment(const settings *s, fc_error *err)
{
    fc_status status = FC_OK;

    for (setting *t = s->all; !status && t < s->all + s->n; t++) {
        const char *value = t->o->env ? getenv(t->o->env) : NULL;
        if (value && *value)
            status = setting_set(t, t->o->env, value, LEVEL_ENVIRONMENT, err);
    }
    return status;
}

static void print_origin(const setting *t)
{
    static const char *const names[] = {[LEVEL_DEFAULT] = "default",
                                        [LEVEL_SYSTEM] = "system ",
                                        [LEVEL_USER] = "user ",
                                        [LEVEL_ENVIRONMENT] = "environment ",
                                        [LEVEL_LINE] = "option"};

    printf("\t%s", names[t->level]);
    if (t->level == LEVEL_ENVIRONMENT)
        fputs(t->o->env, stdout);
    if (t->file) {
        fc_text_put(stdout, t->file, strlen(t->file));
        printf(":%zu", t->line);
    }
    putchar('\n');
}

/* A line for each value; one that has none is an empty value. */
static fc_status print_setting(const setting *t, fc_error *err)
{
    const size_t n = option_values(t->o, t->args);

    for (size_t i = 0; i < n || !i; i++) {
        fc_text_file value = {0};
        fc_status s = fc_text_open(&value, err);
        if (s)
            return s;
        if (t->o->kind == OPTION_FLAG)
            fputs(n ? " true" : " false", value.f);
        else if (n)
            option_write_value(value.f, t->o, t->args, i);
        if ((s = fc_text_close(&value, err)))
            return s;
        char *shown = fc_masked(value.data);
        free(value.data);
        if (!shown)
            return fc_fail_nomem(err, 0);
        printf("%s\t", t->o->name);
        if (*shown) /* without the space that it begins with */
            fc_text_put(stdout, shown + 1, strlen(shown + 1));
        free(shown);
        print_origin(t);
    }
    return FC_OK;
}

fc_status settings_print(const settings *s, fc_error *err)
{
    fc_status status = FC_OK;

    for (const setting *t = s->all; !status && t < s->all + s->n && t->args; t++)
        status = print_setting(t, err);
    return status;
}
