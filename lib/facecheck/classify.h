/*
 * A classifier says of a face's embedding whose it is, or that it is nobody's whom it knows. How it does that is its
 * kind's affair: k nearest neighbours are one.
 *
 *     fc_classifier *c;
 *     fc_prediction p;
 *     if (fc_classifier_load(&c, "people.knn", &err) || fc_classifier_predict(c, embedding, 1, &p, &err))
 *         ...
 *     if (fc_classifier_accepts(c, &p))
 *         greet(p.name, p.length);
 *     fc_classifier_free(c);
 */
#ifndef FACECHECK_CLASSIFY_H
#define FACECHECK_CLASSIFY_H

#include "facecheck/match.h"

FC_BEGIN_DECLS

typedef struct fc_classifier fc_classifier; /* immutable; may be shared between threads */

typedef struct fc_classifier_facts {
    const char *kind;     /* "knn"; static */
    const char *contract; /* of the embeddings that it was trained with; the classifier's */
    size_t dim;           /* numbers of an embedding */
    size_t people;
    double threshold; /* scores from here up are answers, as fc_accepts says */
    int voters;       /* neighbours that vote; 0: a kind without votes */
} fc_classifier_facts;

/* Who an embedding most probably is. */
typedef struct fc_prediction {
    const char *name; /* the classifier's; not NUL-terminated */
    size_t length;    /* bytes of it */
    double score;     /* to six places; -INFINITY: nobody at all */
    double
        similarity; /* cosine of the nearest sample of that person, to six places; NAN: the kind knows no samples */
    int votes; /* of facts.voters */
} fc_prediction;

/* Loads a file of any kind. FC_EFORMAT: of none; FC_ECORRUPT, FC_ETRUNCATED, FC_EUNSUPPORTED: of one, but not as it was
 * written; the message names the file. *out is NULL then. */
fc_status fc_classifier_load(fc_classifier **out, const char *path, fc_error *err);
void fc_classifier_free(fc_classifier *c); /* NULL will do */

const fc_classifier_facts *fc_classifier_get_facts(const fc_classifier *c);

/* embeddings: [n][facts.dim], of the contract and of any length but zero (that is FC_EUSAGE). out: [n]. */
fc_status fc_classifier_predict(const fc_classifier *c, const float *embeddings, size_t n, fc_prediction *out,
                                fc_error *err);
/* Whether the classifier gives that answer, or says that it is nobody known. */
bool fc_classifier_accepts(const fc_classifier *c, const fc_prediction *p);

FC_END_DECLS
#endif
