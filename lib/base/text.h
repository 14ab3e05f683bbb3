/* Text for people and for files: escapes, UTF-8, numbers. */
#ifndef FC_BASE_TEXT_H
#define FC_BASE_TEXT_H
#include <stdio.h>
#include "facecheck.h"

/* Length of the UTF-8 character at s (n bytes are there); 0 where it is not one. Surrogates and overlong
 * forms are not. */
size_t fc_utf8_char(const char *s, size_t n);
bool fc_text_is_utf8(const char *s);

/* Whether the UTF-8 character of len bytes at s is one that people see: no control character (C0, DEL or C1), no mark
 * that turns the direction of writing, nothing invisible but the joiners U+200C and U+200D. */
bool fc_text_shows(const char *s, size_t len);
/* s on one line, as people can see it: \n \t \r \\ and \xHH for the bytes of characters that fc_text_shows refuses, and
 * for bytes that are not UTF-8. It can be undone. Caller frees; NULL when memory is out. */
char *fc_text_escape(const char *s, size_t n);
/* The same the other way round: into out, with a NUL behind it. false: a backslash that begins nothing of that, a zero byte, or
 * more than fits into size bytes. */
bool fc_text_unescape(char *out, size_t size, const char *s, size_t n);
/* Writes fc_text_escape's text; f's error indicator tells of failures. */
void fc_text_put(FILE *f, const char *s, size_t n);

/* Memory that is written to as a file. Unlike open_memstream's, a stream that runs out of memory says so. */
typedef struct fc_text_file {
    FILE *f;
    char *data; /* [n] and a NUL behind them, once it is closed; owned */
    size_t n, cap;
} fc_text_file;
fc_status fc_text_open(fc_text_file *t, fc_error *err);
/* FC_ENOMEM where not all that was written is there; then, and where it is not open, data is NULL. */
fc_status fc_text_close(fc_text_file *t, fc_error *err);

/* What printf would print. Caller frees; NULL when memory is out. */
__attribute__((format(printf, 1, 2))) char *fc_text_format(const char *fmt, ...);

#define FC_NUMBER_SIZE 32
/* The shortest decimal of up to 17 digits that reads back as v, with a point in every locale, and with ".0"
 * where it would look like an integer. v must be finite. */
void fc_text_number(char out[FC_NUMBER_SIZE], double v);
/* The other way round: the decimal number that text begins with, with a point in every locale; end: what follows it. false:
 * there is none, or it is not finite; spaces, hexadecimals, "inf" and "nan" are none. */
bool fc_text_read_number(double *out, const char *text, const char **end);

#endif
