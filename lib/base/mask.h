/* Passwords that stand in URLs, hidden. */
#ifndef FC_BASE_MASK_H
#define FC_BASE_MASK_H
#include <stdarg.h>
#include <stddef.h>

/* Of the URL whose host, or user, begins at host and which goes up to end, the password (the user, where there is none) becomes "***",
 * and so does a query, a fragment, and what stands in the path behind "password=" and the like. The text goes on behind it, to its
 * NUL, and is cut where it does not fit in front of limit. Returns the URL's new end. */
char *fc_mask_url(char *host, char *end, const char *limit);
/* So in all URLs of a message; one ends in front of a blank, and of what closes a clause. */
void fc_mask(char *text, size_t size);
/* The same of a copy; caller frees, NULL: no memory. */
char *fc_masked(const char *text);
/* vsnprintf for what people are told: masked. */
__attribute__((format(printf, 3, 0))) void fc_mask_print(char *to, size_t size, const char *fmt,
                                                         va_list args);

#endif
