#include "option_parts.h"

#include <string.h>

#include "base/text.h"

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

size_t option_values(const option *o, const void *args)
{
    const void *at = (const char *)args + o->at;

    if (!has_value(o, at))
        return 0;
    return o->kind == OPTION_TEXTS ? ((const fc_texts *)at)->n : 1;
}

void option_write_value(FILE *f, const option *o, const void *args, size_t i)
{
    write_value(f, o, (const char *)args + o->at, i);
}

static bool is_among(const char *name, const char *const *names)
{
    for (; names && *names; names++)
        if (!strcmp(name, *names))
            return true;
    return false;
}

bool option_is_for(const option *o, const char *command)
{
    const size_t n = command ? strlen(command) : 0;

    if (!o->commands || !command)
        return true;
    for (const char *at = o->commands; (at = strstr(at, command)); at += n)
        if ((at == o->commands || at[-1] == ' ') && (!at[n] || at[n] == ','))
            return true;
    return false;
}

void options_write(FILE *f, const option *table, const void *args, const char *command,
                   const char *const *without)
{
    for (const option *o = table; o->name; o++) {
        const void *at = (const char *)args + o->at;
        const size_t n = o->kind == OPTION_TEXTS ? ((const fc_texts *)at)->n : 1;
        if ((o->role & OPTION_ASIDE) || !has_value(o, at) || !option_is_for(o, command) ||
            is_among(o->name, without))
            continue;
        for (size_t i = 0; i < n; i++) {
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

bool options_describe(json_t *object, const option *table, const void *args)
{
    char name[64];

    for (const option *o = table; o->name; o++) {
        const void *at = (const char *)args + o->at;
        if ((o->role & OPTION_ASIDE) || !has_value(o, at))
            continue;
        snprintf(name, sizeof name, "%s", o->name);
        for (char *c = name; *c; c++)
            *c = *c == '-' ? '_' : *c;
        if (json_object_set_new(object, name, json_of_value(o, at)))
            return false;
    }
    return true;
}

bool options_same(const option *table, const void *a, const void *b)
{
    json_t *of_a = json_object(), *of_b = json_object();
    const bool same =
        options_describe(of_a, table, a) && options_describe(of_b, table, b) && json_equal(of_a, of_b);

    json_decref(of_a);
    json_decref(of_b);
    return same;
}
