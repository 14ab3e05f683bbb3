#include "base/suggest.h"

#include <string.h>

enum { MOST = 32, FAR = 3 }; /* bytes; changes: so many are no misspelling */

fc_suggestion fc_suggest_for(const char *given, size_t n)
{
    return (fc_suggestion){.given = given, .n = n, .off = FAR};
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance: insertions, deletions, replacements, swapped neighbours. */
static int distance(const char *a, size_t na, const char *b, size_t nb)
{
    int d[MOST + 1][MOST + 1];

    for (size_t i = 0; i <= na; i++)
        for (size_t j = 0; j <= nb; j++) {
            if (!i || !j) {
                d[i][j] = (int)(i + j);
                continue;
            }
            d[i][j] = least(d[i - 1][j - 1] + (a[i - 1] != b[j - 1]), least(d[i - 1][j], d[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[na][nb];
}

void fc_suggest_try(fc_suggestion *l, const char *name)
{
    const size_t n = strlen(name);
    int off;

    if (l->n > MOST || n > MOST)
        return;
    off = distance(l->given, l->n, name, n);
    if (l->n >= 2 && l->n < n && memcmp(l->given, name, l->n) == 0)
        off = 1; /* cut short: as near as a misspelling can be */
    if (off < l->off && (size_t)off < l->n) {
        l->off = off;
        l->name = name;
    }
}
