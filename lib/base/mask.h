/* Passwords that stand in URLs, hidden. */
#ifndef FC_BASE_MASK_H
#define FC_BASE_MASK_H
#include <stdarg.h>
#include <stddef.h>

/* In text, which has room for size bytes with its NUL and is cut where that is too little: of the URL whose host, or user, begins at
 * host and which goes up to end, the password (the user, where there is none) is "***", and so is a query, a fragment, and what
 * stands in the path behind "password=" and the like. Returns its new end. */
char *fc_mask_url(char *text, size_t size, char *host, char *end);
/* So in all URLs of a message; one ends in front of a blank, and of what closes a clause. */
void fc_mask(char *text, size_t size);
/* The same of a copy; caller frees, NULL: no memory. */
char *fc_masked(const char *text);
/* vsnprintf for what people are told: masked. */
__attribute__((format(printf, 3, 0))) void fc_mask_print(char *to, size_t size, const char *fmt,
                                                         va_list args);

#endif
