#include "option_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/text.h"

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

static fc_status set_flag(bool *at, const char *named, const char *value, fc_error *err)
{
    *at = !value || !strcmp(value, "true");
    if (!*at && strcmp(value, "false"))
        return fc_fail(err, FC_EUSAGE, "%s: want true or false, got '%s'", named, value);
    return FC_OK;
}

static fc_status add_text(fc_texts *list, const char *value, fc_error *err)
{
    fc_status s = fc_grow(&list->text, list->n + 1, &list->cap, sizeof *list->text, err);

    if (!s)
        list->text[list->n++] = value;
    return s;
}

fc_status option_set(const option *o, void *args, const char *named, const char *value, fc_error *err)
{
    void *at = (char *)args + o->at;
    long long i;
    double d[3];

    switch (o->kind) {
    case OPTION_FLAG:
        return set_flag(at, named, value, err);
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
