/* The name that a misspelt or shortened one was meant to be. */
#ifndef FC_BASE_SUGGEST_H
#define FC_BASE_SUGGEST_H
#include <stddef.h>

typedef struct fc_suggestion {
    const char *given; /* n bytes */
    size_t n;
    const char *name; /* of those tried, the one most like it; NULL: none is near */
    int off;          /* how far it is off */
} fc_suggestion;

fc_suggestion fc_suggest_for(const char *given, size_t n);
/* Of names that are as near as each other the first one counts. */
void fc_suggest_try(fc_suggestion *l, const char *name);

#endif
