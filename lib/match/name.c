#include "facecheck.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/error.h"
#include "base/text.h"

enum { NON_JOINER = 0x200C, JOINER = 0x200D, BRAILLE_BLANK = 0x2800 };

static fc_status no_name(const char *name, const char *why, fc_error *err)
{
    return fc_fail(err, FC_EUSAGE, "'%.100s' is no name: %s", name, why);
}

/* name in another form. It is UTF-8, so that only memory can be missing. */
static fc_status map(char **out, const char *name, int options, fc_error *err)
{
    utf8proc_uint8_t *mapped = NULL;

    *out = NULL;
    if (utf8proc_map((const utf8proc_uint8_t *)name, 0, &mapped,
                     (utf8proc_option_t)(UTF8PROC_NULLTERM | UTF8PROC_STABLE | options)) < 0)
        return fc_fail_nomem(err, strlen(name) + 1);
    *out = (char *)mapped; /* by malloc */
    return FC_OK;
}

fc_status fc_name_normal(char **out, const char *name, fc_error *err)
{
    return map(out, name, UTF8PROC_COMPOSE, err);
}

fc_status fc_name_decomposed(char **out, const char *name, fc_error *err)
{
    return map(out, name, UTF8PROC_DECOMPOSE, err);
}

static size_t next_char(const char *s, utf8proc_int32_t *c)
{
    const utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)s, -1, c);
    return n > 0 ? (size_t)n : 0;
}

static bool is_blank(utf8proc_int32_t c)
{
    return utf8proc_category(c) == UTF8PROC_CATEGORY_ZS || c == BRAILLE_BLANK;
}

/* name without case, width, accents' spelling and invisible characters; blanks are left. */
static fc_status fold(char **out, const char *name, fc_error *err)
{
    return map(out, name, UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE, err);
}

/* Takes blanks out of text: all of them, or those at its ends. */
static void take_out_blanks(char *text, bool all)
{
    char *to = text, *last = text;
    utf8proc_int32_t c;

    for (size_t n; *text && (n = next_char(text, &c)); text += n) {
        const bool blank = is_blank(c);
        if (blank && (all || to == last))
            continue; /* so far there is nothing else */
        memmove(to, text, n);
        to += n;
        if (!blank)
            last = to;
    }
    *(all ? to : last) = '\0';
}

fc_status fc_name_look(char **out, const char *name, fc_error *err)
{
    fc_status s = fold(out, name, err);

    if (!s)
        take_out_blanks(*out, true);
    return s;
}

fc_status fc_name_spell(char **out, const char *name, fc_error *err)
{
    enum { MOST = 12 }; /* bytes that a character becomes */
    const size_t room = strlen(name) * MOST + 1;
    char *o = malloc(room), before = ' ';
    utf8proc_int32_t c;

    *out = o;
    if (!o)
        return fc_fail_nomem(err, room);
    *o = '\0';
    for (size_t n; *name && (n = next_char(name, &c)); name += n) {
        const bool seen = c > ' ' && c < 0x7F,
                   single = c == ' ' && before != ' ' && name[1] && name[1] != ' ';
        o += snprintf(o, MOST, seen || single ? "%c" : "<U+%04X>", (unsigned)c);
        before = c == ' ' ? ' ' : 'x';
    }
    return FC_OK;
}

/* ---- checks ---- */

static fc_status check_bytes(const char *name, fc_error *err)
{
    const size_t n = strlen(name);
    size_t at = 0, step;

    while (at < n && (step = fc_utf8_char(name + at, n - at)) && (unsigned char)name[at] >= ' ' &&
           name[at] != 0x7f)
        at += step;
    if (n >= 1 && n <= FC_NAME_MAX && at == n)
        return FC_OK;
    return fc_fail(err, FC_EUSAGE,
                   "'%.100s' is no name: want 1 to %d bytes of UTF-8 without control characters", name,
                   FC_NAME_MAX);
}

fc_status fc_name_check_stored(const char *name, fc_error *err)
{
    if (!strcmp(name, "unknown"))
        return fc_fail(err, FC_EUSAGE, "'unknown' is no name: it is what strangers are called");
    return check_bytes(name, err);
}

static bool is_variation(utf8proc_int32_t c)
{
    return (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0xE0100 && c <= 0xE01EF) || (c >= 0x180B && c <= 0x180D);
}

/* Whether c, between two others (0: none), is a character that is seen, or has a part in how its neighbours are. */
static bool belongs(utf8proc_int32_t before, utf8proc_int32_t c, utf8proc_int32_t after)
{
    if (c == NON_JOINER || c == JOINER)
        return before > 0x2FF && after > 0x2FF && !is_blank(before) && !is_blank(after);
    if (is_variation(c))
        return before && !is_blank(before);
    return !utf8proc_get_property(c)->ignorable;
}

static fc_status check_characters(const char *name, fc_error *err)
{
    utf8proc_int32_t before = 0, c, after;

    for (size_t n; *name && (n = next_char(name, &c)); name += n) {
        if (!next_char(name + n, &after))
            after = 0;
        if (!fc_text_shows(name, n) || !belongs(before, c, after))
            return fc_fail(err, FC_EUSAGE, "has the %s U+%04X",
                           utf8proc_category(c) == UTF8PROC_CATEGORY_CC ? "control character"
                                                                        : "invisible character",
                           (unsigned)c);
        before = c;
    }
    return FC_OK;
}

/* What a reader would take for something else. */
static fc_status check_look(const char *name, fc_error *err)
{
    char *look;
    fc_status s = fold(&look, name, err);

    if (s)
        return s;
    take_out_blanks(look, false);
    if (!*look)
        s = no_name(name, "it is blank", err);
    else if (!strcmp(look, "unknown"))
        s = no_name(name, "it is what strangers are called", err);
    free(look);
    return s;
}

fc_status fc_name_check(const char *name, fc_error *err)
{
    fc_error why;
    char *normal = NULL;
    fc_status s = check_bytes(name, err);

    if (s)
        return s;
    if (check_characters(name, &why)) {
        char text[80];
        snprintf(text, sizeof text, "it %.70s", why.message);
        return no_name(name, text, err);
    }
    s = fc_name_normal(&normal, name, err);
    if (!s)
        s = check_bytes(normal, err); /* some letters are longer in it */
    free(normal);
    return s ? s : check_look(name, err);
}
