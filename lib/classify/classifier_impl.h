/* What a kind of classifiers is; classifier.h is for others. */
#ifndef FC_CLASSIFY_CLASSIFIER_IMPL_H
#define FC_CLASSIFY_CLASSIFIER_IMPL_H
#include "facecheck.h"

/* A row of the table of kinds: in NAME.c, a const fc_classifier_kind fc_classifier_NAME. */
typedef struct fc_classifier_kind {
    const char *name;
    /* Whether the file with these bytes [n] is of this kind; its beginning decides. It is hostile, as what load reads. */
    bool (*recognises)(const uint8_t *bytes, size_t n);
    fc_status (*load)(void **out, const char *path, fc_error *err);
    void (*free)(void *model);
    /* All but the kind, once loaded. */
    void (*describe)(const void *model, fc_classifier_facts *out);
    /* embeddings: [n][dim]; on any thread. */
    fc_status (*predict)(const void *model, const float *embeddings, size_t n, fc_prediction *out,
                         fc_error *err);
} fc_classifier_kind;

/* The classifier of a model that was made in this process. Takes the model, in any case. */
fc_status fc_classifier_of(fc_classifier **out, const fc_classifier_kind *kind, void *model, fc_error *err);

#endif
