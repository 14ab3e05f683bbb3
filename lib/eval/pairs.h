/*
 * LFW's pairs.txt. Its first line is "FOLDS\tN" (view 2) or "N" (one fold); then each fold has N matched and
 * N mismatched pairs, one a line:
 *   NAME\tI\tJ           pictures I and J of one person
 *   NAME\tI\tOTHER\tJ    pictures of two
 * Picture I of NAME is NAME/NAME_000I.jpg, with four digits or as many as it takes. A line without a tab has blanks
 * in their place; lines may end in CRLF, and the file begin with a byte-order mark.
 */
#ifndef FC_EVAL_PAIRS_H
#define FC_EVAL_PAIRS_H
#include "facecheck.h"

typedef struct fc_pair {
    size_t a, b; /* pictures */
    bool same;
    int fold; /* from 0 */
} fc_pair;

typedef struct fc_pairs {
    char **image; /* [nimages], owned: paths below the dataset's folder, each once, in order of appearance */
    size_t nimages;
    fc_pair *pair; /* [n], owned, in the file's order */
    size_t n;
    int folds;
} fc_pairs;

/* name is for messages, which give the line. A name with a slash, or one that could leave the folder, is
 * refused. */
fc_status fc_pairs_parse(fc_pairs *out, const char *text, size_t n, const char *name, fc_error *err);
void fc_pairs_clear(fc_pairs *p);

#endif
