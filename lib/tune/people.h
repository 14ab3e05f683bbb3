/* The people of a data set, a folder for each of them, and where their photos are. */
#ifndef FC_TUNE_PEOPLE_H
#define FC_TUNE_PEOPLE_H
#include "base/codec.h"
#include "facecheck.h"

typedef struct fc_tune_photo {
    char *path;                 /* owned */
    size_t person;              /* of the set */
    char sha256[FC_SHA256_HEX]; /* of the file; "": it could not be read */
    void *data;                 /* what was made of it (tune/set.h); NULL: nothing could be. Owned */
    bool held;                  /* out of training */
} fc_tune_photo;

typedef struct fc_tune_people {
    char **name; /* [people], in their normal form, sorted; owned */
    size_t people, people_cap;
    fc_tune_photo *photo; /* [n], by person and path; owned */
    size_t n, cap;
} fc_tune_people;

/* dir's folders, whose names are people's, and the pictures in each of them and below. Folders whose names have one normal
 * form are of one person, which is told. rules: what is passed over; NULL: what always is. FC_EEMPTY: there are no folders. */
fc_status fc_tune_people_find(fc_tune_people *out, const char *dir, const fc_source_options *rules,
                              const fc_teller *teller, fc_error *err);
void fc_tune_people_clear(fc_tune_people *p);

/* Leaves out photos without data, those of one content but the first (all, where they are of several people), and people with
 * fewer than least photos then; each is told. */
fc_status fc_tune_people_sift(fc_tune_people *p, size_t least, const fc_teller *teller, fc_error *err);

#endif
