#include "gallery/encodings_csv.h"

#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/text.h"

enum { MAX_NUMBER = 64 };

void fc_csv_begin(fc_csv *c, const uint8_t *text, size_t n)
{
    const bool mark = n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3);

    *c = (fc_csv){.at = (const char *)text + 3 * mark, .end = (const char *)text + n};
}

/* One line, without its end. */
struct line {
    const char *at, *end;
};

static bool next_line(fc_csv *c, struct line *l)
{
    if (c->at == c->end)
        return false;
    const char *newline = memchr(c->at, '\n', (size_t)(c->end - c->at));
    *l = (struct line){c->at, newline ? newline : c->end};
    c->at = newline ? newline + 1 : c->end;
    c->line++;
    if (l->end > l->at && l->end[-1] == '\r')
        l->end--;
    return true;
}

static fc_status bad_name(fc_error *err)
{
    return fc_fail(err, FC_ERECORD, "a name of more than %d bytes, or with a zero byte", FC_NAME_MAX);
}

static fc_status take_bytes(char name[FC_NAME_MAX + 1], const char *from, size_t n, fc_error *err)
{
    if (n > FC_NAME_MAX || memchr(from, '\0', n))
        return bad_name(err);
    memcpy(name, from, n);
    name[n] = '\0';
    return FC_OK;
}

/* "a ""name""": quotes in it are doubled. */
static fc_status take_quoted(struct line *l, char name[FC_NAME_MAX + 1], fc_error *err)
{
    size_t n = 0;

    for (l->at++; l->at < l->end; l->at++) {
        if (*l->at == '"' && (++l->at == l->end || *l->at != '"')) {
            name[n] = '\0';
            return FC_OK;
        }
        if (n == FC_NAME_MAX || !*l->at)
            return bad_name(err);
        name[n++] = *l->at;
    }
    return fc_fail(err, FC_ERECORD, "a quote that does not end in its line");
}

static fc_status take_name(struct line *l, char name[FC_NAME_MAX + 1], fc_error *err)
{
    if (*l->at == '"')
        return take_quoted(l, name, err);
    const char *comma = memchr(l->at, ',', (size_t)(l->end - l->at)), *end = comma ? comma : l->end;
    const fc_status s = take_bytes(name, l->at, (size_t)(end - l->at), err);
    l->at = end;
    return s;
}

/* A comma and the field behind it, without blanks around it. */
static bool take_field(struct line *l, struct line *field)
{
    if (l->at >= l->end || *l->at != ',')
        return false;
    l->at++;
    const char *comma = memchr(l->at, ',', (size_t)(l->end - l->at));
    *field = (struct line){l->at, comma ? comma : l->end};
    l->at = field->end;
    while (field->at < field->end && *field->at == ' ')
        field->at++;
    while (field->at < field->end && field->end[-1] == ' ')
        field->end--;
    return true;
}

static bool is_number(const struct line *field, double *out)
{
    const size_t n = (size_t)(field->end - field->at);
    char text[MAX_NUMBER + 1];
    const char *end;

    if (n > MAX_NUMBER)
        return false;
    memcpy(text, field->at, n);
    text[n] = '\0';
    return fc_text_read_number(out, text, &end) && end == text + n;
}

static fc_status take_numbers(struct line *l, float *e, size_t dim, fc_error *err)
{
    struct line field;
    size_t taken = 0;

    while (taken < dim && take_field(l, &field)) {
        double v = 0;
        if (!is_number(&field, &v))
            return fc_fail(err, FC_ERECORD, "number %zu is none", taken + 1);
        e[taken++] = (float)v;
    }
    return taken == dim && l->at == l->end ? FC_OK
                                           : fc_fail(err, FC_ERECORD, "want a name and %zu numbers", dim);
}

/* What programs write for a number that is none. */
static bool is_nan(const struct line *field)
{
    static const char *const words[] = {"nan", "inf", "infinity"};
    const char *at = field->at;

    at += at < field->end && (*at == '-' || *at == '+');
    const size_t n = (size_t)(field->end - at);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (n == strlen(words[i]) && !strncasecmp(at, words[i], n))
            return true;
    return n > 4 && !strncasecmp(at, "nan(", 4);
}

/* Whether there are fields, and none of them is a number, or was to be one. */
static bool is_header(struct line l)
{
    struct line field;
    bool any = false;
    double v;

    for (; take_field(&l, &field); any = true)
        if (is_number(&field, &v) || is_nan(&field))
            return false;
    return any;
}

/* 0, 1, 2 ... or 1, 2, 3 ...: columns that were numbered. */
static bool counts(const float *e, size_t dim)
{
    size_t i = 0;

    while (i < dim && e[i] == e[0] + (float)i)
        i++;
    return dim > 1 && i == dim && (e[0] == 0 || e[0] == 1);
}

fc_status fc_csv_encoding(fc_csv *c, char name[FC_NAME_MAX + 1], float *e, size_t dim, fc_error *err)
{
    struct line l;

    while (next_line(c, &l)) {
        if (l.at == l.end)
            continue;
        const bool first = !c->begun;
        c->begun = true;
        fc_status s = take_name(&l, name, err);
        if (!s && first && is_header(l))
            continue;
        if (!s)
            s = take_numbers(&l, e, dim, err);
        if (!s && first && counts(e, dim))
            continue;
        return s;
    }
    return FC_END;
}

fc_status fc_csv_name(fc_csv *c, char name[FC_NAME_MAX + 1], fc_error *err)
{
    struct line l;

    if (!next_line(c, &l))
        return FC_END;
    const char *tab = memchr(l.at, '\t', (size_t)(l.end - l.at)), *end = tab ? tab : l.end;
    if (end == l.at)
        return fc_fail(err, FC_ERECORD, "no name");
    if (!fc_text_unescape(name, FC_NAME_MAX + 1, l.at, (size_t)(end - l.at)))
        return fc_fail(err, FC_ERECORD,
                       "a name of more than %d bytes, with a zero byte, or with a backslash that is not of "
                       "\\\\, \\n, \\t, \\r or \\xHH",
                       FC_NAME_MAX);
    return FC_OK;
}
