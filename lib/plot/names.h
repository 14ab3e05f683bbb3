/* Names of drawings in a folder. */
#ifndef FC_PLOT_NAMES_H
#define FC_PLOT_NAMES_H
#include "facecheck.h"

/* {.folder = ...}, and fc_names_clear at the end. */
typedef struct fc_names {
    const char *folder; /* the caller's */
    void *taken;        /* tsearch: given away so far */
} fc_names;

/* "FOLDER/STEM.ENDING" for the picture at path source, or "STEM-2.ENDING" where STEM was given away for a picture from
 * another folder. Characters that nobody sees are underscores. Caller frees. FC_ENOMEM. */
fc_status fc_names_next(char **out, fc_names *n, const char *source, const char *ending, fc_error *err);
void fc_names_clear(fc_names *n);

#endif
