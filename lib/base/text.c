#include "base/text.h"

#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"

enum { FC_ESCAPE_SIZE = 16 }; /* of one character: \\xHH four times */

size_t fc_utf8_char(const char *s, size_t n)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t len;
    unsigned low = 0x80, high = 0xBF; /* of the second byte */

    if (n == 0)
        return 0;
    if (u[0] < 0x80)
        return 1;
    if (u[0] < 0xC2 || u[0] > 0xF4)
        return 0;
    len = u[0] < 0xE0 ? 2 : u[0] < 0xF0 ? 3 : 4;
    if (n < len)
        return 0;
    if (u[0] == 0xE0)
        low = 0xA0;
    else if (u[0] == 0xED)
        high = 0x9F;
    else if (u[0] == 0xF0)
        low = 0x90;
    else if (u[0] == 0xF4)
        high = 0x8F;
    if (u[1] < low || u[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((u[i] & 0xC0) != 0x80)
            return 0;
    return len;
}

bool fc_text_is_utf8(const char *s)
{
    size_t n = strlen(s), step = 1;

    while (n && (step = fc_utf8_char(s, n))) {
        s += step;
        n -= step;
    }
    return n == 0;
}

/* The code point of the character of len bytes at u. */
static uint32_t decode(const unsigned char *u, size_t len)
{
    static const unsigned char first[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t c = u[0] & first[len];

    for (size_t i = 1; i < len; i++)
        c = c << 6 | (u[i] & 0x3F);
    return c;
}

bool fc_text_shows(const char *s, size_t len)
{
    /* What a terminal may act on, what turns the order of what it shows, and what nobody sees. Joiners (U+200C,
     * U+200D) stay: Persian and Indic words, and emoji, are spelt with them. */
    static const uint32_t hidden[][2] = {
        {0, 0x1F},        {0x7F, 0x9F},       {0xAD, 0xAD},       {0x61C, 0x61C},     {0x180E, 0x180E},
        {0x200B, 0x200B}, {0x200E, 0x200F},   {0x2028, 0x202E},   {0x2060, 0x206F},   {0xFEFF, 0xFEFF},
        {0xFFF9, 0xFFFB}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE007F},
    };
    const uint32_t c = decode((const unsigned char *)s, len);

    for (size_t i = 0; i < sizeof hidden / sizeof *hidden && hidden[i][0] <= c; i++)
        if (c <= hidden[i][1])
            return false;
    return true;
}

/* What the first character, or byte that is none, of s (n bytes, 1 at least) is shown as: *used of them, size bytes in
 * out. */
static size_t escape_one(char out[FC_ESCAPE_SIZE], const char *s, size_t n, size_t *used)
{
    static const char hex[] = "0123456789abcdef";
    const unsigned char *u = (const unsigned char *)s;
    const size_t len = fc_utf8_char(s, n);
    const char letter = *u == '\n' ? 'n' : *u == '\t' ? 't' : *u == '\r' ? 'r' : *u == '\\' ? '\\' : 0;
    size_t size = 0;

    *used = len ? len : 1;
    if (letter) {
        memcpy(out, (char[]){'\\', letter}, 2);
        return 2;
    }
    if (len && fc_text_shows(s, len)) {
        memcpy(out, s, len);
        return len;
    }
    for (size_t k = 0; k < *used; k++) {
        memcpy(out + size, (char[]){'\\', 'x', hex[u[k] >> 4], hex[u[k] & 15]}, 4);
        size += 4;
    }
    return size;
}

char *fc_text_escape(const char *s, size_t n)
{
    char *out = n < SIZE_MAX / 4 ? malloc(4 * n + 1) : NULL, *o = out, one[FC_ESCAPE_SIZE];

    if (!out)
        return NULL;
    for (size_t i = 0, used; i < n; i += used) {
        const size_t size = escape_one(one, s + i, n - i, &used);
        memcpy(o, one, size);
        o += size;
    }
    *o = '\0';
    return out;
}

/* The byte that the backslash at s stands for, which s is put behind; '\0': none. */
static char unescape_one(const char **s, const char *end)
{
    static const char letters[] = "n\nt\tr\r\\\\", hex[] = "0123456789abcdef";
    const char *at = *s + 1, *high, *low;

    if (at < end)
        for (const char *l = letters; *l; l += 2)
            if (*at == *l) {
                *s = at + 1;
                return l[1];
            }
    if (end - at < 3 || *at != 'x' || !at[1] || !at[2] || !(high = strchr(hex, at[1])) ||
        !(low = strchr(hex, at[2])))
        return '\0';
    *s = at + 3;
    return (char)((high - hex) << 4 | (low - hex));
}

bool fc_text_unescape(char *out, size_t size, const char *s, size_t n)
{
    const char *end = s + n;
    size_t used = 0;

    while (s < end) {
        const char c = *s == '\\' ? unescape_one(&s, end) : *s++;
        if (!c || used + 1 >= size)
            return false;
        out[used++] = c;
    }
    out[used] = '\0';
    return true;
}

void fc_text_put(FILE *f, const char *s, size_t n)
{
    char one[FC_ESCAPE_SIZE];

    for (size_t i = 0, used; i < n; i += used) {
        const size_t size = escape_one(one, s + i, n - i, &used);
        fwrite(one, 1, size, f);
    }
}

void fc_text_number(char out[FC_NUMBER_SIZE], double v)
{
    char text[FC_NUMBER_SIZE];
    bool integer = true;
    char *o = out;

    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    /* A locale's decimal point may be any bytes; nothing else but digits, signs and the exponent is there. */
    for (const char *p = text; *p; p++) {
        if (strchr("0123456789+-e", *p)) {
            integer = integer && *p != 'e';
            *o++ = *p;
        } else if (integer) {
            *o++ = '.';
            integer = false;
        }
    }
    strcpy(o, integer ? ".0" : "");
}

bool fc_text_read_number(double *out, const char *text, const char **end)
{
    const locale_t c =
        newlocale(LC_ALL_MASK, "C", (locale_t)0); /* glibc has it ready: nothing is allocated */
    char *stop = NULL;

    if (!c)
        return false;
    if ((*text >= '0' && *text <= '9') || *text == '-' || *text == '.')
        *out = strtod_l(text, &stop, c);
    freelocale(c);
    *end = stop;
    return stop && stop != text && (size_t)(stop - text) <= strspn(text, "0123456789.+-eE") && isfinite(*out);
}

/* Nothing written is what tells stdio of a failure. */
static ssize_t write_text(void *cookie, const char *bytes, size_t n)
{
    fc_text_file *t = cookie;

    if (fc_grow(&t->data, t->n + n + 1, &t->cap, 1, NULL))
        return 0;
    memcpy(t->data + t->n, bytes, n);
    t->n += n;
    t->data[t->n] = '\0';
    return (ssize_t)n;
}

fc_status fc_text_open(fc_text_file *t, fc_error *err)
{
    *t = (fc_text_file){0};
    if (fc_grow(&t->data, 1, &t->cap, 1, err))
        return FC_ENOMEM;
    *t->data = '\0';
    t->f = fopencookie(t, "w", (cookie_io_functions_t){.write = write_text});
    if (t->f)
        return FC_OK;
    free(t->data);
    t->data = NULL;
    return fc_fail_nomem(err, 0);
}

fc_status fc_text_close(fc_text_file *t, fc_error *err)
{
    const bool lost = t->f && (fflush(t->f) || ferror(t->f));

    if (t->f)
        fclose(t->f);
    t->f = NULL;
    if (!lost && t->data)
        return FC_OK;
    free(t->data);
    t->data = NULL;
    return fc_fail_nomem(err, t->n);
}

char *fc_text_format(const char *fmt, ...)
{
    va_list ap;
    char *out;

    va_start(ap, fmt);
    int n = vasprintf(&out, fmt, ap);
    va_end(ap);
    return n < 0 ? NULL : out;
}
