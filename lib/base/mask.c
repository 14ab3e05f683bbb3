#include "base/mask.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* "***" for what is there up to behind. Returns what follows it. */
static char *put_stars(char *at, const char *behind, const char *limit)
{
    const size_t left = (size_t)(limit - at) - 1, rest = strlen(behind);
    const size_t stars = left < 3 ? left : 3, kept = rest < left - stars ? rest : left - stars;

    memmove(at + stars, behind, kept);
    memset(at, '*', stars);
    at[stars + kept] = '\0';
    return at + stars;
}

/* The same for what ends at behind, of a URL that ends at end. Returns the URL's new end. */
static char *hide(char *at, const char *behind, const char *end, const char *limit)
{
    const size_t rest = (size_t)(end - behind);
    char *next = put_stars(at, behind, limit);
    const size_t left = strlen(next);

    return next + (rest < left ? rest : left);
}

static char *last_in(char *from, const char *end, int c)
{
    return from < end ? memrchr(from, c, (size_t)(end - from)) : NULL;
}

/* The first of the characters up to end; end: there is none. */
static char *first_of(char *from, char *end, const char *characters)
{
    char *at = from + strcspn(from, characters);
    return at < end ? at : end;
}

/* A host whose port is no number is a user with a password that has what ought to be coded. */
static bool is_user(char *host, char *end)
{
    const char *name = first_of(host, end, "/?#"), *at = *host == '[' ? name : first_of(host, end, ":");

    while (++at < name)
        if (!isdigit((unsigned char)*at))
            return true;
    return false;
}

/* The '@' behind user and password; NULL: there are none. */
static char *end_of_user(char *host, char *end)
{
    char *at = last_in(host, first_of(host, end, "/?#"), '@');

    return at || !is_user(host, end) ? at : last_in(host, end, '@');
}

/* How long a word is that a path gives a password behind: "password=..." of cameras that take it there; 0: none. */
static size_t secret_word(const char *p)
{
    static const char *const words[] = {
        "password=", "passwd=", "pass=", "pwd=", "token=", "secret=", "auth="};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strncasecmp(p, words[i], strlen(words[i])))
            return strlen(words[i]);
    return 0;
}

/* Query, fragment, and what is behind such words. From right to left: what is hidden moves what follows it. */
static char *hide_in_path(char *path, char *end, const char *limit)
{
    char *query = first_of(path, end, "?#");

    if (query < end)
        end = hide(query + 1, end, end, limit);
    for (char *p = query; p-- > path;) {
        const size_t n = secret_word(p);
        if (n)
            end = hide(p + n, first_of(p + n, end, "/&;?#"), end, limit);
    }
    return end;
}

char *fc_mask_url(char *host, char *end, const char *limit)
{
    char *at = end_of_user(host, end), *colon;

    end = hide_in_path(at ? at : host, end, limit);
    if (!at)
        return end;
    colon = first_of(host, at, ":");
    return hide(colon < at ? colon + 1 : host, at, end, limit); /* a name alone may be a token */
}

static char *end_of_word(char *from)
{
    char *end = from + strcspn(from, " \t\n\r");

    while (end > from && strchr(":;,.!)'\"", end[-1]))
        end--;
    return end;
}

/* Where the URL ends that a message goes on behind; a password may have blanks. */
static char *end_in_message(char *host)
{
    char *end = end_of_word(host), *clause = strstr(host, ": "), *at;

    if (last_in(host, end, '@') || !is_user(host, end))
        return end;
    at = last_in(host, clause ? clause : host + strlen(host), '@');
    return at ? end_of_word(at) : end;
}

void fc_mask(char *text, size_t size)
{
    for (char *at = text; (at = strstr(at, "://"));)
        at = fc_mask_url(at + 3, end_in_message(at + 3), text + size);
}

char *fc_masked(const char *text)
{
    const size_t size = 3 * strlen(text) + 16; /* nothing becomes more than thrice as long */
    char *out = malloc(size);

    if (out)
        fc_mask(strcpy(out, text), size);
    return out;
}

void fc_mask_print(char *to, size_t size, const char *fmt, va_list args)
{
    vsnprintf(to, size, fmt, args);
    fc_mask(to, size);
}
