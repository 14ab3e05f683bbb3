/*
 * Who of a table's people the faces of a picture are: for each the people most similar to it, one score a person, and
 * the decision whether the first of them is it, or, where nobody can be there twice, which.
 *
 *     fc_identity *who;
 *     if (!fc_identify(&who, table, faces, n, &(fc_identify_options){.candidates = 5, .threshold = 0.4}, &err))
 *         for (size_t i = 0; i < n; i++)
 *             greet(who[i].is ? who[i].is->subject : STRANGER);
 *     free(who);
 */
#ifndef FC_MATCH_IDENTIFY_H
#define FC_MATCH_IDENTIFY_H
#include "match/fuse.h"
#include "match/table.h"

typedef struct fc_identify_options {
    size_t candidates; /* people that are named for each face, at most; 1..FC_SEARCH_MAX_K */
    fc_fuse fuse;      /* a person's similarity from that of their samples */
    double threshold;  /* similarities from here up are matches (decide.h) */
    bool
        unique; /* nobody is two of the faces: the assignment of greatest total similarity above the threshold */
} fc_identify_options;

typedef struct fc_candidate {
    size_t subject;    /* of the table */
    int64_t sample;    /* the one of theirs that is most similar */
    double similarity; /* to six places */
    bool match;        /* from the threshold up; with unique: this is who the face is */
} fc_candidate;

typedef struct fc_identity {
    const fc_candidate *candidate; /* [n], by falling similarity */
    size_t n;                      /* 0: the table is empty */
    /* Who it is; NULL: nobody known. One of the candidates or, with unique, somebody less similar than all of them. */
    const fc_candidate *is;
} fc_identity;

/* faces: [n][dim], of any length but zero (that is FC_EUSAGE). *out: [n]; one block of memory, candidates and all, which
 * the caller frees with free. */
fc_status fc_identify(fc_identity **out, const fc_table *t, const float *faces, size_t n,
                      const fc_identify_options *opt, fc_error *err);

#endif
