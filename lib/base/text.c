#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* U+0000..001F, 007F, 0080..009F: what a terminal may act on. */
static bool is_control(const unsigned char *u, size_t len)
{
    return (len == 1 && (u[0] < 0x20 || u[0] == 0x7F)) || (len == 2 && u[0] == 0xC2 && u[1] < 0xA0);
}

char *fc_text_escape(const char *s, size_t n)
{
    static const char hex[] = "0123456789abcdef";
    char *out = n < SIZE_MAX / 4 ? malloc(4 * n + 1) : NULL;
    char *o = out;

    if (!out)
        return NULL;
    for (size_t i = 0; i < n;) {
        const unsigned char *u = (const unsigned char *)s + i;
        size_t len = fc_utf8_char(s + i, n - i);
        char letter = *u == '\n' ? 'n' : *u == '\t' ? 't' : *u == '\r' ? 'r' : *u == '\\' ? '\\' : 0;

        if (letter) {
            *o++ = '\\';
            *o++ = letter;
            i++;
        } else if (len && !is_control(u, len)) {
            memcpy(o, u, len);
            o += len;
            i += len;
        } else {
            for (size_t k = 0; k < (len ? len : 1); k++, i++) {
                *o++ = '\\';
                *o++ = 'x';
                *o++ = hex[u[k] >> 4];
                *o++ = hex[u[k] & 15];
            }
        }
    }
    *o = '\0';
    return out;
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

char *fc_text_format(const char *fmt, ...)
{
    va_list ap;
    char *out;

    va_start(ap, fmt);
    int n = vasprintf(&out, fmt, ap);
    va_end(ap);
    return n < 0 ? NULL : out;
}
