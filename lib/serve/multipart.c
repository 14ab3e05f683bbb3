#include "serve/multipart.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "serve/form.h"

/* ---- parameters of a header: name=token, name="quoted" ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    return at;
}

/* RFC 9110's tchar. */
static bool is_token(char c)
{
    return c && (strchr("!#$%&'*+-.^_`|~", c) || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                 (c >= 'A' && c <= 'Z'));
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* What browsers write for a quote, CR and LF in a quoted name (the standard "HTML", multipart/form-data encoding). */
static int browser_escape(const char *at, const char *end)
{
    static const char of[] = {'"', '\r', '\n'}, *const written[] = {"%22", "%0D", "%0A"};

    for (size_t i = 0; i < sizeof of; i++)
        if (end - at >= 3 && !strncasecmp(at, written[i], 3))
            return of[i];
    return -1;
}

typedef struct parameter {
    const char *name;
    size_t nname;
    char *value; /* owned */
} parameter;

/* The quoted text behind at; *at moves behind it. NULL: it does not end, has a NUL, or there is no memory. */
static char *read_quoted(const char **at, const char *end)
{
    char *out = malloc((size_t)(end - *at) + 1), *to = out;
    const char *p = *at + 1;

    for (; out && p < end && *p != '"'; p++) {
        const int escaped = browser_escape(p, end);
        if (escaped >= 0) {
            *to++ = (char)escaped;
            p += 2;
            continue;
        }
        p += *p == '\\' && end - p > 1 && (p[1] == '"' || p[1] == '\\');
        if (!*p)
            break;
        *to++ = *p;
    }
    if (!out || p == end || !*p) {
        free(out);
        return NULL;
    }
    *to = '\0';
    *at = p + 1;
    return out;
}

static char *read_token(const char **at, const char *end)
{
    const char *p = *at;

    while (p < end && is_token(*p))
        p++;
    char *out = p > *at ? strndup(*at, (size_t)(p - *at)) : NULL;
    *at = p;
    return out;
}

/* The next "; name=value". FC_END: there is none; FC_EFORMAT: it is none. */
static fc_status next_parameter(const char **at, const char *end, parameter *out, fc_error *err)
{
    const char *p = skip_blanks(*at, end);

    *out = (parameter){0};
    if (p < end && *p == ';')
        p = skip_blanks(p + 1, end);
    else if (p < end)
        return fc_fail(err, FC_EFORMAT, "a header that cannot be read");
    if (p == end)
        return FC_END;
    out->name = p;
    while (p < end && is_token(*p))
        p++;
    out->nname = (size_t)(p - out->name);
    p = skip_blanks(p, end);
    if (!out->nname || p == end || *p != '=')
        return fc_fail(err, FC_EFORMAT, "a header that cannot be read");
    p = skip_blanks(p + 1, end);
    out->value = p < end && *p == '"' ? read_quoted(&p, end) : read_token(&p, end);
    *at = p;
    return out->value ? FC_OK : fc_fail(err, FC_EFORMAT, "a header that cannot be read");
}

static bool is_named(const parameter *p, const char *name)
{
    return p->nname == strlen(name) && !strncasecmp(p->name, name, p->nname);
}

/* ---- Content-Type ---- */

static const char form_data[] = "multipart/form-data";

bool fc_multipart_is(const char *type)
{
    const size_t n = sizeof form_data - 1;

    return type && !strncasecmp(type, form_data, n) && !is_token(type[n]) && type[n] != '/';
}

static bool is_boundary(const char *s)
{
    static const char allowed[] =
        "'()+_,-./:=? 0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const size_t n = strlen(s);

    return n > 0 && n <= FC_BOUNDARY_MAX && strspn(s, allowed) == n && s[n - 1] != ' ';
}

fc_status fc_multipart_boundary(char out[FC_BOUNDARY_MAX + 1], const char *type, fc_error *err)
{
    const char *at = type + sizeof form_data - 1, *end = type + strlen(type);
    bool found = false;
    parameter p;
    fc_status s;

    while (!(s = next_parameter(&at, end, &p, err))) {
        const bool it = !found && is_named(&p, "boundary") && is_boundary(p.value);
        if (it)
            strcpy(out, p.value);
        found |= it;
        free(p.value);
    }
    return s == FC_END && found ? FC_OK : fc_fail(err, FC_EUSAGE, "multipart/form-data without a boundary");
}

/* ---- parts ---- */

void fc_multipart_open(fc_multipart *m, const char *boundary, const uint8_t *body, size_t n)
{
    *m = (fc_multipart){.at = body, .end = body + n};
    memcpy(m->mark, "\r\n--", 4);
    strcpy(m->mark + 4, boundary);
    m->nmark = strlen(m->mark);
}

static fc_status cut(fc_error *err)
{
    return fc_fail(err, FC_ETRUNCATED, "the body ends before its last part does");
}

/* The mark in front of the first part: at the body's beginning, or behind a line that is nobody's. */
static const uint8_t *first_mark(const fc_multipart *m)
{
    const size_t n = (size_t)(m->end - m->at);

    if (n >= m->nmark - 2 && !memcmp(m->at, m->mark + 2, m->nmark - 2))
        return m->at + m->nmark - 2;
    const uint8_t *found = n ? memmem(m->at, n, m->mark, m->nmark) : NULL;
    return found ? found + m->nmark : NULL;
}

/* "filename*", of RFC 8187: UTF-8''caf%C3%A9.jpg; any bytes but NUL. NULL: it is none. */
static char *read_extended(const char *value)
{
    const char *lang = strchr(value, '\''), *text = lang ? strchr(lang + 1, '\'') : NULL;
    char *out = text ? malloc(strlen(text)) : NULL, *to = out;

    if (!out)
        return NULL;
    for (text++; *text; text++) {
        const int high = *text == '%' ? hex_digit(text[1]) : -1, low = high < 0 ? -1 : hex_digit(text[2]);
        if (*text == '%' && (low < 0 || (high == 0 && low == 0))) {
            free(out);
            return NULL;
        }
        *to++ = *text == '%' ? (char)(high << 4 | low) : *text;
        text += *text == '%' ? 2 : 0;
    }
    *to = '\0';
    return out;
}

static fc_status read_disposition(fc_multipart_part *out, const char *at, const char *end, fc_error *err)
{
    char *extended = NULL;
    parameter p;
    fc_status s;

    at = skip_blanks(at, end);
    if (end - at < 9 || strncasecmp(at, "form-data", 9) != 0)
        return fc_fail(err, FC_EFORMAT, "a part that is not form-data");
    at += 9;
    while (!(s = next_parameter(&at, end, &p, err))) {
        char **to = is_named(&p, "name") ? &out->name : is_named(&p, "filename") ? &out->file : NULL;
        if (to && !*to) {
            *to = p.value;
            continue;
        }
        if (is_named(&p, "filename*") && !extended)
            extended = read_extended(p.value);
        free(p.value);
    }
    if (extended) {
        free(out->file);
        out->file = extended;
    }
    return s == FC_END ? FC_OK : s;
}

/* One line of a part's head, without its end. */
static fc_status read_header(fc_multipart_part *out, const char *at, const char *end, fc_error *err)
{
    static const char disposition[] = "content-disposition", encoding[] = "content-transfer-encoding";
    const char *colon = memchr(at, ':', (size_t)(end - at));
    const size_t n = colon ? (size_t)(colon - at) : 0;

    if (!colon)
        return fc_fail(err, FC_EFORMAT, "a part with a header that cannot be read");
    if (n == sizeof disposition - 1 && !strncasecmp(at, disposition, n))
        return out->name ? fc_fail(err, FC_EFORMAT, "a part that is named twice")
                         : read_disposition(out, colon + 1, end, err);
    if (n != sizeof encoding - 1 || strncasecmp(at, encoding, n) != 0)
        return FC_OK;
    at = skip_blanks(colon + 1, end);
    if (end - at == 6 && !strncasecmp(at, "binary", 6))
        return FC_OK;
    if (end - at == 4 && (!strncasecmp(at, "7bit", 4) || !strncasecmp(at, "8bit", 4)))
        return FC_OK;
    return fc_fail(err, FC_EUNSUPPORTED, "a part in another encoding than binary");
}

/* The part's head, up to and with its empty line. */
static fc_status read_head(fc_multipart *m, fc_multipart_part *out, fc_error *err)
{
    const uint8_t *begin = m->at;

    for (;;) {
        const size_t left = (size_t)(m->end - m->at);
        const uint8_t *end = left ? memmem(m->at, left, "\r\n", 2) : NULL;
        if ((end ? end : m->end) - begin > FC_FORM_HEAD_BYTES)
            return fc_fail(err, FC_ELIMIT, "a part with headers of more than %d bytes", FC_FORM_HEAD_BYTES);
        if (!end)
            return cut(err);
        const char *line = (const char *)m->at;
        m->at = end + 2;
        if ((const char *)end == line)
            return out->name ? FC_OK : fc_fail(err, FC_EFORMAT, "a part without a name");
        const fc_status s = read_header(out, line, (const char *)end, err);
        if (s)
            return s;
    }
}

/* Behind a mark: two dashes at the end of all parts, or the end of the line. *last: which. */
static fc_status end_mark(fc_multipart *m, bool *last, fc_error *err)
{
    *last = m->end - m->at >= 2 && !memcmp(m->at, "--", 2);
    if (*last)
        return FC_OK;
    while (m->at < m->end && is_blank((char)*m->at))
        m->at++;
    if (m->end - m->at < 2)
        return cut(err);
    if (memcmp(m->at, "\r\n", 2) != 0)
        return fc_fail(err, FC_EFORMAT, "a boundary between parts that does not end its line");
    m->at += 2;
    return FC_OK;
}

static fc_status read_part(fc_multipart *m, fc_multipart_part *out, fc_error *err)
{
    fc_status s = read_head(m, out, err);

    if (s)
        return s;
    /* the mark's own CR LF may be that of the head, where the part is empty */
    const uint8_t *from = m->at - 2, *found = memmem(from, (size_t)(m->end - from), m->mark, m->nmark);
    if (!found)
        return cut(err);
    out->data = m->at;
    out->n = found > m->at ? (size_t)(found - m->at) : 0;
    m->at = found + m->nmark;
    return FC_OK;
}

fc_status fc_multipart_next(fc_multipart *m, fc_multipart_part *out, fc_error *err)
{
    bool last = false;
    fc_status s;

    *out = (fc_multipart_part){0};
    if (!m->begun) {
        const uint8_t *first = first_mark(m);
        if (!first)
            return cut(err);
        m->at = first;
        m->begun = true;
    }
    s = end_mark(m, &last, err);
    if (s || last)
        return s ? s : FC_END;
    s = read_part(m, out, err);
    if (s) {
        free(out->name);
        free(out->file);
        *out = (fc_multipart_part){0};
    }
    return s;
}
