/* Embeddings with people's names on them, gathered one by one into a table. */
#ifndef FC_CLASSIFY_LABELLED_H
#define FC_CLASSIFY_LABELLED_H
#include "facecheck.h"
#include "pipeline/record.h"

typedef struct fc_labelled fc_labelled;

fc_status fc_labelled_new(fc_labelled **out, fc_error *err);
void fc_labelled_free(fc_labelled *l);
/* A person, perhaps without samples yet; once or more often. Names are those that a gallery may hold, and are one where
 * their normal forms are. */
fc_status fc_labelled_person(fc_labelled *l, const char *name, fc_error *err);
/* e: of any length but zero. photo: what is the same for views of one photo; "" or NULL: a photo of its own.
 * FC_ECONTRACT names both contracts. */
fc_status fc_labelled_add(fc_labelled *l, const char *name, const char *contract, const float *e, size_t dim,
                          const char *photo, fc_error *err);

/* A record's face, of a person who can be given that name: views of one picture (sha256) are of one photo. A record without
 * faces, as a failed one is, leaves the person perhaps without samples; one of several faces is FC_EFACES. */
fc_status fc_labelled_add_record(fc_labelled *l, const char *name, const fc_record *rec, fc_error *err);

/* People in the order in which they came. */
size_t fc_labelled_people(const fc_labelled *l);
const char *fc_labelled_name(const fc_labelled *l, size_t person);
size_t fc_labelled_samples(const fc_labelled *l, size_t person);
const char *fc_labelled_contract(const fc_labelled *l); /* "": no sample yet */

/* The people with samples, by name, as a table; photo: [rows], the same number for rows of one photo; caller frees.
 * FC_EEMPTY where there is no sample. */
fc_status fc_labelled_table(const fc_labelled *l, fc_table **out, size_t **photo, fc_error *err);

#endif
