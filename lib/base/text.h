/* Text for people and for files: escapes, UTF-8, numbers. */
#ifndef FC_BASE_TEXT_H
#define FC_BASE_TEXT_H
#include "facecheck.h"

/* Length of the UTF-8 character at s (n bytes are there); 0 where it is not one. Surrogates and overlong
 * forms are not. */
size_t fc_utf8_char(const char *s, size_t n);

/* s on one line, without control characters: \n \t \r \\ and \xHH, the last also for bytes that are not
 * UTF-8. It can be undone. Caller frees; NULL when memory is out. */
char *fc_text_escape(const char *s, size_t n);

/* What printf would print. Caller frees; NULL when memory is out. */
__attribute__((format(printf, 1, 2))) char *fc_text_format(const char *fmt, ...);

#define FC_NUMBER_SIZE 32
/* The shortest decimal of up to 17 digits that reads back as v, with a point in every locale, and with ".0"
 * where it would look like an integer. v must be finite. */
void fc_text_number(char out[FC_NUMBER_SIZE], double v);

#endif
