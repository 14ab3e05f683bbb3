/* A list of texts. */
#ifndef FC_BASE_TEXTS_H
#define FC_BASE_TEXTS_H
#include <stddef.h>

typedef struct fc_texts {
    const char **text; /* [n], owned; what they point to is not */
    size_t n, cap;
} fc_texts;

#endif
